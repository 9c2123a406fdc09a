//! This computer's side: the data folder, who serves it, and who is signed in where.

pub(crate) mod account;
pub(crate) mod config;
pub(crate) mod folder;
#[cfg(feature = "local")]
pub(crate) mod host;
pub(crate) mod place;
pub(crate) mod tokens;
