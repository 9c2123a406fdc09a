//! Bots that a server makes: clients of the issuer, whose secrets are told once.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use echopulse_core::server::{port::inbound::NewBot, view};
use echopulse_http::{
    ApiError, Caller, Routes, body,
    params::{Path, audit_reason},
};
use echopulse_protocol::{
    id::{ServerId, UserId},
    rest::{Bot, BotSecret, CreateBot, OneTimeSecret, Page},
    text::clean_line,
};
use echopulse_wire as wire;

use crate::{ServerApp, app::whole};

pub(crate) fn routes() -> Routes<ServerApp> {
    Routes::new()
        .get("/servers/{server}/bots", "list_bots", list)
        .post("/servers/{server}/bots", "create_bot", create)
        .delete("/servers/{server}/bots/{user}", "revoke_bot", revoke)
        .post("/servers/{server}/bots/{user}/secret", "rotate_bot", rotate)
}

fn to_wire(bot: view::Bot) -> Bot {
    Bot {
        user_id: wire::user_id(bot.user),
        name: bot.name.into_string(),
        client_id: bot.client_id,
        created_by: wire::user_id(bot.created_by),
        created_at: wire::time(bot.created_at),
    }
}

/// An answer with a secret, which nobody in between may keep.
fn told_once(status: StatusCode, new: NewBot) -> Response {
    let body = BotSecret { bot: to_wire(new.bot), client_secret: OneTimeSecret(new.secret.0) };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

async fn list(
    State(app): State<ServerApp>,
    caller: Caller,
    Path(server): Path<ServerId>,
) -> Result<Json<Page<Bot>>, ApiError> {
    Ok(whole(app.ports.bots.list(caller.actor, wire::server_id_from(server)).await?, to_wire))
}

async fn create(
    State(app): State<ServerApp>,
    caller: Caller,
    Path(server): Path<ServerId>,
    headers: HeaderMap,
    body::Json(body): body::Json<CreateBot>,
) -> Result<Response, ApiError> {
    audit_reason(&headers)?;
    let name = clean_line(&body.name);
    let new = app.ports.bots.create(caller.actor, wire::server_id_from(server), name).await?;
    Ok(told_once(StatusCode::CREATED, new))
}

async fn rotate(
    State(app): State<ServerApp>,
    caller: Caller,
    Path((server, user)): Path<(ServerId, UserId)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    audit_reason(&headers)?;
    let (server, user) = (wire::server_id_from(server), wire::user_id_from(user));
    Ok(told_once(StatusCode::OK, app.ports.bots.rotate(caller.actor, server, user).await?))
}

async fn revoke(
    State(app): State<ServerApp>,
    caller: Caller,
    Path((server, user)): Path<(ServerId, UserId)>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    audit_reason(&headers)?;
    let (server, user) = (wire::server_id_from(server), wire::user_id_from(user));
    app.ports.bots.revoke(caller.actor, server, user).await?;
    Ok(StatusCode::NO_CONTENT)
}
