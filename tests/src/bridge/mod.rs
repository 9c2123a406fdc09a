//! STOMP over TCP on one side, over WebSocket on the other, for clients that speak TCP alone.
//!
//! The bridge knows nothing of frames. It passes octets on as it gets them, or cut at arbitrary places, which both
//! sides have to bear alike. Deliberately absent: TLS, and close codes, for which TCP has no room.

mod cut;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};
use tokio_tungstenite::{connect_async, tungstenite::Message};

use self::cut::Cuts;

/// Octets that are read at a time.
const READ: usize = 64 * 1024;
/// How long one side may take to end after the other.
const LINGER: Duration = Duration::from_secs(5);

/// A bridge that runs until it is dropped.
#[derive(Debug)]
pub struct Bridge {
    address: SocketAddr,
    _tasks: JoinSet<()>,
}

/// Where octets are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Where the network cut them.
    AsTheyCome,
    /// Into pieces of 1 to 64 octets and some of thousands, as this seed says.
    Anywhere(u64),
}

impl Bridge {
    /// Listens for TCP, and goes to `url` for each connection.
    ///
    /// # Errors
    ///
    /// If the address cannot be had.
    pub async fn listen(address: SocketAddr, url: &str) -> io::Result<Self> {
        Self::cutting(address, url, Cut::AsTheyCome).await
    }

    /// The same, with octets cut as told in both directions.
    ///
    /// # Errors
    ///
    /// If the address cannot be had.
    pub async fn cutting(address: SocketAddr, url: &str, cut: Cut) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::from(url), cut));
        Ok(Self { address, _tasks: tasks })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn accept(listener: TcpListener, url: Arc<str>, cut: Cut) {
    let mut passing = JoinSet::new();
    let mut turn = 0;
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { return };
                turn += 1;
                passing.spawn(pass(stream, Arc::clone(&url), Cuts::new(cut, turn)));
            }
            Some(_) = passing.join_next() => {}
        }
    }
}

/// Passes octets on, both ways, until one side ends; then what the other still says.
async fn pass(stream: TcpStream, url: Arc<str>, cuts: Cuts) {
    // Frames are small, and somebody waits for each.
    let _ = stream.set_nodelay(true);
    let (from, to) = stream.into_split();
    let Ok((socket, _)) = connect_async(&*url).await else { return };
    let (sink, messages) = socket.split();
    let up = upwards(from, sink, cuts.clone());
    let down = downwards(messages, to, cuts);
    tokio::pin!(up, down);
    tokio::select! {
        () = &mut up => drop(timeout(LINGER, down).await),
        () = &mut down => {}
    }
}

/// From TCP to WebSocket. The end of one is the end of the other.
async fn upwards(mut from: impl AsyncRead + Unpin, mut sink: impl SinkExt<Message> + Unpin, mut cuts: Cuts) {
    let mut octets = BytesMut::with_capacity(READ);
    while from.read_buf(&mut octets).await.is_ok_and(|read| read > 0) {
        for piece in cuts.cut(octets.split().freeze()) {
            if sink.send(Message::Binary(piece)).await.is_err() {
                return;
            }
        }
    }
    // A server that is gone needs no Close.
    let _ = sink.send(Message::Close(None)).await;
}

/// From WebSocket to TCP.
async fn downwards<E>(
    mut messages: impl StreamExt<Item = Result<Message, E>> + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut cuts: Cuts,
) {
    while let Some(Ok(message)) = messages.next().await {
        let octets: Bytes = match message {
            Message::Text(text) => text.into(),
            Message::Binary(octets) => octets,
            _ => continue,
        };
        for piece in cuts.cut(octets) {
            if to.write_all(&piece).await.is_err() || to.flush().await.is_err() {
                return;
            }
        }
    }
    // The end of the stream says that the server has closed.
    let _ = to.shutdown().await;
}
