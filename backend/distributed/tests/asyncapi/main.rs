//! `docs/asyncapi.json`: STOMP from the closed lists of destinations, Kafka from the closed list of topics, messages from the events.
//!
//! Operations are those of a program outside: what a client sends and receives, and what a reader of the topics receives.

mod kafka;
mod stomp;

use std::collections::{BTreeMap, BTreeSet};

use echopulse_documents::{Schemas, committed, samples, valid};
use echopulse_protocol::event::{Envelope, EventBody};
use serde_json::{Map, Value, json};

const DESCRIPTION: &str = "STOMP over WebSocket for clients and bots, and the Kafka topics that join the services. \
    docs/protocol.md says how to use the first: frames, resuming, nonces, refusals. Readers ignore fields and events that they do \
    not know.";

/// The parts of a document that grow together.
#[derive(Default)]
struct Draft {
    schemas: Schemas,
    channels: Map<String, Value>,
    operations: Map<String, Value>,
    messages: BTreeMap<String, Value>,
}

impl Draft {
    /// Adds a channel with these messages of the components, and the operation on it, which is called like the channel.
    fn channel(&mut self, name: &str, action: &str, mut channel: Value, messages: &BTreeSet<String>) {
        let reference = |message: &String| {
            (message.clone(), json!({ "$ref": format!("#/components/messages/{message}") }))
        };
        channel["messages"] = Value::Object(messages.iter().map(reference).collect());
        let of_channel =
            |message: &String| json!({ "$ref": format!("#/channels/{name}/messages/{message}") });
        let operation = json!({
            "action": action,
            "channel": { "$ref": format!("#/channels/{name}") },
            "messages": messages.iter().map(of_channel).collect::<Vec<_>>(),
        });
        self.channels.insert(name.to_owned(), channel);
        self.operations.insert(name.to_owned(), operation);
    }
}

/// The schema of each event, by its name: one of the variants of the body.
fn events(schemas: &mut Schemas) -> BTreeMap<String, Value> {
    schemas.answered::<EventBody>();
    let components = schemas.components();
    let variants = components["EventBody"]["oneOf"].as_array().cloned().unwrap_or_default();
    let name = |schema: &Value| schema["properties"]["event"]["const"].as_str().map(str::to_owned);
    variants.into_iter().filter_map(|schema| Some((name(&schema)?, schema))).collect()
}

fn asyncapi() -> Value {
    let mut draft = Draft::default();
    stomp::describe(&mut draft);
    kafka::describe(&mut draft);
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "EchoPulse",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0" },
            "description": DESCRIPTION,
        },
        "defaultContentType": "application/json",
        "servers": {
            "chat": {
                "host": "chat.example", "pathname": "/chat/ws", "protocol": "wss",
                "description": "STOMP over WebSocket, below a base URL of the chat service. The subprotocol is v12.stomp.",
                "security": [{ "$ref": "#/components/securitySchemes/token" }],
            },
            "kafka": {
                "host": "kafka.internal:9092", "protocol": "kafka-secure",
                "description": "Between the services alone; nothing outside a deployment reaches it.",
            },
        },
        "channels": draft.channels,
        "operations": draft.operations,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": "In the header `Authorization` of CONNECT" } },
            "messages": draft.messages,
            "schemas": draft.schemas.into_components(),
        },
    })
}

#[test]
fn every_event_has_an_example_and_no_other() {
    let known: BTreeSet<_> = events(&mut Schemas::new()).into_keys().collect();
    let shown: BTreeSet<_> = samples::events().into_iter().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(known, shown);
    for (name, fields) in samples::events() {
        let wire = stomp::envelope(name, fields);
        let read: Envelope =
            serde_json::from_value(wire.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(serde_json::to_value(read).unwrap_or_default(), wire, "{name}");
    }
}

#[test]
fn the_document_is_valid_and_so_are_its_examples() {
    let document = asyncapi();
    valid::asyncapi(&document);
    assert!(valid::examples(&document) > 50);
}

#[test]
fn the_document_in_the_repository_is_the_one_that_is_made() {
    committed("docs/asyncapi.json", &asyncapi());
}
