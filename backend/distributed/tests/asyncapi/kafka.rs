//! What stands in the topics. Each example is a record that the services believe where it stands.

use std::collections::BTreeSet;

use echopulse_distributed::kafka::{Decoded, KafkaOptions, SigningKey, TRACEPARENT, Topic, decode};
use echopulse_documents::samples;
use echopulse_protocol::internal::SignOut;
use serde_json::{Value, json};

use crate::{Draft, events};

/// A session of the issuer.
const SESSION: &str = "7b1e";

/// The events of a topic, its key, and what it is for.
fn of(topic: Topic) -> (&'static [&'static str], &'static str, &'static str) {
    const SERVER: &str = samples::SERVER;
    match topic {
        Topic::ChannelsCreate => (&["channel.created"], SERVER, "A channel began."),
        Topic::ChannelsDelete => (&["channel.deleted"], SERVER, "A channel is gone."),
        Topic::ChannelsUpdate => (
            &["channel.updated", "category.created", "category.updated", "category.deleted"],
            SERVER,
            "A channel or category changed, or a category began or ended.",
        ),
        Topic::UserJoinServer => (&["member.joined"], SERVER, "Somebody joined a server."),
        Topic::UserLeaveServer => {
            (&["member.removed", "member.banned"], SERVER, "A membership ended; kicks and bans too.")
        }
        Topic::ServersUpdate => (&["server.created", "server.updated"], SERVER, "A server began or changed."),
        Topic::ServersDelete => (&["server.deleted"], SERVER, "A server is gone."),
        Topic::RolesChange => {
            (&["role.created", "role.updated", "role.deleted"], SERVER, "A role began, changed or ended.")
        }
        Topic::UserUpdateRoles => {
            (&["member.updated"], SERVER, "A membership changed: roles, nickname, timeout.")
        }
        Topic::UsersUpdate => (&["user.updated"], samples::ADA, "A profile changed, or a sign-in ended."),
        Topic::UsersDelete => (&[], samples::ADA, "An account is gone. Nothing is written here yet."),
        Topic::ChannelsSendMessage => (
            &[
                "message.created",
                "message.updated",
                "message.deleted",
                "history.purged",
                "typing.started",
                "channel.activity",
            ],
            samples::CHANNEL,
            "Everything that happens in a channel.",
        ),
        Topic::UsersEvents => (
            &["server.joined", "server.left", "read_state.changed", "presence.changed"],
            samples::ADA,
            "Everything that is told to a person.",
        ),
        Topic::AuditAppend => (&[], SERVER, "Entries for the audit log. Nothing is written here yet."),
    }
}

fn stream_of(topic: Topic, event: &str) -> String {
    let (_, key, _) = of(topic);
    match (topic, event) {
        // They are told to servers, and go with what they are about.
        (_, "presence.changed" | "channel.activity") => format!("server/{}", samples::SERVER),
        (Topic::ChannelsSendMessage, _) => format!("channel/{key}"),
        (Topic::UsersEvents | Topic::UsersUpdate | Topic::UsersDelete, _) => format!("user/{key}"),
        _ => format!("server/{key}"),
    }
}

/// A record's value.
fn value(topic: Topic, event: &str) -> Value {
    let fields = samples::events().into_iter().find(|(name, _)| *name == event).map(|(_, fields)| fields);
    let mut value = json!({ "type": event, "version": 1, "stream": stream_of(topic, event), "body": fields });
    match event {
        "user.updated" => value["revision"] = 3.into(),
        "typing.started" | "channel.activity" | "presence.changed" | "read_state.changed" => {}
        _ => {
            value["epoch"] = samples::EPOCH.into();
            value["seq"] = 41.into();
            value["at"] = samples::TIME.into();
            value["actor_id"] = samples::ADA.into();
        }
    }
    value
}

fn schema(event: &str, body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(properties) = body["properties"].as_object_mut() {
        properties.remove("event");
    }
    if let Some(required) = body["required"].as_array_mut() {
        required.retain(|name| name != "event");
    }
    let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    json!({
        "type": "object",
        "required": ["type", "version", "stream", "body"],
        "properties": {
            "type": { "const": event },
            "version": { "type": "integer", "minimum": 1 },
            "stream": reference("Stream"),
            "epoch": reference("Epoch"),
            "seq": { "type": "integer", "minimum": 1 },
            "at": reference("Timestamp"),
            "actor_id": reference("UserId"),
            "revision": { "type": "integer", "minimum": 0, "description": "Of profiles: counts their changes" },
            "body": body,
        },
    })
}

fn headers(topic: Topic) -> Value {
    let trace = json!({ "type": "string", "description": "W3C trace context, where there is one" });
    let mut headers = json!({ "type": "object", "properties": { TRACEPARENT: trace } });
    if topic.is_signed() {
        headers["properties"]["signature"] =
            json!({ "type": "string", "description": "HMAC under the key that the chat instances share" });
    }
    headers
}

/// The end of a sign-in: no event of a stream, and signed wherever it stands.
fn sign_out() -> Value {
    let body =
        json!({ "iss": "https://id.example", "sid": SESSION, "at": samples::TIME, "until": samples::TIME });
    json!({ "type": "sign-out", "version": 1, "body": body })
}

pub(crate) fn describe(draft: &mut Draft) {
    let bodies = events(&mut draft.schemas);
    for topic in Topic::ALL {
        let (names, _, description) = of(topic);
        let id = topic.name().replace(['.', '-'], "_");
        let mut messages = BTreeSet::new();
        for event in names {
            let name = format!("{id}.{event}");
            let message = json!({
                "name": event,
                "headers": headers(topic),
                "payload": schema(event, &bodies[*event]),
                "bindings": { "kafka": { "key": { "type": "string", "format": "uuid" }, "bindingVersion": "0.5.0" } },
                "examples": [{ "payload": value(topic, event) }],
            });
            draft.messages.insert(name.clone(), message);
            messages.insert(name);
        }
        if topic == Topic::UsersUpdate {
            let message = json!({
                "name": "sign-out",
                "summary": "A sign-in ended before its tokens did. The key is the `sid` or `sub`.",
                "headers": headers(Topic::UsersEvents),
                "payload": {
                    "type": "object",
                    "required": ["type", "version", "body"],
                    "properties": {
                        "type": { "const": "sign-out" },
                        "version": { "type": "integer", "minimum": 1 },
                        "body": draft.schemas.answered::<SignOut>(),
                    },
                },
                "examples": [{ "payload": sign_out() }],
            });
            draft.messages.insert(format!("{id}.sign-out"), message);
            messages.insert(format!("{id}.sign-out"));
        }
        let channel = json!({
            "address": topic.name(),
            "description": description,
            "servers": [{ "$ref": "#/servers/kafka" }],
            "bindings": { "kafka": { "topic": topic.name(), "bindingVersion": "0.5.0" } },
        });
        draft.channel(&id, "receive", channel, &messages);
    }
}

#[test]
fn every_example_is_a_record_that_is_believed_in_its_topic() {
    let key = SigningKey::new(&[7; 32]).unwrap_or_else(|error| panic!("{error}"));
    let options = KafkaOptions { hmac_key: Some(key.clone()), ..KafkaOptions::new("localhost:9092", "test") };
    let believed = |topic: Topic, of_record: &str, value: &Value| {
        let octets = value.to_string().into_bytes();
        let signature = key.sign(topic.name(), of_record.as_bytes(), &octets);
        let read = decode(
            &options,
            topic.name(),
            Some(of_record.as_bytes()),
            Some(&octets),
            Some(signature.as_bytes()),
        );
        assert!(matches!(read, Decoded::Record(_)), "{value} in {}: {read:?}", topic.name());
    };
    for topic in Topic::ALL {
        let (names, of_record, _) = of(topic);
        names.iter().for_each(|event| believed(topic, of_record, &value(topic, event)));
    }
    believed(Topic::UsersUpdate, SESSION, &sign_out());
}
