//! The server service's REST side: what people ask about themselves and their communities.
//!
//! [`router`] answers the routes of the domain's section 7. A handler parses (texts cleaned, ids typed), asks one use case of
//! core, and answers a body of the protocol. Deliberately absent: rules, which are core's, and routes that manage roles,
//! overrides, categories, the audit log and exports, which come later.

mod app;
mod bans;
mod bots;
mod channels;
pub mod engine;
mod internal;
mod invites;
mod log_out;
mod members;
mod servers;
mod users;

pub use app::{ServerApp, ServerPorts};
use axum::Router;

/// All routes, relative to the service's base URL.
pub fn router(app: ServerApp) -> Router {
    let api = Router::new()
        .merge(users::routes())
        .merge(servers::routes())
        .merge(channels::routes())
        .merge(members::routes())
        .merge(invites::routes())
        .merge(bans::routes())
        .merge(bots::routes())
        .merge(internal::routes());
    let site = Router::new().nest("/api", echopulse_http::fallbacks(api)).merge(log_out::routes());
    echopulse_http::fallbacks(site).with_state(app)
}
