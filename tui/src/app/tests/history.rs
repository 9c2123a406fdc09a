//! History both ways, holes, what is read, and the new line.

use echopulse_protocol::id::{Seq, Stream};

use super::super::effect::{Effect, HistoryAt, Position};
use super::super::event::Event;
use super::super::testing::Client;
use super::super::testing::frame::text;
use super::super::testing::town::{
    ADA, EPOCH, GENERAL, GRACE, before_history, created, in_general, message, page, talk,
};

const SIZE: (u16, u16) = (80, 24);

fn messages(from: u64, to: u64) -> Vec<echopulse_protocol::event::Message> {
    (from..=to).map(|seq| message(seq, (GRACE, "grace"), 60, &format!("message {seq}"))).collect()
}

fn loads(effects: &[Effect]) -> Vec<HistoryAt> {
    let load = |effect: &Effect| match effect {
        Effect::LoadHistory { at, .. } => Some(*at),
        _ => None,
    };
    effects.iter().filter_map(load).collect()
}

/// #general with the messages 400 to 449 of 500, nothing else.
fn in_the_middle() -> (Client, Vec<Effect>) {
    let mut client = before_history(SIZE);
    let page = page(messages(400, 449), (400, 449), 500);
    let effects = client.event(Event::History { channel: GENERAL, at: HistoryAt::Around(Seq(5)), page });
    (client, effects)
}

#[test]
fn the_first_page_is_followed_from_its_head() {
    let mut client = before_history(SIZE);
    let effects = client.event(Event::History {
        channel: GENERAL,
        at: HistoryAt::Latest,
        page: page(talk(), (1, 7), 7),
    });
    let position = Some(Position { epoch: EPOCH, after: Seq(7) });
    assert!(effects.contains(&Effect::Subscribe { stream: Stream::Channel(GENERAL), position }));
}

#[test]
fn what_is_near_the_border_is_fetched_once() {
    let (mut client, effects) = in_the_middle();
    assert_eq!(loads(&effects), [HistoryAt::After(Seq(449))]);
    assert_eq!(loads(&client.press("esc g")), [HistoryAt::Before(Seq(400))]);
    assert_eq!(loads(&client.press("down up")), []);
}

#[test]
fn older_messages_come_without_a_jump() {
    let (mut client, _) = in_the_middle();
    client.press("esc g down down");
    let before = text(&client.app);
    let older = page(messages(350, 399), (350, 399), 500);
    client.event(Event::History { channel: GENERAL, at: HistoryAt::Before(Seq(400)), page: older });
    let line = |frame: &str| frame.lines().position(|line| line.contains("message 402"));
    let after = text(&client.app);
    assert_eq!(line(&after), line(&before), "{before}\n{after}");
}

#[test]
fn newer_messages_come_without_a_jump() {
    let mut client = in_general((80, 16));
    client.press("pageup pageup");
    let before = text(&client.app);
    for seq in 8..20 {
        client.event(created(message(seq, (GRACE, "grace"), 60, "new")));
    }
    let after = text(&client.app);
    let message = |line: &str| line.split('│').nth(1).map(str::to_owned);
    let shown = |frame: &str| frame.lines().skip(2).take(9).map(message).collect::<Vec<_>>();
    assert_eq!(shown(&after), shown(&before));
    assert!(after.contains("new below"), "{after}");
    client.press("esc G");
    assert!(!text(&client.app).contains("new below"));
}

#[test]
fn a_hole_in_the_middle_waits_for_enter() {
    let mut client = in_general(SIZE);
    let newer = page(messages(100, 149), (100, 149), 149);
    let effects = client.event(Event::History { channel: GENERAL, at: HistoryAt::Latest, page: newer });
    assert_eq!(loads(&effects), []);
    client.press("esc");
    for _ in 0..60 {
        if matches!(client.app.selected(), Some(super::super::timeline::Key::Gap(_))) {
            break;
        }
        client.press("up");
    }
    assert!(text(&client.app).contains("up to 92 missing"));
    assert_eq!(loads(&client.press("enter")), [HistoryAt::After(Seq(7))]);
    assert!(text(&client.app).contains("fetching messages"));
    let filled = page(messages(8, 57), (8, 57), 149);
    client.event(Event::History { channel: GENERAL, at: HistoryAt::After(Seq(7)), page: filled });
    assert!(client.app.timeline().is_some_and(|timeline| timeline.gap_end(58) == Some(99)));
}

#[test]
fn a_failure_stops_fetching_until_somebody_asks() {
    let (mut client, _) = in_the_middle();
    let at = HistoryAt::After(Seq(449));
    client.event(Event::HistoryFailed { channel: GENERAL, at, reason: "the server is gone".to_owned() });
    assert!(text(&client.app).contains("the server is gone"));
    assert_eq!(loads(&client.press("esc up down")), []);
    client.press("G");
    assert_eq!(loads(&client.press("enter")), [at]);
}

#[test]
fn what_was_on_screen_in_a_focused_terminal_is_read_and_nothing_else() {
    let mut client = before_history(SIZE);
    client.event(Event::FocusLost);
    let moves = |effects: &[Effect]| effects.iter().any(|effect| matches!(effect, Effect::MoveRead { .. }));
    let page = page(talk(), (1, 7), 7);
    let effects = client.event(Event::History { channel: GENERAL, at: HistoryAt::Around(Seq(5)), page });
    assert!(!moves(&effects));
    assert_eq!(client.app.unread.of(GENERAL).unread, 2);
    let effects = client.event(Event::FocusGained);
    assert_eq!(effects, [Effect::MoveRead { channel: GENERAL, seq: Seq(7), version: 0 }]);
    assert_eq!(client.app.unread.of(GENERAL).unread, 0);
}

#[test]
fn what_is_below_the_screen_stays_unread() {
    let mut client = before_history(SIZE);
    let page = page(messages(1, 50), (1, 50), 50);
    client.event(Event::History { channel: GENERAL, at: HistoryAt::Around(Seq(5)), page });
    let read = client.app.unread.of(GENERAL).read;
    assert!((5..50).contains(&read), "{read}");
    assert!(text(&client.app).contains("── new ──"));
    client.press("esc G");
    assert_eq!(client.app.unread.of(GENERAL).read, 50);
}

#[test]
fn the_new_line_stays_until_one_leaves() {
    let mut client = in_general(SIZE);
    assert!(text(&client.app).contains("── new ──"));
    client.event(created(message(8, (GRACE, "grace"), 60, "later")));
    assert!(text(&client.app).contains("── new ──"));
    client.press("ctrl-k help enter ctrl-k general enter");
    assert!(!text(&client.app).contains("── new ──"));
}

#[test]
fn ones_own_messages_draw_no_new_line() {
    let mut client = in_general(SIZE);
    client.press("ctrl-k help enter ctrl-k general enter");
    client.event(Event::FocusLost);
    client.event(created(message(8, (ADA, "ada"), 60, "from the phone")));
    assert!(!text(&client.app).contains("── new ──"));
    client.event(created(message(9, (GRACE, "grace"), 60, "an answer")));
    assert!(text(&client.app).contains("── new ──"));
}

#[test]
fn the_answered_message_is_gone_to_even_if_it_must_be_fetched() {
    let mut client = in_general(SIZE);
    let mut reply = message(300, (GRACE, "grace"), 60, "as I said");
    reply.reply_to = Some(echopulse_protocol::event::ReplyTo {
        id: messages(50, 50)[0].id,
        seq: Seq(50),
        author_id: GRACE,
    });
    client.event(Event::History {
        channel: GENERAL,
        at: HistoryAt::Latest,
        page: page(vec![reply], (300, 300), 300),
    });
    client.press("esc G");
    assert_eq!(loads(&client.press("p")), [HistoryAt::Around(Seq(50))]);
    let around = page(messages(40, 60), (40, 60), 300);
    client.event(Event::History { channel: GENERAL, at: HistoryAt::Around(Seq(50)), page: around });
    assert_eq!(client.app.selected(), Some(super::super::timeline::Key::Message(50)));
    assert!(text(&client.app).contains("message 50"));
}
