//! The lock behind a turn: an advisory one, held by a transaction on a connection of its own.

use std::fmt;

use echopulse_core::common::StoreError;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{database::failed, options::PgOptions};

/// The first half of the lock's name; the second is the partition. Locks are named so in one database only.
const CLASS: i32 = 0x4550;

/// The right to relay one partition.
pub struct TurnLock {
    options: PgOptions,
    partition: u32,
    connection: Option<PgConnection>,
    held: bool,
}

impl fmt::Debug for TurnLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TurnLock")
            .field("partition", &self.partition)
            .field("held", &self.held)
            .finish_non_exhaustive()
    }
}

impl TurnLock {
    /// The lock of a partition, not held. Connects when it is first taken.
    #[must_use]
    pub const fn new(options: PgOptions, partition: u32) -> Self {
        Self { options, partition, connection: None, held: false }
    }

    /// Whether it was taken and not given back. The database may have taken it away since.
    #[must_use]
    pub const fn is_held(&self) -> bool {
        self.held
    }

    /// Waits for it, as long as the session's `lock_timeout`.
    pub(crate) async fn take(&mut self) -> Result<(), StoreError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        // On a failure the connection is dropped, and with it whatever it held.
        let begun = async {
            // Numbers of ours, in one trip: whoever takes a turn is waited for.
            let taking =
                format!("BEGIN; SELECT pg_advisory_xact_lock({CLASS}, {})", self.partition.cast_signed());
            sqlx::raw_sql(AssertSqlSafe(taking)).execute(&mut connection).await
        };
        begun.await.map_err(failed)?;
        self.connection = Some(connection);
        self.held = true;
        Ok(())
    }

    /// Gives it back, if it is held.
    pub(crate) async fn give_back(&mut self) {
        if !std::mem::take(&mut self.held) {
            return;
        }
        if let Some(mut connection) = self.connection.take()
            && sqlx::query("COMMIT").execute(&mut connection).await.is_ok()
        {
            self.connection = Some(connection);
        }
    }

    async fn connect(&self) -> Result<PgConnection, StoreError> {
        let options = self.options.session();
        let connecting = PgConnection::connect_with(&options);
        let connected = tokio::time::timeout(self.options.patience(), connecting).await;
        connected.map_err(|_| failed(sqlx::Error::PoolTimedOut))?.map_err(failed)
    }
}
