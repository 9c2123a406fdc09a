//! Rows that commits left for the bus.

use echopulse_core::{common::StoreError, server::port::outbound::OutboxRecord};
use sqlx::{PgConnection, postgres::PgRow};

use super::{lists, people, sign_outs};
use crate::postgres::{
    codec::{get, signed},
    database::Database,
    query::{all, run},
};

/// The oldest rows. A person's row shows the profile as it is now, at its newest revision.
pub(super) async fn pending(
    db: &mut PgConnection,
    limit: usize,
) -> Result<Vec<(u64, OutboxRecord)>, StoreError> {
    let found = "SELECT outbox.number, outbox.sign_out, server_event.body, person.*, sign_out.iss AS ended_iss,
                 sign_out.kind AS ended_kind, sign_out.name AS ended_name, sign_out.ended_at, sign_out.until AS ended_until
                 FROM outbox
                 LEFT JOIN server_event ON server_event.server = outbox.server AND server_event.seq = outbox.seq
                 LEFT JOIN person ON person.id = outbox.person
                 LEFT JOIN sign_out ON sign_out.number = outbox.sign_out
                 ORDER BY outbox.number LIMIT $1";
    let found = sqlx::query(found).bind(i64::try_from(limit).unwrap_or(i64::MAX));
    all(db, found, record).await
}

fn record(row: &PgRow) -> Result<(u64, OutboxRecord), StoreError> {
    let number = get::<i64>(row, "number")?.cast_unsigned();
    if get::<Option<&str>>(row, "body")?.is_some() {
        return Ok((number, OutboxRecord::Server(lists::event(row)?)));
    }
    if get::<Option<i64>>(row, "sign_out")?.is_some() {
        return Ok((number, OutboxRecord::SignOut(sign_outs::sign_out(row)?)));
    }
    let revision = get::<i64>(row, "revision")?.cast_unsigned();
    Ok((number, OutboxRecord::User { user: people::profile(row)?, revision }))
}

/// Forgets rows.
pub(super) async fn published(database: &Database, rows: Vec<u64>) -> Result<(), StoreError> {
    let numbers: Vec<_> = rows.into_iter().map(signed).collect();
    let forget = sqlx::query("DELETE FROM outbox WHERE number = ANY($1)").bind(numbers);
    run(&mut *database.reader().await?, forget).await?;
    Ok(())
}
