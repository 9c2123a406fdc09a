//! One connection: reads, decides, and comes to an orderly end.
//!
//! [`Connection::wait`] says what happened, [`Connection::handle`] what follows from it. What the frames of a client ask for is in
//! [`connect`], [`send`] and [`subscribe`]; how a connection ends is in [`ending`].

mod connect;
mod ending;
mod send;
mod subscribe;

use std::{sync::Arc, time::Duration};

use axum::extract::ws::{Message, WebSocket};
use bytes::Bytes;
use echopulse_core::{
    chat::port::inbound::Followed,
    common::{
        BoxFuture,
        limit::{Source, Standing},
        sign_out::Ended,
    },
};
use echopulse_http::{ApiError, Caller};
use echopulse_protocol::stomp::{
    Limits,
    server::{Config, Output, Request, ServerSession, close},
};
use ending::End;
use futures_util::{StreamExt, stream::SplitStream};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{
    expiry::{Due, Expiry},
    lanes::{Finished, Lanes},
    outbox::{Bounds, Outbox},
    topics::{Subscription, Topics},
    typing::Typing,
    writer,
};
use crate::ChatApp;

/// A connection of which nothing at all is heard for so long, not even an answer to a ping, is gone.
const SILENCE: Duration = Duration::from_secs(90);
/// Octets of a SEND's body: the longest message with every character escaped.
const LARGEST_BODY: usize = 64 * 1024;

/// What is known of a client before CONNECT.
pub(super) struct Stranger {
    /// The token of the handshake, for CONNECT without one.
    pub(super) token: Option<String>,
    /// Where it comes from.
    pub(super) source: Source,
}

/// Talks with one client until the end.
pub(super) async fn run(app: ChatApp, socket: WebSocket, stranger: Stranger) {
    let _open = Open::new();
    let (sink, mut stream) = socket.split();
    let outbox = Arc::new(Outbox::new(Bounds::default()));
    let mut writer = JoinSet::new();
    writer.spawn(writer::run(sink, Arc::clone(&outbox)));
    let mut connection = Connection::new(app, outbox, stranger);
    let end = connection.converse(&mut stream).await;
    connection.end(end, &mut stream, writer).await;
}

/// Counts an open socket.
struct Open;

impl Open {
    fn new() -> Self {
        metrics::gauge!("echopulse_sockets_open").increment(1.0);
        Self
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        metrics::gauge!("echopulse_sockets_open").decrement(1.0);
    }
}

/// What the application has to say about a frame that the session waits with.
enum Decision {
    Admission(Result<Caller, ApiError>),
    Subscription {
        subscription: Subscription,
        followed: Result<Followed, ApiError>,
        /// How the buckets stand in which it was counted.
        standings: Vec<Standing>,
    },
}

/// What happened.
enum Happened {
    Heard(Bytes),
    HeardOnly,
    Over(End),
    Finished(Finished),
    Decided(Decision),
    Tick,
    Due(Due),
    SignedOut,
    Nothing,
}

struct Connection {
    app: ChatApp,
    session: ServerSession,
    outbox: Arc<Outbox>,
    stranger: Stranger,
    started: Instant,
    heard: Instant,
    caller: Option<Caller>,
    expiry: Option<Expiry>,
    endings: Receiver<Ended>,
    topics: Topics,
    typing: Typing,
    lanes: Lanes,
    deciding: Option<BoxFuture<'static, Decision>>,
    /// A decision that waits until the receipts in front of it have left.
    decided: Option<Decision>,
    /// Subscriptions that read what they missed.
    catching_up: JoinSet<()>,
    /// Tells that the person is here.
    presence: JoinSet<()>,
    /// A Close frame is queued.
    closed: bool,
    /// DISCONNECT asked for a RECEIPT: the client closes when it has it.
    said_goodbye: bool,
}

impl Connection {
    fn new(app: ChatApp, outbox: Arc<Outbox>, stranger: Stranger) -> Self {
        let config = Config {
            limits: Limits { body: LARGEST_BODY, frame: 2 * LARGEST_BODY, ..Limits::CONNECTED },
            ..Config::default()
        };
        let now = Instant::now();
        Self {
            session: ServerSession::new(config, Duration::ZERO),
            outbox,
            stranger,
            started: now,
            heard: now,
            caller: None,
            expiry: None,
            endings: app.guard.verifier().endings().listen(),
            topics: Topics::default(),
            typing: Typing::default(),
            lanes: Lanes::new(app.clone()),
            deciding: None,
            decided: None,
            catching_up: JoinSet::new(),
            presence: JoinSet::new(),
            closed: false,
            said_goodbye: false,
            app,
        }
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    async fn converse(&mut self, stream: &mut SplitStream<WebSocket>) -> End {
        loop {
            if let Some(end) = self.work() {
                return end;
            }
            let happened = self.wait(stream).await;
            if let Happened::Over(end) = happened {
                return end;
            }
            self.handle(happened);
        }
    }

    /// Hands out what the session has, as far as there is room, and queues what it says.
    fn work(&mut self) -> Option<End> {
        for number in self.outbox.take_ended() {
            if let Some(over) = self.topics.remove_number(number) {
                self.session.forget_subscription(&over.name);
            }
        }
        while self.is_free() {
            let Some(request) = self.session.next_request() else { break };
            if let Some(end) = self.take(request) {
                return Some(end);
            }
            self.flush();
        }
        self.flush();
        self.closed.then_some(End::Closed)
    }

    fn is_free(&self) -> bool {
        self.deciding.is_none() && self.decided.is_none() && self.lanes.has_room()
    }

    /// Queues what the session says. Answers how many frames that were.
    fn flush(&mut self) -> usize {
        let now = self.now();
        let mut frames = 0;
        while let Some(output) = self.session.next_output(now) {
            match output {
                Output::Frame(frame) => {
                    self.outbox.push(frame);
                    frames += 1;
                }
                Output::Close(code, reason) => {
                    self.outbox.close(code, &reason);
                    self.closed = true;
                }
            }
        }
        frames
    }

    async fn wait(&mut self, stream: &mut SplitStream<WebSocket>) -> Happened {
        let readable = self.is_free();
        let tick = self.session.deadline().map(|at| self.started + at);
        let silent = self.heard + SILENCE;
        tokio::select! {
            message = stream.next(), if readable => read(message),
            finished = self.lanes.next() => Happened::Finished(finished),
            decision = or_never(&mut self.deciding) => {
                self.deciding = None;
                Happened::Decided(decision)
            }
            () = at(tick) => Happened::Tick,
            due = expiring(&mut self.expiry) => Happened::Due(due),
            ended = self.endings.recv() => signed_out(&ended),
            Some(_) = self.catching_up.join_next() => Happened::Nothing,
            () = self.outbox.broken() => Happened::Over(End::Broken),
            () = self.app.sockets.stop.cancelled() => Happened::Over(End::Stopped),
            () = sleep_until(silent), if readable => Happened::Over(End::Silent),
        }
    }

    fn handle(&mut self, happened: Happened) {
        match happened {
            Happened::Heard(octets) => {
                self.heard = Instant::now();
                let now = self.now();
                self.session.receive(octets, now);
            }
            Happened::HeardOnly => self.heard = Instant::now(),
            Happened::Finished(finished) => self.settle(finished),
            Happened::Decided(decision) => self.decided = Some(decision),
            Happened::Tick => {
                let now = self.now();
                self.session.tick(now);
            }
            Happened::Due(Due::Warning) => self.warn(),
            Happened::Due(Due::End) => {
                self.session.fail(close::UNAUTHENTICATED, "token-expired", "the access token has expired");
            }
            Happened::SignedOut => self.check_sign_in(),
            Happened::Nothing | Happened::Over(_) => {}
        }
        // A SUBSCRIBE is answered behind everything that came before it, and its first MESSAGE behind that answer.
        if !self.session.owes_receipts()
            && let Some(decision) = self.decided.take()
        {
            self.decide(decision);
        }
    }

    fn take(&mut self, request: Request) -> Option<End> {
        match request {
            Request::Connect(frame) => self.deciding = Some(self.admission(&frame)),
            Request::Send { destination, frame, ticket } => self.send(&destination, frame, ticket),
            Request::Subscribe { id, destination, frame } => self.subscribe(id, &destination, &frame),
            Request::Unsubscribe { id } => {
                if let Some(subscription) = self.topics.remove(&id) {
                    self.unfollow(&subscription);
                }
            }
            Request::Disconnect => {
                self.said_goodbye = self.flush() > 0 || self.session.owes_receipts();
                return Some(End::Left);
            }
        }
        None
    }
}

fn read(message: Option<Result<Message, axum::Error>>) -> Happened {
    match message {
        Some(Ok(Message::Text(text))) => Happened::Heard(text.into()),
        Some(Ok(Message::Binary(octets))) => Happened::Heard(octets),
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Happened::HeardOnly,
        Some(Ok(Message::Close(_))) | None => Happened::Over(End::Lost),
        Some(Err(error)) => Happened::Over(ending::unreadable(error)),
    }
}

/// Waits for what may not be there.
async fn or_never<T>(future: &mut Option<BoxFuture<'static, T>>) -> T {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

async fn expiring(expiry: &mut Option<Expiry>) -> Due {
    match expiry {
        Some(expiry) => expiry.due().await,
        None => std::future::pending().await,
    }
}

/// Somebody signed out, or so many that it is not known who.
fn signed_out(ended: &Result<Ended, RecvError>) -> Happened {
    match ended {
        Ok(_) | Err(RecvError::Lagged(_)) => Happened::SignedOut,
        Err(RecvError::Closed) => Happened::Nothing,
    }
}
