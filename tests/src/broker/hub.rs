//! All queues and topics of a broker, and who is subscribed to them. Nothing here waits.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use echopulse_protocol::stomp::server::{Delivery, Relayed};
use tokio::sync::Notify;

use super::place::{Consumer, Kept, Place};

/// Octets that wait in one queue. Beyond, nothing more is taken.
const LARGEST_QUEUE: usize = 256 * 1024 * 1024;

/// A subscription, for whoever holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ConsumerId(u64);

/// The queue holds as much as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

/// What a broker holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Held {
    /// Subscriptions.
    pub subscriptions: usize,
    /// Queues and topics that have messages or subscribers.
    pub places: usize,
    /// Messages, waiting or not acknowledged.
    pub messages: usize,
}

/// One queue or topic.
#[derive(Debug, Default)]
struct Spot {
    /// What nobody was handed yet; queues only.
    ready: VecDeque<Kept>,
    octets: usize,
    /// In turn.
    consumers: VecDeque<ConsumerId>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    places: HashMap<Place, Spot>,
    consumers: BTreeMap<ConsumerId, Consumer>,
    issued: u64,
}

/// What all connections share, behind one lock.
#[derive(Debug, Default)]
pub(super) struct Hub(Mutex<State>);

impl Hub {
    /// Everything that is done with one lock has nothing in between.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn held(&self) -> Held {
        let state = self.lock();
        let ready: usize = state.places.values().map(|spot| spot.ready.len()).sum();
        let handed: usize = state.consumers.values().map(Consumer::count).sum();
        Held { subscriptions: state.consumers.len(), places: state.places.len(), messages: ready + handed }
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.issued += 1;
        self.issued
    }

    /// A name that no other message has.
    pub(super) fn message_id(&mut self) -> String {
        format!("m{}", self.number())
    }

    pub(super) fn join(&mut self, place: Place, window: Option<usize>, wake: Arc<Notify>) -> ConsumerId {
        let id = ConsumerId(self.number());
        self.places.entry(place.clone()).or_default().consumers.push_back(id);
        self.consumers.insert(id, Consumer::new(place.clone(), window, wake));
        self.hand_out(&place);
        id
    }

    /// Ends a subscription. What a queue's subscriber has not taken goes to the others.
    pub(super) fn leave(&mut self, id: ConsumerId) {
        let Some(consumer) = self.consumers.remove(&id) else { return };
        let place = consumer.place.clone();
        if let Some(spot) = self.places.get_mut(&place) {
            spot.consumers.retain(|known| *known != id);
        }
        if matches!(place, Place::Queue(_)) {
            for kept in consumer.into_rest() {
                self.put_back(&place, kept);
            }
        }
        self.hand_out(&place);
    }

    pub(super) fn publish(&mut self, place: &Place, message: Relayed) -> Result<(), Full> {
        let kept = Kept { number: self.number(), message: Arc::new(message), redelivered: false };
        match place {
            Place::Topic(_) => {
                let Some(spot) = self.places.get(place) else { return Ok(()) };
                for id in &spot.consumers {
                    if let Some(consumer) = self.consumers.get_mut(id) {
                        consumer.push(kept.clone());
                    }
                }
            }
            Place::Queue(_) => {
                let spot = self.places.entry(place.clone()).or_default();
                if spot.octets + kept.octets() > LARGEST_QUEUE {
                    return Err(Full);
                }
                spot.octets += kept.octets();
                spot.ready.push_back(kept);
                self.hand_out(place);
            }
        }
        Ok(())
    }

    /// What was handed out already comes before what was not, in the order in which it came.
    fn put_back(&mut self, place: &Place, kept: Kept) {
        let spot = self.places.entry(place.clone()).or_default();
        spot.octets += kept.octets();
        let at = spot.ready.partition_point(|other| other.number < kept.number);
        spot.ready.insert(at, kept);
    }

    /// Hands what is ready to subscribers with room, in turn.
    fn hand_out(&mut self, place: &Place) {
        let Some(spot) = self.places.get_mut(place) else { return };
        let mut passed = 0;
        while passed < spot.consumers.len() && !spot.ready.is_empty() {
            spot.consumers.rotate_left(1);
            let next = spot.consumers.back().and_then(|id| self.consumers.get_mut(id));
            match next.filter(|consumer| consumer.has_room()) {
                Some(consumer) => {
                    let Some(kept) = spot.ready.pop_front() else { break };
                    spot.octets -= kept.octets();
                    consumer.push(kept);
                    passed = 0;
                }
                None => passed += 1,
            }
        }
        if spot.ready.is_empty() && spot.consumers.is_empty() {
            self.places.remove(place);
        }
    }

    fn consumer(&mut self, id: ConsumerId) -> Option<&mut Consumer> {
        self.consumers.get_mut(&id)
    }

    pub(super) fn is_slow(&self, id: ConsumerId) -> bool {
        self.consumers.get(&id).is_some_and(|consumer| consumer.is_slow)
    }

    pub(super) fn next(&mut self, id: ConsumerId) -> Option<Kept> {
        let kept = self.consumer(id)?.pop()?;
        let place = self.consumer(id)?.place.clone();
        self.hand_out(&place);
        Some(kept)
    }

    /// A message was handed to the connection, and waits under this number if it is to be acknowledged.
    pub(super) fn handed(&mut self, id: ConsumerId, delivery: Option<Delivery>, kept: Kept) {
        let Some(consumer) = self.consumer(id) else { return };
        match delivery {
            Some(delivery) => consumer.awaits(delivery, kept),
            None => consumer.unwritten(kept),
        }
    }

    /// Everything that was handed to the connection was written.
    pub(super) fn written(&mut self, id: ConsumerId) {
        if let Some(consumer) = self.consumer(id) {
            consumer.written();
        }
    }

    /// A message was taken, or, if it is to be had `again`, refused. Topics keep nothing.
    pub(super) fn settle(&mut self, id: ConsumerId, delivery: Delivery, again: bool) {
        let Some(consumer) = self.consumer(id) else { return };
        let Some(kept) = consumer.settle(delivery) else { return };
        let place = consumer.place.clone();
        consumer.wake.notify_one();
        if again && matches!(place, Place::Queue(_)) {
            self.put_back(&place, Kept { redelivered: true, ..kept });
        }
        self.hand_out(&place);
    }
}
