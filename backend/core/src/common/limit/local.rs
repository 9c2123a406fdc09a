//! Counting for one process alone.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use super::{Ask, Bucket, Count, Counter, Counts, Rate, RateLimits, Subject};
use crate::common::{BoxFuture, ChannelId, port::Clock, sync::lock};

/// Counters that are remembered. When there are more, those that are full again are forgotten, which changes nothing; if that
/// is not enough, the half that would be full soonest.
const REMEMBERED: usize = 50_000;

type Key = (Subject, Bucket, Option<ChannelId>);

/// Buckets of this process.
pub struct LocalLimits {
    clock: Arc<dyn Clock>,
    /// When everything that was taken is paid for, in microseconds of the clock.
    paid: Mutex<HashMap<Key, i128>>,
    most: usize,
}

impl LocalLimits {
    /// Buckets that are all full.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, paid: Mutex::default(), most: REMEMBERED }
    }

    fn now(&self) -> i128 {
        i128::from(self.clock.now().as_millis()) * 1000
    }

    fn step(&self, subject: Subject, counters: &[Counter], ask: Ask) -> Counts {
        let now = self.now();
        let mut paid = lock(&self.paid);
        let key = |counter: &Counter| (subject, counter.bucket, counter.channel);
        let mut places: Vec<i128> = counters
            .iter()
            .map(|counter| {
                let before = paid.get(&key(counter)).copied().unwrap_or(now);
                // A place further ahead than the bucket is large comes from a clock that was set back.
                before.clamp(now, now + micros(counter.rate.window()))
            })
            .collect();
        let counts = |places: &[i128]| {
            counters.iter().zip(places).map(|(counter, place)| count(counter.rate, *place, now)).collect()
        };
        let before: Vec<Count> = counts(&places);
        let taken = ask == Ask::Take && before.iter().all(|count| count.wait.is_zero());
        if !taken {
            return Counts { taken, counts: before };
        }
        if paid.len() + counters.len() > self.most {
            forget(&mut paid, now, self.most / 2);
        }
        for (counter, place) in counters.iter().zip(&mut places) {
            *place += micros(counter.rate.interval);
            paid.insert(key(counter), *place);
        }
        Counts { taken, counts: counts(&places) }
    }
}

/// How a bucket stands whose takings are paid for at `paid`.
fn count(rate: Rate, paid: i128, now: i128) -> Count {
    let interval = micros(rate.interval).max(1);
    let room = micros(rate.window()) - (paid - now);
    Count {
        remaining: u32::try_from(room / interval).unwrap_or(0),
        wait: span(interval - room),
        reset: span(paid - now),
    }
}

fn micros(span: Duration) -> i128 {
    i128::try_from(span.as_micros()).unwrap_or(i128::MAX / 4).min(i128::MAX / 4)
}

fn span(micros: i128) -> Duration {
    Duration::from_micros(u64::try_from(micros.max(0)).unwrap_or(u64::MAX))
}

fn forget(paid: &mut HashMap<Key, i128>, now: i128, keep: usize) {
    paid.retain(|_, place| *place > now);
    if paid.len() <= keep {
        return;
    }
    let mut places: Vec<i128> = paid.values().copied().collect();
    let at = places.len() - keep;
    let (_, least, _) = places.select_nth_unstable(at);
    let least = *least;
    paid.retain(|_, place| *place > least);
}

impl RateLimits for LocalLimits {
    fn ask(&self, subject: Subject, counters: Vec<Counter>, ask: Ask) -> BoxFuture<'_, Counts> {
        Box::pin(std::future::ready(self.step(subject, &counters, ask)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        common::{UserId, limit::Bucket},
        testing::server::HandClock,
    };

    #[test]
    fn memory_for_counters_is_bounded_and_those_who_took_most_are_remembered() {
        let clock = Arc::new(HandClock::default());
        let limits = LocalLimits { most: 100, ..LocalLimits::new(clock) };
        let counter = |bucket: Bucket| Counter { bucket, channel: None, rate: bucket.rate() };
        let flooder = Subject::Person(UserId::from_u128(1));
        for _ in 0..5 {
            assert!(limits.step(flooder, &[counter(Bucket::Create)], Ask::Take).taken);
        }
        for number in 2..1000 {
            let subject = Subject::Person(UserId::from_u128(number));
            limits.step(subject, &[counter(Bucket::Read)], Ask::Take);
        }
        assert!(lock(&limits.paid).len() <= 100);
        assert!(!limits.step(flooder, &[counter(Bucket::Create)], Ask::Take).taken, "it is still empty");
    }
}
