//! The client as a whole: events in, effects and frames out.

mod frames;
mod history;
mod keys;
mod outbox;
mod safety;
mod speed;
mod start;
mod streams;
