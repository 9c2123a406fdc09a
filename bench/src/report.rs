//! Medians of interleaved rounds, and the table.

use std::time::Duration;

/// A line of the table.
pub(crate) struct Row {
    /// What was measured.
    pub(crate) what: &'static str,
    /// The figure of EchoPulse.
    pub(crate) ours: String,
    /// The figure that it is held against.
    pub(crate) other: String,
    /// The ratio, or the figure that has a limit.
    pub(crate) result: String,
    /// What the result ought to be.
    pub(crate) aim: &'static str,
}

/// The middle of some measurements.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    quantile(&mut values, 0.5)
}

/// The measurement below which this part of them lies.
pub(crate) fn quantile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get((values.len() as f64 * part) as usize).copied().unwrap_or(f64::NAN)
}

/// Two things measured in turn, round by round, so that what disturbs the machine disturbs both: the medians.
pub(crate) fn in_turn(
    rounds: usize,
    mut one: impl FnMut() -> anyhow::Result<f64>,
    mut other: impl FnMut() -> anyhow::Result<f64>,
) -> anyhow::Result<(f64, f64)> {
    let (mut ones, mut others) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        ones.push(one()?);
        others.push(other()?);
    }
    Ok((median(ones), median(others)))
}

pub(crate) fn milliseconds(time: f64) -> String {
    format!("{:.1} ms", time * 1e3)
}

/// So many in this time, as a rate.
pub(crate) fn per_second(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// Prints a table in Markdown.
pub(crate) fn print(rows: &[Row]) {
    println!("| what | EchoPulse | against | result | aim |");
    println!("| --- | --- | --- | --- | --- |");
    for Row { what, ours, other, result, aim } in rows {
        println!("| {what} | {ours} | {other} | {result} | {aim} |");
    }
}
