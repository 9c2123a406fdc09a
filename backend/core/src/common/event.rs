//! What the server service publishes: the words in which the two services talk.

use super::{
    CategoryId, ChannelId, Epoch, RoleId, Seq, ServerId, Timestamp, UserId,
    community::{Category, Channel, Member, Role, Server, User},
};

/// Why a membership ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RemovalCause {
    /// They left.
    Left,
    /// A moderator ended it.
    Kicked,
    /// They were banned.
    Banned,
    /// Their account was deleted.
    Deleted,
}

/// A change of a server, in its own dense numbering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerChange {
    /// The server began.
    ServerCreated(Server),
    /// Its fields changed.
    ServerUpdated(Server),
    /// It is gone.
    ServerDeleted(ServerId),
    /// A channel began.
    ChannelCreated(Channel),
    /// A channel's fields, place or overrides changed.
    ChannelUpdated(Channel),
    /// A channel is gone.
    ChannelDeleted(ChannelId),
    /// A category began.
    CategoryCreated(Category),
    /// A category changed.
    CategoryUpdated(Category),
    /// A category is gone; its channels stand free.
    CategoryDeleted(CategoryId),
    /// A role began.
    RoleCreated(Role),
    /// A role changed.
    RoleUpdated(Role),
    /// A role is gone.
    RoleDeleted(RoleId),
    /// Somebody joined. Carries the profile, so that a projection needs no second look.
    MemberJoined {
        /// The membership.
        member: Member,
        /// Who that is.
        user: User,
    },
    /// Nickname, roles or timeout changed.
    MemberUpdated(Member),
    /// A membership ended.
    MemberRemoved {
        /// Whose.
        user: UserId,
        /// Why.
        cause: RemovalCause,
    },
    /// Somebody, member or not, was banned.
    MemberBanned {
        /// Who.
        user: UserId,
        /// Their messages younger than this many seconds go too.
        delete_messages_s: u32,
    },
}

/// One numbered change of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerEvent {
    /// Whose stream.
    pub server: ServerId,
    /// The numbering.
    pub epoch: Epoch,
    /// The place.
    pub seq: Seq,
    /// When.
    pub at: Timestamp,
    /// By whom; `None`: by the clock or the instance.
    pub actor: Option<UserId>,
    /// What.
    pub change: ServerChange,
}
