//! 100,000 MESSAGE frames through each decoder, one frame a chunk, as WebSocket brings them: a table.
//!
//! `cargo run --release --manifest-path bench/peers/Cargo.toml`. All decode and nothing else; what they check on the way differs, and
//! stands in `docs/stomp.md`.

use std::{hint::black_box, time::Instant};

use anyhow::{Context, ensure};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use echopulse_protocol::stomp::{Decoder, Limits};
use stomp_agnostic::{
    ClientStompHandle, ClientTransport, Message, ReadData, ReadError, ServerResponse, ToServer, WriteError,
};
use stomp_parser::server::ServerFrame;
use tokio_util::codec::Decoder as _;

const FRAMES: u32 = 100_000;
const ROUNDS: usize = 9;

const FRAME: &[u8] = b"MESSAGE\ndestination:/channels/0190a7c1-5b7e-7d3c-8f4e-2a6b1c9d0e3f\nsubscription:7\n\
message-id:0190a7c1-5b7e-7d3c-8f4e-2a6b1c9d0e40\ncontent-type:application/json\nepoch:00000000000000ff\nseq:1042\n\
event:message.created\ncontent-length:77\n\n\
{\"event\":\"message.created\",\"message\":{\"content\":\"as people mostly write it\"}}\0";

fn echopulse() -> anyhow::Result<()> {
    let mut decoder = Decoder::new(Limits::CONNECTED);
    let frame = Bytes::from_static(FRAME);
    for _ in 0..FRAMES {
        decoder.feed(frame.clone());
        black_box(decoder.next()?.context("a frame")?);
    }
    Ok(())
}

fn async_stomp() -> anyhow::Result<()> {
    let (mut decoder, mut octets) = (async_stomp::client::ClientCodec::new(), BytesMut::new());
    for _ in 0..FRAMES {
        octets.extend_from_slice(FRAME);
        black_box(decoder.decode(&mut octets)?.context("a frame")?);
    }
    Ok(())
}

fn stomp_parser() -> anyhow::Result<()> {
    for _ in 0..FRAMES {
        let frame = ServerFrame::try_from(FRAME.to_vec());
        ensure!(black_box(frame).is_ok(), "a frame");
    }
    Ok(())
}

/// Brings the same frame again and again, after the answer to CONNECT.
struct Replay {
    connected: bool,
}

#[async_trait]
impl ClientTransport for Replay {
    type ProtocolSideChannel = ();

    async fn write(&mut self, _: Message<ToServer>) -> Result<(), WriteError> {
        Ok(())
    }

    async fn read(&mut self) -> Result<ReadData<()>, ReadError> {
        let frame = if self.connected { FRAME } else { b"CONNECTED\nversion:1.2\n\n\0" };
        self.connected = true;
        Ok(ReadData::Binary(Bytes::from_static(frame)))
    }
}

fn stomp_agnostic() -> anyhow::Result<()> {
    futures_executor::block_on(async {
        let replay = Replay { connected: false };
        let mut handle = ClientStompHandle::connect(replay, "/".to_owned(), None, None, Vec::new()).await?;
        for _ in 0..FRAMES {
            let ServerResponse::Message(message) = handle.read_response().await? else {
                anyhow::bail!("no frame");
            };
            black_box(message);
        }
        Ok(())
    })
}

type Run = fn() -> anyhow::Result<()>;

fn main() -> anyhow::Result<()> {
    let all: [(&str, Run); 4] = [
        ("echopulse-protocol", echopulse),
        ("async-stomp 0.7", async_stomp),
        ("stomp-agnostic 0.10", stomp_agnostic),
        ("stomp-parser 0.8", stomp_parser),
    ];
    let mut times = vec![Vec::new(); all.len()];
    for _ in 0..ROUNDS {
        for ((name, run), times) in all.iter().zip(&mut times) {
            let begun = Instant::now();
            run().with_context(|| format!("{name} decodes"))?;
            times.push(begun.elapsed() / FRAMES);
        }
    }
    println!("| decoder | a frame of {} octets | against ours |", FRAME.len());
    println!("| --- | --- | --- |");
    let mut ours = None;
    for ((name, _), mut times) in all.iter().zip(times) {
        times.sort();
        let time = times[ROUNDS / 2];
        let ours = *ours.get_or_insert(time);
        println!("| {name} | {} ns | {:.1} times |", time.as_nanos(), time.as_secs_f64() / ours.as_secs_f64());
    }
    Ok(())
}
