//! The main states at four sizes, text and styles, against committed frames.

use echopulse_protocol::event::EventBody;
use echopulse_protocol::id::{Seq, Stream, Timestamp};

use super::super::Start;
use super::super::effect::HistoryAt;
use super::super::event::{DeviceCode, Event, Outcome, SignIn};
use super::super::testing::frame::assert_frame;
use super::super::testing::town::{
    GENERAL, GRACE, LIN, LYON, in_general, live, lost, message, page, signed_in,
};
use super::super::testing::{Client, NOW};
use super::super::theme::{Depth, Theme};

const SIZES: [(u16, u16); 4] = [(40, 12), (80, 24), (120, 30), (200, 60)];

fn at_every_size(name: &str, client: impl Fn((u16, u16)) -> Client) {
    for (width, height) in SIZES {
        assert_frame(&format!("{name}-{width}x{height}"), &client((width, height)).app);
    }
}

#[test]
fn the_first_start_asks_for_a_name() {
    at_every_size("first-start", |size| Client::new(Start::AskName { suggestion: "ada".to_owned() }, size));
}

fn waiting_for_code(size: (u16, u16)) -> Client {
    let mut client = Client::new(Start::SignIn { deployment: "chat.example.org".to_owned() }, size);
    client.event(Event::SignIn(SignIn::Code(DeviceCode {
        user_code: "WDJB-MJHT".to_owned(),
        link: "https://id.example.org/device".to_owned(),
        link_with_code: Some("https://id.example.org/device?user_code=WDJB-MJHT".to_owned()),
        expires_at: Timestamp(NOW.0 + 581_000),
    })));
    client
}

#[test]
fn the_sign_in_shows_link_code_picture_and_time() {
    at_every_size("sign-in", waiting_for_code);
}

#[test]
fn an_expired_code_says_what_to_do() {
    at_every_size("sign-in-expired", |size| {
        let mut client = waiting_for_code(size);
        client.event(Event::SignIn(SignIn::Expired));
        client
    });
}

#[test]
fn without_a_server_the_screen_says_what_to_do() {
    at_every_size("no-server", |size| {
        let mut client = signed_in(size);
        client.event(Event::Servers(Vec::new()));
        client
    });
}

#[test]
fn the_main_view_shows_servers_messages_and_members() {
    at_every_size("main", in_general);
}

#[test]
fn the_list_of_channels_stands_alone_where_it_is_narrow() {
    at_every_size("channels", |size| {
        let mut client = in_general(size);
        client.press("esc esc");
        client
    });
}

#[test]
fn a_selected_message_is_marked_and_its_actions_are_offered() {
    at_every_size("selected", |size| {
        let mut client = in_general(size);
        client.press("esc up");
        client
    });
}

#[test]
fn a_reply_and_several_lines_are_written() {
    at_every_size("writing", |size| {
        let mut client = in_general(size);
        client.press("esc up r");
        client.type_text("Sure. What will you do with it?");
        client.press("alt-enter");
        client.type_text("漢字 and 👨‍👩‍👧‍👦");
        client
    });
}

#[test]
fn messages_wait_and_fail_honestly() {
    at_every_size("outbox", |size| {
        let mut client = in_general(size);
        client.event(lost(8));
        client.type_text("this one waits");
        client.press("enter");
        client.type_text("this one fails");
        client.press("enter");
        let outcome = Outcome::Refused {
            code: "slow-mode".to_owned(),
            detail: "slow mode: wait 5 s".to_owned(),
            retry_after: None,
        };
        client.event(Event::Sent { nonce: "run-1".to_owned(), outcome });
        client
    });
}

#[test]
fn a_hole_is_a_row_and_what_is_below_is_counted() {
    at_every_size("gap", |size| {
        let mut client = in_general(size);
        let newer =
            (222..=260).map(|seq| message(seq, (GRACE, "grace"), 51, &format!("message {seq}"))).collect();
        client.event(Event::History {
            channel: GENERAL,
            at: HistoryAt::Latest,
            page: page(newer, (222, 260), 260),
        });
        client.press("esc g");
        client
    });
}

#[test]
fn typing_and_a_new_message_show() {
    at_every_size("typing", |size| {
        let mut client = in_general(size);
        let stream = Stream::Channel(GENERAL);
        client.event(live(stream, None, EventBody::TypingStarted { user_id: LIN }));
        client.event(live(stream, None, EventBody::TypingStarted { user_id: GRACE }));
        client
    });
}

#[test]
fn overlays_lie_over_the_main_view() {
    at_every_size("go-to", |size| {
        let mut client = in_general(size);
        client.press("ctrl-k he");
        client
    });
    at_every_size("actions", |size| {
        let mut client = in_general(size);
        client.press("esc : make");
        client
    });
    at_every_size("help", |size| {
        let mut client = in_general(size);
        client.press("f1");
        client
    });
    at_every_size("make-server", |size| {
        let mut client = in_general(size);
        client.press("esc N enter");
        client
    });
    at_every_size("invite", |size| {
        let mut client = in_general(size);
        client.press("esc I");
        client.event(Event::InviteMade { server: LYON, code: "aB3dE6gH9k".to_owned() });
        client
    });
    at_every_size("delete", |size| {
        let mut client = in_general(size);
        client.press("esc up d");
        client
    });
}

#[test]
fn nothing_is_lost_without_colours() {
    at_every_size("no-colour", |size| {
        let mut client = in_general(size);
        client.app.theme = Theme::new(Depth::None);
        client.press("esc");
        client
    });
}

#[test]
fn wide_characters_and_joined_emoji_keep_the_frame() {
    at_every_size("wide", |size| {
        let mut client = in_general(size);
        let text =
            "漢字かな交じり文は幅が二倍です。👨‍👩‍👧‍👦 ❤️ 🏳️‍🌈 e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301} end";
        client.event(Event::History {
            channel: GENERAL,
            at: HistoryAt::After(Seq(7)),
            page: page(vec![message(8, (LIN, "林さん"), 40, text)], (8, 8), 8),
        });
        client
    });
}
