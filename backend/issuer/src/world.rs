//! What the issuer needs from outside: time, randomness, and somebody to tell that a session ended.

use std::{
    pin::Pin,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rand::{TryRngCore, rngs::OsRng};

/// Tells the time. Tests advance it by hand.
pub trait Clock: Send + Sync {
    /// The time since the Unix epoch.
    fn now(&self) -> Duration;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

/// Fills buffers with bytes nobody can guess.
pub trait Chance: Send + Sync {
    /// Overwrites all of `buffer`.
    fn fill(&self, buffer: &mut [u8]);
}

/// The generator of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsChance;

impl Chance for OsChance {
    fn fill(&self, buffer: &mut [u8]) {
        // A system without randomness cannot make a single safe secret, so going on would be worse than stopping.
        OsRng.try_fill_bytes(buffer).expect("the operating system gives random bytes");
    }
}

/// Something whose unexpired access tokens must no longer be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// One sign-in ended: tokens with this `sid`.
    Session {
        /// The claim `sid`.
        sid: String,
    },
    /// A person or bot was locked: tokens with this `sub` that were issued up to now.
    Subject {
        /// The claim `sub`.
        sub: String,
    },
}

/// Is told about every [`Ended`] after it is durable; the host passes it on to the services.
pub trait Endings: Send + Sync {
    /// One thing ended just now. Whoever ended it is answered when this has come to its end.
    fn ended(&self, ended: Ended) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// Tells nobody.
pub(crate) struct NoEndings;

impl Endings for NoEndings {
    fn ended(&self, _: Ended) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}
