//! What one service asks the other.

use echopulse_core::common::{actor, sign_out as core};
use echopulse_protocol::internal as wire;

use crate::{
    community::{user_kind, user_kind_from},
    time, time_from, user_id, user_id_from,
};

/// Somebody as their issuer describes them.
#[must_use]
pub fn identity(identity: actor::Identity) -> wire::Identity {
    wire::Identity {
        iss: identity.iss,
        sub: identity.sub,
        preferred_username: identity.preferred_username,
        name: identity.name,
        kind: user_kind(identity.kind),
        admin: identity.admin,
    }
}

/// The same in core.
#[must_use]
pub fn identity_from(identity: wire::Identity) -> actor::Identity {
    actor::Identity {
        iss: identity.iss,
        sub: identity.sub,
        preferred_username: identity.preferred_username,
        name: identity.name,
        kind: user_kind_from(identity.kind),
        admin: identity.admin,
    }
}

/// Who of ours somebody is.
#[must_use]
pub const fn actor(actor: actor::Actor) -> wire::Actor {
    wire::Actor { user_id: user_id(actor.user), kind: user_kind(actor.kind), admin: actor.admin }
}

/// The same in core.
#[must_use]
pub const fn actor_from(actor: wire::Actor) -> actor::Actor {
    actor::Actor { user: user_id_from(actor.user_id), kind: user_kind_from(actor.kind), admin: actor.admin }
}

/// A sign-in that ended.
#[must_use]
pub fn sign_out(it: core::SignOut) -> wire::SignOut {
    let ended = match it.ended {
        core::Ended::Session(sid) => wire::Ended::Session(sid),
        core::Ended::Subject(sub) => wire::Ended::Subject(sub),
    };
    wire::SignOut { iss: it.iss, ended, at: time(it.at), until: time(it.until) }
}

/// The same in core.
#[must_use]
pub fn sign_out_from(it: wire::SignOut) -> core::SignOut {
    let ended = match it.ended {
        wire::Ended::Session(sid) => core::Ended::Session(sid),
        wire::Ended::Subject(sub) => core::Ended::Subject(sub),
    };
    core::SignOut { iss: it.iss, ended, at: time_from(it.at), until: time_from(it.until) }
}
