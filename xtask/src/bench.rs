//! The benchmarks, built as people run the program.

use crate::command::{cargo, run};

/// Builds the client and the benchmarks in release, then runs those named, or all.
pub(crate) fn benchmarks(names: &[String]) -> anyhow::Result<()> {
    run(cargo(&["build", "--release", "-p", "echopulse", "-p", "echopulse-bench"]))?;
    let mut bench = cargo(&["run", "--release", "--quiet", "-p", "echopulse-bench", "--"]);
    bench.args(names);
    run(bench)
}
