//! Ports that both contexts ask: time, ids, chance.

use std::{future::Future, pin::Pin};

use super::Timestamp;

/// A boxed future: what keeps ports object-safe without a macro.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present moment. May step back when the computer's clock is set.
    fn now(&self) -> Timestamp;
}

/// Makes identifiers.
pub trait Ids: Send + Sync {
    /// A UUID of version 7 (RFC 9562 5.7) that nobody had before.
    fn next(&self) -> u128;
}

/// Makes values that nobody can guess.
pub trait Chance: Send + Sync {
    /// 64 random bits of a cryptographically secure source.
    fn next_u64(&self) -> u64;
}
