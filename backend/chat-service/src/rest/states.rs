//! Read states and presence.

use axum::{Json, extract::State};
use echopulse_http::{ApiError, Caller, Routes, body, params::Path};
use echopulse_protocol::{id, rest};
use echopulse_wire as wire;

use crate::{ChatApp, compose};

pub(crate) fn routes() -> Routes<ChatApp> {
    Routes::new()
        .get("/read-states", "list_read_states", list)
        .put("/read-states/{channel}", "move_read_state", set)
        .get("/servers/{server}/presence", "list_presence", presence)
}

async fn list(
    State(app): State<ChatApp>,
    caller: Caller,
) -> Result<Json<rest::Page<rest::ReadState>>, ApiError> {
    let states = app.ports.reading.read_states(caller.actor).await?;
    Ok(Json(rest::Page { items: states.into_iter().map(wire::read_state).collect(), next: None }))
}

async fn set(
    State(app): State<ChatApp>,
    caller: Caller,
    Path(channel): Path<id::ChannelId>,
    body::Json(body): body::Json<rest::MoveRead>,
) -> Result<Json<rest::ReadState>, ApiError> {
    let to = compose::read_move(body)?;
    let state = app.ports.reading.move_read(caller.actor, wire::channel_id_from(channel), to).await?;
    Ok(Json(wire::read_state(state)))
}

async fn presence(
    State(app): State<ChatApp>,
    caller: Caller,
    Path(server): Path<id::ServerId>,
) -> Result<Json<rest::Page<rest::UserPresence>>, ApiError> {
    let found = app.ports.reading.presence(caller.actor, wire::server_id_from(server)).await?;
    let to_wire = |(user, presence)| rest::UserPresence {
        user_id: wire::user_id(user),
        status: wire::presence(presence),
    };
    Ok(Json(rest::Page { items: found.into_iter().map(to_wire).collect(), next: None }))
}
