//! Octets to frames. Every octet is looked at once, whatever the chunks, and every limit is held while a count grows.

use std::{fmt, mem, ops::Range};

use bytes::{Bytes, BytesMut};
use memchr::{memchr, memchr2, memchr3};

use super::{
    Command, DecodeError, DecodeErrorKind, Frame, Limits, Version, escape,
    frame::{Slot, Slots},
};

/// Where in a frame the decoder stands. Places count from the frame's first octet.
#[derive(Debug)]
enum State {
    /// Between frames.
    Between,
    /// In the command line.
    Command,
    /// In the header lines; this one begins at `line`.
    Headers { command: Command, line: usize },
    /// In the body, which begins at `from`.
    Body { command: Command, from: usize, length: Option<usize> },
    /// Behind an error.
    Poisoned(DecodeError),
}

/// Reads frames from chunks of octets.
pub struct Decoder {
    version: Version,
    limits: Limits,
    /// A chunk that is read in place.
    chunk: Bytes,
    /// What is left of earlier chunks, and all that came since, while a frame is incomplete.
    kept: BytesMut,
    /// Everything in front of it was looked at.
    seen: usize,
    slots: Slots,
    /// Which of them is the first `content-length`.
    length: Option<usize>,
    state: State,
}

type Flaw = (DecodeErrorKind, &'static str);
type Step<T> = Result<Option<T>, Flaw>;

const MALFORMED: DecodeErrorKind = DecodeErrorKind::Malformed;
const TOO_LARGE: DecodeErrorKind = DecodeErrorKind::TooLarge;
const LONE_RETURN: &str = "a carriage return is not followed by a line feed";
const FRAME_TOO_LARGE: &str = "the frame is too large";

impl Decoder {
    /// A decoder with these limits, which reads escapes as 1.2 does until told otherwise.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            version: Version::V12,
            limits,
            chunk: Bytes::new(),
            kept: BytesMut::new(),
            seen: 0,
            slots: Slots::new(),
            length: None,
            state: State::Between,
        }
    }

    /// Reads frames that were not begun yet as `version` does, within `limits`.
    pub fn set(&mut self, version: Version, limits: Limits) {
        self.version = version;
        self.limits = limits;
    }

    /// Takes a chunk. It is read in place if nothing was left of the one before.
    pub fn feed(&mut self, chunk: Bytes) {
        if matches!(self.state, State::Poisoned(_)) {
            return;
        }
        if self.chunk.is_empty() && self.kept.is_empty() {
            self.chunk = chunk;
            return;
        }
        self.keep();
        self.kept.extend_from_slice(&chunk);
    }

    /// Copies what is left of a chunk that was read in place.
    fn keep(&mut self) {
        let chunk = mem::take(&mut self.chunk);
        self.kept.extend_from_slice(&chunk);
    }

    /// Octets that wait for the rest of their frame.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.view().len()
    }

    fn view(&self) -> &[u8] {
        if self.kept.is_empty() { &self.chunk } else { &self.kept }
    }

    /// Cuts the first `length` octets off.
    fn cut(&mut self, length: usize) -> Bytes {
        if self.kept.is_empty() { self.chunk.split_to(length) } else { self.kept.split_to(length).freeze() }
    }

    /// The next whole frame; `None`: more octets are needed. After an error there is nothing but that error.
    #[allow(clippy::should_implement_trait, reason = "a decoder that needs more octets is not at its end")]
    pub fn next(&mut self) -> Result<Option<Frame>, DecodeError> {
        if let State::Poisoned(error) = &self.state {
            return Err(error.clone());
        }
        match self.step() {
            Ok(Some(frame)) => Ok(Some(frame)),
            Ok(None) => {
                self.keep();
                Ok(None)
            }
            Err((kind, text)) => {
                let error = DecodeError { kind, text, receipt: self.receipt() };
                self.chunk = Bytes::new();
                self.kept = BytesMut::new();
                self.state = State::Poisoned(error.clone());
                Err(error)
            }
        }
    }

    fn step(&mut self) -> Step<Frame> {
        loop {
            let went_on = match self.state {
                State::Between => self.between(),
                State::Command => self.command()?.is_some(),
                State::Headers { command, line } => self.header(command, line)?.is_some(),
                State::Body { command, from, length } => return self.body(command, from, length),
                State::Poisoned(_) => false,
            };
            if !went_on {
                return Ok(None);
            }
        }
    }

    /// Skips line ends and stray NULs between frames.
    fn between(&mut self) -> bool {
        let skipped = self.view().iter().take_while(|octet| matches!(octet, b'\n' | b'\r' | 0)).count();
        if skipped > 0 {
            let _ = self.cut(skipped);
        }
        let begun = !self.view().is_empty();
        if begun {
            self.seen = 0;
            self.slots.clear();
            self.length = None;
            self.state = State::Command;
        }
        begun
    }

    /// Whether `reached` octets of a frame are too many, and why, if its last line began at `from` and has not ended yet. Of two limits
    /// the one counts that was reached first, so that chunks make no difference.
    const fn is_too_long(
        &self,
        from: usize,
        reached: usize,
        limit: usize,
        what: &'static str,
    ) -> Result<(), Flaw> {
        // A carriage return may stand behind the longest line.
        let (line, frame) = (from + limit + 2, self.limits.frame + 1);
        if reached >= line && line <= frame {
            return Err((TOO_LARGE, what));
        }
        if reached >= frame {
            return Err((TOO_LARGE, FRAME_TOO_LARGE));
        }
        Ok(())
    }

    /// The line that begins at `from`, without its end, and where the next one begins.
    fn line(&mut self, from: usize, limit: usize, what: &'static str) -> Step<(usize, usize)> {
        let view = self.view();
        let Some(found) = memchr2(b'\n', 0, &view[self.seen..]) else {
            let reached = view.len();
            self.is_too_long(from, reached, limit, what)?;
            self.seen = reached;
            return Ok(None);
        };
        let end = self.seen + found;
        self.is_too_long(from, end, limit, what)?;
        if view[end] == 0 {
            return Err((
                MALFORMED,
                "a NUL stands in the head of the frame; a blank line has to end the head",
            ));
        }
        let without_return = if end > from && view[end - 1] == b'\r' { end - 1 } else { end };
        if without_return - from > limit {
            return Err((TOO_LARGE, what));
        }
        if end >= self.limits.frame {
            return Err((TOO_LARGE, FRAME_TOO_LARGE));
        }
        self.seen = end + 1;
        Ok(Some((without_return, end + 1)))
    }

    fn command(&mut self) -> Step<()> {
        let Some((end, next)) = self.line(0, Limits::COMMAND, "the command is too long")? else {
            return Ok(None);
        };
        let word = &self.view()[..end];
        let Some(command) = Command::parse(word) else {
            return Err((
                MALFORMED,
                if word.contains(&b'\r') { LONE_RETURN } else { "there is no such command" },
            ));
        };
        self.state = State::Headers { command, line: next };
        Ok(Some(()))
    }

    fn header(&mut self, command: Command, from: usize) -> Step<()> {
        let Some((end, next)) = self.line(from, self.limits.header_line, "a header line is too long")? else {
            return Ok(None);
        };
        if end == from {
            let length = self.content_length()?;
            self.check_size(next, length.unwrap_or_default())?;
            self.state = State::Body { command, from: next, length };
            return Ok(Some(()));
        }
        if self.slots.len() >= self.limits.headers {
            return Err((TOO_LARGE, "the frame has too many headers"));
        }
        let slot = self.slot(command, from, end)?;
        if self.length.is_none() && self.view().get(from..slot.colon as usize) == Some(b"content-length") {
            self.length = Some(self.slots.len());
        }
        self.slots.push(slot);
        self.state = State::Headers { command, line: next };
        Ok(Some(()))
    }

    fn slot(&self, command: Command, from: usize, end: usize) -> Result<Slot, Flaw> {
        let line = &self.view()[from..end];
        let (mut colon, mut backslash) = (None, false);
        let mut at = 0;
        // Behind the first colon another one is part of the value.
        while let Some(found) = match colon {
            None => memchr3(b':', b'\\', b'\r', &line[at..]),
            Some(_) => memchr2(b'\\', b'\r', &line[at..]),
        } {
            match line[at + found] {
                b'\r' => return Err((MALFORMED, LONE_RETURN)),
                b'\\' => backslash = true,
                _ => colon = Some(at + found),
            }
            at += found + 1;
        }
        let Ok(line) = std::str::from_utf8(line) else {
            return Err((MALFORMED, "the head of the frame is not UTF-8"));
        };
        let Some(colon) = colon else { return Err((MALFORMED, "a header line has no colon")) };
        if colon == 0 {
            return Err((MALFORMED, "a header has no name"));
        }
        let escaped = backslash && self.version != Version::V10 && !command.is_unescaped();
        let (name, value) = line.split_at(colon);
        if escaped && !(escape::is_valid(name, self.version) && escape::is_valid(&value[1..], self.version)) {
            return Err((MALFORMED, "a header has an escape that this version of STOMP does not know"));
        }
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Ok(Slot { from: place(from), colon: place(from + colon), end: place(end), escaped })
    }

    /// A part of the frame at hand that was proved to be UTF-8.
    fn text(&self, range: Range<usize>) -> Option<&str> {
        self.view().get(range).and_then(|octets| std::str::from_utf8(octets).ok())
    }

    /// The `receipt` of the frame at hand. CONNECT may not ask for one.
    fn receipt(&self) -> Option<String> {
        let (State::Headers { command, .. } | State::Body { command, .. }) = self.state else { return None };
        let slot = self.slots.iter().find(|slot| self.text(slot.name()) == Some("receipt"))?;
        let raw = self.text(slot.value()).filter(|_| !command.is_unescaped())?;
        Some(if slot.escaped { escape::decode(raw).into_owned() } else { raw.to_owned() })
    }

    fn content_length(&self) -> Result<Option<usize>, Flaw> {
        let Some(slot) = self.length.and_then(|place| self.slots.get(place)) else { return Ok(None) };
        let text = self.text(slot.value()).unwrap_or_default();
        if text.is_empty() || !text.bytes().all(|octet| octet.is_ascii_digit()) {
            return Err((MALFORMED, "content-length is not a number"));
        }
        text.parse().map(Some).map_err(|_| (MALFORMED, "content-length is not a number"))
    }

    /// Whether a body of so many octets, which begins at `from`, is within the limits.
    const fn check_size(&self, from: usize, length: usize) -> Result<(), Flaw> {
        // Of two limits the one counts that is reached first.
        let frame = self.limits.frame.saturating_sub(from);
        if length > self.limits.body && self.limits.body < frame {
            return Err((TOO_LARGE, "the body is too large"));
        }
        if length >= frame {
            return Err((TOO_LARGE, FRAME_TOO_LARGE));
        }
        Ok(())
    }

    fn body(&mut self, command: Command, from: usize, length: Option<usize>) -> Step<Frame> {
        // Seen at its first octet, so that nobody has to keep the rest of it. 1.0 says that such a body is ignored.
        if !command.has_body() && self.version != Version::V10 {
            let begun = self.view().get(from).is_some_and(|octet| *octet != 0);
            if length.map_or(begun, |length| length > 0) {
                return Err((MALFORMED, "only SEND, MESSAGE and ERROR have a body"));
            }
        }
        let Some(end) = self.body_end(from, length)? else { return Ok(None) };
        let mut head = self.cut(end + 1);
        let mut body = head.split_off(from);
        body.truncate(if command.has_body() { end - from } else { 0 });
        let slots = mem::take(&mut self.slots);
        self.seen = 0;
        self.state = State::Between;
        Ok(Some(Frame { command, head, slots, body }))
    }

    /// Where the body's NUL stands.
    fn body_end(&mut self, from: usize, length: Option<usize>) -> Step<usize> {
        let view = self.view();
        if let Some(length) = length {
            return match view.get(from + length) {
                None => Ok(None),
                Some(0) => Ok(Some(from + length)),
                Some(_) => Err((
                    MALFORMED,
                    "no NUL stands behind content-length octets; is it counted in octets, not characters?",
                )),
            };
        }
        let (found, available) = (memchr(0, &view[self.seen..]), view.len());
        let end = found.map(|found| self.seen + found);
        self.check_size(from, end.unwrap_or(available) - from)?;
        if end.is_none() {
            self.seen = available;
        }
        Ok(end)
    }
}

/// Shows no octets: they may be secret.
impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("version", &self.version)
            .field("pending", &self.pending())
            .finish_non_exhaustive()
    }
}
