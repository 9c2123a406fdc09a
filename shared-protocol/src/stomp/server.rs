//! The server's side of a session, as a state machine: octets and decisions in, requests and octets out.
//!
//! The session hands out one [`Request`] at a time. CONNECT and SUBSCRIBE wait for the application's decision before anything behind
//! them is handed out; SENDs do not, so that many can be committed together. Receipts leave in the order of their frames all the
//! same: each request that asked for one holds a [`Ticket`], and a ticket that is not settled holds back those behind it.
//!
//! Time is a [`Duration`] since any fixed moment.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;

use super::{
    HEART_BEAT,
    codec::{Command, DecodeErrorKind, Decoder, Frame, Limits, Version, encode},
};

/// What a session allows.
#[derive(Debug, Clone)]
pub struct Config {
    /// The `server` header of CONNECTED: `name/version`.
    pub server: &'static str,
    /// How long a stranger may take until CONNECT.
    pub connect_timeout: Duration,
    /// The shortest and longest interval of heart-beats.
    pub heart_beat: (Duration, Duration),
    /// How many subscriptions one session may have.
    pub subscriptions: usize,
    /// What frames may cost once CONNECT was accepted.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            server: concat!("EchoPulse/", env!("CARGO_PKG_VERSION")),
            connect_timeout: Duration::from_secs(10),
            heart_beat: (Duration::from_secs(5), Duration::from_secs(60)),
            subscriptions: 500,
            limits: Limits::CONNECTED,
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
    /// The reader is too slow: come back and resume.
    pub const SLOW: u16 = 4413;
}

/// The place of a receipt among the receipts of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

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
        /// The subscription's id.
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
    New,
    /// The application decides about CONNECT.
    Connecting(Frame),
    Ready,
    /// The application decides about this SUBSCRIBE.
    Subscribing {
        id: String,
        destination: String,
        receipt: Option<String>,
    },
    /// DISCONNECT was handed out, or the session failed.
    Over,
}

#[derive(Debug)]
struct Waiting {
    ticket: Ticket,
    receipt: String,
    /// The headers of the RECEIPT, once it may leave; `None` inside: it never will.
    settled: Option<Option<Vec<(&'static str, String)>>>,
}

/// The server's side of a session.
#[derive(Debug)]
pub struct ServerSession {
    config: Config,
    decoder: Decoder,
    version: Version,
    phase: Phase,
    subscriptions: Vec<(String, String)>,
    receipts: VecDeque<Waiting>,
    next_ticket: u64,
    output: VecDeque<Output>,
    /// How often we send at least, and expect at most; zero: never.
    sends_every: Duration,
    expects_every: Duration,
    sent_at: Duration,
    received_at: Duration,
}

impl ServerSession {
    /// A session whose socket was opened at `now`.
    #[must_use]
    pub fn new(config: Config, now: Duration) -> Self {
        Self {
            config,
            decoder: Decoder::new(Limits::BEFORE_CONNECT),
            version: Version::V12,
            phase: Phase::New,
            subscriptions: Vec::new(),
            receipts: VecDeque::new(),
            next_ticket: 0,
            output: VecDeque::new(),
            sends_every: Duration::ZERO,
            expects_every: Duration::ZERO,
            sent_at: now,
            received_at: now,
        }
    }

    /// The version that was agreed on; 1.2 before that.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Takes octets. Any octet counts as activity ("Heart-beating").
    pub fn receive(&mut self, chunk: Bytes, now: Duration) {
        self.received_at = now;
        self.decoder.feed(chunk);
    }

    /// Whether the session is over: nothing that comes in is looked at any more.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    /// The next thing the client wants; `None` while a decision is awaited, or more octets.
    pub fn next_request(&mut self) -> Option<Request> {
        while matches!(self.phase, Phase::New | Phase::Ready) {
            let frame = match self.decoder.next() {
                Ok(Some(frame)) => frame,
                Ok(None) => return None,
                Err(error) => {
                    let code = match error.kind {
                        DecodeErrorKind::Malformed => close::PROTOCOL,
                        DecodeErrorKind::TooLarge => close::TOO_LARGE,
                    };
                    self.fail_with(code, "malformed-frame", error.text, error.receipt.as_deref());
                    return None;
                }
            };
            if let Some(request) = self.take(frame) {
                return Some(request);
            }
        }
        None
    }

    fn take(&mut self, frame: Frame) -> Option<Request> {
        let command = frame.command();
        match (&self.phase, command) {
            (Phase::New, Command::Connect | Command::Stomp) => self.take_connect(frame),
            (Phase::New, _) => self.fail_frame(&frame, "not-connected", "the first frame has to be CONNECT"),
            (_, Command::Connect | Command::Stomp) => {
                self.fail_frame(&frame, "malformed-frame", "the session is connected already")
            }
            (_, Command::Send) => self.take_send(frame),
            (_, Command::Subscribe) => self.take_subscribe(frame),
            (_, Command::Unsubscribe) => self.take_unsubscribe(&frame),
            (_, Command::Disconnect) => {
                self.receipt_now(&frame);
                self.phase = Phase::Over;
                Some(Request::Disconnect)
            }
            (_, Command::Nack) if self.version == Version::V10 => {
                self.fail_frame(&frame, "malformed-frame", "there is no such command")
            }
            (_, Command::Ack | Command::Nack | Command::Begin | Command::Commit | Command::Abort) => self
                .fail_frame(&frame, "malformed-frame", "acknowledgements and transactions are not offered"),
            _ => self.fail_frame(&frame, "malformed-frame", "there is no such command"),
        }
    }

    fn take_connect(&mut self, frame: Frame) -> Option<Request> {
        let Some(version) = Version::negotiate(frame.header("accept-version").as_deref()) else {
            self.refuse_version();
            return None;
        };
        if frame.header("heart-beat").is_some_and(|header| parse_heart_beat(&header).is_none()) {
            return self.fail_frame(
                &frame,
                "malformed-frame",
                "heart-beat is not two numbers of milliseconds",
            );
        }
        self.version = version;
        self.phase = Phase::Connecting(frame.clone());
        Some(Request::Connect(frame))
    }

    fn refuse_version(&mut self) {
        let headers =
            [("version", "1.0,1.1,1.2"), ("content-type", "text/plain"), ("message", "unsupported-version")];
        let body = "Supported protocol versions are 1.0, 1.1 and 1.2";
        self.output.push_back(Output::Frame(encode(
            Command::Error,
            &headers,
            Some(body.as_bytes()),
            Version::V10,
        )));
        self.close(close::PROTOCOL, "unsupported-version");
    }

    /// Accepts CONNECT. `session` is unique; `user` is who they are. Neither may hold a line end or a NUL; what does is left out.
    pub fn accept(&mut self, session: &str, user: &str, now: Duration) {
        let Phase::Connecting(frame) = std::mem::replace(&mut self.phase, Phase::Ready) else { return };
        let (theirs_out, theirs_in) = frame
            .header("heart-beat")
            .and_then(|header| parse_heart_beat(&header))
            .filter(|_| self.version != Version::V10)
            .unwrap_or_default();
        let (least, most) = self.config.heart_beat;
        let clamp = |asked: Duration| if asked.is_zero() { asked } else { asked.clamp(least, most) };
        self.sends_every = clamp(theirs_in);
        self.expects_every = clamp(theirs_out);
        self.received_at = now;
        self.decoder.set(self.version, self.config.limits);
        let beats = format!("{},{}", self.sends_every.as_millis(), self.expects_every.as_millis());
        let headers = [
            ("version", self.version.as_str()),
            ("session", session),
            ("server", self.config.server),
            ("heart-beat", &beats),
            ("user-name", user),
        ];
        self.output.push_back(Output::Frame(encode(Command::Connected, &headers, None, self.version)));
    }

    fn take_send(&mut self, frame: Frame) -> Option<Request> {
        let Some(destination) = frame.header("destination").map(|text| text.into_owned()) else {
            return self.fail_frame(&frame, "malformed-frame", "SEND has no destination");
        };
        if frame.header("transaction").is_some() {
            return self.fail_frame(&frame, "malformed-frame", "transactions are not offered");
        }
        let ticket = frame.header("receipt").map(|receipt| self.issue(receipt.into_owned()));
        Some(Request::Send { destination, frame, ticket })
    }

    fn take_subscribe(&mut self, frame: Frame) -> Option<Request> {
        let Some(destination) = frame.header("destination").map(|text| text.into_owned()) else {
            return self.fail_frame(&frame, "malformed-frame", "SUBSCRIBE has no destination");
        };
        let id = match frame.header("id") {
            Some(id) => id.into_owned(),
            None if self.version == Version::V10 => destination.clone(),
            None => return self.fail_frame(&frame, "malformed-frame", "SUBSCRIBE has no id"),
        };
        if self.subscriptions.iter().any(|(known, _)| *known == id) {
            return self.fail_frame(&frame, "duplicate-subscription", "the subscription's id is in use");
        }
        if self.subscriptions.len() >= self.config.subscriptions {
            return self.fail_frame(
                &frame,
                "too-many-subscriptions",
                "the session has as many subscriptions as it may",
            );
        }
        match frame.header("ack").as_deref() {
            None | Some("auto") => {}
            Some("client" | "client-individual") => {
                return self.fail_frame(&frame, "malformed-frame", "only ack:auto is offered");
            }
            Some(_) => return self.fail_frame(&frame, "malformed-frame", "there is no such ack mode"),
        }
        let receipt = frame.header("receipt").map(|text| text.into_owned());
        self.phase = Phase::Subscribing { id: id.clone(), destination: destination.clone(), receipt };
        Some(Request::Subscribe { id, destination, frame })
    }

    /// Accepts the SUBSCRIBE at hand. Its RECEIPT, if one was asked for, is in the output before this returns: write it
    /// before any message of the subscription. `headers` say where the subscription begins.
    pub fn accept_subscription_at(&mut self, headers: Vec<(&'static str, String)>) {
        let Phase::Subscribing { id, destination, receipt } =
            std::mem::replace(&mut self.phase, Phase::Ready)
        else {
            return;
        };
        self.subscriptions.push((id, destination));
        if let Some(receipt) = receipt {
            let ticket = self.issue(receipt);
            self.settle(ticket, Some(headers));
        }
    }

    /// Like [`ServerSession::accept_subscription_at`], for what begins nowhere.
    pub fn accept_subscription(&mut self) {
        self.accept_subscription_at(Vec::new());
    }

    /// Refuses the SUBSCRIBE at hand: no RECEIPT, and its id is free again. Answers the `receipt` it asked for.
    pub fn refuse_subscription(&mut self) -> Option<String> {
        match std::mem::replace(&mut self.phase, Phase::Ready) {
            Phase::Subscribing { receipt, .. } => receipt,
            other => {
                self.phase = other;
                None
            }
        }
    }

    /// Forgets a subscription that ended from the server's side; its id is free again.
    pub fn forget_subscription(&mut self, id: &str) {
        self.subscriptions.retain(|(known, _)| known != id);
    }

    fn take_unsubscribe(&mut self, frame: &Frame) -> Option<Request> {
        let found = match (frame.header("id"), frame.header("destination")) {
            (Some(id), _) => self.subscriptions.iter().position(|(known, _)| *known == id),
            (None, Some(destination)) if self.version == Version::V10 => {
                self.subscriptions.iter().position(|(_, known)| *known == destination)
            }
            _ => return self.fail_frame(frame, "malformed-frame", "UNSUBSCRIBE has no id"),
        };
        let Some(at) = found else {
            return self.fail_frame(frame, "malformed-frame", "there is no subscription with that id");
        };
        let (id, _) = self.subscriptions.remove(at);
        self.receipt_now(frame);
        Some(Request::Unsubscribe { id })
    }

    // Receipts.

    fn issue(&mut self, receipt: String) -> Ticket {
        self.next_ticket += 1;
        let ticket = Ticket(self.next_ticket);
        self.receipts.push_back(Waiting { ticket, receipt, settled: None });
        ticket
    }

    fn receipt_now(&mut self, frame: &Frame) {
        if let Some(receipt) = frame.header("receipt").map(|text| text.into_owned()) {
            let ticket = self.issue(receipt);
            self.settle(ticket, Some(Vec::new()));
        }
    }

    /// Settles a ticket: with headers its RECEIPT leaves as soon as those before it have; without, it never does. Answers the
    /// `receipt` it was for.
    pub fn settle(&mut self, ticket: Ticket, headers: Option<Vec<(&'static str, String)>>) -> Option<String> {
        let waiting = self.receipts.iter_mut().find(|waiting| waiting.ticket == ticket)?;
        waiting.settled = Some(headers);
        let receipt = waiting.receipt.clone();
        while let Some(waiting) = self.receipts.pop_front_if(|waiting| waiting.settled.is_some()) {
            let Some(headers) = waiting.settled.flatten() else { continue };
            let mut all = vec![("receipt-id", waiting.receipt.as_str())];
            all.extend(headers.iter().map(|(name, value)| (*name, value.as_str())));
            self.output.push_back(Output::Frame(encode(Command::Receipt, &all, None, self.version)));
        }
        Some(receipt)
    }

    /// Whether a receipt is still owed.
    #[must_use]
    pub fn owes_receipts(&self) -> bool {
        !self.receipts.is_empty()
    }

    // Endings.

    fn fail_frame<T>(&mut self, frame: &Frame, code: &str, text: &str) -> Option<T> {
        // "receipt" is for "any client frame other than CONNECT".
        let receipt = frame.header("receipt").filter(|_| !frame.command().is_unescaped());
        self.fail_with(close::PROTOCOL, code, text, receipt.as_deref());
        None
    }

    /// Ends the session with an ERROR and a close code. Frames behind are not looked at.
    pub fn fail(&mut self, close: u16, code: &str, text: &str) {
        self.fail_with(close, code, text, None);
    }

    fn fail_with(&mut self, close: u16, code: &str, text: &str, receipt: Option<&str>) {
        if self.is_over() {
            return;
        }
        let mut headers = vec![("message", code), ("content-type", "text/plain")];
        headers.extend(receipt.map(|receipt| ("receipt-id", receipt)));
        self.output.push_back(Output::Frame(encode(
            Command::Error,
            &headers,
            Some(text.as_bytes()),
            self.version,
        )));
        self.close(close, code);
    }

    /// Ends the session with a close code alone.
    pub fn close(&mut self, code: u16, reason: &str) {
        self.phase = Phase::Over;
        self.receipts.clear();
        self.output.push_back(Output::Close(code, reason.to_owned()));
    }

    // Output and time.

    /// The next thing to write, in order.
    pub fn next_output(&mut self, now: Duration) -> Option<Output> {
        let output = self.output.pop_front()?;
        self.sent_at = now;
        Some(output)
    }

    /// Notes that the application wrote a frame of its own, which is as good as a heart-beat.
    pub const fn sent(&mut self, now: Duration) {
        self.sent_at = now;
    }

    /// When [`ServerSession::tick`] is to be called next.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        match self.phase {
            Phase::Over => None,
            Phase::New | Phase::Connecting(_) => Some(self.received_at + self.config.connect_timeout),
            _ => [self.beat_due(), self.silence_due()].into_iter().flatten().min(),
        }
    }

    fn beat_due(&self) -> Option<Duration> {
        (!self.sends_every.is_zero()).then(|| self.sent_at + self.sends_every)
    }

    fn silence_due(&self) -> Option<Duration> {
        let patience = self.expects_every * 2 + Duration::from_secs(1);
        (!self.expects_every.is_zero()).then(|| self.received_at + patience)
    }

    /// Lets time pass: heart-beats leave, and silence ends the session.
    pub fn tick(&mut self, now: Duration) {
        match self.phase {
            Phase::Over => {}
            Phase::New | Phase::Connecting(_) if now < self.received_at + self.config.connect_timeout => {}
            Phase::New | Phase::Connecting(_) => {
                self.fail(close::TIMEOUT, "connect-timeout", "no CONNECT came in time");
            }
            _ if self.silence_due().is_some_and(|due| now >= due) => {
                self.fail(close::TIMEOUT, "heart-beat-missed", "nothing was heard for too long");
            }
            _ if self.beat_due().is_some_and(|due| now >= due) => {
                self.output.push_back(Output::Frame(Bytes::from_static(HEART_BEAT)));
            }
            _ => {}
        }
    }
}

/// The two numbers of a `heart-beat` header.
pub(super) fn parse_heart_beat(header: &str) -> Option<(Duration, Duration)> {
    let (out, expected) = header.split_once(',')?;
    let number = |text: &str| -> Option<Duration> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let milli: u32 = digits.then(|| text.parse().ok()).flatten()?;
        Some(Duration::from_millis(milli.into()))
    };
    Some((number(out.trim())?, number(expected.trim())?))
}

#[cfg(test)]
mod tests;
