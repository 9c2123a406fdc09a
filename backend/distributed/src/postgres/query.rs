//! Running statements, with the driver's failures as core sees them.

use std::{future::Future, io, time::Duration};

use echopulse_core::common::StoreError;
use sqlx::{
    PgConnection, Postgres,
    postgres::{PgArguments, PgRow},
    query::Query,
};

use super::database::failed;

/// How long a server may be silent about a statement: longer than one that lives takes until it gives the statement up itself.
const PATIENCE: Duration = Duration::from_secs(16);

/// A statement with what is bound to it.
pub(super) type Statement<'q> = Query<'q, Postgres, PgArguments>;

/// What the driver says, unless it never does: a server that is frozen, or gone without a word, breaks no connection.
pub(super) async fn in_time<T>(
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StoreError> {
    let answer = tokio::time::timeout(PATIENCE, answer).await;
    answer.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into())).map_err(failed)
}

/// Runs a statement; answers how many rows it changed.
pub(super) async fn run(db: &mut PgConnection, statement: Statement<'_>) -> Result<u64, StoreError> {
    Ok(in_time(statement.execute(db)).await?.rows_affected())
}

/// The first row of an answer.
pub(super) async fn one(
    db: &mut PgConnection,
    statement: Statement<'_>,
) -> Result<Option<PgRow>, StoreError> {
    in_time(statement.fetch_optional(db)).await
}

/// All rows of an answer, each read by `read`.
pub(super) async fn all<T>(
    db: &mut PgConnection,
    statement: Statement<'_>,
    read: impl Fn(&PgRow) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    in_time(statement.fetch_all(db)).await?.iter().map(read).collect()
}

/// A count that is there whatever the tables hold.
pub(super) async fn count(db: &mut PgConnection, statement: Statement<'_>) -> Result<u64, StoreError> {
    let row = in_time(statement.fetch_one(db)).await?;
    Ok(super::codec::get_at::<i64>(&row, 0)?.cast_unsigned())
}

/// A lock that ends with the transaction, named by a number.
pub(super) async fn lock(db: &mut PgConnection, name: u64) -> Result<(), StoreError> {
    run(db, sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(name.cast_signed())).await?;
    Ok(())
}
