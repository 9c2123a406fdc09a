//! Clients nobody here wrote, and a raw client that may say anything.

mod install;
mod raw;

pub use install::{java, node, python, python_script};
pub use raw::{Raw, Said, header};
