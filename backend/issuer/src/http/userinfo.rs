//! `/userinfo`: who an access token is about, as long as its sign-in lives.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
};
use serde_json::{Value, json};

use super::reply::OAuthError;
use crate::{
    claims::{ACCESS_TYP, AUDIENCE, AccessClaims},
    issuer::{App, Inner},
};

pub(crate) async fn userinfo(State(app): State<App>, headers: HeaderMap) -> Result<Json<Value>, OAuthError> {
    let claims =
        bearer(&headers).and_then(|token| read_access(&app, token)).ok_or(OAuthError::invalid_token())?;
    if !app.store.is_alive(&claims.sid, app.now()).await? {
        return Err(OAuthError::invalid_token());
    }
    let person = app.store.person(&claims.sub).await?.filter(|person| !person.locked);
    let person = person.ok_or(OAuthError::invalid_token())?;
    Ok(Json(json!({
        "sub": person.sub,
        "preferred_username": person.username,
        "name": person.display_name,
    })))
}

/// The claims of an access token of ours that is valid now.
pub(crate) fn read_access(app: &Inner, token: &str) -> Option<AccessClaims> {
    let claims: AccessClaims = app.keys.read(ACCESS_TYP, token)?;
    let now = app.now().as_secs();
    let valid =
        claims.iss == app.base.issuer && claims.aud == AUDIENCE && claims.nbf <= now && now < claims.exp;
    valid.then_some(claims)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}
