//! PostgreSQL: the durable stores of both services.
//!
//! Several nodes write at once, so every write takes the row that numbers what it writes, `FOR UPDATE`, before it reads
//! what it decides on: under READ COMMITTED a statement sees what was committed when it began, and the lock is waited for
//! before that. Whoever needs several rows takes them in the order of their ids. Pages that speak of several tables are
//! read by one statement, or in one REPEATABLE READ transaction.
//!
//! Schemas are brought up by [`PgChatStore::migrate`] and [`PgServerStore::migrate`], which an owner runs; a service's own
//! login may read and write rows and nothing else (`migrations/roles.sql`).

mod chat;
mod codec;
mod database;
mod options;
mod query;
mod server;
mod turn_lock;

pub use chat::{PARTITIONS, PgChatStore, partition_of};
pub use database::{OpenError, PgError, is_unavailable};
pub use options::{PgOptions, UrlError};
pub use server::PgServerStore;
pub use turn_lock::TurnLock;
