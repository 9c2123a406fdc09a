//! `cargo +nightly fuzz run session`
#![no_main]

#[path = "../src/entry.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| entry::session(octets));
