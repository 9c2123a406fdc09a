//! The sending side of the bus.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use echopulse_core::{
    chat::{model::Record, port::outbound::Bus},
    common::{BoxFuture, StoreError},
    server::port::outbound::{EventPublisher, OutboxRecord},
};
use rdkafka::{
    error::{KafkaError, KafkaResult},
    message::{Header, OwnedHeaders},
    producer::{DeliveryFuture, FutureProducer, FutureRecord, Producer},
};

use super::{Encoded, KafkaOptions, SIGNATURE, TRACEPARENT, client::Outage, encode};

/// How long Kafka may take before a record is given up. Its row stays in the outbox.
const PATIENCE_MS: &str = "8000";
/// Records that may wait for the brokers; beyond it publishing fails at once.
const WAITING: &str = "20000";

type Client = FutureProducer<Outage>;

/// Answers the W3C trace context that records published now belong to.
pub type CurrentTrace = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// Publishes to Kafka. A record that is not acknowledged by the brokers stops the batch: the relay sends again from there,
/// and gates drop what they had. Signals are not waited for and may be lost.
pub struct KafkaBus {
    options: KafkaOptions,
    trace: Option<CurrentTrace>,
    outage: Outage,
    client: Mutex<Client>,
}

impl KafkaBus {
    /// A bus that connects when something is published. Fails only on options that the library refuses.
    pub fn new(options: KafkaOptions) -> Result<Self, StoreError> {
        let outage = Outage::new("producer");
        let client = connect(&options, &outage).map_err(StoreError::new)?;
        Ok(Self { options, trace: None, outage, client: Mutex::new(client) })
    }

    /// Puts the trace context that `trace` answers into the header `traceparent`.
    #[must_use]
    pub fn with_trace(self, trace: CurrentTrace) -> Self {
        Self { trace: Some(trace), ..self }
    }

    /// Whether a broker answers within a second.
    pub async fn answers(&self) -> bool {
        let client = self.client();
        let asked = tokio::task::spawn_blocking(move || {
            client.client().fetch_metadata(None, Duration::from_secs(1)).is_ok()
        });
        asked.await.unwrap_or(false)
    }

    fn client(&self) -> Client {
        self.client.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn publish_all(&self, records: Vec<Record>) -> Result<(), KafkaError> {
        let client = self.client();
        let sent = self.send(&client, records);
        let acknowledged = !sent.deliveries.is_empty();
        let outcome = sent.outcome().await;
        match &outcome {
            Ok(()) if acknowledged => self.outage.ended(),
            Ok(()) => {}
            Err(error) => self.outage.began(error),
        }
        if outcome.is_err() || !acknowledged {
            self.renew_if_broken(&client)?;
        }
        outcome
    }

    /// Sends in order, all at once.
    fn send(&self, client: &Client, records: Vec<Record>) -> Sent {
        let trace = self.trace.as_ref().and_then(|trace| trace());
        let mut sent = Sent { deliveries: Vec::with_capacity(records.len()), refused: None };
        for record in records {
            let lossy = matches!(record, Record::Signal { .. });
            match hand_over(client, &encode(&self.options, record), trace.as_deref()) {
                Ok(delivery) if !lossy => sent.deliveries.push(delivery),
                Err(error) if !lossy => {
                    // Nothing behind it may overtake it.
                    sent.refused = Some(error);
                    break;
                }
                _ => {}
            }
        }
        sent
    }

    /// After a fatal error a client takes nothing more, so the next batch goes to a new one.
    fn renew_if_broken(&self, broken: &Client) -> KafkaResult<()> {
        if broken.client().fatal_error().is_none() {
            return Ok(());
        }
        let fresh = connect(&self.options, &self.outage)?;
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        // Another batch may have renewed it already.
        if client.client().fatal_error().is_some() {
            tracing::warn!("the Kafka producer broke and is replaced");
            *client = fresh;
        }
        Ok(())
    }
}

/// A batch on its way.
struct Sent {
    deliveries: Vec<DeliveryFuture>,
    refused: Option<KafkaError>,
}

impl Sent {
    /// Waits for each record in turn, up to the first that failed.
    async fn outcome(self) -> Result<(), KafkaError> {
        for delivery in self.deliveries {
            delivery.await.map_err(|_| KafkaError::Canceled)?.map_err(|(error, _)| error)?;
        }
        self.refused.map_or(Ok(()), Err)
    }
}

fn connect(options: &KafkaOptions, outage: &Outage) -> KafkaResult<Client> {
    options
        .config()
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("linger.ms", "0")
        .set("message.timeout.ms", PATIENCE_MS)
        .set("queue.buffering.max.messages", WAITING)
        // The one that Java's tools use, so that they find a key where we put it.
        .set("partitioner", "murmur2_random")
        .create_with_context(outage.clone())
}

fn hand_over(client: &Client, it: &Encoded, trace: Option<&str>) -> Result<DeliveryFuture, KafkaError> {
    let header = |key, value: Option<&str>| value.map(|value| Header { key, value: Some(value.to_owned()) });
    let headers = [header(SIGNATURE, it.signature.as_deref()), header(TRACEPARENT, trace)];
    let headers = headers.iter().flatten().fold(OwnedHeaders::new(), |headers, header| {
        headers.insert(Header { key: header.key, value: header.value.as_ref() })
    });
    let record = FutureRecord::to(&it.topic).key(&it.key).payload(&it.value).headers(headers);
    client.send_result(record).map_err(|(error, _)| error)
}

impl fmt::Debug for KafkaBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaBus").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Bus for KafkaBus {
    fn publish(&self, records: Vec<Record>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.publish_all(records).await.map_err(StoreError::new) })
    }
}

impl EventPublisher for KafkaBus {
    fn publish(&self, records: Vec<OutboxRecord>) -> BoxFuture<'_, Result<(), StoreError>> {
        let records = records
            .into_iter()
            .map(|record| match record {
                OutboxRecord::Server(event) => Record::Server(event),
                OutboxRecord::User { user, revision } => Record::User { user, revision },
                OutboxRecord::SignOut(sign_out) => Record::SignOut(sign_out),
            })
            .collect();
        Bus::publish(self, records)
    }
}
