//! The chat service's database: messages, streams, the outbox, and the copy of what the server service publishes.
//!
//! [`commit`] is the write path of messages, [`apply`] that of the copy. Event rows of channels name messages by id and
//! [`events`] shows them as they are when it reads them.

mod apply;
mod commit;
mod copy;
mod events;
mod history;
mod message;
mod outbox;
mod read_state;
mod retention;
mod stream;
mod webhooks;

use std::{fmt, sync::Arc, time::Duration};

use echopulse_core::{
    chat::{
        model::{HistoryPage, HistoryQuery, Message, ReadMove, ReadState, StreamEvent},
        port::outbound::{
            Applied, Community, EventLog, EventPage, Made, MessageStore, NonceRecord, Outbox, Projection,
            RetentionStore, StreamHead, WebhookStore,
        },
        webhook::{TokenHash, Webhook},
        write::{Outcome, Write},
    },
    common::{
        BoxFuture, ChannelId, Epoch, MessageId, Seq, ServerId, StoreError, StreamKey, Timestamp, UserId,
        WebhookId,
        community::{Channel, Member, User},
        event::{RemovalCause, ServerEvent},
        name::WebhookName,
        port::Chance,
    },
};
use sqlx::migrate::Migrator;

pub use self::outbox::{PARTITIONS, partition_of};
use super::{
    database::{self, Database, OpenError},
    options::PgOptions,
};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/chat");

/// The answer of a port.
type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// The chat service's database.
#[derive(Clone)]
pub struct PgChatStore {
    database: Database,
    chance: Arc<dyn Chance>,
}

impl fmt::Debug for PgChatStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgChatStore").field("database", &self.database).finish_non_exhaustive()
    }
}

impl PgChatStore {
    /// Brings the schema to this version, as its owner ([`PgOptions::role`]).
    ///
    /// # Errors
    ///
    /// An [`OpenError`] that names the database and what is wrong with it.
    pub async fn migrate(owner: &PgOptions) -> Result<(), OpenError> {
        database::migrate(owner, &MIGRATIONS).await
    }

    /// Connects to a database whose schema was migrated. New streams get their epochs from `chance`.
    ///
    /// # Errors
    ///
    /// An [`OpenError`] that names the database and what is wrong with it.
    pub async fn connect(options: &PgOptions, chance: Arc<dyn Chance>) -> Result<Self, OpenError> {
        Ok(Self { database: Database::open(options, &MIGRATIONS).await?, chance })
    }

    /// Whether the database answers.
    pub async fn answers(&self) -> bool {
        self.database.answers().await
    }

    /// Closes all connections. What is asked afterwards fails.
    pub async fn close(&self) {
        self.database.close().await;
    }
}

impl MessageStore for PgChatStore {
    fn commit(&self, batch: Vec<Write>) -> Answer<'_, Vec<Outcome>> {
        Box::pin(commit::commit(&self.database, batch))
    }

    fn find_nonce(&self, author: UserId, nonce: String) -> Answer<'_, Option<NonceRecord>> {
        Box::pin(async move { message::nonce(&mut *self.database.reader().await?, author, &nonce).await })
    }

    fn find_message(&self, channel: ChannelId, message: MessageId) -> Answer<'_, Option<Message>> {
        Box::pin(async move { message::find(&mut *self.database.reader().await?, channel, message).await })
    }

    fn history(
        &self,
        channel: ChannelId,
        query: HistoryQuery,
        limit: usize,
    ) -> Answer<'_, Option<HistoryPage>> {
        Box::pin(async move { history::page(&mut *self.database.read().await?, channel, query, limit).await })
    }

    fn read_states(&self, user: UserId, channels: Vec<ChannelId>) -> Answer<'_, Vec<ReadState>> {
        Box::pin(async move { read_state::of(&mut *self.database.reader().await?, user, &channels).await })
    }

    fn move_read(&self, user: UserId, channel: ChannelId, to: ReadMove) -> Answer<'_, Option<ReadState>> {
        Box::pin(read_state::set(&self.database, user, channel, to))
    }
}

impl EventLog for PgChatStore {
    fn events(&self, stream: StreamKey, after: Seq, limit: usize) -> Answer<'_, Option<EventPage>> {
        Box::pin(async move {
            stream::make_persons(&self.database, &*self.chance, &[stream]).await?;
            events::page(&mut *self.database.read().await?, stream, after, limit).await
        })
    }

    fn heads(&self, streams: Vec<StreamKey>) -> Answer<'_, Vec<StreamHead>> {
        Box::pin(async move {
            stream::make_persons(&self.database, &*self.chance, &streams).await?;
            stream::heads(&mut *self.database.reader().await?, &streams).await
        })
    }
}

impl Outbox for PgChatStore {
    /// A stream belongs to one of [`PARTITIONS`].
    fn pending(&self, partition: u32, limit: usize) -> Answer<'_, Vec<StreamEvent>> {
        Box::pin(async move { outbox::pending(&mut *self.database.read().await?, partition, limit).await })
    }

    fn published(&self, rows: Vec<(StreamKey, Seq)>) -> Answer<'_, ()> {
        Box::pin(outbox::published(&self.database, rows))
    }
}

impl Projection for PgChatStore {
    fn position(&self, server: ServerId) -> Answer<'_, Option<(Epoch, Seq)>> {
        Box::pin(async move { copy::position(&mut *self.database.reader().await?, server).await })
    }

    fn apply(&self, event: ServerEvent) -> Answer<'_, Applied> {
        Box::pin(apply::apply(&self.database, &*self.chance, event))
    }

    fn keep_user(&self, user: User, revision: u64) -> Answer<'_, bool> {
        Box::pin(copy::keep_user(&self.database, user, revision))
    }

    fn server_of(&self, channel: ChannelId) -> Answer<'_, Option<ServerId>> {
        Box::pin(async move { copy::server_of(&mut *self.database.reader().await?, channel).await })
    }

    fn deleted_channel(&self, channel: ChannelId) -> Answer<'_, Option<(ServerId, Channel)>> {
        Box::pin(async move { copy::deleted_channel(&mut *self.database.reader().await?, channel).await })
    }

    fn community(&self, server: ServerId) -> Answer<'_, Option<Community>> {
        Box::pin(async move { copy::community(&mut *self.database.read().await?, server).await })
    }

    fn member(&self, server: ServerId, user: UserId) -> Answer<'_, Option<Member>> {
        Box::pin(async move { copy::member(&mut *self.database.reader().await?, server, user).await })
    }

    fn members(&self, server: ServerId) -> Answer<'_, Vec<UserId>> {
        Box::pin(async move { copy::members(&mut *self.database.reader().await?, server).await })
    }

    fn servers_of(&self, user: UserId) -> Answer<'_, Vec<ServerId>> {
        Box::pin(async move { copy::servers_of(&mut *self.database.reader().await?, user).await })
    }

    fn removal(&self, server: ServerId, user: UserId) -> Answer<'_, Option<RemovalCause>> {
        Box::pin(async move { copy::removal(&mut *self.database.reader().await?, server, user).await })
    }
}

impl WebhookStore for PgChatStore {
    fn create(&self, webhook: Webhook, token: TokenHash, limit: usize) -> Answer<'_, Made> {
        Box::pin(webhooks::create(&self.database, webhook, token, limit))
    }

    fn of_channel(&self, channel: ChannelId) -> Answer<'_, Vec<Webhook>> {
        Box::pin(async move { webhooks::of_channel(&mut *self.database.reader().await?, channel).await })
    }

    fn find(&self, webhook: WebhookId) -> Answer<'_, Option<(Webhook, TokenHash)>> {
        Box::pin(async move { webhooks::find(&mut *self.database.reader().await?, webhook).await })
    }

    fn rename(&self, webhook: WebhookId, name: WebhookName) -> Answer<'_, bool> {
        Box::pin(async move { webhooks::rename(&self.database, webhook, &name).await })
    }

    fn set_token(&self, webhook: WebhookId, token: TokenHash) -> Answer<'_, bool> {
        Box::pin(webhooks::set_token(&self.database, webhook, token))
    }

    fn delete(&self, webhook: WebhookId) -> Answer<'_, bool> {
        Box::pin(webhooks::delete(&self.database, webhook))
    }
}

impl RetentionStore for PgChatStore {
    fn retained(&self, after: Option<ChannelId>, limit: usize) -> Answer<'_, Vec<(ChannelId, u16)>> {
        Box::pin(async move { retention::retained(&mut *self.database.reader().await?, after, limit).await })
    }

    fn last_before(&self, channel: ChannelId, at: Timestamp) -> Answer<'_, Option<Seq>> {
        Box::pin(
            async move { retention::last_before(&mut *self.database.reader().await?, channel, at).await },
        )
    }

    fn forget_events(&self, at: Timestamp, limit: usize) -> Answer<'_, u64> {
        Box::pin(async move {
            let mut tx = self.database.write().await?;
            let forgotten = retention::forget_events(&mut tx, at, limit).await?;
            tx.commit().await?;
            Ok(forgotten)
        })
    }

    fn claim(&self, chore: &'static str, now: Timestamp, every: Duration) -> Answer<'_, bool> {
        Box::pin(async move {
            let mut tx = self.database.write().await?;
            let taken = retention::claim(&mut tx, chore, now, every).await?;
            tx.commit().await?;
            Ok(taken)
        })
    }

    fn give_back(&self, chore: &'static str) -> Answer<'_, ()> {
        Box::pin(async move {
            let mut tx = self.database.write().await?;
            retention::give_back(&mut tx, chore).await?;
            tx.commit().await?;
            Ok(())
        })
    }
}
