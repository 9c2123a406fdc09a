//! What the documents of the APIs are made and checked with, and nothing that runs in a service.
//!
//! - [`Operation`] describes one operation of REST; [`openapi()`] puts the descriptions of a service together with its list of routes.
//! - [`Schemas`] collects the JSON schemas of the protocol's types.
//! - [`valid`] holds a document against the schema of its kind, and each example in it against its own.
//! - [`committed()`] compares a document with the file that is in the repository.
//! - [`samples`] are the objects that examples show.
//!
//! It is used by tests alone, so it panics where something is wrong. Deliberately absent: what the services answer. Their
//! descriptions stand beside them, in their tests.

mod committed;
mod openapi;
mod operation;
pub mod samples;
mod schemas;
pub mod valid;

pub use committed::committed;
pub use openapi::{Service, openapi, undescribed};
pub use operation::Operation;
pub use schemas::Schemas;
