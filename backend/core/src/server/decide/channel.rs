//! Making, changing, ordering and deleting channels.

use super::{Decision, require, require_in, server::check_retention};
use crate::{
    common::{
        CategoryId, ChannelId, Permission, Permissions, Timestamp,
        actor::Actor,
        community::{Channel, ChannelKind, Override, OverrideTarget},
        event::ServerChange,
        name::{self, ChannelName, Topic},
    },
    server::{
        error::Refusal,
        port::inbound::{ChannelPatch, NewChannel},
        view::{Change, ServerView},
    },
};

/// Channels in one server at most.
const LIMIT: usize = 500;

fn check_name(view: &ServerView, text: &str, but: Option<ChannelId>) -> Result<String, Refusal> {
    let name = ChannelName::parse(text).map_err(|error| Refusal::name("/name", &error))?.into_string();
    let key = name::key(&name);
    let taken = view.channels.iter().any(|other| Some(other.id) != but && name::key(&other.name) == key);
    if taken { Err(Refusal::NameTaken(name)) } else { Ok(name) }
}

fn check_topic(text: &str) -> Result<String, Refusal> {
    Ok(Topic::parse(text).map_err(|error| Refusal::name("/topic", &error))?.into_string())
}

fn check_category(view: &ServerView, category: Option<CategoryId>) -> Result<(), Refusal> {
    match category {
        Some(id) if !view.categories.iter().any(|known| known.id == id) => Err(Refusal::CategoryNotFound),
        _ => Ok(()),
    }
}

/// Makes a channel behind the others. An announcement channel is one where @everyone may not post.
pub fn create(view: &ServerView, actor: Actor, id: ChannelId, new: &NewChannel, now: Timestamp) -> Decision {
    require(view, actor, Permission::ManageChannels, now)?;
    let name = check_name(view, &new.name, None)?;
    let topic = check_topic(&new.topic)?;
    check_category(view, new.category)?;
    if view.channels.len() >= LIMIT {
        return Err(Refusal::LimitReached { what: "channels", limit: LIMIT as u64 });
    }
    let silent = Override {
        target: OverrideTarget::Role(view.everyone()),
        allow: Permissions::NONE,
        deny: Permissions::of(&[Permission::SendMessages]),
    };
    let channel = Channel {
        id,
        kind: new.kind,
        name,
        topic,
        category: new.category,
        position: view.channels.iter().map(|other| other.position + 1).max().unwrap_or(0),
        slow_mode_s: 0,
        retention_days: None,
        overrides: if new.kind == ChannelKind::Announcement { vec![silent] } else { Vec::new() },
    };
    Ok(vec![Change::Event(ServerChange::ChannelCreated(channel))])
}

/// The channel, if the actor may manage it. A hidden one is like one that never was.
fn managed(view: &ServerView, actor: Actor, id: ChannelId, now: Timestamp) -> Result<&Channel, Refusal> {
    if !view.is_seen_by(actor) {
        return Err(Refusal::ServerNotFound);
    }
    let channel = view.channel(id).filter(|channel| view.sees_channel(actor, channel, now));
    let channel = channel.ok_or(Refusal::ChannelNotFound)?;
    require_in(view, actor, Some(channel), Permission::ManageChannels, now)?;
    Ok(channel)
}

/// Changes a channel's fields.
pub fn update(
    view: &ServerView,
    actor: Actor,
    id: ChannelId,
    patch: ChannelPatch,
    now: Timestamp,
) -> Decision {
    let before = managed(view, actor, id, now)?;
    let mut channel = before.clone();
    if let Some(name) = patch.name {
        channel.name = check_name(view, &name, Some(id))?;
    }
    if let Some(topic) = patch.topic {
        channel.topic = check_topic(&topic)?;
    }
    patch.category.apply(&mut channel.category);
    check_category(view, channel.category)?;
    channel.slow_mode_s = patch.slow_mode_s.unwrap_or(channel.slow_mode_s);
    if channel.slow_mode_s > 21_600 {
        let detail = "slow mode is 0 to 21600 seconds".to_owned();
        return Err(Refusal::Invalid { pointer: "/slow_mode_s", detail });
    }
    patch.retention_days.apply(&mut channel.retention_days);
    check_retention(channel.retention_days)?;
    if channel == *before {
        return Ok(Vec::new());
    }
    Ok(vec![Change::Event(ServerChange::ChannelUpdated(channel))])
}

/// Deletes a channel.
pub fn delete(view: &ServerView, actor: Actor, id: ChannelId, now: Timestamp) -> Decision {
    managed(view, actor, id, now)?;
    Ok(vec![Change::Event(ServerChange::ChannelDeleted(id))])
}

/// Puts channels in order: those listed share out the places they had, so that hidden ones keep theirs.
pub fn order(
    view: &ServerView,
    actor: Actor,
    order: &[(ChannelId, Option<CategoryId>)],
    now: Timestamp,
) -> Decision {
    require(view, actor, Permission::ManageChannels, now)?;
    let mut listed = Vec::new();
    for (at, (id, category)) in order.iter().enumerate() {
        check_category(view, *category)?;
        if order[..at].iter().any(|(other, _)| other == id) {
            let detail = "a channel is listed twice".to_owned();
            return Err(Refusal::Invalid { pointer: "", detail });
        }
        listed.push(managed(view, actor, *id, now)?);
    }
    let mut places: Vec<_> = listed.iter().map(|channel| channel.position).collect();
    places.sort_unstable();
    let moved = listed.iter().zip(order).zip(places).filter_map(|((before, (_, category)), position)| {
        let after = Channel { position, category: *category, ..(*before).clone() };
        (after != **before).then_some(Change::Event(ServerChange::ChannelUpdated(after)))
    });
    Ok(moved.collect())
}
