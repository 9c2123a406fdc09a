//! What a plain consumer of the topics sees.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    message::OwnedMessage,
};
use serde_json::{Value, json};

use super::world::{Deployment, variable};

pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The topics that the original of EchoPulse had.
const TOPICS: [&str; 5] =
    ["channels.create", "channels.delete", "user.join-server", "user.leave-server", "channels.send-message"];

/// Reads all partitions of topics from their ends on.
pub(super) struct Reader(BaseConsumer);

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
        Self(consumer)
    }

    /// The next record that `wanted` is about.
    pub(super) fn find(&self, wanted: impl Fn(&OwnedMessage, &Value) -> bool) -> (OwnedMessage, Value) {
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
