//! One connection: reads, decides, and comes to an orderly end.
//!
//! [`Connection::wait`] says what happened, [`Connection::handle`] what follows from it; the rest of the file is what a session
//! asks for. How a connection ends is in [`ending`].

mod ending;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::extract::ws::{Message, WebSocket};
use bytes::Bytes;
use echopulse_core::{
    chat::port::inbound::{Follow, Followed},
    common::BoxFuture,
};
use echopulse_http::{
    ApiError, Caller, bearer,
    token::{Ended, TokenError},
};
use echopulse_protocol::{
    destination::{SendTo, Topic},
    problem::ProblemCode,
    stomp::{
        Frame, Limits,
        server::{Config, Output, Request, ServerSession, Ticket, close},
    },
};
use ending::End;
use futures_util::{StreamExt, stream::SplitStream};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{
    encode,
    expiry::{Due, Expiry},
    lanes::{Finished, Lanes},
    outbox::{Bounds, Outbox},
    topics::{Subscription, Topics, position_of, stream_of},
    typing::Typing,
    work::{Done, Work},
    writer,
};
use crate::ChatApp;

/// A connection of which nothing at all is heard for so long, not even an answer to a ping, is gone.
const SILENCE: Duration = Duration::from_secs(90);
/// Octets of a SEND's body: the longest message with every character escaped.
const LARGEST_BODY: usize = 64 * 1024;

/// Talks with one client until the end.
pub(super) async fn run(app: ChatApp, socket: WebSocket, token: Option<String>) {
    let (sink, mut stream) = socket.split();
    let outbox = Arc::new(Outbox::new(Bounds::default()));
    let mut writer = JoinSet::new();
    writer.spawn(writer::run(sink, Arc::clone(&outbox)));
    let mut connection = Connection::new(app, outbox, token);
    let end = connection.converse(&mut stream).await;
    connection.end(end, &mut stream, writer).await;
}

/// What the application has to say about a frame that the session waits with.
enum Decision {
    Admission(Result<Caller, ApiError>),
    Subscription { subscription: Subscription, followed: Result<Followed, ApiError> },
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
    /// The token of the handshake, for CONNECT without one.
    token: Option<String>,
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
    fn new(app: ChatApp, outbox: Arc<Outbox>, token: Option<String>) -> Self {
        let config = Config {
            limits: Limits { body: LARGEST_BODY, frame: 2 * LARGEST_BODY, ..Limits::CONNECTED },
            ..Config::default()
        };
        let now = Instant::now();
        Self {
            session: ServerSession::new(config, Duration::ZERO),
            outbox,
            token,
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

    // CONNECT.

    fn admission(&mut self, frame: &Frame) -> BoxFuture<'static, Decision> {
        let header = frame.header("Authorization").or_else(|| frame.header("authorization"));
        let given = match header.as_deref() {
            Some(value) => bearer(value).map(str::to_owned).ok_or(TokenError::Invalid("no bearer token")),
            None => self.token.take().ok_or(TokenError::Missing),
        };
        let guard = Arc::clone(&self.app.guard);
        Box::pin(async move {
            let admitted = match given {
                Ok(token) => guard.admit(&token).await,
                Err(error) => Err(error.into()),
            };
            Decision::Admission(admitted)
        })
    }

    fn admit(&mut self, admitted: Result<Caller, ApiError>) {
        let caller = match admitted {
            Ok(caller) => caller,
            Err(error) => return self.fail(&error),
        };
        let session = session_id();
        let now = self.now();
        self.session.accept(&session, &caller.actor.user.to_string(), now);
        self.outbox.speak(self.session.version());
        self.expiry = Some(Expiry::new(caller.token.holds_until, self.app.clock.now()));
        let (following, user) = (Arc::clone(&self.app.ports.following), caller.actor.user);
        self.presence.spawn(async move { following.connected(user).await });
        self.caller = Some(caller);
        // Signed out while the token was looked at.
        self.check_sign_in();
    }

    /// Ends the session for a refusal that leaves nothing to talk about.
    fn fail(&mut self, error: &ApiError) {
        let code = match error.problem().status {
            401 => close::UNAUTHENTICATED,
            403 => close::FORBIDDEN,
            _ => close::INTERNAL,
        };
        self.session.fail(code, error.code().as_str(), &error.problem().detail);
    }

    fn check_sign_in(&mut self) {
        let endings = self.app.guard.verifier().endings();
        let over = self.caller.as_ref().is_some_and(|Caller { token, .. }| {
            endings.covers(token.sid.as_deref(), &token.identity.sub, token.issued)
        });
        if over {
            self.session.fail(close::UNAUTHENTICATED, "token-invalid", "the sign-in has ended");
        }
    }

    fn warn(&mut self) {
        let (Some(caller), Some(expiry)) = (&self.caller, &self.expiry) else { return };
        let user = echopulse_wire::user_id(caller.actor.user);
        let warning = encode::session_expiring(user, echopulse_wire::time(expiry.at));
        for name in self.topics.names_of(Topic::UserEvents) {
            self.outbox.push_message(name, &warning);
        }
    }

    // SEND.

    fn send(&mut self, destination: &str, frame: Frame, ticket: Option<Ticket>) {
        let Some(to) = SendTo::parse(destination) else {
            return self.session.fail(
                close::PROTOCOL,
                "unknown-destination",
                "there is no such destination to SEND to",
            );
        };
        let Some(caller) = &self.caller else { return };
        if let SendTo::Typing(channel) = to
            && !self.typing.may_tell(channel, Instant::now())
        {
            if let Some(ticket) = ticket {
                self.session.settle(ticket, Some(Vec::new()));
            }
            return;
        }
        self.lanes.push(Work { to, frame, actor: caller.actor }, ticket);
    }

    fn settle(&mut self, finished: Finished) {
        let outcome = match finished.outcome {
            Ok(Done::Refreshed(caller)) => self.refresh(*caller).map(|()| Vec::new()),
            Ok(Done::Stored(receipt)) => Ok(vec![
                ("message-id", receipt.message.to_string()),
                ("epoch", receipt.epoch.to_string()),
                ("seq", receipt.seq.to_string()),
            ]),
            Ok(Done::Fine) => Ok(Vec::new()),
            Err(error) => Err(error),
        };
        match (outcome, finished.ticket) {
            (Ok(headers), Some(ticket)) => {
                self.session.settle(ticket, Some(headers));
            }
            (Ok(_), None) => {}
            (Err(error), ticket) => {
                let receipt = ticket.and_then(|ticket| self.session.settle(ticket, None));
                self.refuse(receipt, &error);
            }
        }
    }

    /// Tells a refusal, if the client listens for refusals.
    fn refuse(&mut self, receipt: Option<String>, error: &ApiError) {
        // Receipts of earlier frames stand in front of it.
        self.flush();
        let reply = encode::reply(receipt, error);
        for name in self.topics.names_of(Topic::Replies) {
            self.outbox.push_message(name, &reply);
        }
    }

    /// Takes a fresh token of the same person; its roles replace the old ones.
    fn refresh(&mut self, fresh: Caller) -> Result<(), ApiError> {
        let same = self.caller.as_ref().is_some_and(|caller| {
            let (old, new) = (&caller.token.identity, &fresh.token.identity);
            (&old.iss, &old.sub) == (&new.iss, &new.sub)
        });
        if !same {
            return Err(ApiError::new(ProblemCode::TokenInvalid, "the token is somebody else's"));
        }
        self.expiry = Some(Expiry::new(fresh.token.holds_until, self.app.clock.now()));
        self.caller = Some(fresh);
        Ok(())
    }

    // SUBSCRIBE.

    fn subscribe(&mut self, name: String, destination: &str, frame: &Frame) {
        let Some(topic) = Topic::parse(destination) else {
            let text = "there is no such destination to SUBSCRIBE to";
            return self.session.fail(close::PROTOCOL, "unknown-destination", text);
        };
        let Some(caller) = &self.caller else { return };
        let actor = caller.actor;
        let number = self.topics.next_number();
        let mut subscription = Subscription { name, number, topic, follows: None };
        let Some(stream) = stream_of(topic, actor.user) else {
            self.session.accept_subscription();
            return self.topics.add(subscription);
        };
        let position = match position_of(frame) {
            Ok(position) => position,
            Err(error) => {
                let receipt = self.session.refuse_subscription();
                return self.refuse(receipt, &error);
            }
        };
        let follower = Arc::clone(&self.outbox) as _;
        let following = Arc::clone(&self.app.ports.following);
        self.deciding = Some(Box::pin(async move {
            let command = Follow { actor, stream, position, follower, subscription: number };
            let followed = following.follow(command).await;
            subscription.follows = followed.as_ref().ok().map(|followed| (stream, followed.id));
            Decision::Subscription { subscription, followed: followed.map_err(ApiError::from) }
        }));
    }

    fn decide(&mut self, decision: Decision) {
        match decision {
            Decision::Admission(admitted) => self.admit(admitted),
            Decision::Subscription { subscription, followed: Ok(followed) } => {
                self.session.accept_subscription();
                self.outbox.open(subscription.number, &subscription.name);
                self.topics.add(subscription);
                self.flush();
                self.catching_up.spawn(followed.catch_up);
            }
            Decision::Subscription { followed: Err(error), .. } => {
                let receipt = self.session.refuse_subscription();
                self.refuse(receipt, &error);
            }
        }
    }

    fn unfollow(&self, subscription: &Subscription) {
        if let Some((stream, id)) = subscription.follows {
            self.app.ports.following.unfollow(stream, id);
        }
        self.outbox.forget(subscription.number);
    }
}

/// Names a session in logs; unique in this process.
fn session_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("s-{}", NEXT.fetch_add(1, Ordering::Relaxed))
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
