//! A store whose calls take a while, fail before or after they did their work, and may lie if told to.

use std::{
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{chance::Seeded, executor::pause};
use crate::{
    chat::{
        model::{HistoryPage, HistoryQuery, Message, ReadMove, ReadState, StreamEvent},
        port::outbound::{EventLog, EventPage, MessageStore, NonceRecord, Outbox, StreamHead},
        write::{Outcome, Write},
    },
    common::{BoxFuture, ChannelId, MessageId, Seq, StoreError, StreamKey, UserId, sync::lock},
    testing::chat::MemoryChatStore,
};

/// One node's connection to the database that all nodes share.
pub(super) struct FaultyStore {
    pub(super) inner: Arc<MemoryChatStore>,
    pub(super) chance: Arc<Mutex<Seeded>>,
    pub(super) calm: Arc<AtomicBool>,
    /// Answers commits before they are made: the mistake of a receipt before the commit.
    pub(super) lies: bool,
}

/// Where a call fails.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    Before,
    After,
}

impl FaultyStore {
    fn draw(&self) -> (usize, usize, Fault) {
        let mut chance = lock(&self.chance);
        let fault = match chance.below(100) {
            _ if self.calm.load(Ordering::Relaxed) => Fault::None,
            0 => Fault::Before,
            1 => Fault::After,
            _ => Fault::None,
        };
        (chance.below(4), chance.below(4), fault)
    }

    async fn call<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let (before, after, fault) = self.draw();
        pause(before).await;
        if fault == Fault::Before {
            return Err(StoreError::new("the connection was refused"));
        }
        let answer = work.await;
        pause(after).await;
        if fault == Fault::After { Err(StoreError::new("the connection was cut")) } else { answer }
    }

    /// Foretells the outcome on a copy, answers, and leaves the work for later or never.
    async fn lie(&self, batch: Vec<Write>) -> Result<Vec<Outcome>, StoreError> {
        let (before, _, _) = self.draw();
        pause(before).await;
        if lock(&self.chance).percent(5) {
            return Ok(self.inner.foretell(&batch));
        }
        self.inner.commit(batch).await
    }
}

impl MessageStore for FaultyStore {
    fn commit(&self, batch: Vec<Write>) -> BoxFuture<'_, Result<Vec<Outcome>, StoreError>> {
        if self.lies {
            return Box::pin(self.lie(batch));
        }
        Box::pin(self.call(self.inner.commit(batch)))
    }

    fn find_nonce(
        &self,
        author: UserId,
        nonce: String,
    ) -> BoxFuture<'_, Result<Option<NonceRecord>, StoreError>> {
        Box::pin(self.call(self.inner.find_nonce(author, nonce)))
    }

    fn find_message(
        &self,
        channel: ChannelId,
        message: MessageId,
    ) -> BoxFuture<'_, Result<Option<Message>, StoreError>> {
        Box::pin(self.call(self.inner.find_message(channel, message)))
    }

    fn history(
        &self,
        channel: ChannelId,
        query: HistoryQuery,
        limit: usize,
    ) -> BoxFuture<'_, Result<Option<HistoryPage>, StoreError>> {
        Box::pin(self.call(self.inner.history(channel, query, limit)))
    }

    fn read_states(
        &self,
        user: UserId,
        channels: Vec<ChannelId>,
    ) -> BoxFuture<'_, Result<Vec<ReadState>, StoreError>> {
        Box::pin(self.call(self.inner.read_states(user, channels)))
    }

    fn move_read(
        &self,
        user: UserId,
        channel: ChannelId,
        to: ReadMove,
    ) -> BoxFuture<'_, Result<Option<ReadState>, StoreError>> {
        Box::pin(self.call(self.inner.move_read(user, channel, to)))
    }
}

impl EventLog for FaultyStore {
    fn events(
        &self,
        stream: StreamKey,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<Option<EventPage>, StoreError>> {
        Box::pin(self.call(self.inner.events(stream, after, limit)))
    }

    fn heads(&self, streams: Vec<StreamKey>) -> BoxFuture<'_, Result<Vec<StreamHead>, StoreError>> {
        Box::pin(self.call(self.inner.heads(streams)))
    }
}

impl Outbox for FaultyStore {
    fn pending(&self, partition: u32, limit: usize) -> BoxFuture<'_, Result<Vec<StreamEvent>, StoreError>> {
        Box::pin(self.call(self.inner.pending(partition, limit)))
    }

    fn published(&self, rows: Vec<(StreamKey, Seq)>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.call(self.inner.published(rows)))
    }
}
