//! Benchmarks of the distributed world: its adapters on real PostgreSQL and Kafka, which `cargo xtask bench` starts around them.

pub(crate) mod fan_out;
pub(crate) mod history;
pub(crate) mod latency;
pub(crate) mod posts;
mod world;

use std::future::Future;

/// The value of a variable that the starting command sets.
fn variable(name: &str) -> anyhow::Result<String> {
    std::env::var(name).map_err(|_| {
        anyhow::anyhow!("{name} is not set: run `cargo xtask bench`, which starts what this benchmark needs")
    })
}

fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(work)
}
