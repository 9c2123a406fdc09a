//! ERROR and DISCONNECT: section 1H.

use super::*;

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
    let (code, receipt, close) = fails("SEND\ndestination:/a\nreceipt:7\ncontent-length:2000000\n\n");
    assert_eq!((code.as_str(), receipt.as_deref(), close.as_str()), ("too-large", Some("7"), "1009"));
}

/// Checklist 105, 127, 131, 134.
#[test]
fn acknowledgements_and_transactions_are_refused_with_a_word() {
    for command in
        ["ACK\nid:1", "NACK\nid:1", "BEGIN\ntransaction:t", "COMMIT\ntransaction:t", "ABORT\ntransaction:t"]
    {
        assert_eq!(fails(&format!("{command}\n\n\0")).0, "malformed-frame");
    }
    assert_eq!(fails("SEND\ndestination:/a\ntransaction:t\n\n\0").0, "malformed-frame");
    for mode in ["client", "client-individual"] {
        let subscribe = format!("SUBSCRIBE\nid:1\ndestination:/a\nack:{mode}\n\n\0");
        assert_eq!(fails(&subscribe).0, "malformed-frame");
    }
}

/// Checklist 147, 153: what was asked for in front of a wrong frame is answered in front of the ERROR.
#[test]
fn an_error_waits_for_earlier_receipts() {
    let mut session = connected();
    feed(&mut session, "SEND\ndestination:/a\nreceipt:1\n\n\0NOPE\n\n\0");
    let Some(Request::Send { ticket: Some(ticket), .. }) = session.next_request() else { panic!() };
    assert!(session.next_request().is_none() && session.is_over());
    assert_eq!(written(&mut session), [""; 0]);
    session.settle(ticket, Some(Vec::new()));
    let written = written(&mut session);
    assert_eq!(written.len(), 3);
    assert!(written[0].starts_with("RECEIPT\n") && written[1].starts_with("ERROR\n"));
    assert_eq!(written[2], "close 1002 malformed-frame");
}

/// Checklist 153: but not for ever.
#[test]
fn an_error_does_not_wait_for_ever() {
    let mut session = connected();
    feed(&mut session, "SEND\ndestination:/a\nreceipt:1\n\n\0NOPE\n\n\0");
    session.next_request();
    session.next_request();
    assert_eq!(session.deadline(), Some(at(10)));
    session.tick(at(10));
    assert_eq!(failure(&mut session).2, "1002");
    assert_eq!(session.deadline(), None);
}

/// Checklist 112, 149.
#[test]
fn an_error_of_the_application_names_the_receipt_of_its_frame() {
    let mut session = connected();
    feed(&mut session, "SEND\ndestination:/nowhere\nreceipt:7\n\n\0");
    let Some(Request::Send { ticket, .. }) = session.next_request() else { panic!() };
    session.fail_request(ticket, close::PROTOCOL, "unknown-destination", "there is no such destination");
    let expected = ("unknown-destination".to_owned(), Some("7".to_owned()), "1002".to_owned());
    assert_eq!(failure(&mut session), expected);

    let mut session = connected();
    assert!(subscribe(&mut session, "1"));
    session.fail_request(None, close::PROTOCOL, "unknown-destination", "there is no such destination");
    assert_eq!(failure(&mut session).1.as_deref(), Some("r1"));
}

/// Checklist 151.
#[test]
fn an_error_is_a_short_message_and_a_text() {
    let mut session = connected();
    session.fail(close::INTERNAL, "internal", "the store does not answer");
    let expected =
        "ERROR\nmessage:internal\ncontent-type:text/plain\ncontent-length:25\n\nthe store does not answer\0";
    assert_eq!(written(&mut session), [expected, "close 1011 internal"]);
}

/// Checklist 155.
#[test]
fn disconnect_without_a_receipt_is_no_error() {
    let mut session = connected();
    feed(&mut session, "DISCONNECT\n\n\0");
    assert!(matches!(session.next_request(), Some(Request::Disconnect)));
    session.tick(at(1000));
    assert_eq!(written(&mut session), [""; 0]);
    session.close(close::NORMAL, "");
    assert_eq!(written(&mut session), ["close 1000 "]);
}

/// Checklist 154, 156: frames behind DISCONNECT are not even kept.
#[test]
fn a_session_that_is_over_takes_no_octets() {
    let mut session = connected();
    feed(&mut session, "DISCONNECT\n\n\0");
    session.next_request();
    feed(&mut session, "SEND\ndestination:/a\n\n\0");
    assert_eq!(session.decoder.pending(), 0);
}

/// Checklist 157: what came before the connection was lost is handed out.
#[test]
fn frames_that_were_received_are_processed() {
    let mut session = connected();
    feed(&mut session, &"SEND\ndestination:/a\n\nhi\0".repeat(1000));
    assert_eq!(std::iter::from_fn(|| session.next_request()).count(), 1000);
}

/// Checklist 191: a Close frame has room for 123 octets of reason.
#[test]
fn a_long_reason_is_cut_at_a_character() {
    let mut session = connected();
    session.close(close::NORMAL, &"é".repeat(100));
    assert_eq!(written(&mut session), [format!("close 1000 {}", "é".repeat(61))]);
}
