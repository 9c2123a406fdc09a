//! Clients nobody here wrote, and a raw client that may say anything.

mod raw;

pub use raw::{Raw, Said, header};
