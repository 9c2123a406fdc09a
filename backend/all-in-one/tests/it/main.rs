//! Both services as clients meet them: real sockets on loopback, real stores, the real issuer.

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
