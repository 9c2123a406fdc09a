//! Both services as clients meet them: real sockets on loopback, real stores, the real issuer.
//!
//! What is the same in every world is in modules that the end-to-end tests run against the distributed one as well.

mod access;
mod bots;
mod door;
mod expiry;
mod following;
mod forge;
mod lifecycle;
mod limits;
mod matrix;
mod once;
mod rest;
mod secrecy;
mod sign_out;
mod slow;
mod socket;
mod support;
mod tokens;
mod webhooks;
mod world;
