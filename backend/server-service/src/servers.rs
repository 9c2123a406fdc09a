//! Servers.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use echopulse_core::{
    common::community::JoinPolicy,
    server::port::inbound::{self, NewServer, ServerPatch},
};
use echopulse_http::{
    ApiError, Caller, Keyed, Routes, body,
    params::{Params, Path, audit_reason},
    tag::{Had, Tagged, if_match},
};
use echopulse_protocol::{
    event::Server,
    id::ServerId,
    rest::{ChannelPermissions, CreateServer, Page, ServerDetail, TransferServer, UpdateServer},
    text::{clean_content, clean_line},
};
use echopulse_wire as wire;

use crate::{
    ServerApp,
    app::{List, whole},
    members::patch,
};

pub(crate) fn routes() -> Routes<ServerApp> {
    Routes::new()
        .get("/servers", "list_servers", list)
        .post("/servers", "create_server", create)
        .get("/servers/{server}", "get_server", detail)
        .patch("/servers/{server}", "update_server", update)
        .delete("/servers/{server}", "delete_server", delete)
        .put("/servers/{server}/owner", "transfer_server", transfer)
}

async fn list(
    State(app): State<ServerApp>,
    caller: Caller,
    params: Params,
) -> Result<Json<Page<Server>>, ApiError> {
    let (open, all) = (params.flag("open")?, params.flag("all")?);
    if !open && !all {
        return Ok(whole(app.ports.servers.mine(caller.actor).await?, wire::server));
    }
    let filter = if all { "all" } else { "open" };
    let list = List { route: "/servers", filters: vec![filter], actor: caller.actor };
    let after = app.place(&list, &params)?;
    let page = app.ports.servers.list(caller.actor, all, after, params.limit()?).await?;
    Ok(app.page(&list, page, wire::server))
}

async fn create(
    State(app): State<ServerApp>,
    caller: Caller,
    Keyed { body, key }: Keyed<CreateServer>,
) -> Result<(StatusCode, Json<Server>), ApiError> {
    let join_policy = match body.join_policy {
        None => JoinPolicy::Invite,
        Some(policy) => wire::policy_from(policy).ok_or_else(|| unknown("/join_policy", "invite or open"))?,
    };
    let new = NewServer {
        name: clean_line(&body.name),
        description: clean_content(&body.description),
        join_policy,
    };
    let server = match key {
        Some(key) => app.ports.once.server(caller.actor, key, new).await?,
        None => app.ports.servers.create(caller.actor, new).await?,
    };
    Ok((StatusCode::CREATED, Json(wire::server(server))))
}

async fn detail(
    State(app): State<ServerApp>,
    caller: Caller,
    Path(server): Path<ServerId>,
    had: Had,
) -> Result<Tagged<ServerDetail>, ApiError> {
    let found = app.ports.servers.detail(caller.actor, wire::server_id_from(server)).await?;
    Ok(had.or(found.seq, to_wire(found)))
}

fn to_wire(detail: inbound::ServerDetail) -> ServerDetail {
    let channel_permissions = detail
        .channels
        .iter()
        .map(|(channel, set)| ChannelPermissions {
            channel_id: wire::channel_id(channel.id),
            permissions: wire::permissions(*set),
        })
        .collect();
    ServerDetail {
        server: wire::server(detail.server),
        channels: detail.channels.into_iter().map(|(channel, _)| wire::channel(channel)).collect(),
        categories: detail.categories.into_iter().map(wire::category).collect(),
        roles: detail.roles.into_iter().map(wire::role).collect(),
        member: detail.member.map(wire::member),
        permissions: wire::permissions(detail.permissions),
        channel_permissions,
        epoch: wire::epoch(detail.epoch),
        seq: wire::seq(detail.seq),
    }
}

async fn update(
    State(app): State<ServerApp>,
    caller: Caller,
    Path(server): Path<ServerId>,
    headers: HeaderMap,
    body::Json(body): body::Json<UpdateServer>,
) -> Result<Tagged<Server>, ApiError> {
    audit_reason(&headers)?;
    let join_policy = body
        .join_policy
        .map(|policy| wire::policy_from(policy).ok_or_else(|| unknown("/join_policy", "invite or open")))
        .transpose()?;
    let default_level = body
        .default_level
        .map(|level| wire::level_from(level).ok_or_else(|| unknown("/default_level", "all or mentions")))
        .transpose()?;
    let change = ServerPatch {
        name: body.name.map(|name| clean_line(&name)),
        description: body.description.map(|text| clean_content(&text)),
        join_policy,
        default_level,
        retention_days: patch(body.retention_days),
        on: if_match(&headers),
    };
    let (server, place) =
        app.ports.servers.update(caller.actor, wire::server_id_from(server), change).await?;
    Ok(Tagged::changed(place, wire::server(server)))
}

/// A word that this version does not know, where one of a few is due.
pub(crate) fn unknown(pointer: &str, words: &str) -> ApiError {
    ApiError::invalid(pointer, format!("has to be {words}"))
}

async fn delete(
    State(app): State<ServerApp>,
    caller: Caller,
    Path(server): Path<ServerId>,
    headers: HeaderMap,
    params: Params,
) -> Result<StatusCode, ApiError> {
    audit_reason(&headers)?;
    let confirm =
        params.text("confirm").ok_or_else(|| ApiError::invalid("confirm", "has to be the server's name"))?;
    app.ports.servers.delete(caller.actor, wire::server_id_from(server), confirm.to_owned()).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn transfer(
    State(app): State<ServerApp>,
    caller: Caller,
    Path(server): Path<ServerId>,
    headers: HeaderMap,
    body::Json(body): body::Json<TransferServer>,
) -> Result<Json<Server>, ApiError> {
    audit_reason(&headers)?;
    let to = wire::user_id_from(body.user_id);
    let server = app.ports.servers.transfer(caller.actor, wire::server_id_from(server), to).await?;
    Ok(Json(wire::server(server)))
}
