//! Nodes that relay in turn.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use echopulse_core::{
    chat::{
        model::Record,
        port::outbound::{Bus, MessageStore, Outbox},
        relay::Relay,
    },
    common::{BoxFuture, StoreError, StreamKey},
    testing::chat_contract::{ADA, GENERAL, post},
};
use echopulse_distributed::{
    Turn,
    postgres::{PARTITIONS, PgChatStore, PgOptions, TurnLock},
};
use tokio::task::JoinSet;

use crate::database::Chat;

/// A bus that keeps what it is given, and may be down.
#[derive(Default)]
struct Kept {
    down: AtomicBool,
    records: Mutex<Vec<Record>>,
}

impl Bus for Kept {
    fn publish(&self, records: Vec<Record>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            if self.down.load(Ordering::Relaxed) {
                return Err(StoreError::new("the bus is down"));
            }
            self.records.lock().unwrap().extend(records);
            Ok(())
        })
    }
}

/// The relay of one partition on one node.
fn relay(store: &PgChatStore, options: &PgOptions, bus: &Arc<Kept>, partition: u32) -> Relay {
    let lock = TurnLock::new(options.clone(), partition);
    let turn = Arc::new(Turn::new(Arc::new(store.clone()), Arc::clone(bus), lock));
    Relay::new(Arc::clone(&turn) as _, turn, partition)
}

/// The partition of a channel, once there is something in it.
async fn partition_of(store: &PgChatStore) -> u32 {
    for partition in 0..PARTITIONS {
        if !store.pending(partition, 1).await.unwrap().is_empty() {
            return partition;
        }
    }
    panic!("no partition holds a row");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_relay_every_row_once_and_in_order() {
    let chat = Chat::founded().await;
    let other = chat.another_node().await;
    chat.store.commit(vec![post(ADA, GENERAL, 0, "text")]).await.unwrap();
    let partition = partition_of(&chat.store).await;
    let bus = Arc::new(Kept::default());
    let options = chat.database.options();
    let relays = [relay(&chat.store, &options, &bus, partition), relay(&other, &options, &bus, partition)];
    let mut nodes = JoinSet::new();
    for (relay, (store, first)) in relays.into_iter().zip([(chat.store.clone(), 1), (other.clone(), 101)]) {
        nodes.spawn(async move {
            for number in first..first + 50 {
                store.commit(vec![post(ADA, GENERAL, number, "text")]).await.unwrap();
                relay.drain().await.unwrap();
            }
        });
    }
    nodes.join_all().await;
    let records = bus.records.lock().unwrap();
    let places: Vec<_> = records
        .iter()
        .filter_map(|record| match record {
            Record::Stream(event) if event.stream == StreamKey::Channel(GENERAL) => Some(event.seq.0),
            _ => None,
        })
        .collect();
    assert_eq!(places, (1..=101).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_node_that_cannot_publish_leaves_the_turn_to_others() {
    let chat = Chat::founded().await;
    let other = chat.another_node().await;
    chat.store.commit(vec![post(ADA, GENERAL, 0, "text")]).await.unwrap();
    let partition = partition_of(&chat.store).await;
    let options = chat.database.options();
    let (broken, whole) = (Arc::new(Kept::default()), Arc::new(Kept::default()));
    broken.down.store(true, Ordering::Relaxed);
    relay(&chat.store, &options, &broken, partition).drain().await.unwrap_err();
    relay(&other, &options, &whole, partition).drain().await.unwrap();
    assert!(!whole.records.lock().unwrap().is_empty());
    assert_eq!(chat.store.pending(partition, 1).await.unwrap(), []);
}

#[tokio::test]
async fn the_turn_of_a_node_that_hangs_goes_to_others() {
    let chat = Chat::founded().await;
    let other = chat.another_node().await;
    chat.store.commit(vec![post(ADA, GENERAL, 0, "text")]).await.unwrap();
    let partition = partition_of(&chat.store).await;
    let options = chat.database.options();
    let hanging = Turn::new(
        Arc::new(chat.store.clone()),
        Arc::new(Kept::default()),
        TurnLock::new(options.clone(), partition),
    );
    assert!(!Outbox::pending(&hanging, partition, 10).await.unwrap().is_empty(), "it has the turn");
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory'
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(chat.database.number(end).await, 1, "the database ends it, as it does after some seconds");
    let bus = Arc::new(Kept::default());
    relay(&other, &options, &bus, partition).drain().await.unwrap();
    assert!(!bus.records.lock().unwrap().is_empty());
}
