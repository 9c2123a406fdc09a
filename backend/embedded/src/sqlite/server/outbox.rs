//! Rows that commits left for the bus.

use echopulse_core::{common::StoreError, server::port::outbound::OutboxRecord};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use super::{lists, people};
use crate::sqlite::{
    codec::get,
    database::Database,
    query::{all, run},
};

/// The oldest rows. A person's row shows the profile as it is now, at its newest revision.
pub(super) async fn pending(
    db: &mut SqliteConnection,
    limit: usize,
) -> Result<Vec<(u64, OutboxRecord)>, StoreError> {
    let found = "SELECT outbox.number, server_event.body, user.* FROM outbox
                 LEFT JOIN server_event ON server_event.server = outbox.server AND server_event.seq = outbox.seq
                 LEFT JOIN user ON user.id = outbox.user
                 ORDER BY outbox.number LIMIT ?";
    let found = sqlx::query(found).bind(i64::try_from(limit).unwrap_or(i64::MAX));
    all(db, found, record).await
}

fn record(row: &SqliteRow) -> Result<(u64, OutboxRecord), StoreError> {
    let number = get::<i64>(row, "number")?.cast_unsigned();
    if get::<Option<&str>>(row, "body")?.is_some() {
        return Ok((number, OutboxRecord::Server(lists::event(row)?)));
    }
    let revision = get::<i64>(row, "revision")?.cast_unsigned();
    Ok((number, OutboxRecord::User { user: people::profile(row)?, revision }))
}

/// Forgets rows.
pub(super) async fn published(database: &Database, rows: Vec<u64>) -> Result<(), StoreError> {
    let mut tx = database.write().await?;
    let numbers = serde_json::to_string(&rows).map_err(StoreError::new)?;
    let forget = "DELETE FROM outbox WHERE number IN (SELECT value FROM json_each(?))";
    run(&mut tx, sqlx::query(forget).bind(numbers)).await?;
    tx.commit().await
}
