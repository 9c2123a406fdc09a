//! The sending side when brokers refuse: the one thing tried on the library's own mock, for no real broker refuses on demand.

use std::time::Duration;

use echopulse_core::{
    chat::{
        model::{EventBody, PurgeReason, Record, StreamEvent},
        port::outbound::Bus,
    },
    common::{ChannelId, Epoch, Seq, StreamKey, Timestamp},
};
use echopulse_distributed::kafka::{FanOut, KafkaBus, KafkaOptions, SigningKey, Topic};
use rdkafka::{
    mocking::MockCluster,
    producer::DefaultProducerContext,
    types::{RDKafkaApiKey, RDKafkaRespErr},
};
use tokio::{sync::mpsc::Receiver, time::timeout};

const PATIENCE: Duration = Duration::from_secs(30);
const TOPIC: Topic = Topic::ChannelsSendMessage;

/// Brokers that refuse on demand, the bus, and what comes out of it.
struct World {
    mock: MockCluster<'static, DefaultProducerContext>,
    bus: KafkaBus,
    fan_out: FanOut,
    records: Receiver<Record>,
}

impl World {
    async fn start() -> Self {
        let mock = MockCluster::new(1).unwrap();
        let hmac_key = Some(SigningKey::new(&[7; 32]).unwrap());
        let options = KafkaOptions { hmac_key, ..KafkaOptions::new(mock.bootstrap_servers(), "test") };
        mock.create_topic(&options.name_of(TOPIC), 1, 1).unwrap();
        let nudged = Box::new(|_, _| ());
        let (fan_out, records) = FanOut::start(options.clone(), &[TOPIC], 64, nudged).await.unwrap();
        Self { mock, bus: KafkaBus::new(options).unwrap(), fan_out, records }
    }

    fn refuse(&self, errors: &[RDKafkaRespErr]) {
        self.mock.request_errors(RDKafkaApiKey::Produce, errors);
    }

    async fn publish(&self) -> bool {
        let event = |seq| {
            let body = EventBody::HistoryPurged { through: Seq(1), reason: PurgeReason::Purge };
            let stream = StreamKey::Channel(ChannelId::from_u128(1));
            let at = Timestamp::from_millis(5);
            Record::Stream(StreamEvent { stream, epoch: Epoch(9), seq: Seq(seq), at, actor: None, body })
        };
        let batch = (1..=5).map(event).collect();
        timeout(PATIENCE, Bus::publish(&self.bus, batch)).await.expect("an answer comes").is_ok()
    }

    /// What comes in until all five have come one behind the other.
    async fn until_complete(&mut self) -> Vec<u64> {
        let mut seqs = Vec::new();
        while !seqs.ends_with(&[1, 2, 3, 4, 5]) {
            let record = timeout(PATIENCE, self.records.recv()).await.expect("a record comes").unwrap();
            if let Record::Stream(event) = record {
                seqs.push(event.seq.0);
            }
        }
        seqs
    }
}

#[tokio::test]
async fn a_refused_record_stops_the_batch_and_a_repeat_brings_all_in_order() {
    let mut world = World::start().await;
    world.refuse(&[RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_RECORD]);
    assert!(!world.publish().await, "whoever publishes must keep its rows");
    assert!(world.publish().await);
    let seqs = world.until_complete().await;
    assert!(seqs.len() < 10, "the refused one came once: {seqs:?}");
    world.fan_out.stop().await;
}

#[tokio::test]
async fn an_error_that_passes_is_not_seen() {
    let mut world = World::start().await;
    world.refuse(&[
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
    ]);
    assert!(world.publish().await);
    assert_eq!(world.until_complete().await, [1, 2, 3, 4, 5]);
    world.fan_out.stop().await;
}

#[tokio::test]
async fn a_producer_that_broke_is_replaced() {
    let mut world = World::start().await;
    // To an idempotent producer this is fatal: what it numbered is not what the broker has.
    world.refuse(&[RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER]);
    assert!(!world.publish().await);
    assert!(world.publish().await, "a new one takes over");
    world.until_complete().await;
    world.fan_out.stop().await;
}
