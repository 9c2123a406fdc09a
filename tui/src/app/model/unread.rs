//! What has not been read yet, per channel.
//!
//! The backend counts; between two readings of its counts the client follows with what streams say. A number is never
//! guessed: where the streams leave a hole, the client asks for the counts again.

use std::collections::HashMap;

use echopulse_protocol::id::ChannelId;

/// The most that is shown; the backend does not count further either.
const MOST: u32 = 1000;

/// How far a channel has been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReadMark {
    /// The last seq that counts as read.
    pub(crate) read: u64,
    /// Counts the moves backwards.
    pub(crate) version: u64,
    /// Living messages of others behind it.
    pub(crate) unread: u32,
    /// Those among them that mention the person.
    pub(crate) mentions: u32,
    /// The last seq of which the counts know.
    pub(crate) head: u64,
}

/// The marks of all channels.
#[derive(Debug, Default)]
pub(crate) struct Unread(HashMap<ChannelId, ReadMark>);

/// A message as far as counting needs it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted {
    pub(crate) seq: u64,
    pub(crate) is_mine: bool,
    pub(crate) mentions_me: bool,
}

impl Unread {
    /// What is known of a channel; nothing known is nothing unread.
    pub(crate) fn of(&self, channel: ChannelId) -> ReadMark {
        self.0.get(&channel).copied().unwrap_or_default()
    }

    /// Whether anything is known of a channel.
    pub(crate) fn knows(&self, channel: ChannelId) -> bool {
        self.0.contains_key(&channel)
    }

    /// Takes the backend's word.
    pub(crate) fn set(&mut self, channel: ChannelId, mark: ReadMark) {
        self.0.insert(channel, mark);
    }

    /// Counts a new message, unless it is counted already.
    pub(crate) fn created(&mut self, channel: ChannelId, message: Counted) {
        let mark = self.0.entry(channel).or_default();
        if message.seq <= mark.head {
            return;
        }
        mark.head = message.seq;
        if message.seq > mark.read && !message.is_mine {
            mark.unread = (mark.unread + 1).min(MOST);
            mark.mentions = (mark.mentions + u32::from(message.mentions_me)).min(MOST);
        }
    }

    /// Everything up to `head` is counted.
    pub(crate) fn reached(&mut self, channel: ChannelId, head: u64) {
        if let Some(mark) = self.0.get_mut(&channel) {
            mark.head = mark.head.max(head);
        }
    }

    /// Moves the mark to `read`; `passed` are the unread messages on the way. Answers the mark if it moved.
    pub(crate) fn move_to(&mut self, channel: ChannelId, read: u64, passed: &[Counted]) -> Option<ReadMark> {
        let mark = self.0.entry(channel).or_default();
        if read <= mark.read {
            return None;
        }
        mark.read = read;
        if read >= mark.head {
            (mark.head, mark.unread, mark.mentions) = (read, 0, 0);
        } else {
            let count = |what: fn(&Counted) -> bool| u32::try_from(passed.iter().filter(|m| what(m)).count());
            mark.unread = mark.unread.saturating_sub(count(|m| !m.is_mine).unwrap_or(MOST));
            mark.mentions = mark.mentions.saturating_sub(count(|m| m.mentions_me).unwrap_or(MOST));
        }
        Some(*mark)
    }

    pub(crate) fn forget(&mut self, channel: ChannelId) {
        self.0.remove(&channel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: ChannelId = ChannelId::from_u128(1);

    fn message(seq: u64) -> Counted {
        Counted { seq, is_mine: false, mentions_me: seq.is_multiple_of(2) }
    }

    #[test]
    fn a_message_heard_of_twice_counts_once() {
        let mut unread = Unread::default();
        unread.created(HERE, message(4));
        unread.created(HERE, message(4));
        assert_eq!((unread.of(HERE).unread, unread.of(HERE).mentions), (1, 1));
    }

    #[test]
    fn ones_own_messages_are_never_unread() {
        let mut unread = Unread::default();
        unread.created(HERE, Counted { is_mine: true, ..message(3) });
        assert_eq!(unread.of(HERE).unread, 0);
    }

    #[test]
    fn reading_a_part_leaves_the_rest() {
        let mut unread = Unread::default();
        (1..=4).for_each(|seq| unread.created(HERE, message(seq)));
        let moved = unread.move_to(HERE, 2, &[message(1), message(2)]);
        assert_eq!(moved.map(|mark| (mark.unread, mark.mentions)), Some((2, 1)));
        assert_eq!(unread.move_to(HERE, 1, &[]), None);
        assert_eq!(unread.move_to(HERE, 4, &[]).map(|mark| mark.unread), Some(0));
    }
}
