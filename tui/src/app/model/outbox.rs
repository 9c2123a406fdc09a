//! Messages that are not in the history yet: waiting, sent, or refused. Nothing leaves it silently.

use echopulse_protocol::id::{ChannelId, MessageId};

use super::super::effect::Unsent;
use super::super::text::Shown;
use super::message::Message;

/// Messages that may wait in one channel; more are not taken, and the text stays in the composer.
pub(crate) const MAX_WAITING: usize = 200;

/// One message of one's own.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Its place in the outbox, never used twice.
    pub(crate) number: u64,
    pub(crate) unsent: Unsent,
    pub(crate) state: State,
    /// What it looks like.
    pub(crate) message: Message,
}

/// How far a message has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It waits for the connection or for the receipt.
    Waiting,
    /// It is durable, and the history will show it any moment.
    Sent(MessageId),
    /// It was refused.
    Failed(Shown),
}

/// All of them, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    entries: Vec<Entry>,
    next: u64,
}

impl Outbox {
    /// Takes a message in and answers its number.
    pub(crate) fn push(&mut self, unsent: Unsent, message: Message) -> u64 {
        let number = self.next;
        self.next += 1;
        self.entries.push(Entry { number, unsent, state: State::Waiting, message });
        number
    }

    pub(crate) fn get(&self, number: u64) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.number == number)
    }

    pub(crate) fn by_nonce(&mut self, nonce: &str) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.unsent.nonce == nonce)
    }

    /// The messages of a channel, in order.
    pub(crate) fn of(&self, channel: ChannelId) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.unsent.channel == channel)
    }

    /// Says where it stands now; another revision makes it drawn anew.
    pub(crate) fn set(&mut self, number: u64, state: State) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.number == number) {
            entry.state = state;
            entry.message.revision += 1;
        }
    }

    pub(crate) fn remove(&mut self, number: u64) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| entry.number == number)?;
        Some(self.entries.remove(at))
    }

    /// Takes out the message that the history shows now, by its nonce or by its receipt.
    pub(crate) fn settle(&mut self, id: MessageId, nonce: &str, is_mine: bool) -> Option<Entry> {
        let is_it = |entry: &Entry| {
            entry.state == State::Sent(id) || (is_mine && !nonce.is_empty() && entry.unsent.nonce == nonce)
        };
        let at = self.entries.iter().position(is_it)?;
        Some(self.entries.remove(at))
    }
}
