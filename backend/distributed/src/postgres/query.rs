//! Running statements, with the driver's failures as core sees them.

use echopulse_core::common::StoreError;
use sqlx::{
    PgConnection, Postgres,
    postgres::{PgArguments, PgRow},
    query::Query,
};

use super::database::failed;

/// A statement with what is bound to it.
pub(super) type Statement<'q> = Query<'q, Postgres, PgArguments>;

/// Runs a statement; answers how many rows it changed.
pub(super) async fn run(db: &mut PgConnection, statement: Statement<'_>) -> Result<u64, StoreError> {
    Ok(statement.execute(db).await.map_err(failed)?.rows_affected())
}

/// The first row of an answer.
pub(super) async fn one(
    db: &mut PgConnection,
    statement: Statement<'_>,
) -> Result<Option<PgRow>, StoreError> {
    statement.fetch_optional(db).await.map_err(failed)
}

/// All rows of an answer, each read by `read`.
pub(super) async fn all<T>(
    db: &mut PgConnection,
    statement: Statement<'_>,
    read: impl Fn(&PgRow) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    statement.fetch_all(db).await.map_err(failed)?.iter().map(read).collect()
}

/// A count that is there whatever the tables hold.
pub(super) async fn count(db: &mut PgConnection, statement: Statement<'_>) -> Result<u64, StoreError> {
    let row = statement.fetch_one(db).await.map_err(failed)?;
    Ok(super::codec::get_at::<i64>(&row, 0)?.cast_unsigned())
}

/// A lock that ends with the transaction, named by a number.
pub(super) async fn lock(db: &mut PgConnection, name: u64) -> Result<(), StoreError> {
    run(db, sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(name.cast_signed())).await?;
    Ok(())
}
