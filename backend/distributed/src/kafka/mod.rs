//! The event bus over Kafka: what the relays publish reaches every node, this one included.
//!
//! Every record is a hint: it may be lost, doubled, late, out of order, or forged. The gates drop what they had and read from
//! the store what is missing, so nothing here retries for ever and nothing stops at a bad record.
//!
//! Deliberately absent: consumer groups. A group shares the records out among its members, and people on all nodes but one
//! would see nothing.

mod client;
mod consumer;
mod producer;
mod record;
mod sign;
mod topics;

pub use client::KafkaOptions;
pub use consumer::{ConsumerCounts, ConsumerStats, FanOut, Nudged, StartError};
pub use producer::{CurrentTrace, KafkaBus};
pub use record::{Decoded, Encoded, SIGNATURE, Skipped, TRACEPARENT, decode, encode};
pub use sign::{KeyTooShort, SigningKey};
pub use topics::{Topic, TopicError, create_topics, route};
