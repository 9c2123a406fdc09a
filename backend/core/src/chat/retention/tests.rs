//! The day's work, on a clock that moves when told.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::Poll,
};

use super::*;
use crate::{
    chat::{
        hub::{Hub, HubDeps},
        model::{EventBody, HistoryQuery},
        port::outbound::{EventLog, MessageStore, Outbox, Projection, Timer},
        rights::Rights,
    },
    common::{BoxFuture, Seq, StreamKey, event::ServerChange, sync::Nudge},
    testing::{
        chat::MemoryChatStore,
        chat_contract::{self, ADA, GENERAL, RANDOM, SERVER},
        executor::block_on,
        server::HandClock,
    },
};

/// Nobody waits here.
struct NoTimer;

impl Timer for NoTimer {
    fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}

/// A store whose channels are looked at in vain, once.
struct Failing {
    store: Arc<MemoryChatStore>,
    fails: AtomicBool,
}

type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

impl RetentionStore for Failing {
    fn retained(&self, after: Option<ChannelId>, limit: usize) -> Answer<'_, Vec<(ChannelId, u16)>> {
        if self.fails.swap(false, SeqCst) {
            return Box::pin(std::future::ready(Err(StoreError::new("the disk is full"))));
        }
        self.store.retained(after, limit)
    }

    fn last_before(&self, channel: ChannelId, at: Timestamp) -> Answer<'_, Option<Seq>> {
        self.store.last_before(channel, at)
    }

    fn forget_events(&self, at: Timestamp, limit: usize) -> Answer<'_, u64> {
        self.store.forget_events(at, limit)
    }

    fn claim(&self, chore: &'static str, now: Timestamp, every: Duration) -> Answer<'_, bool> {
        self.store.claim(chore, now, every)
    }

    fn give_back(&self, chore: &'static str) -> Answer<'_, ()> {
        self.store.give_back(chore)
    }
}

struct House {
    store: Arc<MemoryChatStore>,
    clock: Arc<HandClock>,
}

/// One of the nodes that share the store.
struct Node {
    retention: Retention,
    committer: Arc<Committer>,
}

impl House {
    /// A server whose #random is kept for seven days.
    fn new() -> Self {
        let house = Self { store: Arc::default(), clock: Arc::default() };
        for mut event in chat_contract::founding() {
            event.at = house.clock.now();
            if let ServerChange::ChannelCreated(channel) = &mut event.change
                && channel.id == RANDOM
            {
                channel.retention_days = Some(7);
            }
            block_on(house.store.apply(event)).unwrap();
        }
        house.publish();
        house
    }

    fn publish(&self) {
        let rows = block_on(self.store.pending(0, 1000)).unwrap();
        let rows = rows.iter().map(|event| (event.stream, event.seq)).collect();
        block_on(self.store.published(rows)).unwrap();
    }

    fn node(&self, retention: Arc<dyn RetentionStore>) -> Node {
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock) as Arc<dyn Clock>);
        let rights = Arc::new(Rights::new(Arc::clone(&store) as _, Arc::clone(&clock)));
        let hub =
            Arc::new(Hub::new(HubDeps { log: Arc::clone(&store) as _, rights, timer: Arc::new(NoTimer) }));
        let committer = Arc::new(Committer::new(store, hub, Arc::<Nudge>::default(), 1));
        Node { retention: Retention::new(retention, Arc::clone(&committer), clock), committer }
    }

    fn say(&self, number: u32, channel: ChannelId) {
        let mut write = chat_contract::post(ADA, channel, number, "text");
        write.at = self.clock.now();
        block_on(self.store.commit(vec![write])).unwrap();
    }

    fn days(&self, days: u32) {
        self.clock.advance(DAY * days);
    }

    fn seqs(&self, channel: ChannelId) -> Vec<u64> {
        let page = block_on(self.store.history(channel, HistoryQuery::Latest, 100)).unwrap().unwrap();
        page.messages.iter().map(|message| message.seq.0).collect()
    }
}

impl Node {
    /// Does what is due while its writes are committed.
    fn run(&self) -> Result<bool, StoreError> {
        let mut work = pin!(self.retention.run());
        let mut lane = pin!(self.committer.run(0, |error| panic!("{error}")));
        block_on(poll_fn(|context| {
            for _ in 0..1000 {
                if let Poll::Ready(done) = work.as_mut().poll(context) {
                    return Poll::Ready(done);
                }
                let _ = lane.as_mut().poll(context);
            }
            Poll::Pending
        }))
    }
}

#[test]
fn messages_go_when_their_days_are_over_and_others_stay() {
    let house = House::new();
    let node = house.node(Arc::clone(&house.store) as _);
    house.say(1, RANDOM);
    house.say(2, GENERAL);
    house.days(3);
    house.say(3, RANDOM);
    assert!(node.run().unwrap());
    assert_eq!(house.seqs(RANDOM), [1, 2], "not yet");
    house.days(5);
    assert!(node.run().unwrap());
    assert_eq!((house.seqs(RANDOM), house.seqs(GENERAL)), (vec![2], vec![1]));
    let page = block_on(house.store.events(StreamKey::Channel(RANDOM), Seq(2), 9)).unwrap().unwrap();
    let purged = EventBody::HistoryPurged { through: Seq(1), reason: PurgeReason::Retention };
    assert_eq!((&page.events[0].body, page.events[0].actor), (&purged, None));
    house.days(1);
    assert!(node.run().unwrap());
    let page = block_on(house.store.events(StreamKey::Channel(RANDOM), Seq(3), 9)).unwrap().unwrap();
    assert_eq!(page.events, [], "nothing to do is no event");
}

#[test]
fn the_days_work_is_done_once_a_day_by_one_node() {
    let house = House::new();
    let (one, other) = (house.node(Arc::clone(&house.store) as _), house.node(Arc::clone(&house.store) as _));
    assert_eq!((one.run().unwrap(), other.run().unwrap(), one.run().unwrap()), (true, false, false));
    house.days(1);
    assert_eq!((other.run().unwrap(), one.run().unwrap()), (true, false));
}

#[test]
fn what_failed_is_due_again() {
    let house = House::new();
    let failing = Failing { store: Arc::clone(&house.store), fails: AtomicBool::new(true) };
    let node = house.node(Arc::new(failing));
    house.say(1, RANDOM);
    house.days(8);
    node.run().unwrap_err();
    assert!(node.run().unwrap());
    assert_eq!(house.seqs(RANDOM), [0; 0]);
}

#[test]
fn events_of_servers_and_persons_are_kept_for_thirty_days() {
    let house = House::new();
    let node = house.node(Arc::clone(&house.store) as _);
    house.days(30);
    assert!(node.run().unwrap());
    let kept = |stream| block_on(house.store.events(stream, Seq::ZERO, 99)).unwrap().unwrap();
    assert_eq!(kept(StreamKey::Server(SERVER)).purged_through, Seq::ZERO, "thirty days are not over");
    house.days(1);
    assert!(node.run().unwrap());
    for stream in [StreamKey::Server(SERVER), StreamKey::User(ADA)] {
        let page = kept(stream);
        assert_eq!((page.purged_through, page.events.len()), (page.head, 0), "{stream:?}");
        assert!(page.head > Seq::ZERO);
    }
}
