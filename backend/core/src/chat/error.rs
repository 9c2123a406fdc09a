//! What the chat context answers when it does not do what was asked.

use std::{fmt, time::Duration};

use crate::common::{Permission, StoreError};

/// A refusal: each variant is one problem code of `domain.md` section 8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// No such channel, or not for this person.
    ChannelNotFound,
    /// No such server, or not for this person.
    ServerNotFound,
    /// No such message in this channel.
    MessageNotFound,
    /// No such webhook, or not for this person, or another token: all look alike.
    WebhookNotFound,
    /// The message is a tombstone.
    MessageDeleted,
    /// Seen, but not allowed.
    PermissionMissing(Permission),
    /// Silenced for this long.
    TimedOut(Duration),
    /// Only the author may.
    NotAuthor,
    /// There are as many as may be.
    LimitReached {
        /// Of what.
        what: &'static str,
        /// How many.
        limit: u64,
    },
    /// The nonce belongs to another body or channel.
    NonceReused,
    /// Too soon after the last message; again after this long.
    SlowMode(Duration),
    /// A value breaks a rule: the code's text on the wire, and what was wrong.
    Invalid {
        /// Which rule.
        rule: InvalidContent,
        /// What was wrong, in words.
        detail: String,
    },
    /// Too many writes wait already; again after this long.
    Overloaded(Duration),
    /// The store failed and the outcome is unknown: a retry with the same nonce is safe.
    Unavailable,
    /// The copy of the server is behind what was asked; again soon.
    NotReady,
}

/// Which rule of a message's content was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidContent {
    /// Nothing visible.
    Empty,
    /// More than 4000 characters.
    TooLong,
    /// More than 50 mentions.
    TooManyMentions,
    /// A nonce, limit or other parameter.
    Request,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChannelNotFound => f.write_str("there is no such channel"),
            Self::ServerNotFound => f.write_str("there is no such server"),
            Self::MessageNotFound => f.write_str("there is no such message in this channel"),
            Self::WebhookNotFound => f.write_str("there is no such webhook, or its token is another one"),
            Self::LimitReached { what, limit } => {
                write!(f, "there are {limit} {what} already, the most there can be")
            }
            Self::MessageDeleted => f.write_str("the message was deleted"),
            Self::PermissionMissing(permission) => write!(f, "this needs the permission {permission}"),
            Self::TimedOut(left) => write!(f, "you are timed out for another {} s", left.as_secs().max(1)),
            Self::NotAuthor => f.write_str("only its author may edit a message"),
            Self::NonceReused => f.write_str("the nonce belongs to another message"),
            Self::SlowMode(left) => write!(f, "slow mode: again in {} s", left.as_secs().max(1)),
            Self::Invalid { detail, .. } => f.write_str(detail),
            Self::Overloaded(_) => f.write_str("too much is waiting to be written"),
            Self::Unavailable => f.write_str(
                "the store does not answer; whether it was stored is unknown, retry with the same nonce",
            ),
            Self::NotReady => f.write_str("the chat service does not know the newest state yet"),
        }
    }
}

impl std::error::Error for Refusal {}

/// Why a use case ended without its answer.
#[derive(Debug)]
pub enum ChatError {
    /// It was refused.
    Refused(Refusal),
    /// The store failed; the cause is for the log.
    Store(StoreError),
}

impl From<Refusal> for ChatError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for ChatError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for ChatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ChatError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused(_) => None,
            Self::Store(error) => Some(error),
        }
    }
}
