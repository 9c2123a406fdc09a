//! The server service's database: servers with everything in them, people, and the outbox.
//!
//! Objects are kept as the JSON of the wire, beside the columns that are searched. Every change of a server goes through
//! [`change`], which loads the [`view`] that a decision needs in the transaction that stores what it answers.

mod bots;
mod change;
mod found;
mod kept;
mod lists;
mod outbox;
mod people;
mod sign_outs;
#[cfg(test)]
mod tests;
mod view;

use std::path::Path;

use echopulse_core::{
    common::{
        BoxFuture, ChannelId, Seq, ServerId, StoreError, Timestamp, UserId,
        actor::Identity,
        community::{Member, Server, User},
        event::ServerEvent,
        name::InviteCode,
        sign_out::SignOut,
    },
    server::{
        error::Refusal,
        kept::KeptAnswer,
        port::outbound::{
            Decide, Founding, OutboxRecord, Page, ProfileChange, ServerOutbox, ServerStore, SignOutStore,
            Unfounded, UserStore,
        },
        view::{Ban, Invite, Scope, ServerView},
    },
};
use sqlx::migrate::Migrator;

use super::database::{Database, OpenError};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/server");

/// The answer of a port.
type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// The server service's database.
#[derive(Debug, Clone)]
pub struct SqliteServerStore {
    database: Database,
}

impl SqliteServerStore {
    /// Opens `server.db` in a folder, both made if they are not there.
    ///
    /// # Errors
    ///
    /// An [`OpenError`] that names the path and what is wrong with it.
    pub async fn connect(folder: &Path) -> Result<Self, OpenError> {
        Ok(Self { database: Database::open(folder, "server.db", &MIGRATIONS).await? })
    }

    /// Closes the file, its write-ahead log taken in. What is asked afterwards fails.
    pub async fn close(&self) {
        self.database.close().await;
    }
}

impl ServerStore for SqliteServerStore {
    fn found(&self, founding: Founding) -> Answer<'_, Result<Vec<ServerEvent>, Unfounded>> {
        Box::pin(found::found(&self.database, founding))
    }

    fn change(
        &self,
        scope: Scope,
        at: Timestamp,
        actor: UserId,
        decide: Decide,
    ) -> Answer<'_, Result<Vec<ServerEvent>, Refusal>> {
        Box::pin(change::change(&self.database, scope, at, actor, decide))
    }

    fn view(&self, scope: Scope, now: Timestamp) -> Answer<'_, Option<ServerView>> {
        Box::pin(async move { view::load(&mut *self.database.read().await?, &scope, now).await })
    }

    fn servers_of(&self, user: UserId) -> Answer<'_, Vec<Server>> {
        Box::pin(async move { lists::servers_of(&mut *self.database.reader().await?, user).await })
    }

    fn servers(&self, open_only: bool, after: Option<String>, limit: usize) -> Answer<'_, Page<Server>> {
        Box::pin(async move {
            lists::servers(&mut *self.database.reader().await?, open_only, after.as_deref(), limit).await
        })
    }

    fn members(
        &self,
        server: ServerId,
        query: Option<String>,
        after: Option<String>,
        limit: usize,
    ) -> Answer<'_, Page<(Member, User)>> {
        Box::pin(async move {
            let query = query.as_deref().unwrap_or_default();
            lists::members(&mut *self.database.reader().await?, server, query, after.as_deref(), limit).await
        })
    }

    fn invites(&self, server: ServerId, made_by: Option<UserId>, now: Timestamp) -> Answer<'_, Vec<Invite>> {
        Box::pin(
            async move { lists::invites(&mut *self.database.reader().await?, server, made_by, now).await },
        )
    }

    fn server_of_invite(&self, code: InviteCode) -> Answer<'_, Option<ServerId>> {
        Box::pin(async move { lists::server_of_invite(&mut *self.database.reader().await?, &code).await })
    }

    fn bans(
        &self,
        server: ServerId,
        now: Timestamp,
        after: Option<String>,
        limit: usize,
    ) -> Answer<'_, Page<Ban>> {
        Box::pin(async move {
            lists::bans(&mut *self.database.reader().await?, server, now, after.as_deref(), limit).await
        })
    }

    fn events(&self, server: ServerId, after: Seq, limit: usize) -> Answer<'_, Vec<ServerEvent>> {
        Box::pin(
            async move { lists::events(&mut *self.database.reader().await?, server, after, limit).await },
        )
    }

    fn kept_answer(&self, user: UserId, name: String) -> Answer<'_, Option<KeptAnswer>> {
        Box::pin(async move { kept::answer(&mut *self.database.reader().await?, user, &name).await })
    }

    fn forget_answers(&self, at: Timestamp, limit: usize) -> Answer<'_, u64> {
        Box::pin(async move {
            let mut tx = self.database.write_relaxed().await?;
            let forgotten = kept::forget(&mut tx, at, limit).await?;
            tx.commit().await?;
            Ok(forgotten)
        })
    }

    fn server_of_channel(&self, channel: ChannelId) -> Answer<'_, Option<ServerId>> {
        Box::pin(async move { lists::server_of_channel(&mut *self.database.reader().await?, channel).await })
    }
}

impl UserStore for SqliteServerStore {
    fn sign_in(
        &self,
        identity: Identity,
        username: String,
        display_name: String,
        id: UserId,
        now: Timestamp,
    ) -> Answer<'_, User> {
        Box::pin(async move {
            let arrival = people::Arrival { identity, username, display_name, id, now };
            people::sign_in(&self.database, arrival).await
        })
    }

    fn user(&self, id: UserId) -> Answer<'_, Option<User>> {
        Box::pin(async move { people::user(&mut *self.database.reader().await?, id).await })
    }

    fn share_a_server(&self, one: UserId, other: UserId) -> Answer<'_, bool> {
        Box::pin(async move { people::share_a_server(&mut *self.database.reader().await?, one, other).await })
    }

    fn change_profile(&self, id: UserId, change: ProfileChange) -> Answer<'_, Option<User>> {
        Box::pin(people::change_profile(&self.database, id, change))
    }
}

impl ServerOutbox for SqliteServerStore {
    fn pending(&self, limit: usize) -> Answer<'_, Vec<(u64, OutboxRecord)>> {
        Box::pin(async move { outbox::pending(&mut *self.database.reader().await?, limit).await })
    }

    fn published(&self, rows: Vec<u64>) -> Answer<'_, ()> {
        Box::pin(outbox::published(&self.database, rows))
    }
}

impl SignOutStore for SqliteServerStore {
    fn remember(&self, sign_out: SignOut, token: Option<String>, now: Timestamp) -> Answer<'_, bool> {
        Box::pin(sign_outs::remember(&self.database, sign_out, token, now))
    }

    fn remembered(&self, since: Option<Timestamp>, now: Timestamp) -> Answer<'_, Vec<SignOut>> {
        Box::pin(async move { sign_outs::remembered(&mut *self.database.reader().await?, since, now).await })
    }
}
