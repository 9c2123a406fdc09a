//! The server context: communities, their channels and their members.
//!
//! Every change of a server is judged under the lock of its head row: the store shows a [`view::ServerView`], a pure function of
//! [`decide`] answers what changes or why not, and the store keeps state, events and outbox rows together. [`service`] is what the
//! outside asks; [`sign_outs`] is the end of sign-ins; [`relay`] moves outbox rows to the bus.

pub mod decide;
pub mod error;
pub mod kept;
pub mod port;
pub mod relay;
pub mod service;
pub mod sign_outs;
pub mod view;
