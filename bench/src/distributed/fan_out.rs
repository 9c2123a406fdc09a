//! What an instance spends on a delivered event when it has ten times the channels.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use echopulse_core::{
    chat::{
        model::{Author, AuthorKind, Delivery, EventBody, Item, Mentions, Message, Record, StreamEvent},
        port::{
            inbound::{Follow, Start},
            outbound::{Bus, EventLog, Follower, Room},
        },
    },
    common::{BoxFuture, ChannelId, Epoch, MessageId, Seq, StreamKey, Timestamp},
};
use echopulse_distributed::kafka::KafkaBus;
use tokio::{runtime::Runtime, sync::Notify};

use super::world::{Node, World, fresh};
use crate::report::{Row, median};

const CHANNELS: usize = 1_000;
const EVENTS: usize = 20_000;
const AT_ONCE: usize = 500;
const ROUNDS: usize = 5;
/// What the threads of the instance are called.
const INSTANCE: &str = "instance";

pub(crate) fn run() -> anyhow::Result<Vec<Row>> {
    let outside = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let inside = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name(INSTANCE)
        .enable_all()
        .build()?;
    let world = outside.block_on(World::with_channels(CHANNELS))?;
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(round(&world, &inside, &outside, CHANNELS)?);
        others.push(round(&world, &inside, &outside, CHANNELS / 10)?);
    }
    outside.block_on(world.end())?;
    let (ours, other) = (median(ours), median(others));
    let time = |seconds: f64| format!("{:.1} µs", seconds * 1e6);
    Ok(vec![Row {
        what: "processor time for a delivered event on an instance that follows 1,000 channels, against 100",
        ours: time(ours),
        other: time(other),
        result: format!("{:.2} times", ours / other),
        aim: "at most 1.1",
    }])
}

/// Counts what comes.
#[derive(Default)]
struct Count {
    delivered: AtomicUsize,
    all: Notify,
}

impl Follower for Count {
    fn deliver(&self, _: u64, delivery: Arc<Delivery>) -> Room {
        if matches!(delivery.item, Item::Event(_))
            && self.delivered.fetch_add(1, Ordering::Relaxed) + 1 == EVENTS
        {
            self.all.notify_one();
        }
        Room::Open
    }

    fn room(&self) -> BoxFuture<'_, Room> {
        Box::pin(std::future::ready(Room::Open))
    }
}

/// Seconds of processor time for one event, on an instance of which so many channels are followed.
fn round(world: &World, inside: &Runtime, outside: &Runtime, channels: usize) -> anyhow::Result<f64> {
    let channels = &world.channels[..channels];
    let (node, count) = inside.block_on(follow(world, channels))?;
    let bus = KafkaBus::new(world.kafka.clone())?;
    let epochs = outside.block_on(epochs(&node, channels))?;
    let before = spent()?;
    outside.block_on(async {
        for first in (0..EVENTS).step_by(AT_ONCE) {
            let numbers = first..first + AT_ONCE;
            let records = numbers.map(|number| {
                let place = number % channels.len();
                let seq = Seq((number / channels.len()) as u64 + 1);
                Record::Stream(event(world, channels[place], epochs[place], seq))
            });
            bus.publish(records.collect()).await?;
        }
        count.all.notified().await;
        anyhow::Ok(())
    })?;
    let time = spent()? - before;
    inside.block_on(node.stop());
    Ok(time / EVENTS as f64)
}

async fn follow(world: &World, channels: &[ChannelId]) -> anyhow::Result<(Node, Arc<Count>)> {
    let (node, count) = (world.node().await?, Arc::new(Count::default()));
    for (channel, subscription) in channels.iter().zip(1..) {
        let follow = Follow {
            actor: world.actor(),
            stream: StreamKey::Channel(*channel),
            start: Start::Now,
            follower: Arc::clone(&count) as _,
            subscription,
        };
        let followed = node.engine.ports().following.follow(follow).await;
        followed.map_err(|error| anyhow::anyhow!("{error:?}"))?.catch_up.await;
    }
    Ok((node, count))
}

async fn epochs(node: &Node, channels: &[ChannelId]) -> anyhow::Result<Vec<Epoch>> {
    let streams = channels.iter().map(|channel| StreamKey::Channel(*channel)).collect();
    let heads = node.store.heads(streams).await?;
    let epoch = |channel: &ChannelId| {
        let head = heads.iter().find(|head| head.stream == StreamKey::Channel(*channel));
        head.map_or(Epoch(0), |head| head.epoch)
    };
    Ok(channels.iter().map(epoch).collect())
}

fn event(world: &World, channel: ChannelId, epoch: Epoch, seq: Seq) -> StreamEvent {
    let at = Timestamp::from_millis(5);
    let message = Message {
        id: MessageId::from_u128(fresh()),
        channel,
        seq,
        revision: seq,
        nonce: format!("bench-{}", seq.0),
        author: Author { id: world.author, kind: AuthorKind::Person, name: "Ada".to_owned() },
        content: "as long as what people say to each other most of the time".to_owned(),
        reply_to: None,
        mentions: Mentions::default(),
        created_at: at,
        edited_at: None,
        deleted: None,
    };
    let body = EventBody::MessageCreated { message, referenced: None };
    StreamEvent { stream: StreamKey::Channel(channel), epoch, seq, at, actor: Some(world.author), body }
}

/// Seconds of processor time that the instance's threads have had.
fn spent() -> anyhow::Result<f64> {
    let mut nanoseconds = 0;
    for task in fs::read_dir("/proc/self/task")? {
        let folder = task?.path();
        if fs::read_to_string(folder.join("comm"))?.trim() == INSTANCE {
            let times = fs::read_to_string(folder.join("schedstat"))?;
            nanoseconds += times.split(' ').next().unwrap_or_default().parse::<u64>()?;
        }
    }
    Ok(nanoseconds as f64 / 1e9)
}
