//! SUBSCRIBE and UNSUBSCRIBE: section 1E.

use super::*;

/// Checklist 101, 104, 107, 108, 109, 111.
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

/// Checklist 102, 158.
#[test]
fn sessions_know_nothing_of_each_other() {
    let (mut one, mut other) = (connected(), connected());
    assert!(subscribe(&mut one, "1") && subscribe(&mut other, "1"));
    one.fail(close::INTERNAL, "internal", "something broke");
    other.accept_subscription();
    assert_eq!(written(&mut other), ["RECEIPT\nreceipt-id:r1\n\n\0"]);
}

/// Checklist 105, 113.
#[test]
fn headers_of_other_brokers_are_ignored() {
    let mut session = connected();
    feed(
        &mut session,
        "SUBSCRIBE\nid:1\ndestination:/a\nack:auto\nselector:x\ndurable:true\nprefetch-count:1\n\n\0",
    );
    assert!(matches!(session.next_request(), Some(Request::Subscribe { .. })));
}

/// Checklist 108, but for what the client cannot know yet.
#[test]
fn unsubscribing_what_the_server_ended_meanwhile_is_no_mistake() {
    let mut session = connected();
    assert!(subscribe(&mut session, "ended"));
    session.accept_subscription();
    session.forget_subscription("ended");
    assert!(subscribe(&mut session, "refused"));
    session.refuse_subscription();
    written(&mut session);
    for id in ["ended", "refused"] {
        feed(&mut session, &format!("UNSUBSCRIBE\nid:{id}\nreceipt:{id}\n\n\0"));
        assert!(session.next_request().is_none());
        assert_eq!(written(&mut session), [format!("RECEIPT\nreceipt-id:{id}\n\n\0")]);
    }
    feed(&mut session, "UNSUBSCRIBE\nid:ended\n\n\0");
    assert_eq!(failure(&mut session).0, "malformed-frame", "once");
}

/// Checklist 100.
#[test]
fn a_1_0_subscription_without_an_id_has_one_that_no_header_can_hold() {
    let mut session = connected_with("CONNECT\n\n\0");
    feed(&mut session, "SUBSCRIBE\ndestination:/a\n\n\0");
    let Some(Request::Subscribe { id, .. }) = session.next_request() else { panic!() };
    session.accept_subscription();
    assert!(id.contains('\0'));
    feed(&mut session, "SUBSCRIBE\nid:/a\ndestination:/b\n\n\0");
    assert!(matches!(session.next_request(), Some(Request::Subscribe { .. })));
}

/// Checklist 107, 152.
#[test]
fn a_subscription_that_is_decided_too_late_does_not_bring_a_session_back() {
    let mut session = connected();
    assert!(subscribe(&mut session, "1"));
    feed(&mut session, "SEND\ndestination:/a\n\n\0");
    session.fail(close::UNAUTHENTICATED, "token-expired", "the token has expired");
    session.accept_subscription();
    assert_eq!(session.refuse_subscription(), None);
    assert_eq!(failure(&mut session).2, "4401");
}
