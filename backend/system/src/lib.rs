//! Core's ports to this computer: clock, timer, ids and chance, the same in both worlds.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use echopulse_core::{
    chat::port::outbound::Timer,
    common::{
        BoxFuture, Timestamp,
        port::{Chance, Clock, Ids},
    },
};
use rand::{TryRngCore, rngs::OsRng};

/// This computer's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // A clock that stands before 1970 reads as 1970; a moment beyond 64 bits as the last one there is.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The runtime's timer.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokioTimer;

impl Timer for TokioTimer {
    fn sleep(&self, span: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(span))
    }
}

/// Ids of version 7: a process makes them in ascending order.
#[derive(Debug, Clone, Copy, Default)]
pub struct Uuid7Ids;

impl Ids for Uuid7Ids {
    fn next(&self) -> u128 {
        uuid::Uuid::now_v7().as_u128()
    }
}

/// The operating system's source of randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsChance;

impl Chance for OsChance {
    /// # Panics
    ///
    /// Panics if the operating system has no randomness: no secret may be made without it.
    fn next_u64(&self) -> u64 {
        OsRng.try_next_u64().expect("the operating system has a source of randomness")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_of_version_7_and_ascend() {
        let ids: Vec<_> = (0..100).map(|_| Uuid7Ids.next()).collect();
        assert!(ids.is_sorted_by(|one, other| one < other), "{ids:x?}");
        assert!(ids.iter().all(|id| id >> 76 & 0xf == 7));
    }

    #[test]
    fn chance_does_not_repeat_itself() {
        assert_ne!(OsChance.next_u64(), OsChance.next_u64());
    }
}
