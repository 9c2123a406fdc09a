//! Invites: made in a server, redeemed by their code.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use echopulse_core::{common::name::InviteCode, server::error::Refusal};
use echopulse_http::{
    ApiError, Caller, Keyed, Routes,
    params::{Path, audit_reason},
};
use echopulse_protocol::{
    id::ServerId,
    rest::{CreateInvite, Invite, InvitePreview, Joined, Page},
};
use echopulse_wire as wire;

use crate::{ServerApp, app::whole, members::joined};

/// How long an invite lives unless it says otherwise, in seconds: a week.
const WEEK: u32 = 604_800;

pub(crate) fn routes() -> Routes<ServerApp> {
    Routes::new()
        .get("/servers/{server}/invites", "list_invites", list)
        .post("/servers/{server}/invites", "create_invite", create)
        .get("/invites/{code}", "preview_invite", preview)
        .post("/invites/{code}", "redeem_invite", join)
        .delete("/invites/{code}", "delete_invite", delete)
}

/// A text that cannot be a code looks like one that is not there.
fn code(text: &str) -> Result<InviteCode, ApiError> {
    InviteCode::parse(text).map_err(|_| Refusal::InviteNotFound.into())
}

async fn list(
    State(app): State<ServerApp>,
    caller: Caller,
    Path(server): Path<ServerId>,
) -> Result<Json<Page<Invite>>, ApiError> {
    Ok(whole(app.ports.invites.list(caller.actor, wire::server_id_from(server)).await?, wire::invite))
}

async fn create(
    State(app): State<ServerApp>,
    caller: Caller,
    Path(server): Path<ServerId>,
    headers: HeaderMap,
    Keyed { body, key }: Keyed<CreateInvite>,
) -> Result<(StatusCode, Json<Invite>), ApiError> {
    audit_reason(&headers)?;
    let (uses, age) = (body.max_uses.unwrap_or(0), body.max_age_s.unwrap_or(WEEK));
    let server = wire::server_id_from(server);
    let made = match key {
        Some(key) => app.ports.once.invite(caller.actor, key, server, uses, age).await?,
        None => app.ports.invites.create(caller.actor, server, uses, age).await?,
    };
    Ok((StatusCode::CREATED, Json(wire::invite(made))))
}

async fn preview(
    State(app): State<ServerApp>,
    caller: Caller,
    Path(text): Path<String>,
) -> Result<Json<InvitePreview>, ApiError> {
    let found = app.ports.invites.preview(caller.actor, code(&text)?).await?;
    Ok(Json(InvitePreview {
        code: found.code.as_str().to_owned(),
        name: found.server.name,
        description: found.server.description,
        member_count: found.members,
        inviter: found.inviter,
    }))
}

async fn join(
    State(app): State<ServerApp>,
    caller: Caller,
    Path(text): Path<String>,
) -> Result<(StatusCode, Json<Joined>), ApiError> {
    Ok(joined(app.ports.invites.join(caller.actor, code(&text)?).await?))
}

async fn delete(
    State(app): State<ServerApp>,
    caller: Caller,
    Path(text): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    audit_reason(&headers)?;
    app.ports.invites.delete(caller.actor, code(&text)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
