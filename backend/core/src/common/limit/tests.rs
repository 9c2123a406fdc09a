//! The table as the domain has it, and how it is stretched.

use std::{net::IpAddr, sync::Arc, time::Duration};

use super::{Bucket, Limiter, LocalLimits, Rate, Source, Subject};
use crate::{
    common::{ChannelId, UserId},
    testing::{executor::block_on, limit_contract, server::HandClock},
};

const ADA: Subject = Subject::Person(UserId::from_u128(1));

fn limiter(percent: u32) -> Limiter {
    Limiter::new(Arc::new(LocalLimits::new(Arc::new(HandClock::default()))), percent)
}

#[test]
fn local_limits_keep_the_contract() {
    let clock = Arc::new(HandClock::default());
    let limits = LocalLimits::new(Arc::<HandClock>::clone(&clock));
    block_on(limit_contract::keeps(&limits, async |span| clock.advance(span)));
}

#[test]
fn the_numbers_are_those_of_the_domain() {
    let second = |burst, count| Rate { burst, interval: Duration::from_secs(1) / count };
    assert_eq!(Bucket::Global.rate(), second(100, 50));
    assert_eq!(Bucket::Read.rate(), second(60, 20));
    assert_eq!(Bucket::Write.rate(), second(20, 2));
    assert_eq!(Bucket::Message.rate(), second(10, 2));
    assert_eq!(Bucket::MessageAll.rate(), second(30, 10));
    assert_eq!(Bucket::Edit.rate(), second(20, 4));
    assert_eq!(Bucket::Connect.rate(), second(10, 1));
    assert_eq!(Bucket::Subscribe.rate(), second(500, 50));
    assert_eq!(Bucket::SignIn.rate(), Rate { burst: 20, interval: Duration::from_secs(6) });
    assert_eq!(Bucket::Invite.rate(), Rate { burst: 10, interval: Duration::from_secs(6) });
    assert_eq!(Bucket::Create.rate(), Rate { burst: 5, interval: Duration::from_secs(8640) });
    let mut names: Vec<_> = Bucket::ALL.iter().map(|bucket| bucket.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Bucket::ALL.len(), "no name twice");
}

#[test]
fn a_bucket_is_stretched_and_never_empty() {
    let rate = Bucket::Write.rate();
    let large = rate.stretched(1000);
    assert_eq!((large.burst, large.interval), (200, Duration::from_millis(50)));
    let small = rate.stretched(1);
    assert_eq!((small.burst, small.interval), (1, Duration::from_secs(50)));
    assert_eq!(rate.stretched(u32::MAX).interval, Duration::from_micros(1));
}

#[test]
fn the_bucket_that_is_empty_is_named_and_the_others_are_left_as_they_are() {
    block_on(async {
        let limiter = limiter(100);
        let channel = |number| Some(ChannelId::from_u128(number));
        let buckets = [Bucket::Global, Bucket::MessageAll, Bucket::Message];
        for _ in 0..10 {
            assert_eq!(limiter.take(ADA, &buckets, channel(1)).await.refused, None);
        }
        let verdict = limiter.take(ADA, &buckets, channel(1)).await;
        assert_eq!(verdict.refused, Some((Bucket::Message, Duration::from_millis(500))));
        let left: Vec<_> = verdict.standings.iter().map(|standing| standing.count.remaining).collect();
        assert_eq!(left, [90, 20, 0], "what is refused does not count");
        assert_eq!(limiter.take(ADA, &buckets, channel(2)).await.refused, None, "one for each channel");
        let other = Subject::Person(UserId::from_u128(2));
        assert_eq!(limiter.take(other, &buckets, channel(1)).await.refused, None, "one for each person");
    });
}

#[test]
fn who_waits_as_long_as_was_said_gets_one_and_no_more() {
    let clock = Arc::new(HandClock::default());
    let limiter = Limiter::new(Arc::new(LocalLimits::new(Arc::<HandClock>::clone(&clock))), 100);
    let take = || block_on(limiter.take(ADA, &[Bucket::Create], None)).refused;
    while take().is_none() {}
    let (_, wait) = take().expect("the burst is over");
    clock.advance(wait - Duration::from_millis(1));
    assert!(take().is_some(), "not a moment earlier");
    clock.advance(Duration::from_millis(1));
    assert_eq!(take(), None);
    assert!(take().is_some(), "only one came back");
}

#[test]
fn nothing_is_counted_where_an_operator_wants_no_limits() {
    block_on(async {
        let limiter = limiter(0);
        for _ in 0..1000 {
            let verdict = limiter.take(ADA, &[Bucket::Create], None).await;
            assert_eq!((verdict.refused, verdict.standings.len()), (None, 0));
        }
        assert!(limiter.look(ADA, &[Bucket::Create]).await.is_empty());
    });
}

#[test]
fn a_source_is_an_address_or_a_network_of_ipv6() {
    let source = |text: &str| Source::of(text.parse::<IpAddr>().unwrap());
    assert_eq!(source("2001:db8:1:2:3:4:5:6"), source("2001:db8:1:2::9"));
    assert_ne!(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
    assert_eq!(source("::ffff:192.0.2.7"), source("192.0.2.7"));
    assert_ne!(source("192.0.2.7"), source("192.0.2.8"));
}
