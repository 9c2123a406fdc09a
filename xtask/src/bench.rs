//! Benchmarks: ratios against something measured in the same run, as tables.

use anyhow::bail;

use crate::command::{cargo, run as start};

/// Each benchmark: its name, and the package that has it.
const ALL: &[(&str, &str)] =
    &[("decode", "echopulse-bench"), ("posts", "echopulse-bench"), ("client", "echopulse-bench")];

/// Runs one benchmark, or all.
pub(crate) fn run(name: Option<&str>) -> anyhow::Result<()> {
    let chosen: Vec<_> = ALL.iter().filter(|(known, _)| name.is_none_or(|name| name == *known)).collect();
    if chosen.is_empty() {
        let known: Vec<_> = ALL.iter().map(|(known, _)| *known).collect();
        bail!("there is no such benchmark; there are: {}", known.join(", "));
    }
    start(cargo(&["build", "--release", "--package", "echopulse"]))?;
    for (known, package) in chosen {
        start(cargo(&["run", "--release", "--quiet", "--package", package, "--", known]))?;
    }
    Ok(())
}
