//! Device grants: asked for by a terminal, decided in a browser, redeemed by polling. RFC 8628.

use std::time::Duration;

use sqlx::FromRow;

use super::{
    Store,
    families::{Family, NewFamily, insert_family},
    millis,
};
use crate::{error::StoreError, secret::UserCode};

/// What a client adds to its interval when it polls too early. RFC 8628 section 3.5.
const SLOWER_BY: Duration = Duration::from_secs(5);

/// Grants that wait at the same time; more are refused until some expire.
const MOST_PENDING: i64 = 5_000;

/// A grant to begin.
pub(crate) struct NewDevice<'a> {
    pub(crate) device_hash: &'a str,
    pub(crate) user_code: &'a UserCode,
    pub(crate) client_id: &'a str,
    pub(crate) scope: &'a str,
    pub(crate) interval: Duration,
    pub(crate) life: Duration,
}

/// What became of the request for a grant.
pub(crate) enum DeviceAsked {
    Done,
    /// Another grant has that user code: draw again.
    CodeTaken,
    Full,
}

/// What became of a decision.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum DeviceDecided {
    Done,
    /// Unknown, expired, or decided before.
    Gone,
}

/// What a poll found.
pub(crate) enum DevicePolled {
    Pending,
    TooFast,
    Refused,
    Expired,
    /// No such grant of that client, or redeemed before.
    Unknown,
    Approved(Family),
}

#[derive(FromRow)]
struct Grant {
    scope: String,
    decision: String,
    sub: Option<String>,
    interval_ms: i64,
    polled_at: Option<i64>,
    expires_at: i64,
    locked: Option<bool>,
}

impl Store {
    pub(crate) async fn ask_device(
        &self,
        new: NewDevice<'_>,
        now: Duration,
    ) -> Result<DeviceAsked, StoreError> {
        let mut tx = self.write().await?;
        let pending: i64 = sqlx::query_scalar("SELECT count(*) FROM device_grant WHERE expires_at > ?")
            .bind(millis(now))
            .fetch_one(&mut *tx)
            .await?;
        if pending >= MOST_PENDING {
            return Ok(DeviceAsked::Full);
        }
        let inserted = sqlx::query(
            "INSERT INTO device_grant (device_hash, user_code, client_id, scope, interval_ms, expires_at)
             VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT (user_code) DO NOTHING",
        )
        .bind(new.device_hash)
        .bind(new.user_code.as_str())
        .bind(new.client_id)
        .bind(new.scope)
        .bind(millis(new.interval))
        .bind(millis(now + new.life))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(if inserted.rows_affected() == 1 { DeviceAsked::Done } else { DeviceAsked::CodeTaken })
    }

    /// The client that waits for a decision on this code.
    pub(crate) async fn pending_device(
        &self,
        code: &UserCode,
        now: Duration,
    ) -> Result<Option<String>, StoreError> {
        let found = sqlx::query_scalar(
            "SELECT client_id FROM device_grant WHERE user_code = ? AND decision = 'pending' AND expires_at > ?",
        );
        Ok(found.bind(code.as_str()).bind(millis(now)).fetch_optional(&self.pool).await?)
    }

    pub(crate) async fn approve_device(
        &self,
        code: &UserCode,
        sub: &str,
        now: Duration,
    ) -> Result<DeviceDecided, StoreError> {
        self.decide_device(code, "approved", sub, now).await
    }

    pub(crate) async fn refuse_device(
        &self,
        code: &UserCode,
        sub: &str,
        now: Duration,
    ) -> Result<DeviceDecided, StoreError> {
        self.decide_device(code, "refused", sub, now).await
    }

    async fn decide_device(
        &self,
        code: &UserCode,
        decision: &'static str,
        sub: &str,
        now: Duration,
    ) -> Result<DeviceDecided, StoreError> {
        let updated = sqlx::query(
            "UPDATE device_grant SET decision = ?, sub = ?
             WHERE user_code = ? AND decision = 'pending' AND expires_at > ?",
        )
        .bind(decision)
        .bind(sub)
        .bind(code.as_str())
        .bind(millis(now))
        .execute(&self.pool)
        .await?;
        Ok(if updated.rows_affected() == 1 { DeviceDecided::Done } else { DeviceDecided::Gone })
    }

    /// Answers a poll, and begins the sign-in when the grant was approved by somebody who is not locked.
    pub(crate) async fn poll_device(
        &self,
        device_hash: &str,
        client_id: &str,
        family: NewFamily<'_>,
        now: Duration,
    ) -> Result<DevicePolled, StoreError> {
        let mut tx = self.write().await?;
        let grant: Option<Grant> = sqlx::query_as(
            "SELECT scope, decision, sub, interval_ms, polled_at, expires_at, locked
             FROM device_grant LEFT JOIN person USING (sub) WHERE device_hash = ? AND client_id = ?",
        )
        .bind(device_hash)
        .bind(client_id)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(grant) = grant else {
            return Ok(DevicePolled::Unknown);
        };
        if grant.expires_at <= millis(now) {
            return Ok(DevicePolled::Expired);
        }
        let early = grant.polled_at.is_some_and(|last| millis(now) < last + grant.interval_ms);
        sqlx::query(
            "UPDATE device_grant SET polled_at = ?, interval_ms = interval_ms + ? WHERE device_hash = ?",
        )
        .bind(millis(now))
        .bind(if early { millis(SLOWER_BY) } else { 0 })
        .bind(device_hash)
        .execute(&mut *tx)
        .await?;
        let polled = match (early, grant.decision.as_str(), grant.sub, grant.locked) {
            (true, ..) => DevicePolled::TooFast,
            (_, "pending", ..) => DevicePolled::Pending,
            (_, "approved", Some(sub), Some(false)) => {
                insert_family(&mut tx, &family, &sub, client_id, &grant.scope, None).await?;
                sqlx::query("DELETE FROM device_grant WHERE device_hash = ?")
                    .bind(device_hash)
                    .execute(&mut *tx)
                    .await?;
                DevicePolled::Approved(Family {
                    sid: family.sid.to_owned(),
                    sub,
                    client_id: client_id.to_owned(),
                    scope: grant.scope,
                })
            }
            _ => DevicePolled::Refused,
        };
        tx.commit().await?;
        Ok(polled)
    }
}
