//! The hub: everybody on this node who follows a stream, behind one gate per stream.
//!
//! Hints come in through [`Hub::offer`] in any order, any number of times, or never. The next event is delivered at
//! once; a hole is read from the store by [`Hub::pump`]; [`Hub::check_heads`] finds what no hint told, above all a lost last
//! one. A newcomer is registered first and reads what it missed second, so nothing falls between.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    error::{ChatError, Refusal},
    follow::{Catching, Follower, Phase},
    gate::{Gate, Passage},
    model::{Delivery, EndCode, GapReason, Item, Signal, StreamEvent},
    port::{
        inbound::{Follow, FollowId, Followed},
        outbound::{EventLog, EventPage, Room, Timer},
    },
    rights::{Audience, Rights},
};
use crate::common::{
    Epoch, Position, Seq, ServerId, StoreError, StreamKey,
    sync::{Nudge, lock},
};

/// Events read from the store at once.
pub(super) const PAGE: usize = 256;
/// Streams whose heads are asked for at once.
const HEADS: usize = 500;
/// How long a reader waits before it asks a failing store again.
pub(super) const RETRY: Duration = Duration::from_millis(500);

/// What the hub asks.
pub struct HubDeps {
    /// Where holes are read from.
    pub log: Arc<dyn EventLog>,
    /// Who may see what.
    pub rights: Arc<Rights>,
    /// Lets time pass between tries.
    pub timer: Arc<dyn Timer>,
}

/// One followed stream.
pub(super) struct Cell {
    pub(super) stream: StreamKey,
    pub(super) server: Option<ServerId>,
    pub(super) state: Mutex<CellState>,
}

#[derive(Default)]
pub(super) struct CellState {
    pub(super) gate: Option<Gate>,
    early: Seq,
    pub(super) followers: BTreeMap<FollowId, Follower>,
}

/// Everybody on this node who follows a stream.
pub struct Hub {
    deps: HubDeps,
    cells: Mutex<HashMap<StreamKey, Arc<Cell>>>,
    dirty: Mutex<BTreeSet<StreamKey>>,
    suspects: Mutex<BTreeSet<ServerId>>,
    nudge: Nudge,
    next: AtomicU64,
}

impl Hub {
    /// A hub that nobody follows anything on.
    #[must_use]
    pub fn new(deps: HubDeps) -> Self {
        Self {
            deps,
            cells: Mutex::default(),
            dirty: Mutex::default(),
            suspects: Mutex::default(),
            nudge: Nudge::default(),
            next: AtomicU64::new(1),
        }
    }

    pub(super) fn cell(&self, stream: StreamKey) -> Option<Arc<Cell>> {
        lock(&self.cells).get(&stream).cloned()
    }

    /// Takes a hint that carries its event.
    pub fn offer(&self, event: StreamEvent) {
        let Some(cell) = self.cell(event.stream) else { return };
        let mut state = lock(&cell.state);
        let Some(gate) = &mut state.gate else {
            state.early = state.early.max(event.seq);
            return;
        };
        // Who may see an event of a server depends on the event, which takes a look at rights: the pump does that.
        let direct = !matches!(event.stream, StreamKey::Server(_)) && gate.epoch() == event.epoch;
        if direct && gate.offer(event.seq) == Passage::Next {
            state.deliver(event);
        } else if !direct {
            gate.announce(event.seq);
        }
        if state.gate.is_some_and(|gate| gate.has_hole()) {
            self.mark(cell.stream);
        }
    }

    /// Takes a hint that a stream goes up to `head`.
    pub fn announce(&self, stream: StreamKey, head: Seq) {
        let Some(cell) = self.cell(stream) else { return };
        let mut state = lock(&cell.state);
        let Some(gate) = &mut state.gate else {
            state.early = state.early.max(head);
            return;
        };
        gate.announce(head);
        if gate.has_hole() {
            self.mark(stream);
        }
    }

    fn mark(&self, stream: StreamKey) {
        if lock(&self.dirty).insert(stream) {
            self.nudge.nudge();
        }
    }

    /// Takes a hint that a stream may have grown, without a number.
    pub fn look_at(&self, stream: StreamKey) {
        let Some(cell) = self.cell(stream) else { return };
        let mut state = lock(&cell.state);
        if let Some(gate) = &mut state.gate {
            gate.announce(gate.last().next());
            self.mark(stream);
        }
    }

    /// Takes a hint that rights in a server may have changed: running subscriptions are looked at again.
    pub fn suspect(&self, server: ServerId) {
        lock(&self.suspects).insert(server);
        self.nudge.nudge();
    }

    /// Ends lost subscriptions and reads holes from the store until [`Hub::close`]; `failed` hears of each failure.
    /// What failed is tried again at the next hint or head check.
    pub async fn pump(&self, failed: impl Fn(StoreError)) {
        while self.nudge.wait().await {
            self.recheck_suspects(&failed).await;
            self.repair(&failed).await;
        }
    }

    async fn recheck_suspects(&self, failed: &impl Fn(StoreError)) {
        let suspects = std::mem::take(&mut *lock(&self.suspects));
        for server in suspects {
            if let Err(error) = self.recheck(server).await {
                lock(&self.suspects).insert(server);
                failed(error);
            }
        }
    }

    /// Reads every hole known now.
    async fn repair(&self, failed: &impl Fn(StoreError)) {
        loop {
            let next = lock(&self.dirty).pop_first();
            let Some(stream) = next else { return };
            let Some(cell) = self.cell(stream) else { continue };
            if let Err(error) = self.fill(&cell).await {
                failed(error);
            }
        }
    }

    async fn fill(&self, cell: &Cell) -> Result<(), StoreError> {
        loop {
            let hole = lock(&cell.state).gate.filter(Gate::has_hole).map(|gate| gate.last());
            let Some(after) = hole else { return Ok(()) };
            let Some(page) = self.deps.log.events(cell.stream, after, PAGE).await? else {
                return Ok(());
            };
            let audience = self.audience(cell, &page).await?;
            if !lock(&cell.state).take_page(cell.stream, page, &audience) {
                return Ok(());
            }
        }
    }

    /// Who of the followers may see which of the page's events.
    async fn audience(&self, cell: &Cell, page: &EventPage) -> Result<Audience, StoreError> {
        let StreamKey::Server(server) = cell.stream else { return Ok(Audience::everybody()) };
        let users: BTreeSet<_> = lock(&cell.state).followers.values().map(|follower| follower.user).collect();
        self.deps.rights.audience(server, users, &page.events).await
    }

    /// Asks the store how far the followed streams go, for hints that were lost without a trace.
    pub async fn check_heads(&self) -> Result<(), StoreError> {
        if !lock(&self.suspects).is_empty() {
            self.nudge.nudge();
        }
        let streams: Vec<_> = lock(&self.cells).keys().copied().collect();
        for part in streams.chunks(HEADS) {
            for found in self.deps.log.heads(part.to_vec()).await? {
                self.renumber(found.stream, found.epoch);
                self.announce(found.stream, found.head);
            }
        }
        Ok(())
    }

    /// Has the stream read again if the store numbers it otherwise than the gate does.
    pub(super) fn renumber(&self, stream: StreamKey, epoch: Epoch) {
        let Some(cell) = self.cell(stream) else { return };
        let mut state = lock(&cell.state);
        if let Some(gate) = state.gate.as_mut().filter(|gate| gate.epoch() != epoch) {
            gate.announce(gate.last().next());
            self.mark(stream);
        }
    }

    /// Registers a follower whose rights were checked. Nothing is delivered before [`Followed::catch_up`] is awaited.
    pub async fn follow(
        self: &Arc<Self>,
        follow: Follow,
        from: Option<Position>,
        server: Option<ServerId>,
    ) -> Result<Followed, ChatError> {
        let id = FollowId(self.next.fetch_add(1, Ordering::Relaxed));
        let cell = self.register(id, &follow, server);
        let gate = match self.open_gate(&cell).await {
            Ok(Some(gate)) => gate,
            Ok(None) => {
                self.unfollow(follow.stream, id);
                return Err(not_found(follow.stream).into());
            }
            Err(error) => {
                self.unfollow(follow.stream, id);
                return Err(error.into());
            }
        };
        let catching = Catching { hub: Arc::clone(self), cell, id, gate, from, follow };
        Ok(Followed { id, epoch: gate.epoch(), head: gate.last(), catch_up: Box::pin(catching.run()) })
    }

    fn register(&self, id: FollowId, follow: &Follow, server: Option<ServerId>) -> Arc<Cell> {
        let mut cells = lock(&self.cells);
        let cell = cells
            .entry(follow.stream)
            .or_insert_with(|| Arc::new(Cell { stream: follow.stream, server, state: Mutex::default() }));
        let follower = Follower {
            user: follow.actor.user,
            subscription: follow.subscription,
            queue: Arc::clone(&follow.follower),
            phase: Phase::CatchingUp,
        };
        lock(&cell.state).followers.insert(id, follower);
        Arc::clone(cell)
    }

    /// The gate of a cell; for a new one it is set to the stream's head.
    async fn open_gate(&self, cell: &Cell) -> Result<Option<Gate>, StoreError> {
        if let Some(gate) = lock(&cell.state).gate {
            return Ok(Some(gate));
        }
        let heads = self.deps.log.heads(vec![cell.stream]).await?;
        let Some(found) = heads.first() else { return Ok(None) };
        let mut state = lock(&cell.state);
        let early = state.early;
        let gate = *state.gate.get_or_insert_with(|| {
            let mut gate = Gate::behind(found.epoch, found.head);
            gate.announce(early);
            gate
        });
        if gate.has_hole() {
            self.mark(cell.stream);
        }
        Ok(Some(gate))
    }

    /// Ends a subscription without a word.
    pub fn unfollow(&self, stream: StreamKey, id: FollowId) {
        let mut cells = lock(&self.cells);
        let Some(cell) = cells.get(&stream) else { return };
        let empty = {
            let mut state = lock(&cell.state);
            state.followers.remove(&id);
            state.followers.is_empty()
        };
        if empty {
            cells.remove(&stream);
        }
    }

    /// Looks again at the rights of everybody who follows something of `server`, and ends what they lost.
    async fn recheck(&self, server: ServerId) -> Result<(), StoreError> {
        let cells: Vec<_> =
            lock(&self.cells).values().filter(|cell| cell.server == Some(server)).cloned().collect();
        for cell in cells {
            let followers: Vec<_> =
                lock(&cell.state).followers.iter().map(|(id, follower)| (*id, follower.user)).collect();
            for (id, user) in followers {
                if let Some(code) = self.deps.rights.end_code(user, server, cell.stream).await? {
                    self.end(&cell, id, code);
                }
            }
        }
        Ok(())
    }

    fn end(&self, cell: &Cell, id: FollowId, code: EndCode) {
        let ended = {
            let mut state = lock(&cell.state);
            let epoch = state.epoch();
            state.followers.remove(&id).map(|follower| (follower, epoch))
        };
        if let Some((follower, epoch)) = ended {
            let last = Delivery::new(cell.stream, epoch, Item::Ended(code));
            follower.queue.deliver(follower.subscription, Arc::new(last));
        }
        self.unfollow(cell.stream, id);
    }

    /// Sends something without a number to those followers of a stream for whom `to` holds.
    pub fn signal(&self, stream: StreamKey, signal: Signal, to: impl Fn(crate::common::UserId) -> bool) {
        let Some(cell) = self.cell(stream) else { return };
        let mut state = lock(&cell.state);
        let delivery = Arc::new(Delivery::new(stream, state.epoch(), Item::Signal(signal)));
        state.followers.retain(|_, follower| {
            !matches!(follower.phase, Phase::Live { .. })
                || !to(follower.user)
                || follower.queue.deliver(follower.subscription, Arc::clone(&delivery)) == Room::Open
        });
    }

    /// Who follows a stream on this node.
    #[must_use]
    pub fn followers_of(&self, stream: StreamKey) -> BTreeSet<crate::common::UserId> {
        self.cell(stream)
            .map(|cell| lock(&cell.state).followers.values().map(|follower| follower.user).collect())
            .unwrap_or_default()
    }

    /// The servers of which anything is followed on this node.
    #[must_use]
    pub fn followed_servers(&self) -> BTreeSet<ServerId> {
        lock(&self.cells).values().filter_map(|cell| cell.server).collect()
    }

    /// A stream's numbering. `None`: there is no such stream.
    pub(super) async fn epoch_of(&self, stream: StreamKey) -> Result<Option<Epoch>, StoreError> {
        let heads = self.deps.log.heads(vec![stream]).await?;
        Ok(heads.first().map(|found| found.epoch))
    }

    pub(super) const fn deps(&self) -> &HubDeps {
        &self.deps
    }

    /// Ends the pump.
    pub fn close(&self) {
        self.nudge.close();
    }
}

pub(super) fn not_found(stream: StreamKey) -> Refusal {
    match stream {
        StreamKey::Channel(_) => Refusal::ChannelNotFound,
        StreamKey::Server(_) | StreamKey::User(_) => Refusal::ServerNotFound,
    }
}

impl CellState {
    fn epoch(&self) -> Epoch {
        self.gate.map_or(Epoch(0), |gate| gate.epoch())
    }

    /// Delivers an event that everybody here may see.
    fn deliver(&mut self, event: StreamEvent) {
        let seq = event.seq;
        let delivery = Arc::new(Delivery::new(event.stream, event.epoch, Item::Event(event)));
        self.followers.retain(|_, follower| follower.take(seq, seq, &delivery));
    }

    /// Delivers an event to those who may see it, and a skip to the others.
    fn deliver_to(&mut self, event: StreamEvent, audience: &Audience) {
        if audience.is_everybody(event.seq) {
            return self.deliver(event);
        }
        let seq = event.seq;
        let skip = Item::Skip { from: seq, to: seq };
        let hidden = Arc::new(Delivery::new(event.stream, event.epoch, skip));
        let shown = Arc::new(Delivery::new(event.stream, event.epoch, Item::Event(event)));
        self.followers.retain(|_, follower| {
            let seen = audience.sees(follower.user, seq);
            follower.take(seq, seq, if seen { &shown } else { &hidden })
        });
    }

    /// Tells everybody that a range is not to be had, and moves the gate behind it.
    fn pass_over(&mut self, stream: StreamKey, to: Seq, item: impl Fn(Seq, Seq) -> Item) {
        let Some(gate) = &mut self.gate else { return };
        let (from, epoch) = (gate.last().next(), gate.epoch());
        if to < from {
            return;
        }
        gate.pass_over(to);
        let delivery = Arc::new(Delivery::new(stream, epoch, item(from, to)));
        self.followers.retain(|_, follower| follower.take(from, to, &delivery));
    }

    /// Lets a page read from the store through the gate. Answers whether there may be more to read.
    fn take_page(&mut self, stream: StreamKey, page: EventPage, audience: &Audience) -> bool {
        let Some(gate) = &mut self.gate else { return false };
        if gate.epoch() != page.epoch {
            *gate = Gate::behind(page.epoch, Seq::ZERO);
            self.followers.values_mut().for_each(Follower::renumber);
            self.pass_over(stream, page.head, |from, to| Item::Gap { from, to, reason: GapReason::Epoch });
            return false;
        }
        let before = gate.last();
        self.pass_over(stream, page.purged_through, |from, to| Item::Gap {
            from,
            to,
            reason: GapReason::Purged,
        });
        for event in page.events {
            self.pass_over(stream, Seq(event.seq.0.saturating_sub(1)), |from, to| Item::Skip { from, to });
            let next = self.gate.as_mut().is_some_and(|gate| gate.offer(event.seq) == Passage::Next);
            if next {
                self.deliver_to(event, audience);
            }
        }
        self.pass_over(stream, page.through, |from, to| Item::Skip { from, to });
        let Some(gate) = &mut self.gate else { return false };
        if gate.last() == before {
            gate.correct(page.head);
        }
        gate.has_hole() && gate.last() > before
    }
}
