//! What a plain consumer of the topics sees, and what the services make of records that come again.

use std::{
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
    keycloak::{Client, claims},
    world::{Deployment, variable},
};

const PATIENCE: Duration = Duration::from_secs(30);

/// The topics that the original of EchoPulse had.
const TOPICS: [&str; 5] =
    ["channels.create", "channels.delete", "user.join-server", "user.leave-server", "channels.send-message"];

/// Reads all partitions of topics from their ends on.
struct Reader(BaseConsumer);

impl Reader {
    fn of(topics: &[&str]) -> Self {
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
        Self(consumer)
    }

    /// The next record that `wanted` is about.
    fn find(&self, wanted: impl Fn(&OwnedMessage, &Value) -> bool) -> (OwnedMessage, Value) {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let Some(Ok(record)) = self.0.poll(Duration::from_millis(200)) else { continue };
            let record = record.detach();
            let value = record.payload().and_then(|octets| serde_json::from_slice(octets).ok());
            if let Some(value) = value
                && wanted(&record, &value)
            {
                return (record, value);
            }
        }
        panic!("the record never came");
    }
}

fn key(record: &OwnedMessage) -> String {
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
async fn a_record_that_comes_again_is_no_second_message() {
    let deployment = Deployment::start().await;
    let ada = deployment.person("ada").await;
    let place = ada.found("home").await;
    let reader = Reader::of(&["channels.send-message"]);
    let mut socket = ada.follow(&place.topic()).await;
    ada.say(&place, "once").await;
    assert_eq!(socket.message().await.1["message"]["content"], "once");
    tokio::task::block_in_place(|| {
        let (record, _) = reader.find(|record, _| key(record) == place.channel);
        let mut headers = OwnedHeaders::new();
        for header in record.headers().expect("records have headers").iter() {
            headers = headers.insert(Header { key: header.key, value: header.value });
        }
        let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
            .set("bootstrap.servers", variable("ECHOPULSE_TEST_KAFKA"))
            .create()
            .expect("a producer is made");
        for _ in 0..3 {
            let again = BaseRecord::to(record.topic())
                .key(record.key().expect("a key"))
                .payload(record.payload().expect("a value"))
                .headers(headers.clone());
            producer.send(again).map_err(|(error, _)| error).expect("it is sent");
        }
        producer.flush(PATIENCE).expect("Kafka takes it");
    });
    ada.say(&place, "twice").await;
    let (frame, body) = socket.message().await;
    assert_eq!(body["message"]["content"], "twice", "nothing comes between");
    assert_eq!(crate::support::value(&frame, "seq"), "2");
    let history = ada.get(&place.messages()).await.good();
    assert_eq!(history["items"].as_array().unwrap().len(), 2);
}
