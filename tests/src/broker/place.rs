//! Where messages go, and who waits for them there.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use echopulse_protocol::stomp::server::{Delivery, Relayed};
use tokio::sync::Notify;

/// Messages that a consumer without a window is handed at a time, so that others have a share.
const HANDED: usize = 64;
/// Octets that wait for one consumer of a topic. Beyond, it is too slow.
const LARGEST_INBOX: usize = 16 * 1024 * 1024;

/// A destination.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Place {
    Queue(String),
    Topic(String),
}

impl Place {
    /// `/queue/…` or `/topic/…`, with something behind it.
    pub(super) fn parse(destination: &str) -> Option<Self> {
        let named = |prefix| destination.strip_prefix(prefix).filter(|name| !name.is_empty());
        named("/queue/")
            .map(|name| Self::Queue(name.to_owned()))
            .or_else(|| named("/topic/").map(|name| Self::Topic(name.to_owned())))
    }
}

/// A message that the broker has.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    /// Its place among all messages.
    pub(super) number: u64,
    pub(super) message: Arc<Relayed>,
    pub(super) redelivered: bool,
}

impl Kept {
    pub(super) fn octets(&self) -> usize {
        self.message.body.len() + 256
    }
}

/// A subscription.
#[derive(Debug)]
pub(super) struct Consumer {
    pub(super) place: Place,
    /// Wakes the connection.
    pub(super) wake: Arc<Notify>,
    /// How many messages may wait to be acknowledged; `None`: none ever does.
    window: Option<usize>,
    inbox: VecDeque<Kept>,
    inbox_octets: usize,
    /// Sent, and not acknowledged yet.
    unacknowledged: BTreeMap<Delivery, Kept>,
    /// Handed to the connection, and not known to be written yet.
    unwritten: Vec<Kept>,
    /// It did not take what was sent in time.
    pub(super) is_slow: bool,
}

impl Consumer {
    pub(super) fn new(place: Place, window: Option<usize>, wake: Arc<Notify>) -> Self {
        Self {
            place,
            wake,
            window,
            inbox: VecDeque::new(),
            inbox_octets: 0,
            unacknowledged: BTreeMap::new(),
            unwritten: Vec::new(),
            is_slow: false,
        }
    }

    /// Whether a message of a queue may be handed to it.
    pub(super) fn has_room(&self) -> bool {
        self.inbox.len() + self.unacknowledged.len() < self.window.unwrap_or(HANDED)
    }

    /// Puts a message in. One that is too slow gets nothing more, and loses what waits: it will be closed.
    pub(super) fn push(&mut self, kept: Kept) {
        if self.is_slow {
            return;
        }
        self.inbox_octets += kept.octets();
        self.inbox.push_back(kept);
        if matches!(self.place, Place::Topic(_)) && self.inbox_octets > LARGEST_INBOX {
            self.is_slow = true;
            self.inbox.clear();
            self.inbox_octets = 0;
        }
        self.wake.notify_one();
    }

    /// The next message, unless too many wait to be acknowledged.
    pub(super) fn pop(&mut self) -> Option<Kept> {
        if self.window.is_some_and(|window| self.unacknowledged.len() >= window) {
            return None;
        }
        let kept = self.inbox.pop_front()?;
        self.inbox_octets -= kept.octets();
        Some(kept)
    }

    pub(super) fn awaits(&mut self, delivery: Delivery, kept: Kept) {
        self.unacknowledged.insert(delivery, kept);
    }

    pub(super) fn unwritten(&mut self, kept: Kept) {
        self.unwritten.push(kept);
    }

    pub(super) fn written(&mut self) {
        self.unwritten.clear();
    }

    pub(super) fn settle(&mut self, delivery: Delivery) -> Option<Kept> {
        self.unacknowledged.remove(&delivery)
    }

    /// Everything it has not got for certain. What may have arrived says so when it comes again.
    pub(super) fn into_rest(self) -> impl Iterator<Item = Kept> {
        let seen = self.unwritten.into_iter().chain(self.unacknowledged.into_values());
        seen.map(|kept| Kept { redelivered: true, ..kept }).chain(self.inbox)
    }

    pub(super) fn count(&self) -> usize {
        self.inbox.len() + self.unacknowledged.len() + self.unwritten.len()
    }
}
