//! One follower of a stream, and how it catches up before it is live.

use std::sync::Arc;

use super::{
    gate::Gate,
    hub::{Cell, Hub, PAGE, RETRY},
    model::{Delivery, EndCode, GapReason, Item},
    port::{
        inbound::{Follow, FollowId, Start},
        outbound::{self, EventPage, Room},
    },
    rights::Audience,
};
use crate::common::{Epoch, Position, Seq, StoreError, StreamKey, UserId, sync::lock};

/// Further behind than this, a follower is told to fetch history and starts at the head.
pub(super) const TOO_FAR: u64 = 1000;

/// Whether a follower gets live events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It still reads what it missed.
    CatchingUp,
    /// It has everything up to `at`.
    Live { at: Seq },
}

/// Somebody who follows a stream.
pub(super) struct Follower {
    pub(super) user: UserId,
    pub(super) subscription: u64,
    pub(super) queue: Arc<dyn outbound::Follower>,
    pub(super) phase: Phase,
}

impl Follower {
    /// Takes what stands at `from..=to`, unless it had all of it or is not live. Answers whether it stays.
    pub(super) fn take(&mut self, from: Seq, to: Seq, delivery: &Arc<Delivery>) -> bool {
        let Phase::Live { at } = &mut self.phase else { return true };
        if to <= *at {
            return true;
        }
        debug_assert!(from <= at.next(), "a live follower is never behind its gate");
        *at = to;
        self.queue.deliver(self.subscription, Arc::clone(delivery)) == Room::Open
    }

    /// Forgets its place: the stream counts anew.
    pub(super) fn renumber(&mut self) {
        if let Phase::Live { at } = &mut self.phase {
            *at = Seq::ZERO;
        }
    }
}

/// A follower on its way from its position to the gate.
pub(super) struct Catching {
    pub(super) hub: Arc<Hub>,
    pub(super) cell: Arc<Cell>,
    pub(super) id: FollowId,
    pub(super) gate: Gate,
    /// The last event had; `None`: from now on.
    pub(super) from: Option<Position>,
    pub(super) follow: Follow,
}

/// The follower is gone, or was ended: nothing more is delivered.
struct Gone;

impl Catching {
    /// Delivers what was missed, page by page, and goes live under the cell's lock once the gate is reached.
    pub(super) async fn run(self) {
        let mut place = self.from.unwrap_or(Position { epoch: self.gate.epoch(), after: self.gate.last() });
        let mut first = true;
        loop {
            let page = self.hub.deps().log.events(self.cell.stream, place.after, PAGE).await;
            let step = match page {
                Ok(Some(page)) => self.step(&mut place, page, std::mem::take(&mut first)).await,
                Ok(None) => Ok(self.end()),
                Err(error) => Err(error),
            };
            match step {
                Ok(Some(Gone)) => return,
                Ok(None) if self.go_live(place) => return,
                Ok(None) => {}
                Err(_) => self.hub.deps().timer.sleep(RETRY).await,
            }
            if !self.is_registered() {
                return;
            }
        }
    }

    async fn step(
        &self,
        place: &mut Position,
        page: EventPage,
        first: bool,
    ) -> Result<Option<Gone>, StoreError> {
        let audience = match self.cell.stream {
            StreamKey::Server(server) => {
                self.hub.deps().rights.audience(server, [self.follow.actor.user].into(), &page.events).await?
            }
            _ => Audience::everybody(),
        };
        if (first || place.epoch != page.epoch)
            && let Some((from, reason)) = self.first_gap(*place, &page)
        {
            *place = Position { epoch: page.epoch, after: page.head };
            return Ok(self.send_gap(page.epoch, from, page.head, reason).await);
        }
        if page.purged_through > place.after {
            let (from, to) = (place.after.next(), page.purged_through);
            place.after = to;
            if self.send_gap(page.epoch, from, to, GapReason::Purged).await.is_some() {
                return Ok(Some(Gone));
            }
        }
        Ok(self.send_page(place, page, &audience).await)
    }

    /// The gap that begins a resume, if the position cannot be followed from.
    fn first_gap(&self, place: Position, page: &EventPage) -> Option<(Seq, GapReason)> {
        let ahead_is_fine = matches!(self.cell.stream, StreamKey::Server(_));
        if place.epoch != page.epoch || (place.after > page.head && !ahead_is_fine) {
            return Some((Seq(1), GapReason::Epoch));
        }
        // Whoever has their position kept here is told everything since, page by page, as fast as they take it.
        let limited = self.follow.start != Start::Stored;
        (limited && page.head.0.saturating_sub(place.after.0) > TOO_FAR)
            .then(|| (place.after.next(), GapReason::TooFar))
    }

    async fn send_page(&self, place: &mut Position, page: EventPage, audience: &Audience) -> Option<Gone> {
        for event in page.events {
            if event.seq <= place.after {
                continue;
            }
            let before = Seq(event.seq.0 - 1);
            if before > place.after && self.send_skip(page.epoch, place.after.next(), before).await.is_some()
            {
                return Some(Gone);
            }
            let seq = event.seq;
            let item = if audience.sees(self.follow.actor.user, seq) {
                Item::Event(event)
            } else {
                Item::Skip { from: seq, to: seq }
            };
            place.after = seq;
            if self.send(page.epoch, item).await.is_some() {
                return Some(Gone);
            }
        }
        if page.through > place.after {
            let from = place.after.next();
            place.after = page.through;
            return self.send_skip(page.epoch, from, page.through).await;
        }
        None
    }

    async fn send_gap(&self, epoch: Epoch, from: Seq, to: Seq, reason: GapReason) -> Option<Gone> {
        if to < from {
            return None;
        }
        self.send(epoch, Item::Gap { from, to, reason }).await
    }

    async fn send_skip(&self, epoch: Epoch, from: Seq, to: Seq) -> Option<Gone> {
        self.send(epoch, Item::Skip { from, to }).await
    }

    /// Delivers once there is room, unless the subscription was ended meanwhile.
    async fn send(&self, epoch: Epoch, item: Item) -> Option<Gone> {
        let queue = &self.follow.follower;
        if queue.room().await == Room::Gone {
            self.hub.unfollow(self.cell.stream, self.id);
            return Some(Gone);
        }
        let state = lock(&self.cell.state);
        if !state.followers.contains_key(&self.id) {
            return Some(Gone);
        }
        let delivery = Arc::new(Delivery::new(self.cell.stream, epoch, item));
        let room = queue.deliver(self.follow.subscription, delivery);
        drop(state);
        (room == Room::Gone).then(|| {
            self.hub.unfollow(self.cell.stream, self.id);
            Gone
        })
    }

    /// Lets live events through, if everything before them was delivered.
    fn go_live(&self, place: Position) -> bool {
        let mut state = lock(&self.cell.state);
        let Some(gate) = state.gate else { return false };
        if gate.epoch() != place.epoch {
            drop(state);
            self.hub.renumber(self.cell.stream, place.epoch);
            return false;
        }
        if place.after < gate.last() {
            return false;
        }
        if let Some(follower) = state.followers.get_mut(&self.id) {
            follower.phase = Phase::Live { at: place.after };
        }
        true
    }

    /// The stream is gone from the store: a deleted channel or server.
    fn end(&self) -> Option<Gone> {
        let code = match self.cell.stream {
            StreamKey::Channel(_) => EndCode::ChannelDeleted,
            StreamKey::Server(_) => EndCode::ServerDeleted,
            StreamKey::User(_) => EndCode::SessionEnded,
        };
        let removed = lock(&self.cell.state).followers.remove(&self.id);
        if let Some(follower) = removed {
            let last = Delivery::new(self.cell.stream, self.gate.epoch(), Item::Ended(code));
            follower.queue.deliver(follower.subscription, Arc::new(last));
        }
        self.hub.unfollow(self.cell.stream, self.id);
        Some(Gone)
    }

    fn is_registered(&self) -> bool {
        lock(&self.cell.state).followers.contains_key(&self.id)
    }
}
