//! How often somebody may do something, counted over all nodes.

use std::{fmt::Write, sync::Arc, time::Duration};

use ::redis::Script;
use echopulse_core::common::{
    BoxFuture,
    limit::{Ask, Count, Counter, Counts, LocalLimits, RateLimits, Subject},
    port::Clock,
};

use super::link::Link;

/// The generic cell rate algorithm: one number per key, the moment at which everything taken so far is paid for. The clock is
/// that of Redis, the same for all nodes; a number further ahead than the burst allows comes from a clock that jumped. Each key
/// has an interval and a burst among the arguments, behind the word whether something is taken.
const ASK: &str = r"
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local taken, paid = tonumber(ARGV[1]), {}
local function interval(at) return tonumber(ARGV[2 * at]) end
local function window(at) return interval(at) * tonumber(ARGV[2 * at + 1]) end
for at, key in ipairs(KEYS) do
  local before = tonumber(redis.call('GET', key) or now) or now
  paid[at] = math.min(math.max(before, now), now + window(at))
  if paid[at] + interval(at) > now + window(at) then
    taken = 0
  end
end
local answer = {taken}
for at, key in ipairs(KEYS) do
  if taken == 1 then
    paid[at] = paid[at] + interval(at)
    redis.call('SET', key, string.format('%.0f', paid[at]), 'PX', math.ceil((paid[at] - now) / 1000))
  end
  local room = now + window(at) - paid[at]
  table.insert(answer, math.floor(room / interval(at)))
  table.insert(answer, math.max(interval(at) - room, 0))
  table.insert(answer, paid[at] - now)
end
return answer
";

/// Buckets over all nodes. While Redis is away each node counts alone, with the same numbers.
#[derive(Clone)]
pub struct RedisLimits {
    link: Arc<Link>,
    space: Arc<str>,
    script: Script,
    alone: Arc<LocalLimits>,
}

impl RedisLimits {
    pub(super) fn new(link: Arc<Link>, space: &str, clock: Arc<dyn Clock>) -> Self {
        Self { link, space: space.into(), script: Script::new(ASK), alone: Arc::new(LocalLimits::new(clock)) }
    }

    /// Whether Redis answers.
    pub async fn answers(&self) -> bool {
        self.link.ask::<u8>(&Script::new("return 1").prepare_invoke()).await.is_some()
    }

    /// All counters of a subject lie in one slot of a cluster.
    fn key(&self, subject: Subject, counter: &Counter) -> String {
        let space = &self.space;
        let mut key = match subject {
            Subject::Person(user) => format!("ep:{{{space}limit/{user}}}"),
            Subject::Source(source) => format!("ep:{{{space}limit/{source}}}"),
        };
        // Writing into a text cannot fail.
        let _ = write!(key, ":{}", counter.bucket.name());
        if let Some(channel) = counter.channel {
            let _ = write!(key, ":{channel}");
        }
        key
    }

    async fn ask_redis(&self, subject: Subject, counters: &[Counter], ask: Ask) -> Option<Counts> {
        let mut script = self.script.prepare_invoke();
        script.arg(u8::from(ask == Ask::Take));
        for counter in counters {
            script.key(self.key(subject, counter));
            script.arg(u64::try_from(counter.rate.interval.as_micros()).unwrap_or(u64::MAX));
            script.arg(counter.rate.burst);
        }
        let numbers = self.link.ask::<Vec<u64>>(&script).await?;
        let (taken, rest) = numbers.split_first()?;
        let counts = rest.as_chunks::<3>().0.iter().map(|[remaining, wait, reset]| Count {
            remaining: u32::try_from(*remaining).unwrap_or(u32::MAX),
            wait: Duration::from_micros(*wait),
            reset: Duration::from_micros(*reset),
        });
        Some(Counts { taken: *taken == 1, counts: counts.collect() })
    }
}

impl RateLimits for RedisLimits {
    fn ask(&self, subject: Subject, counters: Vec<Counter>, ask: Ask) -> BoxFuture<'_, Counts> {
        Box::pin(async move {
            match self.ask_redis(subject, &counters, ask).await {
                Some(counts) => counts,
                None => self.alone.ask(subject, counters, ask).await,
            }
        })
    }
}

impl std::fmt::Debug for RedisLimits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisLimits").field("link", &self.link).finish_non_exhaustive()
    }
}
