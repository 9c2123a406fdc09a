//! Following: no gap, no duplicate, one order, and a word for whatever is missing.

use std::sync::{Arc, atomic::Ordering::SeqCst};

use echopulse_core::{
    chat::{
        error::{ChatError, Refusal},
        model::{EndCode, EventBody, GapReason, Item, Mentions},
        port::{
            inbound::{EditMessage, Following, Posting},
            outbound::{EventLog, Projection},
        },
    },
    common::{
        Epoch, Position, Seq, StreamKey,
        event::{RemovalCause, ServerChange},
    },
};

use crate::world::{
    ADA, GENERAL, HIDDEN, LIN, Reader, SERVER, World, actor, beside, channel, removed, rest, stored, turns,
};

const STREAM: StreamKey = StreamKey::Channel(GENERAL);
const NEWS: StreamKey = StreamKey::Server(SERVER);

fn gap(from: u64, to: u64, reason: GapReason) -> Item {
    Item::Gap { from: Seq(from), to: Seq(to), reason }
}

fn skip(from: u64, to: u64) -> Item {
    Item::Skip { from: Seq(from), to: Seq(to) }
}

#[test]
fn a_place_in_another_numbering_or_beyond_the_end_is_a_gap() {
    let world = World::new();
    world.run(async {
        for text in ["one", "two", "three"] {
            world.says(text).await;
        }
        let Position { epoch, .. } = world.head(STREAM).await;
        for place in
            [Position { epoch: Epoch(epoch.0 + 9), after: Seq(2) }, Position { epoch, after: Seq(4) }]
        {
            let reader = Reader::new(9);
            world.follows(LIN, STREAM, Some(place), &reader).await.unwrap();
            assert_eq!(reader.read(), [gap(1, 3, GapReason::Epoch)], "{place:?}");
        }
    });
}

#[test]
fn who_is_too_far_behind_is_told_what_is_missing() {
    let world = World::new();
    world.run(async {
        let mut place = Position { epoch: world.head(STREAM).await.epoch, after: Seq(0) };
        for number in 0..=1000 {
            world.says(&number.to_string()).await;
        }
        let reader = Reader::new(2000);
        world.follows(LIN, STREAM, Some(place), &reader).await.unwrap();
        assert_eq!(reader.read(), [gap(1, 1001, GapReason::TooFar)]);
        place.after = Seq(1);
        world.follows(LIN, STREAM, Some(place), &reader).await.unwrap();
        assert_eq!(reader.seqs(), (2..=1001).collect::<Vec<_>>(), "a thousand are brought");
    });
}

#[test]
fn a_kept_position_brings_everything_since_however_much_that_is() {
    let world = World::new();
    world.run(async {
        for number in 0..=1500 {
            world.says(&number.to_string()).await;
        }
        let reader = Reader::new(2000);
        world.follows_on(LIN, STREAM, &reader).await.unwrap();
        assert_eq!(reader.seqs(), (1..=1501).collect::<Vec<_>>(), "since they joined");
        world.done(LIN, 1499).await;
        let again = Reader::new(9);
        world.follows_on(LIN, STREAM, &again).await.unwrap();
        assert_eq!(again.seqs(), [1500, 1501], "what was dealt with does not come again");
        world.says("live").await;
        assert_eq!(again.seqs(), [1502]);
    });
}

#[test]
fn a_position_is_kept_in_channels_alone() {
    let world = World::new();
    world.run(async {
        let refused = world.follows_on(LIN, StreamKey::Server(SERVER), &Reader::new(9)).await;
        assert!(matches!(refused, Err(ChatError::Refused(Refusal::Invalid { .. }))), "{refused:?}");
    });
}

#[test]
fn what_was_purged_is_a_gap_to_who_comes_and_to_who_was_there() {
    let world = World::new();
    world.run(async {
        let place = world.head(STREAM).await;
        let (there, comes) = (Reader::new(9), Reader::new(9));
        world.follows(LIN, STREAM, None, &there).await.unwrap();
        // The node hears of the purge alone: what it removed was said elsewhere.
        world.broken.log.store(true, SeqCst);
        for text in ["one", "two", "three"] {
            stored(&world.store, text);
        }
        world.service.purge(actor(ADA), GENERAL, Seq(2)).await.unwrap();
        world.broken.log.store(false, SeqCst);
        world.service.check().await.unwrap();
        rest().await;
        world.follows(LIN, STREAM, Some(place), &comes).await.unwrap();
        for reader in [there, comes] {
            let items = reader.read();
            assert_eq!((items.len(), &items[0]), (3, &gap(1, 2, GapReason::Purged)));
            assert!(matches!(&items[1], Item::Event(event) if event.seq == Seq(3)));
            assert!(matches!(&items[2], Item::Event(event) if event.seq == Seq(4)));
        }
    });
}

#[test]
fn what_is_not_for_somebody_is_skipped_aloud_live_and_later() {
    let world = World::new();
    world.run(async {
        let place = world.head(NEWS).await;
        let (lin, ada) = (Reader::new(9), Reader::new(9));
        world.follows(LIN, NEWS, None, &lin).await.unwrap();
        world.follows(ADA, NEWS, None, &ada).await.unwrap();
        world.hears(ServerChange::ChannelUpdated(channel(HIDDEN, "still-hidden", true))).await;
        world.hears(ServerChange::ChannelUpdated(channel(GENERAL, "lobby", false))).await;
        world.hears(ServerChange::ChannelDeleted(HIDDEN)).await;
        rest().await;
        let later = Reader::new(9);
        world.follows(LIN, NEWS, Some(place), &later).await.unwrap();
        assert_eq!(ada.seqs(), [7, 8, 9]);
        for reader in [lin, later] {
            let items = reader.read();
            assert_eq!((items.len(), &items[0], &items[2]), (3, &skip(7, 7), &skip(9, 9)));
            assert!(matches!(&items[1], Item::Event(event) if event.seq == Seq(8)));
        }
    });
}

#[test]
fn who_follows_is_told_when_the_numbering_becomes_another() {
    let world = World::new();
    world.run(async {
        let reader = Reader::new(9);
        world.says("one").await;
        world.follows(LIN, STREAM, None, &reader).await.unwrap();
        world.log.epoch.store(100, SeqCst);
        world.service.check().await.unwrap();
        rest().await;
        assert_eq!(reader.read(), [gap(1, 1, GapReason::Epoch)]);
    });
}

#[test]
fn an_event_of_another_numbering_is_read_from_the_store_first() {
    let world = World::new();
    world.run(async {
        let reader = Reader::new(9);
        world.says("one").await;
        world.follows(LIN, STREAM, None, &reader).await.unwrap();
        world.log.epoch.store(100, SeqCst);
        let page = EventLog::events(&*world.log, STREAM, Seq(0), 1);
        let mut event = page.await.unwrap().unwrap().events.remove(0);
        event.seq = Seq(2);
        world.hub.offer(event);
        rest().await;
        assert_eq!(reader.read(), [gap(1, 1, GapReason::Epoch)], "and not as the next of the old one");
    });
}

#[test]
fn a_place_of_a_node_that_knows_more_of_a_server_is_waited_for() {
    let world = World::new();
    world.run(async {
        let place = world.head(NEWS).await;
        let ahead = Position { after: place.after.next(), ..place };
        let reader = Reader::new(9);
        world.follows(LIN, NEWS, Some(ahead), &reader).await.unwrap();
        world.hears(ServerChange::ChannelUpdated(channel(GENERAL, "lobby", false))).await;
        world.hears(ServerChange::ChannelUpdated(channel(GENERAL, "hall", false))).await;
        rest().await;
        let items = reader.read();
        assert!(matches!(&items[..], [Item::Event(event)] if event.seq == ahead.after.next()), "{items:?}");
    });
}

#[test]
fn a_hint_that_overtakes_the_first_look_is_not_forgotten() {
    let world = World::new();
    world.run(async {
        let reader = Reader::new(9);
        world.log.before_heads({
            let (hub, store) = (Arc::clone(&world.hub), Arc::clone(&world.store));
            move || {
                // Stored behind the look at the head, and told before the look is over.
                stored(&store, "one");
                hub.announce(STREAM, Seq(1));
            }
        });
        world.follows(LIN, STREAM, None, &reader).await.unwrap();
        rest().await;
        assert_eq!(reader.seqs(), [1]);
    });
}

#[test]
fn a_replay_shows_an_edited_message_as_it_is_and_a_deleted_one_without_its_text() {
    let world = World::new();
    world.run(async {
        let place = world.head(STREAM).await;
        let (edited, deleted) = (world.says("before").await.message, world.says("secret").await.message);
        let command = EditMessage {
            actor: actor(ADA),
            channel: GENERAL,
            message: edited,
            content: "after".to_owned(),
            named: Mentions::default(),
        };
        world.service.edit(command).await.unwrap();
        world.deletes(deleted).await;
        let reader = Reader::new(9);
        world.follows(LIN, STREAM, Some(place), &reader).await.unwrap();
        let shown: Vec<_> = reader
            .read()
            .into_iter()
            .filter_map(|item| match item {
                Item::Event(event) => match event.body {
                    EventBody::MessageCreated { message, .. } | EventBody::MessageUpdated { message, .. } => {
                        Some(message.content)
                    }
                    _ => None,
                },
                _ => None,
            })
            .collect();
        assert_eq!(shown, ["after", "", "after"]);
    });
}

#[test]
fn an_end_says_why() {
    let general = ServerChange::ChannelDeleted(GENERAL);
    let cases = [
        (removed(LIN, RemovalCause::Left), STREAM, EndCode::Left),
        (removed(LIN, RemovalCause::Kicked), NEWS, EndCode::Kicked),
        (removed(LIN, RemovalCause::Banned), STREAM, EndCode::Banned),
        (ServerChange::ChannelUpdated(channel(GENERAL, "general", true)), STREAM, EndCode::AccessLost),
        (general, STREAM, EndCode::ChannelDeleted),
        (ServerChange::ServerDeleted(SERVER), STREAM, EndCode::ServerDeleted),
        (ServerChange::ServerDeleted(SERVER), NEWS, EndCode::ServerDeleted),
    ];
    for (change, stream, code) in cases {
        let world = World::new();
        world.run(async {
            let reader = Reader::new(9);
            world.follows(LIN, stream, None, &reader).await.unwrap();
            let said = format!("{change:?}");
            world.hears(change).await;
            rest().await;
            assert_eq!(reader.read().last(), Some(&Item::Ended(code)), "{said}");
            assert!(!world.hub.followers_of(stream).contains(&LIN), "{said}");
        });
    }
}

#[test]
fn a_channel_that_goes_while_somebody_catches_up_ends_that_too() {
    let world = World::new();
    world.run(async {
        let place = world.head(STREAM).await;
        world.says("one").await;
        let reader = Reader::new(9);
        let follow = World::follow(LIN, STREAM, Some(place), &reader);
        let followed = world.service.follow(follow).await.unwrap();
        let event = world.decide(ServerChange::ChannelDeleted(GENERAL));
        Projection::apply(&*world.store, event).await.unwrap();
        followed.catch_up.await;
        assert_eq!(reader.read(), [Item::Ended(EndCode::ChannelDeleted)]);
    });
}

#[test]
fn nothing_is_delivered_behind_an_end() {
    let world = World::new();
    world.run(async {
        let place = world.head(STREAM).await;
        for text in ["one", "two", "three"] {
            world.says(text).await;
        }
        // There is room for one: the rest waits.
        let reader = Reader::new(1);
        let follow = World::follow(LIN, STREAM, Some(place), &reader);
        let followed = world.service.follow(follow).await.unwrap();
        let ((), shown) = beside(followed.catch_up, async {
            rest().await;
            let mut shown = reader.read();
            world.hears(removed(LIN, RemovalCause::Kicked)).await;
            rest().await;
            shown.extend(reader.read());
            rest().await;
            shown.extend(reader.read());
            shown
        })
        .await;
        assert_eq!(shown.last(), Some(&Item::Ended(EndCode::Kicked)), "{shown:?}");
    });
}

#[test]
fn a_long_resume_waits_for_room_and_brings_everything() {
    let world = World::new();
    world.run(async {
        let place = world.head(STREAM).await;
        for number in 0..50 {
            world.says(&number.to_string()).await;
        }
        let reader = Reader::new(4);
        let mut seqs = Vec::new();
        let reading = async {
            for _ in 0..50 {
                turns(10).await;
                seqs.extend(reader.seqs());
            }
        };
        let (followed, ()) = beside(world.follows(LIN, STREAM, Some(place), &reader), reading).await;
        followed.unwrap();
        assert_eq!(seqs, (1..=50).collect::<Vec<_>>());
    });
}
