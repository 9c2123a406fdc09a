//! The WebSocket binding and the ends of sessions: sections 1C, 1H and 1J of the checklist, against the test broker.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use bytes::Bytes;
use echopulse_protocol::stomp::{Command, Version};
use echopulse_tests::{
    broker::{Broker, Settings},
    eventually_async,
    interop::{Raw, Said, header},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

const ANYWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);
const SEND: &str = "SEND\ndestination:/topic/a\nreceipt:r\n\nhé\0";

async fn broker() -> Broker {
    Broker::listen(ANYWHERE).await.unwrap()
}

async fn client(broker: &Broker) -> Raw {
    Raw::connected(&broker.url(), Version::V12).await
}

fn fragment(octets: &[u8], code: Data, last: bool) -> Message {
    Message::Frame(Frame::message(octets.to_vec(), OpCode::Data(code), last))
}

/// The answer to a handshake that offers this, head and all.
async fn handshake(broker: &Broker, more: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(broker.address()).await.unwrap();
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.windows(4).any(|end| end == b"\r\n\r\n") {
        assert!(stream.read_buf(&mut answer).await.unwrap() > 0, "it ended early");
    }
    String::from_utf8(answer).unwrap().to_lowercase()
}

/// Checklist 170, 171, 172, 173.
#[tokio::test]
async fn the_best_subprotocol_is_named_once_and_none_unasked() {
    let broker = broker().await;
    for (offered, chosen) in [
        (None, vec![]),
        (Some("v10.stomp, v11.stomp, v12.stomp"), vec!["v12.stomp"]),
        (Some("v12.stomp, v10.stomp, v11.stomp"), vec!["v12.stomp"]),
        (Some("v10.stomp"), vec!["v10.stomp"]),
        (Some("mqtt"), vec![]),
    ] {
        let header = offered.map(|offered| format!("Sec-WebSocket-Protocol: {offered}\r\n"));
        let answer = handshake(&broker, &header.unwrap_or_default()).await;
        assert!(answer.starts_with("http/1.1 101"), "{answer}");
        let named: Vec<_> =
            answer.lines().filter_map(|line| line.strip_prefix("sec-websocket-protocol: ")).collect();
        assert_eq!(named, chosen, "{offered:?}");
    }
}

/// Checklist 70: what is spoken is what CONNECT and CONNECTED say.
#[tokio::test]
async fn the_subprotocol_does_not_bind_the_version() {
    let broker = broker().await;
    let mut raw = Raw::open(&broker.url(), Some("v10.stomp")).await.unwrap();
    raw.say("CONNECT\naccept-version:1.2\n\n\0").await;
    assert_eq!(header(&raw.frame().await, "version"), "1.2");
}

/// Checklist 185: compression is not agreed on.
#[tokio::test]
async fn extensions_are_not_agreed_on() {
    let broker = broker().await;
    let answer = handshake(&broker, "Sec-WebSocket-Extensions: permessage-deflate\r\n").await;
    assert!(answer.starts_with("http/1.1 101") && !answer.contains("sec-websocket-extensions"));
}

/// Checklist 188, 189.
#[tokio::test]
async fn any_path_is_fine_and_a_plain_request_is_not() {
    let broker = broker().await;
    Raw::open(&format!("ws://{}/any/websocket", broker.address()), None).await.unwrap();
    let mut stream = tokio::net::TcpStream::connect(broker.address()).await.unwrap();
    stream.write_all(b"GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
}

/// Checklist 174, 178, 179.
#[tokio::test]
async fn text_and_binary_may_share_a_frame_and_frames_a_message() {
    let broker = broker().await;
    let mut raw = client(&broker).await;
    let (front, back) = SEND.split_at(9);
    raw.send(Message::text(front)).await;
    raw.send(Message::binary(back.as_bytes().to_vec())).await;
    raw.say(&SEND.repeat(2)).await;
    for _ in 0..3 {
        assert_eq!(header(&raw.frame().await, "receipt-id"), "r");
    }
}

/// Checklist 175, 176, 177: the reader of a message checks that it is one frame with nothing behind it.
#[tokio::test]
async fn a_frame_is_text_where_it_can_be_and_one_message() {
    let broker = broker().await;
    let mut raw = client(&broker).await;
    raw.subscribe("1", "/topic/a", "").await;
    raw.say(SEND).await;
    for _ in 0..2 {
        assert!(matches!(raw.said().await, Said::Frame(_, true)));
    }
    raw.send(Message::binary(&b"SEND\ndestination:/topic/a\ncontent-type:text/plain\n\n\xff\xfe\0"[..]))
        .await;
    let Said::Frame(frame, false) = raw.said().await else { panic!("octets that are no text are binary") };
    assert_eq!(frame.body().as_ref(), b"\xff\xfe");
}

/// Checklist 180, 181, 26: cut inside a character, with a ping in between.
#[tokio::test]
async fn fragments_are_joined_and_pings_answered_in_between() {
    let broker = broker().await;
    let mut raw = client(&broker).await;
    let cut = SEND.find('é').unwrap() + 1;
    raw.send(fragment(&SEND.as_bytes()[..cut], Data::Text, false)).await;
    raw.send(Message::Ping(Bytes::from_static(b"\xff\0ping"))).await;
    raw.send(Message::Pong(Bytes::from_static(b"unasked"))).await;
    raw.send(fragment(&SEND.as_bytes()[cut..], Data::Continue, true)).await;
    let Some(Message::Pong(payload)) = raw.message().await else { panic!() };
    assert_eq!(payload.as_ref(), b"\xff\0ping");
    assert_eq!(header(&raw.frame().await, "receipt-id"), "r");
}

/// Checklist 182.
#[tokio::test]
async fn a_close_is_answered_and_the_session_is_gone() {
    let broker = broker().await;
    let mut raw = client(&broker).await;
    raw.subscribe("1", "/topic/a", "").await;
    raw.send(Message::Close(None)).await;
    assert!(matches!(raw.said().await, Said::Closed(_)));
    eventually_async("the session is gone", || broker.held() == Default::default()).await;
}

/// Checklist 183.
#[tokio::test]
async fn text_that_is_not_utf_8_is_closed_with_1007() {
    let broker = broker().await;
    let mut raw = client(&broker).await;
    raw.send(fragment(b"SEND\ndestination:/topic/a\n\n\xff\0", Data::Text, true)).await;
    assert_eq!(raw.end().await.1.map(|(code, _)| code), Some(1007));
}

/// Checklist 184.
#[tokio::test]
async fn a_message_that_is_too_large_is_closed_with_1009() {
    let broker = broker().await;
    let mut raw = client(&broker).await;
    raw.send(Message::binary(vec![b'x'; 5 * 1024 * 1024])).await;
    assert_eq!(raw.end().await.1.map(|(code, _)| code), Some(1009));
}

/// Checklist 185.
#[tokio::test]
async fn frames_that_break_the_websocket_protocol_are_closed_with_1002() {
    let broker = broker().await;
    // Not masked; reserved bit 1 set, masked with zeros; an opcode that is none; a ping in two parts.
    for octets in [&b"\x81\x01x"[..], b"\xc1\x81\0\0\0\0x", b"\x83\x81\0\0\0\0x", b"\x09\x80\0\0\0\0"] {
        let mut raw = client(&broker).await;
        raw.write(octets).await;
        assert_eq!(raw.end().await.1.map(|(code, _)| code), Some(1002), "{octets:?}");
    }
}

/// Checklist 186, 21, 22.
#[tokio::test]
async fn empty_messages_beats_and_stray_nuls_are_passed_over() {
    let broker = broker().await;
    let mut raw = client(&broker).await;
    for text in ["", "\n", "\r\n", "\0", SEND] {
        raw.say(text).await;
    }
    assert_eq!(header(&raw.frame().await, "receipt-id"), "r");
}

/// Checklist 75, 76, 78, 83, 87.
#[tokio::test]
async fn beats_are_agreed_on_and_come() {
    let broker = broker().await;
    let mut raw = Raw::open(&broker.url(), None).await.unwrap();
    raw.say("CONNECT\naccept-version:1.2\nheart-beat:0,100\n\n\0").await;
    assert_eq!(header(&raw.frame().await, "heart-beat"), "100,0");
    let begun = Instant::now();
    for _ in 0..3 {
        assert!(matches!(raw.said().await, Said::Beat));
    }
    assert!(begun.elapsed() >= Duration::from_millis(200));
}

/// Checklist 80, 81: silence for twice the interval and a second.
#[tokio::test]
async fn who_falls_silent_is_told_so() {
    let broker = broker().await;
    let begun = Instant::now();
    let mut raw = Raw::connected_with(&broker.url(), Version::V12, "heart-beat:100,0\n").await;
    raw.fails_with("heart-beat-missed", 4408).await;
    assert!(begun.elapsed() >= Duration::from_millis(1200));
}

/// Checklist 85: beats under load, for a client that reads slowly but does read.
#[tokio::test]
async fn beats_do_not_wait_for_an_application_that_is_busy() {
    let broker = broker().await;
    let mut raw = Raw::connected_with(&broker.url(), Version::V12, "heart-beat:0,100\n").await;
    raw.subscribe("1", "/queue/a", "ack:client-individual\nprefetch-count:1\n").await;
    raw.say(&"SEND\ndestination:/queue/a\n\nx\0".repeat(1000)).await;
    assert_eq!(raw.frame().await.command(), Command::Message);
    for _ in 0..3 {
        assert!(matches!(raw.said().await, Said::Beat), "999 wait, and beats come");
    }
}

/// Checklist 154.
#[tokio::test]
async fn the_receipt_of_disconnect_arrives_and_the_client_closes_first() {
    let broker = broker().await;
    for _ in 0..50 {
        let mut raw = client(&broker).await;
        raw.say("DISCONNECT\nreceipt:bye\n\n\0").await;
        assert_eq!(header(&raw.frame().await, "receipt-id"), "bye");
        raw.send(Message::Close(None)).await;
        assert!(matches!(raw.said().await, Said::Closed(_)));
    }
    let mut patient = client(&broker).await;
    patient.say("DISCONNECT\nreceipt:bye\n\n\0").await;
    let (last, close) = patient.end().await;
    assert_eq!((last.unwrap().command(), close.unwrap().0), (Command::Receipt, 1000), "after a grace time");
}

/// Checklist 155.
#[tokio::test]
async fn disconnect_without_a_receipt_closes_with_1000() {
    let broker = broker().await;
    let mut raw = client(&broker).await;
    raw.say("DISCONNECT\n\n\0").await;
    let (last, close) = raw.end().await;
    assert_eq!((last.is_none(), close.map(|(code, _)| code)), (true, Some(1000)));
}

/// Checklist 152, 153: everything owed arrives in front of the ERROR, and the ERROR in front of the Close.
#[tokio::test]
async fn the_last_error_arrives_with_all_that_stands_before_it() {
    let broker = broker().await;
    for _ in 0..50 {
        let mut raw = client(&broker).await;
        let more = "SEND\ndestination:/queue/never\n\n\0".repeat(100);
        raw.say(&format!("{}NONSENSE\n\n\0{more}", SEND.repeat(20))).await;
        for _ in 0..20 {
            assert_eq!(raw.frame().await.command(), Command::Receipt);
        }
        // More that nobody reads: it must not tear the connection down before the ERROR was read.
        raw.say(&more).await;
        raw.fails_with("malformed-frame", 1002).await;
    }
    assert_eq!(broker.held().1.messages, 0);
}

/// Checklist 51, 3, 28, 29, 33: garbage of all kinds is an ERROR with its code, and nothing behind it is done.
#[tokio::test]
async fn garbage_is_told_so_and_nothing_behind_it_is_done() {
    let broker = broker().await;
    for garbage in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\n",
        b"SEND\rdestination:/a\n\n\0",
        b"SEND\nx:\\t\n\n\0",
        b"SEND\nx:\xff\n\n\0",
        b"SEND\nx:y\0",
        b"SEND\ncontent-length:-1\n\n\0",
        b"SUBSCRIBE\nid:1\ndestination:/topic/a\n\nbody\0",
    ] {
        let mut raw = client(&broker).await;
        raw.send(Message::binary(garbage.to_vec())).await;
        raw.say("SEND\ndestination:/queue/never\n\n\0").await;
        raw.fails_with("malformed-frame", 1002).await;
    }
    assert_eq!(broker.held().1.messages, 0);
}

/// Checklist 192.
#[tokio::test]
async fn everybody_is_told_that_the_broker_goes() {
    let broker = broker().await;
    let mut raw = client(&broker).await;
    broker.stop();
    assert_eq!(raw.end().await.1.map(|(code, _)| code), Some(1001));
}

/// Checklist 191, 194, 195, 196, 197: one that does not read is closed, and others have everything.
#[tokio::test]
async fn who_never_reads_delays_nobody_and_memory_is_bounded() {
    let broker = broker().await;
    let mut slow = client(&broker).await;
    slow.subscribe("1", "/topic/a", "").await;
    let (mut quick, mut sender) = (client(&broker).await, client(&broker).await);
    quick.subscribe("1", "/topic/a", "").await;
    let frame = format!("SEND\ndestination:/topic/a\nreceipt:r\n\n{}\0", "x".repeat(1024 * 1024));
    let mut most = 0;
    for _ in 0..64 {
        sender.say(&frame).await;
        assert_eq!(sender.frame().await.command(), Command::Receipt);
        assert_eq!(quick.frame().await.body().len(), 1024 * 1024);
        most = most.max(broker.held().1.messages);
    }
    assert!(most <= 24, "{most} mebibytes were held");
    let mut seen = 0;
    let close = loop {
        match slow.said().await {
            Said::Closed(close) => break close,
            _ => seen += 1,
        }
    };
    assert!(seen < 64, "it was closed before it had everything");
    assert_eq!(close, Some((4413, "slow-consumer".to_owned())));
}

/// Checklist 198: a write that is not taken in time ends the session, although nothing can be written any more.
#[tokio::test]
async fn a_blocked_write_has_a_deadline() {
    let settings = Settings { write: Duration::from_millis(200), ..Settings::default() };
    let broker = Broker::with(ANYWHERE, settings).await.unwrap();
    let mut slow = client(&broker).await;
    slow.subscribe("1", "/queue/a", "").await;
    let before = broker.held().0;
    let mut sender = client(&broker).await;
    for _ in 0..16 {
        sender.say(&format!("SEND\ndestination:/queue/a\n\n{}\0", "x".repeat(1024 * 1024))).await;
    }
    sender.say("DISCONNECT\n\n\0").await;
    eventually_async("the session is gone", || broker.held().0 < before).await;
    assert!(broker.held().1.messages > 0, "what was not written is kept for others");
}

/// Checklist 86, 193: a client without heart-beats is pinged, so that nothing in between thinks the socket idle.
#[tokio::test]
async fn who_has_no_beats_is_pinged() {
    let settings = Settings { ping: Duration::from_millis(50), ..Settings::default() };
    let broker = Broker::with(ANYWHERE, settings).await.unwrap();
    let mut raw = client(&broker).await;
    for _ in 0..2 {
        assert!(matches!(raw.message().await, Some(Message::Ping(_))));
    }
    raw.say(SEND).await;
    assert_eq!(header(&raw.frame().await, "receipt-id"), "r");
}
