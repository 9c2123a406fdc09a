//! The server store under the use cases of core, and what only a store can get wrong.

mod members;
mod people;
mod servers;

use std::sync::Arc;

use echopulse_core::{
    common::{
        ServerId, UserId,
        actor::{Actor, Identity},
        community::{JoinPolicy, Server, UserKind},
        sync::Nudge,
    },
    server::{
        port::{
            inbound::{Accounts, NewServer, Servers},
            outbound::{OutboxRecord, ServerOutbox, ServerStore},
        },
        service::{ServerDeps, ServerService},
    },
};
use tempfile::TempDir;

use super::SqliteServerStore;
use echopulse_core::testing::server::{MemoryBotIssuer, NoSignOuts};
use echopulse_system::{OsChance, SystemClock, Uuid7Ids};

/// The use cases on a store in a folder of its own.
struct Fixture {
    store: SqliteServerStore,
    service: ServerService,
    folder: TempDir,
}

impl Fixture {
    async fn new() -> Self {
        Self::over(TempDir::new().unwrap()).await
    }

    async fn over(folder: TempDir) -> Self {
        let store = SqliteServerStore::connect(folder.path()).await.unwrap();
        let service = ServerService::new(ServerDeps {
            bots: Arc::<MemoryBotIssuer>::default(),
            sign_outs: Arc::<NoSignOuts>::default(),
            store: Arc::new(store.clone()),
            users: Arc::new(store.clone()),
            relay: Arc::new(Nudge::default()),
            clock: Arc::new(SystemClock),
            ids: Arc::new(Uuid7Ids),
            chance: Arc::new(OsChance),
        });
        Self { store, service, folder }
    }

    /// Leaves the store as a crash would, and opens the file again.
    async fn crashed(self) -> Self {
        let Self { store, service, folder } = self;
        drop((store, service));
        Self::over(folder).await
    }

    async fn person(&self, name: &str) -> Actor {
        self.service.sign_in(identity(name, name)).await.unwrap()
    }

    async fn server(&self, owner: Actor, policy: JoinPolicy) -> Server {
        let new = NewServer { name: "Rust Lyon".to_owned(), description: String::new(), join_policy: policy };
        self.service.create(owner, new).await.unwrap()
    }

    /// The places of a server's events, as the outbox has them.
    async fn hints(&self, server: ServerId) -> Vec<u64> {
        let rows = self.store.pending(1000).await.unwrap();
        let seq = |(_, record)| match record {
            OutboxRecord::Server(event) if event.server == server => Some(event.seq.0),
            _ => None,
        };
        rows.into_iter().filter_map(seq).collect()
    }

    async fn seqs(&self, server: ServerId) -> Vec<u64> {
        let events = self.store.events(server, echopulse_core::common::Seq(0), 1000).await.unwrap();
        events.iter().map(|event| event.seq.0).collect()
    }
}

fn identity(sub: &str, preferred: &str) -> Identity {
    Identity {
        iss: "https://issuer.example".to_owned(),
        sub: sub.to_owned(),
        preferred_username: preferred.to_owned(),
        name: None,
        kind: UserKind::Person,
        admin: false,
    }
}

fn nobody() -> UserId {
    UserId::from_u128(0xdead)
}
