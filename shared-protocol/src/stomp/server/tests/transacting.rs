//! BEGIN, COMMIT and ABORT for applications that are brokers: section 1G.

use super::*;

/// The bodies of the SENDs of a commit.
fn committed(broker: &mut Broker) -> (Vec<String>, Option<Ticket>) {
    let Some(Demand::Commit { steps, ticket }) = broker.session.next_demand() else { panic!() };
    let body = |step: &Step| match step {
        Step::Send { frame, .. } => String::from_utf8(frame.body().to_vec()).unwrap(),
        Step::Settle(settlement) => format!("{:?} {}", settlement.verdict, settlement.deliveries.len()),
    };
    (steps.iter().map(body).collect(), ticket)
}

fn begun() -> Broker {
    let mut broker = Broker::connected("1.2");
    broker.feed("BEGIN\ntransaction:t\n\n\0");
    assert!(broker.session.next_demand().is_none() && !broker.session.is_over());
    broker
}

fn send(body: &str) -> String {
    format!("SEND\ndestination:/queue/a\ntransaction:t\n\n{body}\0")
}

/// Checklist 132, 133, 134, 148, 149.
#[test]
fn a_transaction_is_named_and_begun_once() {
    let cases = [
        ("BEGIN", "malformed-frame"),
        ("COMMIT", "malformed-frame"),
        ("ABORT", "malformed-frame"),
        ("BEGIN\ntransaction:t", "duplicate-transaction"),
        ("COMMIT\ntransaction:u", "unknown-transaction"),
        ("ABORT\ntransaction:u", "unknown-transaction"),
        ("SEND\ndestination:/a\ntransaction:u", "unknown-transaction"),
        ("ACK\nid:ack-1\ntransaction:u", "unknown-transaction"),
        ("NACK\nid:ack-1\ntransaction:u", "unknown-transaction"),
    ];
    for (frame, code) in cases {
        let mut broker = begun();
        broker.subscribe("1", "ack:client\n");
        broker.deliver("1", "m");
        broker.feed(&format!("{frame}\nreceipt:r\n\n\0"));
        assert_eq!(
            failure(&mut broker.session),
            (code.to_owned(), Some("r".to_owned()), "1002".to_owned()),
            "{frame}"
        );
    }
}

/// Checklist 135, 136, 141.
#[test]
fn what_is_in_a_transaction_comes_at_its_end_and_together() {
    let mut broker = begun();
    broker.feed(&format!("{}SEND\ndestination:/queue/a\n\noutside\0{}", send("1"), send("2")));
    let outside = broker.session.next_demand();
    assert!(matches!(outside, Some(Demand::Request(Request::Send { .. }))), "only what is outside");
    assert!(broker.session.next_demand().is_none());
    broker.feed("COMMIT\ntransaction:t\n\n\0");
    assert_eq!(committed(&mut broker).0, ["1", "2"]);
}

/// Checklist 137, 138, 141.
#[test]
fn an_aborted_transaction_leaves_nothing_and_its_name_is_free() {
    let mut broker = begun();
    broker.feed(&format!("{}ABORT\ntransaction:t\n\n\0BEGIN\ntransaction:t\n\n\0{}", send("1"), send("2")));
    broker.feed("COMMIT\ntransaction:t\n\n\0BEGIN\ntransaction:t\n\n\0COMMIT\ntransaction:t\n\n\0");
    assert_eq!(committed(&mut broker).0, ["2"]);
    assert_eq!(committed(&mut broker).0, [""; 0]);
}

/// Checklist 139.
#[test]
fn an_ack_in_a_transaction_counts_at_its_end() {
    let mut broker = begun();
    broker.subscribe("1", "ack:client\n");
    broker.deliver("1", "m");
    broker.deliver("1", "m");
    broker.feed("ACK\nid:ack-2\ntransaction:t\n\n\0");
    assert!(broker.session.next_demand().is_none());
    broker.feed("ABORT\ntransaction:t\n\n\0BEGIN\ntransaction:t\n\n\0NACK\nid:ack-1\ntransaction:t\n\n\0");
    broker.feed("ACK\nid:ack-2\ntransaction:t\n\n\0COMMIT\ntransaction:t\n\n\0");
    assert_eq!(committed(&mut broker).0, ["Refused 1", "Taken 1"]);
}

/// Checklist 139: settled twice over, or gone with its subscription, a message is not settled again at the end.
#[test]
fn an_ack_in_a_transaction_finds_what_is_left_at_its_end() {
    let mut broker = begun();
    broker.subscribe("1", "ack:client-individual\n");
    broker.deliver("1", "m");
    broker.feed("ACK\nid:ack-1\ntransaction:t\n\n\0ACK\nid:ack-1\n\n\0COMMIT\ntransaction:t\n\n\0");
    assert_eq!(broker.settled().0.len(), 1);
    assert_eq!(committed(&mut broker).0, ["Taken 0"]);
}

/// Checklist 140.
#[test]
fn a_session_that_ends_commits_nothing() {
    let mut broker = begun();
    broker.feed(&format!("{}DISCONNECT\n\n\0COMMIT\ntransaction:t\n\n\0", send("1")));
    assert!(matches!(broker.session.next_demand(), Some(Demand::Request(Request::Disconnect))));
    assert!(broker.session.next_demand().is_none());
}

/// Checklist 142, 145: a buffered frame is receipted when it is buffered, COMMIT when its steps are done.
#[test]
fn receipts_in_a_transaction_leave_when_the_frame_was_taken() {
    let mut broker = Broker::connected("1.2");
    broker.feed("BEGIN\ntransaction:t\nreceipt:b\n\n\0SEND\ndestination:/a\ntransaction:t\nreceipt:s\n\n\0");
    assert!(broker.session.next_demand().is_none());
    assert_eq!(broker.written(), ["b", "s"].map(|id| format!("RECEIPT\nreceipt-id:{id}\n\n\0")));
    broker.feed("COMMIT\ntransaction:t\nreceipt:c\n\n\0");
    let (_, ticket) = committed(&mut broker);
    assert_eq!(broker.written(), [""; 0]);
    broker.session.settle(ticket.unwrap(), Some(Vec::new()));
    assert_eq!(broker.written(), ["RECEIPT\nreceipt-id:c\n\n\0"]);
    broker.feed("BEGIN\ntransaction:t\n\n\0ABORT\ntransaction:t\nreceipt:a\n\n\0");
    assert!(broker.session.next_demand().is_none());
    assert_eq!(broker.written(), ["RECEIPT\nreceipt-id:a\n\n\0"]);
}

/// Checklist 143, 169.
#[test]
fn transactions_are_bounded_in_number_frames_and_octets() {
    let limits = BrokerLimits {
        transactions: 1,
        transaction_frames: 2,
        transaction_octets: 100,
        ..Default::default()
    };
    let fails = |text: &str| {
        let mut broker = Broker::with("1.2", limits);
        broker.feed("BEGIN\ntransaction:t\n\n\0");
        broker.feed(text);
        failure(&mut broker.session).0
    };
    assert_eq!(fails("BEGIN\ntransaction:u\n\n\0"), "too-many-transactions");
    assert_eq!(fails(&send("1").repeat(3)), "transaction-too-large");
    assert_eq!(fails(&send(&"x".repeat(60))), "transaction-too-large");
    let mut broker = Broker::with("1.2", limits);
    broker.feed(&format!("BEGIN\ntransaction:t\n\n\0{}COMMIT\ntransaction:t\n\n\0", send("12").repeat(2)));
    assert_eq!(committed(&mut broker).0, ["12", "12"], "at the limit");
}

/// Checklist 143, 165: what waits for COMMIT keeps nothing else alive, however large the message was that it came in.
#[test]
fn a_small_frame_that_waits_does_not_keep_a_large_chunk() {
    let mut broker = begun();
    let chunk = Bytes::from([send("small").as_bytes(), &[b'\n'; 100_000]].concat());
    let place = chunk.as_ptr_range();
    broker.session.receive(chunk, T0);
    assert!(broker.session.next_demand().is_none());
    broker.feed("COMMIT\ntransaction:t\n\n\0");
    let Some(Demand::Commit { steps, .. }) = broker.session.next_demand() else { panic!() };
    let [Step::Send { destination, frame }] = &steps[..] else { panic!("{steps:?}") };
    assert!(!place.contains(&frame.body().as_ptr()));
    let relayed = Relayed::new("m".to_owned(), destination.clone(), frame);
    assert_ne!(relayed.body.as_ptr(), frame.body().as_ptr());
}

/// Checklist 144.
#[test]
fn other_frames_may_name_a_transaction_that_is_not_looked_at() {
    let mut broker = Broker::connected("1.2");
    broker.subscribe("1", "transaction:nowhere\n");
    broker.feed("UNSUBSCRIBE\nid:1\ntransaction:nowhere\n\n\0");
    assert!(matches!(broker.session.next_demand(), Some(Demand::Request(Request::Unsubscribe { .. }))));
}
