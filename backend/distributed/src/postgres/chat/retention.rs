//! What is not kept for ever.

use std::time::Duration;

use echopulse_core::common::{ChannelId, Seq, StoreError, StreamKey, Timestamp};
use sqlx::PgConnection;

use super::stream;
use crate::postgres::{
    codec::{self, bits, damaged, get, id, seq, signed, stream_octets},
    query::{all, one, run},
};

/// Channels whose messages are kept for some days, by id.
pub(super) async fn retained(
    db: &mut PgConnection,
    after: Option<ChannelId>,
    limit: usize,
) -> Result<Vec<(ChannelId, u16)>, StoreError> {
    let found = "SELECT channel, days FROM channel_copy JOIN server_copy USING (server), LATERAL
                     (SELECT coalesce(channel_copy.body::jsonb ->> 'retention_days',
                                      server_copy.body::jsonb ->> 'retention_days')::integer AS days) AS said
                 WHERE NOT deleted AND days IS NOT NULL AND ($1::uuid IS NULL OR channel > $1)
                     AND server_copy.body IS NOT NULL
                 ORDER BY channel LIMIT $2";
    let after = after.map(|channel| id(channel.as_u128()));
    let found = sqlx::query(found).bind(after).bind(i64::try_from(limit).unwrap_or(i64::MAX));
    all(db, found, |row| {
        let days = u16::try_from(get::<i32>(row, "days")?).map_err(|_| damaged("days"))?;
        Ok((ChannelId::from_u128(bits(row, "channel")?), days))
    })
    .await
}

/// The last message in front of the first that is not older than `at`.
pub(super) async fn last_before(
    db: &mut PgConnection,
    channel: ChannelId,
    at: Timestamp,
) -> Result<Option<Seq>, StoreError> {
    let newer = "SELECT seq FROM message WHERE channel = $1 AND created_at >= $2 ORDER BY seq LIMIT 1";
    let channel = id(channel.as_u128());
    let newer = one(db, sqlx::query(newer).bind(channel).bind(at.as_millis())).await?;
    let end = newer.as_ref().map(|row| seq(row, "seq")).transpose()?.map_or(i64::MAX, |seq| signed(seq.0));
    let last = "SELECT seq FROM message WHERE channel = $1 AND seq < $2 ORDER BY seq DESC LIMIT 1";
    one(db, sqlx::query(last).bind(channel).bind(end)).await?.as_ref().map(|row| seq(row, "seq")).transpose()
}

/// Forgets events of servers and persons of before `at` that were published. Answers how many.
pub(super) async fn forget_events(
    db: &mut PgConnection,
    at: Timestamp,
    limit: usize,
) -> Result<u64, StoreError> {
    let old = "SELECT stream, max(seq) AS seq FROM
                   (SELECT stream, seq FROM event WHERE stream >= '\\x02' AND at < $1
                    AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.stream = event.stream AND outbox.seq <= event.seq)
                    ORDER BY at, stream, seq LIMIT $2) AS old
               GROUP BY stream";
    let old = sqlx::query(old).bind(at.as_millis()).bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let old = all(db, old, |row| Ok((codec::stream(row, "stream")?, seq(row, "seq")?))).await?;
    // Heads are locked in one order for everybody.
    stream::lock(db, old.iter().map(|(stream, _)| *stream)).await?;
    let mut forgotten = 0;
    for (stream, through) in old {
        forgotten += forget(db, stream, through).await?;
    }
    Ok(forgotten)
}

async fn forget(db: &mut PgConnection, stream: StreamKey, through: Seq) -> Result<u64, StoreError> {
    let (stream, through) = (stream_octets(stream), signed(through.0));
    let gone = "UPDATE stream_head SET purged_through = greatest(purged_through, $1) WHERE stream = $2";
    run(db, sqlx::query(gone).bind(through).bind(&stream)).await?;
    run(db, sqlx::query("DELETE FROM event WHERE stream = $1 AND seq <= $2").bind(stream).bind(through)).await
}

/// Takes a chore that nobody has taken for as long as `every`.
pub(super) async fn claim(
    db: &mut PgConnection,
    chore: &str,
    now: Timestamp,
    every: Duration,
) -> Result<bool, StoreError> {
    let take = "INSERT INTO chore (name, at) VALUES ($1, $2)
                ON CONFLICT (name) DO UPDATE SET at = excluded.at WHERE chore.at + $3 <= excluded.at";
    let every = i64::try_from(every.as_millis()).unwrap_or(i64::MAX);
    Ok(run(db, sqlx::query(take).bind(chore).bind(now.as_millis()).bind(every)).await? == 1)
}

/// Leaves a chore to whoever comes next.
pub(super) async fn give_back(db: &mut PgConnection, chore: &str) -> Result<(), StoreError> {
    run(db, sqlx::query("DELETE FROM chore WHERE name = $1").bind(chore)).await?;
    Ok(())
}
