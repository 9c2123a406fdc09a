//! One connection: how it is opened, written to and closed.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{self, Message, client::IntoClientRequest, http::HeaderValue, protocol::WebSocketConfig},
};

use super::SessionConfig;
use crate::{
    client::{AccessToken, ClientError, place::pick},
    stomp::{Limits, SUBPROTOCOLS, client::ClientSession, server::close},
    text::display_line,
};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How long a connection may take: first sign-in and handshake, then CONNECT.
pub(super) const CONNECT: Duration = Duration::from_secs(15);
/// How long a write may take.
const WRITE: Duration = Duration::from_secs(20);
/// How long the service may take to close as well.
const CLOSE: Duration = Duration::from_secs(2);
/// Octets of one WebSocket message; many small frames may share one.
const LARGEST: usize = 4 * 1024 * 1024;

/// Why a connection ended.
pub(super) enum Lost {
    /// Nobody listens any more.
    Dropped,
    /// Try again.
    Again(String),
    /// The token does not hold.
    Token(String),
    /// Do not come back.
    Forbidden(String),
}

/// A connection.
pub(super) struct Link {
    socket: Socket,
    pub(super) session: ClientSession,
    pub(super) token: AccessToken,
    /// Since CONNECTED.
    pub(super) connected: Option<Instant>,
    began: Instant,
}

impl Link {
    /// Connects to one of the chat service's addresses.
    pub(super) async fn open(config: SessionConfig, turn: usize) -> Result<Self, Lost> {
        let (socket, host, token) = match timeout(CONNECT, open(&config, turn)).await {
            Ok(Ok(opened)) => opened,
            Ok(Err(error)) if error.needs_sign_in() => return Err(Lost::Token(error.to_string())),
            Ok(Err(error)) => return Err(Lost::Again(error.to_string())),
            Err(_) => return Err(Lost::Again("connecting took too long".to_owned())),
        };
        let session = ClientSession::new(&host, token.secret(), Limits::CONNECTED, Duration::ZERO);
        Ok(Self { socket, session, token, connected: None, began: Instant::now() })
    }

    pub(super) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// How long until the session wants to be looked at.
    pub(super) fn idle(&self) -> Duration {
        let due = if self.connected.is_some() { self.session.deadline() } else { Some(CONNECT) };
        due.map_or(CONNECT, |due| due.saturating_sub(self.now()))
    }

    /// Lets time pass. Answers whether the service is still heard.
    pub(super) fn tick(&mut self) -> bool {
        let now = self.now();
        self.session.tick(now) && (self.connected.is_some() || now < CONNECT)
    }

    /// Writes everything that waits.
    pub(super) async fn flush(&mut self) -> Result<(), Lost> {
        let now = self.now();
        let writing = async {
            let mut written = false;
            while let Some(frame) = self.session.next_output(now) {
                self.socket.feed(message(frame)).await?;
                written = true;
            }
            if written { self.socket.flush().await } else { Ok(()) }
        };
        match timeout(WRITE, writing).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Lost::Again(words(&error))),
            Err(_) => Err(Lost::Again("the connection is stuck".to_owned())),
        }
    }

    /// Waits for octets and gives them to the session.
    pub(super) async fn read(&mut self) -> Result<(), Lost> {
        let octets = match self.socket.next().await {
            None => return Err(Lost::Again("the connection was closed".to_owned())),
            Some(Err(error)) => return Err(Lost::Again(words(&error))),
            Some(Ok(Message::Text(text))) => Bytes::from(text),
            Some(Ok(Message::Binary(octets))) => octets,
            Some(Ok(Message::Close(frame))) => {
                let (code, reason) = frame
                    .map_or((1005, String::new()), |frame| (frame.code.into(), display_line(&frame.reason)));
                return Err(closed(code, reason));
            }
            Some(Ok(_)) => return Ok(()),
        };
        let now = self.now();
        self.session.receive(octets, now);
        Ok(())
    }

    /// Closes, and waits until the service has closed as well, so that nothing on its way is cut off.
    pub(super) async fn close(mut self) {
        let closing = async {
            // The peer may be gone; then there is nobody to close with.
            if self.socket.close(None).await.is_ok() {
                while let Some(Ok(_)) = self.socket.next().await {}
            }
        };
        let _ = timeout(CLOSE, closing).await;
    }
}

async fn open(config: &SessionConfig, turn: usize) -> Result<(Socket, String, AccessToken), ClientError> {
    let token = config.tokens.access_token().await?;
    let place = config.place.find().await?;
    let Some(base) = pick(&place.chat, turn) else {
        let what = "it names no chat service".to_owned();
        return Err(ClientError::NotEchoPulse { url: place.issuer.clone(), what });
    };
    let url = format!("{}/ws", base.replacen("http", "ws", 1));
    let wrong =
        |error: &tungstenite::Error| ClientError::Unreachable { url: display_line(&url), why: words(error) };
    let mut request = url.as_str().into_client_request().map_err(|error| wrong(&error))?;
    let host = request.uri().host().unwrap_or_default().to_owned();
    let offered = HeaderValue::from_static(SUBPROTOCOLS[0]);
    request.headers_mut().insert("Sec-WebSocket-Protocol", offered);
    let limits = WebSocketConfig::default()
        .read_buffer_size(16 * 1024)
        .max_message_size(Some(LARGEST))
        .max_frame_size(Some(LARGEST));
    let (socket, _) =
        connect_async_with_config(request, Some(limits), true).await.map_err(|error| wrong(&error))?;
    Ok((socket, host, token))
}

fn message(frame: Bytes) -> Message {
    match tungstenite::Utf8Bytes::try_from(frame.clone()) {
        Ok(text) => Message::Text(text),
        Err(_) => Message::Binary(frame),
    }
}

fn words(error: &tungstenite::Error) -> String {
    match error {
        tungstenite::Error::Http(response) => {
            format!("it answers with status {}", response.status().as_u16())
        }
        other => display_line(&other.to_string()),
    }
}

fn closed(code: u16, reason: String) -> Lost {
    let reason = if reason.is_empty() { format!("closed with {code}") } else { reason };
    match code {
        close::UNAUTHENTICATED => Lost::Token(reason),
        close::FORBIDDEN => Lost::Forbidden(reason),
        _ => Lost::Again(reason),
    }
}
