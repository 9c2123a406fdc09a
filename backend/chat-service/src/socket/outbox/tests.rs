use echopulse_core::{
    chat::model::{EndCode, Signal},
    common::{ChannelId, Epoch, Seq, StreamKey, UserId},
};

use super::*;

const BOUNDS: Bounds = Bounds { octets: 64 * 1024, frames: 8 };

fn delivery(item: Item) -> Arc<Delivery> {
    Arc::new(Delivery::new(StreamKey::Channel(ChannelId::from_u128(7)), Epoch(1), item))
}

fn numbered(seq: u64) -> Arc<Delivery> {
    delivery(Item::Skip { from: Seq(seq), to: Seq(seq) })
}

fn lossy() -> Arc<Delivery> {
    delivery(Item::Signal(Signal::Typing(UserId::from_u128(1))))
}

fn outbox() -> Outbox {
    let outbox = Outbox::new(BOUNDS);
    outbox.open(1, "one");
    outbox.open(2, "two");
    outbox
}

/// What stands in the queue, as texts.
fn drained(outbox: &Outbox) -> Vec<String> {
    let text = |next| match next {
        Next::Frame(frame) => String::from_utf8_lossy(&frame).into_owned(),
        Next::Close(code, reason) => format!("close {code} {reason}"),
    };
    std::iter::from_fn(|| outbox.try_next()).map(text).collect()
}

#[test]
fn what_was_put_in_first_comes_out_first() {
    let outbox = outbox();
    outbox.push(Bytes::from_static(b"RECEIPT"));
    outbox.deliver(1, numbered(1));
    outbox.push(Bytes::from_static(b"RECEIPT2"));
    outbox.close(1000, "");
    outbox.push(Bytes::from_static(b"late"));
    let out = drained(&outbox);
    assert_eq!((out[0].as_str(), out[2].as_str(), out[3].as_str()), ("RECEIPT", "RECEIPT2", "close 1000 "));
    assert!(out[1].starts_with("MESSAGE\nsubscription:one\n"), "{}", out[1]);
    assert_eq!(out.len(), 4, "nothing comes behind a close");
}

#[test]
fn a_full_queue_drops_signals_first() {
    let outbox = outbox();
    for _ in 0..8 {
        assert_eq!(outbox.deliver(1, lossy()), Room::Open);
    }
    assert_eq!(outbox.deliver(1, lossy()), Room::Open, "it is dropped, and nobody is slow");
    for seq in 1..=8 {
        assert_eq!(outbox.deliver(1, numbered(seq)), Room::Open);
    }
    let out = drained(&outbox);
    assert_eq!(out.len(), 8);
    assert!(out.iter().all(|frame| frame.contains("event:skip")), "{out:?}");
}

#[test]
fn a_slow_client_gets_nothing_but_the_close() {
    let outbox = outbox();
    for seq in 1..=8 {
        outbox.deliver(1, numbered(seq));
    }
    assert_eq!(outbox.deliver(1, numbered(9)), Room::Gone);
    assert_eq!(outbox.deliver(1, numbered(10)), Room::Gone);
    assert_eq!(drained(&outbox), ["close 4413 slow-consumer"]);
}

#[test]
fn octets_are_bounded_as_well_as_frames() {
    let outbox = outbox();
    outbox.push(Bytes::from(vec![b'x'; 60 * 1024]));
    outbox.push(Bytes::from(vec![b'x'; 8 * 1024]));
    assert_eq!(drained(&outbox), ["close 4413 slow-consumer"]);
}

#[test]
fn an_ended_subscription_gets_its_last_word_and_nothing_that_waited() {
    let outbox = outbox();
    outbox.deliver(1, numbered(1));
    outbox.deliver(2, numbered(1));
    outbox.deliver(1, delivery(Item::Ended(EndCode::Kicked)));
    assert_eq!(outbox.take_ended(), [1]);
    let out = drained(&outbox);
    assert_eq!(out.len(), 2, "{out:?}");
    assert!(out[0].starts_with("MESSAGE\nsubscription:two\n"));
    assert!(out[1].contains("subscription:one\n") && out[1].contains("\"code\":\"kicked\""));
}

#[test]
fn a_forgotten_subscription_gets_nothing_more() {
    let outbox = outbox();
    outbox.deliver(1, numbered(1));
    outbox.forget(1);
    outbox.deliver(1, numbered(2));
    assert_eq!(drained(&outbox), [""; 0]);
}

#[tokio::test]
async fn room_is_told_at_half_and_never_after_the_end() {
    let outbox = Arc::new(outbox());
    for seq in 1..=8 {
        outbox.deliver(1, numbered(seq));
    }
    let waiter = tokio::spawn({
        let outbox = Arc::clone(&outbox);
        async move { outbox.room().await }
    });
    assert_eq!(drained(&outbox).len(), 8);
    assert_eq!(waiter.await.unwrap(), Room::Open);
    outbox.abandon();
    assert_eq!(outbox.room().await, Room::Gone);
}

#[test]
fn a_signal_makes_nobody_slow() {
    let outbox = outbox();
    for seq in 1..=8 {
        outbox.deliver(1, numbered(seq));
    }
    assert_eq!(outbox.deliver(1, lossy()), Room::Open, "it is dropped instead");
    let out = drained(&outbox);
    assert!(out.len() == 8 && out.iter().all(|frame| frame.contains("event:skip")), "{out:?}");
}

#[tokio::test]
async fn who_waits_for_room_is_woken_when_there_is_some() {
    let outbox = Arc::new(outbox());
    for seq in 1..=8 {
        outbox.deliver(1, numbered(seq));
    }
    let mut waiting = Box::pin(outbox.room());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(waiting.as_mut().poll(&mut context).is_pending());
    for _ in 0..4 {
        outbox.try_next().unwrap();
    }
    let woken = tokio::time::timeout(std::time::Duration::from_secs(5), waiting).await;
    assert_eq!(woken.unwrap(), Room::Open);
}
