//! A decoded frame: slices of the octets it came in.

use std::{borrow::Cow, fmt, ops::Range};

use bytes::Bytes;
use smallvec::SmallVec;

use super::escape;

macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// What a frame is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Command { $($(#[$doc])* $name,)* }

        impl Command {
            /// The word on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// Reads a word, which is case sensitive.
            #[must_use]
            pub fn parse(word: &[u8]) -> Option<Self> {
                $(if word == $word.as_bytes() { return Some(Self::$name); })*
                None
            }
        }
    };
}

commands! {
    /// Begins a session.
    Connect = "CONNECT",
    /// Begins a session, for servers that tell it from HTTP.
    Stomp = "STOMP",
    /// Sends a message.
    Send = "SEND",
    /// Begins a subscription.
    Subscribe = "SUBSCRIBE",
    /// Ends a subscription.
    Unsubscribe = "UNSUBSCRIBE",
    /// Takes a message.
    Ack = "ACK",
    /// Refuses a message.
    Nack = "NACK",
    /// Begins a transaction.
    Begin = "BEGIN",
    /// Ends a transaction.
    Commit = "COMMIT",
    /// Gives up a transaction.
    Abort = "ABORT",
    /// Ends a session.
    Disconnect = "DISCONNECT",
    /// Server: the session began.
    Connected = "CONNECTED",
    /// Server: a message of a subscription.
    Message = "MESSAGE",
    /// Server: a frame was processed.
    Receipt = "RECEIPT",
    /// Server: the session is over.
    Error = "ERROR",
}

impl Command {
    /// Whether headers of this frame are never escaped ("Value Encoding": for 1.0 servers and clients).
    #[must_use]
    pub const fn is_unescaped(self) -> bool {
        matches!(self, Self::Connect | Self::Stomp | Self::Connected)
    }

    /// Whether the frame may have a body ("Body").
    #[must_use]
    pub const fn has_body(self) -> bool {
        matches!(self, Self::Send | Self::Message | Self::Error)
    }

    /// Whether the frame comes from clients.
    #[must_use]
    pub const fn is_from_client(self) -> bool {
        !matches!(self, Self::Connected | Self::Message | Self::Receipt | Self::Error)
    }
}

/// Where a header stands in the head: its name in front of the colon, its value behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) from: u32,
    pub(super) colon: u32,
    pub(super) end: u32,
    pub(super) escaped: bool,
}

impl Slot {
    pub(super) const fn name(self) -> Range<usize> {
        self.from as usize..self.colon as usize
    }

    pub(super) const fn value(self) -> Range<usize> {
        self.colon as usize + 1..self.end as usize
    }
}

/// The headers of a frame; of more than these they are allocated, which few frames have.
pub(super) type Slots = SmallVec<[Slot; 16]>;

/// A decoded frame.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    pub(super) command: Command,
    /// The head, proved to be UTF-8.
    pub(super) head: Bytes,
    pub(super) slots: Slots,
    pub(super) body: Bytes,
}

impl Frame {
    /// What it is.
    #[must_use]
    pub const fn command(&self) -> Command {
        self.command
    }

    /// Its body, as octets.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// A copy that keeps no more octets alive than its own. A decoded frame is slices of the chunk it came in, which may be large: keep a
    /// copy of what is to be kept for long.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self {
            command: self.command,
            head: Bytes::copy_from_slice(&self.head),
            slots: self.slots.clone(),
            body: Bytes::copy_from_slice(&self.body),
        }
    }

    /// Octets of its head and body.
    #[must_use]
    pub const fn octets(&self) -> usize {
        self.head.len() + self.body.len()
    }

    fn text(&self, range: Range<usize>) -> &str {
        // The decoder proved the head to be UTF-8 and cuts at ASCII; an empty text would only hide a bug of ours.
        self.head.get(range).and_then(|octets| std::str::from_utf8(octets).ok()).unwrap_or_default()
    }

    fn decoded(&self, range: Range<usize>, escaped: bool) -> Cow<'_, str> {
        let raw = self.text(range);
        if escaped { escape::decode(raw) } else { Cow::Borrowed(raw) }
    }

    fn is_named(&self, slot: &Slot, name: &str) -> bool {
        if slot.escaped {
            return self.decoded(slot.name(), true) == name;
        }
        self.head.get(slot.name()) == Some(name.as_bytes())
    }

    /// The value of the first header with this name ("Repeated Header Entries").
    #[must_use]
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        let slot = self.slots.iter().find(|slot| self.is_named(slot, name))?;
        Some(self.decoded(slot.value(), slot.escaped))
    }

    /// All headers in their order, repeated ones too.
    pub fn headers(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        self.slots
            .iter()
            .map(|slot| (self.decoded(slot.name(), slot.escaped), self.decoded(slot.value(), slot.escaped)))
    }
}

/// Shows header names alone: values may be secret.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers().map(|(name, _)| name.into_owned()).collect();
        f.debug_struct("Frame")
            .field("command", &self.command)
            .field("headers", &names)
            .field("body_length", &self.body.len())
            .finish()
    }
}
