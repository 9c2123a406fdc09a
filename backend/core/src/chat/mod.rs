//! The chat context: messages, the streams they stand in, and everybody who follows them.
//!
//! The write path is [`committer`]: what is queued becomes one transaction, and only after its commit anybody is
//! answered. The read path is [`hub`]: one [`gate`] per followed stream lets each event through once and in order, and
//! reads from the store what no hint brought. [`relay`] moves outbox rows to the bus, [`projector`] applies what the
//! server service publishes, [`rights`] answers who may do what from that copy, and [`service`] looks a second time
//! before it says no.

pub mod activity;
pub mod committer;
pub mod error;
mod follow;
pub mod gate;
pub mod hub;
pub mod model;
pub mod port;
pub mod projector;
pub mod relay;
pub mod retention;
pub mod rights;
pub mod service;
pub mod webhook;
pub mod write;
