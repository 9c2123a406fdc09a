use proptest::prelude::*;

use super::*;

/// Rows numbered from `from`, each with a height and with lines above its text.
struct Numbers {
    from: u64,
    heights: Vec<(usize, usize)>,
}

impl Numbers {
    fn key(&self, seq: u64) -> Option<Key> {
        (seq >= self.from && seq < self.from + self.heights.len() as u64).then_some(Key::Message(seq))
    }

    fn seq(key: Key) -> u64 {
        match key {
            Key::Message(seq) => seq,
            other => panic!("{other:?} is no message"),
        }
    }
}

impl Rows for Numbers {
    fn last(&self) -> Option<Key> {
        self.key(self.from + self.heights.len() as u64 - 1)
    }

    fn next(&self, key: Key) -> Option<Key> {
        self.key(Self::seq(key) + 1)
    }

    fn previous(&self, key: Key) -> Option<Key> {
        self.key(Self::seq(key) - 1)
    }

    fn resolve(&self, key: Key) -> Option<Key> {
        self.key(Self::seq(key))
    }

    fn block(&self, key: Key) -> Rc<Block> {
        let (lead, text) = self.heights[(Self::seq(key) - self.from) as usize];
        Rc::new(Block::of_height(lead + text, lead))
    }
}

fn heights() -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((0usize..4, 1usize..6), 1..40)
}

/// Where each row is on screen.
fn lines(rows: &Numbers, position: Position, height: u16) -> Vec<(Key, i32)> {
    visible(rows, position, height).into_iter().map(|row| (row.key, row.top)).collect()
}

proptest! {
    #[test]
    fn the_screen_is_full_whenever_there_is_enough(heights in heights(), at in 0u64..40, line in -9i32..30, height in 1u16..25) {
        let rows = Numbers { from: 1, heights };
        let at = 1 + at % rows.heights.len() as u64;
        let screen = visible(&rows, Position::At { key: Key::Message(at), line }, height);
        let total: i32 = rows.heights.iter().map(|(lead, text)| (lead + text) as i32).sum();
        let (first, last) = (screen.first().unwrap(), screen.last().unwrap());
        for pair in screen.windows(2) {
            prop_assert_eq!(pair[0].bottom(), pair[1].top);
        }
        prop_assert!(last.bottom() >= i32::from(height), "a hole below");
        if total >= i32::from(height) {
            prop_assert!(first.top <= 0, "a hole above");
        }
    }

    #[test]
    fn loading_older_rows_moves_nothing(
        heights in heights(), older in heights(), at in 0u64..40, line in -9i32..30, height in 1u16..25,
    ) {
        let before = Numbers { from: 1000, heights: heights.clone() };
        let total: usize = heights.iter().map(|(lead, text)| lead + text).sum();
        prop_assume!(total >= usize::from(height));
        let key = Key::Message(1000 + at % heights.len() as u64);
        let position = settle(&before, Position::At { key, line }, height);
        let seen = lines(&before, position, height);

        let all = older.iter().chain(&heights).copied().collect();
        let after = Numbers { from: 1000 - older.len() as u64, heights: all };
        prop_assert_eq!(lines(&after, position, height), seen);
    }

    #[test]
    fn loading_newer_rows_moves_nothing_once_one_has_scrolled_up(
        heights in heights(), newer in heights(), up in 1i32..20, height in 1u16..25,
    ) {
        let before = Numbers { from: 1, heights: heights.clone() };
        let position = scroll(&before, Position::Bottom, height, -up);
        let seen = lines(&before, position, height);
        let after = Numbers { from: 1, heights: heights.into_iter().chain(newer).collect() };
        if position != Position::Bottom {
            prop_assert_eq!(lines(&after, position, height), seen);
        }
    }

    #[test]
    fn scrolling_there_and_back_is_no_move(heights in heights(), up in 1i32..60, height in 1u16..25) {
        let rows = Numbers { from: 1, heights };
        let up_there = scroll(&rows, Position::Bottom, height, -up);
        prop_assert_eq!(scroll(&rows, up_there, height, up), Position::Bottom);
    }

    #[test]
    fn a_revealed_row_is_on_screen(heights in heights(), from in 0u64..40, to in 0u64..40, height in 6u16..25) {
        let rows = Numbers { from: 1, heights };
        let count = rows.heights.len() as u64;
        let start = settle(&rows, Position::At { key: Key::Message(1 + from % count), line: 0 }, height);
        let wanted = Key::Message(1 + to % count);
        let there = reveal(&rows, start, height, wanted);
        let screen = visible(&rows, there, height);
        let row = screen.iter().find(|row| row.key == wanted);
        let begins = row.map(|row| row.top + row.block.lead());
        prop_assert!(begins.is_some_and(|line| (0..i32::from(height)).contains(&line)), "{:?} in {:?}", wanted, screen);
    }
}

#[test]
fn a_short_history_stands_at_the_bottom() {
    let rows = Numbers { from: 1, heights: vec![(0, 2), (0, 1)] };
    assert_eq!(lines(&rows, Position::Bottom, 10), [(Key::Message(1), 7), (Key::Message(2), 9)]);
    let scrolled = scroll(&rows, Position::Bottom, 10, -5);
    assert_eq!(scrolled, Position::Bottom);
}
