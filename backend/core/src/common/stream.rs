//! Streams: what has a dense sequence that clients follow.

use std::{fmt, str::FromStr};

use super::{ChannelId, ServerId, UserId};

/// A place in a stream: 1, 2, 3 … with no holes. 0 is before the first event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seq(pub u64);

impl Seq {
    /// Before the first event.
    pub const ZERO: Self = Self(0);

    /// The place behind this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The identity of a stream's numbering. It changes only when numbering is broken, for example by a restored backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Epoch(pub u64);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Epoch {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

/// How far somebody has followed a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The numbering that `after` belongs to.
    pub epoch: Epoch,
    /// The last event had.
    pub after: Seq,
}

/// Names one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamKey {
    /// The messages of a channel or direct; numbered by the chat service.
    Channel(ChannelId),
    /// Channels, roles and members of a server; numbered by the server service, copied by the chat service.
    Server(ServerId),
    /// One person, over all devices; numbered by the chat service.
    User(UserId),
}

impl fmt::Display for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channel(id) => write!(f, "channel/{id}"),
            Self::Server(id) => write!(f, "server/{id}"),
            Self::User(id) => write!(f, "user/{id}"),
        }
    }
}

impl FromStr for StreamKey {
    type Err = super::id::IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, id) = text.split_once('/').ok_or(super::id::IdError)?;
        match kind {
            "channel" => id.parse().map(Self::Channel),
            "server" => id.parse().map(Self::Server),
            "user" => id.parse().map(Self::User),
            _ => Err(super::id::IdError),
        }
    }
}
