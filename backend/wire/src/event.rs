//! Events: what streams carry to clients, and what adapters store of a server's changes.

use echopulse_core::{
    chat::model::{Delivery, EventBody, Item, Message, PurgeReason, Signal, StreamEvent},
    common::event::{RemovalCause, ServerChange, ServerEvent},
};
use echopulse_protocol::event as wire;

use crate::{
    chat::{activity, deleted_by, deleted_by_from, end_code, gap_reason, message, presence, purge_reason},
    community::{
        category, category_from, channel, channel_from, member, member_from, role, role_from, server,
        server_from, user, user_from,
    },
    ids::{
        category_id, category_id_from, channel_id, channel_id_from, epoch, epoch_from, message_id,
        message_id_from, role_id, role_id_from, seq, seq_from, server_id, server_id_from, stream, time,
        time_from, user_id, user_id_from,
    },
};

/// Characters shown of an answered message.
const REFERENCED: usize = 200;

fn referenced(found: Option<Box<Message>>) -> Option<Box<wire::Message>> {
    found.map(|found| {
        let mut shown = message(*found);
        if let Some((cut, _)) = shown.content.char_indices().nth(REFERENCED) {
            shown.content.truncate(cut);
        }
        Box::new(shown)
    })
}

const fn cause(cause: RemovalCause) -> wire::RemovalCause {
    match cause {
        RemovalCause::Left => wire::RemovalCause::Left,
        RemovalCause::Kicked => wire::RemovalCause::Kicked,
        RemovalCause::Banned => wire::RemovalCause::Banned,
        RemovalCause::Deleted => wire::RemovalCause::Deleted,
    }
}

const fn cause_from(cause: wire::RemovalCause) -> RemovalCause {
    match cause {
        wire::RemovalCause::Kicked => RemovalCause::Kicked,
        wire::RemovalCause::Banned => RemovalCause::Banned,
        wire::RemovalCause::Deleted => RemovalCause::Deleted,
        _ => RemovalCause::Left,
    }
}

fn change(change: ServerChange) -> wire::EventBody {
    use wire::EventBody as Wire;
    match change {
        ServerChange::ServerCreated(it) => Wire::ServerCreated { server: server(it) },
        ServerChange::ServerUpdated(it) => Wire::ServerUpdated { server: server(it) },
        ServerChange::ServerDeleted(id) => Wire::ServerDeleted { server: wire::Gone { id: server_id(id) } },
        ServerChange::ChannelCreated(it) => Wire::ChannelCreated { channel: channel(it) },
        ServerChange::ChannelUpdated(it) => Wire::ChannelUpdated { channel: channel(it) },
        ServerChange::ChannelDeleted(id) => {
            Wire::ChannelDeleted { channel: wire::Gone { id: channel_id(id) } }
        }
        ServerChange::CategoryCreated(it) => Wire::CategoryCreated { category: category(it) },
        ServerChange::CategoryUpdated(it) => Wire::CategoryUpdated { category: category(it) },
        ServerChange::CategoryDeleted(id) => {
            Wire::CategoryDeleted { category: wire::Gone { id: category_id(id) } }
        }
        ServerChange::RoleCreated(it) => Wire::RoleCreated { role: role(it) },
        ServerChange::RoleUpdated(it) => Wire::RoleUpdated { role: role(it) },
        ServerChange::RoleDeleted(id) => Wire::RoleDeleted { role: wire::Gone { id: role_id(id) } },
        ServerChange::MemberJoined { member: joined, user: who } => {
            Wire::MemberJoined { member: member(joined), user: user(who) }
        }
        ServerChange::MemberUpdated(it) => Wire::MemberUpdated { member: member(it) },
        ServerChange::MemberRemoved { user, cause: why } => {
            Wire::MemberRemoved { user_id: user_id(user), cause: cause(why) }
        }
        ServerChange::MemberBanned { user, delete_messages_s } => {
            Wire::MemberBanned { user_id: user_id(user), delete_messages_s }
        }
    }
}

fn change_from(body: wire::EventBody) -> Option<ServerChange> {
    use wire::EventBody as Wire;
    Some(match body {
        Wire::ServerCreated { server } => ServerChange::ServerCreated(server_from(server)),
        Wire::ServerUpdated { server } => ServerChange::ServerUpdated(server_from(server)),
        Wire::ServerDeleted { server } => ServerChange::ServerDeleted(server_id_from(server.id)),
        Wire::ChannelCreated { channel } => ServerChange::ChannelCreated(channel_from(channel)),
        Wire::ChannelUpdated { channel } => ServerChange::ChannelUpdated(channel_from(channel)),
        Wire::ChannelDeleted { channel } => ServerChange::ChannelDeleted(channel_id_from(channel.id)),
        Wire::CategoryCreated { category } => ServerChange::CategoryCreated(category_from(category)),
        Wire::CategoryUpdated { category } => ServerChange::CategoryUpdated(category_from(category)),
        Wire::CategoryDeleted { category } => ServerChange::CategoryDeleted(category_id_from(category.id)),
        Wire::RoleCreated { role } => ServerChange::RoleCreated(role_from(role)),
        Wire::RoleUpdated { role } => ServerChange::RoleUpdated(role_from(role)),
        Wire::RoleDeleted { role } => ServerChange::RoleDeleted(role_id_from(role.id)),
        Wire::MemberJoined { member, user } => {
            ServerChange::MemberJoined { member: member_from(member), user: user_from(user) }
        }
        Wire::MemberUpdated { member } => ServerChange::MemberUpdated(member_from(member)),
        Wire::MemberRemoved { user_id, cause } => {
            ServerChange::MemberRemoved { user: user_id_from(user_id), cause: cause_from(cause) }
        }
        Wire::MemberBanned { user_id, delete_messages_s } => {
            ServerChange::MemberBanned { user: user_id_from(user_id), delete_messages_s }
        }
        _ => return None,
    })
}

fn body(body: EventBody) -> wire::EventBody {
    use wire::EventBody as Wire;
    match body {
        EventBody::MessageCreated { message: it, referenced: of } => {
            Wire::MessageCreated { message: message(it), referenced: referenced(of) }
        }
        EventBody::MessageUpdated { message: it, referenced: of } => {
            Wire::MessageUpdated { message: message(it), referenced: referenced(of) }
        }
        EventBody::MessagesDeleted { messages, by } => Wire::MessageDeleted {
            messages: messages
                .into_iter()
                .map(|(id, at)| wire::DeletedMessage { id: message_id(id), seq: seq(at) })
                .collect(),
            by: deleted_by(by),
        },
        EventBody::HistoryPurged { through, reason } => {
            Wire::HistoryPurged { through: seq(through), reason: purge_reason(reason) }
        }
        EventBody::Server(it) => change(it),
        EventBody::ServerJoined { server, server_seq } => {
            Wire::ServerJoined { server_id: server_id(server), server_seq: seq(server_seq) }
        }
        EventBody::ServerLeft { server, server_seq, cause: why } => {
            Wire::ServerLeft { server_id: server_id(server), server_seq: seq(server_seq), cause: cause(why) }
        }
    }
}

pub(crate) fn signal(signal: Signal) -> wire::EventBody {
    use wire::EventBody as Wire;
    match signal {
        Signal::Typing(user) => Wire::TypingStarted { user_id: user_id(user) },
        Signal::Activity(it) => activity(it),
        Signal::Presence { user, presence: now } => {
            Wire::PresenceChanged { user_id: user_id(user), status: presence(now) }
        }
        Signal::ReadState { channel, read, version } => Wire::ReadStateChanged {
            channel_id: channel_id(channel),
            read_seq: seq(read),
            read_version: version,
        },
        Signal::User(it) => Wire::UserUpdated { user: user(it) },
    }
}

/// A numbered event as clients get it.
#[must_use]
pub fn stream_event(event: StreamEvent) -> wire::Envelope {
    wire::Envelope {
        body: body(event.body),
        version: 1,
        stream: stream(event.stream),
        epoch: Some(epoch(event.epoch)),
        seq: Some(seq(event.seq)),
        at: Some(time(event.at)),
        actor_id: event.actor.map(user_id),
    }
}

/// Whatever a follower is sent, as clients get it.
#[must_use]
pub fn delivery(delivery: &Delivery) -> wire::Envelope {
    let bare = |body| wire::Envelope {
        body,
        version: 1,
        stream: stream(delivery.stream),
        epoch: Some(epoch(delivery.epoch)),
        seq: None,
        at: None,
        actor_id: None,
    };
    match &delivery.item {
        Item::Event(event) => stream_event(event.clone()),
        Item::Skip { from, to } => bare(wire::EventBody::Skip { from: seq(*from), to: seq(*to) }),
        Item::Gap { from, to, reason } => {
            bare(wire::EventBody::Gap { from: seq(*from), to: seq(*to), reason: gap_reason(*reason) })
        }
        Item::Ended(code) => bare(wire::EventBody::Ended { code: end_code(*code) }),
        Item::Signal(it) => wire::Envelope { epoch: None, ..bare(signal(it.clone())) },
    }
}

/// The body of an event that names no message of its own, as it is stored; messages are never stored in events.
#[must_use]
pub fn stored_body(stored: EventBody) -> String {
    // Serialising plain values to memory cannot fail; an empty body would read as unknown.
    serde_json::to_string(&body(stored)).unwrap_or_default()
}

/// Reads a stored body; `None` if it is none, or of a newer version.
#[must_use]
pub fn stored_body_from(text: &str) -> Option<EventBody> {
    bare_body_from(serde_json::from_str(text).ok()?)
}

/// Reads a body that holds no message; `None` if it is another, or of a newer version.
pub(crate) fn bare_body_from(body: wire::EventBody) -> Option<EventBody> {
    use wire::EventBody as Wire;
    match body {
        Wire::MessageDeleted { messages, by } => Some(EventBody::MessagesDeleted {
            messages: messages.into_iter().map(|one| (message_id_from(one.id), seq_from(one.seq))).collect(),
            by: deleted_by_from(by),
        }),
        Wire::HistoryPurged { through, reason } => {
            let reason = match reason {
                wire::PurgeReason::Retention => PurgeReason::Retention,
                _ => PurgeReason::Purge,
            };
            Some(EventBody::HistoryPurged { through: seq_from(through), reason })
        }
        Wire::ServerJoined { server_id, server_seq } => Some(EventBody::ServerJoined {
            server: server_id_from(server_id),
            server_seq: seq_from(server_seq),
        }),
        Wire::ServerLeft { server_id, server_seq, cause } => Some(EventBody::ServerLeft {
            server: server_id_from(server_id),
            server_seq: seq_from(server_seq),
            cause: cause_from(cause),
        }),
        other => change_from(other).map(EventBody::Server),
    }
}

/// A change of a server, as it is stored and published.
#[must_use]
pub fn server_event(event: ServerEvent) -> wire::Envelope {
    stream_event(StreamEvent {
        stream: echopulse_core::common::StreamKey::Server(event.server),
        epoch: event.epoch,
        seq: event.seq,
        at: event.at,
        actor: event.actor,
        body: EventBody::Server(event.change),
    })
}

/// Reads a stored or published change of a server; `None` if it is none, or of a newer version.
#[must_use]
pub fn server_event_from(envelope: wire::Envelope) -> Option<ServerEvent> {
    let echopulse_protocol::id::Stream::Server(server) = envelope.stream else { return None };
    Some(ServerEvent {
        server: server_id_from(server),
        epoch: epoch_from(envelope.epoch?),
        seq: seq_from(envelope.seq?),
        at: time_from(envelope.at?),
        actor: envelope.actor_id.map(user_id_from),
        change: change_from(envelope.body)?,
    })
}

#[cfg(test)]
mod tests {
    use echopulse_core::chat::model::DeletedBy;
    use echopulse_core::common::{
        ChannelId, Epoch, MessageId, Permission, Permissions, RoleId, Seq, ServerId, Timestamp, UserId,
        community::{Channel, ChannelKind, Member, Override, OverrideTarget, Role, User, UserKind},
    };

    use super::*;

    fn goes_round(change: ServerChange) {
        let event = ServerEvent {
            server: ServerId::from_u128(1),
            epoch: Epoch(2),
            seq: Seq(3),
            at: Timestamp::from_millis(4),
            actor: Some(UserId::from_u128(5)),
            change,
        };
        let text = serde_json::to_string(&server_event(event.clone())).unwrap();
        assert_eq!(server_event_from(serde_json::from_str(&text).unwrap()), Some(event), "{text}");
    }

    #[test]
    fn stored_bodies_go_round_and_unknown_ones_are_none() {
        let (server, server_seq) = (ServerId::from_u128(1), Seq(9));
        for body in [
            EventBody::MessagesDeleted {
                messages: vec![(MessageId::from_u128(3), Seq(4))],
                by: DeletedBy::Erasure,
            },
            EventBody::HistoryPurged { through: Seq(5), reason: PurgeReason::Retention },
            EventBody::ServerJoined { server, server_seq },
            EventBody::ServerLeft { server, server_seq, cause: RemovalCause::Kicked },
            EventBody::Server(ServerChange::ServerDeleted(server)),
        ] {
            let text = stored_body(body.clone());
            assert_eq!(stored_body_from(&text), Some(body), "{text}");
        }
        assert_eq!(stored_body_from(r#"{"event":"moon.risen","at":1}"#), None);
        assert_eq!(stored_body_from(""), None);
    }

    #[test]
    fn changes_of_a_server_go_round() {
        let role = RoleId::from_u128(9);
        goes_round(ServerChange::ChannelUpdated(Channel {
            id: ChannelId::from_u128(7),
            kind: ChannelKind::Announcement,
            name: "news".to_owned(),
            topic: "t".to_owned(),
            category: None,
            position: 3,
            slow_mode_s: 5,
            retention_days: Some(30),
            overrides: vec![Override {
                target: OverrideTarget::Role(role),
                allow: Permissions::of(&[Permission::PinMessages]),
                deny: Permissions::of(&[Permission::SendMessages]),
            }],
        }));
        goes_round(ServerChange::RoleCreated(Role {
            id: role,
            name: "mod".to_owned(),
            description: String::new(),
            colour: Some(0x00ff_aa01),
            permissions: Permissions::ALL,
            position: 1,
            mentionable: true,
        }));
        let at = Timestamp::from_millis(77);
        let user = UserId::from_u128(5);
        goes_round(ServerChange::MemberJoined {
            member: Member {
                user,
                nickname: Some("x".to_owned()),
                roles: vec![role],
                joined_at: at,
                timeout_until: Some(at),
            },
            user: User {
                id: user,
                username: "ada".to_owned(),
                display_name: "Ada".to_owned(),
                bio: String::new(),
                kind: UserKind::Bot,
                created_at: at,
            },
        });
        goes_round(ServerChange::MemberRemoved { user, cause: RemovalCause::Banned });
        goes_round(ServerChange::ChannelDeleted(ChannelId::from_u128(7)));
    }
}
