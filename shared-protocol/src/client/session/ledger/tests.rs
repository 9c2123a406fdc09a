use bytes::Bytes;
use serde_json::json;
use tokio::sync::oneshot::error::TryRecvError;

use super::*;
use crate::{
    id::{ChannelId, Epoch},
    stomp::{Limits, client::Event},
};

const TOPIC: Topic = Topic::Channel(ChannelId::from_u128(7));

struct Desk {
    ledger: Ledger,
    session: ClientSession,
    now: Instant,
}

impl Desk {
    fn new() -> Self {
        let mut session = ClientSession::new("chat", "token", Limits::CONNECTED, Duration::ZERO);
        session.receive(Bytes::from_static(b"CONNECTED\nversion:1.2\n\n\0"), Duration::ZERO);
        assert!(matches!(session.next_event(), Ok(Some(Event::Connected { .. }))));
        let mut desk = Self { ledger: Ledger::default(), session, now: Instant::now() };
        desk.said();
        desk
    }

    /// What was said since, each frame as its first words.
    fn said(&mut self) -> Vec<String> {
        let frames = std::iter::from_fn(|| self.session.next_output(Duration::ZERO));
        frames.map(|frame| String::from_utf8(frame.to_vec()).unwrap()).collect()
    }

    fn hear(&mut self, frame: &str) -> Option<SessionEvent> {
        self.session.receive(Bytes::copy_from_slice(frame.as_bytes()), Duration::ZERO);
        match self.session.next_event().unwrap().unwrap() {
            Event::Receipt(id, frame) => self.ledger.receipt(&id, &frame, &mut self.session),
            Event::Message(frame) => self.ledger.unreadable(&frame.header("subscription").unwrap(), &frame),
            other => panic!("{other:?}"),
        }
    }

    fn refuse(&mut self, receipt: &str, code: &str) -> Option<SessionEvent> {
        let reply =
            serde_json::from_value(json!({"receipt_id": receipt, "code": code, "retry_after": 4})).unwrap();
        self.ledger.refusal(reply, self.now)
    }

    fn send(&mut self) -> oneshot::Receiver<SendOutcome> {
        let (answer, awaited) = oneshot::channel();
        let nonce = Some("n1".to_owned());
        self.ledger.send("/app/x".to_owned(), nonce, b"{}".to_vec(), answer, Some(&mut self.session));
        awaited
    }
}

#[test]
fn a_stream_that_the_service_has_no_time_for_is_asked_for_again() {
    let mut desk = Desk::new();
    desk.ledger.subscribe(TOPIC, Start::Now, Some(&mut desk.session));
    assert!(desk.said()[0].starts_with("SUBSCRIBE\nid:t1\n"));
    assert_eq!(desk.refuse("t1", "not-ready"), None);
    assert_eq!(desk.ledger.due(), Some(desk.now + Duration::from_secs(4)));
    desk.ledger.repeat(desk.now, &mut desk.session);
    assert!(desk.said().is_empty(), "not before its time");
    desk.ledger.repeat(desk.now + Duration::from_secs(4), &mut desk.session);
    assert!(desk.said()[0].starts_with("SUBSCRIBE\nid:t2\n"));
    assert_eq!(desk.ledger.due(), None);
    let refused = SessionEvent::SubscribeRefused { topic: TOPIC, code: ProblemCode::ChannelNotFound };
    assert_eq!(desk.refuse("t2", "channel-not-found"), Some(refused));
    desk.ledger.resume(&mut desk.session);
    assert_eq!(desk.said().len(), 1, "only the replies are followed");
}

#[test]
fn a_send_that_the_service_has_no_time_for_is_sent_again_with_its_nonce() {
    let mut desk = Desk::new();
    let mut awaited = desk.send();
    for _ in 1..TRIES {
        assert!(desk.said()[0].contains("\nreceipt:s1\nnonce:n1\n"));
        desk.refuse("s1", "overloaded");
        assert_eq!(awaited.try_recv(), Err(TryRecvError::Empty));
        desk.now = desk.ledger.due().unwrap();
        desk.ledger.repeat(desk.now, &mut desk.session);
    }
    desk.refuse("s1", "overloaded");
    assert_eq!(awaited.try_recv(), Ok(SendOutcome::Unknown), "it may be stored all the same");
}

#[test]
fn a_send_with_a_wrong_nonce_is_refused_at_once() {
    let mut desk = Desk::new();
    let mut awaited = desk.send();
    desk.refuse("s1", "nonce-reused");
    assert!(matches!(awaited.try_recv(), Ok(SendOutcome::Refused(_))));
}

#[test]
fn what_is_given_up_before_it_is_answered_is_unsubscribed_behind_the_answer() {
    let mut desk = Desk::new();
    for (id, answer) in [("t1", "RECEIPT\nreceipt-id:t1\n\n\0"), ("t2", "")] {
        desk.ledger.subscribe(TOPIC, Start::Now, Some(&mut desk.session));
        desk.said();
        desk.ledger.unsubscribe(TOPIC, Some(&mut desk.session));
        assert!(desk.said().is_empty(), "what may be refused cannot be unsubscribed from");
        if answer.is_empty() {
            assert_eq!(desk.refuse(id, "channel-not-found"), None);
            assert!(desk.said().is_empty());
        } else {
            assert_eq!(desk.hear(answer), None);
            assert_eq!(desk.said(), [format!("UNSUBSCRIBE\nid:{id}\n\n\0")]);
        }
    }
}

#[test]
fn an_event_that_cannot_be_read_counts_as_had() {
    let mut desk = Desk::new();
    desk.ledger.subscribe(TOPIC, Start::Now, Some(&mut desk.session));
    let bad =
        format!("MESSAGE\nsubscription:t1\nmessage-id:m\ndestination:/x\nepoch:{}\nseq:5\n\n?\0", Epoch(1));
    let Some(SessionEvent::Event { envelope, .. }) = desk.hear(&bad) else { panic!() };
    assert_eq!(envelope.body, EventBody::Skip { from: Seq(5), to: Seq(5) });
    desk.said();
    desk.ledger.resume(&mut desk.session);
    assert!(desk.said()[1].contains("\nafter:5\n"));
}

#[test]
fn more_sends_than_can_be_remembered_are_not_taken() {
    let mut desk = Desk::new();
    let kept: Vec<_> = (0..UNANSWERED).map(|_| desk.send()).collect();
    assert_eq!(desk.send().try_recv(), Ok(SendOutcome::Unknown));
    drop(kept);
}

fn told(desk: &mut Desk, event: serde_json::Value) -> Option<SessionEvent> {
    let mut envelope = event;
    envelope["stream"] = json!(format!("channel/{}", ChannelId::from_u128(7)));
    envelope["epoch"] = json!(Epoch(1));
    desk.ledger.event("t1", serde_json::from_value(envelope).unwrap())
}

#[test]
fn a_gap_is_told_and_counts_as_had() {
    let mut desk = Desk::new();
    let place = StreamPosition { epoch: Epoch(1), after: Seq(2) };
    desk.ledger.subscribe(TOPIC, Start::Behind(place), Some(&mut desk.session));
    let gap = told(&mut desk, json!({"event": "gap", "from": 3, "to": 900, "reason": "too-far"}));
    assert!(matches!(gap, Some(SessionEvent::Gap { from: Seq(3), to: Seq(900), .. })), "{gap:?}");
    desk.said();
    desk.ledger.resume(&mut desk.session);
    assert!(desk.said()[1].contains("\nafter:900\n"), "what is missing is not asked for again");
}

#[test]
fn what_ended_is_not_followed_again() {
    let mut desk = Desk::new();
    desk.ledger.subscribe(TOPIC, Start::Now, Some(&mut desk.session));
    let ended = told(&mut desk, json!({"event": "ended", "code": "kicked"}));
    assert!(matches!(ended, Some(SessionEvent::Ended { .. })), "{ended:?}");
    desk.said();
    desk.ledger.resume(&mut desk.session);
    assert_eq!(desk.said().len(), 1, "only the replies are followed");
}

#[test]
fn a_stored_position_is_asked_for_again_and_again_and_what_was_had_tells_nothing() {
    let mut desk = Desk::new();
    desk.ledger.subscribe(TOPIC, Start::Stored, Some(&mut desk.session));
    let said = desk.said().remove(0);
    assert!(said.contains("\nafter:read\n") && !said.contains("epoch:"), "{said}");
    let head = format!("RECEIPT\nreceipt-id:t1\nepoch:{}\nseq:9\n\n\0", Epoch(1));
    assert_eq!(
        desk.hear(&head),
        Some(SessionEvent::Subscribed { topic: TOPIC, position: None }),
        "the head is not where it begins"
    );
    let skip = |seq: u64, subscription: &str| {
        format!(
            "MESSAGE\nsubscription:{subscription}\nmessage-id:1\ndestination:/x\nepoch:{}\nseq:{seq}\n\n\0",
            Epoch(1)
        )
    };
    assert!(desk.hear(&skip(3, "t1")).is_some());
    desk.ledger.resume(&mut desk.session);
    let said = desk.said().concat();
    assert!(said.contains("\nid:t2\n") && said.contains("\nafter:read\n"), "{said}");
    assert_eq!(desk.hear(&skip(3, "t2")), None, "it was had before the connection broke");
    assert!(desk.hear(&skip(4, "t2")).is_some());
}

#[test]
fn a_moved_position_is_noted_and_said_until_it_is() {
    let mut desk = Desk::new();
    let (answer, mut awaited) = oneshot::channel();
    let destination = SendTo::Read(ChannelId::from_u128(7)).to_string();
    desk.ledger.send(destination, None, b"{}".to_vec(), answer, Some(&mut desk.session));
    desk.refuse("s1", "unavailable");
    assert_eq!(awaited.try_recv(), Err(TryRecvError::Empty));
    desk.hear("RECEIPT\nreceipt-id:s1\n\n\0");
    assert_eq!(awaited.try_recv(), Ok(SendOutcome::Noted));
}

#[test]
fn what_came_too_early_is_said_again_in_its_order_however_often() {
    let mut desk = Desk::new();
    let (mut first, mut second) = (desk.send(), desk.send());
    assert_eq!(desk.said().len(), 2);
    for _ in 0..2 * TRIES {
        desk.refuse("s1", "rate-limited");
        desk.refuse("s2", "rate-limited");
        let _third = desk.send();
        assert!(desk.said().is_empty(), "nothing goes ahead of what waits");
        assert_eq!(desk.ledger.due(), Some(desk.now + Duration::from_secs(4)));
        desk.now = desk.ledger.due().unwrap();
        desk.ledger.repeat(desk.now, &mut desk.session);
        let said = desk.said();
        assert_eq!(said.len(), 1, "one at a time: {said:?}");
        assert!(said[0].contains("\nreceipt:s1\n"));
        assert_eq!(desk.ledger.due(), None, "the others wait for its answer");
    }
    assert_eq!(first.try_recv(), Err(TryRecvError::Empty));
    desk.hear("RECEIPT\nreceipt-id:s1\nmessage-id:01a21249-81b9-745d-a298-6402347339b0\nepoch:00000000000000ff\nseq:1\n\n\0");
    assert!(matches!(first.try_recv(), Ok(SendOutcome::Done(_))));
    assert_eq!(second.try_recv(), Err(TryRecvError::Empty));
    desk.ledger.repeat(desk.now, &mut desk.session);
    assert!(desk.said()[0].contains("\nreceipt:s2\n"), "the next is due at once");
}
