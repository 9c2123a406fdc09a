//! Webhooks: managed with an account, used with nothing but their token.
//!
//! The token is drawn, shown and hashed here; core sees its hash alone. It stands in a path, so paths are logged nowhere.

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use echopulse_core::chat::{
    port::inbound::PostByWebhook,
    webhook::{TokenHash, Webhook},
};
use echopulse_http::{
    ApiError, Caller, Routes, body,
    params::{Path, audit_reason},
};
use echopulse_protocol::{
    event::Message,
    id,
    rest::{self, OneTimeSecret},
    text::{clean_content, clean_line},
};
use echopulse_wire as wire;
use sha2::{Digest, Sha256};

use super::github;
use crate::{ChatApp, compose};

/// Octets of the largest body that a webhook takes: what programs send about one event.
const LARGEST: usize = 512 * 1024;

pub(crate) fn routes() -> Routes<ChatApp> {
    Routes::new()
        .get("/channels/{channel}/webhooks", "list_webhooks", list)
        .post("/channels/{channel}/webhooks", "create_webhook", create)
        .patch("/webhooks/{webhook}", "rename_webhook", rename)
        .delete("/webhooks/{webhook}", "delete_webhook", delete)
        .post("/webhooks/{webhook}/token", "rotate_webhook", rotate)
}

/// What needs no account.
pub(crate) fn open_routes() -> Routes<ChatApp> {
    Routes::new().post("/webhooks/{webhook}/{token}", "post_by_webhook", speak)
}

fn to_wire(webhook: Webhook) -> rest::Webhook {
    rest::Webhook {
        id: wire::webhook_id(webhook.id),
        channel_id: wire::channel_id(webhook.channel),
        name: webhook.name.into_string(),
        created_by: wire::user_id(webhook.created_by),
        created_at: wire::time(webhook.created_at),
    }
}

/// A token of 256 bits, in hexadecimal digits.
fn draw(app: &ChatApp) -> String {
    (0..4).map(|_| format!("{:016x}", app.chance.next_u64())).collect()
}

fn hash(token: &str) -> TokenHash {
    TokenHash(Sha256::digest(token.as_bytes()).into())
}

/// An answer with a token, which nobody in between may keep.
fn told_once(status: StatusCode, webhook: Webhook, token: String) -> Response {
    let body = rest::WebhookToken { webhook: to_wire(webhook), token: OneTimeSecret(token) };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

async fn list(
    State(app): State<ChatApp>,
    caller: Caller,
    Path(channel): Path<id::ChannelId>,
) -> Result<Json<rest::Page<rest::Webhook>>, ApiError> {
    let found = app.ports.webhooks.list(caller.actor, wire::channel_id_from(channel)).await?;
    Ok(Json(rest::Page { items: found.into_iter().map(to_wire).collect(), next: None }))
}

async fn create(
    State(app): State<ChatApp>,
    caller: Caller,
    Path(channel): Path<id::ChannelId>,
    headers: HeaderMap,
    body::Json(body): body::Json<rest::NameWebhook>,
) -> Result<Response, ApiError> {
    audit_reason(&headers)?;
    let token = draw(&app);
    let (channel, name) = (wire::channel_id_from(channel), clean_line(&body.name));
    let made = app.ports.webhooks.create(caller.actor, channel, name, hash(&token)).await?;
    Ok(told_once(StatusCode::CREATED, made, token))
}

async fn rename(
    State(app): State<ChatApp>,
    caller: Caller,
    Path(webhook): Path<id::WebhookId>,
    headers: HeaderMap,
    body::Json(body): body::Json<rest::NameWebhook>,
) -> Result<Json<rest::Webhook>, ApiError> {
    audit_reason(&headers)?;
    let (webhook, name) = (wire::webhook_id_from(webhook), clean_line(&body.name));
    Ok(Json(to_wire(app.ports.webhooks.rename(caller.actor, webhook, name).await?)))
}

async fn delete(
    State(app): State<ChatApp>,
    caller: Caller,
    Path(webhook): Path<id::WebhookId>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    audit_reason(&headers)?;
    app.ports.webhooks.delete(caller.actor, wire::webhook_id_from(webhook)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn rotate(
    State(app): State<ChatApp>,
    caller: Caller,
    Path(webhook): Path<id::WebhookId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    audit_reason(&headers)?;
    let token = draw(&app);
    let webhook = wire::webhook_id_from(webhook);
    let changed = app.ports.webhooks.set_token(caller.actor, webhook, hash(&token)).await?;
    Ok(told_once(StatusCode::OK, changed, token))
}

/// What a program wants to be said. `None`: nothing, of an event that is of no interest.
fn said(headers: &HeaderMap, octets: &[u8]) -> Result<Option<String>, ApiError> {
    match text(headers, github::EVENT)? {
        Some(event) => Ok(github::line(event, &body::parse(octets)?)),
        None => Ok(Some(body::parse::<rest::PostByWebhook>(octets)?.content)),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ApiError> {
    let text = headers.get(name).map(|value| value.to_str());
    text.transpose().map_err(|_| ApiError::invalid(name, "is not plain text"))
}

async fn speak(
    State(app): State<ChatApp>,
    Path((webhook, token)): Path<(id::WebhookId, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let octets = body::octets(&headers, body, LARGEST).await?;
    let nonce = match text(&headers, "idempotency-key")? {
        None => text(&headers, github::DELIVERY)?,
        given => given,
    };
    let Some(content) = said(&headers, &octets)? else {
        // Whoever has no token does not learn what is of interest either.
        app.ports.webhooks.check(wire::webhook_id_from(webhook), hash(&token)).await?;
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let content = clean_content(&content);
    let command = PostByWebhook {
        webhook: wire::webhook_id_from(webhook),
        token: hash(&token),
        nonce: nonce.map(str::to_owned),
        named: compose::mentions(&content)?,
        content,
    };
    let message: Message = wire::message(app.ports.webhooks.post(command).await?);
    Ok((StatusCode::CREATED, Json(message)).into_response())
}
