//! The server service's REST side: what people ask about themselves and their communities.
//!
//! [`router`] answers the routes of the domain's section 7, and [`routes`] lists them. A handler parses (texts cleaned, ids typed), asks one use case of
//! core, and answers a body of the protocol. Deliberately absent: rules, which are core's, and routes that manage roles,
//! overrides, categories, the audit log and exports, which come later.

mod app;
mod bans;
mod channels;
pub mod engine;
mod internal;
mod invites;
mod members;
mod servers;
mod users;

pub use app::{ServerApp, ServerPorts};
use axum::Router;
use echopulse_http::{Route, Routes};

/// What `tests/api` makes of the routes.
const OPENAPI: &str = include_str!("../../../docs/openapi/server.json");

/// All routes, relative to the service's base URL.
pub fn router(app: ServerApp) -> Router {
    listed().into_router().with_state(app)
}

/// What [`router`] answers.
#[must_use]
pub fn routes() -> Vec<Route> {
    listed().into_list()
}

fn listed() -> Routes<ServerApp> {
    let api = users::routes()
        .merge(servers::routes())
        .merge(channels::routes())
        .merge(members::routes())
        .merge(invites::routes())
        .merge(bans::routes())
        .merge(internal::routes());
    Routes::new()
        .nest("/api", api)
        .get("/openapi.json", "get_openapi", || echopulse_http::json_document(OPENAPI))
}
