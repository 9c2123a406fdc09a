//! Requests that are made once, however often they are sent: what was answered is kept in the transaction that did it.

use std::time::Duration;

use super::{
    error::Refusal,
    view::{Change, Invite},
};
use crate::common::{
    Timestamp, UserId,
    community::{Channel, Server},
    event::ServerChange,
};

/// How long an answer is kept.
pub const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// By what a request is known again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// What the client calls it; its own for each person.
    pub name: String,
    /// Of route and body: another request under the same name is a mistake of the client.
    pub fingerprint: [u8; 32],
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    /// A server.
    Server(Server),
    /// A channel.
    Channel(Channel),
    /// An invite.
    Invite(Invite),
}

/// An answer that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// Whose request it was.
    pub user: UserId,
    /// By what it is known again.
    pub key: RequestKey,
    /// When it was answered.
    pub at: Timestamp,
    /// With what.
    pub made: Made,
}

impl KeptAnswer {
    /// Whether it still counts.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        now < self.at.after(KEPT_FOR)
    }

    /// What was made, to who sends the same request again.
    pub fn again(self, key: &RequestKey) -> Result<Made, Refusal> {
        if self.key.fingerprint == key.fingerprint { Ok(self.made) } else { Err(Refusal::KeyReused) }
    }
}

/// What the changes of a use case make.
pub(super) fn made_by(changes: &[Change]) -> Option<Made> {
    changes.iter().find_map(|change| match change {
        Change::Event(ServerChange::ChannelCreated(channel)) => Some(Made::Channel(channel.clone())),
        Change::InviteMade(invite) => Some(Made::Invite(invite.clone())),
        _ => None,
    })
}
