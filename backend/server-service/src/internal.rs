//! What the chat service asks: who somebody is, what changed in a server, where a channel belongs, and which sign-ins ended.

use axum::{Json, extract::State};
use echopulse_core::{
    common::{Seq, Timestamp},
    server::error::ServerError,
};
use echopulse_http::{
    ApiError, Routes, ServiceCaller, body,
    params::{Params, Path},
};
use echopulse_protocol::{
    id::{ChannelId, ServerId},
    internal::{Actor, ChannelPlace, Identity, ServerEvents, SignOuts},
};
use echopulse_wire as wire;

use crate::ServerApp;

pub(crate) fn routes() -> Routes<ServerApp> {
    Routes::new()
        .post("/internal/people", "identify_person", person)
        .get("/internal/servers/{server}/events", "list_server_events", events)
        .get("/internal/channels/{channel}", "place_channel", place)
        .get("/internal/sign-outs", "list_sign_outs", sign_outs)
}

async fn person(
    State(app): State<ServerApp>,
    _: ServiceCaller,
    body::Json(body): body::Json<Identity>,
) -> Result<Json<Actor>, ApiError> {
    let actor = app.ports.accounts.sign_in(wire::identity_from(body)).await?;
    Ok(Json(wire::actor(actor)))
}

async fn events(
    State(app): State<ServerApp>,
    _: ServiceCaller,
    Path(server): Path<ServerId>,
    params: Params,
) -> Result<Json<ServerEvents>, ApiError> {
    let after = params.value::<u64>("after")?.map_or(Seq::ZERO, Seq);
    let events = app.ports.catalogue.events(wire::server_id_from(server), after, params.limit()?);
    let found = events.await.map_err(ServerError::Store)?;
    Ok(Json(ServerEvents { events: found.into_iter().map(wire::server_event).collect() }))
}

async fn place(
    State(app): State<ServerApp>,
    _: ServiceCaller,
    Path(channel): Path<ChannelId>,
) -> Result<Json<ChannelPlace>, ApiError> {
    let place = app.ports.catalogue.server_of_channel(wire::channel_id_from(channel));
    let server = place.await.map_err(ServerError::Store)?;
    Ok(Json(ChannelPlace { server_id: server.map(wire::server_id) }))
}

async fn sign_outs(
    State(app): State<ServerApp>,
    _: ServiceCaller,
    params: Params,
) -> Result<Json<SignOuts>, ApiError> {
    let since = params.value::<i64>("since")?.map(Timestamp::from_millis);
    let found = app.ports.sign_out_log.since(since).await.map_err(ServerError::Store)?;
    Ok(Json(SignOuts { sign_outs: found.into_iter().map(wire::sign_out).collect() }))
}
