//! What the server context answers when it does not do what was asked.

use std::{fmt, time::Duration};

use crate::common::{Permission, StoreError, name::NameError};

/// A refusal: each variant is one problem code of `domain.md` section 8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// No such server, or not for this person.
    ServerNotFound,
    /// No such channel, or not for this person.
    ChannelNotFound,
    /// No such category in this server.
    CategoryNotFound,
    /// No such member.
    MemberNotFound,
    /// No such person, or nobody the asker shares a server with.
    UserNotFound,
    /// No such invite, or it is used up, or its time is over: all look alike.
    InviteNotFound,
    /// No such ban.
    BanNotFound,
    /// Seen, but not allowed.
    PermissionMissing(Permission),
    /// Silenced for this long.
    TimedOut(Duration),
    /// Somebody of one's own rank or above.
    Hierarchy,
    /// Banned from the server.
    Banned,
    /// Only the owner may.
    OwnerRequired,
    /// Not for bots.
    BotRefused,
    /// The owner cannot leave.
    OwnerCannotLeave,
    /// Another one has that name.
    NameTaken(String),
    /// There are as many as may be.
    LimitReached {
        /// Of what.
        what: &'static str,
        /// How many.
        limit: u64,
    },
    /// The confirming name is not the name.
    ConfirmationMismatch,
    /// What was to be changed has changed meanwhile.
    PreconditionFailed,
    /// The key belongs to another request.
    KeyReused,
    /// The same request is still being worked on.
    InProgress,
    /// A value breaks a rule.
    Invalid {
        /// The field, as a JSON pointer.
        pointer: &'static str,
        /// What is wrong.
        detail: String,
    },
}

impl Refusal {
    /// A name that breaks a rule.
    #[must_use]
    pub fn name(pointer: &'static str, error: &NameError) -> Self {
        Self::Invalid { pointer, detail: error.to_string() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServerNotFound => f.write_str("there is no such server"),
            Self::ChannelNotFound => f.write_str("there is no such channel"),
            Self::CategoryNotFound => f.write_str("there is no such category"),
            Self::MemberNotFound => f.write_str("there is no such member"),
            Self::UserNotFound => f.write_str("there is no such user"),
            Self::InviteNotFound => f.write_str("the invite is wrong, used up or expired"),
            Self::BanNotFound => f.write_str("there is no such ban"),
            Self::PermissionMissing(permission) => write!(f, "this needs the permission {permission}"),
            Self::TimedOut(left) => write!(f, "you are timed out for another {} s", left.as_secs().max(1)),
            Self::Hierarchy => f.write_str("this concerns somebody or something of your own rank or above"),
            Self::Banned => f.write_str("you are banned from this server"),
            Self::OwnerRequired => f.write_str("only the owner may do this"),
            Self::BotRefused => f.write_str("bots do not join by themselves"),
            Self::OwnerCannotLeave => f.write_str("the owner cannot leave; hand the server over first"),
            Self::NameTaken(name) => write!(f, "the name `{name}` is taken"),
            Self::LimitReached { what, limit } => {
                write!(f, "there are {limit} {what} already, the most there can be")
            }
            Self::PreconditionFailed => f.write_str("what was to be changed has changed meanwhile"),
            Self::KeyReused => f.write_str("the idempotency key belongs to another request"),
            Self::InProgress => f.write_str("the same request is still being worked on"),
            Self::ConfirmationMismatch => f.write_str("`confirm` is not the server's name"),
            Self::Invalid { detail, .. } => f.write_str(detail),
        }
    }
}

impl std::error::Error for Refusal {}

/// Why a use case ended without its answer.
#[derive(Debug)]
pub enum ServerError {
    /// It was refused.
    Refused(Refusal),
    /// The store failed; the cause is for the log.
    Store(StoreError),
}

impl From<Refusal> for ServerError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for ServerError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ServerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused(_) => None,
            Self::Store(error) => Some(error),
        }
    }
}
