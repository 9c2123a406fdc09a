//! How a connection ends: what was said is written, and the socket lingers until the client has read it.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use echopulse_protocol::stomp::server::close;
use tokio::time::timeout;
use tungstenite::error::{CapacityError, ProtocolError};

/// How long the client may take to close after the RECEIPT of its DISCONNECT, or to answer a Close frame.
const LINGER: Duration = Duration::from_secs(2);
/// How long a Close frame may take to be written.
const WRITE: Duration = Duration::from_secs(10);

/// Why a connection ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// The client closed, or is gone.
    Lost,
    /// DISCONNECT. With a receipt the client closes first, when it has it.
    Left {
        /// Whether there is one.
        receipt: bool,
    },
    /// With a close code.
    Close(u16, String),
}

impl End {
    pub(super) fn close(code: u16, reason: &str) -> Self {
        Self::Close(code, reason.to_owned())
    }
}

/// What an error of the library means. It would drop the socket, and the client would see no code.
pub(super) fn unreadable(error: axum::Error) -> End {
    use tungstenite::Error;
    let Ok(error) = error.into_inner().downcast::<Error>() else { return End::Lost };
    match *error {
        Error::Capacity(CapacityError::MessageTooLong { .. }) => End::close(close::TOO_LARGE, "too-large"),
        Error::Utf8(_) => End::close(close::NOT_UTF8, "invalid-utf8"),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => End::Lost,
        Error::Protocol(_) => End::close(close::PROTOCOL, "malformed-frame"),
        _ => End::Lost,
    }
}

/// Brings a socket to its end.
pub(super) async fn end(mut socket: WebSocket, end: End) {
    let (code, reason) = match end {
        End::Lost => return drain(&mut socket).await,
        End::Left { receipt } => {
            if receipt {
                drain(&mut socket).await;
            }
            (close::NORMAL, String::new())
        }
        End::Close(code, reason) => (code, reason),
    };
    let frame = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
    if matches!(timeout(WRITE, socket.send(frame)).await, Ok(Ok(()))) {
        drain(&mut socket).await;
    }
}

/// Reads until the client has closed; nothing is looked at any more.
async fn drain(socket: &mut WebSocket) {
    let reading = async { while let Some(Ok(_)) = socket.recv().await {} };
    let _ = timeout(LINGER, reading).await;
}
