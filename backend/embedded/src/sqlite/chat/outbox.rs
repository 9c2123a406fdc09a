//! Rows that commits left for the bus.

use echopulse_core::{
    chat::model::StreamEvent,
    common::{Seq, StoreError, StreamKey},
};
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::{events, stream, tail::Tail};
use crate::sqlite::{
    codec::{signed, stream_octets},
    database::Database,
    query::{all, run},
};

/// Rows that were not published, ascending by seq within a stream.
pub(super) async fn pending(
    database: &Database,
    tail: &Tail,
    limit: usize,
) -> Result<Vec<StreamEvent>, StoreError> {
    if let Some(first) = tail.first(limit) {
        return Ok(first);
    }
    tail.reading();
    let found = read(&mut *database.read().await?, limit).await?;
    if found.len() < limit {
        tail.learn(&found);
    }
    Ok(found)
}

async fn read(db: &mut SqliteConnection, limit: usize) -> Result<Vec<StreamEvent>, StoreError> {
    let found = "SELECT event.* FROM outbox CROSS JOIN event
                 ON event.stream = outbox.stream AND event.seq = outbox.seq
                 ORDER BY outbox.stream, outbox.seq LIMIT ?";
    let found = sqlx::query(found).bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let rows = all(db, found, events::row).await?;
    let heads = stream::heads_of(db, rows.iter().map(|row| row.stream)).await?;
    events::show(db, rows, |stream| heads.get(&stream).map(|head| head.epoch)).await
}

/// Forgets rows. A power cut may bring them back: then they are published twice, which gates drop.
pub(super) async fn published(
    database: &Database,
    tail: &Tail,
    rows: Vec<(StreamKey, Seq)>,
) -> Result<(), StoreError> {
    let runs = runs(rows.clone());
    if runs.is_empty() {
        return Ok(());
    }
    let forget = "DELETE FROM outbox WHERE stream = ? AND seq BETWEEN ? AND ?;".repeat(runs.len());
    let forget = runs.iter().fold(sqlx::query(AssertSqlSafe(forget)), |forget, (stream, from, to)| {
        forget.bind(stream_octets(*stream)).bind(signed(from.0)).bind(signed(to.0))
    });
    let mut tx = database.write_relaxed().await?;
    run(&mut tx, forget).await?;
    tx.commit_and(|| tail.published(&rows)).await
}

/// Rows of one stream that follow each other, as first and last: what is published is mostly so.
fn runs(mut rows: Vec<(StreamKey, Seq)>) -> Vec<(StreamKey, Seq, Seq)> {
    rows.sort_unstable();
    let mut runs: Vec<(StreamKey, Seq, Seq)> = Vec::new();
    for (stream, seq) in rows {
        match runs.last_mut() {
            Some((last, _, to)) if *last == stream && to.0.saturating_add(1) >= seq.0 => *to = seq,
            _ => runs.push((stream, seq, seq)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use echopulse_core::common::ChannelId;

    use super::*;

    #[test]
    fn rows_that_follow_each_other_are_one_run() {
        let (one, other) =
            (StreamKey::Channel(ChannelId::from_u128(1)), StreamKey::Channel(ChannelId::from_u128(2)));
        let rows = vec![(other, Seq(1)), (one, Seq(3)), (one, Seq(2)), (one, Seq(2)), (one, Seq(5))];
        let found = runs(rows);
        assert_eq!(found, [(one, Seq(2), Seq(3)), (one, Seq(5), Seq(5)), (other, Seq(1), Seq(1))]);
        assert_eq!(runs(Vec::new()), []);
    }
}
