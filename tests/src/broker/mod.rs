//! A small STOMP broker on the codec and the session of `echopulse-protocol`, for clients and suites that expect one.
//!
//! `/topic/…` goes to everybody who is subscribed at that moment, `/queue/…` to one of those who compete for it, and is kept until
//! somebody took it. Names are exact: there are no wildcards. Headers that are other brokers' own (`durable`, `auto-delete`,
//! `exclusive`, `selector`) are passed over; `prefetch-count` of SUBSCRIBE and `requeue:false` of NACK are heeded.
//!
//! Deliberately absent: storage, other users than `guest` and strangers without a name, and everything that EchoPulse's own
//! service does for people.

mod connection;
mod ending;
mod hub;
mod place;

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{State, WebSocketUpgrade},
    response::Response,
};
use echopulse_protocol::stomp::{
    Limits, SUBPROTOCOLS,
    server::{BrokerLimits, Config},
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

pub use self::hub::Held;
use self::hub::Hub;

/// Octets of one WebSocket message. A frame may come in many, and many in one.
const LARGEST_MESSAGE: usize = 4 * 1024 * 1024;

/// What a broker does.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What its sessions allow.
    pub session: Config,
    /// How often a client is pinged, whatever heart-beats it agreed on.
    pub ping: Duration,
    /// How long a client may take to accept what is written. Beyond it the connection is dropped, blocked or not.
    pub write: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { session: config(), ping: Duration::from_secs(30), write: Duration::from_secs(10) }
    }
}

/// What the broker's sessions allow: bodies of 2 MiB, heart-beats down to 100 ms.
#[must_use]
pub fn config() -> Config {
    let body = 2 * 1024 * 1024;
    Config {
        server: concat!("test-broker/", env!("CARGO_PKG_VERSION")),
        heart_beat: (Duration::from_millis(100), Duration::from_secs(60)),
        limits: Limits { body, frame: body + 64 * 1024, ..Limits::CONNECTED },
        broker: Some(BrokerLimits { transaction_octets: 4 * body, ..BrokerLimits::default() }),
        ..Config::default()
    }
}

/// A broker that runs until it is dropped.
#[derive(Debug)]
pub struct Broker {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<io::Result<()>>,
}

/// What all connections share.
#[derive(Debug)]
struct Shared {
    settings: Settings,
    hub: Hub,
    sessions: AtomicUsize,
    stopped: watch::Receiver<bool>,
}

impl Broker {
    /// Listens on an address; with port 0 the system chooses one.
    ///
    /// # Errors
    ///
    /// If the address cannot be had.
    pub async fn listen(address: SocketAddr) -> io::Result<Self> {
        Self::with(address, Settings::default()).await
    }

    /// The same with other settings.
    ///
    /// # Errors
    ///
    /// If the address cannot be had.
    pub async fn with(address: SocketAddr, settings: Settings) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let shared =
            Arc::new(Shared { settings, hub: Hub::default(), sessions: AtomicUsize::new(0), stopped });
        // Whatever the path: suites disagree about it.
        let router = Router::new().fallback(upgrade).with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, shared, stop, serving })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where clients go.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}/ws", self.address)
    }

    /// Sessions that are open, and what the broker holds for them.
    #[must_use]
    pub fn held(&self) -> (usize, Held) {
        (self.shared.sessions.load(Ordering::SeqCst), self.shared.hub.held())
    }

    /// Closes every session with 1001, and takes no more.
    pub fn stop(&self) {
        self.serving.abort();
        // Without sessions nobody listens.
        let _ = self.stop.send(true);
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A session counts from its beginning until the last of its task.
struct Counted(Arc<Shared>);

impl Counted {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.sessions.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(shared))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.sessions.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn upgrade(State(shared): State<Arc<Shared>>, socket: WebSocketUpgrade) -> Response {
    socket
        .protocols(SUBPROTOCOLS)
        .read_buffer_size(16 * 1024)
        .max_message_size(LARGEST_MESSAGE)
        .max_frame_size(LARGEST_MESSAGE)
        .on_upgrade(move |socket| async move {
            let counted = Counted::new(&shared);
            connection::run(shared, socket).await;
            drop(counted);
        })
}
