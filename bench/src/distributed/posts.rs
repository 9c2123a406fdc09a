//! Durable posts on PostgreSQL against bare inserts of the same rows into the same server.

use std::time::Instant;

use echopulse_core::common::ChannelId;
use sqlx::{Connection, PgConnection};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{
    block_on,
    world::{LANES, Node, World, fresh},
};
use crate::{
    posts::{POSTS_EACH, SENDERS, acknowledged},
    report::{Row, median, per_second},
};

const ROUNDS: usize = 5;

pub(crate) fn run() -> anyhow::Result<Vec<Row>> {
    let one = "durable posts on PostgreSQL, 64 senders into one channel, against the same rows inserted bare";
    let many = "the same into 64 channels";
    Ok(vec![block_on(compare(one, 1))?, block_on(compare(many, 64))?])
}

async fn compare(what: &'static str, channels: usize) -> anyhow::Result<Row> {
    let (served, bare) = (World::with_channels(channels).await?, World::with_channels(channels).await?);
    let node = served.node().await?;
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        node.sizes.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
        ours.push(post(&served, &node, round).await?);
        let sizes = node.sizes.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        others.push(insert(&bare, round, &sizes).await?);
    }
    node.stop().await;
    served.end().await?;
    bare.end().await?;
    let (ours, other) = (median(ours), median(others));
    let rate = |rate: f64| format!("{rate:.0} a second");
    let result = format!("{:.2} times", ours / other);
    Ok(Row { what, ours: rate(ours), other: rate(other), result, aim: "at least 0.5" })
}

async fn post(world: &World, node: &Node, round: usize) -> anyhow::Result<f64> {
    let commands = (0..SENDERS).map(|sender| {
        let first = (round * SENDERS + sender) * POSTS_EACH;
        let channel = world.channels[sender % world.channels.len()];
        (first..first + POSTS_EACH).map(|number| world.post(channel, number)).collect()
    });
    acknowledged(&node.engine.ports().posting, commands.collect()).await
}

/// As many writers at once as an instance has, or one for a single channel, in transactions of these sizes.
async fn insert(world: &World, round: usize, sizes: &[usize]) -> anyhow::Result<f64> {
    let writers = LANES.min(world.channels.len());
    let mut connections = Vec::new();
    for _ in 0..writers {
        connections.push(world.raw().await?);
    }
    let (begun, mut tasks) = (Instant::now(), JoinSet::new());
    for (writer, db) in connections.into_iter().enumerate() {
        let own: Vec<_> = sizes.iter().copied().skip(writer).step_by(writers).collect();
        let channels: Vec<_> = world.channels.iter().copied().skip(writer).step_by(writers).collect();
        let (author, label) = (world.author.as_u128(), format!("{round}-{writer}"));
        tasks.spawn(insert_all(db, author, label, channels, own));
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(per_second(sizes.iter().sum(), begun.elapsed()))
}

async fn insert_all(
    mut db: PgConnection,
    author: u128,
    label: String,
    channels: Vec<ChannelId>,
    sizes: Vec<usize>,
) -> anyhow::Result<()> {
    let author = Uuid::from_u128(author);
    let mut heads = vec![0_i64; channels.len()];
    for (place, channel) in channels.iter().enumerate() {
        heads[place] = sqlx::query_scalar("SELECT head FROM stream_head WHERE stream = $1")
            .bind(stream(*channel))
            .fetch_one(&mut db)
            .await?;
    }
    for (batch, size) in sizes.into_iter().enumerate() {
        let (mut ids, mut nonces, mut texts, mut seqs, mut into, mut streams) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for number in 0..size {
            let place = number % channels.len();
            heads[place] += 1;
            ids.push(Uuid::from_u128(fresh()));
            nonces.push(format!("bare-{label}-{batch}-{number}"));
            texts
                .push(format!("message {number}, as long as what people say to each other most of the time"));
            seqs.push(heads[place]);
            into.push(Uuid::from_u128(channels[place].as_u128()));
            streams.push(stream(channels[place]));
        }
        let mut transaction = db.begin().await?;
        for sql in [
            "INSERT INTO nonce (author, nonce, channel, message, seq, epoch, fingerprint)
                SELECT $1, nonce, channel, id, seq, 1, 7 FROM unnest($2::uuid[], $3::text[], $4::text[], $5::bigint[],
                    $6::uuid[], $7::bytea[]) AS post (id, nonce, content, seq, channel, stream)",
            "INSERT INTO message (channel, seq, id, revision, nonce, author, author_kind, content, created_at)
                SELECT channel, seq, id, seq, nonce, $1, 0, content, 5 FROM unnest($2::uuid[], $3::text[], $4::text[],
                    $5::bigint[], $6::uuid[], $7::bytea[]) AS post (id, nonce, content, seq, channel, stream)",
            "INSERT INTO event (stream, seq, kind, at, actor, message)
                SELECT stream, seq, 1, 5, $1, id FROM unnest($2::uuid[], $3::text[], $4::text[], $5::bigint[],
                    $6::uuid[], $7::bytea[]) AS post (id, nonce, content, seq, channel, stream)",
            "INSERT INTO outbox (partition, stream, seq)
                SELECT 0, stream, seq FROM unnest($2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::uuid[],
                    $7::bytea[]) AS post (id, nonce, content, seq, channel, stream) WHERE $1 IS NOT NULL",
            "UPDATE stream_head SET head = moved.head FROM (
                SELECT stream, max(seq) AS head FROM unnest($2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::uuid[],
                    $7::bytea[]) AS post (id, nonce, content, seq, channel, stream) WHERE $1 IS NOT NULL GROUP BY stream
                ) AS moved WHERE stream_head.stream = moved.stream",
        ] {
            sqlx::query(sql)
                .bind(author)
                .bind(&ids)
                .bind(&nonces)
                .bind(&texts)
                .bind(&seqs)
                .bind(&into)
                .bind(&streams)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
    }
    Ok(db.close().await?)
}

fn stream(channel: ChannelId) -> Vec<u8> {
    [1].into_iter().chain(channel.as_u128().to_be_bytes()).collect()
}
