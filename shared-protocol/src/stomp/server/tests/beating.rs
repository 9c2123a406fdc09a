//! Heart-beats: section 1C.

use super::*;

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

/// Checklist 78, 84.
#[test]
fn a_beat_is_one_octet_of_its_own_and_is_not_doubled() {
    let mut session = connected_with("CONNECT\naccept-version:1.2\nheart-beat:0,10000\n\n\0");
    session.tick(at(10));
    session.tick(at(10));
    assert_eq!(written(&mut session), ["\n"]);
}

/// Checklist 80: half a frame is a sign of life.
#[test]
fn any_octet_is_activity() {
    let mut session = connected_with("CONNECT\naccept-version:1.2\nheart-beat:10000,0\n\n\0");
    session.receive(Bytes::from_static(b"SE"), at(15));
    session.tick(at(35));
    assert!(!session.is_over());
    session.tick(at(36));
    assert_eq!(failure(&mut session).0, "heart-beat-missed");
}

/// Checklist 85.
#[test]
fn beats_leave_while_the_application_decides_and_its_silence_is_not_the_clients() {
    let mut session = connected_with("CONNECT\naccept-version:1.2\nheart-beat:10000,10000\n\n\0");
    assert!(subscribe(&mut session, "1"));
    session.tick(at(30));
    assert_eq!(written(&mut session), ["\n"]);
    session.accept_subscription();
    session.tick(at(40));
    assert!(!session.is_over());
}

/// Checklist 166: octets that drip keep a session alive, but not for ever in the middle of a frame.
#[test]
fn a_frame_has_to_be_whole_in_time() {
    let mut session = connected();
    for second in 0..60 {
        session.receive(Bytes::from_static(b"SEND\ndestination:/a\n\nhi\0SEND\nx"), at(second));
        assert!(matches!(session.next_request(), Some(Request::Send { .. })));
        assert!(session.next_request().is_none());
        assert_eq!(session.deadline(), Some(at(second + 60)), "whole frames came meanwhile");
        session.receive(Bytes::from_static(b":y\ndestination:/a\n\n\0"), at(second));
        assert!(session.next_request().is_some() && session.next_request().is_none());
        assert_eq!(session.deadline(), None, "nothing is missing");
    }
    for second in 60..64 {
        session.receive(Bytes::from_static(b"S"), at(second));
        assert!(session.next_request().is_none());
    }
    assert_eq!(session.deadline(), Some(at(120)));
    session.tick(at(119));
    assert!(!session.is_over());
    session.tick(at(120));
    let (code, _, close) = failure(&mut session);
    assert_eq!((code.as_str(), close.as_str()), ("frame-timeout", "4408"));
}

/// Checklist 166: what the application has not looked at yet is not the client's delay.
#[test]
fn frames_that_wait_for_the_application_are_no_drip() {
    let mut session = connected();
    session.receive(Bytes::from_static(b"SEND\ndest"), T0);
    assert!(session.next_request().is_none());
    session.receive(Bytes::from_static(b"ination:/a\n\n\0"), at(1));
    assert_eq!(session.deadline(), None);
    session.tick(at(1000));
    assert!(session.next_request().is_some());
}

/// Checklist 87.
#[test]
fn nothing_beats_before_connected() {
    let mut session = fresh();
    feed(&mut session, "CONNECT\naccept-version:1.2\nheart-beat:0,5000\n\n\0");
    session.next_request();
    session.tick(at(9));
    assert_eq!(written(&mut session), [""; 0]);
    session.accept("s1", "ada", at(9));
    session.tick(at(9));
    assert!(written(&mut session)[0].starts_with("CONNECTED\n"));
}
