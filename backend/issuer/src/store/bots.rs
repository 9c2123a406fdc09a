//! Bots: clients with a secret that act for themselves.

use std::time::Duration;

use sqlx::FromRow;

use super::{Store, millis};
use crate::error::StoreError;

/// A confidential client and the bot it is.
#[derive(Clone, FromRow)]
pub(crate) struct Bot {
    pub(crate) client_id: String,
    pub(crate) sub: String,
    pub(crate) name: String,
    pub(crate) secret_hash: String,
    pub(crate) locked: bool,
}

impl Store {
    pub(crate) async fn bot(&self, client_id: &str) -> Result<Option<Bot>, StoreError> {
        let found =
            sqlx::query_as("SELECT client_id, sub, name, secret_hash, locked FROM bot WHERE client_id = ?");
        Ok(found.bind(client_id).fetch_optional(&self.pool).await?)
    }

    /// Gives a bot another secret. Answers its subject; `None`: there is no such bot.
    pub(crate) async fn set_bot_secret(
        &self,
        client_id: &str,
        hash: &str,
    ) -> Result<Option<String>, StoreError> {
        let updated = sqlx::query_scalar("UPDATE bot SET secret_hash = ? WHERE client_id = ? RETURNING sub");
        Ok(updated.bind(hash).bind(client_id).fetch_optional(&self.pool).await?)
    }

    /// Takes a bot away. Answers its subject; `None`: there was no such bot.
    pub(crate) async fn delete_bot(&self, client_id: &str) -> Result<Option<String>, StoreError> {
        let deleted = sqlx::query_scalar("DELETE FROM bot WHERE client_id = ? RETURNING sub");
        Ok(deleted.bind(client_id).fetch_optional(&self.pool).await?)
    }

    /// Adds a bot. Answers `false`, and stores nothing, if the client id is taken.
    pub(crate) async fn insert_bot(&self, bot: &Bot, now: Duration) -> Result<bool, StoreError> {
        let inserted = sqlx::query(
            "INSERT INTO bot (client_id, sub, name, secret_hash, created_at) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (client_id) DO NOTHING",
        )
        .bind(&bot.client_id)
        .bind(&bot.sub)
        .bind(&bot.name)
        .bind(&bot.secret_hash)
        .bind(millis(now))
        .execute(&self.pool)
        .await?;
        Ok(inserted.rows_affected() == 1)
    }
}
