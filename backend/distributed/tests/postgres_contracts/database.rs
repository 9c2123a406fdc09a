//! A database for each test, and stores on it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    thread,
};

use echopulse_core::{
    chat::{
        model::StreamEvent,
        port::outbound::{Applied, Outbox, Projection},
    },
    common::{
        BoxFuture, ChannelId, Epoch, Seq, StoreError, StreamKey, Timestamp, UserId,
        community::{Channel, ChannelKind, JoinPolicy, Level, Member, Server, User, UserKind},
        event::{ServerChange, ServerEvent},
        port::Chance,
    },
    testing::chat_contract::{ADA, GENERAL, LIN, RANDOM, SERVER},
};
use echopulse_distributed::postgres::{PARTITIONS, PgChatStore, PgOptions, PgServerStore};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// The server's URL, with a superuser's login.
pub(crate) fn server_url() -> String {
    std::env::var("ECHOPULSE_TEST_POSTGRES").expect(
        "ECHOPULSE_TEST_POSTGRES names no PostgreSQL server: run `cargo xtask test distributed`, which starts one",
    )
}

pub(crate) fn superuser() -> PgOptions {
    PgOptions::parse(&server_url()).unwrap()
}

/// Runs a statement as the superuser.
pub(crate) async fn administer(sql: String) {
    let mut db = PgConnection::connect(&server_url()).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
}

/// A name that no other test of this server has.
pub(crate) fn unique_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("echopulse_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// An empty database that goes when this does.
pub(crate) struct TestDatabase {
    name: String,
}

impl TestDatabase {
    pub(crate) async fn new() -> Self {
        let name = unique_name();
        administer(format!("CREATE DATABASE {name} TEMPLATE template0")).await;
        Self { name }
    }

    pub(crate) fn options(&self) -> PgOptions {
        superuser().database(&self.name)
    }

    /// A connection behind the stores' back.
    pub(crate) async fn raw(&self) -> PgConnection {
        let options: sqlx::postgres::PgConnectOptions = server_url().parse().unwrap();
        PgConnection::connect_with(&options.database(&self.name)).await.unwrap()
    }

    pub(crate) async fn number(&self, sql: &'static str) -> i64 {
        let mut db = self.raw().await;
        sqlx::query_scalar(sql).fetch_one(&mut db).await.unwrap()
    }
}

/// Runs a statement from a place that cannot wait.
pub(crate) fn clean_up(sql: String) {
    let cleaner = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(administer(sql));
    });
    let cleaned = cleaner.join();
    if !thread::panicking() {
        cleaned.unwrap();
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        clean_up(format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

/// Epochs that differ.
#[derive(Default)]
pub(crate) struct Counted(AtomicU64);

impl Chance for Counted {
    fn next_u64(&self) -> u64 {
        0xec40_0000_0000_0000 + self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// The outbox as if it had one partition.
pub(crate) struct AllPartitions(PgChatStore);

impl Outbox for AllPartitions {
    fn pending(&self, _: u32, limit: usize) -> BoxFuture<'_, Result<Vec<StreamEvent>, StoreError>> {
        Box::pin(async move {
            let mut events = Vec::new();
            for partition in 0..PARTITIONS {
                events.extend(self.0.pending(partition, limit).await?);
            }
            events.truncate(limit);
            Ok(events)
        })
    }

    fn published(&self, rows: Vec<(StreamKey, Seq)>) -> BoxFuture<'_, Result<(), StoreError>> {
        self.0.published(rows)
    }
}

/// A chat service's database with one node on it.
pub(crate) struct Chat {
    pub(crate) store: PgChatStore,
    pub(crate) outbox: AllPartitions,
    pub(crate) database: TestDatabase,
}

impl Chat {
    pub(crate) async fn new() -> Self {
        let database = TestDatabase::new().await;
        PgChatStore::migrate(&database.options()).await.unwrap();
        let store = chat_node(&database.options()).await;
        Self { outbox: AllPartitions(store.clone()), store, database }
    }

    /// With a server, two channels, Ada and Lin, as events 1 to 5.
    pub(crate) async fn founded() -> Self {
        let chat = Self::new().await;
        let joined = |id, name| ServerChange::MemberJoined { member: member(id), user: user(id, name) };
        let changes = [
            ServerChange::ServerCreated(server()),
            ServerChange::ChannelCreated(channel(GENERAL)),
            ServerChange::ChannelCreated(channel(RANDOM)),
            joined(ADA, "Ada"),
            joined(LIN, "Lin"),
        ];
        for (change, seq) in changes.into_iter().zip(1..) {
            chat.apply(seq, change).await;
        }
        chat
    }

    /// Another node on the same database.
    pub(crate) async fn another_node(&self) -> PgChatStore {
        chat_node(&self.database.options()).await
    }

    pub(crate) async fn apply(&self, seq: u64, change: ServerChange) -> Applied {
        self.store.apply(event(seq, change)).await.unwrap()
    }
}

pub(crate) async fn chat_node(options: &PgOptions) -> PgChatStore {
    PgChatStore::connect(options, Arc::new(Counted::default())).await.unwrap()
}

/// A server service's database with one node on it.
pub(crate) struct Communities {
    pub(crate) store: PgServerStore,
    pub(crate) database: TestDatabase,
}

impl Communities {
    pub(crate) async fn new() -> Self {
        let database = TestDatabase::new().await;
        PgServerStore::migrate(&database.options()).await.unwrap();
        let store = PgServerStore::connect(&database.options()).await.unwrap();
        Self { store, database }
    }

    /// Another node on the same database.
    pub(crate) async fn another_node(&self) -> PgServerStore {
        PgServerStore::connect(&self.database.options()).await.unwrap()
    }
}

pub(crate) fn event(seq: u64, change: ServerChange) -> ServerEvent {
    let at = Timestamp::from_millis(0);
    ServerEvent { server: SERVER, epoch: Epoch(7), seq: Seq(seq), at, actor: Some(ADA), change }
}

pub(crate) fn server() -> Server {
    Server {
        id: SERVER,
        name: "Rust Lyon".to_owned(),
        description: String::new(),
        owner: ADA,
        join_policy: JoinPolicy::Invite,
        default_level: Level::All,
        retention_days: None,
        created_at: Timestamp::from_millis(0),
    }
}

pub(crate) fn channel(id: ChannelId) -> Channel {
    Channel {
        id,
        kind: ChannelKind::Text,
        name: "general".to_owned(),
        topic: String::new(),
        category: None,
        position: 0,
        slow_mode_s: 0,
        retention_days: None,
        overrides: Vec::new(),
    }
}

pub(crate) fn member(id: UserId) -> Member {
    Member {
        user: id,
        nickname: None,
        roles: Vec::new(),
        joined_at: Timestamp::from_millis(0),
        timeout_until: None,
    }
}

pub(crate) fn user(id: UserId, name: &str) -> User {
    User {
        id,
        username: name.to_lowercase(),
        display_name: name.to_owned(),
        bio: String::new(),
        kind: UserKind::Person,
        created_at: Timestamp::from_millis(0),
    }
}
