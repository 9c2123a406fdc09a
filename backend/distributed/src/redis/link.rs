//! One connection that answers quickly or not at all.

use std::{
    fmt,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use ::redis::{
    Client, FromRedisValue, RedisError, RedisResult, ScriptInvocation,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use tokio::time;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_millis(300);
/// How long one answer may take.
const ANSWER: Duration = Duration::from_millis(150);
/// How long a question may take with everything that belongs to it: waiting for a connection, loading a script, asking again.
const PATIENCE: Duration = Duration::from_millis(400);
/// How long nothing is asked after a failure, so that not everybody waits in vain.
const REST: Duration = Duration::from_millis(250);

pub(super) struct Link {
    manager: ConnectionManager,
    away: AtomicBool,
    resting: Mutex<Option<Instant>>,
}

impl Link {
    /// A link that connects when it is first asked. Must be called inside a runtime.
    pub(super) fn new(url: &str) -> RedisResult<Self> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_min_delay(Duration::from_millis(50))
            .set_max_delay(Duration::from_millis(500))
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(ANSWER));
        let manager = ConnectionManager::new_lazy_with_config(Client::open(url)?, config)?;
        Ok(Self { manager, away: AtomicBool::new(false), resting: Mutex::default() })
    }

    /// Runs a script that may run twice. `None`: Redis is away.
    pub(super) async fn ask<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Option<T> {
        if self.rests() {
            return None;
        }
        let answer = time::timeout(PATIENCE, self.ask_twice(script)).await;
        match answer {
            Ok(Ok(answer)) => {
                self.answered();
                Some(answer)
            }
            Ok(Err(error)) => self.failed(Some(&error)),
            Err(_) => self.failed(None),
        }
    }

    /// The first question over a connection that has died fails, and tells that it has.
    async fn ask_twice<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> RedisResult<T> {
        let mut manager = self.manager.clone();
        match script.invoke_async(&mut manager).await {
            Err(error) if error.is_connection_dropped() => script.invoke_async(&mut manager).await,
            answer => answer,
        }
    }

    fn rests(&self) -> bool {
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        if resting.is_some_and(|until| Instant::now() < until) {
            return true;
        }
        *resting = None;
        false
    }

    fn answered(&self) {
        if self.away.load(Ordering::Relaxed) && self.away.swap(false, Ordering::Relaxed) {
            tracing::info!("Redis answers again");
        }
    }

    fn failed<T>(&self, error: Option<&RedisError>) -> Option<T> {
        *self.resting.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + REST);
        if !self.away.swap(true, Ordering::Relaxed) {
            let error = error.map(|error| error as &dyn std::error::Error);
            tracing::warn!(error, "Redis does not answer");
        }
        None
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("away", &self.away).finish_non_exhaustive()
    }
}
