use super::*;

const T0: Duration = Duration::ZERO;

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn fresh() -> ServerSession {
    ServerSession::new(Config::default(), T0)
}

fn feed(session: &mut ServerSession, text: &str) {
    session.receive(Bytes::copy_from_slice(text.as_bytes()), T0);
}

fn written(session: &mut ServerSession) -> Vec<String> {
    std::iter::from_fn(|| session.next_output(T0))
        .map(|output| match output {
            Output::Frame(frame) => String::from_utf8(frame.to_vec()).unwrap(),
            Output::Close(code, reason) => format!("close {code} {reason}"),
        })
        .collect()
}

fn connected() -> ServerSession {
    connected_with("CONNECT\naccept-version:1.2\n\n\0")
}

fn connected_with(connect: &str) -> ServerSession {
    let mut session = fresh();
    feed(&mut session, connect);
    assert!(matches!(session.next_request(), Some(Request::Connect(_))));
    session.accept("s1", "ada", T0);
    written(&mut session);
    session
}

/// What an ERROR says: its `message`, its `receipt-id`, and the close code.
fn failure(session: &mut ServerSession) -> (String, Option<String>, String) {
    assert!(session.next_request().is_none());
    let written = written(session);
    let [.., error, close] = &written[..] else { panic!("{written:?}") };
    assert!(error.starts_with("ERROR\n"), "{error}");
    let header = |name: &str| {
        error.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::to_owned))
    };
    assert!(session.is_over());
    (header("message").unwrap(), header("receipt-id"), close.split(' ').nth(1).unwrap().to_owned())
}

fn fails(text: &str) -> (String, Option<String>, String) {
    let mut session = connected();
    feed(&mut session, text);
    failure(&mut session)
}

/// Checklist 52, 53, 60, 65, 66.
#[test]
fn connect_and_stomp_begin_a_session() {
    for command in ["CONNECT", "STOMP"] {
        let mut session = fresh();
        feed(&mut session, &format!("{command}\naccept-version:1.0,1.2\nreceipt:7\n\n\0"));
        assert!(matches!(session.next_request(), Some(Request::Connect(_))));
        session.accept("s1", "ada", T0);
        let version = env!("CARGO_PKG_VERSION");
        let expected = format!(
            "CONNECTED\nversion:1.2\nsession:s1\nserver:EchoPulse/{version}\nheart-beat:0,0\nuser-name:ada\n\n\0"
        );
        assert_eq!(written(&mut session), [expected], "no receipt, and no host needed");
    }
}

/// Checklist 54, 55, 71.
#[test]
fn connect_comes_first_and_once_and_without_a_body() {
    let mut session = fresh();
    feed(&mut session, "SEND\ndestination:/a\nreceipt:1\n\n\0");
    assert_eq!(failure(&mut session), ("not-connected".to_owned(), Some("1".to_owned()), "1002".to_owned()));
    assert_eq!(fails("CONNECT\n\n\0").0, "malformed-frame");
    let mut session = fresh();
    feed(&mut session, "CONNECT\n\nbody\0");
    assert!(matches!(failure(&mut session).2.as_str(), "1002" | "1009"));
}

/// Checklist 59.
#[test]
fn without_a_common_version_the_error_lists_ours() {
    let mut session = fresh();
    feed(&mut session, "CONNECT\naccept-version:2.0\n\n\0");
    assert!(session.next_request().is_none());
    let written = written(&mut session);
    assert!(written[0].contains("version:1.0,1.1,1.2") && written[0].contains("content-type:text/plain"));
    assert!(written[0].contains("Supported protocol versions are") && written[1].starts_with("close 1002"));
}

/// Checklist 67.
#[test]
fn connect_has_to_come_in_time() {
    let mut session = fresh();
    assert_eq!(session.deadline(), Some(at(10)));
    session.tick(at(10));
    assert_eq!(failure(&mut session).2, "4408");
}

/// Checklist 68.
#[test]
fn frames_behind_connect_wait_for_the_decision() {
    let text = "CONNECT\naccept-version:1.2\n\n\0SEND\ndestination:/a\nx:a\\cb\n\nhi\0";
    let mut session = fresh();
    feed(&mut session, text);
    assert!(matches!(session.next_request(), Some(Request::Connect(_))));
    assert!(session.next_request().is_none());
    session.accept("s1", "ada", T0);
    let Some(Request::Send { destination, frame, ticket: None }) = session.next_request() else { panic!() };
    assert_eq!((destination.as_str(), frame.header("x").as_deref()), ("/a", Some("a:b")));

    let mut session = fresh();
    feed(&mut session, text);
    session.next_request();
    session.fail(close::UNAUTHENTICATED, "token-invalid", "the token does not hold");
    assert_eq!(failure(&mut session).2, "4401");
}

/// Checklist 73, 74, 75, 76, 79, 82, 83.
#[test]
fn heart_beats_are_agreed_on_and_clamped() {
    let table = [
        ("heart-beat:10000,20000", "20000,10000"),
        ("heart-beat:1,0", "0,5000"),
        ("heart-beat:0,999999", "60000,0"),
        ("x:y", "0,0"),
    ];
    for (header, agreed) in table {
        let mut session = fresh();
        feed(&mut session, &format!("CONNECT\naccept-version:1.2\n{header}\n\n\0"));
        session.next_request();
        session.accept("s1", "ada", T0);
        assert!(written(&mut session)[0].contains(&format!("heart-beat:{agreed}\n")), "{header}");
    }
    for wrong in ["abc", "1", "-1,0", "1,2,3", "4294967296,0", ""] {
        let mut session = fresh();
        feed(&mut session, &format!("CONNECT\naccept-version:1.2\nheart-beat:{wrong}\n\n\0"));
        assert_eq!(failure(&mut session).0, "malformed-frame", "{wrong}");
    }
    assert_eq!(connected_with("CONNECT\nheart-beat:10000,10000\n\n\0").deadline(), None, "1.0 has none");
}

/// Checklist 77, 78, 80, 81, 87.
#[test]
fn beats_leave_in_time_and_silence_ends_the_session() {
    let mut session = connected_with("CONNECT\naccept-version:1.2\nheart-beat:10000,10000\n\n\0");
    assert_eq!(session.deadline(), Some(at(10)));
    session.tick(at(10));
    assert_eq!(session.next_output(at(10)), Some(Output::Frame(Bytes::from_static(b"\n"))));
    session.receive(Bytes::from_static(b"\n"), at(15));
    session.sent(at(18));
    assert_eq!(session.deadline(), Some(at(28)), "any frame is as good as a beat");
    session.tick(at(36));
    assert_eq!(failure(&mut session).2, "4408");
}

/// Checklist 88, 99, 100, 105, 148, 149.
#[test]
fn what_a_frame_needs_is_named() {
    let expected = |text: &str| ("malformed-frame".to_owned(), Some(text.to_owned()), "1002".to_owned());
    assert_eq!(fails("SEND\nreceipt:a\\cb\n\n\0"), expected("a\\cb"));
    assert_eq!(fails("SUBSCRIBE\nid:1\nreceipt:2\n\n\0"), expected("2"));
    assert_eq!(fails("SUBSCRIBE\ndestination:/a\nreceipt:3\n\n\0"), expected("3"));
    assert_eq!(fails("SUBSCRIBE\nid:1\ndestination:/a\nack:maybe\nreceipt:4\n\n\0"), expected("4"));
    assert_eq!(fails("NOPE\n\n\0").0, "malformed-frame");
}

fn subscribe(session: &mut ServerSession, id: &str) -> bool {
    feed(session, &format!("SUBSCRIBE\nid:{id}\ndestination:/channels/x\nreceipt:r{id}\n\n\0"));
    matches!(session.next_request(), Some(Request::Subscribe { .. }))
}

/// Checklist 101, 104, 107, 108, 109.
#[test]
fn a_subscription_is_there_from_its_receipt_to_its_end() {
    let mut session = connected();
    assert!(subscribe(&mut session, "1"));
    assert_eq!(written(&mut session), [""; 0], "nothing before the decision");
    session.accept_subscription();
    assert_eq!(written(&mut session), ["RECEIPT\nreceipt-id:r1\n\n\0"]);
    feed(&mut session, "UNSUBSCRIBE\nid:1\nreceipt:u\ndestination:/ignored\n\n\0");
    assert!(matches!(session.next_request(), Some(Request::Unsubscribe { id }) if id == "1"));
    assert_eq!(written(&mut session), ["RECEIPT\nreceipt-id:u\n\n\0"]);
    assert!(subscribe(&mut session, "1"), "the id is free again");
    session.accept_subscription();
    assert!(!subscribe(&mut session, "1"));
    assert_eq!(failure(&mut session).0, "duplicate-subscription");
    assert_eq!(fails("UNSUBSCRIBE\nid:9\n\n\0").0, "malformed-frame");
}

/// Design section 5, instead of checklist 112.
#[test]
fn a_refused_subscription_leaves_no_trace() {
    let mut session = connected();
    assert!(subscribe(&mut session, "1"));
    assert_eq!(session.refuse_subscription().as_deref(), Some("r1"));
    assert_eq!(written(&mut session), [""; 0]);
    assert!(subscribe(&mut session, "1"));
}

/// Checklist 106.
#[test]
fn a_frame_behind_subscribe_waits_for_the_decision() {
    let mut session = connected();
    feed(&mut session, "SUBSCRIBE\nid:1\ndestination:/a\n\n\0SEND\ndestination:/b\n\n\0");
    assert!(matches!(session.next_request(), Some(Request::Subscribe { .. })));
    assert!(session.next_request().is_none());
    session.accept_subscription();
    assert!(matches!(session.next_request(), Some(Request::Send { .. })));
}

/// Checklist 110, 213.
#[test]
fn a_1_0_subscription_needs_no_id() {
    let mut session = connected_with("CONNECT\n\n\0");
    feed(&mut session, "SUBSCRIBE\ndestination:/a\n\n\0");
    assert!(matches!(session.next_request(), Some(Request::Subscribe { .. })));
    session.accept_subscription();
    feed(&mut session, "UNSUBSCRIBE\ndestination:/a\n\n\0");
    assert!(matches!(session.next_request(), Some(Request::Unsubscribe { .. })));
}

/// Checklist 114.
#[test]
fn subscriptions_are_counted() {
    let mut session = ServerSession::new(Config { subscriptions: 1, ..Config::default() }, T0);
    feed(&mut session, "CONNECT\naccept-version:1.2\n\n\0");
    session.next_request();
    session.accept("s", "u", T0);
    assert!(subscribe(&mut session, "1"));
    session.accept_subscription();
    assert!(!subscribe(&mut session, "2"));
    assert_eq!(failure(&mut session).0, "too-many-subscriptions");
}

/// Checklist 145, 146, 147, 150.
#[test]
fn receipts_leave_in_the_order_of_their_frames() {
    let mut session = connected();
    feed(
        &mut session,
        "SEND\ndestination:/a\nreceipt:one\\c\\\\\n\n\0SEND\ndestination:/a\nreceipt:two\n\n\0SEND\ndestination:/a\nreceipt:\n\n\0",
    );
    let mut tickets = Vec::new();
    while let Some(Request::Send { ticket, .. }) = session.next_request() {
        tickets.push(ticket.unwrap());
    }
    session.settle(tickets[1], Some(vec![("seq", "2".to_owned())]));
    session.settle(tickets[2], Some(Vec::new()));
    assert_eq!(written(&mut session), [""; 0]);
    assert_eq!(session.settle(tickets[0], Some(vec![("seq", "1".to_owned())])).as_deref(), Some("one:\\"));
    let expected = [
        "RECEIPT\nreceipt-id:one\\c\\\\\nseq:1\n\n\0",
        "RECEIPT\nreceipt-id:two\nseq:2\n\n\0",
        "RECEIPT\nreceipt-id:\n\n\0",
    ];
    assert_eq!(written(&mut session), expected);
}

/// Checklist 95, 148.
#[test]
fn a_refused_send_has_no_receipt_and_holds_nobody_up() {
    let mut session = connected();
    feed(&mut session, "SEND\ndestination:/a\nreceipt:1\n\n\0SEND\ndestination:/a\nreceipt:2\n\n\0");
    let Some(Request::Send { ticket: Some(first), .. }) = session.next_request() else { panic!() };
    let Some(Request::Send { ticket: Some(second), .. }) = session.next_request() else { panic!() };
    session.settle(second, Some(Vec::new()));
    assert_eq!(session.settle(first, None).as_deref(), Some("1"));
    assert_eq!(written(&mut session), ["RECEIPT\nreceipt-id:2\n\n\0"]);
    assert!(!session.owes_receipts());
}

/// Checklist 152.
#[test]
fn frames_behind_a_wrong_one_are_not_executed() {
    let mut session = connected();
    feed(&mut session, "NOPE\n\n\0SEND\ndestination:/a\n\n\0");
    failure(&mut session);
    assert!(session.next_request().is_none());
}

/// Checklist 154, 156.
#[test]
fn disconnect_is_receipted_and_nothing_behind_it_counts() {
    let mut session = connected();
    feed(&mut session, "DISCONNECT\nreceipt:bye\n\n\0SEND\ndestination:/a\n\n\0");
    assert!(matches!(session.next_request(), Some(Request::Disconnect)));
    assert_eq!(written(&mut session), ["RECEIPT\nreceipt-id:bye\n\n\0"]);
    assert!(session.next_request().is_none());
}

/// Checklist 98.
#[test]
fn a_body_that_is_too_large_has_its_own_close_code() {
    let (_, receipt, close) = fails("SEND\ndestination:/a\nreceipt:7\ncontent-length:2000000\n\n");
    assert_eq!((receipt.as_deref(), close.as_str()), (Some("7"), "1009"));
}

/// Checklist 127, 131.
#[test]
fn acknowledgements_and_transactions_are_refused_with_a_word() {
    for command in
        ["ACK\nid:1", "NACK\nid:1", "BEGIN\ntransaction:t", "COMMIT\ntransaction:t", "ABORT\ntransaction:t"]
    {
        assert_eq!(fails(&format!("{command}\n\n\0")).0, "malformed-frame");
    }
    assert_eq!(fails("SEND\ndestination:/a\ntransaction:t\n\n\0").0, "malformed-frame");
}
