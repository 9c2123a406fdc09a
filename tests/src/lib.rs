//! End-to-end tests of EchoPulse: real processes, started and ended by the tests themselves.
//!
//! The library is what they share: people with a data folder, a terminal and a browser to look at, and waiting for a condition with a
//! deadline; and for the protocol a [`broker`], a [`bridge`] for clients that speak TCP alone, and [`interop`]. Deliberately absent:
//! sleeping for luck, and retries that hide a race.

pub mod bridge;
pub mod broker;
mod browser;
pub mod interop;
mod person;
mod terminal;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

pub use browser::{Browser, ENTER};
pub use person::{Line, Lines, Person, Served};
pub use terminal::Terminal;

/// How long a condition may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The built program: `cargo xtask test` builds it first.
#[must_use]
pub fn program() -> PathBuf {
    let mut path = std::env::current_exe().expect("a test knows where it is");
    while path.file_name().is_some_and(|name| name != "debug" && name != "release") {
        path.pop();
    }
    let program = path.join("echopulse");
    assert!(
        program.is_file(),
        "{} is not built; run: cargo build --workspace --all-features",
        program.display()
    );
    program
}

/// Waits until `look` answers something.
///
/// # Panics
///
/// If it never does; `what` says what was waited for.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "never saw: {what}");
        std::thread::sleep(Duration::from_millis(25));
    }
}

/// The same among tasks: others go on meanwhile.
///
/// # Panics
///
/// If it never is so; `what` says what was waited for.
pub async fn eventually_async(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "never saw: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
