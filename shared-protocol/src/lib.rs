//! Every byte of EchoPulse that crosses a process border.
//!
//! - [`stomp`]: STOMP 1.0, 1.1 and 1.2 as a sans-io codec and two sessions, without a runtime.
//! - [`event`]: what streams carry; [`rest`] and [`problem`]: request, answer and problem bodies; [`destination`]: where
//!   a client sends to and what it subscribes to; [`id`] and [`permission`]: the words in all of them.
//! - [`internal`]: what one service asks the other.
//! - [`text`]: the rules for text, the same for services and clients.
//! - `client` (feature `client`): sign-in, REST, and a STOMP session that reconnects and resumes. The terminal client and bots
//!   use this and nothing else.
//!
//! Deliberately absent: what the services decide with these values.

#[cfg(feature = "client")]
pub mod client;
pub mod destination;
pub mod event;
pub mod id;
pub mod internal;
pub mod permission;
pub mod problem;
pub mod rest;
pub mod stomp;
pub mod text;
