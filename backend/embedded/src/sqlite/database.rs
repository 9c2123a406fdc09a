//! Opening a database: private files, the right schema, and a clear word for whatever is wrong.
//!
//! There is one writer at a time in this process, and nobody polls for SQLite's lock: writers queue for [`Database::write`].
//! Deliberately absent: memory-mapped reading. It would count against the memory that an idle EchoPulse may take, and a
//! file that is cut short under it ends the process.

use std::{
    io,
    ops::{Deref, DerefMut},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use echopulse_core::common::StoreError;
use sqlx::{
    ConnectOptions, SqliteConnection, SqlitePool, Transaction,
    migrate::{MigrateError, Migrator},
    pool::PoolConnection,
    sqlite::{Sqlite, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::folder;

/// Readers of one database.
const READERS: u32 = 3;
/// How long a writer of another process is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// Files of up to this many octets are looked through when they are opened. In larger ones damage is found when it is read:
/// looking takes time that grows with the file.
const CHECKED: i64 = 8 << 20;
/// What marks a file as ours: "EPls".
const APPLICATION: i64 = 0x4550_6c73;

/// Why a data folder cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder or the file cannot be made, read or written.
    #[error("{path} cannot be written: {source}")]
    Unwritable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The disk has no room for the file.
    #[error("{path} cannot be opened: the disk is full")]
    Full {
        /// Which.
        path: PathBuf,
    },
    /// The file is no database, or is damaged.
    #[error(
        "{path} is not a database, or it is damaged; restore it from a backup, or move it away to begin anew"
    )]
    Corrupt {
        /// Which.
        path: PathBuf,
    },
    /// The file is a database of another program.
    #[error("{path} is a database of another program")]
    Foreign {
        /// Which.
        path: PathBuf,
    },
    /// The file was written by a newer version.
    #[error("{path} was written by a newer version of EchoPulse; this version cannot read it")]
    Newer {
        /// Which.
        path: PathBuf,
    },
    /// Anything else that the driver says.
    #[error("{path} cannot be opened")]
    Database {
        /// Which.
        path: PathBuf,
        /// Why.
        source: sqlx::Error,
    },
    /// A migration failed.
    #[error("{path} cannot be brought to this version's schema")]
    Migration {
        /// Which.
        path: PathBuf,
        /// Why.
        source: MigrateError,
    },
}

/// One database: a writer and readers.
#[derive(Debug, Clone)]
pub(super) struct Database {
    turn: Arc<Mutex<()>>,
    durable: SqlitePool,
    relaxed: SqlitePool,
    readers: SqlitePool,
}

/// A transaction that writes. Dropped, it changes nothing.
pub(super) struct Write {
    transaction: Transaction<'static, Sqlite>,
    _turn: OwnedMutexGuard<()>,
}

impl Write {
    /// Makes it so.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        self.commit_and(|| ()).await
    }

    /// Makes it so, and does something more before the next writer's turn.
    pub(super) async fn commit_and(self, then: impl FnOnce()) -> Result<(), StoreError> {
        let Self { transaction, _turn } = self;
        transaction.commit().await.map_err(failed)?;
        then();
        Ok(())
    }
}

impl Deref for Write {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.transaction
    }
}

impl DerefMut for Write {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }
}

impl Database {
    /// Opens a file in a folder, making both private if they are not there, and brings it to the newest schema.
    pub(super) async fn open(folder: &Path, name: &str, migrations: &Migrator) -> Result<Self, OpenError> {
        let path = folder.join(name);
        folder::prepare(folder, &path).map_err(|(path, source)| OpenError::Unwritable { path, source })?;
        match Self::connect(&path, migrations).await {
            Ok(database) => Ok(database),
            Err(Failure::Driver(source)) => Err(explain(path, source)),
            Err(Failure::Migration(MigrateError::Execute(source))) => Err(explain(path, source)),
            Err(Failure::Migration(MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..))) => {
                Err(OpenError::Newer { path })
            }
            Err(Failure::Migration(source)) => Err(OpenError::Migration { path, source }),
            Err(Failure::Damaged) => Err(OpenError::Corrupt { path }),
            Err(Failure::Foreign) => Err(OpenError::Foreign { path }),
        }
    }

    async fn connect(path: &Path, migrations: &Migrator) -> Result<Self, Failure> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(PATIENCE)
            .pragma("temp_store", "memory")
            // 1 MiB for each connection.
            .pragma("cache_size", "-1024")
            // A log that grew under a long read is cut to 16 MiB.
            .pragma("journal_size_limit", "16777216")
            .statement_cache_capacity(128)
            .disable_statement_logging();
        let durable = pool(1, options.clone()).await?;
        if let Err(failure) = inspect(&durable, migrations).await {
            durable.close().await;
            return Err(failure);
        }
        let relaxed = pool(1, options.clone().synchronous(SqliteSynchronous::Normal)).await?;
        let readers = pool(READERS, options.pragma("query_only", "on")).await?;
        Ok(Self { turn: Arc::default(), durable, relaxed, readers })
    }

    /// A transaction that is on the disk once it is committed. It takes the write lock at once, so that it never has to
    /// give up half-way.
    pub(super) async fn write(&self) -> Result<Write, StoreError> {
        self.begin(&self.durable).await
    }

    /// A transaction that a power cut may take back after its commit, without breaking any other: for what is repeated
    /// without harm. It costs no wait for the disk.
    pub(super) async fn write_relaxed(&self) -> Result<Write, StoreError> {
        self.begin(&self.relaxed).await
    }

    async fn begin(&self, pool: &SqlitePool) -> Result<Write, StoreError> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let transaction = pool.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        Ok(Write { transaction, _turn: turn })
    }

    /// A snapshot to read from.
    pub(super) async fn read(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.readers.begin().await.map_err(failed)
    }

    /// A connection for a single read.
    pub(super) async fn reader(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        self.readers.acquire().await.map_err(failed)
    }

    /// Closes all connections; the last one takes the write-ahead log into the file.
    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.relaxed.close().await;
        self.durable.close().await;
    }
}

#[cfg(test)]
pub(super) enum Room {
    /// Not a page more than there is.
    Full,
    /// As before.
    Plenty,
}

#[cfg(test)]
impl Database {
    /// Makes the disk look full, or not.
    pub(super) async fn limit_pages(&self, room: Room) {
        let limit = match room {
            // SQLite raises a limit below the present size to that size.
            Room::Full => "PRAGMA max_page_count = 1",
            Room::Plenty => "PRAGMA max_page_count = 4294967294",
        };
        sqlx::query(limit).execute(&self.durable).await.unwrap();
    }

    /// The number that a query answers.
    pub(super) async fn number(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.readers).await.unwrap()
    }
}

/// Connections that live as long as the pool: nothing wakes up to look after them, and prepared statements stay.
async fn pool(count: u32, options: SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    SqlitePoolOptions::new()
        .max_connections(count)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(options)
        .await
}

enum Failure {
    Driver(sqlx::Error),
    Migration(MigrateError),
    Damaged,
    Foreign,
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Driver(error)
    }
}

/// Looks whose file it is and whether it is whole, and brings it to the newest schema.
async fn inspect(pool: &SqlitePool, migrations: &Migrator) -> Result<(), Failure> {
    let application: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(pool).await?;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(pool).await?;
    if application != APPLICATION {
        if application != 0 || tables != 0 {
            return Err(Failure::Foreign);
        }
        // The number of APPLICATION: a pragma takes no bound value. A new file is marked before anything is in it.
        sqlx::query("PRAGMA application_id = 1162898547").execute(pool).await?;
    }
    let octets: i64 =
        sqlx::query_scalar("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
            .fetch_one(pool)
            .await?;
    if octets <= CHECKED {
        let health: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(pool).await?;
        if health != "ok" {
            return Err(Failure::Damaged);
        }
    }
    migrations.run(pool).await.map_err(Failure::Migration)
}

fn explain(path: PathBuf, source: sqlx::Error) -> OpenError {
    let code = source.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    // The low octet is the primary code: SQLITE_READONLY, _CORRUPT, _FULL, _CANTOPEN, _NOTADB.
    match code.map(|code| code & 0xff) {
        Some(11 | 26) => OpenError::Corrupt { path },
        Some(13) => OpenError::Full { path },
        Some(8 | 14) => OpenError::Unwritable { path, source: io::Error::other(source) },
        _ => OpenError::Database { path, source },
    }
}

/// A driver's failure as core sees it.
pub(super) fn failed(error: sqlx::Error) -> StoreError {
    StoreError::new(error)
}
