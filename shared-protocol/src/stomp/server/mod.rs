//! The server's side of a session, as a state machine: octets and decisions in, requests and octets out.
//!
//! The session hands out one [`Request`] at a time. CONNECT and SUBSCRIBE wait for the application's decision before anything behind
//! them is handed out; SENDs do not, so that many can be committed together. Receipts leave in the order of their frames all the
//! same: each request that asked for one holds a [`Ticket`], and a ticket that is not settled holds back those behind it. So does
//! the ERROR for a wrong frame: what was asked for in front of that frame is answered first.
//!
//! A session whose [`Config::broker`] is set has transactions and acknowledgements as well: [`ServerSession::next_demand`] hands
//! them out, and [`ServerSession::deliver`] numbers messages so that they can be acknowledged.
//!
//! Deliberately absent: who may do what, queues, and, without a broker, the messages of subscriptions: the application queues
//! those behind what [`ServerSession::next_output`] hands out.
//!
//! Time is a [`Duration`] since any fixed moment. Give what you read to [`ServerSession::receive`], then ask
//! [`ServerSession::next_request`] until it has nothing; write what [`ServerSession::next_output`] hands out; call
//! [`ServerSession::tick`] at [`ServerSession::deadline`]. The example `in_memory` does this without a socket.

mod connect;
mod deliveries;
mod demand;
mod ending;
mod frames;
mod receipts;
mod transactions;

use std::{collections::VecDeque, fmt, time::Duration};

use bytes::Bytes;

use self::{
    deliveries::Deliveries, ending::Failure, frames::Subscription, receipts::Receipts,
    transactions::Transaction,
};
pub use self::{
    demand::{AckMode, BrokerLimits, Delivered, Delivery, Demand, Relayed, Settlement, Step, Verdict},
    receipts::Ticket,
};
use super::{
    HEART_BEAT,
    beats::Beats,
    codec::{DecodeErrorKind, Decoder, Frame, Limits, Version},
};

/// How long the ERROR for a wrong frame waits for what was asked for in front of it.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a session allows.
#[derive(Debug, Clone)]
pub struct Config {
    /// The `server` header of CONNECTED: `name/version`.
    pub server: &'static str,
    /// How long a stranger may take until CONNECT.
    pub connect_timeout: Duration,
    /// How long a frame may take from its first octet to its last.
    pub frame_timeout: Duration,
    /// The shortest and longest interval of heart-beats.
    pub heart_beat: (Duration, Duration),
    /// How many subscriptions one session may have.
    pub subscriptions: usize,
    /// What frames may cost once CONNECT was accepted.
    pub limits: Limits,
    /// Acknowledgements and transactions; `None` refuses them with an ERROR. Whoever offers them asks with
    /// [`ServerSession::next_demand`].
    pub broker: Option<BrokerLimits>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            server: concat!("EchoPulse/", env!("CARGO_PKG_VERSION")),
            connect_timeout: Duration::from_secs(10),
            frame_timeout: Duration::from_secs(60),
            heart_beat: (Duration::from_secs(5), Duration::from_secs(60)),
            subscriptions: 500,
            limits: Limits::CONNECTED,
            broker: None,
        }
    }
}

/// Close codes of the WebSocket that carries a session.
pub mod close {
    /// The session ended as it should.
    pub const NORMAL: u16 = 1000;
    /// The service is being stopped.
    pub const GOING_AWAY: u16 = 1001;
    /// A frame was wrong.
    pub const PROTOCOL: u16 = 1002;
    /// A text message was not UTF-8.
    pub const NOT_UTF8: u16 = 1007;
    /// A frame was too large.
    pub const TOO_LARGE: u16 = 1009;
    /// Our fault.
    pub const INTERNAL: u16 = 1011;
    /// The token is missing, wrong or over: get another one.
    pub const UNAUTHENTICATED: u16 = 4401;
    /// The account may not use this deployment: do not come back.
    pub const FORBIDDEN: u16 = 4403;
    /// No CONNECT in time, or no heart-beat.
    pub const TIMEOUT: u16 = 4408;
    /// Too many connections in a row: come back later.
    pub const TOO_MANY: u16 = 4429;
    /// The reader is too slow: come back and resume.
    pub const SLOW: u16 = 4413;
}

/// What a client wants.
#[derive(Debug)]
pub enum Request {
    /// To begin. Decide with [`ServerSession::accept`] or [`ServerSession::fail`].
    Connect(Frame),
    /// To send. If there is a ticket, settle it.
    Send {
        /// Where to.
        destination: String,
        /// The frame.
        frame: Frame,
        /// The receipt asked for.
        ticket: Option<Ticket>,
    },
    /// To subscribe. Decide with [`ServerSession::accept_subscription`] or [`ServerSession::refuse_subscription`].
    Subscribe {
        /// The subscription's id. That of a 1.0 subscription without one holds a NUL, which no header can:
        /// [`SharedMessage`](super::SharedMessage) leaves it out.
        id: String,
        /// What to.
        destination: String,
        /// The frame.
        frame: Frame,
    },
    /// To end a subscription, which the session has forgotten already.
    Unsubscribe {
        /// The subscription's id.
        id: String,
    },
    /// To end the session. Everything accepted before is still to be finished; then the socket is closed.
    Disconnect,
}

/// What goes to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// One frame or heart-beat: one WebSocket message.
    Frame(Bytes),
    /// The end, with a close code.
    Close(u16, String),
}

#[derive(Debug)]
enum Phase {
    /// CONNECT has to come until then.
    New(Duration),
    /// The application decides about CONNECT, until then.
    Connecting(Frame, Duration),
    Ready,
    /// The application decides about this SUBSCRIBE.
    Subscribing(Subscription, Option<String>),
    /// DISCONNECT was handed out, or the session failed.
    Over,
}

/// Since when half a frame waits for its rest.
#[derive(Debug, Default)]
struct Drip {
    since: Duration,
    /// The decoder was asked for a frame and had half of one. What it was not asked about yet may be whole.
    waits: bool,
}

impl Drip {
    const fn fed(&mut self, was_empty: bool, now: Duration) {
        self.waits = false;
        if was_empty {
            self.since = now;
        }
    }

    /// A frame was whole, and what stands behind it came last.
    const fn begun(&mut self, heard_at: Duration) {
        self.since = heard_at;
    }
}

/// The server's side of a session.
pub struct ServerSession {
    config: Config,
    decoder: Decoder,
    version: Version,
    phase: Phase,
    subscriptions: Vec<Subscription>,
    /// Subscriptions that the server refused or ended: an UNSUBSCRIBE that is on its way is no mistake.
    ended: VecDeque<Subscription>,
    receipts: Receipts,
    deliveries: Deliveries,
    transactions: Vec<Transaction>,
    failure: Option<Failure>,
    output: VecDeque<Output>,
    beats: Beats,
    drip: Drip,
}

impl ServerSession {
    /// A session whose socket was opened at `now`.
    #[must_use]
    pub fn new(config: Config, now: Duration) -> Self {
        let connect_due = now + config.connect_timeout;
        Self {
            config,
            decoder: Decoder::new(Limits::BEFORE_CONNECT),
            version: Version::V12,
            phase: Phase::New(connect_due),
            subscriptions: Vec::new(),
            ended: VecDeque::new(),
            receipts: Receipts::default(),
            deliveries: Deliveries::default(),
            transactions: Vec::new(),
            failure: None,
            output: VecDeque::new(),
            beats: Beats::new(now),
            drip: Drip::default(),
        }
    }

    /// The version that was agreed on; 1.2 before that.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Takes octets. Any octet counts as activity ("Heart-beating").
    ///
    /// Stop reading while requests are not taken, or a decision is awaited: a session that holds more than one frame when further
    /// octets come ends as too large.
    pub fn receive(&mut self, chunk: Bytes, now: Duration) {
        if self.is_over() {
            return;
        }
        self.beats.heard(now);
        if self.decoder.pending() > self.config.limits.frame {
            return self.fail(close::TOO_LARGE, "too-large", "more came than is taken at a time");
        }
        self.drip.fed(self.decoder.pending() == 0, now);
        self.decoder.feed(chunk);
    }

    /// Whether the session is over: nothing that comes in is looked at any more.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    /// The next thing the client wants; `None` while a decision is awaited, or more octets. For sessions without
    /// [`Config::broker`]: what only a broker has ends the session here.
    pub fn next_request(&mut self) -> Option<Request> {
        match self.next_demand()? {
            Demand::Request(request) => Some(request),
            Demand::Settle { .. } | Demand::Commit { .. } => {
                self.fail(close::INTERNAL, "internal", "acknowledgements and transactions are not looked at");
                None
            }
        }
    }

    /// The next thing the client wants, with all that a broker has; `None` while a decision is awaited, or more octets.
    pub fn next_demand(&mut self) -> Option<Demand> {
        while matches!(self.phase, Phase::New(_) | Phase::Ready) {
            let frame = match self.decoder.next() {
                Ok(Some(frame)) => frame,
                Ok(None) => {
                    self.drip.waits = self.decoder.pending() > 0;
                    return None;
                }
                Err(error) => {
                    let (close, code) = match error.kind {
                        DecodeErrorKind::Malformed => (close::PROTOCOL, "malformed-frame"),
                        DecodeErrorKind::TooLarge => (close::TOO_LARGE, "too-large"),
                    };
                    self.fail_in_turn(close, code, error.text, error.receipt.as_deref());
                    return None;
                }
            };
            self.drip.begun(self.beats.heard_at());
            if let Some(demand) = self.take(frame) {
                return Some(demand);
            }
        }
        None
    }

    /// The next thing to write, in order.
    pub fn next_output(&mut self, now: Duration) -> Option<Output> {
        let output = self.output.pop_front()?;
        self.beats.sent(now);
        Some(output)
    }

    /// Notes that the application wrote a frame of its own, which is as good as a heart-beat.
    pub const fn sent(&mut self, now: Duration) {
        self.beats.sent(now);
    }

    /// When [`ServerSession::tick`] is to be called next.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        match self.phase {
            Phase::New(due) | Phase::Connecting(_, due) => Some(due),
            Phase::Ready => [self.beats.deadline(), self.frame_due()].into_iter().flatten().min(),
            Phase::Subscribing(..) => self.beats.deadline(),
            Phase::Over => self.failure.as_ref().map(|_| self.beats.heard_at() + PATIENCE),
        }
    }

    /// Lets time pass: heart-beats leave, and silence ends the session.
    pub fn tick(&mut self, now: Duration) {
        match self.phase {
            Phase::New(due) | Phase::Connecting(_, due) => {
                if now >= due {
                    self.fail(close::TIMEOUT, "connect-timeout", "no CONNECT came in time");
                }
            }
            Phase::Over => {
                if self.deadline().is_some_and(|due| now >= due) {
                    self.receipts.clear();
                    self.end_if_settled();
                }
            }
            Phase::Ready if self.frame_due().is_some_and(|due| now >= due) => {
                self.fail(close::TIMEOUT, "frame-timeout", "the rest of a frame did not come in time");
            }
            Phase::Ready | Phase::Subscribing(..) => self.beat(now),
        }
    }

    /// When the rest of a frame has to be there, if half of one is.
    fn frame_due(&self) -> Option<Duration> {
        self.drip.waits.then(|| self.drip.since + self.config.frame_timeout)
    }

    fn beat(&mut self, now: Duration) {
        if matches!(self.phase, Phase::Subscribing(..)) && self.beats.is_silent(now) {
            // Nothing is read while the application decides, so silence proves nothing.
            self.beats.heard(now);
        }
        if self.beats.is_silent(now) {
            self.fail(close::TIMEOUT, "heart-beat-missed", "nothing was heard for too long");
        } else if self.beats.take_beat(now) {
            self.output.push_back(Output::Frame(Bytes::from_static(HEART_BEAT)));
        }
    }
}

/// Shows no frames: they hold what people say.
impl fmt::Debug for ServerSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerSession")
            .field("version", &self.version)
            .field("phase", &self.phase)
            .field("subscriptions", &self.subscriptions.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
