//! What core delivers, as a MESSAGE: encoded once, whatever the number of followers.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use echopulse_core::{
    chat::model::{Delivery, Item},
    common::StreamKey,
};
use echopulse_http::ApiError;
use echopulse_protocol::{
    destination::Topic,
    event::{Envelope, EventBody},
    id::{Stream, Timestamp, UserId},
    problem::Reply,
    stomp::SharedMessage,
};
use echopulse_wire as wire;

/// The frame of a delivery, but for its subscription.
pub(super) fn shared(delivery: &Delivery) -> &SharedMessage {
    let encoded =
        delivery.encoded.get_or_init(|| Box::new(encode(&wire::delivery(delivery), topic(delivery.stream))));
    // Nobody else writes into the cell, so this never falls back.
    encoded.downcast_ref().unwrap_or_else(|| unreachable!("a delivery is encoded here only"))
}

/// Whether losing a delivery costs comfort only.
pub(super) const fn is_lossy(delivery: &Delivery) -> bool {
    matches!(delivery.item, Item::Signal(_))
}

const fn topic(stream: StreamKey) -> Topic {
    match stream {
        StreamKey::Channel(id) => Topic::Channel(wire::channel_id(id)),
        StreamKey::Server(id) => Topic::Server(wire::server_id(id)),
        StreamKey::User(_) => Topic::UserEvents,
    }
}

/// An event that comes from the session itself, on the person's own stream.
pub(super) fn session_expiring(user: UserId, expires_at: Timestamp) -> SharedMessage {
    let envelope = Envelope {
        body: EventBody::SessionExpiring { expires_at },
        version: 1,
        stream: Stream::User(user),
        epoch: None,
        seq: None,
        at: Some(Timestamp::now()),
        actor_id: None,
    };
    encode(&envelope, Topic::UserEvents)
}

fn encode(envelope: &Envelope, topic: Topic) -> SharedMessage {
    let mut headers = head(topic);
    // An event's id is its place; what has no place gets a number of its own.
    match (envelope.epoch, envelope.seq) {
        (Some(epoch), Some(seq)) => headers.push(("message-id", format!("{epoch}-{seq}"))),
        _ => headers.push(("message-id", next_id())),
    }
    headers.extend(envelope.epoch.map(|epoch| ("epoch", epoch.to_string())));
    headers.extend(envelope.seq.map(|seq| ("seq", seq.to_string())));
    headers.push(("event", envelope.body.name().to_owned()));
    SharedMessage::new(headers, json(envelope))
}

/// A refusal on `/user/queue/replies`.
pub(super) fn reply(receipt_id: Option<String>, error: &ApiError) -> SharedMessage {
    let problem = error.problem();
    let mut headers = head(Topic::Replies);
    headers.push(("message-id", next_id()));
    headers.extend(receipt_id.clone().map(|id| ("receipt-id", id)));
    headers.push(("code", problem.code.to_string()));
    headers.extend(problem.retry_after.map(|seconds| ("retry-after", seconds.to_string())));
    let body = Reply {
        receipt_id,
        code: problem.code,
        detail: problem.detail.clone(),
        permission: problem.permission.clone(),
        retry_after: problem.retry_after,
    };
    SharedMessage::new(headers, json(&body))
}

fn head(topic: Topic) -> Vec<(&'static str, String)> {
    vec![("destination", topic.to_string()), ("content-type", "application/json".to_owned())]
}

fn json(value: &impl serde::Serialize) -> Bytes {
    // Values of the protocol have text keys and finite numbers, so writing them cannot fail.
    serde_json::to_vec(value).unwrap_or_default().into()
}

fn next_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("m-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
