//! Buckets over a real Redis, and without it.

use echopulse_core::{
    common::limit::{Ask, Bucket, Counter, RateLimits, Subject},
    testing::limit_contract,
};
use tokio::{task::yield_now, time::timeout};

use crate::{ADA, Door, LIN, PATIENCE, QUICK, Way, World, start};

fn counter(bucket: Bucket) -> Vec<Counter> {
    vec![Counter { bucket, channel: None, rate: bucket.rate() }]
}

#[tokio::test]
async fn redis_keeps_the_contract() {
    let limits = World::new().node().limits();
    // Redis has a clock of its own, which goes on by itself.
    let kept = limit_contract::keeps(&limits, async |_| yield_now().await);
    timeout(PATIENCE, kept).await.expect("buckets fill again");
}

#[tokio::test]
async fn all_nodes_take_from_one_bucket() {
    let world = World::new();
    let (one, other) = (world.node().limits(), world.node().limits());
    for limits in [&one, &other, &one, &other, &one] {
        assert!(limits.ask(Subject::Person(ADA), counter(Bucket::Create), Ask::Take).await.taken);
    }
    for limits in [&one, &other] {
        assert!(!limits.ask(Subject::Person(ADA), counter(Bucket::Create), Ask::Take).await.taken);
        assert!(limits.ask(Subject::Person(LIN), counter(Bucket::Create), Ask::Take).await.taken);
    }
}

#[tokio::test]
async fn without_redis_a_node_counts_alone_with_the_same_numbers() {
    let world = World::new();
    let door = Door::open().await;
    let limits = start(&world.options(door.url.clone())).limits();
    let take = async || {
        let asked = limits.ask(Subject::Person(ADA), counter(Bucket::Create), Ask::Take);
        timeout(QUICK, asked).await.expect("an answer comes quickly").taken
    };
    assert!(take().await);
    door.way.send_replace(Way::Shut);
    for _ in 0..3 {
        assert!(take().await);
    }
    door.way.send_replace(Way::Stuck);
    for _ in 0..2 {
        assert!(take().await);
    }
    assert!(!take().await, "five are all, with Redis or without");
    door.way.send_replace(Way::Open);
    // Redis knows of one only.
    timeout(PATIENCE, async { while !take().await {} }).await.expect("Redis counts again");
}

#[tokio::test]
async fn where_nobody_listens_a_node_counts_alone() {
    // Nobody listens on the discard port of this machine.
    let hot = start(&World::new().options("redis://127.0.0.1:9".to_owned()));
    let asked = hot.limits();
    let asked = asked.ask(Subject::Person(ADA), counter(Bucket::Create), Ask::Take);
    let answer = timeout(QUICK, asked).await.expect("an answer comes quickly");
    assert_eq!((answer.taken, answer.counts[0].remaining), (true, 4));
    timeout(PATIENCE, hot.stop()).await.expect("it ends");
}
