//! The rules of the server context, as pure functions of what the store shows under the lock.

mod bot;
mod channel;
mod invite;
mod member;
mod server;

pub use bot::{add as add_bot, check_new as check_new_bot, keep as keep_bot, retire as retire_bot};
pub use channel::{
    create as create_channel, delete as delete_channel, order as order_channels, update as update_channel,
};
pub use invite::{create as create_invite, delete as delete_invite};
pub(super) use member::SERVERS;
pub use member::{ban, join_by_invite, join_open, kick, leave, lift_ban, update as update_member};
pub use server::{delete as delete_server, transfer, update as update_server};

use super::{
    error::Refusal,
    view::{Change, ServerView},
};
use crate::common::{Permission, Timestamp, actor::Actor, community::Channel};

/// What a decision answers.
pub type Decision = Result<Vec<Change>, Refusal>;

/// Whoever does not see a server gets the same answer as for one that never was; who sees it and may not, is told what is missing.
pub(super) fn require(
    view: &ServerView,
    actor: Actor,
    permission: Permission,
    now: Timestamp,
) -> Result<(), Refusal> {
    require_in(view, actor, None, permission, now)
}

fn require_in(
    view: &ServerView,
    actor: Actor,
    channel: Option<&Channel>,
    permission: Permission,
    now: Timestamp,
) -> Result<(), Refusal> {
    if !view.is_seen_by(actor) {
        return Err(Refusal::ServerNotFound);
    }
    if view.permissions(actor, channel, now).contains(permission) {
        return Ok(());
    }
    Err(view.silenced(actor.user, now).map_or(Refusal::PermissionMissing(permission), Refusal::TimedOut))
}
