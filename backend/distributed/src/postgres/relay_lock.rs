//! One relay for one partition, over all nodes.

use std::{fmt, time::Duration};

use echopulse_core::common::StoreError;
use sqlx::{Connection, PgConnection, PgPool};

use super::database::failed;

/// The first half of the lock's name; the second is the partition. Locks are named so in one database only.
const CLASS: i32 = 0x4550;
/// How long the server may take to say that the connection lives.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is asked.
const PULSE: Duration = Duration::from_secs(1);

/// The right to relay a partition. It belongs to a connection of its own: whoever loses that has lost the lock, and whoever
/// drops this gives it back.
///
/// A node that lost the lock may still publish what it read before; gates drop what comes twice.
pub struct RelayLock {
    connection: PgConnection,
    partition: u32,
}

impl fmt::Debug for RelayLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelayLock").field("partition", &self.partition).finish_non_exhaustive()
    }
}

impl RelayLock {
    /// Takes the lock of a partition, without waiting for it. `None`: another node has it.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if the database cannot be asked.
    pub async fn acquire(pool: &PgPool, partition: u32) -> Result<Option<Self>, StoreError> {
        let options = pool.connect_options();
        let connect = tokio::time::timeout(PATIENCE, PgConnection::connect_with(&options));
        let connected = connect.await.map_err(|_| failed(sqlx::Error::PoolTimedOut))?;
        let mut lock = Self { connection: connected.map_err(failed)?, partition };
        let taken = sqlx::query_scalar("SELECT pg_try_advisory_lock($1, $2)")
            .bind(CLASS)
            .bind(partition.cast_signed())
            .fetch_one(&mut lock.connection);
        if taken.await.map_err(failed)? {
            return Ok(Some(lock));
        }
        lock.release().await;
        Ok(None)
    }

    /// Whether the lock is still held.
    pub async fn is_held(&mut self) -> bool {
        matches!(tokio::time::timeout(PATIENCE, self.connection.ping()).await, Ok(Ok(())))
    }

    /// Waits until the lock is lost.
    pub async fn lost(&mut self) {
        while self.is_held().await {
            tokio::time::sleep(PULSE).await;
        }
    }

    /// Gives the lock back: once this is answered another node may have it.
    pub async fn release(mut self) {
        let given_back = async {
            sqlx::query("SELECT pg_advisory_unlock_all()").execute(&mut self.connection).await?;
            self.connection.close().await
        };
        // A connection that does not answer is dropped, and the lock goes when the server notices.
        let _ = tokio::time::timeout(PATIENCE, given_back).await;
    }
}
