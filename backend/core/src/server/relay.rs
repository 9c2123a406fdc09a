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
