//! The queue behind a socket: bounded in octets and frames, first in, first out.
//!
//! Receipts, replies and events stand in one line, so whatever was put in first is written first. When it is full, signals go first;
//! when that is not enough, the client is slow, everything is dropped, and it is closed with a code that says so: it resumes from its
//! last place, so nothing is lost.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use echopulse_core::{
    chat::{
        model::{Delivery, Item},
        port::outbound::{Follower, Room},
    },
    common::BoxFuture,
};
use echopulse_protocol::stomp::{SharedMessage, Version, server::close};
use tokio::sync::Notify;

use super::encode;

/// How much may wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) octets: usize,
    pub(super) frames: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { octets: 1024 * 1024, frames: 1024 }
    }
}

/// Octets that a frame costs besides its body.
const OVERHEAD: usize = 256;

/// What goes to the socket next.
#[derive(Debug)]
pub(super) enum Next {
    Frame(Bytes),
    Close(u16, String),
}

enum Entry {
    Frame(Bytes),
    Delivery { subscription: u64, delivery: Arc<Delivery> },
    Close(u16, String),
}

impl Entry {
    fn cost(&self) -> usize {
        OVERHEAD
            + match self {
                Self::Frame(frame) => frame.len(),
                Self::Delivery { delivery, .. } => encode::shared(delivery).body_length(),
                Self::Close(..) => 0,
            }
    }

    fn is_lossy(&self) -> bool {
        matches!(self, Self::Delivery { delivery, .. } if encode::is_lossy(delivery))
    }

    fn is_of(&self, wanted: u64) -> bool {
        matches!(self, Self::Delivery { subscription, .. } if *subscription == wanted)
    }
}

struct Inner {
    entries: VecDeque<Entry>,
    octets: usize,
    version: Version,
    /// What each subscription is called; those that ended are gone.
    names: HashMap<u64, Arc<str>>,
    /// Subscriptions that core ended and the session has not heard of yet.
    ended: Vec<u64>,
    /// A Close is queued, or the socket is gone: nothing more comes in.
    sealed: bool,
}

/// The queue behind a socket.
pub(super) struct Outbox {
    bounds: Bounds,
    inner: Mutex<Inner>,
    /// Something can be written.
    filled: Notify,
    /// There is room again, or never will be.
    emptied: Notify,
    /// The queue was sealed from within: the client was slow, or the socket broke.
    broken: Notify,
}

impl Outbox {
    pub(super) fn new(bounds: Bounds) -> Self {
        let inner = Inner {
            entries: VecDeque::new(),
            octets: 0,
            version: Version::V12,
            names: HashMap::new(),
            ended: Vec::new(),
            sealed: false,
        };
        Self {
            bounds,
            inner: Mutex::new(inner),
            filled: Notify::new(),
            emptied: Notify::new(),
            broken: Notify::new(),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The version that frames are written in from now on.
    pub(super) fn speak(&self, version: Version) {
        self.inner().version = version;
    }

    /// Lets deliveries of a subscription through, under this name.
    pub(super) fn open(&self, subscription: u64, name: &str) {
        self.inner().names.insert(subscription, name.into());
    }

    /// Drops what waits for a subscription, and what will still come.
    pub(super) fn forget(&self, subscription: u64) {
        let mut inner = self.inner();
        inner.names.remove(&subscription);
        inner.drop_where(|entry| entry.is_of(subscription));
    }

    /// The subscriptions that core ended since the last call.
    pub(super) fn take_ended(&self) -> Vec<u64> {
        std::mem::take(&mut self.inner().ended)
    }

    /// Queues a frame of the session.
    pub(super) fn push(&self, frame: Bytes) {
        self.put(Entry::Frame(frame));
    }

    /// Queues a message that only this connection gets.
    pub(super) fn push_message(&self, name: &str, message: &SharedMessage) {
        let version = self.inner().version;
        self.push(message.frame(name, version));
    }

    /// Queues the Close frame; nothing comes behind it.
    pub(super) fn close(&self, code: u16, reason: &str) {
        metrics::counter!("echopulse_sockets_closed_total", "code" => code.to_string()).increment(1);
        let mut inner = self.inner();
        if !inner.sealed {
            inner.sealed = true;
            inner.entries.push_back(Entry::Close(code, reason.to_owned()));
        }
        drop(inner);
        self.filled.notify_one();
        self.emptied.notify_waiters();
    }

    /// The socket is gone: nothing is written any more.
    pub(super) fn abandon(&self) {
        let mut inner = self.inner();
        inner.sealed = true;
        inner.clear();
        drop(inner);
        self.emptied.notify_waiters();
        self.broken.notify_one();
    }

    /// Waits until the queue is sealed from within.
    pub(super) async fn broken(&self) {
        self.broken.notified().await;
    }

    fn put(&self, entry: Entry) -> Room {
        let mut inner = self.inner();
        if inner.sealed {
            return Room::Gone;
        }
        let cost = entry.cost();
        if !inner.fits(cost, self.bounds) {
            if entry.is_lossy() {
                return Room::Open;
            }
            inner.drop_where(Entry::is_lossy);
        }
        if !inner.fits(cost, self.bounds) {
            inner.clear();
            inner.sealed = true;
            inner.entries.push_back(Entry::Close(close::SLOW, "slow-consumer".to_owned()));
            drop(inner);
            self.filled.notify_one();
            self.emptied.notify_waiters();
            self.broken.notify_one();
            return Room::Gone;
        }
        inner.octets += cost;
        inner.entries.push_back(entry);
        drop(inner);
        self.filled.notify_one();
        Room::Open
    }

    fn end(&self, subscription: u64, delivery: &Delivery) -> Room {
        let frame = {
            let mut inner = self.inner();
            inner.drop_where(|entry| entry.is_of(subscription));
            inner.ended.push(subscription);
            let Some(name) = inner.names.remove(&subscription) else { return Room::Open };
            encode::shared(delivery).frame(&name, inner.version)
        };
        self.put(Entry::Frame(frame))
    }

    /// Takes what is to be written next, if there is anything.
    pub(super) fn try_next(&self) -> Option<Next> {
        let mut inner = self.inner();
        loop {
            let entry = inner.entries.pop_front()?;
            if !matches!(entry, Entry::Close(..)) {
                inner.octets -= entry.cost();
            }
            if inner.is_roomy(self.bounds) {
                self.emptied.notify_waiters();
            }
            match entry {
                Entry::Frame(frame) => return Some(Next::Frame(frame)),
                Entry::Close(code, reason) => return Some(Next::Close(code, reason)),
                Entry::Delivery { subscription, delivery } => {
                    if let Some(name) = inner.names.get(&subscription) {
                        return Some(Next::Frame(encode::shared(&delivery).frame(name, inner.version)));
                    }
                }
            }
        }
    }

    /// Waits for something to write.
    pub(super) async fn next(&self) -> Next {
        loop {
            if let Some(next) = self.try_next() {
                return next;
            }
            self.filled.notified().await;
        }
    }

    async fn wait_for_room(&self) -> Room {
        loop {
            let emptied = self.emptied.notified();
            {
                let inner = self.inner();
                if inner.sealed {
                    return Room::Gone;
                }
                if inner.is_roomy(self.bounds) {
                    return Room::Open;
                }
            }
            emptied.await;
        }
    }
}

impl Inner {
    fn fits(&self, cost: usize, bounds: Bounds) -> bool {
        self.entries.len() < bounds.frames && self.octets + cost <= bounds.octets
    }

    fn is_roomy(&self, bounds: Bounds) -> bool {
        self.entries.len() <= bounds.frames / 2 && self.octets <= bounds.octets / 2
    }

    fn clear(&mut self) {
        self.entries.clear();
        self.octets = 0;
    }

    fn drop_where(&mut self, dropped: impl Fn(&Entry) -> bool) {
        let mut freed = 0;
        self.entries.retain(|entry| {
            let goes = dropped(entry);
            if goes {
                freed += entry.cost();
            }
            !goes
        });
        self.octets -= freed;
    }
}

impl Follower for Outbox {
    fn deliver(&self, subscription: u64, delivery: Arc<Delivery>) -> Room {
        match delivery.item {
            Item::Ended(_) => self.end(subscription, &delivery),
            _ => self.put(Entry::Delivery { subscription, delivery }),
        }
    }

    fn room(&self) -> BoxFuture<'_, Room> {
        Box::pin(self.wait_for_room())
    }
}

#[cfg(test)]
mod tests;
