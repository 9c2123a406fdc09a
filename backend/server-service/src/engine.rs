//! Core's side of the server service, put together, and the tasks that it needs.

use std::{sync::Arc, time::Duration};

use echopulse_core::{
    common::{
        StoreError,
        port::{Chance, Clock, Ids},
        sign_out::{SignOutLog, SignOutMemory},
        sync::Nudge,
    },
    server::{
        port::{
            inbound::{Accounts, Catalogue},
            outbound::{BotIssuer, EventPublisher, ServerOutbox, ServerStore, SignOutStore, UserStore},
        },
        relay::Relay,
        service::{ServerDeps, ServerService},
        sign_outs::{SignOutDeps, SignOutService},
    },
};
use tokio::{task::JoinSet, time};
use tokio_util::sync::CancellationToken;

use crate::ServerPorts;

/// The time between two tries to publish what could not be published.
const CHECK: Duration = Duration::from_secs(5);

/// The time between two looks for answers that are kept no longer.
const HOUSEKEEPING: Duration = Duration::from_secs(60 * 60);

/// What the server service stands on.
pub struct Adapters {
    /// Servers.
    pub servers: Arc<dyn ServerStore>,
    /// People.
    pub users: Arc<dyn UserStore>,
    /// Where bots are clients.
    pub bots: Arc<dyn BotIssuer>,
    /// Sign-ins that ended.
    pub sign_outs: Arc<dyn SignOutStore>,
    /// What this instance knows of them.
    pub memory: Arc<dyn SignOutMemory>,
    /// The longest that an access token lives.
    pub longest_token: Duration,
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
    sign_outs: Arc<SignOutService>,
    relay: Relay,
    committed: Arc<Nudge>,
    stop: CancellationToken,
}

impl Engine {
    /// Puts everything together. Nothing runs yet.
    #[must_use]
    pub fn new(adapters: Adapters) -> Self {
        let Adapters {
            servers,
            users,
            bots,
            sign_outs,
            memory,
            longest_token,
            outbox,
            publisher,
            clock,
            ids,
            chance,
        } = adapters;
        let committed = Arc::new(Nudge::default());
        let sign_outs = Arc::new(SignOutService::new(SignOutDeps {
            store: sign_outs,
            memory,
            relay: Arc::clone(&committed),
            clock: Arc::clone(&clock),
            longest_token,
        }));
        let service = Arc::new(ServerService::new(ServerDeps {
            store: servers,
            users,
            bots,
            sign_outs: Arc::clone(&sign_outs) as _,
            relay: Arc::clone(&committed),
            clock,
            ids,
            chance,
        }));
        let relay = Relay::new(outbox, publisher);
        Self { service, sign_outs, relay, committed, stop: CancellationToken::new() }
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
            once: Arc::clone(&self.service) as _,
            bans: Arc::clone(&self.service) as _,
            bots: Arc::clone(&self.service) as _,
            sign_outs: Arc::clone(&self.sign_outs) as _,
            sign_out_log: self.sign_out_log(),
            catalogue: self.catalogue(),
        }
    }

    /// Sign-ins that ended, for instances that were not there.
    #[must_use]
    pub fn sign_out_log(&self) -> Arc<dyn SignOutLog> {
        Arc::clone(&self.sign_outs) as _
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
        let at = Arc::clone(self);
        tasks.spawn(async move {
            loop {
                if let Err(error) = at.service.forget_answers().await
                    && !at.stop.is_cancelled()
                {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "answers that are too old could not be forgotten");
                }
                tokio::select! {
                    () = at.stop.cancelled() => return,
                    () = time::sleep(HOUSEKEEPING) => {}
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
