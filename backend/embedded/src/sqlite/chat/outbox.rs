//! Rows that commits left for the bus.

use echopulse_core::{
    chat::model::StreamEvent,
    common::{Seq, StoreError, StreamKey},
};
use sqlx::SqliteConnection;

use super::{events, stream};
use crate::sqlite::{
    codec::{hex, stream_octets, to_json},
    database::Database,
    query::{all, run},
};

/// Rows that were not published, ascending by seq within a stream.
pub(super) async fn pending(db: &mut SqliteConnection, limit: usize) -> Result<Vec<StreamEvent>, StoreError> {
    let found = "SELECT event.* FROM outbox CROSS JOIN event
                 ON event.stream = outbox.stream AND event.seq = outbox.seq
                 ORDER BY outbox.stream, outbox.seq LIMIT ?";
    let found = sqlx::query(found).bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let rows = all(db, found, events::row).await?;
    let heads = stream::heads_of(db, rows.iter().map(|row| row.stream)).await?;
    events::show(db, rows, |stream| heads.get(&stream).map(|head| head.epoch)).await
}

/// Forgets rows. A power cut may bring them back: then they are published twice, which gates drop.
pub(super) async fn published(database: &Database, rows: Vec<(StreamKey, Seq)>) -> Result<(), StoreError> {
    let rows: Vec<_> = rows.into_iter().map(|(stream, seq)| (hex(&stream_octets(stream)), seq.0)).collect();
    let forget = "DELETE FROM outbox WHERE (stream, seq) IN
                  (SELECT unhex(value ->> 0), value ->> 1 FROM json_each(?))";
    let mut tx = database.write_relaxed().await?;
    run(&mut tx, sqlx::query(forget).bind(to_json(&rows)?)).await?;
    tx.commit().await
}
