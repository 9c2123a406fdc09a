//! What clients send and receive.

use std::collections::BTreeSet;

use echopulse_documents::samples;
use echopulse_protocol::{
    destination::{SendTo, Topic},
    event::Envelope,
    problem::Reply,
    rest::{EditMessage, MoveRead, PostMessage},
};
use serde_json::{Map, Value, json};

use crate::{Draft, events};

/// The events of each kind of stream. Which ones there are is checked against the protocol.
const OF_CHANNELS: &[&str] =
    &["message.created", "message.updated", "message.deleted", "history.purged", "typing.started"];
const OF_PERSONS: &[&str] =
    &["server.joined", "server.left", "read_state.changed", "session.expiring", "user.updated"];
/// What is said of a subscription itself.
const OF_ALL: &[&str] = &["gap", "skip", "ended"];
/// What has no place, and moves none.
const LOSSY: &[&str] = &[
    "typing.started",
    "presence.changed",
    "user.updated",
    "channel.activity",
    "read_state.changed",
    "session.expiring",
    "gap",
    "skip",
    "ended",
];

fn stream_of(event: &str) -> String {
    if OF_CHANNELS.contains(&event) || OF_ALL.contains(&event) {
        format!("channel/{}", samples::CHANNEL)
    } else if OF_PERSONS.contains(&event) {
        format!("user/{}", samples::ADA)
    } else {
        format!("server/{}", samples::SERVER)
    }
}

/// An example of an event as clients get it.
pub(crate) fn envelope(event: &str, fields: Value) -> Value {
    let mut whole = fields;
    whole["event"] = event.into();
    whole["version"] = 1.into();
    whole["stream"] = stream_of(event).into();
    if !LOSSY.contains(&event) {
        whole["epoch"] = samples::EPOCH.into();
        whole["seq"] = 41.into();
        whole["at"] = samples::TIME.into();
        whole["actor_id"] = samples::ADA.into();
    }
    whole
}

fn texts(names: &[&str], required: &[&str]) -> Value {
    let properties: Map<_, _> =
        names.iter().map(|name| ((*name).to_owned(), json!({ "type": "string" }))).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

/// An address, with the ids that stand in it as parameters.
fn address(destination: &str) -> (String, Value) {
    let nobody = "00000000-0000-0000-0000-000000000000";
    let first = if destination.starts_with("/servers") { "server" } else { "channel" };
    let address = destination.replacen(nobody, &format!("{{{first}}}"), 1).replacen(nobody, "{message}", 1);
    let named =
        ["server", "channel", "message"].into_iter().filter(|name| address.contains(&format!("{{{name}}}")));
    let parameters: Map<_, _> =
        named.map(|name| (name.to_owned(), json!({ "description": format!("The {name}'s id") }))).collect();
    (address, Value::Object(parameters))
}

fn channel(destination: &str, description: &str) -> Value {
    let (address, parameters) = address(destination);
    let mut channel = json!({
        "address": address, "description": description, "servers": [{ "$ref": "#/servers/chat" }]
    });
    if parameters.as_object().is_some_and(|named| !named.is_empty()) {
        channel["parameters"] = parameters;
    }
    channel
}

pub(crate) fn describe(draft: &mut Draft) {
    let known: BTreeSet<_> = events(&mut draft.schemas).into_keys().collect();
    let envelope_schema = draft.schemas.answered::<Envelope>();
    for (event, fields) in samples::events() {
        let placed = if LOSSY.contains(&event) { "without a place" } else { "with `epoch` and `seq`" };
        let message = json!({
            "name": event,
            "summary": format!("{event}, {placed}"),
            "headers": texts(&["subscription", "message-id", "event", "epoch", "seq"], &["subscription", "message-id", "event"]),
            "payload": { "allOf": [envelope_schema, { "properties": { "event": { "const": event } } }] },
            "examples": [{ "payload": envelope(event, fields) }],
        });
        draft.messages.insert(event.to_owned(), message);
    }
    for topic in Topic::EACH {
        subscription(draft, topic, &known);
    }
    for to in SendTo::EACH {
        send(draft, to);
    }
}

fn subscription(draft: &mut Draft, topic: Topic, known: &BTreeSet<String>) {
    let among =
        |names: &[&str]| -> BTreeSet<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    let (name, description, messages) = match topic {
        Topic::Channel(_) => {
            ("channel", "The messages of a channel. SUBSCRIBE takes `epoch` and `after`.", among(OF_CHANNELS))
        }
        Topic::Server(_) => {
            let others = among(&[OF_CHANNELS, OF_PERSONS, OF_ALL].concat());
            let mut own: BTreeSet<_> = known.difference(&others).cloned().collect();
            own.insert("user.updated".to_owned());
            (
                "server",
                "Channels, roles, members and presence of a server. SUBSCRIBE takes `epoch` and `after`.",
                own,
            )
        }
        Topic::UserEvents => (
            "person",
            "One's own stream, the same on all devices. SUBSCRIBE takes `epoch` and `after`.",
            among(OF_PERSONS),
        ),
        Topic::Replies => ("replies", "Refusals of what was sent and subscribed to.", BTreeSet::new()),
    };
    let messages = if topic == Topic::Replies {
        let example = json!({
            "receipt_id": "r-3", "code": "slow-mode", "detail": "too soon after the last message", "retry_after": 7
        });
        let message = json!({
            "name": "refusal",
            "summary": "A refusal, with the receipt of what is refused",
            "headers": texts(&["subscription", "message-id", "receipt-id", "code", "retry-after"], &["subscription", "code"]),
            "payload": draft.schemas.answered::<Reply>(),
            "examples": [{ "payload": example }],
        });
        draft.messages.insert("refusal".to_owned(), message);
        BTreeSet::from(["refusal".to_owned()])
    } else {
        messages.union(&among(OF_ALL)).cloned().collect()
    };
    draft.channel(name, "receive", channel(&topic.to_string(), description), &messages);
}

fn send(draft: &mut Draft, to: SendTo) {
    let schemas = &mut draft.schemas;
    let content = json!({ "content": "Hello, Lyon!" });
    let (name, description, headers, body) = match to {
        SendTo::Messages(_) => (
            "post",
            "Posts a message. The RECEIPT has `message-id`, `epoch` and `seq`.",
            &["receipt", "nonce"][..],
            Some((schemas.sent::<PostMessage>(), content)),
        ),
        SendTo::Edit(..) => {
            ("edit", "Edits one's message.", &["receipt"][..], Some((schemas.sent::<EditMessage>(), content)))
        }
        SendTo::Delete(..) => ("delete", "Deletes a message.", &["receipt"][..], None),
        SendTo::Typing(_) => ("typing", "Tells that one types. Lossy.", &["receipt"][..], None),
        SendTo::Read(_) => (
            "read",
            "Moves a read position: forward with `seq`, back with `unread_from`.",
            &["receipt"][..],
            Some((schemas.sent::<MoveRead>(), json!({ "seq": 41, "version": 0 }))),
        ),
        SendTo::Refresh => (
            "refresh",
            "Goes on with a fresh token of the same person.",
            &["receipt", "Authorization"][..],
            None,
        ),
    };
    let required = if to == SendTo::Refresh { &["Authorization"][..] } else { &[] };
    let mut message = json!({ "name": name, "summary": description, "headers": texts(headers, required) });
    if let Some((schema, example)) = body {
        message["payload"] = schema;
        message["examples"] = json!([{ "payload": example }]);
    }
    draft.messages.insert(name.to_owned(), message);
    draft.channel(name, "send", channel(&to.to_string(), description), &BTreeSet::from([name.to_owned()]));
}
