//! Joining, leaving, kicking, banning, and what moderators set.

use std::time::Duration;

use super::{Decision, require};
use crate::{
    common::{
        Permission, Timestamp, UserId,
        actor::Actor,
        community::{JoinPolicy, Member, UserKind},
        event::{RemovalCause, ServerChange},
        name::{Nickname, Reason},
    },
    server::{
        error::Refusal,
        port::inbound::{NewBan, Patch},
        view::{Ban, Change, Person, ServerView},
    },
};

/// Servers one person may be in.
pub(in crate::server) const SERVERS: u64 = 100;
/// The shortest and longest timeout.
const TIMEOUT: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(28 * 24 * 3600));
/// Messages that a ban takes along are at most this old.
const DELETE_MESSAGES_S: u32 = 604_800;

/// A new membership of somebody who is none yet. A timeout that outlived an older one goes on.
pub(super) fn enter(view: &ServerView, user: UserId, now: Timestamp) -> Result<Change, Refusal> {
    let Person { user: profile, timeout_until, servers, .. } = view.person(user);
    let profile = profile.ok_or(Refusal::UserNotFound)?;
    if servers >= SERVERS {
        return Err(Refusal::LimitReached { what: "servers you are in", limit: SERVERS });
    }
    let member = Member { user, nickname: None, roles: Vec::new(), joined_at: now, timeout_until };
    Ok(Change::Event(ServerChange::MemberJoined { member, user: profile }))
}

pub(super) fn check_ban(view: &ServerView, user: UserId, now: Timestamp) -> Result<(), Refusal> {
    match view.person(user).ban {
        Some(ban) if ban.holds(now) => Err(Refusal::Banned),
        _ => Ok(()),
    }
}

/// Joins by the invite in view; who is a member already uses nothing up. Unknown, expired and used-up ones look alike, so
/// whatever else stands in the way is said only of one that lives.
pub fn join_by_invite(view: &ServerView, actor: Actor, now: Timestamp) -> Decision {
    let invite = view.invite.as_ref().ok_or(Refusal::InviteNotFound)?;
    check_ban(view, actor.user, now)?;
    if view.member(actor.user).is_some() {
        return Ok(Vec::new());
    }
    if !invite.lives(now) {
        return Err(Refusal::InviteNotFound);
    }
    if actor.kind == UserKind::Bot {
        return Err(Refusal::BotRefused);
    }
    Ok(vec![Change::InviteUsed(invite.code.clone()), enter(view, actor.user, now)?])
}

/// Joins an open server. Others are hidden from outsiders.
pub fn join_open(view: &ServerView, actor: Actor, now: Timestamp) -> Decision {
    if view.member(actor.user).is_some() {
        return Ok(Vec::new());
    }
    if view.server.join_policy != JoinPolicy::Open {
        return Err(Refusal::ServerNotFound);
    }
    check_ban(view, actor.user, now)?;
    if actor.kind == UserKind::Bot {
        return Err(Refusal::BotRefused);
    }
    Ok(vec![enter(view, actor.user, now)?])
}

/// Leaves. The owner cannot.
pub fn leave(view: &ServerView, actor: Actor) -> Decision {
    if !view.is_seen_by(actor) {
        return Err(Refusal::ServerNotFound);
    }
    if view.member(actor.user).is_none() {
        return Err(Refusal::MemberNotFound);
    }
    if view.server.owner == actor.user {
        return Err(Refusal::OwnerCannotLeave);
    }
    Ok(vec![removed(actor.user, RemovalCause::Left)])
}

pub(super) const fn removed(user: UserId, cause: RemovalCause) -> Change {
    Change::Event(ServerChange::MemberRemoved { user, cause })
}

/// Guard G2: only somebody below one's own rank, and never the owner.
fn require_above(view: &ServerView, actor: Actor, target: UserId, now: Timestamp) -> Result<(), Refusal> {
    let own = view.rank(actor.user, actor.admin, now);
    let theirs = view.rank(target, false, now);
    if target == view.server.owner || target == actor.user || !own.acts_on(theirs) {
        return Err(Refusal::Hierarchy);
    }
    Ok(())
}

/// Ends a membership; the invites they made go with it.
pub fn kick(view: &ServerView, actor: Actor, target: UserId, now: Timestamp) -> Decision {
    require(view, actor, Permission::KickMembers, now)?;
    if view.member(target).is_none() {
        return Err(Refusal::MemberNotFound);
    }
    require_above(view, actor, target, now)?;
    Ok(vec![Change::InvitesOfDeleted(target), removed(target, RemovalCause::Kicked)])
}

/// Bans somebody, member or not.
pub fn ban(view: &ServerView, actor: Actor, target: UserId, new: &NewBan, now: Timestamp) -> Decision {
    require(view, actor, Permission::BanMembers, now)?;
    let reason = Reason::parse(&new.reason).map_err(|error| Refusal::name("/reason", &error))?.into_string();
    if new.delete_messages_s > DELETE_MESSAGES_S {
        let detail = format!("a ban takes messages of at most {DELETE_MESSAGES_S} seconds along");
        return Err(Refusal::Invalid { pointer: "/delete_messages_s", detail });
    }
    if new.expires_in_s == Some(0) {
        let detail = "a ban holds for at least a second, or for ever".to_owned();
        return Err(Refusal::Invalid { pointer: "/expires_in_s", detail });
    }
    if view.person(target).user.is_none() {
        return Err(Refusal::UserNotFound);
    }
    require_above(view, actor, target, now)?;
    let expires_at = new.expires_in_s.map(|seconds| now.after(Duration::from_secs(seconds)));
    let mut changes = vec![
        Change::BanSet(Ban { user: target, reason, created_by: actor.user, expires_at }),
        Change::InvitesOfDeleted(target),
    ];
    if view.member(target).is_some() {
        changes.push(removed(target, RemovalCause::Banned));
    }
    let delete_messages_s = new.delete_messages_s;
    changes.push(Change::Event(ServerChange::MemberBanned { user: target, delete_messages_s }));
    Ok(changes)
}

/// Lifts a ban.
pub fn lift_ban(view: &ServerView, actor: Actor, target: UserId, now: Timestamp) -> Decision {
    require(view, actor, Permission::BanMembers, now)?;
    match view.person(target).ban {
        Some(ban) if ban.holds(now) => Ok(vec![Change::BanLifted(target)]),
        _ => Err(Refusal::BanNotFound),
    }
}

/// Sets a nickname, one's own or another's, and a timeout.
pub fn update(
    view: &ServerView,
    actor: Actor,
    target: UserId,
    nickname: Patch<String>,
    timeout_until: Patch<Timestamp>,
    now: Timestamp,
) -> Decision {
    if !view.is_seen_by(actor) {
        return Err(Refusal::ServerNotFound);
    }
    let before = view.member(target).ok_or(Refusal::MemberNotFound)?;
    let mut member = before.clone();
    if nickname != Patch::Keep {
        if target == actor.user {
            require(view, actor, Permission::ChangeNickname, now)?;
        } else {
            require(view, actor, Permission::ManageMembers, now)?;
            require_above(view, actor, target, now)?;
        }
        if let Patch::Set(name) = &nickname {
            Nickname::parse(name).map_err(|error| Refusal::name("/nickname", &error))?;
        }
        nickname.apply(&mut member.nickname);
    }
    if timeout_until != Patch::Keep {
        check_timeout(view, actor, target, timeout_until, now)?;
        timeout_until.apply(&mut member.timeout_until);
    }
    if member == *before {
        return Ok(Vec::new());
    }
    Ok(vec![Change::Event(ServerChange::MemberUpdated(member))])
}

fn check_timeout(
    view: &ServerView,
    actor: Actor,
    target: UserId,
    until: Patch<Timestamp>,
    now: Timestamp,
) -> Result<(), Refusal> {
    require(view, actor, Permission::TimeoutMembers, now)?;
    require_above(view, actor, target, now)?;
    let Patch::Set(until) = until else { return Ok(()) };
    let standing = view.standing(target, false, None, Timestamp::from_millis(i64::MAX));
    if crate::common::access::allows(&standing, Permission::Administrator) {
        return Err(Refusal::Hierarchy);
    }
    let span = until.since(now);
    if span < TIMEOUT.0 || span > TIMEOUT.1 {
        let detail = "a timeout lasts 60 seconds to 28 days".to_owned();
        return Err(Refusal::Invalid { pointer: "/timeout_until", detail });
    }
    Ok(())
}
