//! Moves what commits left for the bus, in order, until there is nothing left.

use std::sync::Arc;

use super::port::outbound::{EventPublisher, ServerOutbox};
use crate::common::{StoreError, sync::Nudge};

/// Rows moved at once.
const BATCH: usize = 256;

/// The relay of the server service. Only one may run, or order is lost.
pub struct Relay {
    outbox: Arc<dyn ServerOutbox>,
    publisher: Arc<dyn EventPublisher>,
}

impl Relay {
    /// A relay over these parts.
    #[must_use]
    pub const fn new(outbox: Arc<dyn ServerOutbox>, publisher: Arc<dyn EventPublisher>) -> Self {
        Self { outbox, publisher }
    }

    /// Moves rows at each nudge, until the nudge is closed. A failure leaves the rows for the next nudge; `failed` hears of it.
    pub async fn run(&self, nudge: &Nudge, failed: impl Fn(StoreError)) {
        loop {
            if let Err(error) = self.drain().await {
                failed(error);
            }
            if !nudge.wait().await {
                return;
            }
        }
    }

    /// Moves all rows there are. A crash behind publishing moves rows twice; whoever applies them drops the second.
    pub async fn drain(&self) -> Result<(), StoreError> {
        loop {
            let rows = self.outbox.pending(BATCH).await?;
            if rows.is_empty() {
                return Ok(());
            }
            let (numbers, records) = rows.into_iter().unzip();
            self.publisher.publish(records).await?;
            self.outbox.published(numbers).await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, sync::Arc};

    use super::*;
    use crate::{
        common::community::{JoinPolicy, UserKind},
        server::port::outbound::OutboxRecord,
        testing::{
            executor::block_on,
            server::{RecordingPublisher, Town},
        },
    };

    /// A town whose changes wait for the bus: a person's row and four of their server.
    fn busy_town() -> (Town, Relay, Arc<RecordingPublisher>) {
        let (town, publisher) = (Town::default(), Arc::<RecordingPublisher>::default());
        let ada = block_on(town.arrives("ada", UserKind::Person)).unwrap();
        block_on(town.server(ada, JoinPolicy::Open)).unwrap();
        let outbox = Arc::clone(&town.store);
        let bus = Arc::clone(&publisher);
        (town, Relay::new(outbox, bus), publisher)
    }

    fn seqs(records: &[OutboxRecord]) -> Vec<u64> {
        let seq = |record: &OutboxRecord| match record {
            OutboxRecord::Server(event) => Some(event.seq.0),
            OutboxRecord::User { .. } | OutboxRecord::SignOut(_) => None,
        };
        records.iter().filter_map(seq).collect()
    }

    #[test]
    fn everything_moves_in_order_and_once() {
        let (town, relay, bus) = busy_town();
        block_on(relay.drain()).unwrap();
        block_on(relay.drain()).unwrap();
        assert_eq!((bus.published().len(), seqs(&bus.published())), (5, vec![1, 2, 3, 4]));
        assert_eq!(block_on(town.store.pending(10)).unwrap(), []);
    }

    #[test]
    fn what_the_bus_did_not_take_is_moved_again() {
        let (town, relay, bus) = busy_town();
        bus.fail(1);
        block_on(relay.drain()).unwrap_err();
        assert_eq!(block_on(town.store.pending(10)).unwrap().len(), 5, "nothing is forgotten");
        block_on(relay.drain()).unwrap();
        assert_eq!(bus.published().len(), 6, "the first twice, for the bus had it");
        assert_eq!(seqs(&bus.published()), [1, 2, 3, 4]);
    }

    #[test]
    fn a_nudge_brings_another_round_until_it_is_closed() {
        let (town, relay, bus) = busy_town();
        bus.fail(2);
        let failures = Cell::new(0);
        let failed = |_| {
            failures.set(failures.get() + 1);
            // The first round is at once, the second by the nudge that the commits left.
            if failures.get() == 2 {
                town.nudge.close();
            }
        };
        block_on(relay.run(&town.nudge, failed));
        assert_eq!(failures.get(), 2);
        assert_eq!(block_on(town.store.pending(10)).unwrap().len(), 5, "nothing is forgotten");
    }
}
