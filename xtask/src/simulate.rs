//! The seeded simulation, for longer than the tests run it.

use crate::command::{cargo, run as start};

/// Runs `seeds` simulations of `ticks` ticks, from `seed` on.
pub(crate) fn run(seed: u64, seeds: u64, ticks: u64) -> anyhow::Result<()> {
    for seed in seed..seed.saturating_add(seeds) {
        let mut test =
            cargo(&["test", "--package", "echopulse-core", "--all-features", "--test", "simulation"]);
        test.args(["--quiet", "--", "what_was_acknowledged"]);
        test.env("ECHOPULSE_SEED", seed.to_string()).env("ECHOPULSE_TICKS", ticks.to_string());
        start(test)?;
    }
    Ok(())
}
