//! The issuer's database: one SQLite file. Each method is one whole fact, in one transaction where it writes.

mod bots;
mod browsers;
mod codes;
mod devices;
mod families;
mod people;

use std::{path::Path, time::Duration};

use sqlx::{
    Sqlite, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

pub(crate) use bots::Bot;
pub(crate) use codes::{CodeRedeemed, NewCode, Proof};
pub(crate) use devices::{DeviceAsked, DeviceDecided, DevicePolled, NewDevice};
pub(crate) use families::{Family, NewFamily, Refreshed};
pub(crate) use people::{NewPerson, Person, SignedUp};

use crate::{
    error::{IssuerError, StoreError},
    folder,
};

/// The schema, one step per version. A step is never changed once released.
const MIGRATIONS: [&str; 1] = [include_str!("../../migrations/0001_first.sql")];

/// How long a finished grant is remembered, so that its second use is recognised.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// The open database.
#[derive(Clone)]
pub(crate) struct Store {
    pool: SqlitePool,
}

impl Store {
    /// Opens or makes the file and brings its schema up to date.
    pub(crate) async fn open(path: &Path) -> Result<Self, IssuerError> {
        folder::touch_private(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5));
        let open = async {
            let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
            let health: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&pool).await?;
            let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&pool).await?;
            Ok::<_, sqlx::Error>((pool, health, version))
        };
        let (pool, health, found) = open.await.map_err(|error| diagnose(path, error))?;
        if health != "ok" {
            return Err(IssuerError::Damaged { path: path.to_owned() });
        }
        let known = MIGRATIONS.len() as i64;
        let missing = usize::try_from(found).ok().and_then(|found| MIGRATIONS.get(found..));
        let Some(missing) = missing else {
            return Err(IssuerError::NewerSchema { path: path.to_owned(), found, known });
        };
        let store = Self { pool };
        for step in missing {
            store.migrate(step).await?;
        }
        Ok(store)
    }

    /// Writes everything into the one file and closes it.
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }

    /// Forgets what is over.
    pub(crate) async fn sweep(&self, now: Duration) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let long_ago = millis(now.saturating_sub(REMEMBERED));
        for forget in [
            "DELETE FROM device_grant WHERE expires_at < ?",
            "DELETE FROM authorization_code WHERE expires_at < ?",
            "DELETE FROM browser_session WHERE expires_at < ?",
            "DELETE FROM family WHERE expires_at < ?",
        ] {
            sqlx::query(forget).bind(long_ago).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn migrate(&self, step: &'static str) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::raw_sql(step).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes the write lock at once: a transaction that reads first and writes later could fail half-way.
    async fn write(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.pool.begin_with("BEGIN IMMEDIATE").await?)
    }
}

/// Times are kept in milliseconds since the Unix epoch.
fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// Tells a file that is no database from a database that failed.
fn diagnose(path: &Path, error: sqlx::Error) -> IssuerError {
    let code = error.as_database_error().and_then(|error| error.code()).unwrap_or_default();
    // SQLITE_CORRUPT and SQLITE_NOTADB; the low byte is the primary code.
    match code.parse::<u32>().map(|code| code & 0xff) {
        Ok(11 | 26) => IssuerError::Damaged { path: path.to_owned() },
        _ => StoreError::from(error).into(),
    }
}
