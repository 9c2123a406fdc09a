//! The outbound ports of both services in one process: SQLite files, memory, an in-process bus.
//!
//! Each service has its own database and never reads the other's. Deliberately absent: any rule; those are core's, and the stores
//! ask them inside their transactions.

pub mod bus;
pub mod memory;
pub mod sqlite;
pub mod upstream;
