use super::*;
use crate::stomp::codec::Version;

const T0: Duration = Duration::ZERO;

fn session() -> ClientSession {
    let mut session = ClientSession::new("chat.example.org", "secret:with\\odd", Limits::CONNECTED, T0);
    let connect = session.next_output(T0).unwrap();
    let text = String::from_utf8(connect.to_vec()).unwrap();
    assert!(
        text.starts_with(
            "CONNECT\naccept-version:1.2,1.1,1.0\nhost:chat.example.org\nheart-beat:10000,10000\n"
        )
    );
    assert!(text.contains("\nAuthorization:Bearer secret:with\\odd\n"), "CONNECT is not escaped");
    session
}

fn feed(session: &mut ClientSession, text: &str) -> Vec<Event> {
    session.receive(Bytes::copy_from_slice(text.as_bytes()), T0);
    std::iter::from_fn(|| session.next_event().unwrap()).collect()
}

/// Checklist 199, 200, 217.
#[test]
fn a_bare_connected_begins_a_1_0_session_without_beats() {
    let mut session = session();
    let events = feed(&mut session, "CONNECTED\n\n\0");
    assert!(matches!(events[..], [Event::Connected { session: None }]));
    assert_eq!((session.version, session.deadline()), (Version::V10, None));
}

/// Checklist 201, 208.
#[test]
fn line_ends_between_frames_and_unknown_subscriptions_are_fine() {
    let mut session = session();
    let events = feed(
        &mut session,
        "CONNECTED\r\nversion:1.2\r\n\r\n\0\r\n\nMESSAGE\nsubscription:who\nmessage-id:1\ndestination:/x\n\nhi\0\nRECEIPT\nreceipt-id:a\\cb\n\n\0",
    );
    assert!(matches!(&events[1], Event::Message(frame) if frame.body().as_ref() == b"hi"));
    assert!(matches!(&events[2], Event::Receipt(id, _) if id == "a:b"));
}

/// Checklist 203.
#[test]
fn an_error_ends_the_session() {
    let mut session = session();
    let events =
        feed(&mut session, "ERROR\nmessage:token-expired\nreceipt-id:7\n\nget another\0MESSAGE\n\nlate\0");
    let [Event::Error { message, detail, receipt }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(
        (message.as_str(), detail.as_str(), receipt.as_deref()),
        ("token-expired", "get another", Some("7"))
    );
}

/// Checklist 207.
#[test]
fn beats_leave_in_time_and_silence_is_noticed() {
    let mut session = session();
    feed(&mut session, "CONNECTED\nversion:1.2\nheart-beat:10000,10000\n\n\0");
    assert_eq!(session.deadline(), Some(Duration::from_secs(10)));
    assert!(session.tick(Duration::from_secs(10)));
    assert_eq!(session.next_output(Duration::from_secs(10)).as_deref(), Some(HEART_BEAT));
    assert!(session.tick(Duration::from_secs(20)));
    assert!(!session.tick(Duration::from_secs(21)));
}

/// Checklist 212.
#[test]
fn nothing_is_sent_behind_disconnect() {
    let mut session = session();
    session.disconnect("bye");
    session.send("/app/x", &[], b"{}");
    assert_eq!(session.next_output(T0).as_deref(), Some(&b"DISCONNECT\nreceipt:bye\n\n\0"[..]));
    assert_eq!(session.next_output(T0), None);
}

/// Checklist 209.
#[test]
fn the_receipt_of_disconnect_is_heard() {
    let mut session = session();
    feed(&mut session, "CONNECTED\nversion:1.2\nheart-beat:10000,10000\n\n\0");
    session.disconnect("bye");
    assert!(session.next_output(T0).is_some());
    assert!(session.tick(Duration::from_secs(10)));
    assert_eq!(session.next_output(T0), None, "no beat either");
    let events = feed(&mut session, "RECEIPT\nreceipt-id:bye\n\n\0");
    assert!(matches!(&events[..], [Event::Receipt(id, _)] if id == "bye"));
}

/// Checklist 211.
#[test]
fn the_limits_hold_behind_connected_too() {
    let limits = Limits { body: 4, ..Limits::CONNECTED };
    let mut session = ClientSession::new("h", "t", limits, T0);
    session.receive(Bytes::from_static(b"CONNECTED\nversion:1.2\n\n\0MESSAGE\n\n12345\0"), T0);
    assert!(matches!(session.next_event(), Ok(Some(Event::Connected { .. }))));
    assert!(session.next_event().is_err());
}

/// Checklist 210.
#[test]
fn what_is_printed_for_debugging_holds_no_token() {
    let session = ClientSession::new("h", "secret", Limits::CONNECTED, T0);
    assert!(!format!("{session:?}").contains("secret"));
}

fn connected(version: &str) -> ClientSession {
    let mut session = session();
    feed(&mut session, &format!("CONNECTED\nversion:{version}\n\n\0"));
    session
}

fn text(session: &mut ClientSession) -> String {
    session.next_output(T0).map(|octets| String::from_utf8(octets.to_vec()).unwrap()).unwrap_or_default()
}

/// Checklist 202, 121, 127.
#[test]
fn a_message_is_acknowledged_as_the_version_names_it() {
    let head = "MESSAGE\nsubscription:s\nmessage-id:m\nack:a\ndestination:/x\n\n\0";
    for (version, ack, nack) in [
        ("1.2", "ACK\nid:a\n\n\0", "NACK\nid:a\nreceipt:r\n\n\0"),
        (
            "1.1",
            "ACK\nmessage-id:m\nsubscription:s\n\n\0",
            "NACK\nmessage-id:m\nsubscription:s\nreceipt:r\n\n\0",
        ),
        ("1.0", "ACK\nmessage-id:m\n\n\0", ""),
    ] {
        let mut session = connected(version);
        let events = feed(&mut session, head);
        let [Event::Message(message)] = &events[..] else { panic!("{events:?}") };
        assert!(session.ack(message, &[]));
        assert_eq!(text(&mut session), ack);
        assert_eq!(session.nack(message, &[("receipt", "r")]), version != "1.0");
        assert_eq!(text(&mut session), nack);
    }
}

/// Checklist 119, 202.
#[test]
fn a_message_that_awaits_nothing_is_not_acknowledged() {
    let mut session = connected("1.2");
    let events = feed(&mut session, "MESSAGE\nsubscription:s\nmessage-id:m\n\n\0");
    let [Event::Message(message)] = &events[..] else { panic!("{events:?}") };
    assert!(!session.ack(message, &[]));
    assert_eq!(text(&mut session), "");
}

/// Checklist 132, 135.
#[test]
fn a_transaction_is_begun_filled_and_ended() {
    let mut session = connected("1.2");
    session.begin("t:1", &[("receipt", "b")]);
    session.send("/queue/a", &[("transaction", "t:1"), ("content-type", "text/plain")], b"hi");
    session.commit("t:1", &[]);
    session.abort("u", &[]);
    assert_eq!(text(&mut session), "BEGIN\ntransaction:t\\c1\nreceipt:b\n\n\0");
    assert_eq!(
        text(&mut session),
        "SEND\ndestination:/queue/a\ntransaction:t\\c1\ncontent-type:text/plain\ncontent-length:2\n\nhi\0"
    );
    assert_eq!(text(&mut session), "COMMIT\ntransaction:t\\c1\n\n\0");
    assert_eq!(text(&mut session), "ABORT\ntransaction:u\n\n\0");
}

/// Checklist 36, 199.
#[test]
fn a_client_may_have_a_login_and_a_passcode() {
    let mut session = ClientSession::with_credentials(
        "h",
        &[("login", "a:b"), ("passcode", "c\\d")],
        Limits::CONNECTED,
        T0,
    );
    assert!(text(&mut session).ends_with("\nlogin:a:b\npasscode:c\\d\n\n\0"));
}

/// Checklist 201: CR LF, several frames in one message, and one frame in several.
#[test]
fn frames_come_in_any_cut() {
    let octets =
        "CONNECTED\r\nversion:1.1\r\n\r\n\0\nMESSAGE\nsubscription:a\\c\n\né\0RECEIPT\nreceipt-id:1\n\n\0";
    for size in [1, 3, 7, octets.len()] {
        let mut session = session();
        let mut events = Vec::new();
        for chunk in octets.as_bytes().chunks(size) {
            session.receive(Bytes::copy_from_slice(chunk), T0);
            events.extend(std::iter::from_fn(|| session.next_event().unwrap()));
        }
        assert_eq!((events.len(), session.version()), (3, Version::V11), "{size}");
    }
}
