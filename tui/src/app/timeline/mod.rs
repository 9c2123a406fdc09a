//! The messages of one channel as the client knows them, and where one looks at them.
//!
//! Messages are held by seq, beside the ranges of seqs that are known; what lies between is a hole, and a hole is a row.
//! Every question a frame asks costs a look-up in a tree, however long the history is. Deliberately absent: layout and
//! drawing ([`block`]), and loading: the timeline says what is missing, `update` asks for it.

pub(crate) mod block;
pub(crate) mod cache;
pub(crate) mod ranges;
pub(crate) mod rows;
pub(crate) mod viewport;
mod walk;

use std::collections::{BTreeMap, HashMap, HashSet};

use echopulse_protocol::id::{Epoch, MessageId, Seq, UserId};

use super::effect::HistoryAt;
use super::model::message::{Message, Quoted};
use ranges::Ranges;
use viewport::Position;

/// Messages held at most; what is farthest from the reader goes first, and is a hole again.
const MAX_HELD: usize = 20_000;

/// A row of the list, in reading order within its kind; [`Timeline::next`] and [`Timeline::previous`] put the kinds in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// The channel begins here.
    Start,
    /// The message created at that seq.
    Message(u64),
    /// A hole that begins at that seq.
    Gap(u64),
    /// A message of one's own that waits, by its number in the outbox.
    Pending(u64),
}

/// The messages of one channel.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    messages: BTreeMap<u64, Message>,
    seqs: HashMap<MessageId, u64>,
    quotes: HashMap<MessageId, Quoted>,
    known: Ranges,
    /// The numbering these seqs belong to.
    pub(crate) epoch: Option<Epoch>,
    head: u64,
    purged_through: u64,
    /// Own messages that wait, as numbers of the outbox in order; kept by `update`.
    pub(crate) pending: Vec<u64>,
    /// What is being fetched.
    pub(crate) loading: HashSet<HistoryAt>,
    /// Fetching failed; no more of it until somebody asks or the connection is back.
    pub(crate) is_stopped: bool,
    /// Go to the new line as soon as it is there.
    pub(crate) seeks_new: bool,
    /// Go to that message as soon as it is there.
    pub(crate) seeks: Option<u64>,
    /// Where one looks.
    pub(crate) position: Position,
    /// The selected row.
    pub(crate) selected: Option<Key>,
    /// What had been read when the channel was opened.
    pub(crate) read_at_opening: Option<u64>,
    first_unread: Option<u64>,
    /// Whether the first page has come, from whatever source.
    pub(crate) loaded: bool,
}

/// A page of history, or the cached end of it.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) messages: Vec<Message>,
    pub(crate) quotes: Vec<(MessageId, Quoted)>,
    pub(crate) epoch: Epoch,
    pub(crate) head: u64,
    pub(crate) purged_through: u64,
    /// All messages in this range are in the page.
    pub(crate) covers: Option<(u64, u64)>,
}

impl Timeline {
    /// Takes a page in. A page of another epoch replaces everything.
    pub(crate) fn insert_page(&mut self, page: Page, me: UserId) {
        if self.epoch.is_some_and(|epoch| epoch != page.epoch) {
            self.reset();
        }
        self.epoch = Some(page.epoch);
        self.head = self.head.max(page.head);
        self.purge(page.purged_through);
        for (id, quote) in page.quotes {
            self.quotes.insert(id, quote);
        }
        for message in page.messages {
            self.insert(message, me);
        }
        if let Some((from, to)) = page.covers {
            self.known.add(from, to);
        }
        self.loaded = true;
        self.trim();
    }

    /// Counts `seq` as had. Answers whether it is new.
    pub(crate) fn advance(&mut self, from: u64, to: u64) -> bool {
        let is_new = self.known.around(from).is_none_or(|(_, end)| end < to);
        self.known.add(from, to);
        self.head = self.head.max(to);
        is_new
    }

    /// Says that the stream goes up to `to`, whatever of it is here.
    pub(crate) fn lack(&mut self, to: u64) {
        self.head = self.head.max(to);
    }

    /// Puts a message in, unless a later state of it is there.
    pub(crate) fn insert(&mut self, message: Message, me: UserId) {
        if self.messages.get(&message.seq).is_some_and(|held| held.revision > message.revision) {
            return;
        }
        if self.quotes.contains_key(&message.id) {
            self.quotes.insert(message.id, Quoted::of(&message));
        }
        let is_unread = self.read_at_opening.is_some_and(|read| message.seq > read);
        if is_unread && message.author.id != me && !message.deleted {
            self.first_unread = Some(self.first_unread.map_or(message.seq, |first| first.min(message.seq)));
        }
        self.seqs.insert(message.id, message.seq);
        self.messages.insert(message.seq, message);
    }

    /// Keeps what an answered message looks like now.
    pub(crate) fn quote(&mut self, id: MessageId, quoted: Quoted) {
        self.quotes.insert(id, quoted);
    }

    /// Turns a message into a tombstone.
    pub(crate) fn bury(&mut self, id: MessageId, revision: u64) {
        if let Some(quote) = self.quotes.get_mut(&id) {
            *quote = Quoted { deleted: true, content: Default::default(), ..quote.clone() };
        }
        if let Some(message) = self.seqs.get(&id).and_then(|seq| self.messages.get_mut(seq)) {
            message.deleted = true;
            message.content = Default::default();
            message.revision = message.revision.max(revision);
        }
    }

    /// Forgets everything up to `through`; it is gone for ever.
    pub(crate) fn purge(&mut self, through: u64) {
        if through <= self.purged_through {
            return;
        }
        self.purged_through = through;
        self.drop_below(through + 1);
    }

    /// Forgets everything: the numbering began anew.
    pub(crate) fn reset(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        *self = Self { pending, ..Self::default() };
    }

    /// Remembers where reading begins, for the new line.
    pub(crate) fn mark_unread_from(&mut self, read: u64, me: UserId) {
        self.read_at_opening = Some(read);
        let others = |message: &&Message| message.author.id != me && !message.deleted;
        self.first_unread =
            self.messages.range(read + 1..).map(|(_, message)| message).find(others).map(|m| m.seq);
    }

    /// There is no new line if everything there is has been read already.
    pub(crate) fn settle_new_line(&mut self) {
        if self.first_unread.is_none() && self.reaches_head() {
            self.read_at_opening = None;
            self.seeks_new = false;
        }
    }

    /// The message above which the new line stands: only where nothing unread is missing before it.
    pub(crate) fn new_line(&self) -> Option<u64> {
        let first = self.first_unread?;
        let read = self.read_at_opening?;
        self.known.around(first).is_some_and(|(from, _)| from <= read + 1).then_some(first)
    }

    /// The message called `id`.
    pub(crate) fn message_of(&self, id: MessageId) -> Option<&Message> {
        self.messages.get(self.seqs.get(&id)?)
    }

    /// The message created at `seq`.
    pub(crate) fn message(&self, seq: u64) -> Option<&Message> {
        self.messages.get(&seq)
    }

    /// What an answered message looks like, if that is known.
    pub(crate) fn quoted(&self, id: MessageId) -> Option<Quoted> {
        self.message_of(id).map(Quoted::of).or_else(|| self.quotes.get(&id).cloned())
    }

    /// The last living message of `author`.
    pub(crate) fn last_of(&self, author: UserId) -> Option<&Message> {
        // Bounded, because somebody may not have written for a long time.
        let recent = self.messages.values().rev().take(500);
        recent.into_iter().find(|message| message.author.id == author && !message.deleted)
    }

    /// Living messages of others in `from..=to`, at most `limit` of them.
    pub(crate) fn others(
        &self,
        from: u64,
        to: u64,
        me: UserId,
        limit: usize,
    ) -> impl Iterator<Item = &Message> {
        let range = self.messages.range(from..=to.max(from)).take(limit).map(|(_, message)| message);
        range.filter(move |message| message.author.id != me && !message.deleted)
    }

    /// The last message held.
    pub(crate) fn last_seq(&self) -> Option<u64> {
        self.messages.last_key_value().map(|(seq, _)| *seq)
    }

    /// The last seq the stream is known to have.
    pub(crate) fn head(&self) -> u64 {
        self.head
    }

    /// Whether the stream has gone beyond `seq`: what began there is shown, older than what is held, or in a hole.
    pub(crate) fn has_passed(&self, seq: u64) -> bool {
        self.known.end().is_some_and(|end| end >= seq)
    }

    /// Whether everything up to the head is known.
    pub(crate) fn reaches_head(&self) -> bool {
        self.known.end().is_some_and(|end| end >= self.head) || self.head <= self.purged_through
    }

    /// Whether everything from the first message on is known.
    pub(crate) fn reaches_start(&self) -> bool {
        self.known.start().map_or(self.head <= self.purged_through, |start| start <= self.purged_through + 1)
    }

    /// The last seq of the hole that begins at `from`.
    pub(crate) fn gap_end(&self, from: u64) -> Option<u64> {
        let (start, to) = self.known.hole_from(from, self.purged_through + 1, self.head)?;
        (start <= from).then_some(to)
    }

    /// What fetches a part of the hole at `from`.
    pub(crate) fn filler(&self, from: u64) -> Option<HistoryAt> {
        let to = self.gap_end(from)?;
        if to == self.head {
            return Some(HistoryAt::After(Seq(from - 1)));
        }
        match from <= self.purged_through + 1 {
            true => Some(HistoryAt::Before(Seq(to + 1))),
            false => Some(HistoryAt::After(Seq(from - 1))),
        }
    }

    /// How many messages are held.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    fn trim(&mut self) {
        while self.messages.len() > MAX_HELD {
            let looked_at = match self.position {
                Position::Bottom => u64::MAX,
                Position::At { key: Key::Message(seq) | Key::Gap(seq), .. } => seq,
                Position::At { key: Key::Start, .. } => 0,
                Position::At { key: Key::Pending(_), .. } => u64::MAX,
            };
            let above = self.messages.range(..looked_at).take(MAX_HELD / 2 + 1).count();
            match above > MAX_HELD / 2 {
                true => {
                    let Some((cut, _)) = self.messages.iter().nth(MAX_HELD / 10) else { return };
                    self.drop_below(*cut);
                }
                false => {
                    let Some((cut, _)) = self.messages.iter().rev().nth(MAX_HELD / 10) else { return };
                    self.drop_above(*cut);
                }
            }
        }
    }

    fn drop_below(&mut self, seq: u64) {
        let kept = self.messages.split_off(&seq);
        for dropped in std::mem::replace(&mut self.messages, kept).into_values() {
            self.seqs.remove(&dropped.id);
        }
        self.known.forget_below(seq);
    }

    fn drop_above(&mut self, seq: u64) {
        for dropped in self.messages.split_off(&(seq + 1)).into_values() {
            self.seqs.remove(&dropped.id);
        }
        self.known.forget_above(seq);
    }
}

#[cfg(test)]
mod tests;
