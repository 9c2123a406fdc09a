//! When a connection's token ends: told a minute ahead, then the connection ends with it.

use std::time::Duration;

use echopulse_core::common::Timestamp;
use tokio::time::{Instant, sleep_until};

/// How long ahead it is told.
const AHEAD: Duration = Duration::from_secs(60);
/// A connection lives on one token for a day at most; then a fresh one is due, whatever the issuer says.
const FAR: Duration = Duration::from_secs(24 * 60 * 60);

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// The client has to be told.
    Warning,
    /// The token is over.
    End,
}

/// The timer of one token.
pub(super) struct Expiry {
    pub(super) at: Timestamp,
    end: Instant,
    warned: bool,
}

impl Expiry {
    /// For a token that holds until `at`, when it is `now`.
    pub(super) fn new(at: Timestamp, now: Timestamp) -> Self {
        Self { at, end: Instant::now() + at.since(now).min(FAR), warned: false }
    }

    /// Waits until something is due.
    pub(super) async fn due(&mut self) -> Due {
        if !self.warned {
            sleep_until(self.end.checked_sub(AHEAD).unwrap_or_else(Instant::now)).await;
            self.warned = true;
            return Due::Warning;
        }
        sleep_until(self.end).await;
        Due::End
    }
}
