//! Which seqs of a stream are known: disjoint ranges, and the holes between them.

/// Inclusive ranges, in order, never touching.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ranges(Vec<(u64, u64)>);

impl Ranges {
    /// Adds `from..=to`, joining what it touches. An empty range adds nothing.
    pub(crate) fn add(&mut self, from: u64, to: u64) {
        if from > to {
            return;
        }
        let first = self.0.partition_point(|(_, end)| end.saturating_add(1) < from);
        let behind = self.0.partition_point(|(start, _)| *start <= to.saturating_add(1));
        let joined = self.0[first..behind].iter().fold((from, to), |(a, b), (c, d)| (a.min(*c), b.max(*d)));
        self.0.splice(first..behind, [joined]);
    }

    /// Takes everything below `seq` away.
    pub(crate) fn forget_below(&mut self, seq: u64) {
        self.0.retain(|(_, end)| *end >= seq);
        if let Some((start, _)) = self.0.first_mut() {
            *start = seq.max(*start);
        }
    }

    /// Takes everything above `seq` away.
    pub(crate) fn forget_above(&mut self, seq: u64) {
        self.0.retain(|(start, _)| *start <= seq);
        if let Some((_, end)) = self.0.last_mut() {
            *end = seq.min(*end);
        }
    }

    /// The range that holds `seq`.
    pub(crate) fn around(&self, seq: u64) -> Option<(u64, u64)> {
        let at = self.0.partition_point(|(_, end)| *end < seq);
        self.0.get(at).copied().filter(|(start, _)| *start <= seq)
    }

    /// The last known seq.
    pub(crate) fn end(&self) -> Option<u64> {
        self.0.last().map(|(_, end)| *end)
    }

    /// The first known seq.
    pub(crate) fn start(&self) -> Option<u64> {
        self.0.first().map(|(start, _)| *start)
    }

    /// The first hole inside `low..=high` that ends at `seq` or behind it.
    pub(crate) fn hole_from(&self, seq: u64, low: u64, high: u64) -> Option<(u64, u64)> {
        let at = self.0.partition_point(|(start, _)| *start <= seq);
        (at.saturating_sub(1)..=self.0.len())
            .filter_map(|index| self.hole_before(index, low, high))
            .find(|(_, to)| *to >= seq)
    }

    /// The last hole inside `low..=high` that begins at `seq` or before it.
    pub(crate) fn hole_until(&self, seq: u64, low: u64, high: u64) -> Option<(u64, u64)> {
        let at = self.0.partition_point(|(start, _)| *start <= seq);
        (at.saturating_sub(1)..=(at + 1).min(self.0.len()))
            .rev()
            .filter_map(|index| self.hole_before(index, low, high))
            .find(|(from, _)| *from <= seq)
    }

    /// The hole in front of the range at `index`; behind the last range if there is no such range.
    fn hole_before(&self, index: usize, low: u64, high: u64) -> Option<(u64, u64)> {
        let from = index.checked_sub(1).and_then(|before| self.0.get(before)).map_or(low, |(_, end)| end + 1);
        let to = self.0.get(index).map_or(high, |(start, _)| start.saturating_sub(1));
        let hole = (from.max(low), to.min(high));
        (hole.0 <= hole.1).then_some(hole)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_that_touch_become_one() {
        let mut ranges = Ranges::default();
        ranges.add(5, 6);
        ranges.add(1, 2);
        ranges.add(3, 4);
        assert_eq!(ranges.0, [(1, 6)]);
        ranges.add(9, 8);
        assert_eq!(ranges.0, [(1, 6)]);
    }

    #[test]
    fn holes_are_found_from_both_sides() {
        let mut ranges = Ranges::default();
        ranges.add(5, 6);
        ranges.add(10, 12);
        assert_eq!(ranges.hole_from(1, 1, 15), Some((1, 4)));
        assert_eq!(ranges.hole_from(5, 1, 15), Some((7, 9)));
        assert_eq!(ranges.hole_from(8, 1, 15), Some((7, 9)));
        assert_eq!(ranges.hole_from(11, 1, 15), Some((13, 15)));
        assert_eq!(ranges.hole_from(11, 1, 12), None);
        assert_eq!(ranges.hole_until(15, 1, 15), Some((13, 15)));
        assert_eq!(ranges.hole_until(12, 1, 15), Some((7, 9)));
        assert_eq!(ranges.hole_until(6, 1, 15), Some((1, 4)));
        assert_eq!(ranges.hole_until(6, 5, 15), None);
    }

    proptest! {
        #[test]
        fn ranges_are_a_set_of_numbers(adds in prop::collection::vec((1u64..40, 0u64..6), 0..20), cut in 1u64..40) {
            let mut ranges = Ranges::default();
            let mut set = BTreeSet::new();
            for (from, length) in adds {
                ranges.add(from, from + length);
                set.extend(from..=from + length);
            }
            for seq in 1..50 {
                prop_assert_eq!(ranges.around(seq).is_some(), set.contains(&seq));
                let hole = (seq..50).find(|seq| !set.contains(seq));
                prop_assert_eq!(ranges.hole_from(seq, 1, 49).map(|(from, _)| from.max(seq)), hole);
                let hole = (1..=seq).rev().find(|seq| !set.contains(seq));
                prop_assert_eq!(ranges.hole_until(seq, 1, 49).map(|(_, to)| to.min(seq)), hole);
            }
            ranges.forget_below(cut);
            set.retain(|seq| *seq >= cut);
            for seq in 1..50 {
                prop_assert_eq!(ranges.around(seq).is_some(), set.contains(&seq));
            }
        }
    }
}
