//! Sending, editing, deleting: optimistic on screen, and never twice.

use echopulse_protocol::event::{EventBody, Message};
use echopulse_protocol::id::{MessageId, Seq, Stream};

use super::super::effect::{Effect, HistoryAt};
use super::super::event::{Event, Outcome};
use super::super::testing::Client;
use super::super::testing::frame::text;
use super::super::testing::town::{
    ADA, ANNOUNCEMENTS, GENERAL, GRACE, created, in_general, live, message, page, posts, talk, texts,
};

const SIZE: (u16, u16) = (120, 30);

/// The message that the backend makes of the post `nonce`.
fn arrived(nonce: &str, seq: u64, content: &str) -> Message {
    Message { nonce: nonce.to_owned(), ..message(seq, (ADA, "ada"), 60, content) }
}

fn done(message: MessageId, seq: u64) -> Outcome {
    Outcome::Done { message, seq: Seq(seq) }
}

fn last(client: &Client) -> Vec<String> {
    texts(&client.app).split_off(talk().len())
}

#[test]
fn enter_sends_the_draft_once() {
    let mut client = in_general(SIZE);
    client.type_text("hi");
    assert_eq!(posts(&client.press("enter")), [("run-0".to_owned(), "hi".to_owned())]);
    assert_eq!(posts(&client.press("enter")), []);
    assert_eq!(last(&client), ["~hi"]);
}

#[test]
fn a_message_shows_once_whatever_comes_first() {
    let the_message = arrived("run-0", 8, "hi");
    let id = the_message.id;
    let receipt = Event::Sent { nonce: "run-0".to_owned(), outcome: done(id, 8) };
    let nameless = Message { nonce: String::new(), ..the_message.clone() };
    let fetched = || Event::History {
        channel: GENERAL,
        at: HistoryAt::Latest,
        page: page(vec![arrived("run-0", 8, "hi")], (8, 8), 8),
    };
    let orders: Vec<Vec<Event>> = vec![
        vec![receipt.clone(), created(the_message.clone())],
        vec![created(the_message.clone()), receipt.clone()],
        vec![receipt.clone(), created(nameless)],
        vec![receipt.clone(), fetched()],
        vec![fetched(), receipt.clone()],
        vec![created(the_message.clone()), created(the_message), receipt],
    ];
    for order in orders {
        let mut client = in_general(SIZE);
        client.type_text("hi");
        client.press("enter");
        let mut effects = Vec::new();
        for event in order {
            effects.extend(client.event(event));
            assert_eq!(last(&client).len(), 1, "shown twice or not at all");
        }
        assert_eq!(last(&client), ["hi"]);
        let forgets = effects.iter().filter(|effect| matches!(effect, Effect::ForgetOutbox { .. })).count();
        assert_eq!(forgets, 1);
    }
}

#[test]
fn a_message_that_had_arrived_long_ago_does_not_stay_at_the_bottom() {
    let mut client = in_general(SIZE);
    client.type_text("hi");
    client.press("enter");
    let long_ago = MessageId::from_u128(0x01d);
    client.event(Event::Sent { nonce: "run-0".to_owned(), outcome: done(long_ago, 3) });
    assert_eq!(last(&client), [] as [&str; 0]);
}

#[test]
fn somebody_elses_nonce_settles_nothing() {
    let mut client = in_general(SIZE);
    client.type_text("hi");
    client.press("enter");
    let theirs = Message { nonce: "run-0".to_owned(), ..message(8, (GRACE, "grace"), 60, "hi") };
    client.event(created(theirs));
    assert_eq!(last(&client), ["hi", "~hi"]);
}

#[test]
fn a_refused_message_is_retried_with_the_same_nonce_or_discarded() {
    let mut client = in_general(SIZE);
    client.type_text("hi");
    client.press("enter");
    let refused = || Event::Sent {
        nonce: "run-0".to_owned(),
        outcome: Outcome::Refused {
            code: "timed-out".to_owned(),
            detail: "you are timed out".to_owned(),
            retry_after: None,
        },
    };
    client.event(refused());
    assert!(text(&client.app).contains("✗ not sent · you are timed out · r try again · d discard"));
    client.press("esc");
    assert_eq!(posts(&client.press("r")), [("run-0".to_owned(), "hi".to_owned())]);
    client.event(refused());
    let effects = client.press("d");
    assert!(effects.contains(&Effect::ForgetOutbox { nonce: "run-0".to_owned() }));
    assert_eq!(last(&client), [] as [&str; 0]);
    assert_eq!(client.app.draft().map(|draft| draft.field.text().to_owned()), Some("hi".to_owned()));
}

#[test]
fn typed_names_travel_as_ids_and_are_shown_as_names() {
    let mut client = in_general(SIZE);
    client.type_text("@grace see #announcements, @nobody");
    let sent = format!("<@{GRACE}> see <#{ANNOUNCEMENTS}>, @nobody");
    assert_eq!(posts(&client.press("enter")), [("run-0".to_owned(), sent.clone())]);
    assert!(text(&client.app).contains("@grace see #announcements, @nobody"));
    client.event(created(arrived("run-0", 8, &sent)));
    assert!(text(&client.app).contains("@grace see #announcements, @nobody"));
    client.press("up");
    assert_eq!(
        client.app.draft().map(|draft| draft.field.text()),
        Some("@grace see #announcements, @nobody")
    );
}

#[test]
fn tab_completes_a_name() {
    let mut client = in_general(SIZE);
    client.type_text("@gr");
    client.press("tab");
    client.type_text("#ann");
    client.press("tab");
    assert_eq!(client.app.draft().map(|draft| draft.field.text()), Some("@grace #announcements "));
}

#[test]
fn up_in_an_empty_composer_edits_the_last_own_message() {
    let mut client = in_general(SIZE);
    client.type_text("draft");
    client.press("up");
    assert_eq!(client.app.draft().map(|draft| draft.field.text()), Some("draft"), "up moves in a text");
    client.press("ctrl-e ctrl-u up");
    assert_eq!(client.app.draft().map(|draft| draft.field.text()), Some("Try it and say what **breaks**."));
    client.press("ctrl-u");
    client.type_text("better");
    let message = talk()[1].id;
    let effects = client.press("enter");
    assert_eq!(effects, [Effect::Edit { channel: GENERAL, message, content: "better".to_owned() }]);
    assert!(client.app.draft().is_some_and(|draft| draft.field.is_empty()));
}

#[test]
fn a_refused_edit_gives_the_text_back() {
    let mut client = in_general(SIZE);
    client.press("up ctrl-u better enter");
    let outcome = Outcome::Refused {
        code: "message-deleted".to_owned(),
        detail: "it is deleted".to_owned(),
        retry_after: None,
    };
    client.event(Event::Edited { channel: GENERAL, message: talk()[1].id, outcome });
    assert_eq!(client.app.draft().map(|draft| draft.field.text()), Some("better"));
    assert!(text(&client.app).contains("Not edited: it is deleted"));
}

#[test]
fn an_edit_that_is_left_gives_back_what_was_being_written() {
    let mut client = in_general(SIZE);
    client.type_text("half a thought");
    client.press("esc up up up up e");
    assert_eq!(client.app.draft().map(|draft| draft.field.text()), Some("Try it and say what **breaks**."));
    client.press("esc");
    assert_eq!(client.app.draft().map(|draft| draft.field.text()), Some("half a thought"));
}

#[test]
fn a_reply_names_the_message_it_answers() {
    let mut client = in_general(SIZE);
    client.press("esc up r");
    client.type_text("Sure");
    let effects = client.press("enter");
    let replied = effects.iter().find_map(|effect| match effect {
        Effect::Post { reply_to, .. } => *reply_to,
        _ => None,
    });
    assert_eq!(replied, Some(talk()[4].id));
    assert!(text(&client.app).contains("╭ lin: @ada can I have the mod role"));
}

#[test]
fn deleting_asks_first() {
    let mut client = in_general(SIZE);
    assert_eq!(client.press("esc up d"), []);
    assert!(text(&client.app).contains("Delete this message?"));
    assert_eq!(client.press("n"), []);
    let message = talk()[4].id;
    assert_eq!(client.press("d y"), [Effect::Delete { channel: GENERAL, message }]);
    let deleted = EventBody::MessageDeleted {
        messages: vec![echopulse_protocol::event::DeletedMessage { id: message, seq: Seq(6) }],
        by: echopulse_protocol::event::DeletedBy::Moderator,
    };
    client.event(live(Stream::Channel(GENERAL), Some(8), deleted));
    assert!(!text(&client.app).contains("can I have the mod role"));
}

#[test]
fn a_message_too_long_stays_in_the_composer() {
    let mut client = in_general(SIZE);
    client.event(Event::Paste("x".repeat(4001)));
    assert_eq!(client.press("enter"), []);
    assert!(text(&client.app).contains("Too long: 4001 of 4000 characters."));
    assert_eq!(client.app.draft().map(|draft| draft.field.text().len()), Some(4001));
}

#[test]
fn a_paste_is_text_and_sends_nothing() {
    let mut client = in_general(SIZE);
    let effects = client.event(Event::Paste("/quit\rline two\r\n\u{1b}[201~:q".to_owned()));
    assert_eq!(effects, [Effect::Typing { channel: GENERAL }]);
    assert_eq!(client.app.draft().map(|draft| draft.field.text()), Some("/quit\nline two\n[201~:q"));
}

#[test]
fn typing_is_told_at_most_every_five_seconds() {
    let mut client = in_general(SIZE);
    assert_eq!(client.type_text("ab"), [Effect::Typing { channel: GENERAL }]);
    client.wait(4_999);
    assert_eq!(client.type_text("c"), []);
    client.wait(1);
    assert_eq!(client.type_text("d"), [Effect::Typing { channel: GENERAL }]);
}

#[test]
fn drafts_stay_with_their_channel() {
    let mut client = in_general(SIZE);
    client.type_text("for later");
    let effects = client.press("alt-n");
    assert!(effects.contains(&Effect::SaveDraft { channel: GENERAL, text: "for later".to_owned() }));
    assert!(client.app.draft().is_some_and(|draft| draft.field.is_empty()));
    client.press("ctrl-k general enter");
    assert_eq!(client.app.draft().map(|draft| draft.field.text()), Some("for later"));
}
