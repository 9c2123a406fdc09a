//! Queues, topics, acknowledgements and transactions of the test broker: sections 1D to 1H of the checklist, over real sockets.

use std::net::SocketAddr;

use echopulse_protocol::stomp::{Command, Version};
use echopulse_tests::{
    broker::{Broker, config},
    eventually_async,
    interop::{Raw, Said, header},
};

const ANYWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

async fn broker() -> Broker {
    Broker::listen(ANYWHERE).await.unwrap()
}

async fn client(broker: &Broker) -> Raw {
    Raw::connected(&broker.url(), Version::V12).await
}

async fn body(raw: &mut Raw) -> String {
    let frame = raw.frame().await;
    assert_eq!(frame.command(), Command::Message, "{frame:?}");
    String::from_utf8(frame.body().to_vec()).unwrap()
}

fn send(to: &str, body: &str) -> String {
    format!("SEND\ndestination:{to}\n\n{body}\0")
}

/// Checklist 89, 93, 94.
#[tokio::test]
async fn a_topic_goes_to_everybody_in_order_the_sender_too() {
    let broker = broker().await;
    let (mut one, mut two) = (client(&broker).await, client(&broker).await);
    one.subscribe("1", "/topic/a", "").await;
    two.subscribe("2", "/topic/a", "").await;
    let frames: String = (0..1000).map(|number| send("/topic/a", &number.to_string())).collect();
    one.say(&frames).await;
    for raw in [&mut one, &mut two] {
        for number in 0..1000 {
            assert_eq!(body(raw).await, number.to_string());
        }
    }
    one.say("SEND\ndestination:/topic/nobody\nreceipt:r\n\nx\0").await;
    assert_eq!(header(&one.frame().await, "receipt-id"), "r", "nobody listens, and that is fine");
}

/// Checklist 92, 103, 117.
#[tokio::test]
async fn two_subscriptions_to_one_topic_have_a_message_each() {
    let broker = broker().await;
    let mut raw = client(&broker).await;
    raw.subscribe("1", "/topic/a", "").await;
    raw.subscribe("2", "/topic/a", "").await;
    raw.say(&send("/topic/a", "hi")).await;
    let (first, second) = (raw.frame().await, raw.frame().await);
    let mut subscriptions = [header(&first, "subscription"), header(&second, "subscription")];
    subscriptions.sort();
    assert_eq!(subscriptions, ["1", "2"]);
    assert_eq!(header(&first, "destination"), "/topic/a");
    assert_ne!(header(&first, "message-id"), header(&second, "message-id"));
}

/// Checklist 106.
#[tokio::test]
async fn a_subscription_holds_for_the_next_frame() {
    let broker = broker().await;
    let mut raw = client(&broker).await;
    raw.say(&format!("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n\0{}", send("/topic/a", "hi"))).await;
    assert_eq!(body(&mut raw).await, "hi");
}

/// Checklist 115: there are no wildcards.
#[tokio::test]
async fn a_destination_is_exactly_itself() {
    let broker = broker().await;
    let mut raw = client(&broker).await;
    raw.subscribe("1", "/topic/*", "").await;
    raw.subscribe("2", "/topic/a", "").await;
    raw.say(&send("/topic/a", "exact")).await;
    assert_eq!(header(&raw.frame().await, "subscription"), "2");
    raw.say("SEND\ndestination:/elsewhere\n\n\0").await;
    raw.fails_with("unknown-destination", 1002).await;
}

/// Checklist 41: one SEND, as each version has to read it.
#[tokio::test]
async fn a_header_crosses_versions_with_its_meaning() {
    let broker = broker().await;
    let mut sender = client(&broker).await;
    for (from, head) in [(Version::V12, "x:a\\cb\\nc\\\\d"), (Version::V11, "x:a\\cb\\nc\\\\d")] {
        for to in Version::ALL {
            let mut reader = Raw::connected(&broker.url(), to).await;
            reader.subscribe("1", "/topic/a", "").await;
            sender = if from == Version::V12 { sender } else { Raw::connected(&broker.url(), from).await };
            sender.say(&format!("SEND\ndestination:/topic/a\n{head}\ny:a\\cb\n\n\0")).await;
            let frame = reader.frame().await;
            let expected = (to != Version::V10).then_some("a:b\nc\\d");
            assert_eq!(frame.header("x").as_deref(), expected, "{from:?} to {to:?}");
            assert_eq!(header(&frame, "y"), "a:b");
        }
    }
}

/// Checklist 91: the server's business is not passed on.
#[tokio::test]
async fn hop_headers_stay_with_the_broker() {
    let broker = broker().await;
    let mut raw = client(&broker).await;
    raw.subscribe("1", "/topic/a", "").await;
    raw.say("SEND\ndestination:/topic/a\nreceipt:r\npasscode:p\nkey:v\n\nhi\0").await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        let frame = raw.frame().await;
        if frame.command() == Command::Message {
            seen.extend(frame.headers().map(|(name, _)| name.into_owned()));
        }
    }
    assert_eq!(seen, ["subscription", "message-id", "destination", "key", "content-length"]);
}

/// Checklist 128: kept until somebody takes it, and in order.
#[tokio::test]
async fn a_queue_keeps_what_nobody_has_taken() {
    let broker = broker().await;
    let mut sender = client(&broker).await;
    sender.say(&format!("{}{}", send("/queue/a", "1"), send("/queue/a", "2"))).await;
    let mut first = client(&broker).await;
    first.subscribe("1", "/queue/a", "ack:client-individual\n").await;
    assert_eq!((body(&mut first).await, body(&mut first).await), ("1".to_owned(), "2".to_owned()));
    drop(first);
    let mut second = client(&broker).await;
    second.subscribe("1", "/queue/a", "ack:client\n").await;
    let frame = second.frame().await;
    assert_eq!((frame.body().as_ref(), header(&frame, "redelivered").as_str()), (&b"1"[..], "true"));
    let last = second.frame().await;
    second.say(&format!("ACK\nid:{}\nreceipt:r\n\n\0", header(&last, "ack"))).await;
    assert_eq!(header(&second.frame().await, "receipt-id"), "r");
    drop((sender, second));
    eventually_async("everything was taken", || broker.held() == Default::default()).await;
}

/// Checklist 126, 128.
#[tokio::test]
async fn competing_consumers_have_a_message_once() {
    let broker = broker().await;
    let (mut one, mut two) = (client(&broker).await, client(&broker).await);
    one.subscribe("1", "/queue/a", "").await;
    two.subscribe("1", "/queue/a", "").await;
    let mut sender = client(&broker).await;
    sender.say(&(0..10).map(|number| send("/queue/a", &number.to_string())).collect::<String>()).await;
    let mut all = Vec::new();
    for raw in [&mut one, &mut two] {
        for _ in 0..5 {
            all.push(body(raw).await.parse::<u32>().unwrap());
        }
    }
    all.sort_unstable();
    assert_eq!(all, (0..10).collect::<Vec<_>>(), "in turn, so each has five");
}

/// Checklist 126.
#[tokio::test]
async fn a_refused_message_comes_again_unless_it_is_to_be_dropped() {
    let broker = broker().await;
    let mut raw = client(&broker).await;
    raw.subscribe("1", "/queue/a", "ack:client-individual\n").await;
    raw.say(&send("/queue/a", "hi")).await;
    let first = raw.frame().await;
    assert_eq!(first.header("redelivered"), None);
    raw.say(&format!("NACK\nid:{}\n\n\0", header(&first, "ack"))).await;
    let again = raw.frame().await;
    assert_eq!((header(&again, "redelivered").as_str(), again.body()), ("true", first.body()));
    raw.say(&format!("NACK\nid:{}\nrequeue:false\nreceipt:r\n\n\0", header(&again, "ack"))).await;
    assert_eq!(raw.frame().await.command(), Command::Receipt);
    assert_eq!(broker.held().1.messages, 0);
}

/// Checklist 131: acknowledgements of a topic are looked at, and nothing comes again.
#[tokio::test]
async fn a_topic_has_acknowledgements_and_keeps_nothing() {
    let broker = broker().await;
    let mut raw = client(&broker).await;
    raw.subscribe("1", "/topic/a", "ack:client\n").await;
    raw.say(&send("/topic/a", "hi")).await;
    let ack = header(&raw.frame().await, "ack");
    raw.say(&format!("NACK\nid:{ack}\nreceipt:r\n\n\0")).await;
    assert_eq!(raw.frame().await.command(), Command::Receipt);
    assert_eq!(broker.held().1.messages, 0);
    raw.say(&format!("ACK\nid:{ack}\n\n\0")).await;
    raw.fails_with("unknown-delivery", 1002).await;
}

/// Checklist 130.
#[tokio::test]
async fn no_more_wait_to_be_acknowledged_than_were_asked_for() {
    for place in ["/queue/a", "/topic/a"] {
        let broker = broker().await;
        let mut raw = client(&broker).await;
        raw.subscribe("1", place, "ack:client-individual\nprefetch-count:2\n").await;
        raw.say(&(0..4).map(|number| send(place, &number.to_string())).collect::<String>()).await;
        let first = raw.frame().await;
        assert_eq!(body(&mut raw).await, "1");
        raw.say("SEND\ndestination:/topic/nobody\nreceipt:r\n\n\0").await;
        assert_eq!(raw.frame().await.command(), Command::Receipt, "no third message stands in front of it");
        raw.say(&format!("ACK\nid:{}\n\n\0", header(&first, "ack"))).await;
        assert_eq!(body(&mut raw).await, "2", "{place}");
    }
}

/// Checklist 109, 116.
#[tokio::test]
async fn after_unsubscribe_nothing_comes_and_others_have_what_was_not_taken() {
    let broker = broker().await;
    let mut raw = client(&broker).await;
    raw.subscribe("1", "/queue/a", "ack:client\n").await;
    raw.say(&format!("{}{}", send("/queue/a", "1"), send("/queue/a", "2"))).await;
    assert_eq!((body(&mut raw).await, body(&mut raw).await), ("1".to_owned(), "2".to_owned()));
    raw.say("UNSUBSCRIBE\nid:1\nreceipt:u\n\n\0").await;
    assert_eq!(header(&raw.frame().await, "receipt-id"), "u");
    raw.say(&format!("{}SEND\ndestination:/topic/b\nreceipt:s\n\n\0", send("/queue/a", "3"))).await;
    assert_eq!(header(&raw.frame().await, "receipt-id"), "s");
    let mut other = client(&broker).await;
    other.subscribe("1", "/queue/a", "").await;
    for expected in ["1", "2", "3"] {
        assert_eq!(body(&mut other).await, expected);
    }
}

/// Checklist 135, 136, 137, 139, 141.
#[tokio::test]
async fn a_transaction_happens_at_its_end_and_at_once() {
    let broker = broker().await;
    let (mut raw, mut reader) = (client(&broker).await, client(&broker).await);
    reader.subscribe("1", "/queue/a", "").await;
    let inside = |id: &str, body: &str| {
        format!("SEND\ndestination:/queue/a\ntransaction:{id}\nreceipt:{body}\n\n{body}\0")
    };
    raw.say("BEGIN\ntransaction:t\n\n\0BEGIN\ntransaction:u\n\n\0").await;
    raw.say(&format!("{}{}", inside("t", "1"), inside("u", "never"))).await;
    raw.say(&format!("{}{}", send("/queue/a", "outside"), inside("t", "2"))).await;
    for expected in ["1", "never", "2"] {
        assert_eq!(header(&raw.frame().await, "receipt-id"), expected);
    }
    assert_eq!(body(&mut reader).await, "outside");
    raw.say("ABORT\ntransaction:u\n\n\0COMMIT\ntransaction:t\nreceipt:c\n\n\0").await;
    assert_eq!(header(&raw.frame().await, "receipt-id"), "c");
    assert_eq!((body(&mut reader).await, body(&mut reader).await), ("1".to_owned(), "2".to_owned()));
}

/// Checklist 140, 139.
#[tokio::test]
async fn a_lost_connection_commits_nothing() {
    let broker = broker().await;
    let mut raw = client(&broker).await;
    raw.say(&send("/queue/a", "kept")).await;
    raw.subscribe("1", "/queue/a", "ack:client\n").await;
    let message = raw.frame().await;
    raw.say("BEGIN\ntransaction:t\n\n\0SEND\ndestination:/queue/b\ntransaction:t\n\nlost\0").await;
    raw.say(&format!("ACK\nid:{}\ntransaction:t\nreceipt:r\n\n\0", header(&message, "ack"))).await;
    assert_eq!(raw.frame().await.command(), Command::Receipt);
    drop(raw);
    let mut other = client(&broker).await;
    other.subscribe("b", "/queue/b", "").await;
    other.subscribe("a", "/queue/a", "").await;
    let frame = other.frame().await;
    assert_eq!((header(&frame, "subscription").as_str(), frame.body().as_ref()), ("a", &b"kept"[..]));
}

/// Checklist 134: a transaction with a destination that is none does not happen by halves.
#[tokio::test]
async fn a_transaction_that_cannot_happen_does_not_happen() {
    let broker = broker().await;
    let mut raw = client(&broker).await;
    raw.say("BEGIN\ntransaction:t\n\n\0SEND\ndestination:/queue/a\ntransaction:t\n\n\0").await;
    raw.say("SEND\ndestination:/nowhere\ntransaction:t\n\n\0COMMIT\ntransaction:t\nreceipt:c\n\n\0").await;
    raw.fails_with("unknown-destination", 1002).await;
    assert_eq!(broker.held().1.messages, 0);
}

/// Checklist 62, 63, 191.
#[tokio::test]
async fn who_says_a_name_knows_its_passcode() {
    let broker = broker().await;
    Raw::connected_with(&broker.url(), Version::V12, "login:guest\npasscode:guest\n").await;
    for wrong in ["login:guest\npasscode:x", "login:nobody\npasscode:guest", "login:guest", "passcode:guest"]
    {
        let mut raw = Raw::open(&broker.url(), None).await.unwrap();
        raw.say(&format!("CONNECT\naccept-version:1.2\n{wrong}\n\n\0{}", send("/queue/a", "never"))).await;
        raw.fails_with("unauthenticated", 4401).await;
    }
    assert_eq!(broker.held().1.messages, 0);
}

/// Checklist 113.
#[tokio::test]
async fn headers_of_other_brokers_are_passed_over() {
    let broker = broker().await;
    let mut raw = client(&broker).await;
    raw.subscribe("1", "/topic/a", "durable:true\nauto-delete:false\nexclusive:true\nselector:x\n").await;
    raw.say(&send("/topic/a", "hi")).await;
    assert_eq!(body(&mut raw).await, "hi");
}

/// Checklist 157: what came before the connection was lost is done.
#[tokio::test]
async fn who_sends_and_leaves_has_sent() {
    let broker = broker().await;
    let mut raw = client(&broker).await;
    let frames: String = (0..10_000).map(|number| send("/queue/a", &number.to_string())).collect();
    raw.say(&frames).await;
    drop(raw);
    let mut reader = client(&broker).await;
    reader.subscribe("1", "/queue/a", "").await;
    for number in 0..10_000 {
        assert_eq!(body(&mut reader).await, number.to_string());
    }
}

/// Checklist 72, 158.
#[tokio::test]
async fn a_thousand_sessions_come_and_go_and_leave_nothing() {
    let broker = broker().await;
    let mut witness = client(&broker).await;
    witness.subscribe("w", "/topic/a", "").await;
    let before = broker.held();
    for round in 0..1000 {
        let mut raw = client(&broker).await;
        raw.say("SUBSCRIBE\nid:1\ndestination:/topic/a\nack:client\n\n\0BEGIN\ntransaction:t\n\n\0").await;
        if round % 2 == 0 {
            raw.say("NONSENSE\n\n\0").await;
        }
    }
    eventually_async("they are gone", || broker.held() == before).await;
    witness.say(&send("/topic/a", "still here")).await;
    assert_eq!(body(&mut witness).await, "still here");
}

/// Checklist 44, 45, 46, 162: 2 MiB pass, and one octet more does not.
#[tokio::test]
async fn a_body_of_two_mebibytes_goes_round_and_no_more() {
    let broker = broker().await;
    let mut raw = client(&broker).await;
    raw.subscribe("1", "/topic/a", "").await;
    let all: Vec<u8> = (0..=255).cycle().take(config().limits.body).collect();
    let frame = |body: &[u8]| {
        let head = format!("SEND\ndestination:/topic/a\ncontent-length:{}\n\n", body.len());
        [head.as_bytes(), body, b"\0"].concat()
    };
    raw.send(tokio_tungstenite::tungstenite::Message::binary(frame(&all))).await;
    let Said::Frame(got, text) = raw.said().await else { panic!() };
    assert_eq!((got.body().as_ref() == all, text), (true, false));
    assert_eq!(header(&got, "content-length"), all.len().to_string());
    raw.send(tokio_tungstenite::tungstenite::Message::binary(frame(&[&all[..], b"x"].concat()))).await;
    raw.fails_with("too-large", 1009).await;
}
