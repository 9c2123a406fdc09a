//! The chat service's side towards clients: STOMP over WebSocket, and REST for history, read states and what curl needs.
//!
//! [`router`] answers `/ws` and the routes of the domain's section 7, and [`routes`] lists them. The protocol itself is
//! [`echopulse_protocol::stomp::server`]; here are the socket, the queue behind it, and the way to core's ports. Deliberately
//! absent: rules, which are core's; reactions, pins, search and directs, which come later.

mod app;
mod compose;
pub mod engine;
mod limits;
mod rest;
mod socket;

use std::sync::Arc;

pub use app::{ChatApp, ChatDeps, ChatPorts};
use axum::Router;
use echopulse_http::{Route, Routes, limits::limited};

/// All routes, relative to the service's base URL.
pub fn router(app: ChatApp) -> Router {
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
fn asked() -> Routes<ChatApp> {
    rest::routes().merge(limits::routes())
}

fn whole(asked: Routes<ChatApp>) -> Routes<ChatApp> {
    Routes::new().nest("/api", asked.merge(rest::open_routes())).get("/ws", "open_socket", socket::upgrade)
}
