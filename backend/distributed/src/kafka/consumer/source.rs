//! One client of the library with all partitions assigned, and where it is in each.

use std::{collections::HashMap, time::Duration};

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaResult,
};
use uuid::Uuid;

use super::super::{KafkaOptions, Topic, client::Outage};

/// How long a question to the brokers may take. While it is out, nothing else is read.
const ANSWER: Duration = Duration::from_secs(2);
/// Looks of the watchdog that may fail in a row.
const BLIND: u32 = 3;

/// One partition.
pub(super) type Partition = (Topic, i32);
/// What is read next of each partition.
pub(super) type Positions = HashMap<Partition, Offset>;

pub(super) struct Source {
    client: BaseConsumer<Outage>,
    names: HashMap<Topic, String>,
    positions: Positions,
}

impl Source {
    /// Takes up reading at `known`; without, at the end of everything. A partition that is not known then is new, and
    /// read from its beginning.
    pub(super) fn open(
        options: &KafkaOptions,
        topics: &[Topic],
        known: Option<&Positions>,
        outage: &Outage,
    ) -> KafkaResult<Self> {
        let client = connect(options, outage)?;
        let names = topics.iter().map(|topic| (*topic, options.name_of(*topic))).collect();
        let mut it = Self { client, names, positions: Positions::new() };
        let partitions = it.partitions(options, topics)?;
        let ends = it.offsets(&partitions, Offset::End)?;
        it.positions = match known {
            None => ends,
            Some(known) => {
                let beginnings = it.offsets(&partitions, Offset::Beginning)?;
                resume(known, &beginnings, &ends)
            }
        };
        it.client.assign(&it.list(it.positions.iter().map(|(partition, offset)| (*partition, *offset)))?)?;
        Ok(it)
    }

    pub(super) const fn client(&self) -> &BaseConsumer<Outage> {
        &self.client
    }

    pub(super) const fn positions(&self) -> &Positions {
        &self.positions
    }

    /// Notes that a record was dealt with.
    pub(super) fn passed(&mut self, partition: Partition, offset: i64) {
        self.positions.insert(partition, Offset::Offset(offset + 1));
    }

    /// Whether the library will not go on with this client.
    pub(super) fn is_dead(&self) -> bool {
        self.client.client().fatal_error().is_some()
    }

    /// Reads partitions that were added since, from their beginnings. Answers how many.
    pub(super) fn grow(&mut self, options: &KafkaOptions, topics: &[Topic]) -> KafkaResult<usize> {
        let mut new = self.partitions(options, topics)?;
        new.retain(|partition| !self.positions.contains_key(partition));
        if !new.is_empty() {
            let beginnings = new.iter().map(|partition| (*partition, Offset::Beginning));
            self.client.incremental_assign(&self.list(beginnings.clone())?)?;
            self.positions.extend(beginnings);
        }
        Ok(new.len())
    }

    /// All partitions there are of the topics.
    fn partitions(&self, options: &KafkaOptions, topics: &[Topic]) -> KafkaResult<Vec<Partition>> {
        let metadata = self.client.fetch_metadata(None, ANSWER)?;
        let ours = metadata.topics().iter().filter_map(|topic| {
            let name = options.topic_of(topic.name()).filter(|found| topics.contains(found));
            Some((name?, topic.partitions()))
        });
        Ok(ours.flat_map(|(topic, found)| found.iter().map(move |one| (topic, one.id()))).collect())
    }

    /// The beginnings or the ends of partitions. One without a leader is answered as `which`, for the library to find out later.
    fn offsets(&self, partitions: &[Partition], which: Offset) -> KafkaResult<Positions> {
        let question = self.list(partitions.iter().map(|partition| (*partition, which)))?;
        if partitions.is_empty() {
            return Ok(Positions::new());
        }
        let answers = self.client.offsets_for_times(question, ANSWER)?.to_topic_map();
        let offset = |(topic, partition): Partition| match answers.get(&(self.name(topic), partition)) {
            Some(Offset::Offset(offset)) => Offset::Offset(*offset),
            _ => which,
        };
        Ok(partitions.iter().map(|partition| (*partition, offset(*partition))).collect())
    }

    fn name(&self, topic: Topic) -> String {
        self.names.get(&topic).cloned().unwrap_or_default()
    }

    /// Lists must be dropped at once: the end of a client waits for them.
    fn list(&self, of: impl Iterator<Item = (Partition, Offset)>) -> KafkaResult<TopicPartitionList> {
        let mut list = TopicPartitionList::new();
        for ((topic, partition), offset) in of {
            list.add_partition_offset(&self.name(topic), partition, offset)?;
        }
        Ok(list)
    }
}

fn connect(options: &KafkaOptions, outage: &Outage) -> KafkaResult<BaseConsumer<Outage>> {
    options
        .config()
        // The library wants a group to assign partitions by hand. Nobody else is in it, and nothing is committed to it.
        .set("group.id", format!("{}-{}", options.client_id, Uuid::now_v7()))
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "error")
        .set("allow.auto.create.topics", "false")
        // Somebody else's open transaction must not hold us back.
        .set("isolation.level", "read_uncommitted")
        .set("fetch.wait.max.ms", "100")
        .set("fetch.error.backoff.ms", "100")
        .set("queued.max.messages.kbytes", "16384")
        // A full queue may keep this thread from polling for as long as it likes.
        .set("max.poll.interval.ms", "86400000")
        .create_with_context(outage.clone())
}

/// The known place, if it still exists. One that does not lost records, which the stores know.
fn resume(known: &Positions, beginnings: &Positions, ends: &Positions) -> Positions {
    let place = |partition: &Partition, end: Offset| {
        let beginning = beginnings.get(partition).copied().unwrap_or(Offset::Beginning);
        match (known.get(partition), beginning, end) {
            (None, beginning, _) => beginning,
            (Some(Offset::Offset(place)), Offset::Offset(first), Offset::Offset(end)) if first <= end => {
                Offset::Offset((*place).clamp(first, end))
            }
            (Some(place), _, _) => *place,
        }
    };
    ends.iter().map(|(partition, end)| (*partition, place(partition, *end))).collect()
}

/// Finds a client that stopped reading without an error, as is reported of clients whose broker restarted.
#[derive(Default)]
pub(super) struct Watchdog {
    before: Option<(Positions, Positions)>,
    blind: u32,
}

impl Watchdog {
    /// Answers what is wrong.
    pub(super) fn look(&mut self, source: &Source) -> Option<&'static str> {
        let partitions: Vec<_> = source.positions.keys().copied().collect();
        let Ok(ends) = source.offsets(&partitions, Offset::End) else {
            self.blind += 1;
            return (self.blind >= BLIND).then_some("it gets no answer");
        };
        self.blind = 0;
        self.compare(source.positions.clone(), ends).then_some("it does not move")
    }

    /// Whether some partition had more at the last look, and still stands where it stood.
    fn compare(&mut self, places: Positions, ends: Positions) -> bool {
        let stands = |(old, ends): &(Positions, Positions)| {
            places.iter().any(|(partition, place)| {
                let behind = matches!((place, ends.get(partition)),
                    (Offset::Offset(place), Some(Offset::Offset(end))) if place < end);
                behind && old.get(partition) == Some(place)
            })
        };
        let stuck = self.before.as_ref().is_some_and(stands);
        self.before = Some((places, ends));
        stuck
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Partition = (Topic::UsersEvents, 0);
    const OTHER: Partition = (Topic::UsersEvents, 1);

    fn at<const N: usize>(places: [(Partition, i64); N]) -> Positions {
        places.into_iter().map(|(partition, place)| (partition, Offset::Offset(place))).collect()
    }

    #[test]
    fn a_place_that_is_gone_is_exchanged_for_the_nearest() {
        let (beginnings, ends) = (at([(ONE, 5), (OTHER, 0)]), at([(ONE, 9), (OTHER, 3)]));
        let resumed = |known| resume(&known, &beginnings, &ends);
        assert_eq!(resumed(at([(ONE, 7), (OTHER, 1)])), at([(ONE, 7), (OTHER, 1)]));
        assert_eq!(resumed(at([(ONE, 2), (OTHER, 8)])), at([(ONE, 5), (OTHER, 3)]));
        assert_eq!(resumed(at([(ONE, 7)])), at([(ONE, 7), (OTHER, 0)]), "a new one from its beginning");
    }

    #[test]
    fn a_partition_without_a_leader_keeps_its_place() {
        let unknown = Positions::from([(ONE, Offset::Beginning)]);
        let end = Positions::from([(ONE, Offset::End)]);
        assert_eq!(resume(&at([(ONE, 7)]), &unknown, &end), at([(ONE, 7)]));
    }

    #[test]
    fn who_stands_still_before_the_end_is_stuck() {
        let mut dog = Watchdog::default();
        assert!(!dog.compare(at([(ONE, 1)]), at([(ONE, 5)])), "one look tells nothing");
        assert!(!dog.compare(at([(ONE, 2)]), at([(ONE, 9)])), "it moves");
        assert!(dog.compare(at([(ONE, 2)]), at([(ONE, 9)])));
    }

    #[test]
    fn who_has_read_everything_is_not_stuck() {
        let mut dog = Watchdog::default();
        for _ in 0..3 {
            assert!(!dog.compare(at([(ONE, 5)]), at([(ONE, 5)])));
        }
        assert!(!dog.compare(at([(ONE, 5)]), at([(ONE, 6)])), "the record has just come");
        assert!(dog.compare(at([(ONE, 5)]), at([(ONE, 6)])));
    }
}
