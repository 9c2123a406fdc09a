//! Whose turn it is to relay: one node at a time for a partition, so that records of one key leave in order and once.
//!
//! A node that has committed takes the turn as soon as it is free, moves every row of the partition, its own and others', and
//! gives the turn back. The turn is an advisory lock in a transaction of its own: it ends with the connection, and with
//! the database's patience for a node that hangs. Whoever lost a turn unnoticed publishes twice, and gates drop the second.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use echopulse_core::{
    chat::{
        model::{Record, StreamEvent},
        port::outbound::{Bus, Outbox},
    },
    common::{BoxFuture, Seq, StoreError, StreamKey},
    server::port::outbound::{EventPublisher, OutboxRecord, ServerOutbox},
};
use tokio::sync::Mutex;

use crate::postgres::TurnLock;

type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// An outbox and the bus behind it, for one relay.
pub struct Turn<S, B> {
    store: Arc<S>,
    bus: Arc<B>,
    lock: Mutex<TurnLock>,
    /// Whether nothing is left behind what was read.
    last: AtomicBool,
}

impl<S, B> fmt::Debug for Turn<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").finish_non_exhaustive()
    }
}

impl<S, B> Turn<S, B> {
    /// The outbox of `store`, moved to `bus` while `lock` is held.
    pub fn new(store: Arc<S>, bus: Arc<B>, lock: TurnLock) -> Self {
        Self { store, bus, lock: Mutex::new(lock), last: AtomicBool::new(false) }
    }

    /// Rows, read while it is our turn, which ends with the last of them.
    async fn rows<'a, T>(
        &'a self,
        limit: usize,
        read: impl Fn(&'a S, usize) -> Answer<'a, Vec<T>> + Send,
    ) -> Result<Vec<T>, StoreError> {
        let mut lock = self.lock.lock().await;
        if !lock.is_held() {
            lock.take().await?;
        }
        let rows = read(&self.store, limit).await;
        self.last.store(rows.as_ref().is_ok_and(|rows| rows.len() < limit), Ordering::Relaxed);
        if rows.as_ref().map_or(true, Vec::is_empty) {
            lock.give_back().await;
        }
        rows
    }

    async fn forgotten(&self, forgetting: Answer<'_, ()>) -> Result<(), StoreError> {
        forgetting.await?;
        if self.last.load(Ordering::Relaxed) {
            self.lock.lock().await.give_back().await;
        }
        Ok(())
    }

    /// Whoever cannot publish leaves the turn to others.
    async fn unless_it_fails(&self, published: Result<(), StoreError>) -> Result<(), StoreError> {
        if published.is_err() {
            self.lock.lock().await.give_back().await;
        }
        published
    }
}

impl<S: Outbox, B: Send + Sync> Outbox for Turn<S, B> {
    fn pending(&self, partition: u32, limit: usize) -> Answer<'_, Vec<StreamEvent>> {
        Box::pin(self.rows(limit, move |store, limit| store.pending(partition, limit)))
    }

    fn published(&self, rows: Vec<(StreamKey, Seq)>) -> Answer<'_, ()> {
        Box::pin(self.forgotten(self.store.published(rows)))
    }
}

impl<S: Send + Sync, B: Bus> Bus for Turn<S, B> {
    fn publish(&self, records: Vec<Record>) -> Answer<'_, ()> {
        Box::pin(async move { self.unless_it_fails(self.bus.publish(records).await).await })
    }
}

impl<S: ServerOutbox, B: Send + Sync> ServerOutbox for Turn<S, B> {
    fn pending(&self, limit: usize) -> Answer<'_, Vec<(u64, OutboxRecord)>> {
        Box::pin(self.rows(limit, |store, limit| store.pending(limit)))
    }

    fn published(&self, rows: Vec<u64>) -> Answer<'_, ()> {
        Box::pin(self.forgotten(self.store.published(rows)))
    }
}

impl<S: Send + Sync, B: EventPublisher> EventPublisher for Turn<S, B> {
    fn publish(&self, records: Vec<OutboxRecord>) -> Answer<'_, ()> {
        Box::pin(async move { self.unless_it_fails(self.bus.publish(records).await).await })
    }
}
