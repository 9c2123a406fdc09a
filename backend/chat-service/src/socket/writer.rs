//! The task that writes: everything that waits is fed, then flushed once.

use std::{sync::Arc, time::Duration};

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use bytes::Bytes;
use futures_util::{SinkExt, stream::SplitSink};
use tokio::time::{self, Instant};

use super::outbox::{Next, Outbox};

/// How long the client may take to accept what is written. Beyond it the connection is dropped, blocked or not.
const DEADLINE: Duration = Duration::from_secs(10);
/// How often the client is pinged, whatever heart-beats it agreed on: one that is there answers, one that is gone does not.
const PING: Duration = Duration::from_secs(30);

type Sink = SplitSink<WebSocket, Message>;

/// Writes until a Close frame was written or the socket broke.
pub(super) async fn run(mut sink: Sink, outbox: Arc<Outbox>) {
    let written = write_all(&mut sink, &outbox).await;
    if written.is_none() {
        outbox.abandon();
    }
}

/// `None`: the socket broke, or the client did not take what was written in time.
async fn write_all(sink: &mut Sink, outbox: &Outbox) -> Option<()> {
    let mut ping = Instant::now() + PING;
    loop {
        let mut next = time::timeout_at(ping, outbox.next()).await.ok();
        let mut closed = false;
        while let Some(one) = next {
            closed = matches!(one, Next::Close(..));
            in_time(sink.feed(message(one))).await?;
            next = if closed { None } else { outbox.try_next() };
        }
        if !closed && Instant::now() >= ping {
            in_time(sink.feed(Message::Ping(Bytes::new()))).await?;
            ping = Instant::now() + PING;
        }
        in_time(sink.flush()).await?;
        if closed {
            return Some(());
        }
    }
}

async fn in_time(written: impl Future<Output = Result<(), axum::Error>>) -> Option<()> {
    time::timeout(DEADLINE, written).await.ok()?.ok()
}

/// One frame is one message: text where it is UTF-8, as browsers expect.
fn message(next: Next) -> Message {
    match next {
        Next::Frame(frame) => match Utf8Bytes::try_from(frame.clone()) {
            Ok(text) => Message::Text(text),
            Err(_) => Message::Binary(frame),
        },
        Next::Close(code, reason) => Message::Close(Some(CloseFrame { code, reason: reason.into() })),
    }
}
