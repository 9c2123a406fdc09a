//! Somebody who follows a channel, leaves, comes back with their position, and checks all that is shown.

use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::{Arc, Mutex},
    task::{Poll, Waker},
};

use super::check::Order;
use crate::{
    chat::{
        model::{Delivery, EventBody, GapReason, Item},
        port::{
            inbound::FollowId,
            outbound::{Follower, Room},
        },
    },
    common::{BoxFuture, Epoch, Position, Seq, UserId, sync::lock},
};

/// Deliveries that a reader's socket holds.
const CAPACITY: usize = 24;

/// A reader's socket.
#[derive(Default)]
pub(super) struct Inbox(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    items: VecDeque<Arc<Delivery>>,
    gone: bool,
    ended: bool,
    waiting: Vec<Waker>,
    /// What the subscription attempt came to.
    pub(super) state: State,
}

/// How far a subscription got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    /// The answer is not there yet.
    #[default]
    Asked,
    /// It exists and begins behind this place.
    Made(FollowId, Epoch, Seq),
    /// It was refused for good.
    Refused,
    /// It is to be tried again.
    Failed,
}

impl Inbox {
    pub(super) fn set(&self, state: State) {
        lock(&self.0).state = state;
    }

    pub(super) fn state(&self) -> State {
        lock(&self.0).state
    }

    fn pop(&self) -> Option<Arc<Delivery>> {
        let mut inner = lock(&self.0);
        inner.waiting.drain(..).for_each(Waker::wake);
        inner.items.pop_front()
    }

    fn is_over(&self) -> bool {
        let inner = lock(&self.0);
        (inner.gone || inner.ended) && inner.items.is_empty()
    }

    /// Closes the socket from the reader's side.
    pub(super) fn close(&self) {
        let mut inner = lock(&self.0);
        inner.gone = true;
        inner.waiting.drain(..).for_each(Waker::wake);
    }
}

impl Follower for Inbox {
    fn deliver(&self, _subscription: u64, delivery: Arc<Delivery>) -> Room {
        let mut inner = lock(&self.0);
        assert!(!inner.ended, "nothing is delivered behind `ended`");
        if inner.gone {
            return Room::Gone;
        }
        if matches!(delivery.item, Item::Ended(_)) {
            inner.items.clear();
            inner.ended = true;
        }
        if inner.items.len() >= CAPACITY {
            inner.gone = true;
            return Room::Gone;
        }
        inner.items.push_back(delivery);
        Room::Open
    }

    fn room(&self) -> BoxFuture<'_, Room> {
        Box::pin(poll_fn(|context| {
            let mut inner = lock(&self.0);
            if inner.gone {
                return Poll::Ready(Room::Gone);
            }
            if inner.items.len() <= CAPACITY / 2 {
                return Poll::Ready(Room::Open);
            }
            inner.waiting.push(context.waker().clone());
            Poll::Pending
        }))
    }
}

/// A running subscription of a reader.
pub(super) struct Running {
    pub(super) node: usize,
    pub(super) task: u64,
    pub(super) inbox: Arc<Inbox>,
    /// Whether the reader was a member all the time since the question.
    pub(super) member: bool,
}

/// A reader.
pub(super) struct Reader {
    pub(super) user: UserId,
    pub(super) position: Option<Position>,
    pub(super) running: Option<Running>,
    pub(super) shown: usize,
}

impl Reader {
    pub(super) const fn new(user: UserId) -> Self {
        Self { user, position: None, running: None, shown: 0 }
    }

    /// Looks at up to `count` deliveries. An error says which promise was broken.
    pub(super) fn look(&mut self, count: usize, order: &mut Order) -> Result<(), String> {
        let Some(inbox) = self.running.as_ref().map(|running| Arc::clone(&running.inbox)) else {
            return Ok(());
        };
        let State::Made(_, epoch, head) = inbox.state() else { return Ok(()) };
        let mut place = self.position.unwrap_or(Position { epoch, after: head });
        for _ in 0..count {
            let Some(delivery) = inbox.pop() else { break };
            show(&mut place, &delivery, order).map_err(|broken| format!("{:?}: {broken}", self.user))?;
            self.shown += 1;
        }
        self.position = Some(place);
        Ok(())
    }

    /// Whether the subscription ended or its socket was closed, and everything was looked at.
    pub(super) fn is_over(&self) -> bool {
        self.running.as_ref().is_some_and(|running| running.inbox.is_over())
    }
}

fn show(place: &mut Position, delivery: &Delivery, order: &mut Order) -> Result<(), String> {
    match &delivery.item {
        Item::Event(event) => {
            if event.epoch != place.epoch || event.seq != place.after.next() {
                return Err(format!("was shown {:?} {} behind {place:?}", event.epoch, event.seq));
            }
            if let EventBody::MessageCreated { message, .. } | EventBody::MessageUpdated { message, .. } =
                &event.body
                && message.deleted.is_some()
                && !message.content.is_empty()
            {
                return Err(format!("was shown the text of the tombstone {}", message.id));
            }
            order.agree(event)?;
            place.after = event.seq;
        }
        Item::Gap { to, reason: GapReason::Epoch, .. } => {
            *place = Position { epoch: delivery.epoch, after: *to }
        }
        Item::Skip { from, to } | Item::Gap { from, to, .. } => {
            if *from != place.after.next() {
                return Err(format!("was told of {from}..={to} behind {place:?}"));
            }
            place.after = *to;
        }
        Item::Ended(_) | Item::Signal(_) => {}
    }
    Ok(())
}
