//! Making bots, letting them in, and taking them away.

use super::{
    Decision,
    member::{check_ban, enter, removed},
    require,
};
use crate::{
    common::{Permission, Timestamp, UserId, actor::Actor, community::UserKind, event::RemovalCause},
    server::{
        error::Refusal,
        view::{Bot, Change, ServerView},
    },
};

/// Bots that one server makes at most.
const LIMIT: usize = 50;

/// Whether the actor may make one more bot here. A bot makes none: whoever has its secret would have others, which outlive it.
pub fn check_new(view: &ServerView, actor: Actor, now: Timestamp) -> Result<(), Refusal> {
    require(view, actor, Permission::ManageServer, now)?;
    if actor.kind == UserKind::Bot {
        return Err(Refusal::BotRefused);
    }
    if view.bots.len() >= LIMIT {
        return Err(Refusal::LimitReached { what: "bots", limit: LIMIT as u64 });
    }
    Ok(())
}

/// Keeps a bot that was made at the issuer, and lets it in.
pub fn keep(view: &ServerView, actor: Actor, bot: Bot, now: Timestamp) -> Decision {
    check_new(view, actor, now)?;
    let joins = enter(view, bot.user, now)?;
    Ok(vec![Change::BotMade(bot), joins])
}

/// Adds a bot of the instance. It joins without roles; whoever is no bot joins by themselves.
pub fn add(view: &ServerView, actor: Actor, target: UserId, now: Timestamp) -> Decision {
    require(view, actor, Permission::ManageServer, now)?;
    if view.person(target).user.is_none_or(|user| user.kind != UserKind::Bot) {
        return Err(Refusal::UserNotFound);
    }
    if view.member(target).is_some() {
        return Ok(Vec::new());
    }
    check_ban(view, target, now)?;
    Ok(vec![enter(view, target, now)?])
}

/// Takes a bot that is no more out of a server, and out of the list if it was made there. Nobody's rights are asked: where it
/// was made they were.
pub fn retire(view: &ServerView, bot: UserId) -> Decision {
    let mut changes = vec![Change::InvitesOfDeleted(bot)];
    changes.extend(view.member(bot).map(|_| removed(bot, RemovalCause::Deleted)));
    changes.extend(view.bot(bot).map(|_| Change::BotGone(bot)));
    Ok(changes)
}
