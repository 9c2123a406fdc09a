//! The guards G1 to G3: who stands above whom.

use super::Standing;
use crate::common::Permissions;

/// How high somebody stands in a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// The position of the highest role; 0 without one.
    Position(u32),
    /// The owner, or an instance admin: above all roles.
    Above,
}

impl Rank {
    /// The rank of somebody.
    #[must_use]
    pub fn of(standing: &Standing<'_>) -> Self {
        if standing.owner || standing.instance_admin {
            return Self::Above;
        }
        Self::Position(standing.held().first().map_or(0, |role| role.position))
    }

    /// G1: whether a role at `position` may be changed, ordered, given or taken. Ask for the position before and after.
    #[must_use]
    pub fn manages(self, position: u32) -> bool {
        Self::Position(position) < self
    }

    /// G2: whether somebody of rank `target` may be kicked, banned, timed out, renamed or given roles. Never the owner, which
    /// the caller checks first: an instance admin ranks like one.
    #[must_use]
    pub fn acts_on(self, target: Self) -> bool {
        target < self
    }
}

/// G3: whether everything that changes between two sets is something the actor has.
#[must_use]
pub fn hands_out_only(actor: Permissions, before: Permissions, after: Permissions) -> bool {
    before.without(after).union(after.without(before)).without(actor).is_empty()
}
