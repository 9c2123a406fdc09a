//! The tasks of core: started together, stopped in the order in which nothing is lost, and waited for.

use std::{sync::Arc, time::Duration};

use echopulse_core::{
    chat::{activity::ActivityFeed, model::Record, service::ChatService},
    common::StoreError,
};
use tokio::{sync::mpsc::Receiver, task::JoinSet, time};
use tokio_util::sync::CancellationToken;

use crate::wiring::World;

/// Records that may wait for the chat service; a fuller queue holds the relays back.
const BUS_CAPACITY: usize = 1024;
/// The time between two looks for what no hint told.
const CHECK: Duration = Duration::from_secs(5);

/// Starts every task of the world. They end when the world is [`stop`]ped.
pub(crate) fn spawn(world: &Arc<World>, stop: &CancellationToken) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for lane in 0..world.committer.lanes() {
        let committer = Arc::clone(&world.committer);
        tasks.spawn(async move { committer.run(lane, failed("messages could not be stored")).await });
    }
    let at = Arc::clone(world);
    tasks.spawn(
        async move { at.chat_relay.run(&at.chat_nudge, failed("events could not be published")).await },
    );
    let at = Arc::clone(world);
    tasks.spawn(async move {
        at.server_relay.run(&at.server_nudge, failed("changes could not be published")).await
    });
    let hub = Arc::clone(&world.hub);
    tasks.spawn(async move { hub.pump(failed("followers could not be served")).await });
    let (activity, stopped) = (Arc::clone(&world.activity), stop.clone());
    tasks.spawn(async move {
        // News are lossy, and their feed rests between two rounds: nobody waits for that.
        tokio::select! {
            () = stopped.cancelled() => {}
            () = activity.run(failed("news of channels could not be told")) => {}
        }
    });
    let records = world.bus.consumer(BUS_CAPACITY);
    let (chat, activity) = (Arc::clone(&world.chat), Arc::clone(&world.activity));
    tasks.spawn(consume(records, chat, activity, stop.clone()));
    tasks.spawn(check(Arc::clone(world), stop.clone()));
    tasks
}

/// Ends the tasks: what is queued is committed, what is published is not waited for, since its rows stay.
pub(crate) fn stop(world: &World, stop: &CancellationToken) {
    world.committer.close();
    world.chat_nudge.close();
    world.server_nudge.close();
    world.activity.close();
    world.hub.close();
    stop.cancel();
}

fn failed(what: &'static str) -> impl Fn(StoreError) {
    move |error| tracing::error!(error = &error as &dyn std::error::Error, "{what}")
}

/// Takes what the bus carries to the chat service.
async fn consume(
    mut records: Receiver<Record>,
    chat: Arc<ChatService>,
    activity: Arc<ActivityFeed>,
    stop: CancellationToken,
) {
    let failed = failed("a record could not be applied");
    loop {
        let record = tokio::select! {
            () = stop.cancelled() => return,
            record = records.recv() => record,
        };
        let Some(record) = record else { return };
        if let Record::Stream(event) = &record {
            activity.note(event);
        }
        if let Err(error) = chat.receive(record).await {
            failed(error);
        }
    }
}

/// Finds what no hint told, and tries again what could not be published.
async fn check(world: Arc<World>, stop: CancellationToken) {
    let failed = failed("followed streams could not be checked");
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = time::sleep(CHECK) => {}
        }
        world.chat_nudge.nudge();
        world.server_nudge.nudge();
        if let Err(error) = world.chat.check().await {
            failed(error);
        }
    }
}
