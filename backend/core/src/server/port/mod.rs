//! The server context's ports: what it is asked, and what it asks.

pub mod inbound;
pub mod outbound;
