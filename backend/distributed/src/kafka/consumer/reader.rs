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
    super::{Decoded, KafkaOptions, SIGNATURE, Topic, client::Outage, decode},
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
        let (mut grown, mut watched) = (Instant::now(), Instant::now());
        loop {
            if self.is_stopped() {
                return End::Stop;
            }
            if let Some(end) = self.poll(source) {
                return end;
            }
            if grown.elapsed() >= GROW {
                self.grow(source);
                grown = Instant::now();
            }
            if watched.elapsed() >= WATCH {
                if let Some(reason) = watchdog.look(source) {
                    return End::Broken(reason);
                }
                watched = Instant::now();
            }
        }
    }

    fn poll(&self, source: &mut Source) -> Option<End> {
        let place = match source.client().poll(POLL)? {
            Ok(message) => {
                self.outage.ended();
                let place = (self.options.topic_of(message.topic()), message.partition(), message.offset());
                if !self.take(&message) {
                    return Some(End::Stop);
                }
                place
            }
            Err(error) => return self.judge(&error, source),
        };
        if let (Some(topic), partition, offset) = place {
            source.passed((topic, partition), offset);
        }
        None
    }

    /// Most errors mend themselves.
    fn judge(&self, error: &KafkaError, source: &Source) -> Option<End> {
        count(&self.stats.errors);
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AutoOffsetReset) {
            return Some(End::Broken("the records behind its place are gone"));
        }
        if source.is_dead() {
            return Some(End::Broken("it had a fatal error"));
        }
        self.outage.began(error);
        None
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
                tracing::debug!(topic = message.topic(), offset = message.offset(), "a nudge: {reason}");
                count(&self.stats.nudges);
                self.stats.skipped(reason);
                (self.nudged)(stream, seq);
            }
            Decoded::Skipped(reason) => {
                tracing::debug!(topic = message.topic(), offset = message.offset(), "skipped: {reason}");
                self.stats.skipped(reason);
            }
        }
        true
    }

    fn hand_over(&self, record: Record) -> bool {
        let lossy = matches!(record, Record::Signal { .. });
        match self.sender.try_send(record) {
            Ok(()) => count(&self.stats.records),
            Err(TrySendError::Closed(_)) => return false,
            Err(TrySendError::Full(_)) if lossy => count(&self.stats.signals_dropped),
            Err(TrySendError::Full(record)) => return self.wait_for_room(record),
        }
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
