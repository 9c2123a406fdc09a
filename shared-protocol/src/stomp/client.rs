//! The client's side of a session, as a state machine: octets in, events out; commands in, octets out.
//!
//! Time is a [`Duration`] since any fixed moment.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;

use super::{
    HEART_BEAT,
    codec::{Command, DecodeError, Decoder, Frame, Limits, Version, encode},
    server::parse_heart_beat,
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
#[derive(Debug)]
pub struct ClientSession {
    decoder: Decoder,
    version: Version,
    connected: bool,
    over: bool,
    output: VecDeque<Bytes>,
    sends_every: Duration,
    expects_every: Duration,
    sent_at: Duration,
    received_at: Duration,
}

impl ClientSession {
    /// A session that sends CONNECT with `token` as soon as its output is written.
    #[must_use]
    pub fn new(host: &str, token: &str, limits: Limits, now: Duration) -> Self {
        let bearer = format!("Bearer {token}");
        let beats = format!("{HEART_BEAT_MS},{HEART_BEAT_MS}");
        let headers = [
            ("accept-version", "1.2,1.1,1.0"),
            ("host", host),
            ("heart-beat", &beats),
            ("Authorization", &bearer),
        ];
        let connect = encode(Command::Connect, &headers, None, Version::V12);
        Self {
            decoder: Decoder::new(limits),
            version: Version::V12,
            connected: false,
            over: false,
            output: VecDeque::from([connect]),
            sends_every: Duration::ZERO,
            expects_every: Duration::ZERO,
            sent_at: now,
            received_at: now,
        }
    }

    /// Takes octets.
    pub fn receive(&mut self, chunk: Bytes, now: Duration) {
        self.received_at = now;
        self.decoder.feed(chunk);
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
                self.decoder.set(self.version, Limits::CONNECTED);
                self.connected = true;
                let (theirs_out, theirs_in) =
                    text("heart-beat").and_then(|header| parse_heart_beat(&header)).unwrap_or_default();
                let ours = Duration::from_millis(HEART_BEAT_MS.into());
                let agree = |asked: Duration| if asked.is_zero() { asked } else { asked.max(ours) };
                self.sends_every = agree(theirs_in);
                self.expects_every = agree(theirs_out);
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

    /// Sends to a destination.
    pub fn send(&mut self, destination: &str, headers: &[(&str, &str)], body: &[u8]) {
        let mut all = vec![("destination", destination), ("content-type", "application/json")];
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

    /// Ends the session; nothing is sent behind it.
    pub fn disconnect(&mut self, receipt: &str) {
        self.push(Command::Disconnect, &[("receipt", receipt)], None);
        self.over = true;
    }

    fn push(&mut self, command: Command, headers: &[(&str, &str)], body: Option<&[u8]>) {
        if !self.over {
            self.output.push_back(encode(command, headers, body, self.version));
        }
    }

    /// The next frame to write, in order.
    pub fn next_output(&mut self, now: Duration) -> Option<Bytes> {
        let output = self.output.pop_front()?;
        self.sent_at = now;
        Some(output)
    }

    /// When [`ClientSession::tick`] is to be called next.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        [self.beat_due(), self.silence_due()].into_iter().flatten().min()
    }

    fn beat_due(&self) -> Option<Duration> {
        (self.connected && !self.sends_every.is_zero()).then(|| self.sent_at + self.sends_every)
    }

    fn silence_due(&self) -> Option<Duration> {
        let patience = self.expects_every * 2 + Duration::from_secs(1);
        (self.connected && !self.expects_every.is_zero()).then(|| self.received_at + patience)
    }

    /// Lets time pass: heart-beats leave. Answers whether the server is still heard.
    pub fn tick(&mut self, now: Duration) -> bool {
        if self.silence_due().is_some_and(|due| now >= due) {
            return false;
        }
        if self.beat_due().is_some_and(|due| now >= due) {
            self.output.push_back(Bytes::from_static(HEART_BEAT));
        }
        true
    }
}

#[cfg(test)]
mod tests;
