//! Before the main view: first start, sign-in, and what the local store remembers.

use echopulse_protocol::event::UserKind;
use echopulse_protocol::id::{Stream, Timestamp};

use super::super::Start;
use super::super::effect::{Effect, HistoryAt, Unsent};
use super::super::event::{Asked, DeviceCode, Event, Restored, SignIn};
use super::super::testing::frame::text;
use super::super::testing::town::{
    ADA, GENERAL, GRACE, LYON, PLAIN, all, channel, created, detail, in_general, message, page, read_state,
    server, signed_in, talk, texts, user,
};
use super::super::testing::{Client, NOW};

fn asking_for_name() -> Client {
    Client::new(Start::AskName { suggestion: String::new() }, (80, 24))
}

#[test]
fn a_name_starts_the_client_once() {
    let mut client = asking_for_name();
    client.type_text("ada");
    assert_eq!(client.press("enter"), [Effect::Start { name: "ada".to_owned() }]);
    assert_eq!(client.press("enter"), []);
}

#[test]
fn no_name_is_answered_with_what_is_missing() {
    let mut client = asking_for_name();
    assert_eq!(client.press("enter"), []);
    assert!(text(&client.app).contains("Type the name that others will see."));
}

#[test]
fn a_failed_start_says_why_and_keeps_the_name() {
    let mut client = asking_for_name();
    client.type_text("ada");
    client.press("enter");
    client.event(Event::StartFailed { reason: "/data cannot be written".to_owned() });
    let frame = text(&client.app);
    assert!(frame.contains("/data cannot be written") && frame.contains("ada"), "{frame}");
    assert_eq!(client.press("enter"), [Effect::Start { name: "ada".to_owned() }]);
}

#[test]
fn ready_asks_for_what_the_main_view_shows() {
    let mut client = asking_for_name();
    let effects = client.event(Event::Ready { user: user(ADA, "ada", UserKind::Person) });
    let stream = Stream::User(ADA);
    assert_eq!(
        effects,
        [Effect::Subscribe { stream, position: None }, Effect::LoadServers, Effect::LoadReadStates]
    );
}

#[test]
fn the_sign_in_counts_down_and_wakes_once_a_second() {
    let mut client = Client::new(Start::SignIn { deployment: "chat.example.org".to_owned() }, (80, 24));
    assert_eq!(client.app.wake_at(), None);
    let code = DeviceCode {
        user_code: "WDJB".to_owned(),
        link: "https://id.example.org/device".to_owned(),
        link_with_code: None,
        expires_at: Timestamp(NOW.0 + 90_500),
    };
    client.event(Event::SignIn(SignIn::Code(code)));
    assert!(text(&client.app).contains("1:30 left"));
    assert_eq!(client.app.wake_at(), Some(Timestamp(NOW.0 + 500)));
    client.wait(500);
    assert_eq!(client.app.wake_at(), Some(Timestamp(NOW.0 + 1_500)));
    assert_eq!(client.press("o"), [Effect::OpenUrl("https://id.example.org/device".to_owned())]);
    assert_eq!(client.press("c"), [Effect::Copy("WDJB".to_owned())]);
    client.event(Event::SignIn(SignIn::Denied));
    assert_eq!(client.press("enter"), [Effect::SignIn]);
}

#[test]
fn the_local_store_fills_the_first_frame_without_a_network() {
    let mut client = Client::new(Start::Main, (120, 30));
    let unsent =
        Unsent { nonce: "old-1".to_owned(), channel: GENERAL, content: "waited".to_owned(), reply_to: None };
    let effects = client.event(Event::Restored(Box::new(Restored {
        user: Some(user(ADA, "ada", UserKind::Person)),
        servers: vec![detail(
            server(LYON, "Rust Lyon", ADA),
            vec![channel(GENERAL, "general", "", 0)],
            &all(),
        )],
        open: Some(GENERAL),
        drafts: vec![(GENERAL, "half a thought".to_owned())],
        outbox: vec![unsent],
        ..Restored::default()
    })));
    assert!(effects.contains(&Effect::LoadCached { channel: GENERAL }));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Post { nonce, .. } if nonce == "old-1")));
    client.event(Event::Cached { channel: GENERAL, page: page(talk(), (1, 7), 7) });
    let frame = text(&client.app);
    for shown in ["Rust Lyon", "half a thought", "waited", "Morning. The release is out"] {
        assert!(frame.contains(shown), "{shown} is missing in\n{frame}");
    }
}

#[test]
fn what_came_while_the_client_was_away_begins_with_a_new_line() {
    let in_order: [fn(&mut Client); 2] = [states_then_history, history_then_states];
    for arrive in in_order {
        let mut client = signed_in((80, 24));
        let lyon = || server(LYON, "Rust Lyon", ADA);
        client.event(Event::Servers(vec![lyon()]));
        client.event(Event::Server(Box::new(detail(
            lyon(),
            vec![channel(GENERAL, "general", "", 0)],
            &all(),
        ))));
        arrive(&mut client);
        assert!(text(&client.app).contains("── new ──"));
        assert_eq!(client.app.unread.of(GENERAL).read, 7);
    }
}

fn states_then_history(client: &mut Client) {
    client.event(Event::ReadStates(vec![read_state(GENERAL, 4, 7, 2, 1)]));
    client.event(Event::History { channel: GENERAL, at: HistoryAt::Latest, page: page(talk(), (1, 7), 7) });
}

fn history_then_states(client: &mut Client) {
    let effects = client.event(Event::History {
        channel: GENERAL,
        at: HistoryAt::Latest,
        page: page(talk(), (1, 7), 7),
    });
    assert!(
        !effects.iter().any(|effect| matches!(effect, Effect::MoveRead { .. })),
        "nothing is known to be unread yet"
    );
    client.event(Event::ReadStates(vec![read_state(GENERAL, 4, 7, 2, 1)]));
}

#[test]
fn messages_that_come_while_one_looks_draw_no_new_line() {
    let mut client = in_general((80, 24));
    client.press("ctrl-k help enter ctrl-k general enter");
    client.event(created(message(8, (GRACE, "grace"), 60, "hello")));
    assert!(!text(&client.app).contains("── new ──"));
}

#[test]
fn a_cache_never_replaces_what_the_backend_said() {
    let mut client = in_general((80, 24));
    let before = texts(&client.app);
    client.event(Event::Cached { channel: GENERAL, page: page(Vec::new(), (1, 7), 7) });
    assert_eq!(texts(&client.app), before);
}

#[test]
fn without_a_server_n_makes_one_and_j_joins_one() {
    let mut client = signed_in((80, 24));
    client.event(Event::Servers(Vec::new()));
    client.press("n");
    client.type_text("Rust Lyon");
    assert_eq!(client.press("enter"), [Effect::CreateServer { name: "Rust Lyon".to_owned() }]);
    client.event(Event::Refused { what: Asked::CreateServer, reason: "too many servers".to_owned() });
    assert!(text(&client.app).contains("too many servers"));
    client.press("esc j");
    client.type_text("https://chat.example.org/invite/aB3dE6gH9k");
    assert_eq!(client.press("enter"), [Effect::Join { code: "aB3dE6gH9k".to_owned() }]);
}

#[test]
fn a_new_server_opens_its_first_channel() {
    let mut client = signed_in((80, 24));
    client.event(Event::Servers(Vec::new()));
    let effects = client.event(Event::ServerMade { server: LYON });
    assert!(effects.contains(&Effect::LoadServer { server: LYON }));
    let detail = detail(server(LYON, "Rust Lyon", ADA), vec![channel(GENERAL, "general", "", 0)], &all());
    let effects = client.event(Event::Server(Box::new(detail)));
    assert!(effects.contains(&Effect::LoadHistory { channel: GENERAL, at: HistoryAt::Latest }));
    assert_eq!(client.app.open, Some(GENERAL));
}

#[test]
fn what_the_role_does_not_allow_is_not_offered() {
    let mut client = in_general((120, 30));
    client.press("esc");
    assert!(client.app.commands().any(|action| action.name == "new-channel"));
    let plain = detail(server(LYON, "Rust Lyon", GRACE), vec![channel(GENERAL, "general", "", 0)], PLAIN);
    client.event(Event::Server(Box::new(plain)));
    client.press("esc");
    assert!(!client.app.commands().any(|action| action.name == "new-channel"));
    assert_eq!(client.press("C"), []);
    assert!(client.app.overlay.is_none());
    client.press("?");
    assert!(!text(&client.app).contains("Make a channel"));
}
