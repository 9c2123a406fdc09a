//! Refresh tokens. Those that descend from one sign-in are a family, and die together when one is used twice.

use std::time::Duration;

use sqlx::{FromRow, Sqlite, Transaction};

use super::{Store, millis};
use crate::error::StoreError;

/// A sign-in to begin, with its first refresh token.
pub(crate) struct NewFamily<'a> {
    pub(crate) sid: &'a str,
    pub(crate) refresh_hash: &'a str,
    pub(crate) expires_at: Duration,
}

/// A sign-in that is alive.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Family {
    pub(crate) sid: String,
    pub(crate) sub: String,
    pub(crate) client_id: String,
    pub(crate) scope: String,
}

/// What became of a refresh token that was presented.
pub(crate) enum Refreshed {
    Done(Family),
    /// It was used before: the family is revoked now.
    Reused {
        sid: String,
    },
    /// Unknown, expired, revoked, of another client, or of somebody who is locked.
    Refused,
}

#[derive(FromRow)]
struct Presented {
    used: bool,
    #[sqlx(flatten)]
    family: Family,
    revoked: bool,
    locked: bool,
    expires_at: i64,
}

impl Store {
    /// Begins a sign-in that needs no earlier grant. Answers `false`, and stores nothing, if the person is locked.
    pub(crate) async fn start_family(
        &self,
        new: NewFamily<'_>,
        sub: &str,
        client_id: &str,
        scope: &str,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let open: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM person WHERE sub = ? AND locked = 0)")
                .bind(sub)
                .fetch_one(&mut *tx)
                .await?;
        if open {
            insert_family(&mut tx, &new, sub, client_id, scope, None).await?;
            tx.commit().await?;
        }
        Ok(open)
    }

    /// Exchanges a refresh token for its successor, exactly once.
    pub(crate) async fn refresh(
        &self,
        old_hash: &str,
        client_id: &str,
        new_hash: &str,
        now: Duration,
        expires_at: Duration,
    ) -> Result<Refreshed, StoreError> {
        let mut tx = self.write().await?;
        let found: Option<Presented> = sqlx::query_as(
            "SELECT r.used, f.sid, f.sub, f.client_id, f.scope, f.revoked, f.expires_at, p.locked
             FROM refresh_token r JOIN family f USING (sid) JOIN person p USING (sub)
             WHERE r.token_hash = ?",
        )
        .bind(old_hash)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(found) = found.filter(|found| found.family.client_id == client_id) else {
            return Ok(Refreshed::Refused);
        };
        if found.revoked || found.locked || found.expires_at <= millis(now) {
            return Ok(Refreshed::Refused);
        }
        let sid = &found.family.sid;
        if found.used {
            revoke_family(&mut tx, sid).await?;
            tx.commit().await?;
            return Ok(Refreshed::Reused { sid: found.family.sid });
        }
        sqlx::query("UPDATE refresh_token SET used = 1 WHERE token_hash = ?")
            .bind(old_hash)
            .execute(&mut *tx)
            .await?;
        insert_refresh(&mut tx, new_hash, sid).await?;
        sqlx::query("UPDATE family SET expires_at = ? WHERE sid = ?")
            .bind(millis(expires_at))
            .bind(sid)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(Refreshed::Done(found.family))
    }

    /// Ends the family of a refresh token of that client, used or not; answers its `sid`.
    pub(crate) async fn revoke_by_token(
        &self,
        hash: &str,
        client_id: &str,
    ) -> Result<Option<String>, StoreError> {
        let ended = sqlx::query_scalar(
            "UPDATE family SET revoked = 1
             WHERE sid = (SELECT sid FROM refresh_token WHERE token_hash = ?) AND client_id = ?
             RETURNING sid",
        );
        Ok(ended.bind(hash).bind(client_id).fetch_optional(&self.pool).await?)
    }

    /// Ends a sign-in of that client; answers whether there was one.
    pub(crate) async fn revoke_by_sid(&self, sid: &str, client_id: &str) -> Result<bool, StoreError> {
        let ended = sqlx::query("UPDATE family SET revoked = 1 WHERE sid = ? AND client_id = ?")
            .bind(sid)
            .bind(client_id)
            .execute(&self.pool)
            .await?;
        Ok(ended.rows_affected() == 1)
    }

    /// Whether a sign-in is neither revoked nor expired.
    pub(crate) async fn is_alive(&self, sid: &str, now: Duration) -> Result<bool, StoreError> {
        let alive = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM family WHERE sid = ? AND revoked = 0 AND expires_at > ?)",
        );
        Ok(alive.bind(sid).bind(millis(now)).fetch_one(&self.pool).await?)
    }
}

pub(super) async fn insert_family(
    tx: &mut Transaction<'_, Sqlite>,
    new: &NewFamily<'_>,
    sub: &str,
    client_id: &str,
    scope: &str,
    cookie_hash: Option<&str>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO family (sid, sub, client_id, scope, cookie_hash, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(new.sid)
    .bind(sub)
    .bind(client_id)
    .bind(scope)
    .bind(cookie_hash)
    .bind(millis(new.expires_at))
    .execute(&mut **tx)
    .await?;
    insert_refresh(tx, new.refresh_hash, new.sid).await
}

pub(super) async fn revoke_family(tx: &mut Transaction<'_, Sqlite>, sid: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE family SET revoked = 1 WHERE sid = ?").bind(sid).execute(&mut **tx).await?;
    Ok(())
}

async fn insert_refresh(tx: &mut Transaction<'_, Sqlite>, hash: &str, sid: &str) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO refresh_token (token_hash, sid) VALUES (?, ?)")
        .bind(hash)
        .bind(sid)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
