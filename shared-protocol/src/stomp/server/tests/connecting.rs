//! CONNECT: section 1B of the checklist.

use super::*;

/// Checklist 52, 53, 60, 65, 66, 215.
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
    assert_eq!(failure(&mut session).2, "1002");
}

/// Checklist 59, 216.
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

/// Checklist 67: neither octets nor a slow application put the moment off.
#[test]
fn a_stranger_who_drips_octets_is_not_waited_for_longer() {
    let mut session = fresh();
    session.receive(Bytes::from_static(b"CONN"), at(9));
    assert!(session.next_request().is_none());
    assert_eq!(session.deadline(), Some(at(10)));
    session.tick(at(10));
    assert_eq!(failure(&mut session).0, "connect-timeout");
}

/// Checklist 68, 152.
#[test]
fn a_decision_that_comes_too_late_does_not_bring_a_session_back() {
    let mut session = fresh();
    feed(&mut session, "CONNECT\naccept-version:1.2\n\n\0SEND\ndestination:/a\n\n\0");
    session.next_request();
    session.tick(at(10));
    session.accept("s1", "ada", at(11));
    assert_eq!(failure(&mut session).2, "4408");
    assert!(session.next_request().is_none());
}

/// Checklist 61, 64, 69, 70.
#[test]
fn all_headers_of_connect_reach_the_application() {
    let mut session = fresh();
    feed(
        &mut session,
        "CONNECT\naccept-version:1.2\nhost:nobody\nclient-id:7\nlogin:a\nAuthorization:Bearer x:y\\z\n\n\0",
    );
    let Some(Request::Connect(frame)) = session.next_request() else { panic!() };
    let header = |name| frame.header(name).map(|value| value.into_owned());
    assert_eq!(header("Authorization").as_deref(), Some("Bearer x:y\\z"));
    assert_eq!((header("host").as_deref(), header("client-id").as_deref()), (Some("nobody"), Some("7")));
}

/// Checklist 54: a stranger's frame is told to be out of turn, not to be too large.
#[test]
fn a_send_with_a_body_before_connect_is_not_connected() {
    let mut session = fresh();
    feed(&mut session, "SEND\ndestination:/a\n\nhello\0");
    assert_eq!(failure(&mut session).0, "not-connected");
}

/// Checklist 163, 165.
#[test]
fn a_stranger_may_send_little() {
    let mut session = fresh();
    feed(&mut session, &format!("CONNECT\n{}", "x:y\n".repeat(60)));
    assert!(session.next_request().is_none() && !session.is_over());
    feed(&mut session, &format!("long:{}\nlonger:{}\n", "x".repeat(8000), "x".repeat(8180)));
    let (code, _, close) = failure(&mut session);
    assert_eq!((code.as_str(), close.as_str()), ("too-large", "1009"));
}

/// Checklist 68, 165: what comes while a decision is awaited is kept up to a bound.
#[test]
fn a_flood_behind_connect_is_bounded() {
    let mut session = fresh();
    feed(&mut session, "CONNECT\n\n\0");
    session.next_request();
    let mut fed = 0;
    while !session.is_over() {
        feed(&mut session, &"SEND\ndestination:/a\n\n\0".repeat(1000));
        fed += 1;
        assert!(fed < 100);
    }
    assert_eq!(failure(&mut session).2, "1009");
}

/// Checklist 58.
#[test]
fn without_accept_version_a_session_is_1_0_and_says_so() {
    let mut session = fresh();
    feed(&mut session, "CONNECT\nheart-beat:1000,1000\n\n\0");
    session.next_request();
    session.accept("s1", "ada", T0);
    assert!(written(&mut session)[0].starts_with("CONNECTED\nversion:1.0\nsession:s1\n"));
}

/// Checklist 50.
#[test]
fn what_comes_from_servers_is_no_command_of_clients() {
    for command in ["CONNECTED", "MESSAGE", "RECEIPT", "ERROR"] {
        assert_eq!(fails(&format!("{command}\n\n\0")).0, "malformed-frame");
        let mut session = fresh();
        feed(&mut session, &format!("{command}\n\n\0"));
        assert_eq!(failure(&mut session).0, "not-connected");
    }
}

/// Checklist 38, 66: what a header of CONNECTED cannot hold is left out, and nothing else with it.
#[test]
fn nothing_is_smuggled_into_connected() {
    let mut session = fresh();
    feed(&mut session, "CONNECT\naccept-version:1.2\n\n\0");
    session.next_request();
    session.accept("s1", "ada\nversion:9", T0);
    let text = written(&mut session).remove(0);
    assert!(text.contains("\nsession:s1\n") && !text.contains("ada") && !text.contains("version:9"));
}
