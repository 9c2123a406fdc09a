//! The stores over PostgreSQL, on a real server: the contracts of core, and what only several nodes can break.
//!
//! `cargo xtask test distributed` starts the server and names it in `ECHOPULSE_TEST_POSTGRES`. Each test has a database of its
//! own there.

#[path = "postgres_contracts/chat.rs"]
mod chat;
#[path = "postgres_contracts/database.rs"]
mod database;
#[path = "postgres_contracts/failures.rs"]
mod failures;
#[path = "postgres_contracts/nodes.rs"]
mod nodes;
#[path = "postgres_contracts/plans.rs"]
mod plans;
#[path = "postgres_contracts/roles.rs"]
mod roles;
#[path = "postgres_contracts/server.rs"]
mod server;
#[path = "postgres_contracts/speed.rs"]
mod speed;
#[path = "postgres_contracts/turns.rs"]
mod turns;
