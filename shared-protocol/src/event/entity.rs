//! The objects that events and REST answers carry.

use serde::{Deserialize, Serialize};

use crate::{
    id::{CategoryId, ChannelId, MessageId, RoleId, Seq, ServerId, Timestamp, UserId},
    permission::Permission,
};

/// Declares an enum of lower-case words whose unknown words read as `Unknown`.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)*
            /// A word of a newer version.
            #[serde(other, rename = "unknown")]
            #[cfg_attr(feature = "schema", schemars(skip))]
            Unknown,
        }

        impl $name {
            /// The word on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* Self::Unknown => "unknown" }
            }
        }
    };
}
pub(crate) use words;

words!(/// Whether somebody is a person or a program.
UserKind {
    /// A human being.
    Person = "person",
    /// A program.
    Bot = "bot",
    /// A webhook, as an author.
    Webhook = "webhook",
});
words!(/// Who may join without an invite.
JoinPolicy {
    /// Nobody.
    Invite = "invite",
    /// Anybody who is signed in.
    Open = "open",
});
words!(/// What a member is told about.
Level {
    /// Every message.
    All = "all",
    /// Mentions.
    Mentions = "mentions",
    /// Nothing.
    None = "none",
});
words!(/// What a channel is shown as.
ChannelKind {
    /// Everybody talks.
    Text = "text",
    /// Few talk.
    Announcement = "announcement",
});
words!(/// By whom a message was deleted.
DeletedBy {
    /// Its author.
    Author = "author",
    /// A moderator.
    Moderator = "moderator",
    /// A ban that took messages along.
    Ban = "ban",
    /// The deletion of its author's account.
    Erasure = "erasure",
});
words!(/// Why a membership ended.
RemovalCause {
    /// They left.
    Left = "left",
    /// A moderator ended it.
    Kicked = "kicked",
    /// They were banned.
    Banned = "banned",
    /// Their account, or the server, was deleted.
    Deleted = "deleted",
});
words!(/// Why messages were purged.
PurgeReason {
    /// Somebody asked.
    Purge = "purge",
    /// They were too old.
    Retention = "retention",
});
words!(/// Whether somebody is there.
Presence {
    /// Connected.
    Online = "online",
    /// Connected and silent.
    Idle = "idle",
    /// Not connected.
    Offline = "offline",
});
words!(/// Whom an override speaks of.
OverrideKind {
    /// Holders of a role.
    Role = "role",
    /// One member.
    Member = "member",
});

/// A person or bot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Unique in the instance.
    pub username: String,
    /// How they are shown.
    pub display_name: String,
    /// What they say about themselves.
    #[serde(default)]
    pub bio: String,
    /// Person or bot.
    pub kind: UserKind,
    /// When they were first met.
    pub created_at: Timestamp,
}

/// A server: a community.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Server {
    /// Its id.
    pub id: ServerId,
    /// 1-100 characters.
    pub name: String,
    /// 0-300 characters.
    #[serde(default)]
    pub description: String,
    /// The owner.
    pub owner_id: UserId,
    /// Who may join without an invite.
    pub join_policy: JoinPolicy,
    /// What members are told about, unless they chose.
    pub default_level: Level,
    /// Days that messages are kept; null: for ever.
    #[serde(default)]
    pub retention_days: Option<u16>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A heading in the list of channels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Category {
    /// Its id.
    pub id: CategoryId,
    /// 1-50 characters.
    pub name: String,
    /// Place in the list, from 0.
    pub position: u32,
}

/// A channel's exception to the roles' permissions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Override {
    /// Whether `id` is a role or a member.
    pub kind: OverrideKind,
    /// Whom it speaks of: the text of a role's or user's id.
    pub id: String,
    /// What it adds.
    #[serde(default)]
    pub allow: Vec<Permission>,
    /// What it takes away.
    #[serde(default)]
    pub deny: Vec<Permission>,
}

/// A channel of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Channel {
    /// Its id.
    pub id: ChannelId,
    /// Text or announcement.
    pub kind: ChannelKind,
    /// 1-64 characters, unique in the server.
    pub name: String,
    /// 0-1024 characters.
    #[serde(default)]
    pub topic: String,
    /// The heading it stands under.
    #[serde(default)]
    pub category_id: Option<CategoryId>,
    /// Place in the list, from 0.
    pub position: u32,
    /// Seconds between two messages of one person.
    #[serde(default)]
    pub slow_mode_s: u32,
    /// Days that messages are kept; null: the server's.
    #[serde(default)]
    pub retention_days: Option<u16>,
    /// Exceptions to the roles' permissions.
    #[serde(default)]
    pub overrides: Vec<Override>,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Role {
    /// Its id; @everyone has the server's.
    pub id: RoleId,
    /// 1-50 characters.
    pub name: String,
    /// 0-200 characters.
    #[serde(default)]
    pub description: String,
    /// `#rrggbb`, or null.
    #[serde(default)]
    pub colour: Option<String>,
    /// What it grants.
    pub permissions: Vec<Permission>,
    /// 0 is @everyone, 1 the lowest of the others.
    pub position: u32,
    /// Whether everybody may mention it.
    #[serde(default)]
    pub mentionable: bool,
}

/// A membership.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Member {
    /// Who.
    pub user_id: UserId,
    /// How they are shown in this server.
    #[serde(default)]
    pub nickname: Option<String>,
    /// Roles beside @everyone.
    #[serde(default)]
    pub role_ids: Vec<RoleId>,
    /// When they joined.
    pub joined_at: Timestamp,
    /// Silenced until then.
    #[serde(default)]
    pub timeout_until: Option<Timestamp>,
}

/// Who wrote a message, as shown now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Author {
    /// Their id.
    pub id: UserId,
    /// Person, bot or webhook.
    pub kind: UserKind,
    /// Nickname, else display name; empty for somebody who was deleted.
    pub name: String,
}

/// The message that another one answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReplyTo {
    /// Its id.
    pub id: MessageId,
    /// Its place.
    pub seq: Seq,
    /// Who wrote it.
    pub author_id: UserId,
}

/// Whom a message tells.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Mentions {
    /// People.
    #[serde(default)]
    pub users: Vec<UserId>,
    /// Roles.
    #[serde(default)]
    pub roles: Vec<RoleId>,
    /// Everybody who can view the channel.
    #[serde(default)]
    pub everyone: bool,
}

/// A message as it is now. A tombstone has `deleted_at` and no content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Where it stands.
    pub channel_id: ChannelId,
    /// Its place: the seq of its creation.
    pub seq: Seq,
    /// The seq of its last change.
    pub revision: Seq,
    /// Its author's own key for it.
    #[serde(default)]
    pub nonce: String,
    /// Who wrote it.
    pub author: Author,
    /// 1-4000 characters; empty in a tombstone.
    #[serde(default)]
    pub content: String,
    /// What it answers.
    #[serde(default)]
    pub reply_to: Option<ReplyTo>,
    /// Whom it tells.
    #[serde(default)]
    pub mentions: Mentions,
    /// Whether it is pinned.
    #[serde(default)]
    pub pinned: bool,
    /// When it was written.
    pub created_at: Timestamp,
    /// When its content last changed.
    #[serde(default)]
    pub edited_at: Option<Timestamp>,
    /// When it was deleted.
    #[serde(default)]
    pub deleted_at: Option<Timestamp>,
    /// By whom it was deleted.
    #[serde(default)]
    pub deleted_by: Option<DeletedBy>,
}

impl Message {
    /// Whether it is a tombstone.
    #[must_use]
    pub const fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }
}
