//! Making and deleting invites.

use super::{Decision, require};
use crate::{
    common::{Permission, Timestamp, actor::Actor, name::InviteCode},
    server::{
        error::Refusal,
        view::{Change, Invite, ServerView},
    },
};

/// Live invites of one server at most.
const LIMIT: u64 = 1000;
/// Uses of one invite at most.
const USES: u32 = 1000;
/// The longest life of an invite: a year.
const AGE_S: u32 = 31_536_000;

/// Makes an invite.
pub fn create(
    view: &ServerView,
    actor: Actor,
    code: InviteCode,
    max_uses: u32,
    max_age_s: u32,
    now: Timestamp,
) -> Decision {
    require(view, actor, Permission::CreateInvite, now)?;
    if max_uses > USES {
        let detail = format!("an invite is used at most {USES} times, or any number of times (0)");
        return Err(Refusal::Invalid { pointer: "/max_uses", detail });
    }
    if max_age_s > AGE_S {
        let detail = format!("an invite lives at most {AGE_S} seconds, or for ever (0)");
        return Err(Refusal::Invalid { pointer: "/max_age_s", detail });
    }
    if view.live_invites >= LIMIT {
        return Err(Refusal::LimitReached { what: "invites", limit: LIMIT });
    }
    let created_by = actor.user;
    let server = view.server.id;
    let invite = Invite { code, server, created_by, created_at: now, max_uses, max_age_s, uses: 0 };
    Ok(vec![Change::InviteMade(invite)])
}

/// Deletes the invite in view: its maker may, and MANAGE_SERVER. Whoever may not see the server sees no invite.
pub fn delete(view: &ServerView, actor: Actor, now: Timestamp) -> Decision {
    let invite = view.invite.as_ref().filter(|_| view.is_seen_by(actor)).ok_or(Refusal::InviteNotFound)?;
    if invite.created_by != actor.user {
        require(view, actor, Permission::ManageServer, now)?;
    }
    Ok(vec![Change::InviteDeleted(invite.code.clone())])
}
