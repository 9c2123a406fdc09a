//! Several nodes at once: places stay dense, nonces stay single, readers miss nothing.

use std::{collections::BTreeSet, future::Future, time::Duration};

use echopulse_core::{
    chat::{
        model::{HistoryQuery, ReadMove},
        port::outbound::{Applied, EventLog, MessageStore, Outbox, Projection},
        write::{Outcome, Write, WriteKind},
    },
    common::{ChannelId, MessageId, Seq, StreamKey, event::ServerChange},
    testing::chat_contract::{ADA, GENERAL, LIN, RANDOM, SERVER, post},
};
use echopulse_distributed::postgres::{PARTITIONS, PgChatStore};
use sqlx::Connection;
use tokio::{task::JoinSet, time::timeout};

use crate::database::{Chat, channel, event, server};

fn seq(outcome: &Outcome) -> u64 {
    match outcome {
        Outcome::Stored(event) => event.seq.0,
        other => panic!("{other:?}"),
    }
}

async fn places(store: PgChatStore, batches: Vec<Vec<Write>>) -> Vec<u64> {
    let mut places = Vec::new();
    for batch in batches {
        places.extend(store.commit(batch).await.unwrap().iter().map(seq));
    }
    places
}

/// Runs on a worker of its own.
async fn both<T: Send + 'static>(
    one: impl Future<Output = T> + Send + 'static,
    other: impl Future<Output = T> + Send + 'static,
) -> (T, T) {
    let (one, other) = (tokio::spawn(one), tokio::spawn(other));
    (one.await.unwrap(), other.await.unwrap())
}

/// A post under another id than `post` gives it, as another node would take it.
fn resent(mut write: Write, id: u128) -> Write {
    if let WriteKind::Post(post) = &mut write.kind {
        post.id = MessageId::from_u128(id);
    }
    write
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_number_a_channel_densely() {
    let chat = Chat::founded().await;
    let batches = |from: u32, size: u32| {
        let posts = move |first: u32| (first..first + size).map(|n| post(ADA, GENERAL, n, "text")).collect();
        (from..from + 200).step_by(size as usize).map(posts).collect::<Vec<_>>()
    };
    let (one, other) =
        both(places(chat.store.clone(), batches(0, 1)), places(chat.another_node().await, batches(200, 4)))
            .await;
    assert!(one.is_sorted() && other.is_sorted());
    let mut all = [one, other].concat();
    all.sort_unstable();
    assert_eq!(all, (1..=400).collect::<Vec<_>>());
    let page = chat.store.events(StreamKey::Channel(GENERAL), Seq(0), 1000).await.unwrap().unwrap();
    assert_eq!(page.head, Seq(400));
    assert!(page.events.iter().map(|event| event.seq.0).eq(1..=400));
    let ids: BTreeSet<_> = page.events.iter().map(|event| format!("{:?}", event.body)).collect();
    assert_eq!(ids.len(), 400, "each once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_meanwhile_sees_no_hole() {
    let chat = Chat::founded().await;
    let writers = {
        let (one, other) = (chat.store.clone(), chat.another_node().await);
        let batches = |from| (from..from + 100).map(|n| vec![post(ADA, GENERAL, n, "text")]).collect();
        tokio::spawn(both(places(one, batches(0)), places(other, batches(100))))
    };
    let reader = chat.another_node().await;
    let mut last = Seq(0);
    loop {
        // Asked before the page is: what was committed by then is on it.
        let finished = writers.is_finished();
        let page = reader.events(StreamKey::Channel(GENERAL), last, 500).await.unwrap().unwrap();
        let seen: Vec<_> = page.events.iter().map(|event| event.seq.0).collect();
        assert_eq!(seen, (last.0 + 1..=page.through.0).collect::<Vec<_>>(), "through {:?}", page.through);
        last = page.through;
        if finished {
            break;
        }
    }
    assert_eq!(last, Seq(200));
    writers.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nonce_sent_by_two_nodes_is_one_message() {
    let chat = Chat::founded().await;
    let other = chat.another_node().await;
    for n in 0..40 {
        let batch = |id| vec![resent(post(ADA, GENERAL, n, "once"), id)];
        let (store, other) = (chat.store.clone(), other.clone());
        let (here, there) = (batch(u128::from(n) * 2 + 1), batch(u128::from(n) * 2 + 2));
        let (here, there) =
            both(async move { store.commit(here).await }, async move { other.commit(there).await }).await;
        let (here, there) = (here.unwrap().remove(0), there.unwrap().remove(0));
        let (stored, repeated) =
            if matches!(here, Outcome::Stored(_)) { (here, there) } else { (there, here) };
        let Outcome::Repeated(original) = repeated else { panic!("{repeated:?}") };
        assert_eq!(original.seq.0, seq(&stored));
    }
    let page = chat.store.history(GENERAL, HistoryQuery::Latest, 100).await.unwrap().unwrap();
    assert_eq!((page.messages.len(), page.head), (40, Seq(40)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nonce_used_in_two_channels_at_once_holds_in_one() {
    let chat = Chat::founded().await;
    let other = chat.another_node().await;
    for n in 0..20 {
        let (one, two) = (n * 2, n * 2 + 1);
        let batch = |channel: ChannelId, order: [u32; 2], shift: u128| {
            order.map(|n| resent(post(ADA, channel, n, "here"), shift + u128::from(n) + 1)).to_vec()
        };
        let here = batch(GENERAL, [one, two], 0);
        let there = batch(RANDOM, [two, one], 0x1000);
        let (store, other) = (chat.store.clone(), other.clone());
        let (here, there) =
            both(async move { store.commit(here).await }, async move { other.commit(there).await }).await;
        let stored = |outcomes: &[Outcome]| {
            outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Stored(_))).count()
        };
        let (here, there) = (here.unwrap(), there.unwrap());
        assert_eq!(stored(&here) + stored(&there), 2, "{here:?} {there:?}");
    }
    let nonces = "SELECT count(*) FROM nonce";
    let messages = "SELECT count(*) FROM message";
    assert_eq!((chat.database.number(nonces).await, chat.database.number(messages).await), (40, 40));
}

#[tokio::test]
async fn what_commits_late_is_waited_for_and_not_skipped() {
    let chat = Chat::founded().await;
    let stream = StreamKey::Channel(GENERAL);
    // Another node has taken place 1, and hesitates.
    let mut slow = chat.database.raw().await;
    let mut late = slow.begin().await.unwrap();
    let take = "UPDATE stream_head SET head = head + 1 WHERE stream = '\\x01'::bytea || uuid_send($1)";
    let general = uuid::Uuid::from_u128(GENERAL.as_u128());
    sqlx::query(take).bind(general).execute(&mut *late).await.unwrap();
    let event = "INSERT INTO event (stream, seq, kind, at, body)
                 SELECT stream, head, 3, 0, $2 FROM stream_head WHERE stream = '\\x01'::bytea || uuid_send($1)";
    let body = echopulse_wire::stored_body(echopulse_core::chat::model::EventBody::HistoryPurged {
        through: Seq(0),
        reason: echopulse_core::chat::model::PurgeReason::Purge,
    });
    sqlx::query(event).bind(general).bind(body).execute(&mut *late).await.unwrap();
    let store = chat.store.clone();
    let mut second = tokio::spawn(async move { store.commit(vec![post(ADA, GENERAL, 1, "text")]).await });
    assert!(timeout(Duration::from_millis(300), &mut second).await.is_err(), "it waits for its place");
    let page = chat.store.events(stream, Seq(0), 100).await.unwrap().unwrap();
    assert_eq!((page.head, page.through, page.events.len()), (Seq(0), Seq(0), 0));
    late.commit().await.unwrap();
    assert_eq!(seq(&second.await.unwrap().unwrap()[0]), 2);
    let page = chat.store.events(stream, Seq(0), 100).await.unwrap().unwrap();
    assert!(page.events.iter().map(|event| event.seq.0).eq([1, 2]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_that_name_channels_in_any_order_never_fail() {
    let chat = Chat::founded().await;
    let batches = |from: u32, channels: [ChannelId; 2]| {
        let batch = move |n: u32| {
            channels.map(|channel| {
                let n = n * 2 + u32::from(channel == RANDOM);
                post(LIN, channel, n, "text")
            })
        };
        (from..from + 60).map(|n| batch(n).to_vec()).collect::<Vec<_>>()
    };
    let (one, other) = both(
        places(chat.store.clone(), batches(0, [GENERAL, RANDOM])),
        places(chat.another_node().await, batches(100, [RANDOM, GENERAL])),
    )
    .await;
    assert_eq!(one.len() + other.len(), 240);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_applied_once_by_many_nodes() {
    let chat = Chat::new().await;
    let other = chat.another_node().await;
    let changes = [ServerChange::ServerCreated(server()), ServerChange::ChannelCreated(channel(GENERAL))];
    for (change, seq) in changes.into_iter().zip(1..) {
        let (here, there) = (chat.store.clone(), other.clone());
        let (one, two) = (event(seq, change.clone()), event(seq, change));
        let (one, two) =
            both(async move { here.apply(one).await }, async move { there.apply(two).await }).await;
        let mut applied = [one.unwrap(), two.unwrap()];
        applied.sort_by_key(|applied| *applied == Applied::Stale);
        assert!(matches!(applied, [Applied::Done { .. }, Applied::Stale]), "{applied:?}");
    }
    assert_eq!(other.position(SERVER).await.unwrap().unwrap().1, Seq(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_is_deleted_while_somebody_posts_leaves_nothing_behind() {
    let chat = Chat::founded().await;
    let posting = {
        let store = chat.another_node().await;
        tokio::spawn(async move {
            for n in 0.. {
                let outcomes = store.commit(vec![post(ADA, GENERAL, n, "text")]).await.unwrap();
                if matches!(outcomes[0], Outcome::Refused(_)) {
                    return n;
                }
            }
            0
        })
    };
    while chat.store.history(GENERAL, HistoryQuery::Latest, 50).await.unwrap().unwrap().messages.len() < 10 {
        tokio::task::yield_now().await;
    }
    chat.apply(6, ServerChange::ChannelDeleted(GENERAL)).await;
    assert!(posting.await.unwrap() >= 10);
    for left in ["SELECT count(*) FROM message", "SELECT count(*) FROM event WHERE kind = 1"] {
        assert_eq!(chat.database.number(left).await, 0, "{left}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_devices_never_lose_a_move_of_the_read_position() {
    let chat = Chat::founded().await;
    chat.store.commit((0..40).map(|n| post(ADA, GENERAL, n, "text")).collect()).await.unwrap();
    let other = chat.another_node().await;
    let mut moves = JoinSet::new();
    for place in 1..=40_u64 {
        let store = if place % 2 == 0 { chat.store.clone() } else { other.clone() };
        let to = match place % 4 {
            0 => ReadMove::UnreadFrom(Seq(place)),
            _ => ReadMove::Forward { to: Seq(place), version: None },
        };
        moves.spawn(async move { store.move_read(LIN, GENERAL, to).await.unwrap() });
    }
    moves.join_all().await;
    let state = chat.store.read_states(LIN, vec![GENERAL]).await.unwrap().remove(0);
    assert_eq!(state.version, 10, "each step back counts");
    assert_eq!(u64::from(state.unread), 40 - state.read.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_persons_stream_has_one_epoch_for_all_nodes() {
    let chat = Chat::new().await;
    let other = chat.another_node().await;
    let streams = || vec![StreamKey::User(LIN), StreamKey::User(ADA)];
    let here = chat.store.clone();
    let (one, two) =
        both(async move { here.heads(streams()).await }, async move { other.heads(streams()).await }).await;
    assert_eq!(one.unwrap(), two.unwrap());
}

#[tokio::test]
async fn each_stream_has_one_partition() {
    let chat = Chat::founded().await;
    let made = (0..64).map(|n| ChannelId::from_u128(0xc000 + n));
    for (id, n) in made.clone().zip(0..) {
        chat.apply(6 + n, ServerChange::ChannelCreated(channel(id))).await;
        chat.store.commit(vec![post(ADA, id, u32::try_from(n).unwrap(), "text")]).await.unwrap();
    }
    let (mut seen, mut used) = (BTreeSet::new(), 0);
    for partition in 0..PARTITIONS {
        let events = chat.store.pending(partition, 100).await.unwrap();
        used += u32::from(!events.is_empty());
        for event in &events {
            assert!(seen.insert((event.stream, event.seq)), "{:?} is in two partitions", event.stream);
        }
        let rows = events.into_iter().map(|event| (event.stream, event.seq)).collect();
        chat.store.published(rows).await.unwrap();
        assert_eq!(chat.store.pending(partition, 100).await.unwrap(), []);
    }
    assert!(made.into_iter().all(|id| seen.contains(&(StreamKey::Channel(id), Seq(1)))));
    assert!(used > PARTITIONS / 2, "{used} partitions are used");
    assert_eq!(chat.store.pending(PARTITIONS, 100).await.unwrap(), []);
}
