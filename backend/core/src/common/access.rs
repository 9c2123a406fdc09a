//! Who may do what: the resolution of `domain.md` section 2, as pure code.
//!
//! [`permissions`] answers the whole set, [`explain()`] one permission with every step that led to it; a test holds the two
//! against each other. The guards are [`Rank`].

mod explain;
mod rank;

pub use explain::{Effect, Explanation, Rule, Source, Step, explain};
pub use rank::{Rank, hands_out_only};

use super::{
    Permission, Permissions, RoleId, Timestamp,
    community::{Channel, Member, Override, OverrideTarget, Role},
};

/// What an instance admin does not get by being one: an admin manages, but does not read along.
const NOT_FOR_ADMINS: Permissions = Permissions::of(&[
    Permission::ViewChannel,
    Permission::SendMessages,
    Permission::AddReactions,
    Permission::PinMessages,
    Permission::MentionEveryone,
    Permission::BypassSlowMode,
]);

/// Everything that a person's rights in a server, or in one of its channels, depend on.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// Banned from the instance.
    pub suspended: bool,
    /// May manage any server.
    pub instance_admin: bool,
    /// Owns the server.
    pub owner: bool,
    /// The membership, if there is one.
    pub member: Option<&'a Member>,
    /// All roles of the server, @everyone included.
    pub roles: &'a [Role],
    /// The channel; `None`: the server itself.
    pub channel: Option<&'a Channel>,
    /// The present moment.
    pub now: Timestamp,
}

impl Standing<'_> {
    fn everyone(&self) -> Permissions {
        let everyone = self.roles.iter().find(|role| role.position == 0);
        everyone.map_or(Permissions::NONE, |role| role.permissions)
    }

    fn everyone_id(&self) -> Option<RoleId> {
        self.roles.iter().find(|role| role.position == 0).map(|role| role.id)
    }

    /// The member's roles beside @everyone, highest first.
    fn held(&self) -> Vec<&Role> {
        let ids = self.member.map_or(&[][..], |member| &member.roles);
        let mut held: Vec<_> =
            self.roles.iter().filter(|role| role.position > 0 && ids.contains(&role.id)).collect();
        held.sort_by_key(|role| std::cmp::Reverse(role.position));
        held
    }

    fn overrides(&self) -> &[Override] {
        self.channel.map_or(&[], |channel| &channel.overrides)
    }

    fn override_of(&self, target: OverrideTarget) -> Option<&Override> {
        self.overrides().iter().find(|entry| entry.target == target)
    }

    fn is_timed_out(&self) -> bool {
        self.member.and_then(|member| member.timeout_until).is_some_and(|until| until > self.now)
    }
}

/// Everything that a person may do.
#[must_use]
pub fn permissions(standing: &Standing<'_>) -> Permissions {
    if standing.suspended {
        return Permissions::NONE;
    }
    let as_member = member_permissions(standing);
    if standing.instance_admin {
        as_member.union(Permissions::ALL.without(NOT_FOR_ADMINS))
    } else {
        as_member
    }
}

/// Whether a person may do one thing.
#[must_use]
pub fn allows(standing: &Standing<'_>, permission: Permission) -> bool {
    permissions(standing).contains(permission)
}

fn member_permissions(standing: &Standing<'_>) -> Permissions {
    let Some(member) = standing.member else { return Permissions::NONE };
    if standing.owner {
        return Permissions::ALL;
    }
    let held = standing.held();
    let base = held.iter().fold(standing.everyone(), |set, role| set.union(role.permissions));
    if base.contains(Permission::Administrator) {
        let all = Permissions::ALL.without(Permissions::of(&[Permission::DeleteServer]));
        return all.union(base);
    }
    let mut set = base;
    if standing.channel.is_some() {
        let mut apply = |allow: Permissions, deny: Permissions| {
            let (allow, deny) =
                (allow.intersection(Permissions::OVERRIDABLE), deny.intersection(Permissions::OVERRIDABLE));
            set = set.without(deny).union(allow);
        };
        if let Some(entry) =
            standing.everyone_id().and_then(|id| standing.override_of(OverrideTarget::Role(id)))
        {
            apply(entry.allow, entry.deny);
        }
        let spoken = || held.iter().filter_map(|role| standing.override_of(OverrideTarget::Role(role.id)));
        let denied = spoken().fold(Permissions::NONE, |all, entry| all.union(entry.deny));
        let allowed = spoken().fold(Permissions::NONE, |all, entry| all.union(entry.allow));
        apply(allowed, denied);
        if let Some(entry) = standing.override_of(OverrideTarget::Member(member.user)) {
            apply(entry.allow, entry.deny);
        }
        if !set.contains(Permission::ViewChannel) {
            set = set.without(Permissions::OVERRIDABLE);
        }
        if !set.contains(Permission::SendMessages) {
            set = set.without(Permissions::of(&[Permission::MentionEveryone]));
        }
    }
    if standing.is_timed_out() {
        set = set.intersection(Permissions::of(&[Permission::ViewChannel]));
    }
    set
}

#[cfg(test)]
mod tests;
