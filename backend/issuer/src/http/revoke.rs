//! `/revoke`: a client ends its own sign-in. RFC 7009.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
};
use serde::Deserialize;

use super::{client_auth::public_client, reply::OAuthError, userinfo::read_access};
use crate::{clients::Grant, issuer::App, secret};

/// The hint of RFC 7009 is not needed: the two kinds of token do not look alike.
#[derive(Deserialize)]
pub(crate) struct RevokeForm {
    token: Option<String>,
    client_id: Option<String>,
}

/// Either token ends the whole sign-in. A token nobody knows is as good as revoked.
pub(crate) async fn revoke(
    State(app): State<App>,
    form: Result<Form<RevokeForm>, FormRejection>,
) -> Result<StatusCode, OAuthError> {
    let Form(form) = form?;
    let client = public_client(form.client_id.as_deref(), Grant::Refresh)?;
    let token = form.token.ok_or(OAuthError::invalid_request("token is missing"))?;
    let ended = match read_access(&app, &token) {
        Some(claims) => app.store.revoke_by_sid(&claims.sid, client.id()).await?.then_some(claims.sid),
        None => app.store.revoke_by_token(&secret::hash(&token), client.id()).await?,
    };
    if let Some(sid) = ended {
        app.session_ended(sid).await;
    }
    Ok(StatusCode::OK)
}
