//! Messages, history, read states.

use echopulse_core::chat::model as core;
use echopulse_protocol::{event as wire, rest};

use crate::ids::{
    channel_id, channel_id_from, epoch, message_id, message_id_from, role_id, role_id_from, seq, seq_from,
    time, time_from, user_id, user_id_from,
};

/// A message as it is now.
#[must_use]
pub fn message(message: core::Message) -> wire::Message {
    wire::Message {
        id: message_id(message.id),
        channel_id: channel_id(message.channel),
        seq: seq(message.seq),
        revision: seq(message.revision),
        nonce: message.nonce,
        author: wire::Author {
            id: user_id(message.author.id),
            kind: match message.author.kind {
                core::AuthorKind::Person => wire::UserKind::Person,
                core::AuthorKind::Bot => wire::UserKind::Bot,
                core::AuthorKind::Webhook => wire::UserKind::Webhook,
            },
            name: message.author.name,
        },
        content: message.content,
        reply_to: message.reply_to.map(|reply| wire::ReplyTo {
            id: message_id(reply.id),
            seq: seq(reply.seq),
            author_id: user_id(reply.author),
        }),
        mentions: mentions(message.mentions),
        pinned: false,
        created_at: time(message.created_at),
        edited_at: message.edited_at.map(time),
        deleted_at: message.deleted.map(|deletion| time(deletion.at)),
        deleted_by: message.deleted.map(|deletion| deleted_by(deletion.by)),
    }
}

/// A message as it was published.
#[must_use]
pub fn message_from(message: wire::Message) -> core::Message {
    let by = deleted_by_from(message.deleted_by.unwrap_or(wire::DeletedBy::Unknown));
    core::Message {
        id: message_id_from(message.id),
        channel: channel_id_from(message.channel_id),
        seq: seq_from(message.seq),
        revision: seq_from(message.revision),
        nonce: message.nonce,
        author: core::Author {
            id: user_id_from(message.author.id),
            kind: match message.author.kind {
                wire::UserKind::Bot => core::AuthorKind::Bot,
                wire::UserKind::Webhook => core::AuthorKind::Webhook,
                _ => core::AuthorKind::Person,
            },
            name: message.author.name,
        },
        content: message.content,
        reply_to: message.reply_to.map(|reply| core::ReplyTo {
            id: message_id_from(reply.id),
            seq: seq_from(reply.seq),
            author: user_id_from(reply.author_id),
        }),
        mentions: mentions_from(message.mentions),
        created_at: time_from(message.created_at),
        edited_at: message.edited_at.map(time_from),
        deleted: message.deleted_at.map(|at| core::Deletion { at: time_from(at), by }),
    }
}

/// Whom a text names or tells.
#[must_use]
pub fn mentions(mentions: core::Mentions) -> wire::Mentions {
    wire::Mentions {
        users: mentions.users.into_iter().map(user_id).collect(),
        roles: mentions.roles.into_iter().map(role_id).collect(),
        everyone: mentions.everyone,
    }
}

/// Whom a text names or tells.
#[must_use]
pub fn mentions_from(mentions: wire::Mentions) -> core::Mentions {
    core::Mentions {
        users: mentions.users.into_iter().map(user_id_from).collect(),
        roles: mentions.roles.into_iter().map(role_id_from).collect(),
        everyone: mentions.everyone,
    }
}

pub(crate) const fn deleted_by(by: core::DeletedBy) -> wire::DeletedBy {
    match by {
        core::DeletedBy::Author => wire::DeletedBy::Author,
        core::DeletedBy::Moderator => wire::DeletedBy::Moderator,
        core::DeletedBy::Ban => wire::DeletedBy::Ban,
        core::DeletedBy::Erasure => wire::DeletedBy::Erasure,
    }
}

pub(crate) const fn deleted_by_from(by: wire::DeletedBy) -> core::DeletedBy {
    match by {
        wire::DeletedBy::Moderator => core::DeletedBy::Moderator,
        wire::DeletedBy::Ban => core::DeletedBy::Ban,
        wire::DeletedBy::Erasure => core::DeletedBy::Erasure,
        _ => core::DeletedBy::Author,
    }
}

pub(crate) const fn purge_reason(reason: core::PurgeReason) -> wire::PurgeReason {
    match reason {
        core::PurgeReason::Purge => wire::PurgeReason::Purge,
        core::PurgeReason::Retention => wire::PurgeReason::Retention,
    }
}

/// Why a gap is told.
#[must_use]
pub const fn gap_reason(reason: core::GapReason) -> wire::GapReason {
    match reason {
        core::GapReason::Purged => wire::GapReason::Purged,
        core::GapReason::TooFar => wire::GapReason::TooFar,
        core::GapReason::Epoch => wire::GapReason::Epoch,
    }
}

/// Why a subscription ended.
#[must_use]
pub const fn end_code(code: core::EndCode) -> wire::EndCode {
    match code {
        core::EndCode::Left => wire::EndCode::Left,
        core::EndCode::Kicked => wire::EndCode::Kicked,
        core::EndCode::Banned => wire::EndCode::Banned,
        core::EndCode::Suspended => wire::EndCode::Suspended,
        core::EndCode::ChannelDeleted => wire::EndCode::ChannelDeleted,
        core::EndCode::ServerDeleted => wire::EndCode::ServerDeleted,
        core::EndCode::AccessLost => wire::EndCode::AccessLost,
        core::EndCode::SessionEnded => wire::EndCode::SessionEnded,
    }
}

/// Whether somebody is there.
#[must_use]
pub const fn presence(presence: core::Presence) -> wire::Presence {
    match presence {
        core::Presence::Online => wire::Presence::Online,
        core::Presence::Idle => wire::Presence::Idle,
        core::Presence::Offline => wire::Presence::Offline,
    }
}

/// News of a channel.
#[must_use]
pub fn activity(activity: core::Activity) -> wire::EventBody {
    wire::EventBody::ChannelActivity {
        channel_id: channel_id(activity.channel),
        after: seq(activity.after),
        head: seq(activity.head),
        created: activity
            .created
            .into_iter()
            .map(|message| wire::ActivityMessage {
                id: message_id(message.id),
                seq: seq(message.seq),
                author_id: user_id(message.author),
                mentions: mentions(message.mentions),
            })
            .collect(),
        deleted: activity.deleted.into_iter().map(seq).collect(),
    }
}

/// A page of history.
#[must_use]
pub fn history_page(page: core::HistoryPage) -> rest::HistoryPage {
    rest::HistoryPage {
        items: page.messages.into_iter().map(message).collect(),
        referenced: page.referenced.into_iter().map(message).collect(),
        epoch: epoch(page.epoch),
        head: seq(page.head),
        purged_through: seq(page.purged_through),
        covers: rest::Range { from: seq(page.covers.0), to: seq(page.covers.1) },
    }
}

/// What is unread in a channel.
#[must_use]
pub const fn read_state(state: core::ReadState) -> rest::ReadState {
    rest::ReadState {
        channel_id: channel_id(state.channel),
        read_seq: seq(state.read),
        version: state.version,
        head: seq(state.head),
        unread: state.unread,
        mentions: state.mentions,
    }
}
