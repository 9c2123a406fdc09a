//! What streams say, and what the client makes of it.

use echopulse_protocol::event::{
    ActivityMessage, EventBody, GapReason, Gone, Mentions, PurgeReason, RemovalCause,
};
use echopulse_protocol::id::{ChannelId, Seq, Stream};

use super::super::effect::{Effect, HistoryAt};
use super::super::event::Event;
use super::super::model::Connection;
use super::super::testing::frame::text;
use super::super::testing::town::{
    ADA, BACKUPS, GENERAL, GRACE, HELP, LAB, LYON, all, channel, created, detail, in_general, live, lost,
    message, page, server, talk, texts,
};

const SIZE: (u16, u16) = (120, 30);

fn activity(after: u64, head: u64, mentions: Mentions) -> Event {
    let created = vec![ActivityMessage {
        id: message(head, (GRACE, "g"), 0, "").id,
        seq: Seq(head),
        author_id: GRACE,
        mentions,
    }];
    let body = EventBody::ChannelActivity {
        channel_id: HELP,
        after: Seq(after),
        head: Seq(head),
        created,
        deleted: Vec::new(),
    };
    live(Stream::Server(LYON), None, body)
}

#[test]
fn activity_counts_unread_and_mentions_elsewhere() {
    let mut client = in_general(SIZE);
    let me = Mentions { users: vec![ADA], ..Mentions::default() };
    assert_eq!(client.event(activity(2, 3, me)), []);
    let mark = client.app.unread.of(HELP);
    assert_eq!((mark.unread, mark.mentions), (3, 2));
    assert!(text(&client.app).contains("# help        3 ·2"));
}

#[test]
fn missed_activity_reads_the_counts_again() {
    let mut client = in_general(SIZE);
    assert_eq!(client.event(activity(9, 10, Mentions::default())), [Effect::LoadReadStates]);
}

#[test]
fn an_edit_replaces_the_text_and_makes_nothing_unread() {
    let mut client = in_general(SIZE);
    client.event(Event::FocusLost);
    let mut edited = talk().remove(4);
    edited.content = "never mind".to_owned();
    edited.revision = Seq(8);
    let body = EventBody::MessageUpdated { message: edited, referenced: None };
    client.event(live(Stream::Channel(GENERAL), Some(8), body));
    assert!(texts(&client.app).contains(&"never mind".to_owned()));
    assert_eq!(client.app.unread.of(GENERAL).unread, 0);
}

#[test]
fn an_older_state_of_a_message_changes_nothing() {
    let mut client = in_general(SIZE);
    let mut old = talk().remove(1);
    old.content = "before the edit".to_owned();
    old.revision = Seq(2);
    client.event(Event::History {
        channel: GENERAL,
        at: HistoryAt::Latest,
        page: page(vec![old], (2, 2), 7),
    });
    assert!(!texts(&client.app).contains(&"before the edit".to_owned()));
}

#[test]
fn a_hole_told_by_the_stream_is_a_row() {
    let mut client = in_general(SIZE);
    let stream = Stream::Channel(GENERAL);
    client.event(Event::Gap { stream, to: Seq(2000), reason: GapReason::TooFar });
    client.event(created(message(2001, (GRACE, "grace"), 60, "now")));
    let timeline = client.app.timeline().expect("it is open");
    assert_eq!(timeline.gap_end(8), Some(2000));
}

#[test]
fn skipped_numbers_leave_no_hole() {
    let mut client = in_general(SIZE);
    client.event(live(Stream::Channel(GENERAL), None, EventBody::Skip { from: Seq(8), to: Seq(9) }));
    client.event(created(message(10, (GRACE, "grace"), 60, "now")));
    assert_eq!(client.app.timeline().and_then(|timeline| timeline.gap_end(8)), None);
}

#[test]
fn a_new_epoch_forgets_and_fetches_again() {
    let mut client = in_general(SIZE);
    let stream = Stream::Channel(GENERAL);
    let effects = client.event(Event::Gap { stream, to: Seq(7), reason: GapReason::Epoch });
    assert!(effects.contains(&Effect::LoadHistory { channel: GENERAL, at: HistoryAt::Latest }));
    assert_eq!(texts(&client.app), [] as [&str; 0]);
}

#[test]
fn a_purge_takes_messages_away() {
    let mut client = in_general(SIZE);
    let body = EventBody::HistoryPurged { through: Seq(4), reason: PurgeReason::Purge };
    client.event(live(Stream::Channel(GENERAL), Some(8), body));
    assert_eq!(texts(&client.app).len(), 3);
}

#[test]
fn a_deleted_channel_is_left_for_the_last_one() {
    let mut client = in_general(SIZE);
    client.press("ctrl-k help enter");
    let body = EventBody::ChannelDeleted { channel: Gone { id: HELP } };
    client.event(live(Stream::Server(LYON), Some(10), body));
    assert_eq!(client.app.open, Some(GENERAL));
    assert!(client.app.directory.channel(HELP).is_none());
}

#[test]
fn being_kicked_ends_a_server_and_says_so() {
    let mut client = in_general(SIZE);
    client.event(Event::Ended { stream: Stream::Server(LYON), code: "kicked".to_owned() });
    assert!(client.app.directory.server(LYON).is_none());
    assert_ne!(client.app.open, Some(GENERAL));
    assert!(text(&client.app).contains("You are no longer in Rust Lyon: kicked."));
}

#[test]
fn a_server_left_on_another_device_goes_here_too() {
    let mut client = in_general(SIZE);
    let body = EventBody::ServerLeft { server_id: LAB, server_seq: Seq(3), cause: RemovalCause::Left };
    client.event(live(Stream::User(ADA), Some(3), body));
    assert!(client.app.directory.server(LAB).is_none());
}

#[test]
fn changed_rights_are_read_again_once_at_a_time() {
    let mut client = in_general(SIZE);
    let changed = || {
        let role = detail(server(LYON, "Rust Lyon", ADA), Vec::new(), &[]);
        live(Stream::Server(LYON), Some(10), EventBody::RoleUpdated { role: role.roles[0].clone() })
    };
    assert_eq!(client.event(changed()), [Effect::LoadServer { server: LYON }]);
    assert_eq!(client.event(changed()), []);
}

#[test]
fn reading_on_another_device_reads_here() {
    let mut client = in_general(SIZE);
    let body = EventBody::ReadStateChanged { channel_id: BACKUPS, read_seq: Seq(7), read_version: 0 };
    client.event(live(Stream::User(ADA), None, body));
    assert_eq!(client.app.unread.of(BACKUPS).unread, 0);
}

#[test]
fn a_lost_connection_counts_down_and_comes_back() {
    let mut client = in_general(SIZE);
    client.event(lost(8));
    assert!(text(&client.app).contains("offline, again in 8 s"));
    client.wait(1_000);
    assert!(text(&client.app).contains("offline, again in 7 s"));
    client.press("esc");
    assert_eq!(client.press("R"), [Effect::Reconnect]);
    client.event(Event::Connecting);
    assert_eq!(client.event(Event::Connected), [Effect::LoadReadStates]);
    assert_eq!(client.app.connection, Connection::Connected);
}

#[test]
fn typing_is_forgotten_after_eight_seconds() {
    let mut client = in_general(SIZE);
    client.event(live(Stream::Channel(GENERAL), None, EventBody::TypingStarted { user_id: GRACE }));
    assert!(text(&client.app).contains("grace is typing…"));
    client.app.drawn();
    client.wait(8_000);
    assert!(client.app.needs_redraw());
    assert!(!text(&client.app).contains("is typing"));
    assert_eq!(client.app.wake_at(), None);
}

#[test]
fn what_is_not_visible_costs_no_frame() {
    let mut client = in_general(SIZE);
    client.app.drawn();
    client.event(Event::Tick);
    let body = EventBody::TypingStarted { user_id: GRACE };
    client.event(live(Stream::Channel(BACKUPS), None, body));
    assert!(!client.app.needs_redraw());
    assert_eq!(client.app.wake_at(), None, "an idle client wakes nobody");
}

#[test]
fn only_the_channels_last_looked_at_are_followed() {
    let mut client = in_general(SIZE);
    let mut detail = detail(server(LYON, "Rust Lyon", ADA), Vec::new(), &all());
    for number in 0..10u128 {
        let id = ChannelId::from_u128(0x500 + number);
        detail.channels.push(channel(id, &format!("c{number}"), "", 0));
    }
    client.event(Event::Server(Box::new(detail)));
    let mut effects = Vec::new();
    for number in 0..10u128 {
        effects.extend(client.press(&format!("ctrl-k c{number} enter")));
        let channel = ChannelId::from_u128(0x500 + number);
        effects.extend(client.event(Event::History {
            channel,
            at: HistoryAt::Latest,
            page: page(Vec::new(), (1, 0), 0),
        }));
    }
    assert!(client.app.timelines.len() <= super::super::model::MAX_FOLLOWED);
    let unsubscribed = effects.iter().filter(|effect| matches!(effect, Effect::Unsubscribe { .. })).count();
    assert_eq!(unsubscribed, 2);
}
