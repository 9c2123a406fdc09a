//! A bus that loses, doubles, delays and reorders.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use super::{chance::Seeded, executor::pause};
use crate::{
    chat::{model::Record, port::outbound::Bus},
    common::{
        BoxFuture, StoreError,
        sync::{Queue, lock},
    },
};

/// Records on their way to every node.
pub(super) struct SimBus {
    pub(super) nodes: Mutex<Vec<Arc<Queue<Record>>>>,
    pub(super) chance: Arc<Mutex<Seeded>>,
    pub(super) calm: Arc<AtomicBool>,
    late: Mutex<Vec<(usize, Record)>>,
}

impl SimBus {
    pub(super) fn new(nodes: usize, chance: Arc<Mutex<Seeded>>, calm: Arc<AtomicBool>) -> Self {
        let nodes = (0..nodes).map(|_| Arc::new(Queue::new(100_000))).collect();
        Self { nodes: Mutex::new(nodes), chance, calm, late: Mutex::default() }
    }

    /// A node's records; what waited for the one before it is lost.
    pub(super) fn attach(&self, node: usize) -> Arc<Queue<Record>> {
        let queue = Arc::new(Queue::new(100_000));
        lock(&self.nodes)[node] = Arc::clone(&queue);
        queue
    }

    fn scatter(&self, record: &Record) {
        let nodes = lock(&self.nodes).clone();
        for (node, queue) in nodes.iter().enumerate() {
            let mut chance = lock(&self.chance);
            if self.calm.load(Ordering::Relaxed) {
                let _ = queue.push(record.clone());
                continue;
            }
            match chance.below(10) {
                0 => {}
                1 => lock(&self.late).push((node, record.clone())),
                2 => {
                    let _ = queue.push(record.clone());
                    let _ = queue.push(record.clone());
                }
                _ => {
                    let _ = queue.push(record.clone());
                }
            }
        }
    }

    /// Lets one late record arrive, behind later ones.
    pub(super) fn deliver_late(&self) {
        let mut late = lock(&self.late);
        if late.is_empty() {
            return;
        }
        let at = lock(&self.chance).below(late.len());
        let (node, record) = late.swap_remove(at);
        let _ = lock(&self.nodes)[node].push(record);
    }
}

impl Bus for SimBus {
    fn publish(&self, records: Vec<Record>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let (wait, fails) = {
                let mut chance = lock(&self.chance);
                (chance.below(3), !self.calm.load(Ordering::Relaxed) && chance.percent(3))
            };
            pause(wait).await;
            let count = if fails { records.len() / 2 } else { records.len() };
            records[..count].iter().for_each(|record| self.scatter(record));
            if fails { Err(StoreError::new("the broker is gone")) } else { Ok(()) }
        })
    }
}
