//! How often somebody may do something: the table of buckets, and the one place that asks for a piece of them.
//!
//! A bucket is the generic cell rate algorithm: one number, the moment at which everything that was taken is paid for. How many
//! instances count together is the adapter's affair, behind [`RateLimits`]; [`LocalLimits`] counts for one process alone, with the
//! same numbers.

mod local;
mod source;
mod table;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

pub use local::LocalLimits;
pub use source::Source;
pub use table::{Bucket, Rate};

use super::{BoxFuture, ChannelId, UserId};

/// Whose bucket it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// Somebody who is signed in, on all their devices.
    Person(UserId),
    /// Where a request comes from, before anybody is known.
    Source(Source),
}

/// One counter of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter {
    /// Which bucket.
    pub bucket: Bucket,
    /// The channel, for a bucket that there is once in every channel.
    pub channel: Option<ChannelId>,
    /// How it fills.
    pub rate: Rate,
}

/// Whether something is taken, or only looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// One of each, or of none.
    Take,
    /// Nothing.
    Look,
}

/// How a counter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// How many more at once.
    pub remaining: u32,
    /// When there is one again; zero if there is one now.
    pub wait: Duration,
    /// When it is full again.
    pub reset: Duration,
}

/// How the counters stand after they were asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// Whether one of each was taken.
    pub taken: bool,
    /// One for each counter that was named, in that order.
    pub counts: Vec<Count>,
}

/// Counts. Never fails: who cannot reach the others counts alone.
pub trait RateLimits: Send + Sync {
    /// Takes one from each of a subject's counters if each has one, and nothing otherwise; or only looks. In one step: of two
    /// that ask for the last one, one gets it.
    fn ask(&self, subject: Subject, counters: Vec<Counter>, ask: Ask) -> BoxFuture<'_, Counts>;
}

/// How a bucket stands, as it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Which.
    pub bucket: Bucket,
    /// How it fills.
    pub rate: Rate,
    /// How it stands.
    pub count: Count,
}

/// Whether something may be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The bucket that had none, and when it has one again. `None`: it may, and was counted.
    pub refused: Option<(Bucket, Duration)>,
    /// How the buckets stand now.
    pub standings: Vec<Standing>,
}

impl Verdict {
    const fn unlimited() -> Self {
        Self { refused: None, standings: Vec::new() }
    }
}

/// Asks for what an operator allows of the table's numbers.
#[derive(Clone)]
pub struct Limiter {
    limits: Arc<dyn RateLimits>,
    percent: u32,
}

impl Limiter {
    /// Counts with `limits`. `percent` stretches every bucket: 100 are the table's numbers, 0 counts nothing.
    #[must_use]
    pub fn new(limits: Arc<dyn RateLimits>, percent: u32) -> Self {
        Self { limits, percent }
    }

    /// Takes one from each bucket, or from none.
    pub async fn take(&self, subject: Subject, buckets: &[Bucket], channel: Option<ChannelId>) -> Verdict {
        self.ask(subject, buckets, channel, Ask::Take).await
    }

    /// How buckets stand.
    pub async fn look(&self, subject: Subject, buckets: &[Bucket]) -> Vec<Standing> {
        self.ask(subject, buckets, None, Ask::Look).await.standings
    }

    async fn ask(
        &self,
        subject: Subject,
        buckets: &[Bucket],
        channel: Option<ChannelId>,
        ask: Ask,
    ) -> Verdict {
        if self.percent == 0 {
            return Verdict::unlimited();
        }
        let counters: Vec<_> = buckets
            .iter()
            .map(|bucket| Counter {
                bucket: *bucket,
                channel: channel.filter(|_| bucket.is_per_channel()),
                rate: bucket.rate().stretched(self.percent),
            })
            .collect();
        let Counts { taken, counts } = self.limits.ask(subject, counters.clone(), ask).await;
        let standings: Vec<_> = counters
            .iter()
            .zip(counts)
            .map(|(counter, count)| Standing { bucket: counter.bucket, rate: counter.rate, count })
            .collect();
        let longest = standings.iter().max_by_key(|standing| standing.count.wait);
        let refused = longest.filter(|_| ask == Ask::Take && !taken);
        Verdict { refused: refused.map(|standing| (standing.bucket, standing.count.wait)), standings }
    }
}
