//! Servers, channels, roles, members, people.

use echopulse_core::{
    common::{self as core, community},
    server::view::Invite,
};
use echopulse_protocol::{event as wire, permission::Permission, rest};

use crate::ids::{
    category_id, category_id_from, channel_id, channel_id_from, role_id, role_id_from, server_id,
    server_id_from, time, time_from, user_id, user_id_from,
};

/// A set of permissions, as names in the order of the wire.
#[must_use]
pub fn permissions(set: core::Permissions) -> Vec<Permission> {
    let known = |permission: core::Permission| {
        Permission::ALL.iter().copied().find(|wire| wire.as_str() == permission.as_str())
    };
    set.iter().filter_map(known).collect()
}

/// Names as a set; unknown ones are left out.
#[must_use]
pub fn permissions_from(names: &[Permission]) -> core::Permissions {
    names.iter().filter_map(|name| name.as_str().parse().ok()).collect()
}

pub(crate) const fn user_kind(kind: community::UserKind) -> wire::UserKind {
    match kind {
        community::UserKind::Person => wire::UserKind::Person,
        community::UserKind::Bot => wire::UserKind::Bot,
    }
}

pub(crate) const fn user_kind_from(kind: wire::UserKind) -> community::UserKind {
    match kind {
        wire::UserKind::Bot => community::UserKind::Bot,
        _ => community::UserKind::Person,
    }
}

/// A person or bot.
#[must_use]
pub fn user(user: community::User) -> wire::User {
    wire::User {
        id: user_id(user.id),
        username: user.username,
        display_name: user.display_name,
        bio: user.bio,
        kind: user_kind(user.kind),
        created_at: time(user.created_at),
    }
}

/// A stored or published profile.
#[must_use]
pub fn user_from(user: wire::User) -> community::User {
    community::User {
        id: user_id_from(user.id),
        username: user.username,
        display_name: user.display_name,
        bio: user.bio,
        kind: user_kind_from(user.kind),
        created_at: time_from(user.created_at),
    }
}

/// Who may join without an invite.
#[must_use]
pub const fn join_policy(policy: community::JoinPolicy) -> wire::JoinPolicy {
    match policy {
        community::JoinPolicy::Invite => wire::JoinPolicy::Invite,
        community::JoinPolicy::Open => wire::JoinPolicy::Open,
    }
}

/// Who may join without an invite; `None` for an unknown word.
#[must_use]
pub const fn policy_from(policy: wire::JoinPolicy) -> Option<community::JoinPolicy> {
    match policy {
        wire::JoinPolicy::Invite => Some(community::JoinPolicy::Invite),
        wire::JoinPolicy::Open => Some(community::JoinPolicy::Open),
        _ => None,
    }
}

/// What members are told about.
#[must_use]
pub const fn level(level: community::Level) -> wire::Level {
    match level {
        community::Level::All => wire::Level::All,
        community::Level::Mentions => wire::Level::Mentions,
        community::Level::None => wire::Level::None,
    }
}

/// What members are told about; `None` for an unknown word.
#[must_use]
pub const fn level_from(level: wire::Level) -> Option<community::Level> {
    match level {
        wire::Level::All => Some(community::Level::All),
        wire::Level::Mentions => Some(community::Level::Mentions),
        wire::Level::None => Some(community::Level::None),
        _ => None,
    }
}

/// A server.
#[must_use]
pub fn server(server: community::Server) -> wire::Server {
    wire::Server {
        id: server_id(server.id),
        name: server.name,
        description: server.description,
        owner_id: user_id(server.owner),
        join_policy: join_policy(server.join_policy),
        default_level: level(server.default_level),
        retention_days: server.retention_days,
        created_at: time(server.created_at),
    }
}

/// A stored or published server.
#[must_use]
pub fn server_from(server: wire::Server) -> community::Server {
    community::Server {
        id: server_id_from(server.id),
        name: server.name,
        description: server.description,
        owner: user_id_from(server.owner_id),
        join_policy: policy_from(server.join_policy).unwrap_or(community::JoinPolicy::Invite),
        default_level: level_from(server.default_level).unwrap_or(community::Level::All),
        retention_days: server.retention_days,
        created_at: time_from(server.created_at),
    }
}

/// A heading.
#[must_use]
pub fn category(category: community::Category) -> wire::Category {
    wire::Category { id: category_id(category.id), name: category.name, position: category.position }
}

/// A stored or published heading.
#[must_use]
pub fn category_from(category: wire::Category) -> community::Category {
    community::Category {
        id: category_id_from(category.id),
        name: category.name,
        position: category.position,
    }
}

fn overriding(entry: community::Override) -> wire::Override {
    let (kind, id) = match entry.target {
        community::OverrideTarget::Role(role) => (wire::OverrideKind::Role, role.to_string()),
        community::OverrideTarget::Member(user) => (wire::OverrideKind::Member, user.to_string()),
    };
    wire::Override { kind, id, allow: permissions(entry.allow), deny: permissions(entry.deny) }
}

fn overriding_from(entry: &wire::Override) -> Option<community::Override> {
    let target = match entry.kind {
        wire::OverrideKind::Role => community::OverrideTarget::Role(entry.id.parse().ok()?),
        wire::OverrideKind::Member => community::OverrideTarget::Member(entry.id.parse().ok()?),
        _ => return None,
    };
    let (allow, deny) = (permissions_from(&entry.allow), permissions_from(&entry.deny));
    Some(community::Override { target, allow, deny })
}

/// A channel.
#[must_use]
pub fn channel(channel: community::Channel) -> wire::Channel {
    wire::Channel {
        id: channel_id(channel.id),
        kind: match channel.kind {
            community::ChannelKind::Text => wire::ChannelKind::Text,
            community::ChannelKind::Announcement => wire::ChannelKind::Announcement,
        },
        name: channel.name,
        topic: channel.topic,
        category_id: channel.category.map(category_id),
        position: channel.position,
        slow_mode_s: channel.slow_mode_s,
        retention_days: channel.retention_days,
        overrides: channel.overrides.into_iter().map(overriding).collect(),
    }
}

/// A stored or published channel.
#[must_use]
pub fn channel_from(channel: wire::Channel) -> community::Channel {
    community::Channel {
        id: channel_id_from(channel.id),
        kind: match channel.kind {
            wire::ChannelKind::Announcement => community::ChannelKind::Announcement,
            _ => community::ChannelKind::Text,
        },
        name: channel.name,
        topic: channel.topic,
        category: channel.category_id.map(category_id_from),
        position: channel.position,
        slow_mode_s: channel.slow_mode_s,
        retention_days: channel.retention_days,
        overrides: channel.overrides.iter().filter_map(overriding_from).collect(),
    }
}

/// A role.
#[must_use]
pub fn role(role: community::Role) -> wire::Role {
    wire::Role {
        id: role_id(role.id),
        name: role.name,
        description: role.description,
        colour: role.colour.map(|colour| format!("#{colour:06x}")),
        permissions: permissions(role.permissions),
        position: role.position,
        mentionable: role.mentionable,
    }
}

/// A stored or published role.
#[must_use]
pub fn role_from(role: wire::Role) -> community::Role {
    let hex = |colour: String| u32::from_str_radix(colour.strip_prefix('#')?, 16).ok();
    community::Role {
        id: role_id_from(role.id),
        name: role.name,
        description: role.description,
        colour: role.colour.and_then(hex),
        permissions: permissions_from(&role.permissions),
        position: role.position,
        mentionable: role.mentionable,
    }
}

/// A membership.
#[must_use]
pub fn member(member: community::Member) -> wire::Member {
    wire::Member {
        user_id: user_id(member.user),
        nickname: member.nickname,
        role_ids: member.roles.into_iter().map(role_id).collect(),
        joined_at: time(member.joined_at),
        timeout_until: member.timeout_until.map(time),
    }
}

/// A stored or published membership.
#[must_use]
pub fn member_from(member: wire::Member) -> community::Member {
    community::Member {
        user: user_id_from(member.user_id),
        nickname: member.nickname,
        roles: member.role_ids.into_iter().map(role_id_from).collect(),
        joined_at: time_from(member.joined_at),
        timeout_until: member.timeout_until.map(time_from),
    }
}

/// An invite.
#[must_use]
pub fn invite(invite: Invite) -> rest::Invite {
    rest::Invite {
        code: invite.code.as_str().to_owned(),
        server_id: server_id(invite.server),
        created_by: user_id(invite.created_by),
        created_at: time(invite.created_at),
        max_uses: invite.max_uses,
        max_age_s: invite.max_age_s,
        uses: invite.uses,
    }
}

/// A stored invite.
///
/// # Errors
///
/// Its code is none.
pub fn invite_from(invite: rest::Invite) -> Result<Invite, core::name::NameError> {
    Ok(Invite {
        code: core::name::InviteCode::parse(&invite.code)?,
        server: server_id_from(invite.server_id),
        created_by: user_id_from(invite.created_by),
        created_at: time_from(invite.created_at),
        max_uses: invite.max_uses,
        max_age_s: invite.max_age_s,
        uses: invite.uses,
    })
}
