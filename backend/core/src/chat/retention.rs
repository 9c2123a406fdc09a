//! Keeping house: messages that were to be kept for some days only, and events that nobody resumes behind any more.
//!
//! Once a day, on one node. Messages go by the same purge that people ask for, judged under the channel's lock, so that a second
//! node that does the same would find nothing left. What was interrupted is taken up the next day.

use std::{sync::Arc, time::Duration};

use super::{
    committer::Committer,
    error::{ChatError, Refusal},
    model::PurgeReason,
    port::outbound::RetentionStore,
    write::{Write, WriteKind},
};
use crate::common::{ChannelId, StoreError, Timestamp, UserId, port::Clock};

/// A day.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long events of servers and of persons are kept.
const EVENTS_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Channels looked at, and events forgotten, in one step.
const BATCH: usize = 500;
/// What the work is called among those that one node does for all.
const CHORE: &str = "retention";

/// What is done once a day.
pub struct Retention {
    store: Arc<dyn RetentionStore>,
    committer: Arc<Committer>,
    clock: Arc<dyn Clock>,
}

impl Retention {
    /// Over these parts.
    #[must_use]
    pub const fn new(
        store: Arc<dyn RetentionStore>,
        committer: Arc<Committer>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, committer, clock }
    }

    /// Does what is due, unless it was done within a day, here or elsewhere. Answers whether it did. After a failure it is due again.
    pub async fn run(&self) -> Result<bool, StoreError> {
        let now = self.clock.now();
        if !self.store.claim(CHORE, now, DAY).await? {
            return Ok(false);
        }
        let done = self.clean(now).await;
        if done.is_err() {
            self.store.give_back(CHORE).await?;
        }
        done.map(|()| true)
    }

    async fn clean(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let channels = self.store.retained(after, BATCH).await?;
            let Some((last, _)) = channels.last() else { break };
            after = Some(*last);
            for (channel, days) in channels {
                self.purge(channel, now, days).await?;
            }
        }
        while self.store.forget_events(before(now, EVENTS_KEPT), BATCH).await? == BATCH as u64 {}
        Ok(())
    }

    async fn purge(&self, channel: ChannelId, now: Timestamp, days: u16) -> Result<(), StoreError> {
        let oldest = before(now, DAY * u32::from(days));
        let Some(through) = self.store.last_before(channel, oldest).await? else { return Ok(()) };
        let kind = WriteKind::Purge { through, reason: PurgeReason::Retention };
        let write = Write { at: now, actor: UserId::from_u128(0), channel, kind };
        match self.committer.write(write).await {
            // A channel that was deleted meanwhile keeps nothing.
            Ok(_) | Err(ChatError::Refused(Refusal::ChannelNotFound)) => Ok(()),
            Err(ChatError::Refused(refusal)) => Err(StoreError::new(refusal)),
            Err(ChatError::Store(error)) => Err(error),
        }
    }
}

fn before(now: Timestamp, span: Duration) -> Timestamp {
    let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(now.as_millis().saturating_sub(span))
}

#[cfg(test)]
mod tests;
