use echopulse_protocol::id::Timestamp;
use proptest::prelude::*;

use super::super::model::message::{Author, AuthorKind};
use super::super::text::Shown;
use super::*;

const ME: UserId = UserId::from_u128(1);
const YOU: UserId = UserId::from_u128(2);

fn message(seq: u64, author: UserId) -> Message {
    Message {
        id: MessageId::from_u128(u128::from(seq)),
        seq,
        revision: seq,
        nonce: String::new(),
        author: Author { id: author, name: Shown::line("x"), kind: AuthorKind::Person },
        content: Shown::line("text"),
        reply_to: None,
        mentions_me: false,
        created_at: Timestamp(0),
        edited: false,
        deleted: false,
    }
}

fn page(seqs: &[u64], covers: (u64, u64), head: u64) -> Page {
    Page {
        messages: seqs.iter().map(|seq| message(*seq, YOU)).collect(),
        quotes: Vec::new(),
        epoch: Epoch(1),
        head,
        purged_through: 0,
        covers: Some(covers),
    }
}

fn keys(timeline: &Timeline) -> Vec<Key> {
    std::iter::successors(timeline.first_key(), |key| timeline.next(*key)).collect()
}

#[test]
fn rows_are_messages_and_holes_in_order() {
    let mut timeline = Timeline::default();
    timeline.insert_page(page(&[10, 12], (10, 13), 20), ME);
    timeline.insert_page(page(&[20], (18, 20), 20), ME);
    timeline.pending = vec![0, 1];
    assert_eq!(
        keys(&timeline),
        [
            Key::Gap(1),
            Key::Message(10),
            Key::Message(12),
            Key::Gap(14),
            Key::Message(20),
            Key::Pending(0),
            Key::Pending(1)
        ]
    );
    assert_eq!(timeline.filler(1), Some(HistoryAt::Before(Seq(10))));
    assert_eq!(timeline.filler(14), Some(HistoryAt::After(Seq(13))));
}

#[test]
fn the_beginning_is_a_row_once_it_is_known() {
    let mut timeline = Timeline::default();
    assert_eq!(timeline.first_key(), None);
    timeline.insert_page(page(&[], (1, 0), 0), ME);
    assert_eq!(keys(&timeline), [Key::Start]);
    timeline.insert_page(page(&[1], (1, 1), 1), ME);
    assert_eq!(keys(&timeline), [Key::Start, Key::Message(1)]);
}

#[test]
fn the_new_line_waits_for_what_comes_before_it() {
    let mut timeline = Timeline::default();
    timeline.mark_unread_from(5, ME);
    timeline.insert_page(page(&[30], (30, 30), 30), ME);
    assert_eq!(timeline.new_line(), None, "unread messages are missing above");
    timeline.insert_page(page(&[3, 8], (3, 29), 30), ME);
    assert_eq!(timeline.new_line(), Some(8));
}

#[test]
fn another_epoch_replaces_everything() {
    let mut timeline = Timeline::default();
    timeline.insert_page(page(&[10], (10, 10), 10), ME);
    timeline.insert_page(Page { epoch: Epoch(2), ..page(&[2], (1, 2), 2) }, ME);
    assert_eq!(keys(&timeline), [Key::Start, Key::Message(2)]);
}

#[test]
fn a_buried_message_keeps_its_place_and_loses_its_text() {
    let mut timeline = Timeline::default();
    timeline.insert_page(page(&[1, 2], (1, 2), 2), ME);
    timeline.bury(MessageId::from_u128(1), 3);
    let message = timeline.message(1).expect("a tombstone stays");
    assert!(message.deleted && message.content.is_empty());
    assert_eq!(timeline.last_of(YOU).map(|message| message.seq), Some(2));
}

proptest! {
    #[test]
    fn walking_down_and_up_sees_the_same_rows(
        pages in prop::collection::vec((1u64..60, 0u64..8), 0..8), head in 60u64..70, pending in 0u64..3, purged in 0u64..20,
    ) {
        let mut timeline = Timeline::default();
        for (from, length) in pages {
            let to = from + length;
            let seqs: Vec<u64> = (from..=to).filter(|seq| seq % 3 != 0).collect();
            timeline.insert_page(page(&seqs, (from, to), head), ME);
        }
        timeline.purge(purged);
        timeline.pending = (0..pending).collect();
        let down = keys(&timeline);
        let mut up: Vec<Key> = std::iter::successors(timeline.last_key(), |key| timeline.previous(*key)).collect();
        up.reverse();
        prop_assert_eq!(&down, &up);
        for key in down {
            prop_assert_eq!(timeline.resolve(key), Some(key));
        }
    }

    #[test]
    fn every_seq_is_known_or_in_a_hole(pages in prop::collection::vec((1u64..60, 0u64..8), 1..8)) {
        let mut timeline = Timeline::default();
        for (from, length) in &pages {
            timeline.insert_page(page(&[], (*from, from + length), 70), ME);
        }
        let mut holes = std::collections::BTreeSet::new();
        for key in keys(&timeline) {
            if let Key::Gap(from) = key {
                holes.extend(from..=timeline.gap_end(from).unwrap());
            }
        }
        for seq in 1..=70u64 {
            let is_known = pages.iter().any(|(from, length)| (*from..=from + length).contains(&seq));
            prop_assert_eq!(is_known, !holes.contains(&seq), "{}", seq);
        }
    }
}
