use serde_json::{Value, json};

use super::*;

fn id(n: u128) -> String {
    ChannelId::from_u128(n).to_string()
}

fn message() -> Value {
    json!({
        "id": id(1), "channel_id": id(2), "seq": 41, "revision": 42, "nonce": "n1",
        "author": {"id": id(3), "kind": "person", "name": "Ada"},
        "content": "hello <@me>", "reply_to": {"id": id(4), "seq": 7, "author_id": id(3)},
        "mentions": {"users": [id(5)], "roles": [], "everyone": false}, "pinned": false,
        "created_at": "2026-11-25T06:29:59.999Z", "edited_at": null, "deleted_at": null, "deleted_by": null
    })
}

fn envelope(event: &str, fields: Value) -> Value {
    let mut whole = json!({
        "event": event, "version": 1, "stream": format!("channel/{}", id(2)), "epoch": "00000000000000ff", "seq": 42,
        "at": "2026-11-25T06:30:00.000Z", "actor_id": id(3)
    });
    for (key, value) in fields.as_object().into_iter().flatten() {
        whole[key] = value.clone();
    }
    whole
}

fn objects() -> Vec<(&'static str, Value)> {
    let channel = json!({
        "id": id(2), "kind": "text", "name": "general", "topic": "", "category_id": null, "position": 0, "slow_mode_s": 0,
        "retention_days": null,
        "overrides": [{"kind": "role", "id": id(9), "allow": [], "deny": ["SEND_MESSAGES"]}]
    });
    let server = json!({
        "id": id(9), "name": "Rust Lyon", "description": "", "owner_id": id(3), "join_policy": "invite",
        "default_level": "all", "retention_days": null, "created_at": "2026-11-25T06:29:59.999Z"
    });
    let role = json!({
        "id": id(9), "name": "everyone", "description": "", "colour": null, "permissions": ["VIEW_CHANNEL"], "position": 0,
        "mentionable": false
    });
    let member = json!({
        "user_id": id(3), "nickname": null, "role_ids": [], "joined_at": "2026-11-25T06:29:59.999Z", "timeout_until": null
    });
    let user = json!({
        "id": id(3), "username": "ada", "display_name": "Ada", "bio": "", "kind": "person",
        "created_at": "2026-11-25T06:29:59.999Z"
    });
    vec![
        ("message.created", json!({"message": message(), "referenced": message()})),
        ("message.updated", json!({"message": message()})),
        ("message.deleted", json!({"messages": [{"id": id(1), "seq": 41}], "by": "moderator"})),
        ("history.purged", json!({"through": 40, "reason": "purge"})),
        ("server.created", json!({"server": server})),
        ("server.updated", json!({"server": server})),
        ("server.deleted", json!({"server": {"id": id(9)}})),
        ("channel.created", json!({"channel": channel})),
        ("channel.updated", json!({"channel": channel})),
        ("channel.deleted", json!({"channel": {"id": id(2)}})),
        ("category.created", json!({"category": {"id": id(8), "name": "Talk", "position": 0}})),
        ("category.deleted", json!({"category": {"id": id(8)}})),
        ("role.created", json!({"role": role})),
        ("role.deleted", json!({"role": {"id": id(9)}})),
        ("member.joined", json!({"member": member, "user": user})),
        ("member.updated", member.clone()),
        ("member.removed", json!({"user_id": id(3), "cause": "kicked"})),
        ("member.banned", json!({"user_id": id(3), "delete_messages_s": 60})),
        ("server.joined", json!({"server_id": id(9), "server_seq": 7})),
        ("server.left", json!({"server_id": id(9), "server_seq": 8, "cause": "left"})),
        ("typing.started", json!({"user_id": id(3)})),
        ("presence.changed", json!({"user_id": id(3), "status": "idle"})),
        ("user.updated", json!({"user": user})),
        (
            "channel.activity",
            json!({
                "channel_id": id(2), "after": 4, "head": 6, "deleted": [3],
                "created": [{"id": id(1), "seq": 6, "author_id": id(3),
                    "mentions": {"users": [], "roles": [], "everyone": true}}]
            }),
        ),
        ("read_state.changed", json!({"channel_id": id(2), "read_seq": 6, "read_version": 0})),
        ("session.expiring", json!({"expires_at": "2026-11-25T06:29:59.999Z"})),
        ("gap", json!({"from": 1, "to": 40, "reason": "too-far"})),
        ("skip", json!({"from": 1, "to": 1})),
        ("ended", json!({"code": "channel-deleted"})),
    ]
}

#[test]
fn every_event_reads_back_what_it_writes() {
    for (name, fields) in objects() {
        let wire = envelope(name, fields);
        let read: Envelope =
            serde_json::from_value(wire.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(read.body.name(), name);
        assert_eq!(serde_json::to_value(&read).unwrap(), wire, "{name}");
    }
}

#[test]
fn an_unknown_event_still_counts() {
    let read: Envelope = serde_json::from_value(envelope("poll.opened", json!({"poll": {"x": 1}}))).unwrap();
    assert_eq!((read.body, read.seq), (EventBody::Unknown, Some(Seq(42))));
}

#[test]
fn unknown_fields_and_words_are_ignored() {
    let mut wire = envelope("member.removed", json!({"user_id": id(3), "cause": "abducted", "ship": true}));
    wire["later"] = json!(1);
    let read: Envelope = serde_json::from_value(wire).unwrap();
    let EventBody::MemberRemoved { cause, .. } = read.body else { panic!("{:?}", read.body) };
    assert_eq!(cause, RemovalCause::Unknown);
}
