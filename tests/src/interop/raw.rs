//! A client that speaks STOMP by hand over a WebSocket, to see what a server does with it.

use std::time::Duration;

use bytes::Bytes;
use echopulse_protocol::stomp::{Command, Decoder, Frame, Limits, Version};
use futures_util::{SinkExt, StreamExt};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

/// How long an answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a server said.
#[derive(Debug)]
pub enum Said {
    /// A frame, and whether it came as text.
    Frame(Frame, bool),
    /// A heart-beat, alone in its message.
    Beat,
    /// The end: a close code and its reason, or none.
    Closed(Option<(u16, String)>),
}

/// A client by hand.
#[derive(Debug)]
pub struct Raw {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The subprotocol the server chose, as often as it said so.
    pub protocols: Vec<String>,
    version: Version,
}

impl Raw {
    /// Opens a socket that offers these subprotocols.
    ///
    /// # Errors
    ///
    /// If the server does not want it.
    pub async fn open(url: &str, protocols: Option<&str>) -> Result<Self, Error> {
        let mut request = url.into_client_request()?;
        if let Some(offered) = protocols {
            request.headers_mut().insert("sec-websocket-protocol", offered.parse()?);
        }
        let (socket, answer) = connect_async(request).await?;
        let chosen = answer.headers().get_all("sec-websocket-protocol").iter();
        let protocols = chosen.filter_map(|value| value.to_str().ok().map(str::to_owned)).collect();
        Ok(Self { socket, protocols, version: Version::V12 })
    }

    /// A session at a version, which it is sure to get.
    pub async fn connected(url: &str, version: Version) -> Self {
        Self::connected_with(url, version, "").await
    }

    /// The same, with more headers.
    ///
    /// # Panics
    ///
    /// If there is no session.
    pub async fn connected_with(url: &str, version: Version, headers: &str) -> Self {
        let mut raw = Self::open(url, None).await.expect("the socket opens");
        raw.version = version;
        raw.say(&format!("CONNECT\naccept-version:{}\n{headers}\n\0", version.as_str())).await;
        assert_eq!(raw.frame().await.command(), Command::Connected);
        raw
    }

    /// Says this, as one text message.
    pub async fn say(&mut self, text: &str) {
        self.send(Message::text(text)).await;
    }

    /// Sends a message. A server that has closed is no mistake: what it said is still to be read.
    pub async fn send(&mut self, message: Message) {
        // The end is seen when it is read.
        let _ = self.socket.send(message).await;
    }

    /// Writes octets below the WebSocket protocol.
    ///
    /// # Panics
    ///
    /// If the connection is not plain, or is gone.
    pub async fn write(&mut self, octets: &[u8]) {
        let MaybeTlsStream::Plain(stream) = self.socket.get_mut() else { panic!("it is encrypted") };
        stream.write_all(octets).await.expect("it is written");
    }

    /// Subscribes, and waits until that is so.
    pub async fn subscribe(&mut self, id: &str, destination: &str, headers: &str) {
        self.say(&format!("SUBSCRIBE\nid:{id}\ndestination:{destination}\nreceipt:sub-{id}\n{headers}\n\0"))
            .await;
        assert_eq!(header(&self.frame().await, "receipt-id"), format!("sub-{id}"));
    }

    /// The next message of any kind.
    ///
    /// # Panics
    ///
    /// If none comes.
    pub async fn message(&mut self) -> Option<Message> {
        timeout(PATIENCE, self.socket.next()).await.expect("something was said in time").and_then(Result::ok)
    }

    /// The next thing the server said; pings and pongs are not looked at.
    ///
    /// # Panics
    ///
    /// If a message is not exactly one frame or one beat.
    pub async fn said(&mut self) -> Said {
        loop {
            let (octets, text) = match self.message().await {
                None => return Said::Closed(None),
                Some(Message::Close(close)) => {
                    return Said::Closed(close.map(|close| (close.code.into(), close.reason.to_string())));
                }
                Some(Message::Text(text)) => (Bytes::from(text), true),
                Some(Message::Binary(octets)) => (octets, false),
                Some(_) => continue,
            };
            if octets.as_ref() == b"\n" {
                return Said::Beat;
            }
            return Said::Frame(self.read(octets), text);
        }
    }

    /// One message is one whole frame, with nothing behind its NUL.
    fn read(&self, octets: Bytes) -> Frame {
        assert_eq!(octets.last(), Some(&0), "nothing stands behind a frame");
        let limits = Limits { body: 1 << 30, frame: 1 << 30, ..Limits::CONNECTED };
        let mut decoder = Decoder::new(limits);
        decoder.set(self.version, limits);
        decoder.feed(octets);
        let frame = decoder.next().expect("it can be read").expect("it is whole");
        assert_eq!(decoder.pending(), 0, "one message is one frame");
        frame
    }

    /// The next frame.
    ///
    /// # Panics
    ///
    /// If the session ends instead.
    pub async fn frame(&mut self) -> Frame {
        loop {
            match self.said().await {
                Said::Frame(frame, _) => return frame,
                Said::Beat => {}
                Said::Closed(close) => panic!("it was closed: {close:?}"),
            }
        }
    }

    /// Reads to the end. Answers what the last frame before it was, if there was one, and the close code.
    pub async fn end(&mut self) -> (Option<Frame>, Option<(u16, String)>) {
        let mut last = None;
        loop {
            match self.said().await {
                Said::Frame(frame, _) => last = Some(frame),
                Said::Beat => {}
                Said::Closed(close) => return (last, close),
            }
        }
    }

    /// Ends with this ERROR and close code; anything else is a failed test.
    ///
    /// # Panics
    ///
    /// If it ends otherwise.
    pub async fn fails_with(&mut self, code: &str, close: u16) {
        let (last, closed) = self.end().await;
        let error = last.expect("there was an ERROR");
        assert_eq!((error.command(), header(&error, "message").as_str()), (Command::Error, code));
        assert_eq!(closed.map(|(code, _)| code), Some(close));
    }
}

/// A header that is there.
///
/// # Panics
///
/// If it is not.
#[must_use]
pub fn header(frame: &Frame, name: &str) -> String {
    frame.header(name).unwrap_or_else(|| panic!("{name} is missing: {frame:?}")).into_owned()
}
