//! The objects that examples show: one community, its people, and one message in it.

use serde_json::{Value, json};

/// Ada, who owns the server.
pub const ADA: &str = "01935c2e-7a10-7000-8000-0000000000a1";
/// Ben, a member.
pub const BEN: &str = "01935c2e-7a10-7000-8000-0000000000b2";
/// The server.
pub const SERVER: &str = "01935c2e-7a10-7000-8000-000000000051";
/// Its channel.
pub const CHANNEL: &str = "01935c2e-7a10-7000-8000-0000000000c1";
/// Its category.
pub const CATEGORY: &str = "01935c2e-7a10-7000-8000-0000000000ca";
/// The message.
pub const MESSAGE: &str = "01935c2e-7a10-7000-8000-0000000000e1";
/// A numbering.
pub const EPOCH: &str = "00000000000000ff";
/// A moment.
pub const TIME: &str = "2026-11-25T06:30:00.000Z";

/// Ada's account.
#[must_use]
pub fn user() -> Value {
    json!({ "id": ADA, "username": "ada", "display_name": "Ada", "bio": "", "kind": "person", "created_at": TIME })
}

/// The server.
#[must_use]
pub fn server() -> Value {
    json!({
        "id": SERVER, "name": "Rust Lyon", "description": "Who writes Rust in Lyon", "owner_id": ADA, "join_policy": "invite",
        "default_level": "all", "retention_days": null, "created_at": TIME
    })
}

/// Its channel.
#[must_use]
pub fn channel() -> Value {
    json!({
        "id": CHANNEL, "kind": "text", "name": "general", "topic": "", "category_id": null, "position": 0, "slow_mode_s": 0,
        "retention_days": null, "overrides": []
    })
}

/// Its category.
#[must_use]
pub fn category() -> Value {
    json!({ "id": CATEGORY, "name": "Talk", "position": 0 })
}

/// The role that everybody has.
#[must_use]
pub fn role() -> Value {
    json!({
        "id": SERVER, "name": "everyone", "description": "", "colour": null, "position": 0, "mentionable": false,
        "permissions": ["VIEW_CHANNEL", "SEND_MESSAGES"]
    })
}

/// Ada's membership.
#[must_use]
pub fn member() -> Value {
    json!({ "user_id": ADA, "nickname": null, "role_ids": [], "joined_at": TIME, "timeout_until": null })
}

/// Her membership with her account.
#[must_use]
pub fn member_detail() -> Value {
    let mut detail = member();
    detail["user"] = user();
    detail
}

/// The server as Ada sees it.
#[must_use]
pub fn server_detail() -> Value {
    let mut detail = server();
    detail["channels"] = json!([channel()]);
    detail["categories"] = json!([category()]);
    detail["roles"] = json!([role()]);
    detail["member"] = member();
    detail["permissions"] = json!(["ADMINISTRATOR"]);
    detail["channel_permissions"] =
        json!([{ "channel_id": CHANNEL, "permissions": ["VIEW_CHANNEL", "SEND_MESSAGES"] }]);
    detail["epoch"] = EPOCH.into();
    detail["seq"] = 7.into();
    detail
}

/// Where somebody is who joined.
#[must_use]
pub fn joined() -> Value {
    json!({ "server": server(), "member": member(), "epoch": EPOCH, "seq": 8 })
}

/// An invite.
#[must_use]
pub fn invite() -> Value {
    json!({
        "code": "9aZkQ2LmTr", "server_id": SERVER, "created_by": ADA, "created_at": TIME, "max_uses": 0, "max_age_s": 604_800,
        "uses": 1
    })
}

/// A ban.
#[must_use]
pub fn ban() -> Value {
    json!({ "user_id": BEN, "reason": "spam", "created_by": ADA, "expires_at": null })
}

/// The message.
#[must_use]
pub fn message() -> Value {
    json!({
        "id": MESSAGE, "channel_id": CHANNEL, "seq": 41, "revision": 41, "nonce": "8c1f",
        "author": { "id": ADA, "kind": "person", "name": "Ada" }, "content": "Hello, Lyon!", "reply_to": null,
        "mentions": { "users": [], "roles": [], "everyone": false }, "pinned": false, "created_at": TIME,
        "edited_at": null, "deleted_at": null, "deleted_by": null
    })
}

/// What is durable.
#[must_use]
pub fn receipt() -> Value {
    json!({ "message_id": MESSAGE, "epoch": EPOCH, "seq": 41 })
}

/// A bucket of one's own.
#[must_use]
pub fn bucket() -> Value {
    json!({ "bucket": "read", "size": 60, "window_s": 3, "used": 1, "reset_s": 1 })
}

/// The last page of a list with one entry.
#[must_use]
pub fn page(item: &Value) -> Value {
    json!({ "items": [item] })
}

/// Each event by its name, with the fields besides those of every event.
#[must_use]
pub fn events() -> Vec<(&'static str, Value)> {
    let activity = json!({
        "channel_id": CHANNEL, "after": 40, "head": 41, "deleted": [],
        "created": [{ "id": MESSAGE, "seq": 41, "author_id": ADA, "mentions": { "users": [], "roles": [], "everyone": false } }]
    });
    vec![
        ("message.created", json!({ "message": message() })),
        ("message.updated", json!({ "message": message() })),
        ("message.deleted", json!({ "messages": [{ "id": MESSAGE, "seq": 41 }], "by": "moderator" })),
        ("history.purged", json!({ "through": 40, "reason": "purge" })),
        ("server.created", json!({ "server": server() })),
        ("server.updated", json!({ "server": server() })),
        ("server.deleted", json!({ "server": { "id": SERVER } })),
        ("channel.created", json!({ "channel": channel() })),
        ("channel.updated", json!({ "channel": channel() })),
        ("channel.deleted", json!({ "channel": { "id": CHANNEL } })),
        ("category.created", json!({ "category": category() })),
        ("category.updated", json!({ "category": category() })),
        ("category.deleted", json!({ "category": { "id": CATEGORY } })),
        ("role.created", json!({ "role": role() })),
        ("role.updated", json!({ "role": role() })),
        ("role.deleted", json!({ "role": { "id": SERVER } })),
        ("member.joined", json!({ "member": member(), "user": user() })),
        ("member.updated", member()),
        ("member.removed", json!({ "user_id": BEN, "cause": "kicked" })),
        ("member.banned", json!({ "user_id": BEN, "delete_messages_s": 3600 })),
        ("server.joined", json!({ "server_id": SERVER, "server_seq": 8 })),
        ("server.left", json!({ "server_id": SERVER, "server_seq": 9, "cause": "left" })),
        ("typing.started", json!({ "user_id": BEN })),
        ("presence.changed", json!({ "user_id": ADA, "status": "idle" })),
        ("user.updated", json!({ "user": user() })),
        ("channel.activity", activity),
        ("read_state.changed", json!({ "channel_id": CHANNEL, "read_seq": 40, "read_version": 0 })),
        ("session.expiring", json!({ "expires_at": TIME })),
        ("gap", json!({ "from": 41, "to": 2040, "reason": "too-far" })),
        ("skip", json!({ "from": 9, "to": 10 })),
        ("ended", json!({ "code": "kicked" })),
    ]
}
