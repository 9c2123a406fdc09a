//! The receiving side of the bus: every record of every partition, on every node.
//!
//! A thread of its own polls the library, because its wake-ups of async tasks get lost. The queue to the service is bounded,
//! with the policy of the in-process bus: a signal that finds no room is dropped, everything else waits for room, which holds
//! back only this thread.

mod reader;
mod source;

use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use echopulse_core::{
    chat::model::Record,
    common::{Seq, StreamKey},
};
use tokio::{
    runtime::Handle,
    sync::{mpsc, watch},
    time,
};

use self::reader::Reader;
use super::{KafkaOptions, Skipped, Topic};

/// How long [`FanOut::start`] waits for Kafka.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long the end of the thread is waited for.
const FAREWELL: Duration = Duration::from_secs(5);

/// Why a consumer could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The system gave no thread.
    #[error("there is no thread to be had")]
    Thread(#[from] io::Error),
    /// Kafka did not answer.
    #[error("Kafka did not answer for {} seconds", PATIENCE.as_secs())]
    Silent,
}

/// Hears of streams that may have grown, for the database to be asked; `Hub::announce` is made for it. Called on the consumer's
/// thread, so it must not wait.
pub type Nudged = Box<dyn Fn(StreamKey, Seq) + Send>;

/// A running consumer of all partitions of some topics. Dropping it ends it too, without waiting for the end.
pub struct FanOut {
    stop: watch::Sender<bool>,
    ready: watch::Receiver<bool>,
    stats: Arc<ConsumerStats>,
    thread: Option<JoinHandle<()>>,
}

impl FanOut {
    /// Starts to read at the ends of all partitions, into a queue for `capacity` records. What is published after this answered
    /// is seen. Must be called inside a runtime.
    pub async fn start(
        options: KafkaOptions,
        topics: &[Topic],
        capacity: usize,
        nudged: Nudged,
    ) -> Result<(Self, mpsc::Receiver<Record>), StartError> {
        let (mut it, records) = Self::spawn(options, topics, capacity, nudged)?;
        if time::timeout(PATIENCE, it.ready()).await.is_err() {
            it.stop().await;
            return Err(StartError::Silent);
        }
        Ok((it, records))
    }

    /// Does what [`FanOut::start`] does, but does not wait for Kafka: for a service that may start without it.
    pub fn spawn(
        options: KafkaOptions,
        topics: &[Topic],
        capacity: usize,
        nudged: Nudged,
    ) -> Result<(Self, mpsc::Receiver<Record>), StartError> {
        if options.hmac_key.is_none() && topics.iter().any(|topic| topic.is_signed()) {
            tracing::warn!("without a signing key, records of channels and persons are only nudges");
        }
        let (sender, records) = mpsc::channel(capacity);
        let (stop, stopped) = watch::channel(false);
        let (set_ready, ready) = watch::channel(false);
        let stats = Arc::<ConsumerStats>::default();
        let runtime = Handle::current();
        let reader =
            Reader::new(options, topics.to_vec(), sender, nudged, Arc::clone(&stats), stopped, runtime);
        let thread = std::thread::Builder::new()
            .name("kafka-fan-out".to_owned())
            .spawn(move || reader.run(&set_ready))?;
        Ok((Self { stop, ready, stats, thread: Some(thread) }, records))
    }

    /// Waits until the ends of all partitions were seen: what is published from then on is seen.
    pub async fn ready(&mut self) {
        // Closed without having been ready: the thread ended, and nobody needs an answer.
        let _ = self.ready.wait_for(|ready| *ready).await;
    }

    /// What came in so far, and what became of it.
    #[must_use]
    pub fn stats(&self) -> Arc<ConsumerStats> {
        Arc::clone(&self.stats)
    }

    /// Ends the consumer. What it read and nobody took yet stays in the queue.
    pub async fn stop(mut self) {
        let Some(thread) = self.end() else { return };
        let ended = tokio::task::spawn_blocking(move || thread.join());
        match time::timeout(FAREWELL, ended).await {
            Ok(Ok(Ok(()))) => {}
            Ok(_) => tracing::error!("the Kafka consumer's thread panicked"),
            Err(_) => tracing::error!("the Kafka consumer's thread does not end and is left alone"),
        }
    }

    fn end(&mut self) -> Option<JoinHandle<()>> {
        self.stop.send_replace(true);
        let thread = self.thread.take()?;
        thread.thread().unpark();
        Some(thread)
    }
}

impl Drop for FanOut {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for FanOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FanOut").field("stats", &self.stats).finish_non_exhaustive()
    }
}

/// Counts what a consumer met since it began.
#[derive(Debug, Default)]
pub struct ConsumerStats {
    records: AtomicU64,
    signals_dropped: AtomicU64,
    nudges: AtomicU64,
    malformed: AtomicU64,
    too_new: AtomicU64,
    foreign: AtomicU64,
    unsigned: AtomicU64,
    errors: AtomicU64,
    rebuilds: AtomicU64,
}

/// The counts of one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConsumerCounts {
    /// Records handed over, signals included.
    pub records: u64,
    /// Signals that found no room.
    pub signals_dropped: u64,
    /// Records taken for nudges; each is counted by its reason too.
    pub nudges: u64,
    /// Records that could not be read.
    pub malformed: u64,
    /// Records of a newer version.
    pub too_new: u64,
    /// Records that did not belong where they were.
    pub foreign: u64,
    /// Records of signed topics without a right signature.
    pub unsigned: u64,
    /// Errors that the library told.
    pub errors: u64,
    /// How often the library's client was replaced.
    pub rebuilds: u64,
}

impl ConsumerStats {
    /// The counts of this moment.
    #[must_use]
    pub fn counts(&self) -> ConsumerCounts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        ConsumerCounts {
            records: read(&self.records),
            signals_dropped: read(&self.signals_dropped),
            nudges: read(&self.nudges),
            malformed: read(&self.malformed),
            too_new: read(&self.too_new),
            foreign: read(&self.foreign),
            unsigned: read(&self.unsigned),
            errors: read(&self.errors),
            rebuilds: read(&self.rebuilds),
        }
    }

    /// Answers how many there were of that reason.
    fn skipped(&self, reason: Skipped) -> u64 {
        count(match reason {
            Skipped::Malformed => &self.malformed,
            Skipped::TooNew => &self.too_new,
            Skipped::Foreign => &self.foreign,
            Skipped::Unsigned => &self.unsigned,
        })
    }
}

/// Answers what it has come to.
fn count(counter: &AtomicU64) -> u64 {
    counter.fetch_add(1, Ordering::Relaxed) + 1
}
