//! What a connection works on: in order within a channel, side by side otherwise.
//!
//! The next write of a channel begins when the one before is durable. Beginning it earlier could let it overtake, while the one in
//! front still waits for a look at rights.

use std::collections::{HashMap, VecDeque};

use echopulse_core::common::{BoxFuture, ChannelId, limit::Standing};
use echopulse_http::ApiError;
use echopulse_protocol::stomp::server::Ticket;
use futures_util::{StreamExt, stream::FuturesUnordered};

use super::work::{Done, Work};
use crate::ChatApp;

/// Pieces of work that may be begun or waiting; beyond it the socket is not read.
const MOST: usize = 256;

/// A piece of work that came to its end.
pub(super) struct Finished {
    lane: Option<ChannelId>,
    pub(super) ticket: Option<Ticket>,
    pub(super) outcome: Result<Done, ApiError>,
    /// How the buckets stand in which it was counted.
    pub(super) standings: Vec<Standing>,
}

/// What a connection works on.
pub(super) struct Lanes {
    app: ChatApp,
    running: FuturesUnordered<BoxFuture<'static, Finished>>,
    /// What waits behind the running piece of each lane; a lane without one has no entry.
    waiting: HashMap<Option<ChannelId>, VecDeque<(Work, Option<Ticket>)>>,
    count: usize,
}

impl Lanes {
    pub(super) fn new(app: ChatApp) -> Self {
        Self { app, running: FuturesUnordered::new(), waiting: HashMap::new(), count: 0 }
    }

    pub(super) const fn has_room(&self) -> bool {
        self.count < MOST
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Begins a piece of work, or lines it up.
    pub(super) fn push(&mut self, work: Work, ticket: Option<Ticket>) {
        self.count += 1;
        let lane = work.channel();
        match self.waiting.get_mut(&lane) {
            Some(waiting) => waiting.push_back((work, ticket)),
            None => {
                self.waiting.insert(lane, VecDeque::new());
                self.begin(lane, work, ticket);
            }
        }
    }

    fn begin(&self, lane: Option<ChannelId>, work: Work, ticket: Option<Ticket>) {
        let app = self.app.clone();
        self.running.push(Box::pin(async move {
            let (outcome, standings) = match work.count(&app).await {
                Ok(standings) => (work.perform(&app).await, standings),
                Err(refusal) => (Err(refusal), Vec::new()),
            };
            Finished { lane, ticket, outcome, standings }
        }));
    }

    /// Waits for the next piece to end; never ends while there is none.
    pub(super) async fn next(&mut self) -> Finished {
        let Some(finished) = self.running.next().await else { return std::future::pending().await };
        self.count -= 1;
        match self.waiting.get_mut(&finished.lane).and_then(VecDeque::pop_front) {
            Some((work, ticket)) => self.begin(finished.lane, work, ticket),
            None => {
                self.waiting.remove(&finished.lane);
            }
        }
        finished
    }
}
