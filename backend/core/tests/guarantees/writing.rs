//! Receipts and retries.

use std::{
    future::ready,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use echopulse_core::{
    chat::{
        committer::LANE_CAPACITY,
        error::Refusal,
        port::{
            inbound::{PostMessage, Posting},
            outbound::Outbox,
        },
        relay::Relay,
    },
    common::{StreamKey, community::Member, event::ServerChange, port::Clock, sync::Nudge},
    testing::executor::block_on,
};

use crate::world::{ADA, GENERAL, LIN, World, beside, member, post, refusal, rest, stored};

#[test]
fn what_the_bus_did_not_take_stays_in_the_outbox() {
    let world = World::new();
    let relay = Relay::new(Arc::clone(&world.store) as _, Arc::clone(&world.bus) as _, 0);
    world.run(async { world.says("hello").await });
    let waiting = || block_on(world.store.pending(0, 100)).unwrap().len();
    let before = waiting();
    world.broken.bus.store(true, SeqCst);
    block_on(relay.drain()).unwrap_err();
    assert_eq!(waiting(), before, "nothing is forgotten");
    world.broken.bus.store(false, SeqCst);
    block_on(relay.drain()).unwrap();
    assert_eq!((waiting(), world.bus.published.lock().unwrap().len()), (0, before));
}

#[test]
fn a_relay_rests_after_a_round_that_moved_much_and_after_no_other() {
    let world = World::new();
    let relay = Relay::new(Arc::clone(&world.store) as _, Arc::clone(&world.bus) as _, 0);
    block_on(relay.drain()).unwrap();
    for (posts, rests) in [(1, 0), (100, 1)] {
        (0..posts).for_each(|_| stored(&world.store, "hello"));
        let (nudge, rested) = (Nudge::default(), AtomicUsize::new(0));
        nudge.close();
        let rest = || {
            rested.fetch_add(1, SeqCst);
            ready(())
        };
        block_on(relay.run(&nudge, rest, |error| panic!("{error}")));
        assert_eq!(rested.load(SeqCst), rests, "{posts} posts");
    }
}

#[test]
fn a_relay_goes_on_after_the_bus_was_gone() {
    let world = World::new();
    let relay = Relay::new(Arc::clone(&world.store) as _, Arc::clone(&world.bus) as _, 0);
    let (nudge, failures) = (Nudge::default(), AtomicUsize::new(0));
    world.broken.bus.store(true, SeqCst);
    let failed = |_| {
        failures.fetch_add(1, SeqCst);
    };
    let repairs = async {
        rest().await;
        world.broken.bus.store(false, SeqCst);
        nudge.nudge();
        rest().await;
        nudge.close();
    };
    block_on(beside(relay.run(&nudge, || ready(()), failed), repairs));
    assert_eq!(failures.load(SeqCst), 1);
    assert!(block_on(world.store.pending(0, 100)).unwrap().is_empty(), "the next round took everything");
}

#[test]
fn a_retry_of_somebody_who_was_silenced_is_answered_with_the_original() {
    let world = World::new();
    world.run(async {
        let first = world.service.post(post(LIN, "n", "hello")).await.unwrap();
        let until = Some(world.clock.now().after(Duration::from_secs(600)));
        world.hears(ServerChange::MemberUpdated(Member { timeout_until: until, ..member(LIN) })).await;
        assert_eq!(world.service.post(post(LIN, "n", "hello")).await.unwrap(), first);
        assert_eq!(refusal(world.service.post(post(LIN, "n", "other")).await), Refusal::NonceReused);
        assert!(matches!(refusal(world.service.post(post(LIN, "m", "hello")).await), Refusal::TimedOut(_)));
    });
}

#[test]
fn the_same_words_to_another_message_are_another_post() {
    let world = World::new();
    world.run(async {
        let (one, two) = (world.says("one").await.message, world.says("two").await.message);
        let answer = |to| PostMessage { reply_to: Some(to), ..post(LIN, "n", "yes") };
        let first = world.service.post(answer(one)).await.unwrap();
        assert_eq!(world.service.post(answer(one)).await.unwrap(), first);
        assert_eq!(refusal(world.service.post(answer(two)).await), Refusal::NonceReused);
        assert_eq!(refusal(world.service.post(post(LIN, "n", "yes")).await), Refusal::NonceReused);
    });
}

#[test]
fn posting_needs_no_bus() {
    let world = World::new();
    world.broken.bus.store(true, SeqCst);
    world.run(async {
        assert_eq!(world.says("hello").await.seq.0, 1);
        assert_eq!(world.head(StreamKey::Channel(GENERAL)).await.after.0, 1);
    });
}

#[test]
fn what_there_is_no_room_for_is_to_come_back_later() {
    let world = World::new();
    // Nobody commits: what is asked for waits.
    let mut waiting: Vec<_> = (0..LANE_CAPACITY)
        .map(|number| Box::pin(world.service.post(post(ADA, &format!("n{number}"), "hello"))))
        .collect();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(waiting.iter_mut().all(|post| post.as_mut().poll(&mut context).is_pending()));
    let refused = refusal(block_on(world.service.post(post(ADA, "one more", "hello"))));
    assert_eq!(refused, Refusal::Overloaded(Duration::from_secs(1)));
}
