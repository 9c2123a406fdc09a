//! The names of permissions, in the order of the wire.

use serde::{Deserialize, Serialize};

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $wire:literal,)*) => {
        /// One right of a member. A name from a newer version is [`Permission::Unknown`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[non_exhaustive]
        pub enum Permission {
            $($(#[$doc])* #[serde(rename = $wire)] $name,)*
            /// A permission that this version does not know.
            #[serde(other, rename = "UNKNOWN")]
            #[cfg_attr(feature = "schema", schemars(skip))]
            Unknown,
        }

        impl Permission {
            /// Every permission this version knows, in the order of the wire.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $wire,)* Self::Unknown => "UNKNOWN" }
            }
        }
    };
}

permissions! {
    /// Everything but deleting the server.
    Administrator = "ADMINISTRATOR",
    /// Delete the server.
    DeleteServer = "DELETE_SERVER",
    /// Settings, all invites, adding bots.
    ManageServer = "MANAGE_SERVER",
    /// Roles below one's own, and overrides.
    ManageRoles = "MANAGE_ROLES",
    /// Channels and categories.
    ManageChannels = "MANAGE_CHANNELS",
    /// Roles and nicknames of others.
    ManageMembers = "MANAGE_MEMBERS",
    /// End a membership.
    KickMembers = "KICK_MEMBERS",
    /// Ban, lift bans, list them.
    BanMembers = "BAN_MEMBERS",
    /// Silence a member for a while.
    TimeoutMembers = "TIMEOUT_MEMBERS",
    /// Read the audit log.
    ViewAuditLog = "VIEW_AUDIT_LOG",
    /// Make and change webhooks.
    ManageWebhooks = "MANAGE_WEBHOOKS",
    /// Make invites.
    CreateInvite = "CREATE_INVITE",
    /// Set one's own nickname.
    ChangeNickname = "CHANGE_NICKNAME",
    /// See the channel and all its history.
    ViewChannel = "VIEW_CHANNEL",
    /// Post, edit one's own, type.
    SendMessages = "SEND_MESSAGES",
    /// React.
    AddReactions = "ADD_REACTIONS",
    /// Pin and unpin.
    PinMessages = "PIN_MESSAGES",
    /// Delete others' messages.
    ManageMessages = "MANAGE_MESSAGES",
    /// Mention @everyone and any role.
    MentionEveryone = "MENTION_EVERYONE",
    /// Not slowed by slow mode.
    BypassSlowMode = "BYPASS_SLOW_MODE",
}
