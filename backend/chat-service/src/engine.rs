//! Core's side of the chat service, put together, and the tasks that it needs.
//!
//! Which adapter stands behind which port is for whoever starts the service; everything else is the same in both worlds.
//! Tasks end in the order in which nothing is lost: what is queued is committed; what waits for the bus stays in the outbox.

use std::{sync::Arc, time::Duration};

use echopulse_core::{
    chat::{
        activity::ActivityFeed,
        committer::{Committer, Grown},
        hub::{Hub, HubDeps},
        model::Record,
        port::outbound::{
            Bus, EventLog, MessageStore, Outbox, PresenceBoard, Projection, RetentionStore, Timer, Upstream,
            WebhookStore,
        },
        projector::{Projector, ProjectorDeps},
        relay::Relay,
        retention::Retention,
        rights::Rights,
        service::{ChatDeps, ChatService},
    },
    common::{
        Seq, StoreError, StreamKey,
        port::{Clock, Ids},
        sign_out::SignOutMemory,
        sync::Nudge,
    },
};
use tokio::{sync::mpsc::Receiver, task::JoinSet, time};
use tokio_util::sync::CancellationToken;

use crate::ChatPorts;

/// The time between two looks for what no hint told.
const CHECK: Duration = Duration::from_secs(5);

/// The time between two looks whether the day's work is due.
const HOUSEKEEPING: Duration = Duration::from_secs(10 * 60);

/// What the chat service stands on.
pub struct Adapters {
    /// Durable messages.
    pub messages: Arc<dyn MessageStore>,
    /// Webhooks.
    pub webhooks: Arc<dyn WebhookStore>,
    /// Their events.
    pub log: Arc<dyn EventLog>,
    /// The copy of what the server service publishes.
    pub projection: Arc<dyn Projection>,
    /// What is not kept for ever.
    pub retention: Arc<dyn RetentionStore>,
    /// For each hash partition what commits leave for the bus, and the way there.
    pub partitions: Vec<(Arc<dyn Outbox>, Arc<dyn Bus>)>,
    /// In which of them a stream's rows are.
    pub partition_of: fn(StreamKey) -> u32,
    /// Carries what is not stored.
    pub bus: Arc<dyn Bus>,
    /// The server service.
    pub upstream: Arc<dyn Upstream>,
    /// Who is connected.
    pub presence: Arc<dyn PresenceBoard>,
    /// What this instance knows of sign-ins that ended.
    pub memory: Arc<dyn SignOutMemory>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn Ids>,
    /// Lets time pass.
    pub timer: Arc<dyn Timer>,
    /// Transactions at the same time: one for a store with a single writer.
    pub lanes: usize,
    /// How long relays rest between two rounds while much is written, so that they disturb writers less often. Other nodes wait as
    /// long; this one does not.
    pub relays_rest: Duration,
}

/// Wakes the relay of the partition that a stream belongs to.
struct Partitions {
    nudges: Vec<Nudge>,
    of: fn(StreamKey) -> u32,
}

impl Grown for Partitions {
    fn grown(&self, stream: StreamKey) {
        let number = usize::try_from((self.of)(stream)).ok();
        if let Some(nudge) = number.and_then(|number| self.nudges.get(number)) {
            nudge.nudge();
        }
    }
}

/// Core's side of the chat service.
pub struct Engine {
    service: Arc<ChatService>,
    committer: Arc<Committer>,
    hub: Arc<Hub>,
    activity: Arc<ActivityFeed>,
    retention: Retention,
    memory: Arc<dyn SignOutMemory>,
    applied: Arc<Nudge>,
    relays: Vec<Relay>,
    partitions: Arc<Partitions>,
    relays_rest: Duration,
    stop: CancellationToken,
}

impl Engine {
    /// Puts everything together. Nothing runs yet.
    #[must_use]
    pub fn new(adapters: Adapters) -> Self {
        let Adapters {
            messages,
            webhooks,
            log,
            projection,
            retention,
            partitions,
            partition_of,
            bus,
            upstream,
            presence,
            memory,
            clock,
            ids,
            timer,
            lanes,
            relays_rest,
        } = adapters;
        let applied = Arc::new(Nudge::default());
        let nudges = partitions.iter().map(|_| Nudge::default()).collect();
        let waiting = Arc::new(Partitions { nudges, of: partition_of });
        let rights = Arc::new(Rights::new(Arc::clone(&projection), Arc::clone(&clock)));
        let hub = Arc::new(Hub::new(HubDeps { log, rights: Arc::clone(&rights), timer: Arc::clone(&timer) }));
        let committer = Arc::new(Committer::new(
            Arc::clone(&messages),
            Arc::clone(&hub),
            Arc::clone(&waiting) as _,
            lanes,
        ));
        let projector = Arc::new(Projector::new(ProjectorDeps {
            projection: Arc::clone(&projection),
            upstream: Arc::clone(&upstream),
            rights: Arc::clone(&rights),
            hub: Arc::clone(&hub),
            relay: Arc::clone(&applied),
        }));
        let activity = Arc::new(ActivityFeed::new(Arc::clone(&hub), Arc::clone(&rights), timer));
        let retention = Retention::new(retention, Arc::clone(&committer), Arc::clone(&clock));
        let service = Arc::new(ChatService::new(ChatDeps {
            messages,
            webhooks,
            committer: Arc::clone(&committer),
            hub: Arc::clone(&hub),
            rights,
            projection,
            projector,
            upstream,
            bus,
            presence,
            clock,
            ids,
        }));
        let relays = (0..).zip(partitions);
        let relays = relays.map(|(number, (outbox, bus))| Relay::new(outbox, bus, number));
        Self {
            service,
            committer,
            hub,
            activity,
            retention,
            memory,
            applied,
            relays: relays.collect(),
            partitions: waiting,
            relays_rest,
            stop: CancellationToken::new(),
        }
    }

    /// What the inbound adapters ask.
    #[must_use]
    pub fn ports(&self) -> ChatPorts {
        ChatPorts {
            posting: Arc::clone(&self.service) as _,
            reading: Arc::clone(&self.service) as _,
            following: Arc::clone(&self.service) as _,
            webhooks: Arc::clone(&self.service) as _,
        }
    }

    /// Takes a hint that a stream goes up to `head`. Does not wait.
    pub fn announce(&self, stream: StreamKey, head: Seq) {
        self.hub.announce(stream, head);
    }

    /// Starts every task; `records` is what the bus brings. They end after [`Engine::stop`]; one that ends before has broken.
    #[must_use]
    pub fn spawn(self: &Arc<Self>, records: Receiver<Record>) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        for lane in 0..self.committer.lanes() {
            let at = Arc::clone(self);
            tasks.spawn(async move {
                at.committer.run(lane, failed("messages could not be stored")).await;
            });
        }
        for number in 0..self.relays.len() {
            let at = Arc::clone(self);
            tasks.spawn(async move {
                let nudge = &at.partitions.nudges[number];
                let rest = || time::sleep(at.relays_rest);
                at.relays[number].run(nudge, rest, failed("events could not be published")).await;
            });
        }
        tasks.spawn(Arc::clone(self).pass_on());
        let at = Arc::clone(self);
        tasks.spawn(async move { at.hub.pump(failed("followers could not be served")).await });
        let at = Arc::clone(self);
        tasks.spawn(async move {
            // News are lossy, and their feed rests between two rounds: nobody waits for that.
            tokio::select! {
                () = at.stop.cancelled() => {}
                () = at.activity.run(failed("news of channels could not be told")) => {}
            }
        });
        tasks.spawn(Arc::clone(self).consume(records));
        tasks.spawn(Arc::clone(self).check());
        tasks.spawn(Arc::clone(self).keep_house());
        tasks
    }

    /// Ends the tasks: what is queued is committed; what is not published is not waited for, since its rows stay.
    pub fn stop(&self) {
        self.committer.close();
        self.applied.close();
        self.activity.close();
        self.hub.close();
        self.stop.cancel();
    }

    /// What is applied, or found by looking, may concern any partition.
    async fn pass_on(self: Arc<Self>) {
        while self.applied.wait().await {
            self.partitions.nudges.iter().for_each(Nudge::nudge);
        }
        self.partitions.nudges.iter().for_each(Nudge::close);
    }

    /// Takes what the bus carries to the chat service.
    async fn consume(self: Arc<Self>, mut records: Receiver<Record>) {
        let failed = failed("a record could not be applied");
        loop {
            let record = tokio::select! {
                () = self.stop.cancelled() => return,
                record = records.recv() => record,
            };
            let Some(record) = record else { return };
            match &record {
                Record::Stream(event) => self.activity.note(event),
                Record::SignOut(sign_out) => self.memory.note(sign_out.clone()),
                _ => {}
            }
            if let Err(error) = self.service.receive(record).await {
                failed(error);
            }
        }
    }

    /// Does once a day what is done once a day.
    async fn keep_house(self: Arc<Self>) {
        let failed = failed("what is too old could not be removed");
        loop {
            if let Err(error) = self.retention.run().await
                && !self.stop.is_cancelled()
            {
                failed(error);
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = time::sleep(HOUSEKEEPING) => {}
            }
        }
    }

    /// Finds what no hint told, and tries again what could not be published.
    async fn check(self: Arc<Self>) {
        let failed = failed("followed streams could not be checked");
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = time::sleep(CHECK) => {}
            }
            self.applied.nudge();
            if let Err(error) = self.service.check().await {
                failed(error);
            }
        }
    }
}

fn failed(what: &'static str) -> impl Fn(StoreError) {
    move |error| tracing::error!(error = &error as &dyn std::error::Error, "{what}")
}
