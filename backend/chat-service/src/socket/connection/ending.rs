//! How a connection ends: what was accepted is finished, what was said is written, and the socket lingers until the client has read it.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use echopulse_protocol::stomp::server::close;
use futures_util::{StreamExt, stream::SplitStream};
use tokio::{task::JoinSet, time::timeout};
use tungstenite::error::{CapacityError, ProtocolError};

use super::{Connection, Decision};

/// How long accepted work may take at the end.
const FINISH: Duration = Duration::from_secs(10);
/// The same, when the service is being stopped.
const FINISH_STOPPED: Duration = Duration::from_secs(1);
/// How long the client may take to close after the RECEIPT of its DISCONNECT.
const GRACE: Duration = Duration::from_secs(1);
/// How long the last frames may take to be written.
const WRITE: Duration = Duration::from_secs(10);
/// How long the client may take to answer a Close frame.
const LINGER: Duration = Duration::from_secs(2);
/// How long a socket that cannot be read any more is kept, so that the Close frame is not lost.
const UNREADABLE_LINGER: Duration = Duration::from_millis(200);

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// A Close frame is queued already.
    Closed,
    /// DISCONNECT.
    Left,
    /// The client closed, or is gone.
    Lost,
    /// What came was no WebSocket message: the close code and its reason.
    Unreadable(u16, &'static str),
    /// The client was too slow, or the socket broke.
    Broken,
    /// Nothing was heard for too long.
    Silent,
    /// The service is being stopped.
    Stopped,
}

/// What an error of the library means. It would drop the socket, and the client would see no code.
pub(super) fn unreadable(error: axum::Error) -> End {
    use tungstenite::Error;
    let Ok(error) = error.into_inner().downcast::<Error>() else { return End::Lost };
    match *error {
        Error::Capacity(CapacityError::MessageTooLong { .. }) => {
            End::Unreadable(close::TOO_LARGE, "too-large")
        }
        Error::Utf8(_) => End::Unreadable(close::NOT_UTF8, "invalid-utf8"),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => End::Lost,
        Error::Protocol(_) => End::Unreadable(close::PROTOCOL, "malformed-frame"),
        _ => End::Lost,
    }
}

impl Connection {
    /// Brings the connection to its end.
    pub(super) async fn end(
        mut self,
        end: End,
        stream: &mut SplitStream<WebSocket>,
        mut writer: JoinSet<()>,
    ) {
        self.drop_subscriptions();
        self.catching_up.shutdown().await;
        let patience = if end == End::Stopped { FINISH_STOPPED } else { FINISH };
        // Work that takes longer is given up: its outcome is unknown to the client, who sends it again.
        let _ = timeout(patience, self.finish()).await;
        match end {
            End::Closed | End::Broken => {}
            End::Left => {
                if self.said_goodbye {
                    let _ = timeout(GRACE, drain(stream)).await;
                }
                self.outbox.close(close::NORMAL, "");
            }
            End::Lost => self.outbox.close(close::NORMAL, ""),
            End::Unreadable(code, reason) => self.outbox.close(code, reason),
            End::Silent => self.outbox.close(close::TIMEOUT, "heart-beat-missed"),
            End::Stopped => self.outbox.close(close::GOING_AWAY, "going-away"),
        }
        let _ = timeout(WRITE, writer.join_next()).await;
        if matches!(end, End::Unreadable(..)) {
            tokio::time::sleep(UNREADABLE_LINGER).await;
        } else {
            let _ = timeout(LINGER, drain(stream)).await;
        }
        // The end must not be told before the beginning was.
        while self.presence.join_next().await.is_some() {}
        if let Some(caller) = &self.caller {
            self.app.ports.following.disconnected(caller.actor.user).await;
        }
    }

    /// Finishes what was accepted, and queues what is owed for it.
    async fn finish(&mut self) {
        if let Some(deciding) = self.deciding.take() {
            self.decided = Some(deciding.await);
        }
        if let Some(Decision::Subscription { subscription, .. }) = self.decided.take() {
            self.unfollow(&subscription);
        }
        while !self.lanes.is_empty() {
            let finished = self.lanes.next().await;
            self.settle(finished);
        }
        self.flush();
    }
}

/// Reads until the client has closed; nothing is looked at any more.
async fn drain(stream: &mut SplitStream<WebSocket>) {
    while let Some(Ok(message)) = stream.next().await {
        if matches!(message, Message::Close(_)) {
            // One more look lets the library answer it.
            let _ = stream.next().await;
            return;
        }
    }
}
