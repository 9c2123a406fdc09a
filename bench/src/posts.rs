//! The write path against bare inserts: 64 senders into one channel, each waiting for its receipt.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use echopulse_chat_service::engine::{Adapters, Engine};
use echopulse_core::{
    chat::{
        model::{HistoryPage, HistoryQuery, Message, ReadMove, ReadState},
        port::{
            inbound::{PostMessage, Posting},
            outbound::{MessageStore, NonceRecord},
        },
        write::{Outcome, Write, WriteKind, fingerprint},
    },
    common::{BoxFuture, ChannelId, MessageId, StoreError, UserId, name::Username},
    server::port::outbound::{BotClient, BotIssuer, ClientSecret},
};
use echopulse_embedded::{
    bus::InProcessBus,
    memory::MemoryPresence,
    sqlite::{SqliteChatStore, SqliteServerStore},
    upstream::InProcessUpstream,
};
use echopulse_http::token::Endings;
use echopulse_server_service::engine as server_engine;
use echopulse_system::{OsChance, SystemClock, TokioTimer, Uuid7Ids};
use sqlx::{
    AssertSqlSafe, Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::task::JoinSet;

use crate::{
    folder::Folder,
    report::{Row, in_turn, per_second},
};

pub(crate) const SENDERS: usize = 64;
pub(crate) const POSTS_EACH: usize = 100;
const ROUNDS: usize = 7;

/// How large batches were, in their order.
pub(crate) type Sizes = Arc<Mutex<Vec<usize>>>;

/// The real store, which notes how large its batches are.
pub(crate) struct Counting {
    pub(crate) store: Arc<dyn MessageStore>,
    pub(crate) sizes: Sizes,
}

type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

impl MessageStore for Counting {
    fn commit(&self, batch: Vec<Write>) -> Answer<'_, Vec<Outcome>> {
        self.sizes.lock().unwrap_or_else(PoisonError::into_inner).push(batch.len());
        self.store.commit(batch)
    }

    fn find_nonce(&self, author: UserId, nonce: String) -> Answer<'_, Option<NonceRecord>> {
        self.store.find_nonce(author, nonce)
    }

    fn find_message(&self, channel: ChannelId, message: MessageId) -> Answer<'_, Option<Message>> {
        self.store.find_message(channel, message)
    }

    fn history(
        &self,
        channel: ChannelId,
        query: HistoryQuery,
        limit: usize,
    ) -> Answer<'_, Option<HistoryPage>> {
        self.store.history(channel, query, limit)
    }

    fn read_states(&self, user: UserId, channels: Vec<ChannelId>) -> Answer<'_, Vec<ReadState>> {
        self.store.read_states(user, channels)
    }

    fn move_read(&self, user: UserId, channel: ChannelId, to: ReadMove) -> Answer<'_, Option<ReadState>> {
        self.store.move_read(user, channel, to)
    }
}

pub(crate) fn run() -> anyhow::Result<Vec<Row>> {
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (served, bare) = (Folder::with_messages(0)?, Folder::with_messages(0)?);
    let sizes = Sizes::default();
    let (mut ours_round, mut bare_round) = (0, 0);
    let (ours, other) = in_turn(
        ROUNDS,
        || {
            sizes.lock().unwrap_or_else(PoisonError::into_inner).clear();
            ours_round += 1;
            tokio.block_on(post(&served, ours_round, Arc::clone(&sizes)))
        },
        || {
            let sizes = sizes.lock().unwrap_or_else(PoisonError::into_inner).clone();
            bare_round += 1;
            tokio.block_on(insert(&bare, bare_round, &sizes))
        },
    )?;
    let rate = |rate: f64| format!("{rate:.0} a second");
    Ok(vec![Row {
        what: "durable posts, 64 senders into one channel, against the same rows inserted bare in the same batches",
        ours: rate(ours),
        other: rate(other),
        result: format!("{:.2} times", ours / other),
        aim: "at least 0.5",
    }])
}

/// Nobody makes bots here.
struct NoBots;

impl BotIssuer for NoBots {
    fn make(&self, _: Username) -> BoxFuture<'_, Result<Option<BotClient>, StoreError>> {
        Box::pin(async { Ok(None) })
    }

    fn rotate(&self, _: String) -> BoxFuture<'_, Result<Option<ClientSecret>, StoreError>> {
        Box::pin(async { Ok(None) })
    }

    fn remove(&self, _: String) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }
}

/// The whole service behind its inbound port, as it is served. Answers the rate of acknowledged posts.
async fn post(folder: &Folder, round: usize, sizes: Sizes) -> anyhow::Result<f64> {
    let (clock, ids, chance) = (Arc::new(SystemClock), Arc::new(Uuid7Ids), Arc::new(OsChance));
    let servers = Arc::new(SqliteServerStore::connect(folder.path()).await?);
    let store = Arc::new(SqliteChatStore::connect(folder.path(), Arc::clone(&chance) as _).await?);
    let bus = Arc::new(InProcessBus::default());
    let server = server_engine::Engine::new(server_engine::Adapters {
        servers: Arc::clone(&servers) as _,
        users: Arc::clone(&servers) as _,
        bots: Arc::new(NoBots),
        sign_outs: Arc::clone(&servers) as _,
        memory: Arc::<Endings>::default(),
        longest_token: Duration::from_secs(600),
        outbox: Arc::clone(&servers) as _,
        publisher: Arc::clone(&bus) as _,
        clock: Arc::clone(&clock) as _,
        ids: Arc::clone(&ids) as _,
        chance,
    });
    let engine = Arc::new(Engine::new(Adapters {
        messages: Arc::new(Counting { store: Arc::clone(&store) as _, sizes }),
        webhooks: Arc::clone(&store) as _,
        log: Arc::clone(&store) as _,
        projection: Arc::clone(&store) as _,
        retention: Arc::clone(&store) as _,
        partitions: vec![(Arc::clone(&store) as _, Arc::clone(&bus) as _)],
        partition_of: |_| 0,
        bus: Arc::clone(&bus) as _,
        upstream: Arc::new(InProcessUpstream::new(server.accounts(), server.catalogue())),
        presence: Arc::new(MemoryPresence::default()),
        memory: Arc::<Endings>::default(),
        clock,
        ids,
        timer: Arc::new(TokioTimer),
        lanes: 1,
        relays_rest: Duration::from_millis(50),
    }));
    let mut tasks = engine.spawn(bus.consumer(1024));

    let commands = (0..SENDERS).map(|sender| {
        let first = (round * SENDERS + sender) * POSTS_EACH;
        (first..first + POSTS_EACH).map(|number| folder.command(number)).collect()
    });
    let rate = acknowledged(&engine.ports().posting, commands.collect()).await?;
    engine.stop();
    while tasks.join_next().await.is_some() {}
    store.close().await;
    servers.close().await;
    Ok(rate)
}

/// The rate at which posts are acknowledged, each sender waiting for one before the next.
pub(crate) async fn acknowledged(
    posting: &Arc<dyn Posting>,
    senders: Vec<Vec<PostMessage>>,
) -> anyhow::Result<f64> {
    let count = senders.iter().map(Vec::len).sum();
    let begun = Instant::now();
    let mut sending = JoinSet::new();
    for commands in senders {
        let posting = Arc::clone(posting);
        sending.spawn(async move {
            for command in commands {
                posting.post(command).await.map_err(|error| anyhow::anyhow!("{error:?}"))?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(sent) = sending.join_next().await {
        sent??;
    }
    Ok(per_second(count, begun.elapsed()))
}

/// The rows of such posts and nothing else, in transactions of these sizes. Answers the rate.
async fn insert(folder: &Folder, round: usize, sizes: &[usize]) -> anyhow::Result<f64> {
    let mut db = open(folder.path()).await?;
    let channel = folder.channel.as_u128().to_be_bytes();
    let stream: Vec<u8> = [1].into_iter().chain(channel).collect();
    let head: i64 = sqlx::query_scalar("SELECT head FROM stream_head WHERE stream = ?")
        .bind(&stream)
        .fetch_one(&mut db)
        .await?;
    let (mut seq, mut number) = (head, round * SENDERS * POSTS_EACH);
    let begun = Instant::now();
    for size in sizes {
        let mut transaction = db.begin_with("BEGIN IMMEDIATE").await?;
        let writes: Vec<_> = (number..number + size).map(|number| folder.post(number)).collect();
        number += size;
        let values = |columns: usize| {
            let row = format!("({})", vec!["?"; columns].join(","));
            vec![row; *size].join(",")
        };
        let nonces = format!(
            "INSERT INTO nonce (author, nonce, channel, message, seq, epoch, fingerprint) VALUES {}",
            values(7)
        );
        let messages = format!(
            "INSERT INTO message (channel, seq, id, revision, nonce, author, author_kind, content, created_at) VALUES {}",
            values(9)
        );
        let events =
            format!("INSERT INTO event (stream, seq, kind, at, actor, message) VALUES {}", values(6));
        let outbox = format!("INSERT INTO outbox (stream, seq) VALUES {}", values(2));
        let mut nonces = sqlx::query(AssertSqlSafe(nonces));
        let mut messages = sqlx::query(AssertSqlSafe(messages));
        let mut events = sqlx::query(AssertSqlSafe(events));
        let mut outbox = sqlx::query(AssertSqlSafe(outbox));
        for Write { at, actor, kind, .. } in writes {
            let WriteKind::Post(post) = kind else { continue };
            seq += 1;
            let (author, id) =
                (actor.as_u128().to_be_bytes().to_vec(), post.id.as_u128().to_be_bytes().to_vec());
            let print = fingerprint(&post.content, None).cast_signed();
            nonces = nonces
                .bind(author.clone())
                .bind(post.nonce.clone())
                .bind(channel.to_vec())
                .bind(id.clone())
                .bind(seq)
                .bind(1_i64)
                .bind(print);
            messages = messages
                .bind(channel.to_vec())
                .bind(seq)
                .bind(id.clone())
                .bind(seq)
                .bind(post.nonce)
                .bind(author.clone())
                .bind(0_i64)
                .bind(post.content)
                .bind(at.as_millis());
            events =
                events.bind(stream.clone()).bind(seq).bind(1_i64).bind(at.as_millis()).bind(author).bind(id);
            outbox = outbox.bind(stream.clone()).bind(seq);
        }
        for rows in [nonces, messages, events, outbox] {
            rows.execute(&mut *transaction).await?;
        }
        sqlx::query("UPDATE stream_head SET head = ? WHERE stream = ?")
            .bind(seq)
            .bind(&stream)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
    }
    let rate = per_second(sizes.iter().sum(), begun.elapsed());
    db.close().await?;
    Ok(rate)
}

async fn open(folder: &Path) -> anyhow::Result<SqliteConnection> {
    let options = SqliteConnectOptions::new()
        .filename(folder.join("chat.db"))
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    Ok(SqliteConnection::connect_with(&options).await?)
}
