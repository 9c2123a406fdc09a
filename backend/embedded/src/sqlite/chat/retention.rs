//! What is not kept for ever.

use std::time::Duration;

use echopulse_core::common::{ChannelId, Seq, StoreError, StreamKey, Timestamp};
use sqlx::SqliteConnection;

use crate::sqlite::{
    codec::{self, bits, get, octets, seq, signed, stream_octets},
    query::{all, one, run},
};

/// Channels whose messages are kept for some days, by id.
pub(super) async fn retained(
    db: &mut SqliteConnection,
    after: Option<ChannelId>,
    limit: usize,
) -> Result<Vec<(ChannelId, u16)>, StoreError> {
    let found = "SELECT channel, coalesce(channel_copy.body ->> 'retention_days', server_copy.body ->> 'retention_days')
                     AS days
                 FROM channel_copy JOIN server_copy ON server_copy.server = channel_copy.server
                 WHERE deleted = 0 AND server_copy.body IS NOT NULL AND days IS NOT NULL AND channel > ?
                 ORDER BY channel LIMIT ?";
    let after = after.map_or(Vec::new(), |channel| octets(channel.as_u128()));
    let found = sqlx::query(found).bind(after).bind(i64::try_from(limit).unwrap_or(i64::MAX));
    all(db, found, |row| Ok((ChannelId::from_u128(bits(row, "channel")?), get(row, "days")?))).await
}

/// The last message in front of the first that is not older than `at`.
pub(super) async fn last_before(
    db: &mut SqliteConnection,
    channel: ChannelId,
    at: Timestamp,
) -> Result<Option<Seq>, StoreError> {
    let newer = "SELECT seq FROM message WHERE channel = ? AND created_at >= ? ORDER BY seq LIMIT 1";
    let id = octets(channel.as_u128());
    let newer = one(db, sqlx::query(newer).bind(&id).bind(at.as_millis())).await?;
    let end = newer.as_ref().map(|row| seq(row, "seq")).transpose()?.map_or(i64::MAX, |seq| signed(seq.0));
    let last = "SELECT seq FROM message WHERE channel = ? AND seq < ? ORDER BY seq DESC LIMIT 1";
    one(db, sqlx::query(last).bind(id).bind(end)).await?.as_ref().map(|row| seq(row, "seq")).transpose()
}

/// Forgets events of servers and persons of before `at` that were published. Answers how many.
pub(super) async fn forget_events(
    db: &mut SqliteConnection,
    at: Timestamp,
    limit: usize,
) -> Result<u64, StoreError> {
    let old = "SELECT stream, max(seq) AS seq FROM
                   (SELECT stream, seq FROM event WHERE stream >= x'02' AND at < ?
                    AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.stream = event.stream AND outbox.seq <= event.seq)
                    ORDER BY at, stream, seq LIMIT ?)
               GROUP BY stream";
    let old = sqlx::query(old).bind(at.as_millis()).bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let old = all(db, old, |row| Ok((codec::stream(row, "stream")?, seq(row, "seq")?))).await?;
    let mut forgotten = 0;
    for (stream, through) in old {
        forgotten += forget(db, stream, through).await?;
    }
    Ok(forgotten)
}

async fn forget(db: &mut SqliteConnection, stream: StreamKey, through: Seq) -> Result<u64, StoreError> {
    let (stream, through) = (stream_octets(stream), signed(through.0));
    let gone = "UPDATE stream_head SET purged_through = max(purged_through, ?) WHERE stream = ?";
    run(db, sqlx::query(gone).bind(through).bind(&stream)).await?;
    run(db, sqlx::query("DELETE FROM event WHERE stream = ? AND seq <= ?").bind(stream).bind(through)).await
}

/// Takes a chore that nobody has taken for as long as `every`.
pub(super) async fn claim(
    db: &mut SqliteConnection,
    chore: &str,
    now: Timestamp,
    every: Duration,
) -> Result<bool, StoreError> {
    let take = "INSERT INTO chore (name, at) VALUES (?, ?)
                ON CONFLICT (name) DO UPDATE SET at = excluded.at WHERE chore.at + ? <= excluded.at";
    let every = i64::try_from(every.as_millis()).unwrap_or(i64::MAX);
    Ok(run(db, sqlx::query(take).bind(chore).bind(now.as_millis()).bind(every)).await? == 1)
}

/// Leaves a chore to whoever comes next.
pub(super) async fn give_back(db: &mut SqliteConnection, chore: &str) -> Result<(), StoreError> {
    run(db, sqlx::query("DELETE FROM chore WHERE name = ?").bind(chore)).await?;
    Ok(())
}
