//! Stores in SQLite: WAL, `synchronous=FULL`, one writer and a few readers for each database.

mod chat;
mod codec;
mod database;
mod folder;
mod insert;
mod query;
mod server;
#[cfg(test)]
mod tests;

pub use chat::SqliteChatStore;
pub use database::OpenError;
pub use server::SqliteServerStore;
