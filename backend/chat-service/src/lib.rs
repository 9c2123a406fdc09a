//! The chat service's side towards clients: STOMP over WebSocket, and REST for history, read states and what curl needs.
//!
//! [`router`] answers `/ws` and the routes of the domain's section 7. The protocol itself is
//! [`echopulse_protocol::stomp::server`]; here are the socket, the queue behind it, and the way to core's ports. Deliberately
//! absent: rules, which are core's; reactions, pins, search, directs and webhooks, which come later.

mod app;
mod compose;
pub mod engine;
mod rest;
mod socket;

pub use app::{ChatApp, ChatDeps, ChatPorts};
use axum::{Router, routing::get};

/// All routes, relative to the service's base URL.
pub fn router(app: ChatApp) -> Router {
    let api = echopulse_http::fallbacks(rest::routes());
    let all = Router::new().nest("/api", api).route("/ws", get(socket::upgrade));
    echopulse_http::fallbacks(all).with_state(app)
}
