//! One node: the chat service as its composition root wires it, on the simulation's ports.

use std::{
    future::ready,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::{
    bus::SimBus, chance::Seeded, executor::Executor, store::FaultyStore, time::SimTime, world::Mistake,
};
use crate::{
    chat::{
        committer::Committer,
        hub::{Hub, HubDeps},
        model::Presence,
        port::outbound::{Bus, PresenceBoard, Projection, Upstream},
        projector::{Projector, ProjectorDeps},
        relay::Relay,
        rights::Rights,
        service::{ChatDeps, ChatService},
    },
    common::{
        BoxFuture, Seq, ServerId, StoreError, Timestamp, UserId,
        actor::{Actor, Identity},
        event::ServerEvent,
        sync::{Nudge, lock},
    },
    testing::chat::MemoryChatStore,
};

/// How often a node asks for heads.
const HEAD_CHECK: Duration = Duration::from_secs(5);

/// What all nodes share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) store: Arc<MemoryChatStore>,
    pub(super) upstream: Arc<SimUpstream>,
    pub(super) bus: Arc<SimBus>,
    pub(super) time: Arc<SimTime>,
    pub(super) chance: Arc<Mutex<Seeded>>,
    pub(super) calm: Arc<AtomicBool>,
    pub(super) mistake: Option<Mistake>,
}

/// A running node.
pub(super) struct Node {
    pub(super) service: Arc<ChatService>,
    pub(super) hub: Arc<Hub>,
}

impl Node {
    /// Starts a node and its tasks.
    pub(super) fn start(at: usize, shared: &Shared, executor: &mut Executor) -> Self {
        let store = Arc::new(FaultyStore {
            inner: Arc::clone(&shared.store),
            chance: Arc::clone(&shared.chance),
            calm: Arc::clone(&shared.calm),
            lies: shared.mistake == Some(Mistake::ReceiptBeforeCommit),
        });
        let projection: Arc<dyn Projection> = Arc::clone(&shared.store) as _;
        let rights = Arc::new(Rights::new(Arc::clone(&projection), Arc::clone(&shared.time) as _));
        let hub = Arc::new(Hub::new(HubDeps {
            log: Arc::clone(&store) as _,
            rights: Arc::clone(&rights),
            timer: Arc::clone(&shared.time) as _,
        }));
        let nudge = Arc::new(Nudge::default());
        let committer =
            Arc::new(Committer::new(Arc::clone(&store) as _, Arc::clone(&hub), Arc::clone(&nudge) as _, 1));
        let projector = Arc::new(Projector::new(ProjectorDeps {
            projection: Arc::clone(&projection),
            upstream: Arc::clone(&shared.upstream) as _,
            rights: Arc::clone(&rights),
            hub: Arc::clone(&hub),
            relay: Arc::clone(&nudge),
        }));
        let relay = Relay::new(Arc::clone(&store) as _, Arc::clone(&shared.bus) as Arc<dyn Bus>, 0);
        let service = Arc::new(ChatService::new(ChatDeps {
            messages: store,
            webhooks: Arc::clone(&shared.store) as _,
            committer: Arc::clone(&committer),
            hub: Arc::clone(&hub),
            rights,
            projection,
            projector,
            upstream: Arc::clone(&shared.upstream) as _,
            bus: Arc::clone(&shared.bus) as _,
            presence: Arc::new(NobodyThere),
            clock: Arc::clone(&shared.time) as _,
            ids: Arc::clone(&shared.time) as _,
        }));
        let node = Self { service, hub };
        executor.spawn(Some(at), async move { committer.run(0, |_| {}).await });
        executor.spawn(Some(at), async move { relay.run(&nudge, || ready(()), |_| {}).await });
        node.spawn_reading(at, shared, executor);
        node
    }

    fn spawn_reading(&self, at: usize, shared: &Shared, executor: &mut Executor) {
        let records = shared.bus.attach(at);
        let service = Arc::clone(&self.service);
        executor.spawn(Some(at), async move {
            loop {
                for record in records.take(16).await {
                    // A hint that a failing store lost is found by the next check of the heads.
                    let _ = service.receive(record).await;
                }
            }
        });
        if shared.mistake == Some(Mistake::NoHoleRepair) {
            return;
        }
        let hub = Arc::clone(&self.hub);
        executor.spawn(Some(at), async move { hub.pump(|_| {}).await });
        let (service, time) = (Arc::clone(&self.service), Arc::clone(&shared.time));
        executor.spawn(Some(at), async move {
            loop {
                crate::chat::port::outbound::Timer::sleep(&*time, HEAD_CHECK).await;
                let _ = service.check().await;
            }
        });
    }
}

/// The server service's log of changes.
pub(super) struct SimUpstream {
    pub(super) log: Mutex<Vec<ServerEvent>>,
    pub(super) chance: Arc<Mutex<Seeded>>,
    pub(super) calm: Arc<AtomicBool>,
}

impl SimUpstream {
    fn fails(&self) -> bool {
        !self.calm.load(Ordering::Relaxed) && lock(&self.chance).percent(2)
    }
}

impl Upstream for SimUpstream {
    fn sign_in(&self, _identity: Identity) -> BoxFuture<'_, Result<Actor, StoreError>> {
        Box::pin(async { Err(StoreError::new("nobody signs in here")) })
    }

    fn events(
        &self,
        server: ServerId,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<ServerEvent>, StoreError>> {
        Box::pin(async move {
            if self.fails() {
                return Err(StoreError::new("the server service is gone"));
            }
            let log = lock(&self.log);
            let behind = log.iter().filter(|event| event.server == server && event.seq > after);
            Ok(behind.take(limit).cloned().collect())
        })
    }

    fn server_of(
        &self,
        channel: crate::common::ChannelId,
    ) -> BoxFuture<'_, Result<Option<ServerId>, StoreError>> {
        Box::pin(async move {
            if self.fails() {
                return Err(StoreError::new("the server service is gone"));
            }
            let made = |event: &ServerEvent| matches!(&event.change, crate::common::event::ServerChange::ChannelCreated(made) if made.id == channel);
            Ok(lock(&self.log).iter().find(|event| made(event)).map(|event| event.server))
        })
    }
}

struct NobodyThere;

impl PresenceBoard for NobodyThere {
    fn connected(&self, _user: UserId, _at: Timestamp) -> BoxFuture<'_, Option<Presence>> {
        Box::pin(std::future::ready(None))
    }

    fn disconnected(&self, _user: UserId, _at: Timestamp) -> BoxFuture<'_, Option<Presence>> {
        Box::pin(std::future::ready(None))
    }

    fn of(&self, _users: Vec<UserId>) -> BoxFuture<'_, Vec<(UserId, Presence)>> {
        Box::pin(std::future::ready(Vec::new()))
    }
}
