//! The databases are the truth: hints that are lost, doubled, late or wrong cost latency only.

use std::sync::{Arc, atomic::Ordering::SeqCst};

use echopulse_core::{
    chat::{
        model::{EndCode, Item, Record},
        port::outbound::{EventLog, Projection},
    },
    common::{
        Seq, StreamKey,
        event::{RemovalCause, ServerChange},
    },
    testing::executor::block_on,
};

use crate::world::{ADA, EVE, GENERAL, LIN, Reader, SERVER, World, channel, joined, removed, rest, stored};

const STREAM: StreamKey = StreamKey::Channel(GENERAL);
const NEWS: StreamKey = StreamKey::Server(SERVER);

#[test]
fn the_node_that_stored_a_message_delivers_it_by_itself() {
    let world = World::new();
    world.run(async {
        let reader = Reader::new(9);
        world.follows(LIN, STREAM, None, &reader).await.unwrap();
        world.broken.bus.store(true, SeqCst);
        world.broken.log.store(true, SeqCst);
        world.says("hello").await;
        assert_eq!(reader.seqs(), [1], "at once, without the bus and without a look at the store");
    });
}

#[test]
fn what_no_hint_told_is_found() {
    let world = World::new();
    world.run(async {
        let reader = Reader::new(9);
        world.follows(LIN, STREAM, None, &reader).await.unwrap();
        stored(&world.store, "one");
        stored(&world.store, "two");
        rest().await;
        assert_eq!(reader.seqs(), [0; 0]);
        world.service.check().await.unwrap();
        rest().await;
        assert_eq!(reader.seqs(), [1, 2]);
    });
}

#[test]
fn doubled_and_late_hints_deliver_nothing_twice() {
    let world = World::new();
    world.run(async {
        let reader = Reader::new(9);
        world.follows(LIN, STREAM, None, &reader).await.unwrap();
        for text in ["one", "two", "three"] {
            stored(&world.store, text);
        }
        let events = world.log.events(STREAM, Seq(0), 9).await.unwrap().unwrap().events;
        for at in [2, 2, 0, 1, 1, 0, 2] {
            world.service.receive(Record::Stream(events[at].clone())).await.unwrap();
            rest().await;
        }
        assert_eq!(reader.seqs(), [1, 2, 3]);
    });
}

#[test]
fn a_hint_beyond_the_end_is_taken_back() {
    let world = World::new();
    world.run(async {
        let reader = Reader::new(9);
        world.follows(LIN, STREAM, None, &reader).await.unwrap();
        world.hub.announce(STREAM, Seq(9));
        rest().await;
        let reads = world.log.reads.load(SeqCst);
        world.says("one").await;
        world.says("two").await;
        rest().await;
        assert_eq!(reader.seqs(), [1, 2]);
        assert_eq!(world.log.reads.load(SeqCst), reads, "the store is not asked for what it does not have");
    });
}

#[test]
fn a_change_of_a_server_that_no_hint_told_ends_what_it_takes_away() {
    let world = World::new();
    world.run(async {
        let reader = Reader::new(9);
        world.follows(LIN, STREAM, None, &reader).await.unwrap();
        world.decide(removed(LIN, RemovalCause::Kicked));
        world.service.check().await.unwrap();
        rest().await;
        assert_eq!(reader.read(), [Item::Ended(EndCode::Kicked)]);
    });
}

#[test]
fn rights_that_could_not_be_looked_at_are_looked_at_again() {
    let world = World::new();
    world.run(async {
        let reader = Reader::new(9);
        world.follows(LIN, STREAM, None, &reader).await.unwrap();
        let event = world.decide(removed(LIN, RemovalCause::Kicked));
        // The change is applied; the copy cannot be read behind it.
        world.broken.copy.store(true, SeqCst);
        world.service.receive(Record::Server(event)).await.unwrap();
        rest().await;
        assert!(reader.read().is_empty());
        world.broken.copy.store(false, SeqCst);
        world.hub.check_heads().await.unwrap();
        rest().await;
        assert_eq!(reader.read(), [Item::Ended(EndCode::Kicked)]);
    });
}

#[test]
fn a_change_that_another_node_applied_is_news_here_all_the_same() {
    let world = World::new();
    world.run(async {
        let (channel, news) = (Reader::new(9), Reader::new(9));
        world.follows(LIN, STREAM, None, &channel).await.unwrap();
        world.follows(ADA, NEWS, None, &news).await.unwrap();
        let event = world.decide(removed(LIN, RemovalCause::Kicked));
        world.store.apply(event.clone()).await.unwrap();
        world.service.receive(Record::Server(event)).await.unwrap();
        rest().await;
        assert_eq!(channel.read(), [Item::Ended(EndCode::Kicked)]);
        assert_eq!(news.seqs(), [7]);
    });
}

#[test]
fn changes_are_applied_in_their_order_however_many_are_missing() {
    let world = World::new();
    world.run(async {
        let reader = Reader::new(999);
        world.follows(ADA, NEWS, None, &reader).await.unwrap();
        for number in 0..600 {
            world.decide(ServerChange::ChannelUpdated(channel(GENERAL, &format!("name-{number}"), false)));
        }
        world.hears(joined(EVE)).await;
        rest().await;
        assert_eq!(reader.seqs(), (7..=607).collect::<Vec<_>>());
        assert!(world.rights.member(SERVER, EVE).await.unwrap().is_some());
    });
}

#[test]
fn a_person_is_told_at_once_of_the_server_they_joined() {
    let world = World::new();
    world.run(async {
        let own = Reader::new(9);
        world.follows(EVE, StreamKey::User(EVE), None, &own).await.unwrap();
        world.hears(joined(EVE)).await;
        rest().await;
        assert_eq!(own.seqs(), [1]);
    });
}

#[test]
fn what_was_read_before_a_change_is_not_kept_behind_it() {
    // A role change that comes while the old state is on its way from the copy.
    for read in ["community", "member"] {
        let world = World::new();
        world.run(async {
            let change = match read {
                "community" => ServerChange::ChannelUpdated(channel(GENERAL, "general", true)),
                _ => removed(LIN, RemovalCause::Kicked),
            };
            if read == "member" {
                world.rights.community(SERVER).await.unwrap();
            }
            let event = world.decide(change);
            let (store, rights) = (Arc::clone(&world.store), Arc::clone(&world.rights));
            world.copy.before(read, move || {
                block_on(store.apply(event)).unwrap();
                rights.forget(SERVER);
                // Somebody else asks meanwhile, and the new state is kept.
                block_on(rights.community(SERVER)).unwrap();
            });
            let _ = world.rights.view(LIN, GENERAL).await.unwrap();
            assert!(world.rights.view(LIN, GENERAL).await.unwrap().is_none(), "{read}");
        });
    }
}
