//! The consumer's thread.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use echopulse_core::chat::model::Record;
use rdkafka::{
    Message,
    error::{KafkaError, RDKafkaErrorCode},
    message::{BorrowedMessage, Headers},
};
use tokio::{
    runtime::Handle,
    sync::{
        mpsc::{Sender, error::TrySendError},
        watch,
    },
};

use super::{
    super::{Decoded, KafkaOptions, SIGNATURE, Skipped, Topic, client::Outage, decode},
    ConsumerStats, Nudged, count,
    source::{Positions, Source, Watchdog},
};

/// How long one poll waits: what a request to stop waits at most while nothing comes in.
const POLL: Duration = Duration::from_millis(100);
/// Between two looks for new partitions.
const GROW: Duration = Duration::from_secs(2);
/// Between two looks whether everything moves.
const WATCH: Duration = Duration::from_secs(10);
/// Before Kafka is asked again while it is away.
const RETRY: Duration = Duration::from_millis(300);

pub(super) struct Reader {
    options: KafkaOptions,
    topics: Vec<Topic>,
    sender: Sender<Record>,
    nudged: Nudged,
    stats: Arc<ConsumerStats>,
    stop: watch::Receiver<bool>,
    runtime: Handle,
    outage: Outage,
}

/// Why one client is followed no more.
enum End {
    /// Somebody asked for it, or nobody takes records any more.
    Stop,
    /// It broke, or does not move.
    Broken(&'static str),
}

/// What one poll brought.
enum Polled {
    Something,
    /// Everything there was has been handed over.
    Nothing,
}

impl Reader {
    pub(super) fn new(
        options: KafkaOptions,
        topics: Vec<Topic>,
        sender: Sender<Record>,
        nudged: Nudged,
        stats: Arc<ConsumerStats>,
        stop: watch::Receiver<bool>,
        runtime: Handle,
    ) -> Self {
        let outage = Outage::new("consumer");
        Self { options, topics, sender, nudged, stats, stop, runtime, outage }
    }

    /// Reads until it is stopped.
    pub(super) fn run(self, ready: &watch::Sender<bool>) {
        let mut known = None;
        while let Some(mut source) = self.open(known.take()) {
            ready.send_replace(true);
            self.outage.ended();
            let End::Broken(reason) = self.follow(&mut source) else { return };
            tracing::warn!(reason, "the Kafka consumer is replaced");
            count(&self.stats.rebuilds);
            known = Some(source.positions().clone());
            // A client that is stuck may be stuck in its end too.
            std::thread::spawn(move || drop(source));
        }
    }

    /// Tries until it works. `None`: stopped.
    fn open(&self, known: Option<Positions>) -> Option<Source> {
        loop {
            if self.is_stopped() {
                return None;
            }
            match Source::open(&self.options, &self.topics, known.as_ref(), &self.outage) {
                Ok(source) => return Some(source),
                Err(error) => self.outage.began(&error),
            }
            std::thread::park_timeout(RETRY);
        }
    }

    fn is_stopped(&self) -> bool {
        *self.stop.borrow() || self.sender.is_closed()
    }

    fn follow(&self, source: &mut Source) -> End {
        let mut watchdog = Watchdog::default();
        let (mut grown, mut watched, mut idle) = (Instant::now(), Instant::now(), false);
        while !self.is_stopped() {
            match self.poll(source) {
                Ok(Polled::Something) => {}
                Ok(Polled::Nothing) => idle = true,
                Err(end) => return end,
            }
            if grown.elapsed() >= GROW {
                self.grow(source);
                grown = Instant::now();
            }
            // While a slow service holds this thread back, standing still proves nothing.
            if idle && watched.elapsed() >= WATCH {
                if let Some(reason) = watchdog.look(source) {
                    return End::Broken(reason);
                }
                (watched, idle) = (Instant::now(), false);
            }
        }
        End::Stop
    }

    fn poll(&self, source: &mut Source) -> Result<Polled, End> {
        let place = match source.client().poll(POLL) {
            None => return Ok(Polled::Nothing),
            Some(Err(error)) => return self.judge(&error, source),
            Some(Ok(message)) => {
                self.outage.ended();
                if !self.take(&message) {
                    return Err(End::Stop);
                }
                (self.options.topic_of(message.topic()), message.partition(), message.offset())
            }
        };
        if let (Some(topic), partition, offset) = place {
            source.passed((topic, partition), offset);
        }
        Ok(Polled::Something)
    }

    /// Most errors mend themselves.
    fn judge(&self, error: &KafkaError, source: &Source) -> Result<Polled, End> {
        count(&self.stats.errors);
        if source.is_dead() {
            return Err(End::Broken("it had a fatal error"));
        }
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::AutoOffsetReset) => {
                return Err(End::Broken("the records behind its place are gone"));
            }
            // The library's context has heard of it.
            Some(
                RDKafkaErrorCode::AllBrokersDown
                | RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::Resolve
                | RDKafkaErrorCode::OperationTimedOut,
            ) => {}
            _ => tracing::warn!(error = error as &dyn std::error::Error, "Kafka refuses something"),
        }
        Ok(Polled::Something)
    }

    fn grow(&self, source: &mut Source) {
        match source.grow(&self.options, &self.topics) {
            Ok(0) => self.outage.ended(),
            Ok(new) => tracing::info!(partitions = new, "new partitions are read"),
            Err(error) => self.outage.began(&error),
        }
    }

    /// Answers whether anybody still takes records.
    fn take(&self, message: &BorrowedMessage<'_>) -> bool {
        let signature = message
            .headers()
            .and_then(|headers| headers.iter().find(|header| header.key == SIGNATURE))
            .and_then(|header| header.value);
        match decode(&self.options, message.topic(), message.key(), message.payload(), signature) {
            Decoded::Record(record) => return self.hand_over(record),
            Decoded::Nudge { stream, seq, reason } => {
                count(&self.stats.nudges);
                self.skip(message, reason);
                (self.nudged)(stream, seq);
            }
            Decoded::Skipped(reason) => self.skip(message, reason),
        }
        true
    }

    /// Says so the first, second, fourth, eighth … time: who floods a topic shall not flood the log.
    fn skip(&self, message: &BorrowedMessage<'_>, reason: Skipped) {
        let times = self.stats.skipped(reason);
        if times.is_power_of_two() {
            let (topic, partition, offset) = (message.topic(), message.partition(), message.offset());
            tracing::warn!(topic, partition, offset, times, "a record is not taken: {reason}");
        }
    }

    fn hand_over(&self, record: Record) -> bool {
        let lossy = matches!(record, Record::Signal { .. });
        match self.sender.try_send(record) {
            Ok(()) => count(&self.stats.records),
            Err(TrySendError::Closed(_)) => return false,
            Err(TrySendError::Full(_)) if lossy => count(&self.stats.signals_dropped),
            Err(TrySendError::Full(record)) => return self.wait_for_room(record),
        };
        true
    }

    fn wait_for_room(&self, record: Record) -> bool {
        let mut stop = self.stop.clone();
        let sent = self.runtime.block_on(async {
            tokio::select! {
                sent = self.sender.send(record) => sent.is_ok(),
                _ = stop.wait_for(|stop| *stop) => false,
            }
        });
        if sent {
            count(&self.stats.records);
        }
        sent
    }
}
