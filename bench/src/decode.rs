//! The codec against `memchr` over the same octets.

use std::{hint::black_box, time::Instant};

use bytes::Bytes;
use echopulse_protocol::stomp::{Decoder, Limits};

use crate::report::{Row, in_turn};

const FRAMES: usize = 100_000;

/// A SEND of so many octets, as a client sends it.
fn frame(octets: usize) -> Vec<u8> {
    let head = "SEND\ndestination:/app/channels/0190a7c1-5b7e-7d3c-8f4e-2a6b1c9d0e3f/messages\nnonce:a1b2c3\nreceipt:17\n\n";
    let mut frame = head.as_bytes().to_vec();
    frame.resize(octets - 1, b'x');
    frame.push(0);
    frame
}

pub(crate) fn run() -> anyhow::Result<Vec<Row>> {
    Ok(vec![
        compare("decode a SEND of 200 octets, against `memchr` for its NUL", 200)?,
        compare("decode a SEND of 2,000 octets, against `memchr` for its NUL", 2_000)?,
    ])
}

fn compare(what: &'static str, octets: usize) -> anyhow::Result<Row> {
    let chunk = Bytes::from(frame(octets).repeat(16));
    let decode = || {
        let mut decoder = Decoder::new(Limits::CONNECTED);
        let begun = Instant::now();
        for _ in 0..FRAMES / 16 {
            decoder.feed(chunk.clone());
            while let Some(frame) = decoder.next()? {
                black_box(&frame);
            }
        }
        Ok(begun.elapsed().as_secs_f64())
    };
    let scan = || {
        let begun = Instant::now();
        for _ in 0..FRAMES / 16 {
            let mut rest = black_box(&chunk[..]);
            while let Some(end) = memchr::memchr(0, rest) {
                rest = black_box(&rest[end + 1..]);
            }
        }
        Ok(begun.elapsed().as_secs_f64())
    };
    let (ours, other) = in_turn(21, decode, scan)?;
    let nanoseconds = |time: f64| format!("{:.0} ns", time * 1e9 / FRAMES as f64);
    Ok(Row {
        what,
        ours: nanoseconds(ours),
        other: nanoseconds(other),
        result: format!("{:.1} times", ours / other),
        aim: "at most 2",
    })
}
