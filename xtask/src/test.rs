//! The tests, in one build: one profile, one set of features.

use anyhow::bail;
use clap::ValueEnum;

use crate::{
    command::{cargo, run_and_read},
    packages, parts,
};

/// A part of the tests.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Everything inside one crate: rules, contracts, adapters, frames, the simulation.
    Unit,
    /// The real program, as people run it, in the embedded world.
    Embedded,
    /// The distributed world: its adapters and two instances of each service, over real PostgreSQL, Redis, Kafka and Keycloak,
    /// which it starts and stops.
    Distributed,
}

#[derive(Default)]
struct Counted {
    passed: u64,
    failed: u64,
}

impl Counted {
    /// Adds up the closing lines of test programs: `test result: ok. 12 passed; 0 failed; …`.
    fn read(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        let before = |word: &str| -> u64 {
            let mut words =
                result.split([' ', ';', '.']).filter(|part| !part.is_empty()).collect::<Vec<_>>().into_iter();
            let mut last = 0;
            words
                .find_map(|part| {
                    let found = (part == word).then_some(last);
                    last = part.parse().unwrap_or(0);
                    found
                })
                .unwrap_or(0)
        };
        self.passed += before("passed");
        self.failed += before("failed");
    }
}

/// Builds everything once, then runs a part of the tests, or all, and says how many ran.
pub(crate) fn run(part: Option<Part>, no_install: bool) -> anyhow::Result<()> {
    if part != Some(Part::Unit) {
        packages::ensure(packages::FOR_TESTS, !no_install)?;
    }
    let workspace = ["test", "--workspace", "--all-features", "--no-fail-fast"];
    let mut counted = Counted::default();
    let succeeded = match part {
        None => parts::tests(&workspace, no_install, |line| counted.read(line))?,
        Some(Part::Distributed) => {
            // Targets of the whole workspace, so that nothing is built a second time with other features.
            let targets = ["postgres_contracts", "kafka_bus", "kafka_faults", "redis_hot", "distributed"];
            let targets = targets.iter().flat_map(|target| ["--test", target]);
            let tests: Vec<_> = workspace.into_iter().chain(targets).chain(["--bin", "xtask"]).collect();
            parts::tests(&tests, no_install, |line| counted.read(line))?
        }
        Some(part) => {
            crate::command::run(cargo(&["build", "--workspace", "--all-features", "--bins", "--examples"]))?;
            let mut tests = cargo(&workspace);
            // These need the distributed world.
            tests.args(["--exclude", "echopulse-distributed"]);
            if part == Part::Unit {
                tests.args(["--exclude", "echopulse-tests"]);
            }
            tests.args(["--", "--skip", "realm_tests", "--skip", "distributed_world"]);
            run_and_read(tests, |line| counted.read(line))?
        }
    };
    println!("\n{} passed, {} failed", counted.passed, counted.failed);
    if !succeeded || counted.failed > 0 {
        bail!("the tests failed");
    }
    if counted.passed == 0 {
        bail!("no test ran");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_added_up() {
        let mut counted = Counted::default();
        counted.read(
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.05s",
        );
        counted.read("test result: FAILED. 3 passed; 2 failed; 0 ignored");
        counted.read("test a_test_result ... ok");
        assert_eq!((counted.passed, counted.failed), (15, 2));
    }
}
