//! The server service's REST side: what people ask about themselves and their communities.
//!
//! [`router`] answers the routes of the domain's section 7, and [`routes`] lists them. A handler parses (texts cleaned, ids typed), asks one use case of
//! core, and answers a body of the protocol. Deliberately absent: rules, which are core's, and routes that manage roles,
//! overrides, categories, the audit log and exports, which come later.

mod app;
mod bans;
mod bots;
mod channels;
pub mod engine;
mod internal;
mod invites;
mod limits;
mod log_out;
mod members;
mod servers;
mod users;

use std::sync::Arc;

pub use app::{ServerApp, ServerPorts};
use axum::Router;
use echopulse_http::{Route, Routes, limits::limited};

/// All routes, relative to the service's base URL.
pub fn router(app: ServerApp) -> Router {
    let asked = asked()
        .layered(|routes| limited(routes, Arc::clone(&app.guard), app.limiting.clone(), limits::bucket_of));
    whole(asked).into_router().with_state(app)
}

/// What [`router`] answers.
#[must_use]
pub fn routes() -> Vec<Route> {
    whole(asked()).into_list()
}

/// What people ask for, each with a token.
fn asked() -> Routes<ServerApp> {
    users::routes()
        .merge(servers::routes())
        .merge(channels::routes())
        .merge(members::routes())
        .merge(invites::routes())
        .merge(bans::routes())
        .merge(bots::routes())
        .merge(limits::routes())
}

fn whole(asked: Routes<ServerApp>) -> Routes<ServerApp> {
    Routes::new().nest("/api", asked.merge(internal::routes())).merge(log_out::routes())
}
