//! The chat service's side towards clients: STOMP over WebSocket, and REST for history, read states and what curl needs.
//!
//! [`router`] answers `/ws` and the routes of the domain's section 7, and [`routes`] lists them. The protocol itself is
//! [`echopulse_protocol::stomp::server`]; here are the socket, the queue behind it, and the way to core's ports. Deliberately
//! absent: rules, which are core's; reactions, pins, search, directs and webhooks, which come later.

mod app;
mod compose;
pub mod engine;
mod rest;
mod socket;

pub use app::{ChatApp, ChatDeps, ChatPorts};
use axum::Router;
use echopulse_http::{Route, Routes};

/// What `tests/api` makes of the routes.
const OPENAPI: &str = include_str!("../../../docs/openapi/chat.json");

/// All routes, relative to the service's base URL.
pub fn router(app: ChatApp) -> Router {
    listed().into_router().with_state(app)
}

/// What [`router`] answers.
#[must_use]
pub fn routes() -> Vec<Route> {
    listed().into_list()
}

fn listed() -> Routes<ChatApp> {
    Routes::new().nest("/api", rest::routes()).get("/ws", "open_socket", socket::upgrade).get(
        "/openapi.json",
        "get_openapi",
        || echopulse_http::json_document(OPENAPI),
    )
}
