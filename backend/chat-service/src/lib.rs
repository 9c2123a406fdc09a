//! The chat service's side towards clients: STOMP over WebSocket, and REST for history, read states and what curl needs.
//!
//! [`router`] answers `/ws` and the routes of the domain's section 7. The protocol itself is
//! [`echopulse_protocol::stomp::server`]; here are the socket, the queue behind it, and the way to core's ports. Deliberately
//! absent: rules, which are core's; reactions, pins, search, directs and webhooks, which come later.

mod app;
mod compose;
pub mod engine;
mod limits;
mod rest;
mod socket;

use std::sync::Arc;

pub use app::{ChatApp, ChatDeps, ChatPorts};
use axum::{Router, routing::get};
use echopulse_http::{fallbacks, limits::limited};

/// All routes, relative to the service's base URL.
pub fn router(app: ChatApp) -> Router {
    let api = rest::routes().merge(limits::routes());
    let api = limited(api, Arc::clone(&app.guard), app.limiting.clone(), limits::bucket_of);
    let all = Router::new().nest("/api", fallbacks(api)).route("/ws", get(socket::upgrade));
    fallbacks(all).with_state(app)
}
