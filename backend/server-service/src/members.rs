//! Members of a server.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use echopulse_core::{common::community, server::port::inbound};
use echopulse_http::{
    ApiError, Caller, Routes, body,
    params::{Params, Path, audit_reason},
};
use echopulse_protocol::{
    event::Member,
    id::{ServerId, UserId},
    rest::{AddMember, Joined, MemberDetail, Page, Patch, UpdateMember},
    text::clean_line,
};
use echopulse_wire as wire;

use crate::{ServerApp, app::List};

pub(crate) fn routes() -> Routes<ServerApp> {
    Routes::new()
        .get("/servers/{server}/members", "list_members", list)
        .post("/servers/{server}/members", "join_server", join)
        .delete("/servers/{server}/members/me", "leave_server", leave)
        .get("/servers/{server}/members/{user}", "get_member", one)
        .patch("/servers/{server}/members/{user}", "update_member", update)
        .delete("/servers/{server}/members/{user}", "kick_member", kick)
}

/// The wire's patch in core.
pub(crate) fn patch<T>(patch: Patch<T>) -> inbound::Patch<T> {
    match patch {
        Patch::Keep => inbound::Patch::Keep,
        Patch::Clear => inbound::Patch::Clear,
        Patch::Set(value) => inbound::Patch::Set(value),
    }
}

/// Where somebody is after joining; 200 if they were there before.
pub(crate) fn joined(joined: inbound::Joined) -> (StatusCode, Json<Joined>) {
    let status = if joined.newly { StatusCode::CREATED } else { StatusCode::OK };
    let body = Joined {
        server: wire::server(joined.server),
        member: wire::member(joined.member),
        epoch: wire::epoch(joined.epoch),
        seq: wire::seq(joined.seq),
    };
    (status, Json(body))
}

fn detail((member, user): (community::Member, community::User)) -> MemberDetail {
    MemberDetail { member: wire::member(member), user: wire::user(user) }
}

async fn list(
    State(app): State<ServerApp>,
    caller: Caller,
    Path(server): Path<ServerId>,
    params: Params,
) -> Result<Json<Page<MemberDetail>>, ApiError> {
    let query = params.text("q").map(clean_line).filter(|query| !query.is_empty());
    let id = server.to_string();
    let filters = vec![id.as_str(), query.as_deref().unwrap_or_default()];
    let list = List { route: "/members", filters, actor: caller.actor };
    let (after, limit) = (app.place(&list, &params)?, params.limit()?);
    let server = wire::server_id_from(server);
    let page = app.ports.members.list(caller.actor, server, query.clone(), after, limit).await?;
    Ok(app.page(&list, page, detail))
}

async fn one(
    State(app): State<ServerApp>,
    caller: Caller,
    Path((server, user)): Path<(ServerId, UserId)>,
) -> Result<Json<MemberDetail>, ApiError> {
    let (server, user) = (wire::server_id_from(server), wire::user_id_from(user));
    Ok(Json(detail(app.ports.members.get(caller.actor, server, user).await?)))
}

async fn join(
    State(app): State<ServerApp>,
    caller: Caller,
    Path(server): Path<ServerId>,
    headers: HeaderMap,
    body::OptionalJson(body): body::OptionalJson<AddMember>,
) -> Result<(StatusCode, Json<Joined>), ApiError> {
    audit_reason(&headers)?;
    let (server, members) = (wire::server_id_from(server), &app.ports.members);
    let found = match body.user_id.map(wire::user_id_from) {
        Some(user) if user != caller.actor.user => members.add_bot(caller.actor, server, user).await?,
        _ => members.join(caller.actor, server).await?,
    };
    Ok(joined(found))
}

async fn leave(
    State(app): State<ServerApp>,
    caller: Caller,
    Path(server): Path<ServerId>,
) -> Result<StatusCode, ApiError> {
    app.ports.members.leave(caller.actor, wire::server_id_from(server)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn kick(
    State(app): State<ServerApp>,
    caller: Caller,
    Path((server, user)): Path<(ServerId, UserId)>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    audit_reason(&headers)?;
    let (server, user) = (wire::server_id_from(server), wire::user_id_from(user));
    app.ports.members.kick(caller.actor, server, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn update(
    State(app): State<ServerApp>,
    caller: Caller,
    Path((server, user)): Path<(ServerId, UserId)>,
    headers: HeaderMap,
    body::Json(body): body::Json<UpdateMember>,
) -> Result<Json<Member>, ApiError> {
    audit_reason(&headers)?;
    let nickname = match body.nickname {
        Patch::Set(name) => inbound::Patch::Set(clean_line(&name)),
        other => patch(other),
    };
    let timeout_until = match body.timeout_until {
        Patch::Keep => inbound::Patch::Keep,
        Patch::Clear => inbound::Patch::Clear,
        Patch::Set(until) => inbound::Patch::Set(wire::time_from(until)),
    };
    let (server, user) = (wire::server_id_from(server), wire::user_id_from(user));
    let member = app.ports.members.update(caller.actor, server, user, nickname, timeout_until).await?;
    Ok(Json(wire::member(member)))
}
