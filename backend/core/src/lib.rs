//! The inside of both hexagons: what EchoPulse knows, apart from every wire, store and runtime.
//!
//! [`common`] is the language both contexts share, [`server`] decides about communities, [`chat`] about messages and
//! their streams. The two contexts never name each other. Ports are object-safe traits whose futures are boxed; one
//! outbound method is one whole fact, and a transaction never crosses a port. Time, ids and chance come in through
//! [`common::port`].
//!
//! Deliberately absent: third-party crates, an async runtime, serialisation, and any text cleaning (inbound adapters
//! clean; this crate checks lengths and rules).

pub mod chat;
pub mod common;
pub mod server;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
