//! Browsers that are signed in on the issuer's own pages.

use std::time::Duration;

use sqlx::FromRow;

use super::{Store, millis};
use crate::error::StoreError;

/// Who is signed in, and since when in milliseconds.
#[derive(FromRow)]
pub(crate) struct SignedIn {
    pub(crate) sub: String,
    pub(crate) started_at: i64,
}

impl Store {
    pub(crate) async fn browser(
        &self,
        cookie_hash: &str,
        now: Duration,
    ) -> Result<Option<SignedIn>, StoreError> {
        let found = sqlx::query_as(
            "SELECT sub, started_at FROM browser_session JOIN person USING (sub)
             WHERE cookie_hash = ? AND expires_at > ? AND locked = 0",
        );
        Ok(found.bind(cookie_hash).bind(millis(now)).fetch_optional(&self.pool).await?)
    }

    pub(crate) async fn start_browser(
        &self,
        cookie_hash: &str,
        sub: &str,
        now: Duration,
        life: Duration,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO browser_session (cookie_hash, sub, started_at, expires_at) VALUES (?, ?, ?, ?)",
        )
        .bind(cookie_hash)
        .bind(sub)
        .bind(millis(now))
        .bind(millis(now + life))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Ends a browser's session, its open codes and every sign-in of clients that came from it; answers their `sid`s.
    pub(crate) async fn end_browser(&self, cookie_hash: &str) -> Result<Vec<String>, StoreError> {
        let mut tx = self.write().await?;
        sqlx::query("DELETE FROM browser_session WHERE cookie_hash = ?")
            .bind(cookie_hash)
            .execute(&mut *tx)
            .await?;
        sqlx::query("DELETE FROM authorization_code WHERE cookie_hash = ? AND used = 0")
            .bind(cookie_hash)
            .execute(&mut *tx)
            .await?;
        let ended = sqlx::query_scalar(
            "UPDATE family SET revoked = 1 WHERE cookie_hash = ? AND revoked = 0 RETURNING sid",
        )
        .bind(cookie_hash)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(ended)
    }
}
