//! Applies what the server service publishes to the chat service's own copy, in order, whatever the bus did to it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use super::{
    hub::Hub,
    port::outbound::{Applied, Projection, Upstream},
    rights::Rights,
};
use crate::common::{
    Seq, ServerId, StoreError, StreamKey,
    community::User,
    event::{ServerChange, ServerEvent},
    sync::{Nudge, lock},
};

/// Changes asked of the server service at once.
const PAGE: usize = 256;
/// Servers whose told place is remembered; beyond it all are forgotten, and told again.
const REMEMBERED: usize = 10_000;

/// What the projector asks.
pub struct ProjectorDeps {
    /// The copy.
    pub projection: Arc<dyn Projection>,
    /// Where missing changes come from.
    pub upstream: Arc<dyn Upstream>,
    /// Forgets what it knew of a changed server.
    pub rights: Arc<Rights>,
    /// Tells followers, and ends what was lost.
    pub hub: Arc<Hub>,
    /// Nudged when changes left outbox rows.
    pub relay: Arc<Nudge>,
}

/// Keeps the copy.
pub struct Projector {
    deps: ProjectorDeps,
    told: Mutex<HashMap<ServerId, Seq>>,
}

impl Projector {
    /// A projector over these parts.
    #[must_use]
    pub fn new(deps: ProjectorDeps) -> Self {
        Self { deps, told: Mutex::default() }
    }

    /// Takes a change from the bus. One that comes too early makes the copy catch up from the server service; one that the
    /// copy has already, perhaps by another node's hand, is still news to whoever follows here.
    pub async fn receive(&self, event: ServerEvent) -> Result<(), StoreError> {
        let (server, seq, person) = (event.server, event.seq, person_of(&event.change));
        match self.deps.projection.apply(event).await? {
            Applied::Done { grown } => self.tell(server, seq, grown),
            Applied::Stale => self.tell(server, seq, person.into_iter().collect()),
            Applied::Gap { .. } => self.catch_up(server).await?,
        }
        Ok(())
    }

    /// Takes a profile from the bus. Answers whether it was news.
    pub async fn receive_user(&self, user: User, revision: u64) -> Result<bool, StoreError> {
        self.deps.projection.keep_user(user, revision).await
    }

    /// Asks the server service for everything behind the copy.
    async fn catch_up(&self, server: ServerId) -> Result<(), StoreError> {
        loop {
            let at = self.deps.projection.position(server).await?.map_or(Seq::ZERO, |(_, seq)| seq);
            let events = self.deps.upstream.events(server, at, PAGE).await?;
            let mut progress = false;
            for event in events {
                let seq = event.seq;
                if let Applied::Done { grown } = self.deps.projection.apply(event).await? {
                    self.tell(server, seq, grown);
                    progress = true;
                }
            }
            if !progress {
                return Ok(());
            }
        }
    }

    /// Makes the copy as new as the server service is, and forgets what this node knew of it if it has grown, by
    /// whichever node's hand: a change may have come without a hint.
    pub async fn look_at(&self, server: ServerId) -> Result<(), StoreError> {
        self.catch_up(server).await?;
        let Some((_, seq)) = self.deps.projection.position(server).await? else { return Ok(()) };
        let told = lock(&self.told).get(&server).copied();
        if told.is_none_or(|told| told < seq) {
            self.tell(server, seq, Vec::new());
        }
        Ok(())
    }

    fn tell(&self, server: ServerId, seq: Seq, grown: Vec<StreamKey>) {
        {
            let mut told = lock(&self.told);
            if told.len() >= REMEMBERED {
                told.clear();
            }
            let place = told.entry(server).or_default();
            *place = seq.max(*place);
        }
        self.deps.rights.forget(server);
        self.deps.hub.suspect(server);
        self.deps.hub.announce(StreamKey::Server(server), seq);
        grown.into_iter().for_each(|stream| self.deps.hub.look_at(stream));
        self.deps.relay.nudge();
    }
}

fn person_of(change: &ServerChange) -> Option<StreamKey> {
    match change {
        ServerChange::MemberJoined { member, .. } => Some(StreamKey::User(member.user)),
        ServerChange::MemberRemoved { user, .. } => Some(StreamKey::User(*user)),
        _ => None,
    }
}
