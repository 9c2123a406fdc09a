//! The community as it is published: what the server service owns and the chat service keeps a copy of.

use super::{CategoryId, ChannelId, Permissions, RoleId, ServerId, Timestamp, UserId};

/// Whether somebody is a person or a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UserKind {
    /// A human being.
    Person,
    /// A program that signed in with the realm role `echopulse-bot`.
    Bot,
}

/// A person or bot of the instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Ours, for ever.
    pub id: UserId,
    /// Unique in the instance, 1-32 of `a-z 0-9 . _ -`.
    pub username: String,
    /// 1-32 characters.
    pub display_name: String,
    /// 0-300 characters.
    pub bio: String,
    /// Person or bot.
    pub kind: UserKind,
    /// When we first met them.
    pub created_at: Timestamp,
}

/// Who may join without an invite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JoinPolicy {
    /// Nobody.
    Invite,
    /// Anybody who is signed in.
    Open,
}

/// What a member is told about, unless they chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// Every message.
    All,
    /// Mentions.
    Mentions,
    /// Nothing.
    None,
}

/// A server: a community.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its id.
    pub id: ServerId,
    /// 1-100 characters.
    pub name: String,
    /// 0-300 characters.
    pub description: String,
    /// The owner, a member and no bot.
    pub owner: UserId,
    /// Who may join without an invite.
    pub join_policy: JoinPolicy,
    /// What members are told about, unless they chose. Never [`Level::None`].
    pub default_level: Level,
    /// Days that messages are kept, 1-3650; `None`: for ever.
    pub retention_days: Option<u16>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A heading in the list of channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// Its id.
    pub id: CategoryId,
    /// 1-50 characters.
    pub name: String,
    /// Place in the list, from 0.
    pub position: u32,
}

/// What a channel is shown as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChannelKind {
    /// Everybody talks.
    Text,
    /// Made with an override that denies SEND_MESSAGES to @everyone; no other difference.
    Announcement,
}

/// Whom an override speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OverrideTarget {
    /// Holders of a role, @everyone included.
    Role(RoleId),
    /// One member.
    Member(UserId),
}

/// A channel's exception to the roles' permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Override {
    /// Whom it speaks of.
    pub target: OverrideTarget,
    /// What it adds.
    pub allow: Permissions,
    /// What it takes away.
    pub deny: Permissions,
}

/// A channel of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Its id.
    pub id: ChannelId,
    /// Text or announcement.
    pub kind: ChannelKind,
    /// 1-64 characters, unique in the server.
    pub name: String,
    /// 0-1024 characters.
    pub topic: String,
    /// The heading it stands under.
    pub category: Option<CategoryId>,
    /// Place in the list, from 0.
    pub position: u32,
    /// Seconds between two messages of one person, 0-21600.
    pub slow_mode_s: u32,
    /// Days that messages are kept; `None`: the server's.
    pub retention_days: Option<u16>,
    /// Exceptions, at most 100.
    pub overrides: Vec<Override>,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its id; @everyone has the server's.
    pub id: RoleId,
    /// 1-50 characters, unique in the server.
    pub name: String,
    /// 0-200 characters.
    pub description: String,
    /// `0xrrggbb`.
    pub colour: Option<u32>,
    /// What it grants.
    pub permissions: Permissions,
    /// 0 is @everyone, 1 the lowest of the others.
    pub position: u32,
    /// Whether everybody may mention it.
    pub mentionable: bool,
}

/// A membership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// 1-32 characters.
    pub nickname: Option<String>,
    /// Roles beside @everyone, at most 50.
    pub roles: Vec<RoleId>,
    /// When they joined.
    pub joined_at: Timestamp,
    /// Silenced until then.
    pub timeout_until: Option<Timestamp>,
}
