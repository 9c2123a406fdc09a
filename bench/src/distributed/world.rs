//! A database of its own, topics of their own, and nodes of the chat service on them.

use std::{sync::Arc, time::Duration};

use echopulse_chat_service::engine::{Adapters, Engine};
use echopulse_core::{
    chat::{
        model::Mentions,
        port::{inbound::PostMessage, outbound::Projection},
    },
    common::{
        ChannelId, Epoch, RoleId, Seq, ServerId, Timestamp, UserId,
        actor::Actor,
        community::{Channel, ChannelKind, JoinPolicy, Level, Member, Role, Server, User, UserKind},
        event::{ServerChange, ServerEvent},
        permission::Permissions,
    },
};
use echopulse_distributed::{
    Turn,
    kafka::{FanOut, KafkaBus, KafkaOptions, SigningKey, Topic, create_topics},
    postgres::{PARTITIONS, PgChatStore, PgOptions, TurnLock, partition_of},
    upstream::{HttpUpstream, UpstreamOptions},
};
use echopulse_embedded::memory::MemoryPresence;
use echopulse_http::token::Endings;
use echopulse_system::{OsChance, SystemClock, TokioTimer, Uuid7Ids};
use sqlx::{AssertSqlSafe, Connection, PgConnection, postgres::PgConnectOptions};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::variable;
use crate::posts::{Counting, Sizes};

/// As many as a deployed instance has.
pub(super) const LANES: usize = 4;

/// As long as a deployed instance rests.
const RELAYS_REST: Duration = Duration::from_millis(10);

const EPOCH: Epoch = Epoch(1);

/// One deployment's chat database and topics, with a server, its channels and a person in it.
pub(super) struct World {
    url: String,
    database: String,
    pub(super) kafka: KafkaOptions,
    pub(super) author: UserId,
    pub(super) channels: Vec<ChannelId>,
}

impl World {
    pub(super) async fn with_channels(count: usize) -> anyhow::Result<Self> {
        let unique = Uuid::now_v7().simple().to_string();
        let world = Self {
            url: variable("ECHOPULSE_TEST_POSTGRES")?,
            database: format!("bench_{unique}"),
            kafka: KafkaOptions {
                hmac_key: Some(SigningKey::new(&[7; 32])?),
                topic_prefix: format!("bench-{unique}."),
                ..KafkaOptions::new(variable("ECHOPULSE_TEST_KAFKA")?, "bench")
            },
            author: UserId::from_u128(fresh()),
            channels: (0..count).map(|_| ChannelId::from_u128(fresh())).collect(),
        };
        world.administer(format!("CREATE DATABASE {}", world.database)).await?;
        PgChatStore::migrate(&world.options()?).await?;
        create_topics(&world.kafka, &Topic::ALL).await?;
        world.found().await?;
        Ok(world)
    }

    pub(super) fn options(&self) -> anyhow::Result<PgOptions> {
        Ok(PgOptions::parse(&self.url)?.database(&self.database))
    }

    /// A connection behind the store's back.
    pub(super) async fn raw(&self) -> anyhow::Result<PgConnection> {
        let options: PgConnectOptions = self.url.parse()?;
        Ok(PgConnection::connect_with(&options.database(&self.database)).await?)
    }

    async fn administer(&self, sql: String) -> anyhow::Result<()> {
        let mut db = PgConnection::connect(&self.url).await?;
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut db).await?;
        Ok(db.close().await?)
    }

    pub(super) async fn store(&self) -> anyhow::Result<PgChatStore> {
        Ok(PgChatStore::connect(&self.options()?, Arc::new(OsChance)).await?)
    }

    /// Removes the database.
    pub(super) async fn end(self) -> anyhow::Result<()> {
        self.administer(format!("DROP DATABASE {} WITH (FORCE)", self.database)).await
    }

    /// Puts into the copy what the server service would have told.
    async fn found(&self) -> anyhow::Result<()> {
        let server = ServerId::from_u128(fresh());
        let at = Timestamp::from_millis(0);
        let everyone = Role {
            id: RoleId::from_u128(server.as_u128()),
            name: "everyone".to_owned(),
            description: String::new(),
            colour: None,
            permissions: Permissions::EVERYONE,
            position: 0,
            mentionable: false,
        };
        let author = User {
            id: self.author,
            username: "ada".to_owned(),
            display_name: "Ada".to_owned(),
            bio: String::new(),
            kind: UserKind::Person,
            created_at: at,
        };
        let member = Member {
            user: self.author,
            nickname: None,
            roles: Vec::new(),
            joined_at: at,
            timeout_until: None,
        };
        let head = Server {
            id: server,
            name: "Bench".to_owned(),
            description: String::new(),
            owner: self.author,
            join_policy: JoinPolicy::Invite,
            default_level: Level::All,
            retention_days: None,
            created_at: at,
        };
        let changes = [
            ServerChange::ServerCreated(head),
            ServerChange::RoleCreated(everyone),
            ServerChange::MemberJoined { member, user: author },
        ];
        let channels = self.channels.iter().enumerate().map(|(number, id)| {
            ServerChange::ChannelCreated(Channel {
                id: *id,
                kind: ChannelKind::Text,
                name: format!("channel-{number}"),
                topic: String::new(),
                category: None,
                position: u32::try_from(number).unwrap_or(u32::MAX),
                slow_mode_s: 0,
                retention_days: None,
                overrides: Vec::new(),
            })
        });
        let store = self.store().await?;
        for (change, seq) in changes.into_iter().chain(channels).zip(1..) {
            let actor = Some(self.author);
            store.apply(ServerEvent { server, epoch: EPOCH, seq: Seq(seq), at, actor, change }).await?;
        }
        store.close().await;
        Ok(())
    }

    pub(super) const fn actor(&self) -> Actor {
        Actor { user: self.author, kind: UserKind::Person, admin: false }
    }

    /// What the chat service is asked by somebody who posts.
    pub(super) fn post(&self, channel: ChannelId, number: usize) -> PostMessage {
        PostMessage {
            actor: self.actor(),
            channel,
            nonce: Some(format!("bench-{number}")),
            content: format!("message {number}, as long as what people say to each other most of the time"),
            reply_to: None,
            mention_author: false,
            named: Mentions::default(),
        }
    }

    /// An instance of the chat service, as its program puts it together, without its sockets.
    pub(super) async fn node(&self) -> anyhow::Result<Node> {
        let store = Arc::new(self.store().await?);
        let bus = Arc::new(KafkaBus::new(self.kafka.clone())?);
        // Nobody asks it: the copy holds everything.
        let upstream = HttpUpstream::new(UpstreamOptions {
            servers: vec!["http://127.0.0.1:9".to_owned()],
            discovery_url: "http://127.0.0.1:9".to_owned(),
            client_id: String::new(),
            client_secret: String::new(),
        })?;
        let options = self.options()?;
        let turn = |partition| {
            let lock = TurnLock::new(options.clone(), partition);
            let turn = Arc::new(Turn::new(Arc::clone(&store), Arc::clone(&bus), lock));
            (Arc::clone(&turn) as _, turn as _)
        };
        let sizes = Sizes::default();
        let engine = Arc::new(Engine::new(Adapters {
            messages: Arc::new(Counting { store: Arc::clone(&store) as _, sizes: Arc::clone(&sizes) }),
            webhooks: Arc::clone(&store) as _,
            log: Arc::clone(&store) as _,
            projection: Arc::clone(&store) as _,
            retention: Arc::clone(&store) as _,
            partitions: (0..PARTITIONS).map(turn).collect(),
            partition_of,
            bus: Arc::clone(&bus) as _,
            upstream: Arc::new(upstream),
            presence: Arc::new(MemoryPresence::default()),
            memory: Arc::<Endings>::default(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(Uuid7Ids),
            timer: Arc::new(TokioTimer),
            lanes: LANES,
            relays_rest: RELAYS_REST,
        }));
        let announced = Arc::clone(&engine);
        let nudged = Box::new(move |stream, seq| announced.announce(stream, seq));
        let (reading, records) = FanOut::start(self.kafka.clone(), &Topic::CHAT, 1024, nudged).await?;
        let tasks = engine.spawn(records);
        Ok(Node { engine, store, sizes, reading, tasks })
    }
}

/// One instance of the chat service.
pub(super) struct Node {
    pub(super) engine: Arc<Engine>,
    pub(super) store: Arc<PgChatStore>,
    pub(super) sizes: Sizes,
    reading: FanOut,
    tasks: JoinSet<()>,
}

impl Node {
    pub(super) async fn stop(mut self) {
        self.engine.stop();
        while self.tasks.join_next().await.is_some() {}
        self.reading.stop().await;
        self.store.close().await;
    }
}

pub(super) fn fresh() -> u128 {
    Uuid::now_v7().as_u128()
}
