//! From the receipt on one instance to the delivery on another, against a bare produce and consume on the same Kafka.

use std::{sync::Arc, time::Instant};

use anyhow::Context;
use echopulse_core::{
    chat::{
        model::{Delivery, Item},
        port::{
            inbound::{Follow, Start},
            outbound::{Follower, Room},
        },
    },
    common::{BoxFuture, StreamKey},
};
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    consumer::{Consumer, StreamConsumer},
    producer::{FutureProducer, FutureRecord},
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{
    block_on,
    world::{Node, World},
};
use crate::report::{Row, milliseconds, quantile};

const ROUNDS: usize = 500;
const TOPIC: &str = "bare";

pub(crate) fn run() -> anyhow::Result<Vec<Row>> {
    block_on(compare())
}

/// Notes when an event comes.
struct Watch(UnboundedSender<Instant>);

impl Follower for Watch {
    fn deliver(&self, _: u64, delivery: Arc<Delivery>) -> Room {
        if matches!(delivery.item, Item::Event(_)) {
            let _ = self.0.send(Instant::now());
        }
        Room::Open
    }

    fn room(&self) -> BoxFuture<'_, Room> {
        Box::pin(std::future::ready(Room::Open))
    }
}

async fn compare() -> anyhow::Result<Vec<Row>> {
    let world = World::with_channels(1).await?;
    let (taking, delivering) = (world.node().await?, world.node().await?);
    let mut delivered = watch(&world, &delivering).await?;
    let bare = Bare::new(&world).await?;
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    for number in 0..ROUNDS {
        let posting = taking.engine.ports().posting;
        let posted = posting.post(world.post(world.channels[0], number)).await;
        posted.map_err(|error| anyhow::anyhow!("{error:?}"))?;
        let receipt = Instant::now();
        let arrived = delivered.recv().await.context("the follower is there")?;
        ours.push(arrived.saturating_duration_since(receipt).as_secs_f64());
        others.push(bare.round().await?);
    }
    taking.stop().await;
    delivering.stop().await;
    world.end().await?;
    let row = |what, at| {
        let (ours, other) = (quantile(&mut ours.clone(), at), quantile(&mut others.clone(), at));
        let result = format!("{:.2} times", ours / other);
        Row { what, ours: milliseconds(ours), other: milliseconds(other), result, aim: "at most 2" }
    };
    Ok(vec![
        row(
            "from the receipt on one instance to the delivery on another, against a bare produce and consume: median",
            0.5,
        ),
        row("the same, 99th percentile", 0.99),
    ])
}

async fn watch(world: &World, node: &Node) -> anyhow::Result<UnboundedReceiver<Instant>> {
    let (sender, receiver) = unbounded_channel();
    let follow = Follow {
        actor: world.actor(),
        stream: StreamKey::Channel(world.channels[0]),
        start: Start::Now,
        follower: Arc::new(Watch(sender)),
        subscription: 1,
    };
    let followed = node.engine.ports().following.follow(follow).await;
    followed.map_err(|error| anyhow::anyhow!("{error:?}"))?.catch_up.await;
    Ok(receiver)
}

/// A producer and a consumer of the library that ours are built on, with the same settings.
struct Bare {
    producer: FutureProducer,
    consumer: StreamConsumer,
    topic: String,
}

impl Bare {
    async fn new(world: &World) -> anyhow::Result<Self> {
        let topic = format!("{}{TOPIC}", world.kafka.topic_prefix);
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &world.kafka.bootstrap).set("socket.nagle.disable", "true");
        let admin: rdkafka::admin::AdminClient<_> = config.create()?;
        let new = rdkafka::admin::NewTopic::new(&topic, 1, rdkafka::admin::TopicReplication::Fixed(1));
        admin.create_topics([&new], &rdkafka::admin::AdminOptions::new()).await?;
        let consumer: StreamConsumer =
            config.clone().set("group.id", "bare").set("enable.auto.commit", "false").create()?;
        let mut partitions = TopicPartitionList::new();
        partitions.add_partition_offset(&topic, 0, Offset::Beginning)?;
        consumer.assign(&partitions)?;
        let producer =
            config.set("enable.idempotence", "true").set("acks", "all").set("linger.ms", "0").create()?;
        let bare = Self { producer, consumer, topic };
        bare.round().await?;
        Ok(bare)
    }

    /// The time from handing a record over to having it.
    async fn round(&self) -> anyhow::Result<f64> {
        let payload = [b'x'; 300];
        let begun = Instant::now();
        let record = FutureRecord::to(&self.topic).key("key").payload(&payload[..]);
        let sent = self.producer.send_result(record).map_err(|(error, _)| error)?;
        self.consumer.recv().await?;
        let time = begun.elapsed().as_secs_f64();
        sent.await?.map_err(|(error, _)| error)?;
        Ok(time)
    }
}
