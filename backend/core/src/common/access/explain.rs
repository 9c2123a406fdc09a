//! One permission, with every step that led to the answer.

use super::{NOT_FOR_ADMINS, Standing};
use crate::common::{
    Permission, Permissions, RoleId, UserId,
    community::{Override, OverrideTarget},
};

/// A step of the resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Banned from the instance.
    Suspended,
    /// Manages any server.
    InstanceAdmin,
    /// No membership.
    NotMember,
    /// Owns the server.
    Owner,
    /// What @everyone holds.
    Everyone,
    /// What the member's roles add.
    Roles,
    /// Everything, by ADMINISTRATOR.
    Administrator,
    /// The channel's override for @everyone.
    OverrideEveryone,
    /// The channel's overrides for the member's roles.
    OverrideRoles,
    /// The channel's override for the member.
    OverrideMember,
    /// Nothing without VIEW_CHANNEL.
    NeedsView,
    /// No MENTION_EVERYONE without SEND_MESSAGES.
    NeedsSend,
    /// Silenced for a while.
    Timeout,
}

impl Rule {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Suspended => "suspended",
            Self::InstanceAdmin => "instance-admin",
            Self::NotMember => "not-member",
            Self::Owner => "owner",
            Self::Everyone => "everyone",
            Self::Roles => "roles",
            Self::Administrator => "administrator",
            Self::OverrideEveryone => "override-everyone",
            Self::OverrideRoles => "override-roles",
            Self::OverrideMember => "override-member",
            Self::NeedsView => "needs-view",
            Self::NeedsSend => "needs-send",
            Self::Timeout => "timeout",
        }
    }
}

/// Who speaks in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// A role.
    Role(RoleId),
    /// A member's own override.
    Member(UserId),
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Allows.
    Grant,
    /// Forbids.
    Deny,
    /// Says nothing.
    None,
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub rule: Rule,
    /// Who speaks.
    pub source: Option<Source>,
    /// What it does.
    pub effect: Effect,
    /// The answer after it.
    pub allowed: bool,
    /// For a step that needs another permission: what decided that one.
    pub cause: Option<Rule>,
}

/// An answer and how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The answer.
    pub allowed: bool,
    /// The step that last changed the answer, else the first.
    pub decided_by: Rule,
    /// Every step, in order.
    pub chain: Vec<Step>,
}

struct Chain {
    allowed: bool,
    decided_by: Rule,
    steps: Vec<Step>,
}

impl Chain {
    fn step(&mut self, rule: Rule, source: Option<Source>, effect: Effect, cause: Option<Rule>) {
        let allowed = match effect {
            Effect::Grant => true,
            Effect::Deny => false,
            Effect::None => self.allowed,
        };
        if allowed != self.allowed {
            self.decided_by = rule;
        }
        self.allowed = allowed;
        self.steps.push(Step { rule, source, effect, allowed, cause });
    }

    /// A step that ends the resolution.
    fn decide(mut self, rule: Rule, effect: Effect) -> Explanation {
        self.step(rule, None, effect, None);
        self.decided_by = rule;
        self.end()
    }

    fn end(self) -> Explanation {
        Explanation { allowed: self.allowed, decided_by: self.decided_by, chain: self.steps }
    }
}

/// Explains one permission.
#[must_use]
pub fn explain(standing: &Standing<'_>, permission: Permission) -> Explanation {
    let mut chain = Chain { allowed: false, decided_by: Rule::Everyone, steps: Vec::new() };
    if standing.suspended {
        return chain.decide(Rule::Suspended, Effect::Deny);
    }
    if standing.instance_admin && !NOT_FOR_ADMINS.contains(permission) {
        return chain.decide(Rule::InstanceAdmin, Effect::Grant);
    }
    if standing.member.is_none() {
        return chain.decide(Rule::NotMember, Effect::Deny);
    }
    if standing.owner {
        return chain.decide(Rule::Owner, Effect::Grant);
    }
    let administrator = roles(&mut chain, standing, permission);
    if administrator && (permission != Permission::DeleteServer || chain.allowed) {
        return chain.decide(Rule::Administrator, Effect::Grant);
    }
    if administrator {
        return chain.end();
    }
    if standing.channel.is_some() {
        overrides(&mut chain, standing, permission);
        needs(&mut chain, standing, permission);
    }
    let silenced = standing.is_timed_out() && permission != Permission::ViewChannel;
    chain.step(Rule::Timeout, None, if silenced { Effect::Deny } else { Effect::None }, None);
    chain.end()
}

/// Steps 5 and 6. Answers whether the member is an ADMINISTRATOR.
fn roles(chain: &mut Chain, standing: &Standing<'_>, permission: Permission) -> bool {
    let grant = |set: Permissions| if set.contains(permission) { Effect::Grant } else { Effect::None };
    let everyone = standing.everyone();
    chain.step(Rule::Everyone, standing.everyone_id().map(Source::Role), grant(everyone), None);
    let held = standing.held();
    let speaking: Vec<_> = held.iter().filter(|role| role.permissions.contains(permission)).collect();
    for role in &speaking {
        chain.step(Rule::Roles, Some(Source::Role(role.id)), Effect::Grant, None);
    }
    if speaking.is_empty() {
        chain.step(Rule::Roles, None, Effect::None, None);
    }
    let is_administrator = |set: Permissions| set.contains(Permission::Administrator);
    is_administrator(everyone) || held.iter().any(|role| is_administrator(role.permissions))
}

/// Steps 8 to 10.
fn overrides(chain: &mut Chain, standing: &Standing<'_>, permission: Permission) {
    let counts = Permissions::OVERRIDABLE.contains(permission);
    let denies = |entry: &Override| counts && entry.deny.contains(permission);
    let allows = |entry: &Override| counts && entry.allow.contains(permission);
    let effect = |entry: Option<&Override>| match entry {
        Some(entry) if allows(entry) => Effect::Grant,
        Some(entry) if denies(entry) => Effect::Deny,
        _ => Effect::None,
    };
    let everyone = standing.everyone_id();
    let entry = everyone.and_then(|id| standing.override_of(OverrideTarget::Role(id)));
    chain.step(Rule::OverrideEveryone, everyone.map(Source::Role), effect(entry), None);

    let held = standing.held();
    let mut spoke = false;
    for (speaks, effect) in [(&denies as &dyn Fn(&Override) -> bool, Effect::Deny), (&allows, Effect::Grant)]
    {
        for role in &held {
            if standing.override_of(OverrideTarget::Role(role.id)).is_some_and(speaks) {
                chain.step(Rule::OverrideRoles, Some(Source::Role(role.id)), effect, None);
                spoke = true;
            }
        }
    }
    if !spoke {
        chain.step(Rule::OverrideRoles, None, Effect::None, None);
    }
    if let Some(member) = standing.member {
        let entry = standing.override_of(OverrideTarget::Member(member.user));
        chain.step(Rule::OverrideMember, Some(Source::Member(member.user)), effect(entry), None);
    }
}

/// Step 11.
fn needs(chain: &mut Chain, standing: &Standing<'_>, permission: Permission) {
    // The needed permission is looked at without the timeout, which comes behind it.
    let settled = Standing { now: crate::common::Timestamp::from_millis(i64::MAX), ..*standing };
    let mut need = |rule, needed| {
        let found = explain(&settled, needed);
        let (effect, cause) =
            if found.allowed { (Effect::None, None) } else { (Effect::Deny, Some(found.decided_by)) };
        chain.step(rule, None, effect, cause);
    };
    if Permissions::OVERRIDABLE.contains(permission) && permission != Permission::ViewChannel {
        need(Rule::NeedsView, Permission::ViewChannel);
    }
    if permission == Permission::MentionEveryone {
        need(Rule::NeedsSend, Permission::SendMessages);
    }
}
