//! The write path: what is queued becomes one transaction, and only after its commit anybody is answered.
//!
//! A batch is whatever waits when the store is free; nobody waits for a batch to fill. All writes of one channel go
//! through the same lane, so lanes never wait for each other's head rows.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use super::{
    error::{ChatError, Refusal},
    hub::Hub,
    port::outbound::MessageStore,
    write::{Outcome, Write},
};
use crate::common::{
    ChannelId, StoreError, StreamKey,
    sync::{self, Answer, Nudge, PushError, Queue},
};

/// Writes that may wait in one lane; beyond it senders are told to come back.
pub const LANE_CAPACITY: usize = 4096;
/// Writes in one transaction.
pub const BATCH_LIMIT: usize = 256;
/// What a refused sender is told to wait.
const OVERLOAD_PAUSE: Duration = Duration::from_secs(1);

/// Hears which streams have rows for the bus now.
pub trait Grown: Send + Sync {
    /// A commit left rows of this stream.
    fn grown(&self, stream: StreamKey);
}

/// Whoever waits for any stream.
impl Grown for Nudge {
    fn grown(&self, _: StreamKey) {
        self.nudge();
    }
}

struct Waiting {
    write: Write,
    answer: Answer<Result<Outcome, ()>>,
}

/// Queues writes and commits them in batches.
pub struct Committer {
    store: Arc<dyn MessageStore>,
    hub: Arc<Hub>,
    relays: Arc<dyn Grown>,
    lanes: Vec<Queue<Waiting>>,
}

impl Committer {
    /// A committer with this many lanes: one for a store with a single writer, more for one that locks rows. `relays` hear
    /// of each stream for which a commit left outbox rows.
    #[must_use]
    pub fn new(store: Arc<dyn MessageStore>, hub: Arc<Hub>, relays: Arc<dyn Grown>, lanes: usize) -> Self {
        let lanes = (0..lanes.max(1)).map(|_| Queue::new(LANE_CAPACITY)).collect();
        Self { store, hub, relays, lanes }
    }

    /// How many [`Committer::run`] tasks it needs.
    #[must_use]
    pub const fn lanes(&self) -> usize {
        self.lanes.len()
    }

    /// Queues a write and waits for its outcome, which is durable when this answers.
    ///
    /// When the answer is [`Refusal::Unavailable`], or the wait is given up, the outcome is unknown.
    pub async fn write(&self, write: Write) -> Result<Outcome, ChatError> {
        let (answer, awaited) = sync::answer();
        match self.lane(write.channel).push(Waiting { write, answer }) {
            Ok(()) => {}
            Err(PushError::Full(_)) => return Err(Refusal::Overloaded(OVERLOAD_PAUSE).into()),
            Err(PushError::Closed(_)) => return Err(Refusal::Unavailable.into()),
        }
        match awaited.await {
            Some(Ok(Outcome::Refused(refusal))) => Err(refusal.into()),
            Some(Ok(outcome)) => Ok(outcome),
            Some(Err(())) | None => Err(Refusal::Unavailable.into()),
        }
    }

    /// Commits what is queued in one lane until [`Committer::close`]; `failed` hears of each batch whose outcome is
    /// unknown.
    pub async fn run(&self, lane: usize, failed: impl Fn(StoreError)) {
        loop {
            let batch = self.lanes[lane].take(BATCH_LIMIT).await;
            if batch.is_empty() {
                return;
            }
            let (writes, answers): (Vec<_>, Vec<_>) =
                batch.into_iter().map(|waiting| (waiting.write, waiting.answer)).unzip();
            match self.store.commit(writes).await {
                Ok(outcomes) => self.tell(outcomes, answers),
                Err(error) => {
                    answers.into_iter().for_each(|answer| answer.give(Err(())));
                    failed(error);
                }
            }
        }
    }

    /// Refuses further writes; the lanes end once what waits is committed.
    pub fn close(&self) {
        self.lanes.iter().for_each(Queue::close);
    }

    fn lane(&self, channel: ChannelId) -> &Queue<Waiting> {
        let hash = channel.as_u128() % self.lanes.len() as u128;
        &self.lanes[usize::try_from(hash).unwrap_or(0)]
    }

    fn tell(&self, outcomes: Vec<Outcome>, answers: Vec<Answer<Result<Outcome, ()>>>) {
        let mut grown = BTreeSet::new();
        for (outcome, answer) in outcomes.into_iter().zip(answers) {
            if let Outcome::Stored(event) = &outcome {
                grown.insert(event.stream);
                self.hub.offer(event.clone());
            }
            answer.give(Ok(outcome));
        }
        grown.into_iter().for_each(|stream| self.relays.grown(stream));
    }
}
