//! The handshake: who may open a socket, and which subprotocol it speaks.

use axum::{
    extract::{State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use echopulse_http::{ApiError, limits::SourceOf, params::Params};
use echopulse_protocol::{problem::ProblemCode, stomp::SUBPROTOCOLS};

use super::connection::{self, Stranger};
use crate::ChatApp;

/// Octets of one WebSocket message. One message may carry many small frames.
const LARGEST_MESSAGE: usize = 256 * 1024;
/// Octets read at once. The library fills as many with zeros for each connection.
const READ_BUFFER: usize = 8 * 1024;
/// Octets gathered before they go to the system.
const WRITE_BUFFER: usize = 16 * 1024;

/// `GET /ws`.
pub(crate) async fn upgrade(
    State(app): State<ChatApp>,
    headers: HeaderMap,
    source: SourceOf,
    params: Params,
    socket: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    if !app.origins.admit(&headers) {
        return (StatusCode::FORBIDDEN, "Pages of this origin may not open sockets here.\n").into_response();
    }
    let Ok(socket) = socket else {
        return ApiError::new(ProblemCode::InvalidRequest, "this address speaks WebSocket").into_response();
    };
    // Browsers cannot set headers on the handshake. The token stands in no log: nothing here logs addresses.
    let token = params.text("access_token").map(str::to_owned);
    let source = app.limiting.source(&source);
    socket
        .protocols(SUBPROTOCOLS)
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(LARGEST_MESSAGE)
        .max_frame_size(LARGEST_MESSAGE)
        .on_upgrade(move |socket| {
            let tasks = app.sockets.tasks.clone();
            tasks.track_future(connection::run(app, socket, Stranger { token, source }))
        })
}
