//! The browser client's types are written by hand; here their fields are compared with what the protocol crate writes.

use std::{collections::BTreeMap, fs, path::Path};

use echopulse_protocol::{event, problem, rest};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

const ID: &str = "01a21249-81b9-745d-a298-6402347339b0";
const TIME: &str = "2026-11-25T06:30:00.000Z";
const EPOCH: &str = "00000000000000ff";

/// The fields of every interface in the client's protocol folder, by its name.
fn interfaces() -> BTreeMap<String, Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/src/protocol");
    let mut found = BTreeMap::new();
    for file in ["entity.ts", "event.ts", "rest.ts"] {
        let text = fs::read_to_string(folder.join(file)).expect("a file of the client");
        for part in text.split("export interface ").skip(1) {
            let (head, body) = part.split_once('{').expect("an interface has a body");
            let name = head.split([' ', '<']).next().unwrap_or_default().to_owned();
            let fields = body.lines().take_while(|line| !line.starts_with('}')).filter_map(|line| {
                let field = line.strip_prefix("  ")?.split([':', '?']).next()?;
                field.starts_with(|first: char| first.is_ascii_lowercase()).then(|| field.to_owned())
            });
            found.insert(name, fields.collect());
        }
    }
    found
}

/// What the protocol crate writes for a value that it has read.
fn written<T: DeserializeOwned + Serialize>(value: Value) -> Value {
    let read: T = serde_json::from_value(value).expect("the sample is one");
    serde_json::to_value(read).expect("it can be written")
}

fn user() -> Value {
    json!({ "id": ID, "username": "ada", "display_name": "Ada", "kind": "person", "created_at": TIME })
}

fn server() -> Value {
    json!({
        "id": ID, "name": "Rust Lyon", "owner_id": ID, "join_policy": "open", "default_level": "all",
        "created_at": TIME
    })
}

fn member() -> Value {
    json!({ "user_id": ID, "joined_at": TIME })
}

fn message() -> Value {
    json!({
        "id": ID, "channel_id": ID, "seq": 1, "revision": 1, "created_at": TIME,
        "author": { "id": ID, "kind": "person", "name": "Ada" }
    })
}

fn with(mut whole: Value, more: Value) -> Value {
    let (Some(whole_fields), Value::Object(more)) = (whole.as_object_mut(), more) else { return whole };
    whole_fields.extend(more);
    whole
}

fn samples() -> Vec<(&'static str, Value)> {
    let detail = json!({
        "channels": [], "categories": [], "roles": [], "member": member(), "permissions": [],
        "channel_permissions": [], "epoch": EPOCH, "seq": 1
    });
    vec![
        ("User", written::<event::User>(user())),
        ("Server", written::<event::Server>(server())),
        ("Category", written::<event::Category>(json!({ "id": ID, "name": "x", "position": 0 }))),
        (
            "Channel",
            written::<event::Channel>(json!({ "id": ID, "kind": "text", "name": "general", "position": 0 })),
        ),
        ("Role", written::<event::Role>(json!({ "id": ID, "name": "x", "permissions": [], "position": 0 }))),
        ("Member", written::<event::Member>(member())),
        ("Mentions", written::<event::Mentions>(json!({}))),
        ("Message", written::<event::Message>(message())),
        (
            "ActivityMessage",
            written::<event::ActivityMessage>(json!({ "id": ID, "seq": 1, "author_id": ID })),
        ),
        ("Page", written::<rest::Page<Value>>(json!({ "items": [], "next": "x" }))),
        (
            "WellKnown",
            written::<rest::WellKnown>(json!({
                "issuer": "x", "clients": { "tui": "x", "web": "x" }, "server": [], "chat": []
            })),
        ),
        ("ServerDetail", written::<rest::ServerDetail>(with(server(), detail))),
        ("MemberDetail", written::<rest::MemberDetail>(with(member(), json!({ "user": user() })))),
        (
            "InvitePreview",
            written::<rest::InvitePreview>(json!({
                "code": "x", "name": "x", "description": "", "member_count": 1, "inviter": "x"
            })),
        ),
        (
            "HistoryPage",
            written::<rest::HistoryPage>(json!({
                "items": [], "epoch": EPOCH, "head": 1, "purged_through": 0, "covers": { "from": 1, "to": 1 }
            })),
        ),
        (
            "ReadState",
            written::<rest::ReadState>(json!({
                "channel_id": ID, "read_seq": 1, "version": 0, "head": 1, "unread": 0, "mentions": 0
            })),
        ),
        ("UserPresence", written::<rest::UserPresence>(json!({ "user_id": ID, "status": "online" }))),
        (
            "Problem",
            written::<problem::Problem>(json!({ "status": 429, "code": "rate-limited", "retry_after": 1 })),
        ),
        (
            "Reply",
            written::<problem::Reply>(json!({ "receipt_id": "x", "code": "rate-limited", "retry_after": 1 })),
        ),
    ]
}

#[test]
fn the_browser_client_reads_only_fields_that_are_written() {
    let mut interfaces = interfaces();
    for (name, sample) in samples() {
        let fields = interfaces.remove(name).unwrap_or_else(|| panic!("the client has no interface {name}"));
        assert!(!fields.is_empty(), "{name} has no fields");
        for field in fields {
            assert!(sample.get(&field).is_some(), "{name}.{field} is not in {sample}");
        }
    }
    assert!(interfaces.is_empty(), "without a sample: {:?}", interfaces.keys());
}

#[test]
fn the_browser_client_names_only_events_that_there_are() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/src/protocol/event.ts");
    let text = fs::read_to_string(file).expect("a file of the client");
    let names = text.split('"').filter(|word| word.contains('.') && !word.contains(['/', ' ', '\n']));
    let known =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared-protocol/src/event/mod.rs"))
            .expect("the protocol's events");
    for name in names {
        assert!(known.contains(&format!("#[serde(rename = \"{name}\")]")), "there is no event {name}");
    }
}
