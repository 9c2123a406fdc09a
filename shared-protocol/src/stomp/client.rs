//! The client's side of a session, as a state machine: octets in, events out; commands in, octets out.
//!
//! Time is a [`Duration`] since any fixed moment. Write what [`ClientSession::next_output`] hands out, one WebSocket message for each
//! frame; give what you read to [`ClientSession::receive`], then ask [`ClientSession::next_event`] until it has nothing; call
//! [`ClientSession::tick`] at [`ClientSession::deadline`]. The example `subscribe` does this over a WebSocket.

use std::{collections::VecDeque, fmt, time::Duration};

use bytes::Bytes;

use super::{
    HEART_BEAT,
    beats::{self, Beats},
    codec::{Command, DecodeError, Decoder, Frame, Limits, Version, encode},
};

/// How often we offer to send, and want to hear.
const HEART_BEAT_MS: u32 = 10_000;

/// What the server said.
#[derive(Debug)]
pub enum Event {
    /// The session began.
    Connected {
        /// The `session` header, if there was one.
        session: Option<String>,
    },
    /// A message of a subscription.
    Message(Frame),
    /// A frame with this `receipt` was processed; the frame has further headers.
    Receipt(String, Frame),
    /// The session is over.
    Error {
        /// The `message` header: a short reason.
        message: String,
        /// The body: what happened.
        detail: String,
        /// The `receipt` of the frame that caused it.
        receipt: Option<String>,
    },
}

/// The client's side of a session.
pub struct ClientSession {
    decoder: Decoder,
    limits: Limits,
    version: Version,
    /// DISCONNECT was sent: nothing follows it.
    leaving: bool,
    /// ERROR came: nothing that follows is looked at.
    over: bool,
    output: VecDeque<Bytes>,
    beats: Beats,
}

impl ClientSession {
    /// A session that sends CONNECT with `token` as soon as its output is written.
    #[must_use]
    pub fn new(host: &str, token: &str, limits: Limits, now: Duration) -> Self {
        let bearer = format!("Bearer {token}");
        Self::with_credentials(host, &[("Authorization", &bearer)], limits, now)
    }

    /// A session that sends CONNECT with these headers, `login` and `passcode` perhaps, as soon as its output is written.
    ///
    /// Headers of CONNECT are not escaped: one that holds a line end or a NUL is left out.
    #[must_use]
    pub fn with_credentials(host: &str, credentials: &[(&str, &str)], limits: Limits, now: Duration) -> Self {
        let beats = format!("{HEART_BEAT_MS},{HEART_BEAT_MS}");
        let mut headers = vec![("accept-version", "1.2,1.1,1.0"), ("host", host), ("heart-beat", &beats)];
        headers.extend_from_slice(credentials);
        let connect = encode(Command::Connect, &headers, None, Version::V12);
        Self {
            decoder: Decoder::new(limits),
            limits,
            version: Version::V12,
            leaving: false,
            over: false,
            output: VecDeque::from([connect]),
            beats: Beats::new(now),
        }
    }

    /// Takes octets.
    pub fn receive(&mut self, chunk: Bytes, now: Duration) {
        self.beats.heard(now);
        if !self.over {
            self.decoder.feed(chunk);
        }
    }

    /// The next thing the server said; `None`: more octets are needed. An error ends the session.
    pub fn next_event(&mut self) -> Result<Option<Event>, DecodeError> {
        while !self.over {
            let Some(frame) = self.decoder.next()? else { return Ok(None) };
            if let Some(event) = self.take(frame) {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    fn take(&mut self, frame: Frame) -> Option<Event> {
        let text = |name: &str| frame.header(name).map(|value| value.into_owned());
        match frame.command() {
            Command::Connected => {
                // 1.0 servers may leave the version out.
                self.version = Version::negotiate(text("version").as_deref()).unwrap_or(Version::V10);
                self.decoder.set(self.version, self.limits);
                let (theirs_out, theirs_in) =
                    text("heart-beat").and_then(|header| beats::parse(&header)).unwrap_or_default();
                let ours = Duration::from_millis(HEART_BEAT_MS.into());
                let agree = |asked: Duration| if asked.is_zero() { asked } else { asked.max(ours) };
                self.beats.agree(agree(theirs_in), agree(theirs_out));
                Some(Event::Connected { session: text("session") })
            }
            Command::Message => Some(Event::Message(frame)),
            Command::Receipt => text("receipt-id").map(|receipt| Event::Receipt(receipt, frame)),
            Command::Error => {
                self.over = true;
                Some(Event::Error {
                    message: text("message").unwrap_or_default(),
                    detail: String::from_utf8_lossy(frame.body()).into_owned(),
                    receipt: text("receipt-id"),
                })
            }
            // A server that speaks as a client does is not worth an argument.
            _ => None,
        }
    }

    /// The version that was agreed on; 1.2 before that.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Sends to a destination: JSON, unless a `content-type` says otherwise. With a `transaction` among the headers it waits for
    /// [`ClientSession::commit`].
    pub fn send(&mut self, destination: &str, headers: &[(&str, &str)], body: &[u8]) {
        let mut all = vec![("destination", destination)];
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            all.push(("content-type", "application/json"));
        }
        all.extend_from_slice(headers);
        self.push(Command::Send, &all, Some(body));
    }

    /// Subscribes to a destination under an id.
    pub fn subscribe(&mut self, id: &str, destination: &str, headers: &[(&str, &str)]) {
        let mut all = vec![("id", id), ("destination", destination)];
        all.extend_from_slice(headers);
        self.push(Command::Subscribe, &all, None);
    }

    /// Ends a subscription.
    pub fn unsubscribe(&mut self, id: &str) {
        self.push(Command::Unsubscribe, &[("id", id)], None);
    }

    /// Takes a message, and in the mode `client` all before it ("ACK"). Each version names it another way. Answers whether the message
    /// can be named: at 1.2 one of an `auto` subscription cannot.
    pub fn ack(&mut self, message: &Frame, headers: &[(&str, &str)]) -> bool {
        self.acknowledge(Command::Ack, message, headers)
    }

    /// Refuses a message ("NACK"). Answers whether it can be named, and at 1.0, which has no NACK, that it cannot.
    pub fn nack(&mut self, message: &Frame, headers: &[(&str, &str)]) -> bool {
        self.version != Version::V10 && self.acknowledge(Command::Nack, message, headers)
    }

    fn acknowledge(&mut self, command: Command, message: &Frame, headers: &[(&str, &str)]) -> bool {
        let names: &[(&str, &str)] = match self.version {
            Version::V12 => &[("ack", "id")],
            Version::V11 => &[("message-id", "message-id"), ("subscription", "subscription")],
            Version::V10 => &[("message-id", "message-id")],
        };
        let named: Option<Vec<_>> =
            names.iter().map(|(of, to)| message.header(of).map(|value| (*to, value))).collect();
        let Some(named) = named else { return false };
        let mut all: Vec<_> = named.iter().map(|(name, value)| (*name, &**value)).collect();
        all.extend_from_slice(headers);
        self.push(command, &all, None);
        true
    }

    /// Begins a transaction: frames with this `transaction` wait for its end ("BEGIN").
    pub fn begin(&mut self, transaction: &str, headers: &[(&str, &str)]) {
        self.transaction(Command::Begin, transaction, headers);
    }

    /// Lets all of a transaction happen ("COMMIT").
    pub fn commit(&mut self, transaction: &str, headers: &[(&str, &str)]) {
        self.transaction(Command::Commit, transaction, headers);
    }

    /// Lets nothing of a transaction happen ("ABORT").
    pub fn abort(&mut self, transaction: &str, headers: &[(&str, &str)]) {
        self.transaction(Command::Abort, transaction, headers);
    }

    fn transaction(&mut self, command: Command, transaction: &str, headers: &[(&str, &str)]) {
        let mut all = vec![("transaction", transaction)];
        all.extend_from_slice(headers);
        self.push(command, &all, None);
    }

    /// Ends the session; nothing is sent behind it. What the server still says, the RECEIPT above all, is heard.
    pub fn disconnect(&mut self, receipt: &str) {
        self.push(Command::Disconnect, &[("receipt", receipt)], None);
        self.leaving = true;
    }

    fn push(&mut self, command: Command, headers: &[(&str, &str)], body: Option<&[u8]>) {
        if !self.over && !self.leaving {
            self.output.push_back(encode(command, headers, body, self.version));
        }
    }

    /// The next frame to write, in order.
    pub fn next_output(&mut self, now: Duration) -> Option<Bytes> {
        let output = self.output.pop_front()?;
        self.beats.sent(now);
        Some(output)
    }

    /// When [`ClientSession::tick`] is to be called next.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.beats.deadline()
    }

    /// Lets time pass: heart-beats leave. Answers whether the server is still heard.
    pub fn tick(&mut self, now: Duration) -> bool {
        if self.beats.is_silent(now) {
            return false;
        }
        if self.beats.take_beat(now) && !self.leaving {
            self.output.push_back(Bytes::from_static(HEART_BEAT));
        }
        true
    }
}

/// Shows no frames: CONNECT holds the token.
impl fmt::Debug for ClientSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSession")
            .field("version", &self.version)
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
