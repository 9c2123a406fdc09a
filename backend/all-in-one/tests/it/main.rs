//! Both services as clients meet them: real sockets on loopback, real stores, the real issuer.
//!
//! What is the same in every world is in modules that the end-to-end tests run against the distributed one as well.

mod bots;
mod door;
mod expiry;
mod following;
mod lifecycle;
mod rest;
mod secrecy;
mod slow;
mod socket;
mod support;
mod tokens;
mod world;
