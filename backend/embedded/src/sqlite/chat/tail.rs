//! The newest rows for the bus, as they were committed, so that a relay that keeps up need not read back what this process
//! has just written.
//!
//! The table of rows stays the truth: it is read at the start, and again whenever a commit did anything but post, since what
//! waits must show messages as they are now. Posts alone are what comes in thousands a second.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use echopulse_core::{
    chat::{
        model::{EventBody, StreamEvent},
        write::Outcome,
    },
    common::{Seq, StreamKey},
};

/// Rows kept; with more of them waiting, the table is read.
const CAPACITY: usize = 4096;

/// What is known of the rows for the bus without reading them.
#[derive(Debug, Default)]
pub(super) struct Tail(Mutex<State>);

#[derive(Debug, Default)]
enum State {
    /// The table has rows that are not here.
    #[default]
    Unknown,
    /// The table is being read; these were committed since, and the reader may have met them or not.
    Reading(VecDeque<StreamEvent>),
    /// These are all rows there are, in the order of their commits.
    Known(VecDeque<StreamEvent>),
}

/// A commit under way: unless it says that it only posted, what was known is forgotten, however it ends.
pub(super) struct Changing<'a>(Option<&'a Tail>);

impl Tail {
    /// To be held over a commit that adds or removes rows.
    pub(super) const fn changing(&self) -> Changing<'_> {
        Changing(Some(self))
    }

    /// The first rows, if they are known.
    pub(super) fn first(&self, limit: usize) -> Option<Vec<StreamEvent>> {
        match &*self.state() {
            State::Known(events) => Some(events.iter().take(limit).cloned().collect()),
            State::Unknown | State::Reading(_) => None,
        }
    }

    /// To be called before the table is read for [`Tail::learn`].
    pub(super) fn reading(&self) {
        *self.state() = State::Reading(VecDeque::new());
    }

    /// Takes all rows that the table had when it was read.
    pub(super) fn learn(&self, found: &[StreamEvent]) {
        let mut state = self.state();
        let State::Reading(since) = &mut *state else { return };
        let since = std::mem::take(since);
        let met: HashSet<_> = found.iter().map(place).collect();
        let since = since.into_iter().filter(|event| !met.contains(&place(event)));
        *state = State::Known(found.iter().cloned().chain(since).collect());
    }

    /// Drops rows that the table no longer has.
    pub(super) fn published(&self, rows: &[(StreamKey, Seq)]) {
        if let State::Known(events) = &mut *self.state() {
            let rows: HashSet<_> = rows.iter().copied().collect();
            events.retain(|event| !rows.contains(&place(event)));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, outcomes: &[Outcome]) {
        let mut state = self.state();
        let (State::Reading(events) | State::Known(events)) = &mut *state else { return };
        for outcome in outcomes {
            let Outcome::Stored(event) = outcome else { continue };
            if events.len() == CAPACITY || !matches!(event.body, EventBody::MessageCreated { .. }) {
                *state = State::Unknown;
                return;
            }
            events.push_back(event.clone());
        }
    }
}

impl Changing<'_> {
    /// The commit did this and nothing else. To be called before the next one begins, so that rows keep their order.
    pub(super) fn done(mut self, outcomes: &[Outcome]) {
        if let Some(tail) = self.0.take() {
            tail.append(outcomes);
        }
    }
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        if let Some(tail) = self.0 {
            *tail.state() = State::Unknown;
        }
    }
}

const fn place(event: &StreamEvent) -> (StreamKey, Seq) {
    (event.stream, event.seq)
}
