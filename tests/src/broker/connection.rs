//! One connection: what its client asks for, and what is delivered to it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use bytes::Bytes;
use echopulse_protocol::stomp::{
    Frame,
    server::{
        AckMode, Delivered, Delivery, Demand, Output, Relayed, Request, ServerSession, Settlement, Step,
        Ticket, Verdict, close,
    },
};
use futures_util::SinkExt;
use tokio::{
    sync::Notify,
    time::{Instant, Interval, interval_at, sleep_until, timeout},
};

use super::{
    Shared,
    ending::{self, End},
    hub::{ConsumerId, State},
    place::Place,
};

/// Octets that are delivered at a time.
const BATCH: usize = 1024 * 1024;

/// Talks with one client until the end.
pub(super) async fn run(shared: Arc<Shared>, mut socket: WebSocket) {
    let mut connection = Connection {
        session: ServerSession::new(shared.settings.session.clone(), Duration::ZERO),
        shared,
        started: Instant::now(),
        subscriptions: BTreeMap::new(),
        deliveries: BTreeMap::new(),
        wake: Arc::new(Notify::new()),
        receipt: false,
    };
    let end = connection.converse(&mut socket).await;
    // What was not acknowledged goes to others now, not when the client has closed.
    drop(connection);
    ending::end(socket, end).await;
}

/// What happened.
enum Happened {
    Heard(Bytes),
    Tick,
    Ping,
    Over(End),
    Nothing,
}

struct Connection {
    shared: Arc<Shared>,
    session: ServerSession,
    started: Instant,
    subscriptions: BTreeMap<String, ConsumerId>,
    /// Whose message waits under which number.
    deliveries: BTreeMap<Delivery, ConsumerId>,
    wake: Arc<Notify>,
    /// DISCONNECT asked for one.
    receipt: bool,
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut state = self.shared.hub.lock();
        for id in self.subscriptions.values() {
            state.leave(*id);
        }
    }
}

impl Connection {
    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    async fn converse(&mut self, socket: &mut WebSocket) -> End {
        let every = self.shared.settings.ping;
        let mut ping = interval_at(self.started + every, every);
        loop {
            let left = self.take_all();
            let delivered = self.deliver();
            if let Some(end) = self.write(socket).await {
                return end;
            }
            if left {
                return End::Left { receipt: self.receipt };
            }
            if delivered >= BATCH {
                continue;
            }
            let happened = self.wait(socket, &mut ping).await;
            let now = self.now();
            match happened {
                Happened::Heard(octets) => self.session.receive(octets, now),
                Happened::Tick => self.session.tick(now),
                Happened::Ping => {
                    let limit = self.shared.settings.write;
                    if !in_time(limit, socket.send(Message::Ping(Bytes::new()))).await {
                        return End::Lost;
                    }
                }
                Happened::Nothing => {}
                Happened::Over(end) => return end,
            }
        }
    }

    async fn wait(&self, socket: &mut WebSocket, ping: &mut Interval) -> Happened {
        let tick = self.session.deadline().map(|at| self.started + at);
        let mut stopped = self.shared.stopped.clone();
        tokio::select! {
            message = socket.recv() => heard(message),
            () = self.wake.notified() => Happened::Nothing,
            () = at(tick) => Happened::Tick,
            _ = ping.tick() => Happened::Ping,
            _ = stopped.wait_for(|stopped| *stopped) => {
                Happened::Over(End::close(close::GOING_AWAY, "going-away"))
            }
        }
    }

    /// Does everything that was asked. Answers whether the client has left.
    fn take_all(&mut self) -> bool {
        while let Some(demand) = self.session.next_demand() {
            match demand {
                Demand::Request(Request::Disconnect) => return true,
                Demand::Request(request) => self.take(request),
                Demand::Settle { settlement, ticket } => {
                    settle(&mut self.shared.hub.lock(), &mut self.deliveries, &settlement);
                    self.done(ticket);
                }
                Demand::Commit { steps, ticket } => self.commit(steps, ticket),
            }
        }
        false
    }

    fn take(&mut self, request: Request) {
        match request {
            Request::Connect(frame) => self.connect(&frame),
            Request::Send { destination, frame, ticket } => {
                let sent = send(&mut self.shared.hub.lock(), destination, &frame);
                match sent {
                    Ok(()) => self.done(ticket),
                    Err(refusal) => self.refuse(ticket, refusal),
                }
            }
            Request::Subscribe { id, destination, frame } => self.subscribe(id, &destination, &frame),
            Request::Unsubscribe { id } => {
                if let Some(consumer) = self.subscriptions.remove(&id) {
                    self.deliveries.retain(|_, of| *of != consumer);
                    self.shared.hub.lock().leave(consumer);
                }
            }
            Request::Disconnect => {}
        }
    }

    /// `guest` with the passcode `guest`, or nobody by name.
    fn connect(&mut self, frame: &Frame) {
        let (login, passcode) = (frame.header("login"), frame.header("passcode"));
        let now = self.now();
        let session = self.shared.hub.lock().message_id();
        match (login.as_deref(), passcode.as_deref()) {
            (None, None) => self.session.accept(&session, "anonymous", now),
            (Some("guest"), Some("guest")) => self.session.accept(&session, "guest", now),
            _ => self.session.fail(
                close::UNAUTHENTICATED,
                "unauthenticated",
                "the login and the passcode do not fit together",
            ),
        }
    }

    fn subscribe(&mut self, id: String, destination: &str, frame: &Frame) {
        let Some(place) = Place::parse(destination) else {
            return self.refuse(None, UNKNOWN);
        };
        self.session.accept_subscription();
        let awaits = AckMode::of(frame).is_some_and(|mode| mode != AckMode::Auto);
        let window = self.session.window(&id).filter(|_| awaits);
        let consumer = self.shared.hub.lock().join(place, window, Arc::clone(&self.wake));
        self.subscriptions.insert(id, consumer);
    }

    /// Does all of a transaction with one lock. If one of its destinations is none, nothing of it happens.
    fn commit(&mut self, steps: Vec<Step>, ticket: Option<Ticket>) {
        let is_unknown = |step: &Step| match step {
            Step::Send { destination, .. } => Place::parse(destination).is_none(),
            Step::Settle(_) => false,
        };
        if steps.iter().any(is_unknown) {
            return self.refuse(ticket, UNKNOWN);
        }
        let mut state = self.shared.hub.lock();
        let mut done = Ok(());
        for step in steps {
            match step {
                Step::Send { destination, frame } if done.is_ok() => {
                    done = send(&mut state, destination, &frame);
                }
                Step::Send { .. } => {}
                Step::Settle(settlement) => settle(&mut state, &mut self.deliveries, &settlement),
            }
        }
        drop(state);
        match done {
            Ok(()) => self.done(ticket),
            Err(refusal) => self.refuse(ticket, refusal),
        }
    }

    fn done(&mut self, ticket: Option<Ticket>) {
        if let Some(ticket) = ticket {
            self.session.settle(ticket, Some(Vec::new()));
        }
    }

    fn refuse(&mut self, ticket: Option<Ticket>, (code, text): Refusal) {
        self.session.fail_request(ticket, close::PROTOCOL, code, text);
    }

    /// Puts messages of all subscriptions into the session, each in turn. Answers how many octets.
    fn deliver(&mut self) -> usize {
        if self.session.is_over() {
            return 0;
        }
        let mut state = self.shared.hub.lock();
        if self.subscriptions.values().any(|consumer| state.is_slow(*consumer)) {
            drop(state);
            self.session.close(close::SLOW, "slow-consumer");
            return 0;
        }
        let mut octets = 0;
        loop {
            let before = octets;
            for (id, consumer) in &self.subscriptions {
                if octets >= BATCH {
                    break;
                }
                let Some(kept) = state.next(*consumer) else { continue };
                octets += kept.octets();
                let delivery = match self.session.deliver(id, &kept.message, kept.redelivered) {
                    Delivered::Awaiting(delivery) => {
                        self.deliveries.insert(delivery, *consumer);
                        Some(delivery)
                    }
                    Delivered::Sent | Delivered::Nowhere => None,
                };
                state.handed(*consumer, delivery, kept);
            }
            if octets == before || octets >= BATCH {
                return octets;
            }
        }
    }

    /// Writes everything that the session has to say, and flushes once. Answers how it ends, if it does.
    async fn write(&mut self, socket: &mut WebSocket) -> Option<End> {
        let (now, limit) = (self.now(), self.shared.settings.write);
        let mut close = None;
        let mut written = false;
        while let Some(output) = self.session.next_output(now) {
            match output {
                Output::Frame(frame) => {
                    // Behind the last frame of a client that leaves nothing else is said.
                    self.receipt = frame.starts_with(b"RECEIPT");
                    if !in_time(limit, socket.feed(message(frame))).await {
                        return Some(End::Lost);
                    }
                    written = true;
                }
                Output::Close(code, reason) => close = Some(End::Close(code, reason)),
            }
        }
        if written {
            if !in_time(limit, socket.flush()).await {
                return Some(End::Lost);
            }
            let mut state = self.shared.hub.lock();
            for consumer in self.subscriptions.values() {
                state.written(*consumer);
            }
        }
        close
    }
}

/// The code of an ERROR, and its text.
type Refusal = (&'static str, &'static str);

const UNKNOWN: Refusal = ("unknown-destination", "destinations begin with /queue/ or /topic/");

fn send(state: &mut State, destination: String, frame: &Frame) -> Result<(), Refusal> {
    let place = Place::parse(&destination).ok_or(UNKNOWN)?;
    let id = state.message_id();
    let full = ("queue-full", "the queue holds as much as it may");
    state.publish(&place, Relayed::new(id, destination, frame)).map_err(|_| full)
}

fn settle(state: &mut State, of: &mut BTreeMap<Delivery, ConsumerId>, settlement: &Settlement) {
    let again = settlement.verdict == Verdict::Refused
        && settlement.frame.header("requeue").as_deref() != Some("false");
    // The newest is put back first, so that the oldest is handed out first.
    for delivery in settlement.deliveries.iter().rev() {
        if let Some(consumer) = of.remove(delivery) {
            state.settle(consumer, *delivery, again);
        }
    }
}

async fn in_time(limit: Duration, written: impl Future<Output = Result<(), axum::Error>>) -> bool {
    matches!(timeout(limit, written).await, Ok(Ok(())))
}

/// One frame is one message: text where it is UTF-8, as browsers expect.
fn message(frame: Bytes) -> Message {
    match Utf8Bytes::try_from(frame.clone()) {
        Ok(text) => Message::Text(text),
        Err(_) => Message::Binary(frame),
    }
}

fn heard(message: Option<Result<Message, axum::Error>>) -> Happened {
    match message {
        Some(Ok(Message::Text(text))) => Happened::Heard(text.into()),
        Some(Ok(Message::Binary(octets))) => Happened::Heard(octets),
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Happened::Nothing,
        Some(Ok(Message::Close(_))) | None => Happened::Over(End::Lost),
        Some(Err(error)) => Happened::Over(ending::unreadable(error)),
    }
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
