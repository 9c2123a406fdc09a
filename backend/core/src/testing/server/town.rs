//! The server service over its fakes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{MemoryBotIssuer, MemoryServerStore, NotedSignOuts};
use crate::{
    common::{
        ServerId, Timestamp,
        actor::{Actor, Identity},
        community::{JoinPolicy, Server, UserKind},
        event::{ServerChange, ServerEvent},
        port::{Chance, Clock, Ids},
        sync::Nudge,
    },
    server::{
        error::ServerError,
        port::{
            inbound::{Accounts, NewServer, Servers},
            outbound::ServerStore,
        },
        service::{ServerDeps, ServerService},
        sign_outs::{SignOutDeps, SignOutService},
        view::{Change, Scope},
    },
};

/// A clock that moves when told.
pub struct HandClock(AtomicI64);

impl HandClock {
    /// Lets `span` pass.
    pub fn advance(&self, span: Duration) {
        self.0.store(self.now().after(span).as_millis(), Ordering::SeqCst);
    }
}

impl Default for HandClock {
    fn default() -> Self {
        Self(AtomicI64::new(1_700_000_000_000))
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Ids 1, 2, 3 …
#[derive(Default)]
pub struct CountingIds(AtomicU64);

impl Ids for CountingIds {
    fn next(&self) -> u128 {
        u128::from(self.0.fetch_add(1, Ordering::SeqCst) + 1)
    }
}

/// Values that anybody can foretell.
#[derive(Default)]
pub struct CountedChance(AtomicU64);

impl Chance for CountedChance {
    fn next_u64(&self) -> u64 {
        (self.0.fetch_add(1, Ordering::SeqCst) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// The server service over a store in memory, and what a test moves by hand.
pub struct Town {
    /// The use cases.
    pub service: ServerService,
    /// What they are kept in.
    pub store: Arc<MemoryServerStore>,
    /// Where its bots are clients.
    pub bots: Arc<MemoryBotIssuer>,
    /// Sign-ins that ended.
    pub sign_outs: Arc<NotedSignOuts>,
    /// The time.
    pub clock: Arc<HandClock>,
    /// Nudged after each commit.
    pub nudge: Arc<Nudge>,
}

impl Default for Town {
    fn default() -> Self {
        let (store, clock, nudge) =
            (Arc::<MemoryServerStore>::default(), Arc::<HandClock>::default(), Arc::<Nudge>::default());
        let (bots, sign_outs) = (Arc::<MemoryBotIssuer>::default(), Arc::<NotedSignOuts>::default());
        let ends = SignOutService::new(SignOutDeps {
            store: Arc::<MemoryServerStore>::clone(&store),
            memory: Arc::<NotedSignOuts>::clone(&sign_outs),
            relay: Arc::clone(&nudge),
            clock: Arc::<HandClock>::clone(&clock),
            longest_token: Duration::from_secs(600),
        });
        let service = ServerService::new(ServerDeps {
            store: Arc::<MemoryServerStore>::clone(&store),
            users: Arc::<MemoryServerStore>::clone(&store),
            bots: Arc::<MemoryBotIssuer>::clone(&bots),
            sign_outs: Arc::new(ends),
            relay: Arc::clone(&nudge),
            clock: Arc::<HandClock>::clone(&clock),
            ids: Arc::<CountingIds>::default(),
            chance: Arc::<CountedChance>::default(),
        });
        Self { service, store, bots, sign_outs, clock, nudge }
    }
}

impl Town {
    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Somebody of this kind, signed in under `name`.
    pub async fn arrives(&self, name: &str, kind: UserKind) -> Result<Actor, ServerError> {
        self.service
            .sign_in(Identity {
                iss: "https://issuer.example".to_owned(),
                sub: name.to_owned(),
                preferred_username: name.to_owned(),
                name: None,
                kind,
                admin: false,
            })
            .await
    }

    /// A server called `Rust Lyon`.
    pub async fn server(&self, owner: Actor, join_policy: JoinPolicy) -> Result<Server, ServerError> {
        let new = NewServer { name: "Rust Lyon".to_owned(), description: String::new(), join_policy };
        Servers::create(&self.service, owner, new).await
    }

    /// Lets things happen in a server that no use case does yet.
    pub async fn set(
        &self,
        server: &Server,
        changes: Vec<ServerChange>,
    ) -> Result<Vec<ServerEvent>, ServerError> {
        let changes = changes.into_iter().map(Change::Event).collect();
        let scope = Scope::of(server.id, server.owner);
        Ok(self.store.change(scope, self.now(), server.owner, Box::new(|_| Ok(changes))).await??)
    }

    /// How many events a server has.
    pub async fn head(&self, server: ServerId) -> Result<usize, ServerError> {
        Ok(self.store.events(server, crate::common::Seq::ZERO, usize::MAX).await?.len())
    }
}
