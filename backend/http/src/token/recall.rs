//! What an instance was not told of sign-outs: because it has just started, or because the bus was down.

use std::{sync::Arc, time::Duration};

use echopulse_core::common::{
    StoreError, Timestamp,
    port::Clock,
    sign_out::{SignOutLog, SignOutMemory},
};
use tokio::{sync::Mutex, time};

/// The time between two looks.
const EVERY: Duration = Duration::from_secs(5);
/// How far each look goes back behind the last one: a transaction may take a while, and clocks differ.
const OVERLAP: Duration = Duration::from_secs(60);

/// Reads sign-outs into the memory of this instance.
pub struct Recall {
    log: Arc<dyn SignOutLog>,
    memory: Arc<dyn SignOutMemory>,
    clock: Arc<dyn Clock>,
    looked: Mutex<Option<Timestamp>>,
}

impl Recall {
    /// Reads `log` into `memory`.
    #[must_use]
    pub fn new(log: Arc<dyn SignOutLog>, memory: Arc<dyn SignOutMemory>, clock: Arc<dyn Clock>) -> Self {
        Self { log, memory, clock, looked: Mutex::default() }
    }

    /// Reads everything that matters the first time, and what is new from then on.
    ///
    /// # Errors
    ///
    /// The log's; the next look makes up for it.
    pub async fn look(&self) -> Result<(), StoreError> {
        let mut looked = self.looked.lock().await;
        let now = self.clock.now();
        let overlap = i64::try_from(OVERLAP.as_millis()).unwrap_or(i64::MAX);
        let since = looked.map(|last| Timestamp::from_millis(last.as_millis().saturating_sub(overlap)));
        self.log.since(since).await?.into_iter().for_each(|sign_out| self.memory.note(sign_out));
        *looked = Some(now);
        Ok(())
    }

    /// Whether everything that matters was read once.
    pub async fn has_looked(&self) -> bool {
        self.looked.lock().await.is_some()
    }

    /// Looks every few seconds, for ever.
    pub async fn keep_up(&self) {
        loop {
            time::sleep(EVERY).await;
            if let Err(error) = self.look().await {
                tracing::warn!(error = &error as &dyn std::error::Error, "sign-outs could not be looked up");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex as Plain;

    use echopulse_core::common::{
        BoxFuture,
        sign_out::{Ended, SignOut},
    };

    use super::*;
    use crate::token::Endings;

    /// Answers what it has, and remembers what it was asked.
    #[derive(Default)]
    struct Log {
        asked: Plain<Vec<Option<i64>>>,
        down: Plain<bool>,
    }

    impl SignOutLog for Log {
        fn since(&self, since: Option<Timestamp>) -> BoxFuture<'_, Result<Vec<SignOut>, StoreError>> {
            self.asked.lock().unwrap().push(since.map(Timestamp::as_millis));
            let moment = Timestamp::from_millis;
            let known = SignOut {
                iss: "i".to_owned(),
                ended: Ended::Session("s".to_owned()),
                at: moment(1),
                until: moment(9),
            };
            let down = *self.down.lock().unwrap();
            Box::pin(async move { if down { Err(StoreError::new("down")) } else { Ok(vec![known]) } })
        }
    }

    struct At(i64);

    impl Clock for At {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0)
        }
    }

    #[tokio::test]
    async fn everything_is_read_once_and_then_what_may_be_new() {
        let (log, memory) = (Arc::<Log>::default(), Arc::<Endings>::default());
        let recall = Recall::new(Arc::clone(&log) as _, Arc::clone(&memory) as _, Arc::new(At(100_000)));
        *log.down.lock().unwrap() = true;
        assert!(recall.look().await.is_err());
        assert!(!recall.has_looked().await && !memory.covers("i", Some("s"), "x", 0));
        *log.down.lock().unwrap() = false;
        for _ in 0..2 {
            recall.look().await.unwrap();
        }
        assert!(recall.has_looked().await && memory.covers("i", Some("s"), "x", 0));
        assert_eq!(*log.asked.lock().unwrap(), [None, None, Some(40_000)]);
    }
}
