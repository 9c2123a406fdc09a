//! Simulated time: it stands still while anything can run.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    sync::Mutex,
    task::{Poll, Waker},
    time::Duration,
};

use crate::{
    chat::port::outbound::Timer,
    common::{
        BoxFuture, Timestamp,
        port::{Clock, Ids},
        sync::lock,
    },
};

/// The clock, the timer and the ids of a simulation.
#[derive(Default)]
pub(super) struct SimTime(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    now: u64,
    ids: u128,
    sleepers: BTreeMap<(u64, u64), Waker>,
    next: u64,
}

impl SimTime {
    /// Lets time pass to the next sleeper's end. Answers whether there was one.
    pub(super) fn skip(&self) -> bool {
        let mut inner = lock(&self.0);
        let Some(((due, _), waker)) = inner.sleepers.pop_first() else { return false };
        inner.now = inner.now.max(due);
        waker.wake();
        true
    }
}

impl Clock for SimTime {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(i64::try_from(lock(&self.0).now).unwrap_or(i64::MAX))
    }
}

impl Ids for SimTime {
    fn next(&self) -> u128 {
        let mut inner = lock(&self.0);
        inner.ids += 1;
        inner.ids
    }
}

impl Timer for SimTime {
    fn sleep(&self, span: Duration) -> BoxFuture<'_, ()> {
        let (due, key) = {
            let mut inner = lock(&self.0);
            inner.next += 1;
            (inner.now + u64::try_from(span.as_millis()).unwrap_or(u64::MAX / 2), inner.next)
        };
        Box::pin(poll_fn(move |context| {
            let mut inner = lock(&self.0);
            if inner.now >= due {
                return Poll::Ready(());
            }
            inner.sleepers.insert((due, key), context.waker().clone());
            Poll::Pending
        }))
    }
}
