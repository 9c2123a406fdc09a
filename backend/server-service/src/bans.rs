//! Bans.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use echopulse_core::server::{port::inbound::NewBan, view};
use echopulse_http::{
    ApiError, Caller, Routes, body,
    params::{Params, Path, audit_reason},
};
use echopulse_protocol::{
    id::{ServerId, UserId},
    rest::{Ban, BanMember, Page},
};
use echopulse_wire as wire;

use crate::{ServerApp, app::List};

pub(crate) fn routes() -> Routes<ServerApp> {
    Routes::new()
        .get("/servers/{server}/bans", "list_bans", list)
        .put("/servers/{server}/bans/{user}", "ban_user", ban)
        .delete("/servers/{server}/bans/{user}", "lift_ban", lift)
}

fn to_wire(ban: view::Ban) -> Ban {
    Ban {
        user_id: wire::user_id(ban.user),
        reason: ban.reason,
        created_by: wire::user_id(ban.created_by),
        expires_at: ban.expires_at.map(wire::time),
    }
}

async fn list(
    State(app): State<ServerApp>,
    caller: Caller,
    Path(server): Path<ServerId>,
    params: Params,
) -> Result<Json<Page<Ban>>, ApiError> {
    let id = server.to_string();
    let list = List { route: "/bans", filters: vec![&id], actor: caller.actor };
    let (after, limit) = (app.place(&list, &params)?, params.limit()?);
    let page = app.ports.bans.list(caller.actor, wire::server_id_from(server), after, limit).await?;
    Ok(app.page(&list, page, to_wire))
}

/// The reason that is kept with a ban is the one for the audit log.
async fn ban(
    State(app): State<ServerApp>,
    caller: Caller,
    Path((server, user)): Path<(ServerId, UserId)>,
    headers: HeaderMap,
    body::OptionalJson(body): body::OptionalJson<BanMember>,
) -> Result<Json<Ban>, ApiError> {
    let new = NewBan {
        reason: audit_reason(&headers)?,
        expires_in_s: body.expires_in_s,
        delete_messages_s: body.delete_messages_s,
    };
    let (server, user) = (wire::server_id_from(server), wire::user_id_from(user));
    Ok(Json(to_wire(app.ports.bans.ban(caller.actor, server, user, new).await?)))
}

async fn lift(
    State(app): State<ServerApp>,
    caller: Caller,
    Path((server, user)): Path<(ServerId, UserId)>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    audit_reason(&headers)?;
    let (server, user) = (wire::server_id_from(server), wire::user_id_from(user));
    app.ports.bans.lift(caller.actor, server, user).await?;
    Ok(StatusCode::NO_CONTENT)
}
