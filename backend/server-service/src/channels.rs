//! Channels of a server.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use echopulse_core::{
    common::community::ChannelKind,
    server::port::inbound::{ChannelPatch, NewChannel},
};
use echopulse_http::{
    ApiError, Caller, Keyed, Routes, body,
    params::{Path, audit_reason},
    tag::{Had, Tagged, if_match, must_match},
};
use echopulse_protocol::{
    event::{self, Channel},
    id::{CategoryId, ChannelId, ServerId},
    rest::{ChannelPlace, CreateChannel, Page, Patch, UpdateChannel},
    text::{channel_name, clean_line},
};
use echopulse_wire as wire;

use crate::{ServerApp, app::whole, members::patch as field, servers::unknown};

/// Channels that one order may name: as many as a server may have.
const MOST_ORDERED: usize = 500;

pub(crate) fn routes() -> Routes<ServerApp> {
    Routes::new()
        .get("/servers/{server}/channels", "list_channels", list)
        .post("/servers/{server}/channels", "create_channel", create)
        .put("/servers/{server}/channels/order", "order_channels", order)
        .patch("/servers/{server}/channels/{channel}", "update_channel", update)
        .delete("/servers/{server}/channels/{channel}", "delete_channel", delete)
}

async fn list(
    State(app): State<ServerApp>,
    caller: Caller,
    Path(server): Path<ServerId>,
    had: Had,
) -> Result<Tagged<Page<Channel>>, ApiError> {
    let detail = app.ports.servers.detail(caller.actor, wire::server_id_from(server)).await?;
    let Json(channels) = whole(detail.channels, |(channel, _)| wire::channel(channel));
    Ok(had.or(detail.seq, channels))
}

async fn create(
    State(app): State<ServerApp>,
    caller: Caller,
    Path(server): Path<ServerId>,
    headers: HeaderMap,
    Keyed { body, key }: Keyed<CreateChannel>,
) -> Result<(StatusCode, Json<Channel>), ApiError> {
    audit_reason(&headers)?;
    let kind = match body.kind {
        None | Some(event::ChannelKind::Text) => ChannelKind::Text,
        Some(event::ChannelKind::Announcement) => ChannelKind::Announcement,
        Some(_) => return Err(unknown("/kind", "text or announcement")),
    };
    let new = NewChannel {
        name: channel_name(&body.name),
        kind,
        topic: clean_line(&body.topic),
        category: body.category_id.map(wire::category_id_from),
    };
    let server = wire::server_id_from(server);
    let channel = match key {
        Some(key) => app.ports.once.channel(caller.actor, key, server, new).await?,
        None => app.ports.channels.create(caller.actor, server, new).await?,
    };
    Ok((StatusCode::CREATED, Json(wire::channel(channel))))
}

async fn update(
    State(app): State<ServerApp>,
    caller: Caller,
    Path((server, channel)): Path<(ServerId, ChannelId)>,
    headers: HeaderMap,
    body::Json(body): body::Json<UpdateChannel>,
) -> Result<Tagged<Channel>, ApiError> {
    audit_reason(&headers)?;
    let change = ChannelPatch {
        name: body.name.map(|name| channel_name(&name)),
        topic: body.topic.map(|topic| clean_line(&topic)),
        category: field(into_core(body.category_id)),
        slow_mode_s: body.slow_mode_s,
        retention_days: field(body.retention_days),
        on: if_match(&headers),
    };
    let (server, channel) = (wire::server_id_from(server), wire::channel_id_from(channel));
    let (channel, place) = app.ports.channels.update(caller.actor, server, channel, change).await?;
    Ok(Tagged::changed(place, wire::channel(channel)))
}

fn into_core(patch: Patch<CategoryId>) -> Patch<echopulse_core::common::CategoryId> {
    match patch {
        Patch::Keep => Patch::Keep,
        Patch::Clear => Patch::Clear,
        Patch::Set(id) => Patch::Set(wire::category_id_from(id)),
    }
}

async fn delete(
    State(app): State<ServerApp>,
    caller: Caller,
    Path((server, channel)): Path<(ServerId, ChannelId)>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    audit_reason(&headers)?;
    let (server, channel) = (wire::server_id_from(server), wire::channel_id_from(channel));
    app.ports.channels.delete(caller.actor, server, channel).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn order(
    State(app): State<ServerApp>,
    caller: Caller,
    Path(server): Path<ServerId>,
    headers: HeaderMap,
    body::Json(body): body::Json<Vec<ChannelPlace>>,
) -> Result<Tagged<Page<Channel>>, ApiError> {
    audit_reason(&headers)?;
    let on = must_match(&headers)?;
    if body.len() > MOST_ORDERED {
        return Err(ApiError::invalid("", format!("names more than {MOST_ORDERED} channels")));
    }
    let order = body
        .into_iter()
        .map(|place| (wire::channel_id_from(place.id), place.category_id.map(wire::category_id_from)))
        .collect();
    let server = wire::server_id_from(server);
    let (channels, place) = app.ports.channels.order(caller.actor, server, order, on).await?;
    let Json(channels) = whole(channels, wire::channel);
    Ok(Tagged::changed(place, channels))
}
