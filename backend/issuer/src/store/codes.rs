//! Authorization codes: one use each, and a second use ends what the first began.

use std::time::Duration;

use sqlx::FromRow;

use super::{
    Store,
    families::{Family, NewFamily, insert_family, revoke_family},
    millis,
};
use crate::{error::StoreError, secret};

/// A code to give.
pub(crate) struct NewCode<'a> {
    pub(crate) code_hash: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) challenge: &'a str,
    pub(crate) sub: &'a str,
    pub(crate) scope: &'a str,
    pub(crate) nonce: Option<&'a str>,
    pub(crate) cookie_hash: &'a str,
    pub(crate) signed_in_at: i64,
    pub(crate) expires_at: Duration,
}

/// What became of a code that was presented.
pub(crate) enum CodeRedeemed {
    Done {
        family: Family,
        nonce: Option<String>,
        /// When the person signed in, in milliseconds.
        signed_in_at: i64,
    },
    /// It was used before: what it gave is revoked now.
    Reused {
        sid: Option<String>,
    },
    Refused,
}

#[derive(FromRow)]
struct Presented {
    redirect_uri: String,
    challenge: String,
    sub: String,
    scope: String,
    nonce: Option<String>,
    cookie_hash: String,
    signed_in_at: i64,
    expires_at: i64,
    used: bool,
    sid: Option<String>,
    locked: bool,
}

/// What a client shows with a code.
pub(crate) struct Proof<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) verifier: &'a str,
}

impl Store {
    pub(crate) async fn insert_code(&self, new: NewCode<'_>) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO authorization_code
                 (code_hash, client_id, redirect_uri, challenge, sub, scope, nonce, cookie_hash, signed_in_at, expires_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(new.code_hash)
        .bind(new.client_id)
        .bind(new.redirect_uri)
        .bind(new.challenge)
        .bind(new.sub)
        .bind(new.scope)
        .bind(new.nonce)
        .bind(new.cookie_hash)
        .bind(new.signed_in_at)
        .bind(millis(new.expires_at))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Redeems a code. A code shown with a wrong verifier is used up too: it is in the wrong hands.
    pub(crate) async fn redeem_code(
        &self,
        code_hash: &str,
        proof: Proof<'_>,
        family: NewFamily<'_>,
        now: Duration,
    ) -> Result<CodeRedeemed, StoreError> {
        let mut tx = self.write().await?;
        let found: Option<Presented> = sqlx::query_as(
            "SELECT c.redirect_uri, c.challenge, c.sub, c.scope, c.nonce, c.cookie_hash, c.signed_in_at, c.expires_at,
                    c.used, c.sid, p.locked
             FROM authorization_code c JOIN person p USING (sub) WHERE c.code_hash = ? AND c.client_id = ?",
        )
        .bind(code_hash)
        .bind(proof.client_id)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(found) = found else {
            return Ok(CodeRedeemed::Refused);
        };
        if found.used {
            if let Some(sid) = &found.sid {
                revoke_family(&mut tx, sid).await?;
            }
            tx.commit().await?;
            return Ok(CodeRedeemed::Reused { sid: found.sid });
        }
        let fits = found.expires_at > millis(now)
            && !found.locked
            && found.redirect_uri == proof.redirect_uri
            && secret::same(&found.challenge, &secret::hash(proof.verifier));
        sqlx::query("UPDATE authorization_code SET used = 1, sid = ? WHERE code_hash = ?")
            .bind(fits.then_some(family.sid))
            .bind(code_hash)
            .execute(&mut *tx)
            .await?;
        if fits {
            let cookie = Some(found.cookie_hash.as_str());
            insert_family(&mut tx, &family, &found.sub, proof.client_id, &found.scope, cookie).await?;
        }
        tx.commit().await?;
        if !fits {
            return Ok(CodeRedeemed::Refused);
        }
        Ok(CodeRedeemed::Done {
            family: Family {
                sid: family.sid.to_owned(),
                sub: found.sub,
                client_id: proof.client_id.to_owned(),
                scope: found.scope,
            },
            nonce: found.nonce,
            signed_in_at: found.signed_in_at,
        })
    }
}
