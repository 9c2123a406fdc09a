//! The gate of one stream: lets each event through once, in order, and says when some are missing.

use crate::common::{Epoch, Seq};

/// What to do with an offered event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// It is the next one, and the gate moved.
    Next,
    /// It was let through before.
    Had,
    /// Events before it are missing. The gate remembers how far the stream goes.
    Hole,
}

/// How far one node has let a stream through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate {
    epoch: Epoch,
    last: Seq,
    known: Seq,
}

impl Gate {
    /// A gate behind `last`: what comes next is `last + 1`.
    #[must_use]
    pub const fn behind(epoch: Epoch, last: Seq) -> Self {
        Self { epoch, last, known: last }
    }

    /// The numbering it is in.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The last event let through.
    #[must_use]
    pub const fn last(&self) -> Seq {
        self.last
    }

    /// Whether the stream is known to go further than what was let through.
    #[must_use]
    pub fn has_hole(&self) -> bool {
        self.known > self.last
    }

    /// Offers an event that is at hand.
    pub fn offer(&mut self, seq: Seq) -> Passage {
        if seq <= self.last {
            return Passage::Had;
        }
        self.known = self.known.max(seq);
        if seq == self.last.next() {
            self.last = seq;
            return Passage::Next;
        }
        Passage::Hole
    }

    /// Notes that the stream goes up to `head`.
    pub fn announce(&mut self, head: Seq) {
        self.known = self.known.max(head);
    }

    /// Passes over everything up to `through`: the store said that it is gone.
    pub fn pass_over(&mut self, through: Seq) {
        self.last = self.last.max(through);
        self.known = self.known.max(self.last);
    }

    /// Takes back announcements beyond `head`: the store does not have them, so a hint was wrong.
    pub fn correct(&mut self, head: Seq) {
        self.known = self.last.max(head);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(last: u64) -> Gate {
        Gate::behind(Epoch(1), Seq(last))
    }

    #[test]
    fn the_next_event_passes_once() {
        let mut gate = gate(4);
        assert_eq!(gate.offer(Seq(5)), Passage::Next);
        assert_eq!(gate.offer(Seq(5)), Passage::Had);
        assert_eq!(gate.last(), Seq(5));
        assert!(!gate.has_hole());
    }

    #[test]
    fn a_later_event_waits_for_the_missing_ones() {
        let mut gate = gate(4);
        assert_eq!(gate.offer(Seq(7)), Passage::Hole);
        assert_eq!(gate.last(), Seq(4));
        assert!(gate.has_hole());
        for seq in 5..=7 {
            assert_eq!(gate.offer(Seq(seq)), Passage::Next);
        }
        assert!(!gate.has_hole());
    }

    #[test]
    fn a_hint_beyond_the_store_is_taken_back() {
        let mut gate = gate(4);
        gate.announce(Seq(900));
        gate.correct(Seq(4));
        assert!(!gate.has_hole());
        assert_eq!(gate.offer(Seq(5)), Passage::Next);
    }

    #[test]
    fn what_was_purged_is_passed_over() {
        let mut gate = gate(4);
        gate.announce(Seq(9));
        gate.pass_over(Seq(7));
        assert_eq!(gate.offer(Seq(8)), Passage::Next);
        assert!(gate.has_hole());
    }
}
