//! The chat store against its contract, and what its statements have to get right.

use echopulse_core::{
    chat::{
        model::{EventBody, HistoryQuery, Mentions, PurgeReason, ReadMove},
        port::outbound::{Applied, EventLog, MessageStore, Outbox, Projection},
        write::{Outcome, Write, WriteKind},
    },
    common::{
        ChannelId, MessageId, RoleId, Seq, ServerId, StreamKey, Timestamp,
        community::Member,
        event::{RemovalCause, ServerChange, ServerEvent},
    },
    testing::chat_contract::{self, ADA, GENERAL, LIN, Stores, post},
};

use crate::database::{Chat, channel, event, member, user};

fn views(chat: &Chat) -> Stores<'_> {
    let store = &chat.store;
    Stores { messages: store, log: store, outbox: &chat.outbox, projection: store, webhooks: store }
}

async fn commit(chat: &Chat, batch: Vec<Write>) -> Vec<Outcome> {
    chat.store.commit(batch).await.unwrap()
}

fn is_stored(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Stored(_))
}

#[tokio::test]
async fn postgres_keeps_the_contract() {
    chat_contract::chat_store_contract(Chat::new, views).await;
}

#[tokio::test]
async fn postgres_keeps_the_contract_of_retention() {
    chat_contract::retention_contract(Chat::new, |chat| (views(chat), &chat.store)).await;
}

#[tokio::test]
async fn what_was_answered_is_there_for_another_node() {
    let chat = Chat::founded().await;
    let posts = (0..100).map(|n| post(ADA, GENERAL, n, "durable")).collect();
    assert!(commit(&chat, posts).await.iter().all(is_stored));
    let before = chat.store.heads(vec![StreamKey::Channel(GENERAL)]).await.unwrap();
    chat.store.close().await;
    let other = chat.another_node().await;
    let after = other.heads(vec![StreamKey::Channel(GENERAL)]).await.unwrap();
    assert_eq!(after, before, "numbering and epoch stay");
    let page = other.history(GENERAL, HistoryQuery::Latest, 100).await.unwrap().unwrap();
    assert_eq!(page.messages.len(), 100);
    let again = other.commit(vec![post(ADA, GENERAL, 5, "durable")]).await.unwrap();
    assert!(matches!(again[0], Outcome::Repeated(_)));
}

#[tokio::test]
async fn a_batch_of_any_size_is_dense() {
    let chat = Chat::founded().await;
    let mut next = 0;
    for size in [1, 3, 17, 85, 256] {
        let posts = (next..next + size).map(|n| post(LIN, GENERAL, n, "text")).collect();
        next += size;
        assert!(commit(&chat, posts).await.iter().all(is_stored));
    }
    let page = chat.store.events(StreamKey::Channel(GENERAL), Seq(0), 1000).await.unwrap().unwrap();
    let seqs: Vec<_> = page.events.iter().map(|event| event.seq.0).collect();
    assert_eq!(seqs, (1..=u64::from(next)).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_message_edited_and_deleted_in_one_batch_is_kept_as_it_is_last() {
    let chat = Chat::founded().await;
    let write = |kind| Write { at: Timestamp::from_millis(9), actor: ADA, channel: GENERAL, kind };
    let edit = |n: u128, content: &str| WriteKind::Edit {
        message: MessageId::from_u128(0x1_0000 + n),
        content: content.to_owned(),
        mentions: Mentions::default(),
    };
    commit(&chat, vec![post(ADA, GENERAL, 0, "old")]).await;
    let batch = vec![
        post(ADA, GENERAL, 1, "first"),
        write(edit(1, "second")),
        write(edit(0, "new")),
        write(edit(0, "newest")),
    ];
    assert!(commit(&chat, batch).await.iter().all(is_stored));
    let page = chat.store.history(GENERAL, HistoryQuery::Latest, 9).await.unwrap().unwrap();
    let shown: Vec<_> =
        page.messages.iter().map(|message| (message.content.as_str(), message.revision.0)).collect();
    assert_eq!(shown, [("newest", 5), ("second", 3)]);
}

#[tokio::test]
async fn each_stream_has_an_epoch_of_its_own() {
    let chat = Chat::founded().await;
    let other = ChannelId::from_u128(0xc9);
    chat.apply(6, ServerChange::ChannelCreated(channel(other))).await;
    let streams = vec![StreamKey::Channel(GENERAL), StreamKey::Channel(other), StreamKey::User(ADA)];
    let heads = chat.store.heads(streams).await.unwrap();
    let [one, two, three] = heads.as_slice() else { panic!("{heads:?}") };
    assert!(one.epoch != two.epoch && two.epoch != three.epoch);
}

#[tokio::test]
async fn coming_back_starts_read() {
    let chat = Chat::founded().await;
    commit(&chat, (0..3).map(|n| post(ADA, GENERAL, n, "text")).collect()).await;
    let unread = ReadMove::UnreadFrom(Seq(1));
    assert_eq!(chat.store.move_read(LIN, GENERAL, unread).await.unwrap().unwrap().unread, 3);
    let cause = RemovalCause::Left;
    chat.apply(6, ServerChange::MemberRemoved { user: LIN, cause }).await;
    commit(&chat, (3..5).map(|n| post(ADA, GENERAL, n, "text")).collect()).await;
    chat.apply(7, ServerChange::MemberJoined { member: member(LIN), user: user(LIN, "Lin") }).await;
    let states = chat.store.read_states(LIN, vec![GENERAL]).await.unwrap();
    assert_eq!((states[0].read, states[0].unread), (Seq(5), 0));
}

#[tokio::test]
async fn more_than_a_thousand_unread_are_a_thousand() {
    let chat = Chat::founded().await;
    for part in 0..5 {
        commit(&chat, (part * 250..(part + 1) * 250).map(|n| post(ADA, GENERAL, n, "text")).collect()).await;
    }
    let states = chat.store.read_states(LIN, vec![GENERAL]).await.unwrap();
    assert_eq!((states[0].unread, states[0].mentions), (1000, 0));
}

#[tokio::test]
async fn a_role_that_one_holds_now_counts_as_a_mention() {
    let chat = Chat::founded().await;
    let role = RoleId::from_u128(0x70);
    let mut told = post(ADA, GENERAL, 1, "you all");
    if let WriteKind::Post(post) = &mut told.kind {
        post.mentions.roles = vec![role, RoleId::from_u128(0x71)];
    }
    commit(&chat, vec![told]).await;
    let mentions = async || chat.store.read_states(LIN, vec![GENERAL]).await.unwrap()[0].mentions;
    assert_eq!(mentions().await, 0);
    let holder = Member { roles: vec![RoleId::from_u128(0x72), role], ..member(LIN) };
    chat.apply(6, ServerChange::MemberUpdated(holder)).await;
    assert_eq!(mentions().await, 1);
}

#[tokio::test]
async fn a_ban_names_a_hundred_messages_at_most() {
    let chat = Chat::founded().await;
    commit(&chat, (0..150).map(|n| post(LIN, GENERAL, n, "spam")).collect()).await;
    let change = ServerChange::MemberBanned { user: LIN, delete_messages_s: 604_800 };
    let at = Timestamp::from_millis(1_000_000_000 + 200_000);
    chat.store.apply(ServerEvent { at, ..event(6, change) }).await.unwrap();
    let page = chat.store.events(StreamKey::Channel(GENERAL), Seq(150), 9).await.unwrap().unwrap();
    let counts: Vec<_> = page
        .events
        .iter()
        .map(|event| match &event.body {
            EventBody::MessagesDeleted { messages, .. } => messages.len(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(counts, [100, 50]);
    let page = chat.store.history(GENERAL, HistoryQuery::Latest, 100).await.unwrap().unwrap();
    assert!(page.messages.iter().all(|message| message.content.is_empty()));
}

#[tokio::test]
async fn a_hint_of_a_purged_message_is_not_left_over() {
    let chat = Chat::founded().await;
    commit(&chat, (0..3).map(|n| post(ADA, GENERAL, n, "text")).collect()).await;
    let message = MessageId::from_u128(0x1_0000);
    let write = |kind| Write { at: Timestamp::from_millis(0), actor: ADA, channel: GENERAL, kind };
    let edit = WriteKind::Edit { message, content: "new".to_owned(), mentions: Mentions::default() };
    let purge = WriteKind::Purge { through: Seq(2), reason: PurgeReason::Purge };
    commit(&chat, vec![write(edit), write(purge)]).await;
    let hints = chat.outbox.pending(0, 100).await.unwrap();
    let seqs: Vec<_> = hints
        .iter()
        .filter(|event| event.stream == StreamKey::Channel(GENERAL))
        .map(|event| event.seq.0)
        .collect();
    assert_eq!(seqs, [3, 5], "4 was an edit of what is gone");
    assert_eq!(chat.database.number("SELECT count(*) FROM outbox WHERE seq = 4").await, 0);
}

#[tokio::test]
async fn a_deleted_server_is_told_to_everybody_in_it() {
    let chat = Chat::founded().await;
    commit(&chat, vec![post(ADA, GENERAL, 1, "text")]).await;
    let Applied::Done { grown } = chat.apply(6, ServerChange::ServerDeleted(server_id())).await else {
        panic!("it is the next change");
    };
    assert_eq!(grown, [StreamKey::User(LIN), StreamKey::User(ADA)]);
    assert_eq!(chat.store.members(server_id()).await.unwrap(), []);
    for table in [
        "SELECT count(*) FROM message",
        "SELECT count(*) FROM outbox WHERE substr(stream, 1, 1) = '\\x01'",
        "SELECT count(*) FROM stream_head WHERE substr(stream, 1, 1) = '\\x01'",
    ] {
        assert_eq!(chat.database.number(table).await, 0, "{table}");
    }
    assert_eq!(chat.database.number("SELECT count(*) FROM nonce").await, 1, "a nonce outlives its server");
}

fn server_id() -> ServerId {
    chat_contract::SERVER
}

#[tokio::test]
async fn an_unknown_server_is_a_gap_from_the_beginning() {
    let chat = Chat::new().await;
    let applied = chat.apply(3, ServerChange::ServerDeleted(ServerId::from_u128(1))).await;
    assert_eq!(applied, Applied::Gap { at: Seq(0) });
    assert_eq!(chat.store.position(server_id()).await.unwrap(), None);
}
