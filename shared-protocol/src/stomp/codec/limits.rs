//! What a frame may cost, and what is said about one that cannot be read.

use std::fmt;

/// What a frame may cost ("Size Limits").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Octets of one header line.
    pub header_line: usize,
    /// Header lines.
    pub headers: usize,
    /// Octets of a body.
    pub body: usize,
    /// Octets of a whole frame, its NUL included.
    pub frame: usize,
}

impl Limits {
    /// Octets of the longest command line.
    pub const COMMAND: usize = 32;

    /// What a stranger may send before CONNECT was accepted.
    pub const BEFORE_CONNECT: Self =
        Self { header_line: 8 * 1024, headers: 64, body: 16 * 1024, frame: 16 * 1024 };

    /// What a session may send.
    pub const CONNECTED: Self =
        Self { header_line: 8 * 1024, headers: 64, body: 1024 * 1024, frame: 1024 * 1024 + 64 * 1024 };
}

/// What is wrong with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeErrorKind {
    /// It is no frame.
    Malformed,
    /// It is larger than it may be.
    TooLarge,
}

/// A frame that cannot be read. The decoder reads nothing behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    /// What kind.
    pub kind: DecodeErrorKind,
    /// What is wrong, for the ERROR frame.
    pub text: &'static str,
    /// The frame's `receipt`, if it was read already and the frame may ask for one.
    pub receipt: Option<String>,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

impl std::error::Error for DecodeError {}
