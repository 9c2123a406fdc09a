//! What every [`RateLimits`] keeps.

use std::time::Duration;

use crate::common::{
    ChannelId, UserId,
    limit::{Ask, Bucket, Counter, Rate, RateLimits, Subject},
};

/// Long enough that nothing comes back while the contract runs.
const SLOW: Duration = Duration::from_secs(60 * 60);

fn counter(bucket: Bucket, burst: u32, interval: Duration) -> Counter {
    Counter { bucket, channel: None, rate: Rate { burst, interval } }
}

fn somebody(number: u128) -> Subject {
    Subject::Person(UserId::from_u128(number))
}

/// Runs the contract over counters that nobody has touched. `pass` lets time pass where the adapter looks at it; it is called
/// again until it has.
///
/// # Panics
///
/// If a promise is broken.
pub async fn keeps(limits: &dyn RateLimits, mut pass: impl AsyncFnMut(Duration)) {
    a_bucket_gives_its_burst(limits).await;
    one_of_each_or_none(limits).await;
    who_looks_takes_nothing(limits).await;
    a_channel_has_its_own(limits).await;
    what_was_taken_comes_back(limits, &mut pass).await;
}

async fn a_bucket_gives_its_burst(limits: &dyn RateLimits) {
    let asked = counter(Bucket::Read, 3, SLOW);
    for left in [2, 1, 0] {
        let answer = limits.ask(somebody(1), vec![asked], Ask::Take).await;
        assert!(answer.taken);
        assert_eq!(answer.counts[0].remaining, left);
        assert!(answer.counts[0].reset <= SLOW * 3);
    }
    let answer = limits.ask(somebody(1), vec![asked], Ask::Take).await;
    assert!(!answer.taken, "the burst is three");
    assert_eq!(answer.counts[0].remaining, 0);
    assert!(answer.counts[0].wait > SLOW / 2 && answer.counts[0].wait <= SLOW, "{answer:?}");
    assert!(limits.ask(somebody(2), vec![asked], Ask::Take).await.taken, "everybody has their own");
    let write = counter(Bucket::Write, 3, SLOW);
    assert!(limits.ask(somebody(1), vec![write], Ask::Take).await.taken, "every bucket is its own");
}

async fn one_of_each_or_none(limits: &dyn RateLimits) {
    let (large, small) = (counter(Bucket::Global, 9, SLOW), counter(Bucket::Create, 1, SLOW));
    assert!(limits.ask(somebody(3), vec![large, small], Ask::Take).await.taken);
    let answer = limits.ask(somebody(3), vec![large, small], Ask::Take).await;
    assert!(!answer.taken);
    let left: Vec<_> = answer.counts.iter().map(|count| count.remaining).collect();
    assert_eq!(left, [8, 0], "what was refused was not counted");
    assert!(answer.counts[0].wait.is_zero(), "the large one has some");
}

async fn who_looks_takes_nothing(limits: &dyn RateLimits) {
    let asked = counter(Bucket::Invite, 2, SLOW);
    for _ in 0..3 {
        let answer = limits.ask(somebody(4), vec![asked], Ask::Look).await;
        assert_eq!((answer.taken, answer.counts[0].remaining), (false, 2));
        assert!(answer.counts[0].wait.is_zero() && answer.counts[0].reset.is_zero());
    }
}

async fn a_channel_has_its_own(limits: &dyn RateLimits) {
    let at =
        |number| Counter { channel: Some(ChannelId::from_u128(number)), ..counter(Bucket::Message, 1, SLOW) };
    assert!(limits.ask(somebody(5), vec![at(1)], Ask::Take).await.taken);
    assert!(!limits.ask(somebody(5), vec![at(1)], Ask::Take).await.taken);
    assert!(limits.ask(somebody(5), vec![at(2)], Ask::Take).await.taken);
}

async fn what_was_taken_comes_back(limits: &dyn RateLimits, pass: &mut impl AsyncFnMut(Duration)) {
    let asked = counter(Bucket::Edit, 2, Duration::from_millis(400));
    for _ in 0..2 {
        assert!(limits.ask(somebody(6), vec![asked], Ask::Take).await.taken);
    }
    loop {
        let answer = limits.ask(somebody(6), vec![asked], Ask::Take).await;
        if answer.taken {
            return;
        }
        assert!(answer.counts[0].wait <= Duration::from_millis(400));
        pass(answer.counts[0].wait).await;
    }
}
