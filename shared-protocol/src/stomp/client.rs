//! The client's side of a session, as a state machine: octets in, events out; commands in, octets out.
//!
//! Time is a [`Duration`] since any fixed moment.

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
