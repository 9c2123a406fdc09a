//! Octets to frames and back.

mod decode;
mod encode;
mod escape;
mod frame;
mod limits;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use decode::Decoder;
pub use encode::encode;
pub(in crate::stomp) use encode::put_header;
pub use frame::{Command, Frame};
pub use limits::{DecodeError, DecodeErrorKind, Limits};

/// A version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// 1.0: no escaping, no heart-beats.
    V10,
    /// 1.1: escapes line feed, colon and backslash.
    V11,
    /// 1.2: escapes carriage return as well.
    V12,
}

impl Version {
    /// All versions, best first.
    pub const ALL: [Self; 3] = [Self::V12, Self::V11, Self::V10];

    /// The version's name in headers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V10 => "1.0",
            Self::V11 => "1.1",
            Self::V12 => "1.2",
        }
    }

    /// The best version of an `accept-version` header that we have too; absent means 1.0.
    #[must_use]
    pub fn negotiate(accepted: Option<&str>) -> Option<Self> {
        let Some(accepted) = accepted else { return Some(Self::V10) };
        Self::ALL.into_iter().find(|version| accepted.split(',').any(|one| one.trim() == version.as_str()))
    }
}
