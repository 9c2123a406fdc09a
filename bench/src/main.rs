//! Side-by-side benchmarks: each compares EchoPulse with something that does the least possible, or with itself on less data, in
//! the same run, and prints the ratio. Figures alone say nothing on a busy machine; ratios do.
//!
//! `cargo xtask bench` builds in release and runs all of them. Deliberately absent: assertions. A person reads the table.

#![allow(clippy::print_stdout, reason = "a command-line tool talks on standard output")]

mod client;
mod decode;
mod distributed;
mod folder;
mod posts;
mod report;
mod screen;

use clap::{Parser, ValueEnum};
use report::Row;

#[derive(Parser)]
#[command(name = "echopulse-bench", about = "Side-by-side benchmarks, as a table")]
struct Cli {
    /// Which; without a name all of them.
    names: Vec<Bench>,
}

/// A benchmark.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Bench {
    /// Decoding a SEND against a scan of its octets.
    Decode,
    /// Durable posts of 64 senders against bare inserts.
    Posts,
    /// The first frame with 100,000 messages against that of an empty channel.
    FirstFrame,
    /// Scrolling with 1,000,000 messages against 100.
    Scroll,
    /// Memory and wake-ups of a client that nobody uses.
    Idle,
    /// Durable posts on PostgreSQL against bare inserts.
    PgPosts,
    /// From a receipt to the delivery on another instance, against a bare produce and consume.
    Latency,
    /// A page of history out of 1,000,000 messages on PostgreSQL against one out of 1,000.
    History,
    /// Processor time for a delivered event with 1,000 channels against 100.
    FanOut,
}

impl Bench {
    fn run(self) -> anyhow::Result<Vec<Row>> {
        match self {
            Self::Decode => decode::run(),
            Self::Posts => posts::run(),
            Self::FirstFrame => client::first_frame(),
            Self::Scroll => client::scroll(),
            Self::Idle => client::idle(),
            Self::PgPosts => distributed::posts::run(),
            Self::Latency => distributed::latency::run(),
            Self::History => distributed::history::run(),
            Self::FanOut => distributed::fan_out::run(),
        }
    }
}

fn main() -> anyhow::Result<()> {
    let mut names = Cli::parse().names;
    if names.is_empty() {
        names = Bench::value_variants().to_vec();
    }
    let mut rows = Vec::new();
    for name in names {
        rows.extend(name.run()?);
    }
    report::print(&rows);
    Ok(())
}
