//! The bus over a real Kafka.

use std::{collections::HashMap, sync::Arc, time::Duration};

use echopulse_core::{
    chat::{
        model::{EventBody, PurgeReason, Record, Signal, StreamEvent},
        port::outbound::Bus,
    },
    common::{
        ChannelId, Epoch, Seq, ServerId, StreamKey, Timestamp, UserId,
        community::{User, UserKind},
        event::{ServerChange, ServerEvent},
    },
    server::port::outbound::{EventPublisher, OutboxRecord},
};
use echopulse_distributed::kafka::{
    ConsumerCounts, FanOut, KafkaBus, KafkaOptions, SIGNATURE, SigningKey, TRACEPARENT, Topic, create_topics,
    encode,
};
use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewPartitions, ResourceSpecifier},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer},
    message::{Header, Headers, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
};
use tokio::{
    sync::mpsc::{self, Receiver, UnboundedReceiver},
    time::timeout,
};
use uuid::Uuid;

/// Nothing here takes long; a broker under load may.
const PATIENCE: Duration = Duration::from_secs(30);

/// A world of topics that no other test has.
fn options() -> KafkaOptions {
    let bootstrap = std::env::var("ECHOPULSE_TEST_KAFKA")
        .expect("ECHOPULSE_TEST_KAFKA names no Kafka: run `cargo xtask test distributed`, which starts one");
    let hmac_key = Some(SigningKey::new(&[7; 32]).unwrap());
    let topic_prefix = format!("t-{}.", Uuid::now_v7().simple());
    KafkaOptions { hmac_key, topic_prefix, partitions: 3, ..KafkaOptions::new(bootstrap, "test") }
}

/// A consumer, what it hands over, and the nudges that it gives.
struct Node {
    fan_out: FanOut,
    records: Receiver<Record>,
    nudges: UnboundedReceiver<(StreamKey, Seq)>,
}

impl Node {
    async fn start(options: &KafkaOptions, topics: &[Topic], capacity: usize) -> Self {
        let (nudged, nudges) = mpsc::unbounded_channel();
        let nudged = Box::new(move |stream, seq| nudged.send((stream, seq)).unwrap());
        let (fan_out, records) = FanOut::start(options.clone(), topics, capacity, nudged).await.unwrap();
        Self { fan_out, records, nudges }
    }

    async fn next(&mut self) -> Record {
        timeout(PATIENCE, self.records.recv()).await.expect("a record comes").expect("the consumer lives")
    }

    async fn take(&mut self, count: usize) -> Vec<Record> {
        let mut records = Vec::new();
        while records.len() < count {
            records.push(self.next().await);
        }
        records
    }

    async fn nudge(&mut self) -> (StreamKey, Seq) {
        timeout(PATIENCE, self.nudges.recv()).await.expect("a nudge comes").expect("the consumer lives")
    }
}

fn event(channel: u128, seq: u64) -> Record {
    let body = EventBody::HistoryPurged { through: Seq(1), reason: PurgeReason::Purge };
    let stream = StreamKey::Channel(ChannelId::from_u128(channel));
    let at = Timestamp::from_millis(5);
    Record::Stream(StreamEvent { stream, epoch: Epoch(9), seq: Seq(seq), at, actor: None, body })
}

fn ada() -> User {
    User {
        id: UserId::from_u128(2),
        username: "ada".to_owned(),
        display_name: "Ada".to_owned(),
        bio: String::new(),
        kind: UserKind::Person,
        created_at: Timestamp::from_millis(0),
    }
}

fn typing() -> Record {
    let stream = StreamKey::Channel(ChannelId::from_u128(1));
    Record::Signal { stream, signal: Signal::Typing(ada().id) }
}

/// The seqs of each stream in the order in which they came.
fn seqs(records: &[Record]) -> HashMap<StreamKey, Vec<u64>> {
    let mut seqs: HashMap<_, Vec<_>> = HashMap::new();
    for record in records {
        if let Record::Stream(event) = record {
            seqs.entry(event.stream).or_default().push(event.seq.0);
        }
    }
    seqs
}

async fn publish(bus: &KafkaBus, records: Vec<Record>) {
    timeout(PATIENCE, Bus::publish(bus, records)).await.expect("Kafka answers").unwrap();
}

fn admin(options: &KafkaOptions) -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", &options.bootstrap).create().unwrap()
}

/// Sends to one partition whatever it is given, as somebody would who knows nothing of us.
struct Stranger {
    client: FutureProducer,
    topic: String,
    partition: i32,
}

impl Stranger {
    fn new(options: &KafkaOptions, topic: Topic, partition: i32) -> Self {
        let client = ClientConfig::new().set("bootstrap.servers", &options.bootstrap).create().unwrap();
        Self { client, topic: options.name_of(topic), partition }
    }

    async fn send(&self, key: &str, value: Option<&[u8]>, signature: Option<&str>) {
        let header = Header { key: SIGNATURE, value: signature };
        let headers = signature.map_or_else(OwnedHeaders::new, |_| OwnedHeaders::new().insert(header));
        let record = FutureRecord::to(&self.topic).key(key).partition(self.partition).headers(headers);
        let record = match value {
            Some(value) => record.payload(value),
            None => record,
        };
        self.client.send(record, PATIENCE).await.unwrap();
    }
}

#[tokio::test]
async fn every_node_sees_every_record() {
    let options = options();
    create_topics(&options, &Topic::CHAT).await.unwrap();
    let mut one = Node::start(&options, &Topic::CHAT, 64).await;
    let mut other = Node::start(&options, &Topic::CHAT, 64).await;

    let bus = KafkaBus::new(options).unwrap();
    let (server, at) = (ServerId::from_u128(3), Timestamp::from_millis(5));
    let change = ServerChange::ServerDeleted(server);
    let change = ServerEvent { server, epoch: Epoch(9), seq: Seq(1), at, actor: None, change };
    let rows = vec![OutboxRecord::Server(change.clone()), OutboxRecord::User { user: ada(), revision: 8 }];
    timeout(PATIENCE, EventPublisher::publish(&bus, rows)).await.unwrap().unwrap();
    let events: Vec<_> = (1..=10).flat_map(|seq| [event(1, seq), event(2, seq)]).collect();
    publish(&bus, events.clone()).await;
    publish(&bus, vec![typing()]).await;

    let mut all = events;
    all.extend([Record::Server(change), Record::User { user: ada(), revision: 8 }, typing()]);
    for node in [&mut one, &mut other] {
        let seen = node.take(all.len()).await;
        assert!(all.iter().all(|record| seen.contains(record)), "{seen:?}");
    }
    let stats = [one.fan_out.stats(), other.fan_out.stats()];
    one.fan_out.stop().await;
    other.fan_out.stop().await;
    for stats in stats {
        assert_eq!(stats.counts(), ConsumerCounts { records: 23, ..ConsumerCounts::default() });
    }
}

#[tokio::test]
async fn records_of_a_stream_stay_in_order() {
    let options = options();
    let topics = [Topic::ChannelsSendMessage];
    create_topics(&options, &topics).await.unwrap();
    let mut node = Node::start(&options, &topics, 16).await;
    let bus = KafkaBus::new(options).unwrap();
    let all: Vec<_> = (1..=100).flat_map(|seq| (1..=7).map(move |channel| event(channel, seq))).collect();
    let sending = async {
        for batch in all.chunks(256) {
            publish(&bus, batch.to_vec()).await;
        }
    };
    let ((), seen) = tokio::join!(sending, node.take(all.len()));
    let seqs = seqs(&seen);
    assert_eq!(seqs.len(), 7);
    assert!(seqs.values().all(|seqs| seqs.iter().copied().eq(1..=100)), "{seqs:?}");
}

#[tokio::test]
async fn what_was_published_before_the_start_is_not_seen() {
    let options = options();
    let topics = [Topic::ChannelsSendMessage];
    create_topics(&options, &topics).await.unwrap();
    let bus = KafkaBus::new(options.clone()).unwrap();
    publish(&bus, vec![event(1, 1)]).await;
    let mut node = Node::start(&options, &topics, 16).await;
    publish(&bus, vec![event(1, 2)]).await;
    assert_eq!(node.next().await, event(1, 2));
}

#[tokio::test]
async fn new_partitions_and_new_topics_are_read_from_their_beginning() {
    let options = KafkaOptions { partitions: 1, ..options() };
    create_topics(&options, &[Topic::ChannelsSendMessage]).await.unwrap();
    let topics = [Topic::ChannelsSendMessage, Topic::UsersUpdate];
    let mut node = Node::start(&options, &topics, 16).await;

    let name = options.name_of(Topic::ChannelsSendMessage);
    let more = NewPartitions::new(&name, 2);
    let patience = AdminOptions::new().operation_timeout(Some(PATIENCE));
    let made = admin(&options).create_partitions([&more], &patience).await.unwrap();
    assert!(made.iter().all(Result::is_ok), "{made:?}");
    let it = encode(&options, event(1, 1));
    let stranger = Stranger::new(&options, Topic::ChannelsSendMessage, 1);
    stranger.send(&it.key, Some(&it.value), it.signature.as_deref()).await;
    assert_eq!(node.next().await, event(1, 1));

    create_topics(&options, &[Topic::UsersUpdate]).await.unwrap();
    let profile = Record::User { user: ada(), revision: 1 };
    publish(&KafkaBus::new(options).unwrap(), vec![profile.clone()]).await;
    assert_eq!(node.next().await, profile);
}

#[tokio::test]
async fn a_consumer_may_be_there_before_its_topics() {
    let options = options();
    let mut node = Node::start(&options, &Topic::CHAT, 16).await;
    create_topics(&options, &Topic::CHAT).await.unwrap();
    publish(&KafkaBus::new(options).unwrap(), vec![event(1, 1)]).await;
    assert_eq!(node.next().await, event(1, 1));
}

#[tokio::test]
async fn a_record_that_cannot_be_used_is_counted_and_the_next_one_arrives() {
    let options = KafkaOptions { partitions: 1, ..options() };
    let topics = [Topic::ChannelsSendMessage];
    create_topics(&options, &topics).await.unwrap();
    let mut node = Node::start(&options, &topics, 16).await;
    let stranger = Stranger::new(&options, Topic::ChannelsSendMessage, 0);

    let good = encode(&options, event(1, 7));
    let (key, signature) = (good.key.as_str(), good.signature.as_deref());
    let signing = options.hmac_key.clone().unwrap();
    let sign = |value: &[u8]| signing.sign(&good.topic, key.as_bytes(), value);
    let newer = br#"{"type":"moon.risen","version":2,"shape":{}}"#;
    let of_another = encode(&options, event(2, 1)).value;
    stranger.send(key, Some(b"not json"), None).await;
    stranger.send(key, None, None).await;
    stranger.send(key, Some(newer), Some(&sign(newer))).await;
    stranger.send(key, Some(&of_another), Some(&sign(&of_another))).await;
    stranger.send(key, Some(&good.value), None).await;
    stranger.send(key, Some(&good.value), Some(&"0".repeat(64))).await;
    stranger.send(key, Some(&good.value), signature).await;

    assert_eq!(node.next().await, event(1, 7));
    let place = (StreamKey::Channel(ChannelId::from_u128(1)), Seq(7));
    assert_eq!((node.nudge().await, node.nudge().await), (place, place));
    let counts = ConsumerCounts {
        records: 1,
        nudges: 2,
        malformed: 2,
        too_new: 1,
        foreign: 1,
        unsigned: 2,
        ..ConsumerCounts::default()
    };
    let stats = node.fan_out.stats();
    node.fan_out.stop().await;
    assert_eq!(stats.counts(), counts);
}

#[tokio::test]
async fn a_full_queue_drops_signals_and_makes_the_rest_wait() {
    let options = KafkaOptions { partitions: 1, ..options() };
    let topics = [Topic::ChannelsSendMessage];
    create_topics(&options, &topics).await.unwrap();
    let mut node = Node::start(&options, &topics, 1).await;
    let bus = KafkaBus::new(options).unwrap();
    publish(&bus, vec![event(1, 1), typing(), event(1, 2), event(1, 3)]).await;
    let stats = node.fan_out.stats();
    let dropped = async {
        while stats.counts().signals_dropped == 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, dropped).await.expect("the first event leaves no room for the signal");
    assert_eq!(node.take(3).await, [event(1, 1), event(1, 2), event(1, 3)]);
}

#[tokio::test]
async fn a_consumer_ends_while_its_queue_is_full() {
    let options = KafkaOptions { partitions: 1, ..options() };
    let topics = [Topic::ChannelsSendMessage];
    create_topics(&options, &topics).await.unwrap();
    let mut node = Node::start(&options, &topics, 1).await;
    let bus = KafkaBus::new(options).unwrap();
    publish(&bus, (1..=5).map(|seq| event(1, seq)).collect()).await;
    assert_eq!(node.next().await, event(1, 1));
    timeout(PATIENCE, node.fan_out.stop()).await.expect("it ends");
    let rest = timeout(PATIENCE, async { while node.records.recv().await.is_some() {} }).await;
    rest.expect("the thread is gone, and its side of the queue with it");
}

#[tokio::test]
async fn a_consumer_without_kafka_ends_too() {
    // Nobody listens on the discard port of this machine.
    let nowhere = KafkaOptions { bootstrap: "127.0.0.1:9".to_owned(), ..options() };
    let (fan_out, mut records) = FanOut::spawn(nowhere, &Topic::CHAT, 1, Box::new(|_, _| ())).unwrap();
    timeout(PATIENCE, fan_out.stop()).await.expect("it ends");
    assert_eq!(timeout(PATIENCE, records.recv()).await.expect("the thread is gone"), None);
}

#[tokio::test]
async fn topics_are_made_once_and_with_their_settings() {
    let options = options();
    create_topics(&options, &Topic::ALL).await.unwrap();
    create_topics(&options, &Topic::ALL).await.unwrap();
    let name = options.name_of(Topic::ChannelsSendMessage);
    let asked = [ResourceSpecifier::Topic(&name)];
    let found = admin(&options).describe_configs(&asked, &AdminOptions::new()).await.unwrap();
    let settings = found.into_iter().next().unwrap().unwrap();
    let value = |name| settings.get(name).and_then(|entry| entry.value.clone()).unwrap();
    let kept: u64 = value("retention.ms").parse().unwrap();
    let segment: u64 = value("segment.ms").parse().unwrap();
    assert!(kept + segment < 24 * 3_600_000, "erased text is out of it within a day");
    assert_eq!(value("cleanup.policy"), "delete");
}

#[tokio::test]
async fn the_trace_of_whoever_publishes_goes_along() {
    let options = KafkaOptions { partitions: 1, ..options() };
    create_topics(&options, &[Topic::ChannelsSendMessage]).await.unwrap();
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let bus = KafkaBus::new(options.clone()).unwrap().with_trace(Arc::new(|| Some(trace.to_owned())));
    publish(&bus, vec![event(1, 1)]).await;

    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &options.bootstrap).set("group.id", options.topic_prefix.clone());
    let consumer: BaseConsumer = config.create().unwrap();
    let mut place = TopicPartitionList::new();
    let name = options.name_of(Topic::ChannelsSendMessage);
    place.add_partition_offset(&name, 0, Offset::Beginning).unwrap();
    consumer.assign(&place).unwrap();
    drop(place);
    let found = consumer.poll(PATIENCE).unwrap().unwrap();
    let headers = found.headers().unwrap();
    let value = headers.iter().find(|header| header.key == TRACEPARENT).unwrap().value;
    assert_eq!(value, Some(trace.as_bytes()));
}
