//! The pool of connections of a service, transactions on it, and what its failures mean.

use std::{
    collections::BTreeSet,
    fmt,
    ops::{Deref, DerefMut},
    time::Duration,
};

use echopulse_core::common::StoreError;
use sqlx::{
    Connection, PgConnection, PgPool, Postgres, Transaction,
    migrate::{MigrateError, Migrator},
    pool::PoolConnection,
    postgres::PgPoolOptions,
};

use super::{options::PgOptions, query::in_time};

/// A connection that was idle for this long is tried before it is used: it may have died meanwhile.
const TRUSTED: Duration = Duration::from_secs(1);
/// How long the database may take to answer whether it is there.
const ANSWER: Duration = Duration::from_secs(3);
/// How often a transaction that gave way to another begins anew.
const ATTEMPTS: u32 = 8;

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nobody answers, or not to this login.
    #[error("the database {at} cannot be opened")]
    Unreachable {
        /// Which: `login@host:port/database`.
        at: String,
        /// Why.
        source: sqlx::Error,
    },
    /// The schema is older than this version.
    #[error("the database {at} has an older schema; run the migrations as its owner first")]
    NotMigrated {
        /// Which: `login@host:port/database`.
        at: String,
    },
    /// A migration failed.
    #[error("the database {at} cannot be brought to this version's schema")]
    Migration {
        /// Which: `login@host:port/database`.
        at: String,
        /// Why.
        source: MigrateError,
    },
}

/// What stands behind a [`StoreError`] of PostgreSQL.
#[derive(Debug, thiserror::Error)]
pub enum PgError {
    /// The database is not there, or not in time.
    #[error("the database cannot be reached in time")]
    Unavailable(#[source] sqlx::Error),
    /// The transaction gave way to another one; nothing of it was stored.
    #[error("the transaction gave way to another")]
    GaveWay(#[source] sqlx::Error),
    /// Another transaction used a nonce first; nothing of this one was stored.
    #[error("another transaction used a nonce first")]
    NonceTaken,
    /// Anything else that the driver says.
    #[error("the database failed")]
    Failed(#[source] sqlx::Error),
}

/// Whether a store failed because the database was not there in time, which says nothing about the question asked: the same
/// may succeed later.
#[must_use]
pub fn is_unavailable(error: &StoreError) -> bool {
    matches!(cause(error), Some(PgError::Unavailable(_)))
}

fn cause(error: &StoreError) -> Option<&PgError> {
    std::error::Error::source(error)?.downcast_ref()
}

/// A driver's failure as core sees it.
pub(super) fn failed(error: sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    let kind = match (&error, code.as_deref()) {
        (_, Some("40001" | "40P01")) => PgError::GaveWay,
        // The server stops, crashed or starts; a lock, a statement or a whole transaction took too long.
        (_, Some("57P01" | "57P02" | "57P03" | "57P05" | "55P03" | "57014" | "25P03")) => {
            PgError::Unavailable
        }
        // The connection broke; the server has no connection, memory or room to spare.
        (_, Some(code)) if code.starts_with("08") || code.starts_with("53") => PgError::Unavailable,
        (
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed,
            _,
        ) => PgError::Unavailable,
        _ => PgError::Failed,
    };
    StoreError::new(kind(error))
}

/// How often a transaction may still begin anew.
pub(super) struct Attempts(u32);

impl Attempts {
    pub(super) const fn new() -> Self {
        Self(ATTEMPTS)
    }

    /// Whether to begin anew after this error: only if nothing was stored, and not for ever.
    pub(super) fn again(&mut self, error: &StoreError) -> bool {
        let gave_way = matches!(cause(error), Some(PgError::GaveWay(_) | PgError::NonceTaken));
        self.0 = self.0.saturating_sub(1);
        gave_way && self.0 > 0
    }
}

/// A database with its pool of connections.
#[derive(Clone)]
pub(super) struct Database {
    pool: PgPool,
    at: String,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("at", &self.at).finish_non_exhaustive()
    }
}

/// A transaction that writes. Dropped, it changes nothing.
pub(super) struct Write(Transaction<'static, Postgres>);

impl Write {
    /// Makes it so.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        in_time(self.0.commit()).await
    }
}

impl Deref for Write {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.0
    }
}

impl DerefMut for Write {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}

impl Database {
    /// Opens a database whose schema was brought to this version, or a later one that this version can live with.
    pub(super) async fn open(options: &PgOptions, migrations: &Migrator) -> Result<Self, OpenError> {
        let at = options.to_string();
        let pool = PgPoolOptions::new()
            .max_connections(options.connections())
            .acquire_timeout(options.patience())
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for < TRUSTED {
                        return Ok(true);
                    }
                    Ok(connection.ping().await.is_ok())
                })
            })
            .connect_with(options.session())
            .await
            .map_err(|source| OpenError::Unreachable { at: at.clone(), source })?;
        match missing(&pool, migrations).await {
            Ok(false) => Ok(Self { pool, at }),
            Ok(true) => Err(OpenError::NotMigrated { at }),
            Err(source) => Err(OpenError::Unreachable { at, source }),
        }
    }

    /// A transaction to write in, READ COMMITTED.
    pub(super) async fn write(&self) -> Result<Write, StoreError> {
        in_time(self.pool.begin()).await.map(Write)
    }

    /// A snapshot to read from.
    pub(super) async fn read(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        in_time(self.pool.begin_with(begin)).await
    }

    /// A connection for a single read.
    pub(super) async fn reader(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        self.pool.acquire().await.map_err(failed)
    }

    /// Whether the database answers a question.
    pub(super) async fn answers(&self) -> bool {
        let asked = sqlx::query("SELECT 1").execute(&self.pool);
        tokio::time::timeout(ANSWER, asked).await.is_ok_and(|answer| answer.is_ok())
    }

    /// Closes all connections, once they are given back.
    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

/// Brings a schema to this version, as its owner. Nodes that do so at once wait for each other.
pub(super) async fn migrate(options: &PgOptions, migrations: &Migrator) -> Result<(), OpenError> {
    let at = options.to_string();
    let unreachable = |source| OpenError::Unreachable { at: at.clone(), source };
    let mut db = PgConnection::connect_with(&options.plain()).await.map_err(unreachable)?;
    let migrated = migrations.run(&mut db).await;
    migrated.map_err(|source| OpenError::Migration { at: at.clone(), source })?;
    db.close().await.map_err(unreachable)
}

/// Whether a migration of this version was not run.
async fn missing(pool: &PgPool, migrations: &Migrator) -> Result<bool, sqlx::Error> {
    let found = "SELECT version FROM _sqlx_migrations WHERE success";
    let done: BTreeSet<i64> = match sqlx::query_scalar(found).fetch_all(pool).await {
        Ok(versions) => versions.into_iter().collect(),
        // There is no such table.
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P01") => BTreeSet::new(),
        Err(error) => return Err(error),
    };
    Ok(migrations.iter().any(|migration| !done.contains(&migration.version)))
}
