//! What every Kafka client of ours is told, and how loudly it complains.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use rdkafka::{
    ClientConfig, ClientContext,
    config::RDKafkaLogLevel,
    consumer::ConsumerContext,
    error::{KafkaError, RDKafkaErrorCode},
};

use super::{SigningKey, Topic};

/// Where Kafka is, and how this service uses it.
#[derive(Debug, Clone)]
pub struct KafkaOptions {
    /// `host:port`, one or more with commas between.
    pub bootstrap: String,
    /// What the brokers call this instance in their logs and metrics.
    pub client_id: String,
    /// The key that the chat instances share. Without one nothing is signed, and records of the signed topics are taken for
    /// nudges, whoever sent them.
    pub hmac_key: Option<SigningKey>,
    /// Partitions of a topic that is created now. More later would move keys; readers notice, and gates repair the order.
    pub partitions: i32,
    /// Replicas of a topic that is created now; from three on a record is acknowledged by two.
    pub replication: i32,
    /// Stands before every topic's name; empty in a deployment, different for each test.
    pub topic_prefix: String,
}

impl KafkaOptions {
    /// Six partitions, one replica, no key, no prefix.
    #[must_use]
    pub fn new(bootstrap: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self {
            bootstrap: bootstrap.into(),
            client_id: client_id.into(),
            hmac_key: None,
            partitions: 6,
            replication: 1,
            topic_prefix: String::new(),
        }
    }

    /// A topic's name in this deployment.
    #[must_use]
    pub fn name_of(&self, topic: Topic) -> String {
        format!("{}{}", self.topic_prefix, topic.name())
    }

    /// The topic that has this name in this deployment.
    #[must_use]
    pub fn topic_of(&self, name: &str) -> Option<Topic> {
        name.strip_prefix(self.topic_prefix.as_str()).and_then(Topic::parse)
    }

    /// What all clients have in common. A broker that comes back is found within half a second.
    pub(super) fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.bootstrap)
            .set("client.id", &self.client_id)
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "500")
            .set("socket.connection.setup.timeout.ms", "3000")
            .set("socket.keepalive.enable", "true")
            .set("socket.nagle.disable", "true")
            .set("topic.metadata.refresh.interval.ms", "30000")
            .set("enable.metrics.push", "false")
            .set_log_level(RDKafkaLogLevel::Warning);
        config
    }
}

/// Says once that Kafka is away, and once that it is back: while brokers are down the library repeats itself many times a second.
#[derive(Debug, Clone)]
pub(super) struct Outage {
    who: &'static str,
    away: Arc<AtomicBool>,
}

impl Outage {
    pub(super) fn new(who: &'static str) -> Self {
        Self { who, away: Arc::default() }
    }

    pub(super) fn began(&self, error: &KafkaError) {
        if !self.away.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                client = self.who,
                error = error as &dyn std::error::Error,
                "Kafka does not answer"
            );
        }
    }

    pub(super) fn ended(&self) {
        // Read first: this is asked for every record, and hardly ever true.
        if self.away.load(Ordering::Relaxed) && self.away.swap(false, Ordering::Relaxed) {
            tracing::info!(client = self.who, "Kafka answers again");
        }
    }
}

impl ClientContext for Outage {
    fn log(&self, _level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(client = self.who, facility, "{message}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(client = self.who, reason, "{error}");
        // One broker of several that is away is told at each try, and means little.
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown) {
            self.began(&error);
        }
    }
}

impl ConsumerContext for Outage {}
