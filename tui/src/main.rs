//! Placeholder.
mod app;

fn main() {}
