//! Token buckets in memory: how often one source, and everybody together, may try.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::config::{BucketSize, TryLimits};

/// Sources remembered at once. When full, the refilled ones go; when none is, all go, and the total still binds.
const MOST_SOURCES: usize = 10_000;

/// Where a request came from: an IPv4 address, or the /64 of an IPv6 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Source(u64);

impl From<IpAddr> for Source {
    fn from(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => Self(u64::from(u32::from(ip))),
            // Global IPv6 prefixes start with a set bit among the first, so the two kinds do not meet.
            IpAddr::V6(ip) => Self((u128::from(ip) >> 64) as u64),
        }
    }
}

/// No try is left; there is one again after this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait(pub(crate) Duration);

/// A count of tries that refills with time.
#[derive(Clone, Copy)]
struct Bucket {
    /// The time at which the bucket is full again; a try moves it on by `every`.
    full_at: Duration,
}

impl Bucket {
    const FULL: Self = Self { full_at: Duration::ZERO };

    fn take(&mut self, size: BucketSize, now: Duration) -> Result<(), Wait> {
        let full_at = self.full_at.max(now) + size.every;
        let allowed = now + size.every * size.burst;
        if full_at > allowed {
            return Err(Wait(full_at - allowed));
        }
        self.full_at = full_at;
        Ok(())
    }

    fn give_back(&mut self, size: BucketSize) {
        self.full_at = self.full_at.saturating_sub(size.every);
    }
}

struct Buckets {
    sources: HashMap<Source, Bucket>,
    total: Bucket,
}

/// The tries of one kind.
pub(crate) struct Tries {
    per_source: BucketSize,
    total: BucketSize,
    buckets: Mutex<Buckets>,
}

impl Tries {
    fn new(per_source: BucketSize, total: BucketSize) -> Self {
        let buckets = Buckets { sources: HashMap::new(), total: Bucket::FULL };
        Self { per_source, total, buckets: Mutex::new(buckets) }
    }

    /// Takes one try, or says when there is one again. Taken before the outcome is known, so that parallel guesses count.
    pub(crate) fn take(&self, source: Source, now: Duration) -> Result<(), Wait> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.sources.len() >= MOST_SOURCES && !buckets.sources.contains_key(&source) {
            buckets.sources.retain(|_, bucket| bucket.full_at > now);
            if buckets.sources.len() >= MOST_SOURCES {
                buckets.sources.clear();
            }
        }
        // One source that is out of tries does not use up those of the others.
        let bucket = buckets.sources.entry(source).or_insert(Bucket::FULL);
        bucket.take(self.per_source, now)?;
        if let Err(wait) = buckets.total.take(self.total, now) {
            self.return_to(&mut buckets, source);
            return Err(wait);
        }
        Ok(())
    }

    /// Returns the one try that turned out to be no failure. Earlier failures stay counted.
    pub(crate) fn give_back(&self, source: Source) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        self.return_to(&mut buckets, source);
        buckets.total.give_back(self.total);
    }

    fn return_to(&self, buckets: &mut Buckets, source: Source) {
        if let Some(bucket) = buckets.sources.get_mut(&source) {
            bucket.give_back(self.per_source);
        }
    }
}

/// All that is limited.
pub(crate) struct Limits {
    pub(crate) passwords: Tries,
    pub(crate) codes: Tries,
    pub(crate) sign_ups: Tries,
    pub(crate) devices: Tries,
}

impl Limits {
    pub(crate) fn new(tries: &TryLimits) -> Self {
        Self {
            passwords: Tries::new(tries.passwords_per_source, tries.passwords_total),
            codes: Tries::new(tries.codes_per_source, tries.codes_total),
            sign_ups: Tries::new(tries.sign_ups_per_source, tries.sign_ups_total),
            devices: Tries::new(tries.devices_per_source, tries.devices_total),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_000_000);

    fn source(ip: &str) -> Source {
        Source::from(ip.parse::<IpAddr>().unwrap())
    }

    #[test]
    fn a_source_waits_when_its_tries_are_used_up() {
        let tries = Tries::new(BucketSize::new(2, 10), BucketSize::new(100, 1));
        let one = source("192.0.2.1");
        assert_eq!(tries.take(one, NOW), Ok(()));
        assert_eq!(tries.take(one, NOW), Ok(()));
        assert_eq!(tries.take(one, NOW), Err(Wait(Duration::from_secs(10))));
        assert_eq!(tries.take(source("192.0.2.2"), NOW), Ok(()));
        assert_eq!(tries.take(one, NOW + Duration::from_secs(10)), Ok(()));
    }

    #[test]
    fn all_sources_together_are_limited() {
        let tries = Tries::new(BucketSize::new(2, 10), BucketSize::new(2, 10));
        assert_eq!(tries.take(source("192.0.2.1"), NOW), Ok(()));
        assert_eq!(tries.take(source("192.0.2.2"), NOW), Ok(()));
        assert!(tries.take(source("192.0.2.3"), NOW).is_err());
    }

    #[test]
    fn a_try_given_back_resets_nothing_else() {
        let tries = Tries::new(BucketSize::new(2, 10), BucketSize::new(100, 1));
        let one = source("192.0.2.1");
        tries.take(one, NOW).unwrap();
        tries.take(one, NOW).unwrap();
        tries.give_back(one);
        assert_eq!(tries.take(one, NOW), Ok(()));
        assert!(tries.take(one, NOW).is_err());
    }

    #[test]
    fn an_ipv6_network_is_one_source() {
        assert_eq!(source("2001:db8::1"), source("2001:db8::2"));
        assert_ne!(source("2001:db8::1"), source("2001:db8:0:1::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
    }

    #[test]
    fn sources_do_not_fill_the_memory() {
        let tries = Tries::new(BucketSize::new(2, 10), BucketSize::new(u32::MAX, 0));
        for n in 0..(MOST_SOURCES as u64 + 10) {
            tries.take(Source(n), NOW).unwrap();
        }
        assert!(tries.buckets.lock().unwrap().sources.len() <= MOST_SOURCES);
    }
}
