//! The permissions of `domain.md` section 2, in the order of the wire.

use std::{fmt, str::FromStr};

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $wire:literal,)*) => {
        /// One right of a member.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission { $($(#[$doc])* $name,)* }

        impl Permission {
            /// Every permission, in the order of the wire.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $wire,)* }
            }
        }
    };
}

permissions! {
    /// Everything but [`Permission::DeleteServer`]; passes overrides, not the guards.
    Administrator = "ADMINISTRATOR",
    /// Delete the server; only the owner grants it.
    DeleteServer = "DELETE_SERVER",
    /// Settings, all invites, adding bots.
    ManageServer = "MANAGE_SERVER",
    /// Make, change, order, delete roles below one's own; overrides.
    ManageRoles = "MANAGE_ROLES",
    /// Make, change, order, purge, delete channels; categories.
    ManageChannels = "MANAGE_CHANNELS",
    /// Give and take roles, set nicknames of others.
    ManageMembers = "MANAGE_MEMBERS",
    /// End a membership.
    KickMembers = "KICK_MEMBERS",
    /// Ban, lift bans, list them.
    BanMembers = "BAN_MEMBERS",
    /// Silence a member for a while.
    TimeoutMembers = "TIMEOUT_MEMBERS",
    /// Read and verify the audit log.
    ViewAuditLog = "VIEW_AUDIT_LOG",
    /// Make, list, change, delete webhooks.
    ManageWebhooks = "MANAGE_WEBHOOKS",
    /// Make invites.
    CreateInvite = "CREATE_INVITE",
    /// Set one's own nickname.
    ChangeNickname = "CHANGE_NICKNAME",
    /// See the channel and all its history.
    ViewChannel = "VIEW_CHANNEL",
    /// Post, edit one's own, type.
    SendMessages = "SEND_MESSAGES",
    /// React, first or not.
    AddReactions = "ADD_REACTIONS",
    /// Pin and unpin.
    PinMessages = "PIN_MESSAGES",
    /// Delete others' messages, take away their reactions.
    ManageMessages = "MANAGE_MESSAGES",
    /// Mention @everyone and any role.
    MentionEveryone = "MENTION_EVERYONE",
    /// Not slowed by slow mode.
    BypassSlowMode = "BYPASS_SLOW_MODE",
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownPermission;

impl FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, UnknownPermission> {
        Self::ALL.iter().copied().find(|permission| permission.as_str() == text).ok_or(UnknownPermission)
    }
}

/// A set of permissions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Permissions(u32);

impl Permissions {
    /// No permission.
    pub const NONE: Self = Self(0);

    /// The set of `list`.
    #[must_use]
    pub const fn of(list: &[Permission]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < list.len() {
            bits |= 1 << list[at] as u32;
            at += 1;
        }
        Self(bits)
    }

    /// Every permission.
    pub const ALL: Self = Self::of(Permission::ALL);

    /// What a new server's @everyone holds.
    pub const EVERYONE: Self = Self::of(&[
        Permission::CreateInvite,
        Permission::ChangeNickname,
        Permission::ViewChannel,
        Permission::SendMessages,
        Permission::AddReactions,
    ]);

    /// Those that may stand in a channel's override.
    pub const OVERRIDABLE: Self = Self::of(&[
        Permission::ManageRoles,
        Permission::ManageChannels,
        Permission::ManageWebhooks,
        Permission::ViewChannel,
        Permission::SendMessages,
        Permission::AddReactions,
        Permission::PinMessages,
        Permission::ManageMessages,
        Permission::MentionEveryone,
        Permission::BypassSlowMode,
    ]);

    /// Whether `permission` is in the set.
    #[must_use]
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & 1 << permission as u32 != 0
    }

    /// What is in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in this set and not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// What is in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether the set holds nothing.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members of the set, in the order of the wire.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.contains(*permission))
    }

    /// The set as bits, for stores: bit n is the n-th permission of the wire's order.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The set with these bits; bits that name nothing are dropped.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits & Self::ALL.0)
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(list: I) -> Self {
        list.into_iter().fold(Self::NONE, |set, permission| set.union(Self::of(&[permission])))
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
