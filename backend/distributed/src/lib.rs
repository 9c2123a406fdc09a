//! EchoPulse's outbound ports for a deployment of several nodes: PostgreSQL holds what is true, Kafka carries hints, Redis
//! remembers what is only comfortable to have.

pub mod kafka;
pub mod postgres;
pub mod redis;
mod turn;
pub mod upstream;

pub use turn::Turn;
