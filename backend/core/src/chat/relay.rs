//! The relay: moves outbox rows to the bus, in order, until there are none.

use std::sync::Arc;

use super::{
    model::Record,
    port::outbound::{Bus, Outbox},
};
use crate::common::{StoreError, sync::Nudge};

/// Rows moved at once.
const BATCH: usize = 1024;
/// Rows of one round from which on a relay rests.
const BUSY: usize = 4;

/// Moves the rows of one hash partition. Only one relay may run for a partition, or order is lost.
pub struct Relay {
    outbox: Arc<dyn Outbox>,
    bus: Arc<dyn Bus>,
    partition: u32,
}

impl Relay {
    /// The relay of `partition`.
    #[must_use]
    pub const fn new(outbox: Arc<dyn Outbox>, bus: Arc<dyn Bus>, partition: u32) -> Self {
        Self { outbox, bus, partition }
    }

    /// Moves rows at each nudge, until the nudge is closed. A failure leaves the rows for the next nudge; `failed` hears of it.
    /// Where much is said it waits for `rest` after a round, so that the next rows come together.
    pub async fn run<R: Future<Output = ()>>(
        &self,
        nudge: &Nudge,
        rest: impl Fn() -> R,
        failed: impl Fn(StoreError),
    ) {
        loop {
            match self.drain().await {
                Ok(moved) if moved >= BUSY => rest().await,
                Ok(_) => {}
                Err(error) => failed(error),
            }
            if !nudge.wait().await {
                return;
            }
        }
    }

    /// Moves all rows there are, and answers how many. A row leaves the outbox only after the bus took it, so a crash in between publishes it
    /// twice, and gates drop the second.
    pub async fn drain(&self) -> Result<usize, StoreError> {
        let mut moved = 0;
        loop {
            let events = self.outbox.pending(self.partition, BATCH).await?;
            let count = events.len();
            if count == 0 {
                return Ok(moved);
            }
            let rows = events.iter().map(|event| (event.stream, event.seq)).collect();
            self.bus.publish(events.into_iter().map(Record::Stream).collect()).await?;
            self.outbox.published(rows).await?;
            moved += count;
            if count < BATCH {
                // What was committed since comes with a nudge of its own.
                return Ok(moved);
            }
        }
    }
}
