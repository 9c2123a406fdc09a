//! Core's side of the server service, put together, and the tasks that it needs.

use std::{sync::Arc, time::Duration};

use echopulse_core::{
    common::{
        StoreError,
        port::{Chance, Clock, Ids},
        sync::Nudge,
    },
    server::{
        port::{
            inbound::{Accounts, Catalogue},
            outbound::{BotIssuer, EventPublisher, ServerOutbox, ServerStore, UserStore},
        },
        relay::Relay,
        service::{ServerDeps, ServerService},
    },
};
use tokio::{task::JoinSet, time};
use tokio_util::sync::CancellationToken;

use crate::ServerPorts;

/// The time between two tries to publish what could not be published.
const CHECK: Duration = Duration::from_secs(5);

/// What the server service stands on.
pub struct Adapters {
    /// Servers.
    pub servers: Arc<dyn ServerStore>,
    /// People.
    pub users: Arc<dyn UserStore>,
    /// Where bots are clients.
    pub bots: Arc<dyn BotIssuer>,
    /// What commits leave for the bus.
    pub outbox: Arc<dyn ServerOutbox>,
    /// The way there.
    pub publisher: Arc<dyn EventPublisher>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn Ids>,
    /// Chance.
    pub chance: Arc<dyn Chance>,
}

/// Core's side of the server service.
pub struct Engine {
    service: Arc<ServerService>,
    relay: Relay,
    committed: Arc<Nudge>,
    stop: CancellationToken,
}

impl Engine {
    /// Puts everything together. Nothing runs yet.
    #[must_use]
    pub fn new(adapters: Adapters) -> Self {
        let Adapters { servers, users, bots, outbox, publisher, clock, ids, chance } = adapters;
        let committed = Arc::new(Nudge::default());
        let service = Arc::new(ServerService::new(ServerDeps {
            store: servers,
            users,
            bots,
            relay: Arc::clone(&committed),
            clock,
            ids,
            chance,
        }));
        Self { service, relay: Relay::new(outbox, publisher), committed, stop: CancellationToken::new() }
    }

    /// What the inbound adapters ask.
    #[must_use]
    pub fn ports(&self) -> ServerPorts {
        ServerPorts {
            accounts: Arc::clone(&self.service) as _,
            servers: Arc::clone(&self.service) as _,
            channels: Arc::clone(&self.service) as _,
            members: Arc::clone(&self.service) as _,
            invites: Arc::clone(&self.service) as _,
            bans: Arc::clone(&self.service) as _,
            bots: Arc::clone(&self.service) as _,
            catalogue: self.catalogue(),
        }
    }

    /// Who people are.
    #[must_use]
    pub fn accounts(&self) -> Arc<dyn Accounts> {
        Arc::clone(&self.service) as _
    }

    /// What changed, for the chat service.
    #[must_use]
    pub fn catalogue(&self) -> Arc<dyn Catalogue> {
        Arc::clone(&self.service) as _
    }

    /// Starts every task. They end after [`Engine::stop`]; one that ends before has broken.
    #[must_use]
    pub fn spawn(self: &Arc<Self>) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let at = Arc::clone(self);
        tasks.spawn(async move {
            let failed = |error: StoreError| {
                tracing::error!(error = &error as &dyn std::error::Error, "changes could not be published");
            };
            at.relay.run(&at.committed, failed).await;
        });
        let at = Arc::clone(self);
        tasks.spawn(async move {
            loop {
                tokio::select! {
                    () = at.stop.cancelled() => return,
                    () = time::sleep(CHECK) => at.committed.nudge(),
                }
            }
        });
        tasks
    }

    /// Ends the tasks; what is not published is not waited for, since its rows stay.
    pub fn stop(&self) {
        self.committed.close();
        self.stop.cancel();
    }
}
