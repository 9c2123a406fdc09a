//! The benchmarks, built as people run the program.

use std::process::ExitCode;

use crate::{
    command::{cargo, run},
    parts,
    world::target,
};

/// Those that need PostgreSQL and Kafka.
const DISTRIBUTED: [&str; 4] = ["pg-posts", "latency", "history", "fan-out"];

/// Builds the client and the benchmarks in release, then runs those named, or all. PostgreSQL and Kafka run around them for those of the
/// distributed world.
pub(crate) fn benchmarks(names: &[String]) -> anyhow::Result<ExitCode> {
    run(cargo(&["build", "--release", "-p", "echopulse", "-p", "echopulse-bench"]))?;
    if !names.is_empty() && !names.iter().any(|name| DISTRIBUTED.contains(&name.as_str())) {
        let mut bench = cargo(&["run", "--release", "--quiet", "-p", "echopulse-bench", "--"]);
        bench.args(names);
        return run(bench).map(|()| ExitCode::SUCCESS);
    }
    let program = target().join("release/echopulse-bench").display().to_string();
    let command: Vec<_> = [program].into_iter().chain(names.iter().cloned()).collect();
    parts::run(&command, true, false)
}
