//! Who asks.

use super::{UserId, community::UserKind};

/// Somebody as the issuer of their token describes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The issuer.
    pub iss: String,
    /// The issuer's own name for them, which never changes.
    pub sub: String,
    /// What they want to be called; display only, never an identity.
    pub preferred_username: String,
    /// Their full name, if the issuer told it.
    pub name: Option<String>,
    /// Person or bot.
    pub kind: UserKind,
    /// Whether they may manage any server of the instance.
    pub admin: bool,
}

/// Somebody who is signed in and asks for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Actor {
    /// Who.
    pub user: UserId,
    /// Person or bot.
    pub kind: UserKind,
    /// Whether they may manage any server of the instance.
    pub admin: bool,
}
