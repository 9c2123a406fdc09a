//! Fakes, and one contract per outbound port: every adapter runs the contract of what it implements.

pub mod chat;
pub mod chat_contract;
pub mod executor;
pub mod limit_contract;
pub mod server;
pub mod server_contract;
pub mod simulation;
