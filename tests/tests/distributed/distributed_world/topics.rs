//! What a plain consumer of the topics sees, and what the services make of records that a stranger writes.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    time::{Duration, Instant},
};

use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    message::{Header, Headers, OwnedHeaders, OwnedMessage},
    producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer},
};
use serde_json::{Value, json};

use super::{
    extra::{Extra, Kind, free_address},
    faults::person_at,
    keycloak::{Client, claims},
    world::{Deployment, variable},
};
use crate::support::value;

pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The topics that the original of EchoPulse had.
const TOPICS: [&str; 5] =
    ["channels.create", "channels.delete", "user.join-server", "user.leave-server", "channels.send-message"];

/// Reads all partitions of topics from their ends on.
pub(super) struct Reader {
    consumer: BaseConsumer,
    /// What was read while something else was looked for.
    passed: RefCell<Vec<(OwnedMessage, Value)>>,
}

impl Reader {
    pub(super) fn of(topics: &[&str]) -> Self {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", variable("ECHOPULSE_TEST_KAFKA"))
            .set("group.id", format!("test-{}", uuid::Uuid::now_v7()))
            .set("enable.auto.commit", "false")
            .create()
            .expect("a consumer is made");
        let mut assigned = TopicPartitionList::new();
        for topic in topics {
            let found = consumer.fetch_metadata(Some(topic), PATIENCE).expect("Kafka answers");
            let partitions = found.topics()[0].partitions();
            assert!(!partitions.is_empty(), "{topic} is there");
            for partition in partitions {
                let (_, end) =
                    consumer.fetch_watermarks(topic, partition.id(), PATIENCE).expect("Kafka answers");
                assigned.add_partition_offset(topic, partition.id(), Offset::Offset(end)).expect("it fits");
            }
        }
        consumer.assign(&assigned).expect("it is assigned");
        Self { consumer, passed: RefCell::default() }
    }

    /// The first record that `wanted` is about and that was not found yet: those of different topics come in any order.
    pub(super) fn find(&self, wanted: impl Fn(&OwnedMessage, &Value) -> bool) -> (OwnedMessage, Value) {
        let mut passed = self.passed.borrow_mut();
        if let Some(place) = passed.iter().position(|(record, value)| wanted(record, value)) {
            return passed.remove(place);
        }
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let Some(Ok(record)) = self.consumer.poll(Duration::from_millis(200)) else { continue };
            let record = record.detach();
            let value = record.payload().and_then(|octets| serde_json::from_slice(octets).ok());
            match value {
                Some(value) if wanted(&record, &value) => return (record, value),
                Some(value) => passed.push((record, value)),
                None => {}
            }
        }
        panic!("the record never came");
    }
}

/// Writes whatever it is told to.
pub(super) struct Stranger(ThreadedProducer<DefaultProducerContext>);

impl Stranger {
    pub(super) fn new() -> Self {
        let made = ClientConfig::new().set("bootstrap.servers", variable("ECHOPULSE_TEST_KAFKA")).create();
        Self(made.expect("a producer is made"))
    }

    /// Waits until Kafka has it.
    pub(super) fn writes(&self, topic: &str, key: &str, value: &[u8], headers: OwnedHeaders) {
        let record = BaseRecord::to(topic).key(key).payload(value).headers(headers);
        self.0.send(record).map_err(|(error, _)| error).expect("it is sent");
        self.0.flush(PATIENCE).expect("Kafka takes it");
    }

    /// A record once more, with all that it has.
    pub(super) fn repeats(&self, record: &OwnedMessage) {
        let mut headers = OwnedHeaders::new();
        for header in record.headers().expect("records have headers").iter() {
            headers = headers.insert(Header { key: header.key, value: header.value });
        }
        let value = record.payload().expect("it has a value");
        self.writes(record.topic(), &key(record), value, headers);
    }
}

/// A record's key.
pub(super) fn key(record: &OwnedMessage) -> String {
    String::from_utf8(record.key().expect("every record has a key").to_vec()).expect("keys are ids")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_consumer_sees_the_five_topics_of_the_original_with_keys() {
    let deployment = Deployment::start().await;
    let (ada, bob) = (deployment.person("ada").await, deployment.person("bob").await);
    let reader = Reader::of(&TOPICS);
    let place = ada.found("home").await;
    ada.invite(&place, &bob).await;
    ada.say(&place, "hello").await;
    let channels = format!("/server/api/servers/{}/channels", place.server);
    let made = ada.post(&channels, json!({ "name": "soon-gone" })).await.good();
    ada.delete(&format!("{channels}/{}", made["id"].as_str().unwrap())).await.good();
    bob.delete(&format!("/server/api/servers/{}/members/me", place.server)).await.good();

    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    tokio::task::block_in_place(|| {
        while seen.len() < TOPICS.len() {
            let (record, _) = reader.find(|record, _| {
                let key = key(record);
                key == place.server || key == place.channel
            });
            seen.insert(record.topic().to_owned(), key(&record));
        }
    });
    for topic in TOPICS {
        let wanted = if topic == "channels.send-message" { &place.channel } else { &place.server };
        assert_eq!(&seen[topic], wanted, "{topic}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_out_is_told_in_a_signed_record() {
    let (deployment, web) = (Deployment::start().await, Client::web());
    let tokens = deployment.signs_in(&web, &deployment.registered("ada").await).await;
    let reader = Reader::of(&["users.update"]);
    deployment.signs_out(&web, &tokens).await;
    let sid = claims(&tokens.access)["sid"].as_str().unwrap().to_owned();
    tokio::task::block_in_place(|| {
        let (record, value) = reader.find(|record, _| key(record) == sid);
        assert_eq!((&value["type"], &value["body"]["sid"]), (&json!("sign-out"), &json!(sid)));
        assert_eq!(value["body"]["iss"], variable("ECHOPULSE_TEST_KEYCLOAK_ISSUER"));
        assert!(record.headers().unwrap().iter().any(|header| header.key == "signature"));
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_that_cannot_be_used_are_told_of_and_the_next_one_arrives() {
    let deployment = Deployment::start().await;
    let extra = Extra::start(Kind::Chat, &free_address(), &[]);
    extra.health(200, |body| body["missing"].is_null()).await;
    let ada = person_at(&deployment, &extra, "ada").await;
    let reader = Reader::of(&["channels.create", "channels.send-message"]);
    let place = ada.found("home").await;
    let mut socket = ada.follow(&place.topic()).await;
    ada.say(&place, "before").await;
    socket.message().await;
    tokio::task::block_in_place(|| {
        let (created, _) =
            reader.find(|record, _| record.topic() == "channels.create" && key(record) == place.server);
        let (said, _) = reader.find(|record, _| key(record) == place.channel);
        let stranger = Stranger::new();
        let plain = OwnedHeaders::new;
        stranger.writes("channels.create", &place.server, b"no JSON", plain());
        stranger.writes("channels.create", &place.server, br#"{"type":"moon.risen","version":9}"#, plain());
        stranger.writes("channels.create", &place.channel, created.payload().expect("a value"), plain());
        stranger.writes(said.topic(), &place.channel, said.payload().expect("a value"), plain());
    });
    let reasons = [
        ("malformed", "it cannot be read"),
        ("too-new", "it is of a newer version"),
        ("foreign", "it does not belong here"),
        ("unsigned", "it has no right signature"),
    ];
    for (outcome, words) in reasons {
        extra.counts(&format!("echopulse_kafka_records_total{{outcome=\"{outcome}\"}}"), 1.0).await;
        let log = extra.logged();
        assert!(log.contains(&format!("a record is not taken: {words}")), "{outcome}: {log}");
    }
    let lin = deployment.person_on(1, "lin").await;
    ada.invite(&place, &lin).await;
    lin.say(&place, "after").await;
    let (frame, body) = socket.message().await;
    assert_eq!((body["message"]["content"].as_str(), value(&frame, "seq")), (Some("after"), "2".to_owned()));
}
