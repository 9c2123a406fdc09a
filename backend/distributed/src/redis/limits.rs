//! How often somebody may do something, counted over all nodes.

use std::{sync::Arc, time::Duration};

use ::redis::Script;

use super::link::Link;

/// The generic cell rate algorithm: one number per key, the moment at which everything taken so far is paid for. The clock is
/// that of Redis, the same for all nodes; a number further ahead than the burst allows comes from a clock that jumped.
const TAKE: &str = r"
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local paid = tonumber(redis.call('GET', KEYS[1]) or now) or now
paid = math.min(math.max(paid, now), now + interval * burst)
local next = paid + interval
local free = next - interval * burst
if free > now then
  return {0, 0, free - now}
end
redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000))
return {1, math.floor((now - free) / interval), next - now}
";

/// How many in how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// So many; none counts as one.
    pub count: u32,
    /// In this span.
    pub per: Duration,
}

impl Rate {
    /// Microseconds between two.
    fn interval(self) -> u64 {
        let micros = self.per.as_micros() / u128::from(self.count.max(1));
        // Up to 300 years, which is beyond what a script's numbers hold exactly, and beyond any limit.
        u64::try_from(micros).unwrap_or(u64::MAX).max(1)
    }
}

/// Whether something may be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may, and is counted.
    Allowed {
        /// How many more at once.
        remaining: u32,
        /// When everything is free again.
        reset: Duration,
    },
    /// It may not, and is not counted.
    Limited {
        /// When one is free.
        retry_after: Duration,
    },
    /// It may, for Redis is away and nobody counts.
    Unchecked,
}

impl Verdict {
    /// Whether it may be done.
    #[must_use]
    pub const fn is_allowed(self) -> bool {
        !matches!(self, Self::Limited { .. })
    }
}

/// Buckets over all nodes.
#[derive(Debug, Clone)]
pub struct RateLimits {
    link: Arc<Link>,
    space: Arc<str>,
    take: Script,
}

impl RateLimits {
    pub(super) fn new(link: Arc<Link>, space: &str) -> Self {
        Self { link, space: space.into(), take: Script::new(TAKE) }
    }

    /// Whether Redis answers.
    pub(super) async fn answers(&self) -> bool {
        self.link.ask::<u8>(&Script::new("return 1").prepare_invoke()).await.is_some()
    }

    /// Takes one from the bucket `key`, which fills at `rate` and holds `burst`, one at least.
    pub async fn check(&self, key: &str, rate: Rate, burst: u32) -> Verdict {
        let bucket = format!("ep:{{{}limit/{key}}}:bucket", self.space);
        let mut take = self.take.key(bucket);
        take.arg(rate.interval()).arg(burst.max(1));
        let Some((allowed, remaining, span)) = self.link.ask::<(u8, u32, u64)>(&take).await else {
            return Verdict::Unchecked;
        };
        let span = Duration::from_micros(span);
        match allowed {
            0 => Verdict::Limited { retry_after: span },
            _ => Verdict::Allowed { remaining, reset: span },
        }
    }
}
