//! Both databases in one folder: what the server service publishes arrives in the chat service's copy, by the bus or by asking.

use std::sync::Arc;

use echopulse_core::testing::server::{MemoryBotIssuer, NoSignOuts};
use echopulse_core::{
    chat::{
        model::Record,
        port::outbound::{Applied, Projection, Upstream},
    },
    common::{
        Seq,
        actor::{Actor, Identity},
        community::{JoinPolicy, Server, UserKind},
        sync::Nudge,
    },
    server::{
        port::inbound::{NewServer, Servers},
        relay::Relay,
        service::{ServerDeps, ServerService},
    },
};
use echopulse_embedded::{
    bus::InProcessBus,
    sqlite::{SqliteChatStore, SqliteServerStore},
    upstream::InProcessUpstream,
};
use echopulse_system::{OsChance, SystemClock, Uuid7Ids};
use tempfile::TempDir;

struct World {
    servers: SqliteServerStore,
    service: Arc<ServerService>,
    chat: SqliteChatStore,
    upstream: InProcessUpstream,
    _folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let servers = SqliteServerStore::connect(folder.path()).await.unwrap();
        let chat = SqliteChatStore::connect(folder.path(), Arc::new(OsChance)).await.unwrap();
        let service = Arc::new(ServerService::new(ServerDeps {
            bots: Arc::<MemoryBotIssuer>::default(),
            sign_outs: Arc::<NoSignOuts>::default(),
            store: Arc::new(servers.clone()),
            users: Arc::new(servers.clone()),
            relay: Arc::new(Nudge::default()),
            clock: Arc::new(SystemClock),
            ids: Arc::new(Uuid7Ids),
            chance: Arc::new(OsChance),
        }));
        let upstream = InProcessUpstream::new(service.clone(), service.clone());
        Self { servers, service, chat, upstream, _folder: folder }
    }

    async fn ada(&self) -> Actor {
        let identity = Identity {
            iss: "https://issuer.example".to_owned(),
            sub: "1".to_owned(),
            preferred_username: "ada".to_owned(),
            name: None,
            kind: UserKind::Person,
            admin: false,
        };
        self.upstream.sign_in(identity).await.unwrap()
    }

    async fn server(&self, owner: Actor) -> Server {
        let new = NewServer {
            name: "Rust Lyon".to_owned(),
            description: String::new(),
            join_policy: JoinPolicy::Invite,
        };
        self.service.create(owner, new).await.unwrap()
    }
}

#[tokio::test]
async fn what_is_published_makes_the_copy() {
    let world = World::new().await;
    let bus = Arc::new(InProcessBus::default());
    let mut records = bus.consumer(64);
    let ada = world.ada().await;
    let server = world.server(ada).await;
    Relay::new(Arc::new(world.servers.clone()), bus).drain().await.unwrap();
    while let Ok(record) = records.try_recv() {
        match record {
            Record::Server(event) => {
                let applied = world.chat.apply(event).await.unwrap();
                assert!(matches!(applied, Applied::Done { .. }), "{applied:?}");
            }
            Record::User { user, revision } => assert!(world.chat.keep_user(user, revision).await.unwrap()),
            other => panic!("{other:?}"),
        }
    }
    let community = world.chat.community(server.id).await.unwrap().unwrap();
    assert_eq!((community.channels.len(), community.roles.len()), (1, 1));
    assert_eq!(world.chat.members(server.id).await.unwrap(), [ada.user]);
    assert_eq!(community.server, server);
}

#[tokio::test]
async fn what_no_hint_brought_is_asked_for() {
    let world = World::new().await;
    let server = world.server(world.ada().await).await;
    let first = world.upstream.events(server.id, Seq(0), 3).await.unwrap();
    let rest = world.upstream.events(server.id, Seq(3), 3).await.unwrap();
    assert_eq!((first.len(), rest.len()), (3, 1));
    for event in first.into_iter().chain(rest) {
        world.chat.apply(event).await.unwrap();
    }
    let community = world.chat.community(server.id).await.unwrap().unwrap();
    for channel in community.channels.into_keys() {
        assert_eq!(world.upstream.server_of(channel).await.unwrap(), Some(server.id));
        assert_eq!(world.chat.server_of(channel).await.unwrap(), Some(server.id));
    }
}
