//! Sign-ins that ended before their tokens did: a log-out at the issuer, an account that was locked.
//!
//! The server service remembers each until no token of it can live any more, and tells all instances. Every instance refuses such
//! tokens from a memory of its own, so that neither a database nor the bus is asked when somebody comes in.

use super::{BoxFuture, StoreError, Timestamp};

/// Whose unexpired tokens are refused from now on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Ended {
    /// One sign-in's: tokens with this `sid`.
    Session(String),
    /// A person's or bot's: tokens with this `sub`, issued up to then.
    Subject(String),
}

/// Something that ended at an issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignOut {
    /// The issuer, as people of it are known here.
    pub iss: String,
    /// What ended.
    pub ended: Ended,
    /// When, by the issuer's clock.
    pub at: Timestamp,
    /// No token of it lives any longer.
    pub until: Timestamp,
}

/// What one instance knows of sign-outs.
pub trait SignOutMemory: Send + Sync {
    /// Refuses what ended from now on, and ends its connections. Knowing it already changes nothing. Does not wait.
    fn note(&self, sign_out: SignOut);
}

/// Where an instance reads what it was not told: because it is new, or because the bus was down.
pub trait SignOutLog: Send + Sync {
    /// Sign-outs that still matter and were remembered at `since` or later; all that matter without it.
    fn since(&self, since: Option<Timestamp>) -> BoxFuture<'_, Result<Vec<SignOut>, StoreError>>;
}
