//! Walking over the rows of a timeline: messages, holes between them, and what waits behind them.
//!
//! Each step is a look-up in a tree, so a frame may take as many as a screen has lines.

use super::{Key, Timeline};

impl Timeline {
    /// The first row, if there is any.
    pub(crate) fn first_key(&self) -> Option<Key> {
        match self.loaded && self.reaches_start() {
            true => Some(Key::Start),
            false => self.stream_from(0).or_else(|| self.pending.first().map(|number| Key::Pending(*number))),
        }
    }

    /// The last row, if there is any.
    pub(crate) fn last_key(&self) -> Option<Key> {
        match self.pending.last() {
            Some(number) => Some(Key::Pending(*number)),
            None => self.stream_until(u64::MAX).or_else(|| self.first_key()),
        }
    }

    /// The row below `key`.
    pub(crate) fn next(&self, key: Key) -> Option<Key> {
        let in_stream = match key {
            Key::Start => self.stream_from(0),
            Key::Message(seq) => self.stream_from(seq + 1),
            Key::Gap(from) => self.stream_from(self.gap_end(from).map_or(from, |to| to + 1)),
            Key::Pending(number) => return self.pending_beside(number, 1),
        };
        in_stream.or_else(|| self.pending.first().map(|number| Key::Pending(*number)))
    }

    /// The row above `key`.
    pub(crate) fn previous(&self, key: Key) -> Option<Key> {
        let before = match key {
            Key::Start => return None,
            Key::Message(seq) | Key::Gap(seq) => seq,
            Key::Pending(number) => match self.pending_beside(number, -1) {
                Some(above) => return Some(above),
                None => u64::MAX,
            },
        };
        let above = before.checked_sub(1).and_then(|seq| self.stream_until(seq));
        above.or_else(|| (self.loaded && self.reaches_start()).then_some(Key::Start))
    }

    /// `key`, or the row nearest to where it was.
    pub(crate) fn resolve(&self, key: Key) -> Option<Key> {
        match key {
            Key::Message(seq) | Key::Gap(seq) => self.stream_from(seq).or_else(|| self.last_key()),
            Key::Pending(number) if self.pending.contains(&number) => Some(key),
            Key::Pending(_) => self.last_key(),
            Key::Start => self.first_key(),
        }
    }

    fn pending_beside(&self, number: u64, step: isize) -> Option<Key> {
        let at = self.pending.iter().position(|pending| *pending == number)?;
        self.pending.get(at.checked_add_signed(step)?).map(|number| Key::Pending(*number))
    }

    /// The first message or hole at `seq` or behind it.
    fn stream_from(&self, seq: u64) -> Option<Key> {
        let message = self.messages.range(seq..).next().map(|(seq, _)| *seq);
        let gap = self.known.hole_from(seq.max(1), self.purged_through + 1, self.head).map(|(from, _)| from);
        match (message, gap) {
            (Some(message), Some(gap)) if gap < message => Some(Key::Gap(gap)),
            (Some(message), _) => Some(Key::Message(message)),
            (None, gap) => gap.map(Key::Gap),
        }
    }

    /// The last message or hole that begins at `seq` or before it.
    fn stream_until(&self, seq: u64) -> Option<Key> {
        let message = self.messages.range(..=seq).next_back().map(|(seq, _)| *seq);
        let gap = self.known.hole_until(seq, self.purged_through + 1, self.head).map(|(from, _)| from);
        match (message, gap) {
            (Some(message), Some(gap)) if gap > message => Some(Key::Gap(gap)),
            (Some(message), _) => Some(Key::Message(message)),
            (None, gap) => gap.map(Key::Gap),
        }
    }
}
