//! People.

use axum::{Json, extract::State};
use echopulse_http::{ApiError, Caller, Routes, body, params::Path};
use echopulse_protocol::{
    event::User,
    id::UserId,
    rest::UpdateMe,
    text::{clean_content, clean_line},
};
use echopulse_wire as wire;

use crate::ServerApp;

pub(crate) fn routes() -> Routes<ServerApp> {
    Routes::new().get("/users/me", "get_me", me).patch("/users/me", "update_me", update_me).get(
        "/users/{user}",
        "get_user",
        user,
    )
}

async fn me(State(app): State<ServerApp>, caller: Caller) -> Result<Json<User>, ApiError> {
    Ok(Json(wire::user(app.ports.accounts.me(caller.actor).await?)))
}

async fn update_me(
    State(app): State<ServerApp>,
    caller: Caller,
    body::Json(body): body::Json<UpdateMe>,
) -> Result<Json<User>, ApiError> {
    let display_name = body.display_name.map(|name| clean_line(&name));
    let bio = body.bio.map(|bio| clean_content(&bio));
    Ok(Json(wire::user(app.ports.accounts.update_me(caller.actor, display_name, bio).await?)))
}

async fn user(
    State(app): State<ServerApp>,
    caller: Caller,
    Path(user): Path<UserId>,
) -> Result<Json<User>, ApiError> {
    Ok(Json(wire::user(app.ports.accounts.user(caller.actor, wire::user_id_from(user)).await?)))
}
