//! Rows that commits left for the bus.

use echopulse_core::{
    chat::model::StreamEvent,
    common::{Seq, StoreError, StreamKey},
};
use sqlx::PgConnection;

use super::{events, stream};
use crate::postgres::{
    codec::{signed, stream_hash, stream_octets},
    database::Database,
    query::{all, run},
};

/// Into how many partitions streams are divided. Rows keep the number of theirs: whoever changes this empties the outbox first.
pub const PARTITIONS: u32 = 8;

/// The partition of a stream.
#[must_use]
pub fn partition_of(stream: StreamKey) -> u32 {
    u32::try_from(stream_hash(stream) % u64::from(PARTITIONS)).unwrap_or_default()
}

/// The same as a column has it.
pub(super) fn partition(stream: StreamKey) -> i16 {
    i16::try_from(partition_of(stream)).unwrap_or_default()
}

/// Rows by column.
#[derive(Default)]
struct Columns {
    partitions: Vec<i16>,
    streams: Vec<Vec<u8>>,
    seqs: Vec<i64>,
}

impl Columns {
    fn of(rows: impl IntoIterator<Item = (StreamKey, Seq)>) -> Self {
        let mut columns = Self::default();
        for (stream, seq) in rows {
            columns.partitions.push(partition(stream));
            columns.streams.push(stream_octets(stream));
            columns.seqs.push(signed(seq.0));
        }
        columns
    }
}

/// Leaves events for the bus.
pub(super) async fn insert(
    db: &mut PgConnection,
    rows: impl IntoIterator<Item = (StreamKey, Seq)>,
) -> Result<(), StoreError> {
    let rows = Columns::of(rows);
    if rows.seqs.is_empty() {
        return Ok(());
    }
    let insert = "INSERT INTO outbox (partition, stream, seq)
                  SELECT * FROM unnest($1::smallint[], $2::bytea[], $3::bigint[])";
    run(db, sqlx::query(insert).bind(rows.partitions).bind(rows.streams).bind(rows.seqs)).await?;
    Ok(())
}

/// Rows that were not published, ascending by seq within a stream.
pub(super) async fn pending(
    db: &mut PgConnection,
    partition: u32,
    limit: usize,
) -> Result<Vec<StreamEvent>, StoreError> {
    let found = "SELECT event.* FROM outbox
                 JOIN event ON event.stream = outbox.stream AND event.seq = outbox.seq
                 WHERE outbox.partition = $1 ORDER BY outbox.stream, outbox.seq LIMIT $2";
    let found = sqlx::query(found)
        .bind(i16::try_from(partition).unwrap_or(i16::MAX))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let rows = all(db, found, events::row).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let heads = stream::heads_of(db, rows.iter().map(|row| row.stream)).await?;
    events::show(db, rows, |stream| heads.get(&stream).map(|head| head.epoch)).await
}

/// Forgets rows.
pub(super) async fn published(database: &Database, rows: Vec<(StreamKey, Seq)>) -> Result<(), StoreError> {
    let rows = Columns::of(rows);
    let forget = "DELETE FROM outbox USING unnest($1::smallint[], $2::bytea[], $3::bigint[])
                  AS sent (partition, stream, seq) WHERE outbox.partition = sent.partition
                  AND outbox.stream = sent.stream AND outbox.seq = sent.seq";
    let forget = sqlx::query(forget).bind(rows.partitions).bind(rows.streams).bind(rows.seqs);
    run(&mut *database.reader().await?, forget).await?;
    Ok(())
}

/// Forgets all rows of a stream.
pub(super) async fn forget(db: &mut PgConnection, stream: StreamKey) -> Result<(), StoreError> {
    let forget = sqlx::query("DELETE FROM outbox WHERE partition = $1 AND stream = $2");
    run(db, forget.bind(partition(stream)).bind(stream_octets(stream))).await?;
    Ok(())
}

/// Forgets rows up to a place, and those that show a message up to there: they could not be shown any more.
pub(super) async fn forget_through(
    db: &mut PgConnection,
    stream: StreamKey,
    through: Seq,
) -> Result<(), StoreError> {
    let forget = "DELETE FROM outbox WHERE partition = $1 AND stream = $2 AND (seq <= $3 OR EXISTS (
                      SELECT 1 FROM event JOIN message ON message.id = event.message
                      WHERE event.stream = outbox.stream AND event.seq = outbox.seq AND message.seq <= $3))";
    let forget = sqlx::query(forget).bind(partition(stream)).bind(stream_octets(stream));
    run(db, forget.bind(signed(through.0))).await?;
    Ok(())
}
