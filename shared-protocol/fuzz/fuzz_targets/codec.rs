//! `cargo +nightly fuzz run codec`
#![no_main]

#[path = "../src/entry.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| entry::codec(octets));
