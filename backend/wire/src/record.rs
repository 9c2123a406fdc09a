//! Records of the bus: an envelope as clients know it, and beside it the revision that only profiles have; or a sign-out, which
//! clients never see.

use echopulse_core::{
    chat::model::{Activity, ActivityMessage, EventBody, Presence, Record, Signal, StreamEvent},
    common::StreamKey,
};
use echopulse_protocol::{event as wire, internal};

use crate::{
    chat::{mentions_from, message_from},
    community::{user, user_from},
    event::{bare_body_from, server_event, server_event_from, signal, stream_event},
    ids::{
        channel_id_from, epoch_from, message_id_from, seq_from, stream, stream_from, time_from, user_id_from,
    },
    internal::sign_out,
};

/// A record as it is published.
#[derive(Debug, Clone, PartialEq)]
pub enum Published {
    /// An event, and a profile's revision.
    Event(Box<wire::Envelope>, Option<u64>),
    /// The end of a sign-in.
    SignOut(internal::SignOut),
}

/// A record as it is published.
#[must_use]
pub fn record(record: Record) -> Published {
    let (envelope, revision) = match record {
        Record::Stream(event) => (stream_event(event), None),
        Record::Server(event) => (server_event(event), None),
        Record::User { user: profile, revision } => {
            let stream = StreamKey::User(profile.id);
            (bare(stream, wire::EventBody::UserUpdated { user: user(profile) }), Some(revision))
        }
        Record::Signal { stream, signal: it } => (bare(stream, signal(it)), None),
        Record::SignOut(it) => return Published::SignOut(sign_out(it)),
    };
    Published::Event(Box::new(envelope), revision)
}

fn bare(of: StreamKey, body: wire::EventBody) -> wire::Envelope {
    wire::Envelope { body, version: 1, stream: stream(of), epoch: None, seq: None, at: None, actor_id: None }
}

/// Reads a published event; `None` if it is none, or of a newer version. Every event of a server's stream is a change of
/// that server, whoever published it.
#[must_use]
pub fn record_from(envelope: wire::Envelope, revision: Option<u64>) -> Option<Record> {
    match (stream_from(envelope.stream), envelope.seq, revision, envelope.body) {
        (StreamKey::Server(_), Some(_), None, body) => {
            server_event_from(wire::Envelope { body, ..envelope }).map(Record::Server)
        }
        (stream, Some(seq), None, body) => Some(Record::Stream(StreamEvent {
            stream,
            epoch: epoch_from(envelope.epoch?),
            seq: seq_from(seq),
            at: time_from(envelope.at?),
            actor: envelope.actor_id.map(user_id_from),
            body: body_from(body)?,
        })),
        (StreamKey::User(id), None, Some(revision), wire::EventBody::UserUpdated { user }) => {
            let user = user_from(user);
            (user.id == id).then_some(Record::User { user, revision })
        }
        (stream, None, None, body) => Some(Record::Signal { stream, signal: signal_from(body)? }),
        _ => None,
    }
}

fn body_from(body: wire::EventBody) -> Option<EventBody> {
    let of = |found: Option<Box<wire::Message>>| found.map(|found| Box::new(message_from(*found)));
    match body {
        wire::EventBody::MessageCreated { message, referenced } => {
            Some(EventBody::MessageCreated { message: message_from(message), referenced: of(referenced) })
        }
        wire::EventBody::MessageUpdated { message, referenced } => {
            Some(EventBody::MessageUpdated { message: message_from(message), referenced: of(referenced) })
        }
        other => bare_body_from(other),
    }
}

fn signal_from(body: wire::EventBody) -> Option<Signal> {
    use wire::EventBody as Wire;
    Some(match body {
        Wire::TypingStarted { user_id } => Signal::Typing(user_id_from(user_id)),
        Wire::ChannelActivity { channel_id, after, head, created, deleted } => Signal::Activity(Activity {
            channel: channel_id_from(channel_id),
            after: seq_from(after),
            head: seq_from(head),
            created: created.into_iter().map(activity_message_from).collect(),
            deleted: deleted.into_iter().map(seq_from).collect(),
        }),
        Wire::PresenceChanged { user_id, status } => {
            Signal::Presence { user: user_id_from(user_id), presence: presence_from(status)? }
        }
        Wire::ReadStateChanged { channel_id, read_seq, read_version } => Signal::ReadState {
            channel: channel_id_from(channel_id),
            read: seq_from(read_seq),
            version: read_version,
        },
        Wire::UserUpdated { user } => Signal::User(user_from(user)),
        _ => return None,
    })
}

fn activity_message_from(message: wire::ActivityMessage) -> ActivityMessage {
    ActivityMessage {
        id: message_id_from(message.id),
        seq: seq_from(message.seq),
        author: user_id_from(message.author_id),
        mentions: mentions_from(message.mentions),
    }
}

const fn presence_from(presence: wire::Presence) -> Option<Presence> {
    Some(match presence {
        wire::Presence::Online => Presence::Online,
        wire::Presence::Idle => Presence::Idle,
        wire::Presence::Offline => Presence::Offline,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use echopulse_core::{
        chat::model::{Author, AuthorKind, DeletedBy, Deletion, Mentions, Message, PurgeReason, ReplyTo},
        common::{
            ChannelId, Epoch, MessageId, RoleId, Seq, ServerId, Timestamp, UserId,
            community::{User, UserKind},
            event::{ServerChange, ServerEvent},
        },
    };

    use super::*;

    const CHANNEL: ChannelId = ChannelId::from_u128(1);
    const ADA: UserId = UserId::from_u128(2);

    fn goes_round(it: Record) {
        let Published::Event(envelope, revision) = record(it.clone()) else { panic!("{it:?} is an event") };
        let text = serde_json::to_string(&envelope).unwrap();
        assert_eq!(record_from(serde_json::from_str(&text).unwrap(), revision), Some(it), "{text}");
    }

    fn message() -> Message {
        Message {
            id: MessageId::from_u128(3),
            channel: CHANNEL,
            seq: Seq(4),
            revision: Seq(5),
            nonce: "n".to_owned(),
            author: Author { id: ADA, kind: AuthorKind::Bot, name: "Ada".to_owned() },
            content: "hello".to_owned(),
            reply_to: Some(ReplyTo { id: MessageId::from_u128(6), seq: Seq(1), author: ADA }),
            mentions: Mentions { users: vec![ADA], roles: vec![RoleId::from_u128(7)], everyone: true },
            created_at: Timestamp::from_millis(8),
            edited_at: Some(Timestamp::from_millis(9)),
            deleted: None,
        }
    }

    fn event(stream: StreamKey, body: EventBody) -> Record {
        let (epoch, at) = (Epoch(0xfeed), Timestamp::from_millis(7));
        Record::Stream(StreamEvent { stream, epoch, seq: Seq(5), at, actor: Some(ADA), body })
    }

    fn ada() -> User {
        User {
            id: ADA,
            username: "ada".to_owned(),
            display_name: "Ada".to_owned(),
            bio: String::new(),
            kind: UserKind::Person,
            created_at: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn events_go_round() {
        let channel = StreamKey::Channel(CHANNEL);
        let gone = Deletion { at: Timestamp::from_millis(10), by: DeletedBy::Moderator };
        let tombstone = Message { content: String::new(), deleted: Some(gone), ..message() };
        let referenced = Some(Box::new(tombstone));
        goes_round(event(channel, EventBody::MessageCreated { message: message(), referenced }));
        goes_round(event(channel, EventBody::MessageUpdated { message: message(), referenced: None }));
        goes_round(event(channel, EventBody::HistoryPurged { through: Seq(4), reason: PurgeReason::Purge }));
        let (server, server_seq) = (ServerId::from_u128(9), Seq(2));
        goes_round(event(StreamKey::User(ADA), EventBody::ServerJoined { server, server_seq }));
        goes_round(Record::Server(ServerEvent {
            server,
            epoch: Epoch(1),
            seq: Seq(2),
            at: Timestamp::from_millis(3),
            actor: None,
            change: ServerChange::ServerDeleted(server),
        }));
    }

    #[test]
    fn what_has_no_number_goes_round() {
        let server = StreamKey::Server(ServerId::from_u128(9));
        goes_round(Record::User { user: ada(), revision: 12 });
        for (stream, signal) in [
            (StreamKey::Channel(CHANNEL), Signal::Typing(ADA)),
            (server, Signal::Presence { user: ADA, presence: Presence::Idle }),
            (StreamKey::User(ADA), Signal::ReadState { channel: CHANNEL, read: Seq(4), version: 2 }),
            (StreamKey::User(ADA), Signal::User(ada())),
        ] {
            goes_round(Record::Signal { stream, signal });
        }
        let created = vec![ActivityMessage {
            id: MessageId::from_u128(3),
            seq: Seq(4),
            author: ADA,
            mentions: Mentions::default(),
        }];
        let (after, head, deleted) = (Seq(3), Seq(5), vec![Seq(5)]);
        let signal = Signal::Activity(Activity { channel: CHANNEL, after, head, created, deleted });
        goes_round(Record::Signal { stream: server, signal });
    }

    #[test]
    fn a_profile_under_another_persons_name_is_none() {
        let Published::Event(envelope, revision) = record(Record::User { user: ada(), revision: 1 }) else {
            panic!("a profile is told by an event")
        };
        let other = stream(StreamKey::User(UserId::from_u128(77)));
        assert_eq!(record_from(wire::Envelope { stream: other, ..*envelope }, revision), None);
    }
}
