//! MESSAGE, ACK and NACK for applications that are brokers: section 1F.

use super::*;

/// Checklist 117, 119.
#[test]
fn a_message_says_where_from_and_whether_it_awaits_an_ack() {
    let mut broker = Broker::connected("1.2");
    broker.subscribe("auto", "");
    broker.subscribe("each", "ack:client-individual\n");
    assert_eq!(broker.deliver("auto", "m"), None);
    let text = broker.written().remove(0);
    let expected = "MESSAGE\nsubscription:auto\nmessage-id:m-1\ndestination:/queue/a\nkey:a\\cb\ncontent-length:2\n\nhi\0";
    assert_eq!(text, expected);
    broker.deliver("each", "m").unwrap();
    assert!(broker.written()[0].contains("\nack:ack-2\n"));
}

/// Checklist 118, 120.
#[test]
fn every_delivery_of_a_message_has_names_of_its_own() {
    for version in ["1.0", "1.1", "1.2"] {
        let mut broker = Broker::connected(version);
        broker.subscribe("1", "ack:client\n");
        broker.subscribe("2", "ack:client\n");
        broker.deliver("1", "m").unwrap();
        broker.deliver("2", "m").unwrap();
        let written = broker.written();
        for name in ["message-id:", "ack:"].iter().take(if version == "1.2" { 2 } else { 1 }) {
            let values: Vec<_> = written
                .iter()
                .map(|text| text.lines().find(|line| line.starts_with(name)).unwrap())
                .collect();
            assert_ne!(values[0], values[1], "{version}");
        }
    }
}

/// Checklist 121: at 1.1 message and subscription, at 1.0 the message alone, and what else a client sends is ignored.
#[test]
fn each_version_names_messages_its_own_way() {
    let cases = [
        ("1.2", "ACK\nid:ack-1\nsubscription:1\nmessage-id:x\n\n\0"),
        ("1.1", "ACK\nmessage-id:m-1\nsubscription:1\nid:x\n\n\0"),
        ("1.0", "ACK\nmessage-id:m-1\nsubscription:other\n\n\0"),
    ];
    for (version, ack) in cases {
        let mut broker = Broker::connected(version);
        broker.subscribe("1", "ack:client\n");
        let delivery = broker.deliver("1", "m").unwrap();
        broker.feed(ack);
        let (deliveries, verdict) = broker.settled();
        assert_eq!((deliveries, verdict), (vec![delivery], Verdict::Taken), "{version}");
    }
}

/// Checklist 122, 123, 129, 149.
#[test]
fn an_ack_names_a_message_that_waits() {
    let wrong = [
        ("1.2", "ACK\nmessage-id:m-2\nreceipt:r\n\n\0", "malformed-frame"),
        ("1.1", "ACK\nmessage-id:m-2\nreceipt:r\n\n\0", "malformed-frame"),
        ("1.0", "ACK\nid:ack-2\nreceipt:r\n\n\0", "malformed-frame"),
        ("1.2", "ACK\nid:ack-9\nreceipt:r\n\n\0", "unknown-delivery"),
        ("1.2", "NACK\nid:nonsense\nreceipt:r\n\n\0", "unknown-delivery"),
        ("1.2", "ACK\nid:m-2\nreceipt:r\n\n\0", "unknown-delivery"),
        ("1.1", "ACK\nmessage-id:m-2\nsubscription:auto\nreceipt:r\n\n\0", "unknown-delivery"),
        ("1.1", "ACK\nmessage-id:m-1\nsubscription:auto\nreceipt:r\n\n\0", "unknown-delivery"),
        ("1.2", "ACK\nid:ack-1\nreceipt:r\n\n\0", "unknown-delivery"),
    ];
    for (version, ack, code) in wrong {
        let mut broker = Broker::connected(version);
        broker.subscribe("auto", "");
        broker.subscribe("each", "ack:client\n");
        broker.deliver("auto", "m");
        broker.deliver("each", "m").unwrap();
        broker.feed(ack);
        assert_eq!(
            failure(&mut broker.session),
            (code.to_owned(), Some("r".to_owned()), "1002".to_owned()),
            "{ack}"
        );
    }
}

/// Checklist 123.
#[test]
fn a_message_is_acknowledged_once() {
    let mut broker = Broker::connected("1.2");
    broker.subscribe("1", "ack:client-individual\n");
    broker.deliver("1", "m").unwrap();
    broker.feed("ACK\nid:ack-1\n\n\0ACK\nid:ack-1\n\n\0");
    broker.settled();
    broker.written();
    assert_eq!(failure(&mut broker.session).0, "unknown-delivery");
}

/// Checklist 124, 126, 214: cumulative within the subscription only, at every version, for NACK as for ACK.
#[test]
fn in_the_mode_client_an_answer_covers_what_came_before_it() {
    for (version, answer) in [
        ("1.2", "ACK\nid:ack-4\n\n\0"),
        ("1.2", "NACK\nid:ack-4\n\n\0"),
        ("1.1", "ACK\nmessage-id:m-4\nsubscription:1\n\n\0"),
        ("1.0", "ACK\nmessage-id:m-4\n\n\0"),
    ] {
        let mut broker = Broker::connected(version);
        broker.subscribe("1", "ack:client\n");
        broker.subscribe("2", "ack:client\n");
        let order = ["1", "2", "1", "1", "1"];
        let deliveries: Vec<_> = order.iter().map(|id| broker.deliver(id, "m").unwrap()).collect();
        broker.feed(answer);
        assert_eq!(broker.settled().0, [deliveries[0], deliveries[2], deliveries[3]], "{answer}");
    }
}

/// Checklist 125.
#[test]
fn in_the_mode_client_individual_an_answer_is_about_one_message() {
    let mut broker = Broker::connected("1.2");
    broker.subscribe("1", "ack:client-individual\n");
    broker.deliver("1", "m").unwrap();
    let second = broker.deliver("1", "m").unwrap();
    broker.feed("NACK\nid:ack-2\n\n\0");
    assert_eq!(broker.settled(), (vec![second], Verdict::Refused));
}

/// Checklist 127.
#[test]
fn version_1_0_has_no_nack() {
    let mut broker = Broker::connected("1.0");
    broker.subscribe("1", "ack:client\n");
    broker.deliver("1", "m");
    broker.feed("NACK\nmessage-id:m-1\n\n\0");
    assert_eq!(failure(&mut broker.session).0, "malformed-frame");
}

/// Checklist 105: the modes are the same at every version, because clients do not look at theirs.
#[test]
fn client_individual_is_known_at_1_0_too() {
    let mut broker = Broker::connected("1.0");
    broker.subscribe("1", "ack:client-individual\n");
    broker.deliver("1", "m");
    let second = broker.deliver("1", "m").unwrap();
    broker.feed("ACK\nmessage-id:m-2\n\n\0");
    assert_eq!(broker.settled().0, [second]);
    broker.feed("SUBSCRIBE\ndestination:/a\nack:maybe\n\n\0");
    assert_eq!(failure(&mut broker.session).0, "malformed-frame");
}

/// Checklist 130.
#[test]
fn a_window_is_what_was_asked_for_within_the_limit() {
    let mut broker = Broker::connected("1.2");
    for (id, headers, window) in [
        ("a", "ack:client\nprefetch-count:3\n", Some(3)),
        ("b", "ack:client\nprefetch-count:999999\n", Some(1000)),
        ("c", "ack:client\nprefetch-count:0\n", Some(1000)),
        ("d", "ack:client\nprefetch-count:x\n", Some(1000)),
        ("e", "prefetch-count:3\n", None),
    ] {
        broker.subscribe(id, headers);
        assert_eq!(broker.session.window(id), window, "{id}");
    }
}

/// Checklist 109, 116, 208.
#[test]
fn what_has_ended_gets_nothing_more() {
    let mut broker = Broker::connected("1.2");
    broker.subscribe("1", "ack:client\n");
    broker.deliver("1", "m").unwrap();
    broker.written();
    broker.feed("UNSUBSCRIBE\nid:1\nreceipt:u\n\n\0");
    assert!(matches!(broker.session.next_demand(), Some(Demand::Request(Request::Unsubscribe { .. }))));
    assert_eq!(broker.session.deliver("1", &message("m"), false), Delivered::Nowhere);
    assert_eq!(broker.written(), ["RECEIPT\nreceipt-id:u\n\n\0"]);
    broker.feed("ACK\nid:ack-1\n\n\0");
    assert_eq!(failure(&mut broker.session).0, "unknown-delivery");
    assert_eq!(broker.session.deliver("1", &message("m"), false), Delivered::Nowhere);
}

/// Checklist 128.
#[test]
fn what_comes_again_says_so() {
    let mut broker = Broker::connected("1.2");
    broker.subscribe("1", "");
    broker.session.deliver("1", &message("m"), true);
    assert!(broker.written()[0].contains("\nredelivered:true\n"));
}

/// Checklist 42, 43, 47, 91, 96.
#[test]
fn what_is_relayed_is_what_the_sender_may_say() {
    let mut broker = Broker::connected("1.2");
    broker.feed(
        "SEND\ndestination:/queue/a\nreceipt:1\nlogin:l\npasscode:p\nAuthorization:t\nsubscription:s\nmessage-id:m\nack:k\ncontent-length:2\ncontent-type:text/x\nn\\cá:1\nn\\cá:2\n\nhi\0",
    );
    let Some(Demand::Request(Request::Send { destination, frame, .. })) = broker.session.next_demand() else {
        panic!()
    };
    let relayed = Relayed::new("m".to_owned(), destination, &frame);
    let expected = [("content-type", "text/x"), ("n:á", "1")].map(|(n, v)| (n.to_owned(), v.to_owned()));
    assert_eq!((&relayed.headers[..], relayed.body.as_ref()), (&expected[..], &b"hi"[..]));
    assert!(!format!("{relayed:?}").contains("text/x"));
}

/// Checklist 41: what was sent at one version arrives as another one writes it.
#[test]
fn a_relayed_header_is_escaped_for_who_reads_it() {
    for (version, line) in [("1.2", "\nkey:a\\cb\n"), ("1.1", "\nkey:a\\cb\n"), ("1.0", "\nkey:a:b\n")] {
        let mut broker = Broker::connected(version);
        broker.subscribe("1", "");
        broker.deliver("1", "m");
        assert!(broker.written()[0].contains(line), "{version}");
    }
}

/// Checklist 145, 147.
#[test]
fn answers_are_receipted_in_their_turn() {
    let mut broker = Broker::connected("1.2");
    broker.subscribe("1", "ack:client-individual\n");
    broker.deliver("1", "m");
    broker.deliver("1", "m");
    broker.written();
    broker.feed("ACK\nid:ack-1\nreceipt:a\n\n\0NACK\nid:ack-2\nreceipt:n\n\n\0");
    let mut tickets = Vec::new();
    while let Some(Demand::Settle { ticket, .. }) = broker.session.next_demand() {
        tickets.push(ticket.unwrap());
    }
    broker.session.settle(tickets[1], Some(Vec::new()));
    assert_eq!(broker.written(), [""; 0]);
    broker.session.settle(tickets[0], Some(Vec::new()));
    assert_eq!(broker.written(), ["a", "n"].map(|id| format!("RECEIPT\nreceipt-id:{id}\n\n\0")));
}

/// Who set the switch and does not look at what it brings is told so, and nothing is lost in silence.
#[test]
fn a_session_that_does_not_look_at_acknowledgements_fails() {
    let mut broker = Broker::connected("1.2");
    broker.feed("BEGIN\ntransaction:t\n\n\0COMMIT\ntransaction:t\n\n\0");
    assert!(broker.session.next_request().is_none());
    assert_eq!(failure(&mut broker.session).2, "1011");
}
