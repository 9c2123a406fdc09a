//! The event bus of one process: every record to every consumer.
//!
//! A consumer's queue is bounded. When it is full, what is numbered or revised waits for room, which holds back only the
//! relays (their rows stay in the outbox), while a signal is dropped for that consumer: it is lossy by contract, and
//! whoever sends one must not wait. Records are hints: whatever does not arrive, the gates and the projector read from the stores.

use std::sync::{Mutex, MutexGuard, PoisonError};

use echopulse_core::{
    chat::{model::Record, port::outbound::Bus},
    common::{BoxFuture, StoreError},
    server::port::outbound::{EventPublisher, OutboxRecord},
};
use tokio::sync::mpsc;

/// Carries records inside this process.
#[derive(Debug, Default)]
pub struct InProcessBus {
    consumers: Mutex<Vec<mpsc::Sender<Record>>>,
}

impl InProcessBus {
    /// A queue for at most `capacity` records, which gets everything that is published from now on. Dropping it ends that.
    #[must_use]
    pub fn consumer(&self, capacity: usize) -> mpsc::Receiver<Record> {
        let (sender, receiver) = mpsc::channel(capacity);
        self.consumers().push(sender);
        receiver
    }

    fn consumers(&self) -> MutexGuard<'_, Vec<mpsc::Sender<Record>>> {
        self.consumers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn hand_over(&self, records: Vec<Record>) {
        let consumers = self.consumers().clone();
        let Some((last, others)) = consumers.split_last() else { return };
        let mut gone = false;
        for record in records {
            for consumer in others {
                gone |= !give(consumer, record.clone()).await;
            }
            gone |= !give(last, record).await;
        }
        if gone {
            self.consumers().retain(|consumer| !consumer.is_closed());
        }
    }
}

/// Answers whether the consumer is still there.
async fn give(consumer: &mpsc::Sender<Record>, record: Record) -> bool {
    match record {
        Record::Signal { .. } => {
            !matches!(consumer.try_send(record), Err(mpsc::error::TrySendError::Closed(_)))
        }
        _ => consumer.send(record).await.is_ok(),
    }
}

impl Bus for InProcessBus {
    fn publish(&self, records: Vec<Record>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.hand_over(records).await;
            Ok(())
        })
    }
}

impl EventPublisher for InProcessBus {
    fn publish(&self, records: Vec<OutboxRecord>) -> BoxFuture<'_, Result<(), StoreError>> {
        let records = records
            .into_iter()
            .map(|record| match record {
                OutboxRecord::Server(event) => Record::Server(event),
                OutboxRecord::User { user, revision } => Record::User { user, revision },
                OutboxRecord::SignOut(sign_out) => Record::SignOut(sign_out),
            })
            .collect();
        Bus::publish(self, records)
    }
}

#[cfg(test)]
mod tests {
    use echopulse_core::{
        chat::model::Signal,
        common::{
            StreamKey, Timestamp, UserId,
            community::{User, UserKind},
        },
    };

    use super::*;

    fn profile(revision: u64) -> Record {
        let user = User {
            id: UserId::from_u128(1),
            username: "ada".to_owned(),
            display_name: "Ada".to_owned(),
            bio: String::new(),
            kind: UserKind::Person,
            created_at: Timestamp::from_millis(0),
        };
        Record::User { user, revision }
    }

    fn typing() -> Record {
        let user = UserId::from_u128(1);
        Record::Signal { stream: StreamKey::User(user), signal: Signal::Typing(user) }
    }

    #[tokio::test]
    async fn every_consumer_gets_every_record_in_order() {
        let bus = InProcessBus::default();
        let (mut one, mut other) = (bus.consumer(4), bus.consumer(4));
        Bus::publish(&bus, vec![profile(1), profile(2)]).await.unwrap();
        for consumer in [&mut one, &mut other] {
            assert_eq!(consumer.recv().await, Some(profile(1)));
            assert_eq!(consumer.recv().await, Some(profile(2)));
        }
    }

    #[tokio::test]
    async fn a_full_queue_drops_signals_and_makes_the_rest_wait() {
        let bus = InProcessBus::default();
        let mut consumer = bus.consumer(1);
        Bus::publish(&bus, vec![profile(1), typing()]).await.unwrap();
        let waiting = Bus::publish(&bus, vec![profile(2)]);
        let reading = async {
            assert_eq!(consumer.recv().await, Some(profile(1)));
            assert_eq!(consumer.recv().await, Some(profile(2)), "the signal found no room");
        };
        let (published, ()) = tokio::join!(waiting, reading);
        published.unwrap();
    }

    #[tokio::test]
    async fn a_consumer_that_is_gone_is_forgotten() {
        let bus = InProcessBus::default();
        drop(bus.consumer(1));
        Bus::publish(&bus, vec![profile(1)]).await.unwrap();
        assert!(bus.consumers().is_empty());
    }
}
