//! What decoding costs in memory, counted. A program of its own, because it counts for the whole process.

use allocation_counter::measure;
use bytes::Bytes;
use echopulse_protocol::stomp::{Decoder, Limits, SharedMessage, Version};

const FRAMES: usize = 1000;

fn frames(headers: usize) -> Bytes {
    let mut frame = "SEND\ndestination:/app/channels/x/messages\n".to_owned();
    for number in 1..headers {
        frame.push_str(&format!("h{number}:value\n"));
    }
    frame.push_str("\n{\"content\":\"hello\"}\0");
    let whole = Bytes::from(frame.repeat(FRAMES));
    // The first clone of a vector makes its reference count.
    drop(whole.clone());
    whole
}

/// Allocations while a chunk of [`FRAMES`] frames, each with so many headers, is decoded.
fn allocations(headers: usize) -> u64 {
    let chunk = frames(headers);
    let mut decoder = Decoder::new(Limits::CONNECTED);
    let counted = measure(|| {
        decoder.feed(chunk);
        let mut decoded = 0;
        while let Ok(Some(frame)) = decoder.next() {
            assert!(frame.header("destination").is_some());
            decoded += 1;
        }
        assert_eq!(decoded, FRAMES);
    });
    counted.count_total
}

#[test]
fn frames_that_come_whole_are_decoded_without_an_allocation() {
    assert_eq!(allocations(6), 0);
}

#[test]
fn only_the_slots_of_a_frame_with_many_headers_are_allocated() {
    let counted = allocations(30);
    assert!((1..=FRAMES as u64).contains(&counted), "{counted} allocations for {FRAMES} frames");
}

/// Allocations for the frames of so many subscribers, whose subscriptions have so many different ids.
fn encoding(subscribers: usize, ids: usize) -> u64 {
    let headers = vec![("destination", "/channels/x".to_owned()), ("message-id", "1".to_owned())];
    let message = SharedMessage::new(headers, Bytes::from_static(b"{\"content\":\"hello\"}"));
    let names: Vec<_> = (0..ids).map(|id| format!("sub-{id}")).collect();
    let counted = measure(|| {
        for subscriber in 0..subscribers {
            let frame = message.frame(&names[subscriber % ids], Version::V12);
            assert!(frame.starts_with(b"MESSAGE\nsubscription:sub-"));
        }
    });
    counted.count_total
}

#[test]
fn encoding_costs_what_the_different_ids_cost_however_many_subscribe() {
    assert_eq!(encoding(10_000, 1), encoding(10, 1));
    assert_eq!(encoding(10_000, 8), encoding(8, 8));
    let (one, eight) = (encoding(10_000, 1), encoding(10_000, 8));
    assert!(one < eight && eight <= 8 * one, "{one} and {eight} allocations");
}
