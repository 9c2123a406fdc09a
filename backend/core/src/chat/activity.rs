//! News of channels for people who do not follow them: at most one signal a second, lossy, only for who may view.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use super::{
    hub::Hub,
    model::{Activity, ActivityMessage, EventBody, Signal, StreamEvent},
    port::outbound::Timer,
    rights::Rights,
};
use crate::common::{
    ChannelId, Seq, StoreError, StreamKey,
    sync::{Queue, lock},
};

/// Events that may wait; beyond it they are lost, which followers notice by `after`.
const CAPACITY: usize = 8192;
/// Channels whose last event is remembered, to know a doubled hint.
const REMEMBERED: usize = 10_000;
/// The time between two rounds.
const ROUND: Duration = Duration::from_secs(1);

/// Gathers events of channels and tells them on the servers' streams.
pub struct ActivityFeed {
    hub: Arc<Hub>,
    rights: Arc<Rights>,
    timer: Arc<dyn Timer>,
    events: Queue<Note>,
    seen: Mutex<HashMap<ChannelId, Seq>>,
}

struct Note {
    channel: ChannelId,
    seq: Seq,
    created: Option<ActivityMessage>,
    deleted: Vec<Seq>,
}

impl ActivityFeed {
    /// A feed with nothing to tell.
    #[must_use]
    pub fn new(hub: Arc<Hub>, rights: Arc<Rights>, timer: Arc<dyn Timer>) -> Self {
        Self { hub, rights, timer, events: Queue::new(CAPACITY), seen: Mutex::default() }
    }

    /// Notes an event of a channel; one that was noted already, or that has no number, is passed over.
    pub fn note(&self, event: &StreamEvent) {
        let StreamKey::Channel(channel) = event.stream else { return };
        {
            let mut seen = lock(&self.seen);
            if seen.get(&channel).is_some_and(|seq| event.seq <= *seq) {
                return;
            }
            if seen.len() >= REMEMBERED {
                seen.clear();
            }
            seen.insert(channel, event.seq);
        }
        // A full queue loses the note: followers see by `after` that something is missing and read the states again.
        let _ = self.events.push(Note::of(channel, event));
    }

    /// Tells what was noted, once a second at most, until [`ActivityFeed::close`].
    pub async fn run(&self, failed: impl Fn(StoreError)) {
        loop {
            let notes = self.events.take(CAPACITY).await;
            if notes.is_empty() {
                return;
            }
            for activity in gather(notes) {
                if let Err(error) = self.tell(activity).await {
                    failed(error);
                }
            }
            self.timer.sleep(ROUND).await;
        }
    }

    async fn tell(&self, activity: Activity) -> Result<(), StoreError> {
        let Some(server) = self.rights.server_of(activity.channel).await? else { return Ok(()) };
        let stream = StreamKey::Server(server);
        let viewers = self.rights.viewers(server, activity.channel, self.hub.followers_of(stream)).await?;
        self.hub.signal(stream, Signal::Activity(activity), |user| viewers.contains(&user));
        Ok(())
    }

    /// Ends the feed.
    pub fn close(&self) {
        self.events.close();
    }
}

impl Note {
    fn of(channel: ChannelId, event: &StreamEvent) -> Self {
        let created = match &event.body {
            EventBody::MessageCreated { message, .. } => Some(ActivityMessage {
                id: message.id,
                seq: message.seq,
                author: message.author.id,
                mentions: message.mentions.clone(),
            }),
            _ => None,
        };
        let deleted = match &event.body {
            EventBody::MessagesDeleted { messages, .. } => messages.iter().map(|(_, seq)| *seq).collect(),
            _ => Vec::new(),
        };
        Self { channel, seq: event.seq, created, deleted }
    }
}

/// One activity for each unbroken run of each channel, so that a hole shows in the next one's `after`.
fn gather(notes: Vec<Note>) -> Vec<Activity> {
    let mut open: BTreeMap<ChannelId, Activity> = BTreeMap::new();
    let mut done = Vec::new();
    for note in notes {
        let after = Seq(note.seq.0.saturating_sub(1));
        let fresh = || Activity {
            channel: note.channel,
            after,
            head: after,
            created: Vec::new(),
            deleted: Vec::new(),
        };
        let activity = open.entry(note.channel).or_insert_with(fresh);
        if activity.head != after {
            done.push(std::mem::replace(activity, fresh()));
        }
        activity.head = note.seq;
        activity.created.extend(note.created);
        activity.deleted.extend(note.deleted);
    }
    done.extend(open.into_values());
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(channel: u128, seq: u64) -> Note {
        Note { channel: ChannelId::from_u128(channel), seq: Seq(seq), created: None, deleted: vec![Seq(seq)] }
    }

    #[test]
    fn an_unbroken_run_is_one_activity() {
        let activities = gather(vec![note(1, 5), note(2, 9), note(1, 6)]);
        let runs: Vec<_> = activities.iter().map(|activity| (activity.after, activity.head)).collect();
        assert_eq!(runs, [(Seq(4), Seq(6)), (Seq(8), Seq(9))]);
    }

    #[test]
    fn a_hole_begins_another_activity() {
        let activities = gather(vec![note(1, 5), note(1, 7)]);
        let runs: Vec<_> = activities.iter().map(|activity| (activity.after, activity.head)).collect();
        assert_eq!(runs, [(Seq(4), Seq(5)), (Seq(6), Seq(7))]);
    }
}
