//! SEND and RECEIPT: sections 1D and 1H.

use super::*;

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

/// Checklist 90, 94, 97.
#[test]
fn sends_are_handed_out_in_order_with_their_headers_and_empty_bodies() {
    let mut session = connected();
    feed(&mut session, "SEND\ndestination:/a\nná\\cme:v\\né\n\n\0SEND\ndestination:/b\n\n\0");
    let Some(Request::Send { destination, frame, .. }) = session.next_request() else { panic!() };
    assert_eq!((destination.as_str(), frame.body().len()), ("/a", 0));
    assert_eq!(frame.header("ná:me").as_deref(), Some("v\né"));
    assert!(matches!(session.next_request(), Some(Request::Send { destination, .. }) if destination == "/b"));
}

/// Checklist 145, 147.
#[test]
fn receipts_of_other_frames_stand_behind_those_of_earlier_sends() {
    let mut session = connected();
    assert!(subscribe(&mut session, "1"));
    session.accept_subscription();
    written(&mut session);
    feed(
        &mut session,
        "SEND\ndestination:/a\nreceipt:1\n\n\0UNSUBSCRIBE\nid:1\nreceipt:2\n\n\0DISCONNECT\nreceipt:3\n\n\0",
    );
    let Some(Request::Send { ticket: Some(ticket), .. }) = session.next_request() else { panic!() };
    assert!(matches!(session.next_request(), Some(Request::Unsubscribe { .. })));
    assert!(matches!(session.next_request(), Some(Request::Disconnect)));
    assert_eq!(written(&mut session), [""; 0]);
    session.settle(ticket, Some(Vec::new()));
    let expected = ["1", "2", "3"].map(|id| format!("RECEIPT\nreceipt-id:{id}\n\n\0"));
    assert_eq!(written(&mut session), expected);
}

/// Checklist 145: exactly one.
#[test]
fn a_ticket_is_settled_once() {
    let mut session = connected();
    feed(&mut session, "SEND\ndestination:/a\nreceipt:1\n\n\0");
    let Some(Request::Send { ticket: Some(ticket), .. }) = session.next_request() else { panic!() };
    assert!(session.settle(ticket, Some(Vec::new())).is_some());
    assert_eq!(session.settle(ticket, Some(Vec::new())), None);
    assert_eq!(written(&mut session).len(), 1);
}

/// Checklist 145: what was decided stays so, also while it waits for its turn.
#[test]
fn a_ticket_that_waits_for_its_turn_is_not_settled_again() {
    let mut session = connected();
    feed(&mut session, "SEND\ndestination:/a\nreceipt:1\n\n\0SEND\ndestination:/a\nreceipt:2\n\n\0");
    let Some(Request::Send { ticket: Some(first), .. }) = session.next_request() else { panic!() };
    let Some(Request::Send { ticket: Some(second), .. }) = session.next_request() else { panic!() };
    assert!(session.settle(second, None).is_some());
    assert_eq!(session.settle(second, Some(Vec::new())), None);
    session.settle(first, Some(Vec::new()));
    assert_eq!(written(&mut session), ["RECEIPT\nreceipt-id:1\n\n\0"], "the second was refused");
}
