//! The issuer as clients, browsers and its host meet it: requests to the router, without a socket.

mod code;
mod device;
mod folder;
mod pages;
mod support;
mod tokens;
