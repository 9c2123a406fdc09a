//! What streams carry: one envelope, and a body for each event of `domain.md` section 4.
//!
//! Fields and events are only ever added. A reader ignores unknown fields, and an event it does not know is
//! [`EventBody::Unknown`], which still counts for the position.

mod entity;

pub(crate) use entity::words;
pub use entity::{
    Author, Category, Channel, ChannelKind, DeletedBy, JoinPolicy, Level, Member, Mentions, Message,
    Override, OverrideKind, Presence, PurgeReason, RemovalCause, ReplyTo, Role, Server, User, UserKind,
};
use serde::{Deserialize, Serialize};

use crate::id::{CategoryId, ChannelId, Epoch, MessageId, RoleId, Seq, ServerId, Stream, Timestamp, UserId};

/// One event of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Envelope {
    /// What kind of event, and its fields.
    #[serde(flatten)]
    pub body: EventBody,
    /// The version of the body's shape.
    #[serde(default = "first_version")]
    pub version: u32,
    /// Whose event it is.
    pub stream: Stream,
    /// The stream's numbering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
    /// The event's place. Without one it is lossy and moves no position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// By whom; absent: by the clock or the instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<UserId>,
}

const fn first_version() -> u32 {
    1
}

/// The id of a deleted object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "GoneOf{T}"))]
pub struct Gone<T> {
    /// Which.
    pub id: T,
}

/// A deleted message, by id and place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeletedMessage {
    /// Its id.
    pub id: MessageId,
    /// Its place.
    pub seq: Seq,
}

/// A message as far as unread counts need it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ActivityMessage {
    /// Its id.
    pub id: MessageId,
    /// Its place.
    pub seq: Seq,
    /// Who wrote it.
    pub author_id: UserId,
    /// Whom it tells.
    #[serde(default)]
    pub mentions: Mentions,
}

/// What an event says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "event")]
#[non_exhaustive]
pub enum EventBody {
    /// A message began.
    #[serde(rename = "message.created")]
    MessageCreated {
        /// It, as it is now.
        message: Message,
        /// The message it answers, as it is now, its content cut at 200 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        referenced: Option<Box<Message>>,
    },
    /// A message's content changed.
    #[serde(rename = "message.updated")]
    MessageUpdated {
        /// It, as it is now.
        message: Message,
        /// The message it answers, as it is now, its content cut at 200 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        referenced: Option<Box<Message>>,
    },
    /// Messages became tombstones.
    #[serde(rename = "message.deleted")]
    MessageDeleted {
        /// 1-100 of them.
        messages: Vec<DeletedMessage>,
        /// By whom.
        by: DeletedBy,
    },
    /// Everything up to a place is gone.
    #[serde(rename = "history.purged")]
    HistoryPurged {
        /// The last place that is gone.
        through: Seq,
        /// Why.
        reason: PurgeReason,
    },
    /// A server began.
    #[serde(rename = "server.created")]
    ServerCreated {
        /// It.
        server: Server,
    },
    /// A server changed.
    #[serde(rename = "server.updated")]
    ServerUpdated {
        /// It.
        server: Server,
    },
    /// A server is gone.
    #[serde(rename = "server.deleted")]
    ServerDeleted {
        /// Which.
        server: Gone<ServerId>,
    },
    /// A channel began.
    #[serde(rename = "channel.created")]
    ChannelCreated {
        /// It.
        channel: Channel,
    },
    /// A channel changed.
    #[serde(rename = "channel.updated")]
    ChannelUpdated {
        /// It.
        channel: Channel,
    },
    /// A channel is gone.
    #[serde(rename = "channel.deleted")]
    ChannelDeleted {
        /// Which.
        channel: Gone<ChannelId>,
    },
    /// A category began.
    #[serde(rename = "category.created")]
    CategoryCreated {
        /// It.
        category: Category,
    },
    /// A category changed.
    #[serde(rename = "category.updated")]
    CategoryUpdated {
        /// It.
        category: Category,
    },
    /// A category is gone.
    #[serde(rename = "category.deleted")]
    CategoryDeleted {
        /// Which.
        category: Gone<CategoryId>,
    },
    /// A role began.
    #[serde(rename = "role.created")]
    RoleCreated {
        /// It.
        role: Role,
    },
    /// A role changed.
    #[serde(rename = "role.updated")]
    RoleUpdated {
        /// It.
        role: Role,
    },
    /// A role is gone.
    #[serde(rename = "role.deleted")]
    RoleDeleted {
        /// Which.
        role: Gone<RoleId>,
    },
    /// Somebody joined.
    #[serde(rename = "member.joined")]
    MemberJoined {
        /// The membership.
        member: Member,
        /// Who that is.
        user: User,
    },
    /// A member's nickname, roles or timeout changed.
    #[serde(rename = "member.updated")]
    MemberUpdated {
        /// The membership.
        #[serde(flatten)]
        member: Member,
    },
    /// A membership ended.
    #[serde(rename = "member.removed")]
    MemberRemoved {
        /// Whose.
        user_id: UserId,
        /// Why.
        cause: RemovalCause,
    },
    /// Somebody was banned.
    #[serde(rename = "member.banned")]
    MemberBanned {
        /// Who.
        user_id: UserId,
        /// Their messages younger than this go too.
        delete_messages_s: u32,
    },
    /// A person is in a server from now on.
    #[serde(rename = "server.joined")]
    ServerJoined {
        /// Which.
        server_id: ServerId,
        /// The server's seq of the joining.
        server_seq: Seq,
    },
    /// A person is in a server no more.
    #[serde(rename = "server.left")]
    ServerLeft {
        /// Which.
        server_id: ServerId,
        /// The server's seq of the end.
        server_seq: Seq,
        /// Why.
        cause: RemovalCause,
    },
    /// Somebody types; forgotten after 8 s. Lossy.
    #[serde(rename = "typing.started")]
    TypingStarted {
        /// Who.
        user_id: UserId,
    },
    /// Somebody came or went. Lossy.
    #[serde(rename = "presence.changed")]
    PresenceChanged {
        /// Who.
        user_id: UserId,
        /// What they are now.
        status: Presence,
    },
    /// Somebody's profile changed. Lossy.
    #[serde(rename = "user.updated")]
    UserUpdated {
        /// The profile.
        user: User,
    },
    /// A channel of the server has news. Lossy.
    #[serde(rename = "channel.activity")]
    ChannelActivity {
        /// Which channel.
        channel_id: ChannelId,
        /// The news begin behind this place.
        after: Seq,
        /// The news end here.
        head: Seq,
        /// Messages that began.
        #[serde(default)]
        created: Vec<ActivityMessage>,
        /// Messages that became tombstones.
        #[serde(default)]
        deleted: Vec<Seq>,
    },
    /// A read position moved on another device. Lossy.
    #[serde(rename = "read_state.changed")]
    ReadStateChanged {
        /// Where.
        channel_id: ChannelId,
        /// How far.
        read_seq: Seq,
        /// Counts the moves backwards. Not `version`, which is that of the body.
        read_version: u64,
    },
    /// The session's token ends soon.
    #[serde(rename = "session.expiring")]
    SessionExpiring {
        /// When it ends.
        expires_at: Timestamp,
    },
    /// Events the follower misses: to be fetched, or gone. Counted as had.
    #[serde(rename = "gap")]
    Gap {
        /// First place.
        from: Seq,
        /// Last place.
        to: Seq,
        /// Why.
        reason: GapReason,
    },
    /// Events that exist and are not for this follower. Counted as had.
    #[serde(rename = "skip")]
    Skip {
        /// First place.
        from: Seq,
        /// Last place.
        to: Seq,
    },
    /// The subscription is over.
    #[serde(rename = "ended")]
    Ended {
        /// Why.
        code: EndCode,
    },
    /// An event of a newer version.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

impl EventBody {
    /// The event's name on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::MessageCreated { .. } => "message.created",
            Self::MessageUpdated { .. } => "message.updated",
            Self::MessageDeleted { .. } => "message.deleted",
            Self::HistoryPurged { .. } => "history.purged",
            Self::ServerCreated { .. } => "server.created",
            Self::ServerUpdated { .. } => "server.updated",
            Self::ServerDeleted { .. } => "server.deleted",
            Self::ChannelCreated { .. } => "channel.created",
            Self::ChannelUpdated { .. } => "channel.updated",
            Self::ChannelDeleted { .. } => "channel.deleted",
            Self::CategoryCreated { .. } => "category.created",
            Self::CategoryUpdated { .. } => "category.updated",
            Self::CategoryDeleted { .. } => "category.deleted",
            Self::RoleCreated { .. } => "role.created",
            Self::RoleUpdated { .. } => "role.updated",
            Self::RoleDeleted { .. } => "role.deleted",
            Self::MemberJoined { .. } => "member.joined",
            Self::MemberUpdated { .. } => "member.updated",
            Self::MemberRemoved { .. } => "member.removed",
            Self::MemberBanned { .. } => "member.banned",
            Self::ServerJoined { .. } => "server.joined",
            Self::ServerLeft { .. } => "server.left",
            Self::TypingStarted { .. } => "typing.started",
            Self::PresenceChanged { .. } => "presence.changed",
            Self::UserUpdated { .. } => "user.updated",
            Self::ChannelActivity { .. } => "channel.activity",
            Self::ReadStateChanged { .. } => "read_state.changed",
            Self::SessionExpiring { .. } => "session.expiring",
            Self::Gap { .. } => "gap",
            Self::Skip { .. } => "skip",
            Self::Ended { .. } => "ended",
            Self::Unknown => "unknown",
        }
    }
}

words!(/// Why a `gap` is told.
GapReason {
    /// The events are gone.
    Purged = "purged",
    /// The follower is too far behind; history has them.
    TooFar = "too-far",
    /// The follower's position belongs to another numbering.
    Epoch = "epoch",
});
words!(/// Why a subscription ended.
EndCode {
    /// The follower left the server.
    Left = "left",
    /// They were kicked.
    Kicked = "kicked",
    /// They were banned.
    Banned = "banned",
    /// They were suspended.
    Suspended = "suspended",
    /// The channel is gone.
    ChannelDeleted = "channel-deleted",
    /// The server is gone.
    ServerDeleted = "server-deleted",
    /// They may not view it any more.
    AccessLost = "access-lost",
    /// They signed out.
    SessionEnded = "session-ended",
});

#[cfg(test)]
mod tests;
