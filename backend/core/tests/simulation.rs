//! The seeded simulation: many runs find nothing, and find the two mistakes that are put in.
//!
//! `ECHOPULSE_SEED` and `ECHOPULSE_TICKS` run one simulation again, or a longer one.

use echopulse_core::testing::simulation::{Mistake, Plan, World};

/// Ticks of the whole suite, over all seeds.
const TICKS: u64 = 200_000;
const SEEDS: u64 = 8;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn what_was_acknowledged_is_had_by_everybody_once_and_in_order() {
    let ticks = number("ECHOPULSE_TICKS").unwrap_or(TICKS / SEEDS);
    let seeds = number("ECHOPULSE_SEED").map_or(1..=SEEDS, |seed| seed..=seed);
    for seed in seeds {
        match World::new(Plan { seed, ticks, mistake: None }).run() {
            Ok(did) => assert!(did.posts > 0 && did.shown > 0, "seed {seed} did nothing: {did:?}"),
            Err(violation) => panic!("{violation}"),
        }
    }
}

fn finds(mistake: Mistake) -> bool {
    (1..=4).any(|seed| World::new(Plan { seed, ticks: 20_000, mistake: Some(mistake) }).run().is_err())
}

#[test]
fn a_gate_without_hole_repair_is_found() {
    assert!(finds(Mistake::NoHoleRepair));
}

#[test]
fn a_receipt_before_the_commit_is_found() {
    assert!(finds(Mistake::ReceiptBeforeCommit));
}
