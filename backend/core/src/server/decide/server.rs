//! Changing, handing over and deleting a server.

use super::{Decision, require};
use crate::{
    common::{
        Permission, Timestamp, UserId,
        actor::Actor,
        community::{Level, Server, UserKind},
        event::ServerChange,
        name::{ServerDescription, ServerName},
    },
    server::{
        error::Refusal,
        port::inbound::ServerPatch,
        view::{Change, ServerView},
    },
};

/// Checks how long messages are to be kept.
pub(super) fn check_retention(days: Option<u16>) -> Result<(), Refusal> {
    match days {
        Some(days) if !(1..=3650).contains(&days) => Err(Refusal::Invalid {
            pointer: "/retention_days",
            detail: "messages are kept for 1 to 3650 days, or for ever".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Changes a server's fields. How long messages are kept is the owner's to say.
pub fn update(view: &ServerView, actor: Actor, patch: ServerPatch, now: Timestamp) -> Decision {
    require(view, actor, Permission::ManageServer, now)?;
    let mut server = view.server.clone();
    if let Some(name) = patch.name {
        server.name = ServerName::parse(&name).map_err(|error| Refusal::name("/name", &error))?.into_string();
    }
    if let Some(description) = patch.description {
        let checked = ServerDescription::parse(&description);
        server.description = checked.map_err(|error| Refusal::name("/description", &error))?.into_string();
    }
    server.join_policy = patch.join_policy.unwrap_or(server.join_policy);
    if let Some(level) = patch.default_level {
        if level == Level::None {
            let detail = "the default level is all or mentions".to_owned();
            return Err(Refusal::Invalid { pointer: "/default_level", detail });
        }
        server.default_level = level;
    }
    patch.retention_days.apply(&mut server.retention_days);
    check_retention(server.retention_days)?;
    if server.retention_days != view.server.retention_days && view.server.owner != actor.user {
        return Err(Refusal::OwnerRequired);
    }
    Ok(updated(view, server))
}

fn updated(view: &ServerView, server: Server) -> Vec<Change> {
    if server == view.server {
        return Vec::new();
    }
    vec![Change::Event(ServerChange::ServerUpdated(server))]
}

/// Hands a server over to a member who is no bot.
pub fn transfer(view: &ServerView, actor: Actor, to: UserId) -> Decision {
    if !view.is_seen_by(actor) {
        return Err(Refusal::ServerNotFound);
    }
    if view.server.owner != actor.user && !actor.admin {
        return Err(Refusal::OwnerRequired);
    }
    let person = view.person(to);
    if person.member.is_none() {
        return Err(Refusal::MemberNotFound);
    }
    if person.user.is_some_and(|user| user.kind == UserKind::Bot) {
        return Err(Refusal::BotRefused);
    }
    Ok(updated(view, Server { owner: to, ..view.server.clone() }))
}

/// Deletes a server, if `confirm` is its name.
pub fn delete(view: &ServerView, actor: Actor, confirm: &str, now: Timestamp) -> Decision {
    require(view, actor, Permission::DeleteServer, now)?;
    if confirm != view.server.name {
        return Err(Refusal::ConfirmationMismatch);
    }
    Ok(vec![Change::Event(ServerChange::ServerDeleted(view.server.id))])
}
