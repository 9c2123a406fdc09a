//! STOMP 1.0, 1.1 and 1.2: a codec and two sessions, without a runtime, a clock or a socket.
//!
//! ```
//! use echopulse_protocol::stomp::{Command, Decoder, Limits, Version, encode};
//!
//! let octets = encode(Command::Send, &[("destination", "/topic/a"), ("key", "a:b")], Some(b"hi"), Version::V12);
//! assert_eq!(&octets[..], b"SEND\ndestination:/topic/a\nkey:a\\cb\ncontent-length:2\n\nhi\0");
//!
//! let mut decoder = Decoder::new(Limits::CONNECTED);
//! decoder.feed(octets);
//! let frame = decoder.next()?.expect("it is whole");
//! assert_eq!(frame.header("key").as_deref(), Some("a:b"));
//! # Ok::<(), echopulse_protocol::stomp::DecodeError>(())
//! ```
//!
//! [`Decoder`] turns octets into [`Frame`]s, [`encode`] the other way round. [`server::ServerSession`] and
//! [`client::ClientSession`] know what may follow what; time is handed in. Section names in comments are those of the STOMP 1.2
//! specification.
//!
//! Deliberately absent: destinations and what they mean, and queues.

mod beats;
pub mod client;
mod codec;
pub mod server;
mod shared;

pub use codec::{Command, DecodeError, DecodeErrorKind, Decoder, Frame, Limits, Version, encode};
pub use shared::SharedMessage;

/// The WebSocket subprotocols, best first.
pub const SUBPROTOCOLS: [&str; 3] = ["v12.stomp", "v11.stomp", "v10.stomp"];

/// One heart-beat: a single line feed ("Heart-beating").
pub const HEART_BEAT: &[u8] = b"\n";
