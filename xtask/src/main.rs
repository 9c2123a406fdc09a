//! `cargo xtask`: what people and CI both run.
//!
//! Each subcommand is a short list of ordinary commands, echoed before they run, so that anybody can run one alone.
//! Deliberately absent: build logic. Cargo builds; this only orders.

#![allow(clippy::print_stdout, reason = "a command-line tool talks on standard output")]

mod bench;
mod command;
#[cfg(test)]
mod compose_tests;
mod environment;
mod lint;
mod packages;
mod parts;
mod services;
mod simulate;
mod test;
mod up;
mod web;
mod world;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "What people and CI both run")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs the tests; without an argument all of them. Installs the system packages they need, or names them.
    Test {
        /// Which part.
        part: Option<test::Part>,
        /// Never install anything.
        #[arg(long)]
        no_install: bool,
    },
    /// Formatting, clippy, dependencies, spelling, documentation.
    Lint,
    /// Compares EchoPulse with something that does the least possible, in one run, and prints the ratios.
    Bench {
        /// Which; without a name all of them.
        names: Vec<String>,
    },
    /// Runs the seeded simulation, longer than the tests do.
    Simulate {
        /// The first seed.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How many seeds.
        #[arg(long, default_value_t = 20)]
        seeds: u64,
        /// Ticks for each seed.
        #[arg(long, default_value_t = 200_000)]
        ticks: u64,
    },
    /// Builds the browser client into `web/dist`, which is committed. Needs Node.
    Web,
    /// Starts the distributed world on this machine: PostgreSQL, Redis, Kafka, Keycloak and both services.
    Up(up::Up),
    /// Ends what `up` started, and removes its data.
    Down,
    /// Writes `.env` for compose.yml, with random passwords; never over one that is there.
    Env,
    /// Runs a command with PostgreSQL, Redis, Kafka and Keycloak around it, found in `ECHOPULSE_TEST_…` variables.
    #[command(hide = true)]
    Parts {
        /// Without Keycloak, which takes most of the time.
        #[arg(long)]
        no_keycloak: bool,
        /// Never install anything.
        #[arg(long)]
        no_install: bool,
        /// The command and its arguments.
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    let done = match Cli::parse().task {
        Task::Test { part, no_install } => test::run(part, no_install),
        Task::Lint => lint::run(),
        Task::Bench { names } => return bench::benchmarks(&names),
        Task::Simulate { seed, seeds, ticks } => simulate::run(seed, seeds, ticks),
        Task::Web => web::run(),
        Task::Up(options) => up::up(&options),
        Task::Down => up::down(),
        Task::Env => environment::write(),
        Task::Parts { no_keycloak, no_install, command } => {
            return parts::run(&command, no_keycloak, no_install);
        }
    };
    done.map(|()| ExitCode::SUCCESS)
}
