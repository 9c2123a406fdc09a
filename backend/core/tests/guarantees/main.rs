//! The guarantees of ARCHITECTURE.md, each held against one node whose surroundings fail on demand.

mod access;
mod following;
mod hints;
mod world;
mod writing;
