//! The cost of a frame depends on the screen, not on the history. Counted, not timed.

use echopulse_protocol::id::Seq;
use proptest::prelude::*;

use super::super::effect::HistoryAt;
use super::super::event::Event;
use super::super::testing::Client;
use super::super::testing::frame::buffer;
use super::super::testing::town::{GENERAL, GRACE, before_history, created, in_general, message, page};

/// #general with that many messages in memory.
fn with_messages(count: u64) -> Client {
    let mut client = before_history((120, 30));
    let items = (1..=count).map(|seq| message(seq, (GRACE, "grace"), 60, "one line")).collect();
    let page = page(items, (1, count), count);
    client.event(Event::History { channel: GENERAL, at: HistoryAt::Latest, page });
    client.press("esc G");
    client
}

/// Blocks laid out while `what` is done.
fn laid_out(client: &mut Client, what: impl FnOnce(&mut Client)) -> u64 {
    let before = client.app.cache.laid_out();
    what(client);
    client.app.cache.laid_out() - before
}

#[test]
fn a_frame_lays_out_what_is_on_screen_whatever_the_history_holds() {
    for count in [100, 19_000] {
        let mut client = with_messages(count);
        client.app.names_changed();
        let first = laid_out(&mut client, |client| drop(buffer(&client.app)));
        assert!(first <= 30, "{first} of {count}");
        let again = laid_out(&mut client, |client| drop(buffer(&client.app)));
        assert_eq!(again, 0, "a frame of what was there lays out nothing");
        let scrolled = laid_out(&mut client, |client| {
            client.press("pageup");
            buffer(&client.app);
        });
        assert!(scrolled <= 60, "{scrolled} of {count}");
    }
}

#[test]
fn a_new_message_lays_out_itself() {
    let mut client = with_messages(1_000);
    buffer(&client.app);
    let laid = laid_out(&mut client, |client| {
        client.event(created(message(1_001, (GRACE, "grace"), 60, "new")));
        buffer(&client.app);
    });
    assert!(laid <= 2, "{laid}");
}

#[test]
fn memory_is_bounded_and_what_was_dropped_is_a_hole() {
    let mut client = with_messages(30_000);
    let timeline = client.app.timeline().expect("it is open");
    assert!(timeline.len() <= 20_000);
    let text = super::super::testing::frame::text(&client.app);
    assert!(text.contains("one line"));
    let oldest = client.press("g");
    assert!(oldest.iter().any(|effect| matches!(
        effect,
        super::super::effect::Effect::LoadHistory { at: HistoryAt::Before(Seq(_)), .. }
    )));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever keys are pressed, the frame can be drawn and the selected row is on it.
    #[test]
    fn the_selection_never_leaves_the_screen(steps in prop::collection::vec(0usize..9, 1..40), height in 8u16..40) {
        let mut client = in_general((80, height));
        let items = (8..=90).map(|seq| message(seq, (GRACE, "grace"), 60 + seq as i64, "two\nlines")).collect();
        client.event(Event::History { channel: GENERAL, at: HistoryAt::Latest, page: page(items, (8, 90), 90) });
        client.press("esc");
        for step in steps {
            client.press(["up", "down", "k", "j", "pageup", "pagedown", "g", "G", "y"][step]);
            let selected = client.app.selected();
            let screen = client.app.on_screen();
            prop_assert!(screen.iter().any(|row| Some(row.key) == selected), "{:?} after {}", selected, step);
            buffer(&client.app);
        }
    }
}
