//! Which client speaks, and whether it may.

use axum::http::{HeaderMap, header};
use base64::{Engine, engine::general_purpose::STANDARD};

use super::reply::OAuthError;
use crate::{
    clients::{Grant, PublicClient},
    issuer::Inner,
    secret,
    store::Bot,
};

const UNKNOWN: OAuthError = OAuthError::invalid_client("the client is unknown or its secret is wrong");

/// The public client of that id, if it may use the grant.
pub(crate) fn public_client(client_id: Option<&str>, grant: Grant) -> Result<PublicClient, OAuthError> {
    let client = client_id.and_then(PublicClient::find).ok_or(UNKNOWN)?;
    if client.may_use(grant) {
        Ok(client)
    } else {
        Err(OAuthError::new("unauthorized_client", "this client may not use this grant"))
    }
}

/// The bot that proves its secret, in the header or in the form. Its 256 bits need no limit on tries.
pub(crate) async fn bot_client(
    app: &Inner,
    headers: &HeaderMap,
    form: (Option<&str>, Option<&str>),
) -> Result<Bot, OAuthError> {
    let (client_id, client_secret) = match (basic(headers), form) {
        (Some(pair), (_, None)) => pair,
        (None, (Some(id), Some(secret))) => (id.to_owned(), secret.to_owned()),
        (Some(_), _) => {
            return Err(OAuthError::invalid_request("the client authenticates in two ways at once"));
        }
        _ => return Err(UNKNOWN),
    };
    let bot = app.store.bot(&client_id).await?.ok_or(UNKNOWN)?;
    if secret::same(&bot.secret_hash, &secret::hash(&client_secret)) { Ok(bot) } else { Err(UNKNOWN) }
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}
