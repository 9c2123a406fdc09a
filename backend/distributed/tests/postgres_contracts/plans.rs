//! Statements that run for every message or every page go by an index, however large the tables are.

use std::collections::BTreeMap;

use echopulse_core::{
    chat::{
        model::{HistoryQuery, Mentions, ReadMove},
        port::outbound::{EventLog, MessageStore, Outbox, Projection},
        write::{Write, WriteKind},
    },
    common::{MessageId, Seq, StreamKey, Timestamp},
    testing::chat_contract::{ADA, GENERAL, LIN, RANDOM, SERVER, post},
};
use echopulse_distributed::postgres::PARTITIONS;
use sqlx::Row;

use crate::database::Chat;

const MESSAGES: u32 = 5_000;

/// Rows that were read since the beginning, by table. Sessions report them when they end, so there must be no other.
async fn rows_read(chat: &Chat) -> BTreeMap<String, i64> {
    let mut db = chat.database.raw().await;
    let others = "SELECT count(*) FROM pg_stat_activity
                  WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(5);
    while sqlx::query_scalar::<_, i64>(others).fetch_one(&mut db).await.unwrap() > 0 {
        assert!(tokio::time::Instant::now() < deadline, "sessions end");
        tokio::task::yield_now().await;
    }
    let read = "SELECT relname::text, seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables
                WHERE relname <> '_sqlx_migrations'";
    let rows = sqlx::query(read).fetch_all(&mut db).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn what_is_asked_of_a_large_channel_reads_few_rows() {
    let chat = Chat::founded().await;
    for from in (0..MESSAGES).step_by(500) {
        let posts = (from..from + 500).map(|n| post(ADA, GENERAL, n, "text")).collect();
        chat.store.commit(posts).await.unwrap();
    }
    // Up to a thousand unread are counted one by one.
    let nearly = ReadMove::Forward { to: Seq(u64::from(MESSAGES) - 10), version: None };
    chat.store.move_read(LIN, GENERAL, nearly).await.unwrap().unwrap();
    chat.store.close().await;
    let before = rows_read(&chat).await;

    let store = chat.another_node().await;
    let mut slowed = post(ADA, GENERAL, MESSAGES, "text");
    if let WriteKind::Post(post) = &mut slowed.kind {
        post.slow_mode = std::time::Duration::from_nanos(1);
        post.reply_to = Some(MessageId::from_u128(0x1_0000));
    }
    let edit = WriteKind::Edit {
        message: MessageId::from_u128(0x1_0007),
        content: "new".to_owned(),
        mentions: Mentions::default(),
    };
    let edit = Write { at: Timestamp::from_millis(9), actor: ADA, channel: GENERAL, kind: edit };
    let repeated = post(ADA, GENERAL, 77, "text");
    store.commit(vec![slowed, edit, repeated, post(LIN, RANDOM, MESSAGES + 1, "text")]).await.unwrap();
    for query in [HistoryQuery::Latest, HistoryQuery::Around(Seq(2_500)), HistoryQuery::After(Seq(100))] {
        store.history(GENERAL, query, 20).await.unwrap().unwrap();
    }
    store.events(StreamKey::Channel(GENERAL), Seq(3_000), 20).await.unwrap().unwrap();
    store.heads(vec![StreamKey::Channel(GENERAL), StreamKey::User(LIN)]).await.unwrap();
    store.find_nonce(ADA, "nonce-4".to_owned()).await.unwrap().unwrap();
    store.find_message(GENERAL, MessageId::from_u128(0x1_0004)).await.unwrap().unwrap();
    let nearly = ReadMove::Forward { to: Seq(u64::from(MESSAGES) - 5), version: None };
    store.move_read(LIN, GENERAL, nearly).await.unwrap().unwrap();
    store.read_states(LIN, vec![GENERAL, RANDOM]).await.unwrap();
    for partition in 0..PARTITIONS {
        let rows = store.pending(partition, 20).await.unwrap();
        store.published(rows.iter().map(|event| (event.stream, event.seq)).collect()).await.unwrap();
    }
    store.community(SERVER).await.unwrap().unwrap();
    store.member(SERVER, LIN).await.unwrap().unwrap();
    store.close().await;

    for (table, after) in rows_read(&chat).await {
        let read = after - before[&table];
        assert!(read < 500, "{read} rows of {table} were read");
    }
}
