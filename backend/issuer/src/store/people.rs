//! The people of the folder, and locking anybody out.

use std::time::Duration;

use sqlx::FromRow;

use super::{Store, millis};
use crate::error::StoreError;

/// Somebody who can sign in.
#[derive(Clone, FromRow)]
pub(crate) struct Person {
    pub(crate) sub: String,
    pub(crate) username: String,
    pub(crate) display_name: String,
    pub(crate) password_hash: Option<String>,
    pub(crate) admin: bool,
    pub(crate) locked: bool,
}

/// Somebody to add.
pub(crate) struct NewPerson<'a> {
    pub(crate) sub: &'a str,
    pub(crate) username: &'a str,
    pub(crate) display_name: &'a str,
}

/// What became of a sign-up.
pub(crate) enum SignedUp {
    Done,
    NameTaken,
    /// Whoever can read the folder comes first: a stranger never becomes its admin.
    NoOwner,
}

impl Store {
    pub(crate) async fn person(&self, sub: &str) -> Result<Option<Person>, StoreError> {
        let found = sqlx::query_as("SELECT * FROM person WHERE sub = ?").bind(sub).fetch_optional(&self.pool);
        Ok(found.await?)
    }

    pub(crate) async fn person_named(&self, username: &str) -> Result<Option<Person>, StoreError> {
        let found = sqlx::query_as("SELECT * FROM person WHERE username = ?").bind(username);
        Ok(found.fetch_optional(&self.pool).await?)
    }

    /// The first person of the folder.
    pub(crate) async fn owner(&self) -> Result<Option<Person>, StoreError> {
        Ok(sqlx::query_as("SELECT * FROM person WHERE admin = 1").fetch_optional(&self.pool).await?)
    }

    /// The person of that name, made now if there was none; the first of all becomes the admin.
    pub(crate) async fn folder_person(
        &self,
        new: NewPerson<'_>,
        now: Duration,
    ) -> Result<Person, StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(
            "INSERT INTO person (sub, username, display_name, admin, created_at)
             VALUES (?, ?, ?, NOT EXISTS (SELECT 1 FROM person), ?)
             ON CONFLICT (username) DO NOTHING",
        )
        .bind(new.sub)
        .bind(new.username)
        .bind(new.display_name)
        .bind(millis(now))
        .execute(&mut *tx)
        .await?;
        let person = sqlx::query_as("SELECT * FROM person WHERE username = ?")
            .bind(new.username)
            .fetch_one(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(person)
    }

    pub(crate) async fn sign_up(
        &self,
        new: NewPerson<'_>,
        password_hash: &str,
        now: Duration,
    ) -> Result<SignedUp, StoreError> {
        let mut tx = self.write().await?;
        let owned: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM person WHERE admin = 1)")
            .fetch_one(&mut *tx)
            .await?;
        if !owned {
            return Ok(SignedUp::NoOwner);
        }
        let inserted = sqlx::query(
            "INSERT INTO person (sub, username, display_name, password_hash, admin, created_at)
             VALUES (?, ?, ?, ?, 0, ?)
             ON CONFLICT (username) DO NOTHING",
        )
        .bind(new.sub)
        .bind(new.username)
        .bind(new.display_name)
        .bind(password_hash)
        .bind(millis(now))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(if inserted.rows_affected() == 1 { SignedUp::Done } else { SignedUp::NameTaken })
    }

    /// Sets a password and ends the person's browser sessions. Answers `false` if nobody has that name.
    pub(crate) async fn set_password(&self, username: &str, password_hash: &str) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let updated = sqlx::query("UPDATE person SET password_hash = ? WHERE username = ?")
            .bind(password_hash)
            .bind(username)
            .execute(&mut *tx)
            .await?;
        sqlx::query("DELETE FROM browser_session WHERE sub IN (SELECT sub FROM person WHERE username = ?)")
            .bind(username)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(updated.rows_affected() == 1)
    }

    /// Locks a person or bot and ends all their sign-ins, so that unlocking brings none of them back. Answers `false`
    /// if there is no such subject.
    pub(crate) async fn lock(&self, sub: &str) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let mut found = 0;
        for lock in ["UPDATE person SET locked = 1 WHERE sub = ?", "UPDATE bot SET locked = 1 WHERE sub = ?"]
        {
            found += sqlx::query(lock).bind(sub).execute(&mut *tx).await?.rows_affected();
        }
        for end in [
            "DELETE FROM browser_session WHERE sub = ?",
            "DELETE FROM authorization_code WHERE sub = ?",
            "UPDATE device_grant SET decision = 'refused' WHERE sub = ?",
            "UPDATE family SET revoked = 1 WHERE sub = ?",
        ] {
            sqlx::query(end).bind(sub).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(found == 1)
    }

    /// Lets a person or bot in again. Answers `false` if there is no such subject.
    pub(crate) async fn unlock(&self, sub: &str) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let mut found = 0;
        for unlock in
            ["UPDATE person SET locked = 0 WHERE sub = ?", "UPDATE bot SET locked = 0 WHERE sub = ?"]
        {
            found += sqlx::query(unlock).bind(sub).execute(&mut *tx).await?.rows_affected();
        }
        tx.commit().await?;
        Ok(found == 1)
    }
}
