//! History, and writing without a socket.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use echopulse_core::{
    chat::{
        model::HistoryQuery,
        port::inbound::{self, DeleteMessages},
    },
    common::{ChannelId, Seq, actor::Actor},
};
use echopulse_http::{
    ApiError, Caller, Routes, body,
    params::{Params, Path, audit_reason},
    tag::{Had, Tagged},
};
use echopulse_protocol::{event::Message, id, rest};
use echopulse_wire as wire;

use crate::{ChatApp, compose, limits::MESSAGE};

pub(crate) fn routes() -> Routes<ChatApp> {
    Routes::new()
        .get("/channels/{channel}/messages", "list_messages", history)
        .post("/channels/{channel}/messages", "post_message", create)
        .post("/channels/{channel}/messages/delete", "delete_messages", delete)
        .get("/channels/{channel}/messages/{message}", "get_message", one)
        .post("/channels/{channel}/purge", "purge_channel", purge)
}

fn receipt(receipt: inbound::Receipt) -> rest::Receipt {
    rest::Receipt {
        message_id: wire::message_id(receipt.message),
        epoch: wire::epoch(receipt.epoch),
        seq: wire::seq(receipt.seq),
    }
}

async fn history(
    State(app): State<ChatApp>,
    caller: Caller,
    Path(channel): Path<id::ChannelId>,
    params: Params,
) -> Result<Json<rest::HistoryPage>, ApiError> {
    let channel = wire::channel_id_from(channel);
    let limit = params.limit()?;
    let query = query(&app, caller.actor, channel, &params).await?;
    let page = app.ports.reading.history(caller.actor, channel, query, limit).await?;
    Ok(Json(wire::history_page(page)))
}

/// At most one of `before`, `after`, `around`.
async fn query(
    app: &ChatApp,
    actor: Actor,
    channel: ChannelId,
    params: &Params,
) -> Result<HistoryQuery, ApiError> {
    let mut given = ["before", "after", "around"].into_iter().filter(|name| params.text(name).is_some());
    let Some(name) = given.next() else { return Ok(HistoryQuery::Latest) };
    if let Some(second) = given.next() {
        return Err(ApiError::invalid(second, format!("cannot be given together with `{name}`")));
    }
    let place = place(app, actor, channel, name, params).await?;
    Ok(match name {
        "before" => HistoryQuery::Before(place),
        "after" => HistoryQuery::After(place),
        _ => HistoryQuery::Around(place),
    })
}

/// A place is a seq, or the message that stands there.
async fn place(
    app: &ChatApp,
    actor: Actor,
    channel: ChannelId,
    name: &'static str,
    params: &Params,
) -> Result<Seq, ApiError> {
    let text = params.text(name).unwrap_or_default();
    if let Ok(seq) = text.parse::<id::Seq>() {
        // No store counts beyond this, and none shall have to refuse it.
        let countable = i64::try_from(seq.0).is_ok();
        return countable
            .then_some(wire::seq_from(seq))
            .ok_or_else(|| ApiError::invalid(name, "is too large"));
    }
    let Ok(message) = text.parse::<id::MessageId>() else {
        return Err(ApiError::invalid(name, "is a place or a message's id"));
    };
    Ok(app.ports.reading.message(actor, channel, wire::message_id_from(message)).await?.seq)
}

async fn one(
    State(app): State<ChatApp>,
    caller: Caller,
    Path((channel, message)): Path<(id::ChannelId, id::MessageId)>,
    had: Had,
) -> Result<Tagged<Message>, ApiError> {
    let (channel, message) = (wire::channel_id_from(channel), wire::message_id_from(message));
    let found = app.ports.reading.message(caller.actor, channel, message).await?;
    Ok(had.or(found.revision, wire::message(found)))
}

async fn create(
    State(app): State<ChatApp>,
    caller: Caller,
    Path(channel): Path<id::ChannelId>,
    body::Json(mut body): body::Json<rest::PostMessage>,
) -> Result<(StatusCode, Json<rest::Receipt>), ApiError> {
    let channel = wire::channel_id_from(channel);
    app.limiting.take(&caller, &MESSAGE, Some(channel)).await?;
    let nonce = body.nonce.take();
    let command = compose::post(caller.actor, channel, body, nonce)?;
    let done = app.ports.posting.post(command).await?;
    Ok((StatusCode::CREATED, Json(receipt(done))))
}

async fn delete(
    State(app): State<ChatApp>,
    caller: Caller,
    Path(channel): Path<id::ChannelId>,
    headers: HeaderMap,
    body::Json(body): body::Json<rest::DeleteMessages>,
) -> Result<Json<rest::Receipt>, ApiError> {
    audit_reason(&headers)?;
    let command = DeleteMessages {
        actor: caller.actor,
        channel: wire::channel_id_from(channel),
        messages: body.message_ids.into_iter().map(wire::message_id_from).collect(),
    };
    Ok(Json(receipt(app.ports.posting.delete(command).await?)))
}

async fn purge(
    State(app): State<ChatApp>,
    caller: Caller,
    Path(channel): Path<id::ChannelId>,
    headers: HeaderMap,
    body::Json(body): body::Json<rest::PurgeHistory>,
) -> Result<Json<rest::Receipt>, ApiError> {
    audit_reason(&headers)?;
    let (channel, through) = (wire::channel_id_from(channel), wire::seq_from(body.through));
    Ok(Json(receipt(app.ports.posting.purge(caller.actor, channel, through).await?)))
}
