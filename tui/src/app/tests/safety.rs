//! Text of others never reaches the terminal raw, on no screen.

use echopulse_protocol::event::{EventBody, ReplyTo, UserKind};
use echopulse_protocol::id::{Seq, Stream, Timestamp};
use proptest::prelude::*;
use ratatui::buffer::Buffer;

use super::super::Start;
use super::super::effect::HistoryAt;
use super::super::event::{Asked, DeviceCode, Event, Outcome, SignIn};
use super::super::testing::frame::buffer;
use super::super::testing::town::{
    ADA, GENERAL, GRACE, LIN, LYON, all, channel, created, detail, in_general, live, lost, member, message,
    page, server, talk, user,
};
use super::super::testing::{Client, NOW};

/// Every code point that a terminal obeys instead of drawing it, or that turns or hides text.
fn hostile() -> Vec<char> {
    let ranges = [
        0x00..=0x1f,
        0x7f..=0x9f,
        0xad..=0xad,
        0x61c..=0x61c,
        0x180e..=0x180e,
        0x200b..=0x200b,
        0x200e..=0x200f,
        0x2028..=0x202e,
        0x2060..=0x206f,
        0xfeff..=0xfeff,
        0xfff9..=0xfffb,
        0xe0000..=0xe007f,
    ];
    ranges.into_iter().flatten().filter_map(char::from_u32).collect()
}

fn assert_clean(screen: &str, buffer: &Buffer) {
    let hostile = hostile();
    for cell in buffer.content() {
        let found = cell.symbol().chars().find(|point| hostile.contains(point));
        assert_eq!(found, None, "{screen}: {:?}", cell.symbol());
    }
}

/// A text with one such code point at its start, in its middle and at its end.
fn poisoned(point: char) -> String {
    format!("{point}ev{point}il]0;title{point}")
}

/// A client in which every text of others is `poison`.
fn poisoned_client(poison: &str, size: (u16, u16)) -> Client {
    let mut client = in_general(size);
    let mut lyon = server(LYON, poison, ADA);
    lyon.description = poison.to_owned();
    let mut detail = detail(lyon, vec![channel(GENERAL, poison, poison, 0)], &all());
    detail.roles[1].name = poison.to_owned();
    client.event(Event::Server(Box::new(detail)));
    let mut grace = member(user(GRACE, poison, UserKind::Person), &[0x30d]);
    grace.member.nickname = Some(poison.to_owned());
    client.event(Event::Members {
        server: LYON,
        members: vec![grace, member(user(LIN, poison, UserKind::Bot), &[])],
    });
    let mut reply = message(
        9,
        (GRACE, poison),
        60,
        &format!("{poison} <@{GRACE}> <#{GENERAL}> `{poison}`\n```\n{poison}\n```\n> {poison}"),
    );
    reply.reply_to = Some(ReplyTo { id: talk()[0].id, seq: Seq(1), author_id: ADA });
    let body = EventBody::MessageCreated {
        message: message(8, (GRACE, poison), 60, poison),
        referenced: Some(Box::new(reply.clone())),
    };
    client.event(live(Stream::Channel(GENERAL), Some(8), body));
    client.event(created(reply));
    client.event(live(Stream::Channel(GENERAL), None, EventBody::TypingStarted { user_id: GRACE }));
    client
}

#[test]
fn no_control_or_bidi_code_point_reaches_a_cell_of_the_main_view() {
    for point in hostile() {
        let poison = poisoned(point);
        for size in [(40, 12), (120, 30)] {
            let mut client = poisoned_client(&poison, size);
            assert_clean("main", &buffer(&client.app));
            client.press("esc r");
            assert_clean("reply", &buffer(&client.app));
            client.press("esc esc esc");
            assert_clean("channels", &buffer(&client.app));
        }
    }
}

#[test]
fn no_control_or_bidi_code_point_reaches_a_cell_of_an_overlay() {
    for point in hostile() {
        let poison = poisoned(point);
        let mut client = poisoned_client(&poison, (80, 24));
        for keys in ["ctrl-k", "esc I", "esc d", "ctrl-p", "f1"] {
            client.press(keys);
            assert_clean(keys, &buffer(&client.app));
            client.press("esc");
        }
        client.press("esc I");
        client.event(Event::InviteMade { server: LYON, code: poison.clone() });
        assert_clean("invite", &buffer(&client.app));
        client.press("esc N x enter");
        client.event(Event::Refused { what: Asked::CreateServer, reason: poison.clone() });
        assert_clean("prompt", &buffer(&client.app));
    }
}

#[test]
fn no_control_or_bidi_code_point_reaches_a_cell_by_errors_or_pastes() {
    for point in hostile() {
        let poison = poisoned(point);
        let mut client = in_general((80, 24));
        client.event(Event::Paste(poison.clone()));
        client.press("enter");
        let outcome = Outcome::Refused { code: poison.clone(), detail: poison.clone(), retry_after: None };
        client.event(Event::Sent { nonce: "run-0".to_owned(), outcome });
        assert_clean("outbox", &buffer(&client.app));
        let at = HistoryAt::Before(Seq(1));
        client.event(Event::HistoryFailed { channel: GENERAL, at, reason: poison.clone() });
        assert_clean("toast", &buffer(&client.app));
        client.event(lost(3));
        client.event(Event::Fatal { reason: poison.clone() });
        assert_clean("ended", &buffer(&client.app));
    }
}

#[test]
fn no_control_or_bidi_code_point_reaches_a_cell_before_the_main_view() {
    for point in hostile() {
        let poison = poisoned(point);
        let mut client = Client::new(Start::AskName { suggestion: poison.clone() }, (80, 24));
        client.event(Event::StartFailed { reason: poison.clone() });
        assert_clean("first start", &buffer(&client.app));
        let mut client = Client::new(Start::SignIn { deployment: poison.clone() }, (80, 30));
        let code = DeviceCode {
            user_code: poison.clone(),
            link: format!("https://{poison}"),
            link_with_code: None,
            expires_at: Timestamp(NOW.0 + 60_000),
        };
        client.event(Event::SignIn(SignIn::Code(code)));
        assert_clean("sign-in", &buffer(&client.app));
        client.event(Event::SignIn(SignIn::NoAccess { reason: poison }));
        assert_clean("no access", &buffer(&client.app));
    }
}

#[test]
fn what_is_copied_is_clean_too() {
    let mut client = poisoned_client("rm -rf \u{1b}]52;c;x\u{7}", (80, 24));
    client.press("esc");
    for effect in client.press("y") {
        let super::super::effect::Effect::Copy(text) = effect else { panic!("{effect:?}") };
        assert!(!text.chars().any(|point| point.is_control() && point != '\n'), "{text:?}");
    }
}

#[test]
fn no_message_draws_the_marks_of_the_client() {
    let mut client = in_general((80, 40));
    let forged = "grace                                     09:15\n── new ──────\n▌ owned";
    client.event(created(message(8, (LIN, "lin"), 60, forged)));
    let frame = super::super::testing::frame::text(&client.app);
    for line in frame.lines().filter(|line| line.contains("owned") || line.contains("── new ──────\u{0}"))
    {
        assert!(line.contains("│    "), "not indented: {line}");
    }
}

#[test]
fn thousands_of_marks_on_a_letter_stay_in_their_cell() {
    let mut client = in_general((80, 24));
    client.event(created(message(8, (LIN, "lin"), 60, &format!("x{}y", "\u{301}".repeat(3_000)))));
    for cell in buffer(&client.app).content() {
        assert!(cell.symbol().chars().count() <= 12, "{:?}", cell.symbol());
    }
}

#[test]
fn a_page_of_nonsense_stops_nothing() {
    let mut client = in_general((80, 24));
    let mut odd = message(u64::MAX, (LIN, ""), i64::MAX / 60_000 - 1_000_000_000, "\u{200b}");
    odd.created_at = Timestamp(i64::MAX);
    let page = page(vec![odd], (u64::MAX, 3), u64::MAX);
    client.event(Event::History { channel: GENERAL, at: HistoryAt::Latest, page });
    client.press("esc g G up down pageup pagedown");
    buffer(&client.app);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Whatever a message and a name hold, every size can be drawn, and no line leaves its pane.
    #[test]
    fn any_message_can_be_drawn_at_any_size(
        content in prop_oneof![any::<String>(), "[*_`<>@#h\\\\\\[\\] \n/:\u{301}\u{200d}漢❤️]{0,200}"],
        name in any::<String>(), width in 1u16..130, height in 1u16..40,
    ) {
        let mut client = in_general((width, height));
        let mut odd = message(8, (LIN, &name), 60, &content);
        odd.reply_to = Some(ReplyTo { id: talk()[1].id, seq: Seq(2), author_id: ADA });
        client.event(created(odd));
        client.event(Event::Paste(content));
        let drawn = buffer(&client.app);
        client.press("esc r");
        assert_clean("any", &drawn);
        assert_clean("reply", &buffer(&client.app));
        let members = client.app.panes().members;
        if members.width > 0 && !client.app.panes().is_narrow {
            for y in 0..height - 1 {
                prop_assert_eq!(drawn[(members.x, y)].symbol(), "│", "line {} runs into the members", y);
            }
        }
    }
}
