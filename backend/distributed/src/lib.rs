//! EchoPulse's outbound ports for a deployment of several nodes: PostgreSQL holds what is true, Kafka carries hints, Redis
//! remembers what is only comfortable to have, Keycloak keeps the clients that bots are.

pub mod kafka;
pub mod keycloak;
pub mod postgres;
pub mod redis;
mod service_token;
mod turn;
pub mod upstream;

pub use turn::Turn;
