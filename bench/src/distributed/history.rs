//! A page of history out of a million messages, against one out of a thousand.

use std::time::Instant;

use echopulse_core::{
    chat::{model::HistoryQuery, port::outbound::MessageStore},
    common::{ChannelId, Seq},
};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::{block_on, world::World};
use crate::report::{Row, median, milliseconds};

const MANY: i64 = 1_000_000;
const FEW: i64 = 1_000;
const PAGE: usize = 50;
const ROUNDS: usize = 400;

pub(crate) fn run() -> anyhow::Result<Vec<Row>> {
    block_on(compare()).map(|row| vec![row])
}

async fn compare() -> anyhow::Result<Row> {
    let world = World::with_channels(2).await?;
    let (long, short) = (world.channels[0], world.channels[1]);
    let mut db = world.raw().await?;
    for (channel, count) in [(long, MANY), (short, FEW)] {
        fill(&mut db, world.author.as_u128(), channel, count).await?;
    }
    sqlx::query("VACUUM ANALYZE").execute(&mut db).await?;
    db.close().await?;
    let store = world.store().await?;
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        ours.push(page(&store, long, MANY, round).await?);
        others.push(page(&store, short, FEW, round).await?);
    }
    store.close().await;
    world.end().await?;
    let (ours, other) = (median(ours), median(others));
    Ok(Row {
        what: "a history page of 50 from a channel of 1,000,000 messages on PostgreSQL, against one of 1,000",
        ours: milliseconds(ours),
        other: milliseconds(other),
        result: format!("{:.2} times", ours / other),
        aim: "at most 1.2",
    })
}

/// The time for a page somewhere in the channel, another place each round.
async fn page(
    store: &impl MessageStore,
    channel: ChannelId,
    count: i64,
    round: usize,
) -> anyhow::Result<f64> {
    let count = count.unsigned_abs();
    let step = count / ROUNDS as u64;
    let before = Seq((round as u64 * step * 7 % (count - 60)) + 60);
    let begun = Instant::now();
    let found = store.history(channel, HistoryQuery::Before(before), PAGE).await?;
    let time = begun.elapsed().as_secs_f64();
    let length = found.map_or(0, |page| page.messages.len());
    anyhow::ensure!(length == PAGE, "a page before {} has {length} messages", before.0);
    Ok(time)
}

async fn fill(db: &mut PgConnection, author: u128, channel: ChannelId, count: i64) -> anyhow::Result<()> {
    let (author, id) = (Uuid::from_u128(author), Uuid::from_u128(channel.as_u128()));
    sqlx::query(
        "INSERT INTO message (channel, seq, id, revision, nonce, author, author_kind, content, created_at)
         SELECT $1, n, gen_random_uuid(), n, 'bench-' || n, $2, 0,
             'message ' || n || ', as long as what people say to each other most of the time', n
         FROM generate_series(1, $3::bigint) AS n",
    )
    .bind(id)
    .bind(author)
    .bind(count)
    .execute(&mut *db)
    .await?;
    sqlx::query("UPDATE stream_head SET head = $2 WHERE stream = '\\x01'::bytea || uuid_send($1)")
        .bind(id)
        .bind(count)
        .execute(&mut *db)
        .await?;
    Ok(())
}
