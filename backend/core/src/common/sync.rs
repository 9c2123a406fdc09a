//! Waiting without a runtime: a bounded queue, a one-time answer, a nudge. Built on `std::task` alone, so that tasks of
//! core run on tokio in a service and on a seeded executor in the simulation.

use std::{
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// Locks `mutex`; a panic elsewhere while it was held changes nothing, for every critical section here is a plain move.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wake_all(wakers: &mut Vec<Waker>) {
    wakers.drain(..).for_each(Waker::wake);
}

fn remember(wakers: &mut Vec<Waker>, context: &Context<'_>) {
    if !wakers.iter().any(|waker| waker.will_wake(context.waker())) {
        wakers.push(context.waker().clone());
    }
}

/// A bounded queue with any number of senders and one taker that takes all there is.
#[derive(Debug)]
pub struct Queue<T> {
    inner: Mutex<QueueInner<T>>,
    capacity: usize,
}

#[derive(Debug)]
struct QueueInner<T> {
    items: VecDeque<T>,
    closed: bool,
    takers: Vec<Waker>,
}

/// Why an item was not taken; it comes back.
#[derive(Debug, PartialEq, Eq)]
pub enum PushError<T> {
    /// As many items wait as the queue holds.
    Full(T),
    /// Nobody will take any more.
    Closed(T),
}

impl<T> Queue<T> {
    /// An empty queue for at most `capacity` items.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let inner = QueueInner { items: VecDeque::new(), closed: false, takers: Vec::new() };
        Self { inner: Mutex::new(inner), capacity }
    }

    /// Adds an item, or gives it back.
    pub fn push(&self, item: T) -> Result<(), PushError<T>> {
        let mut inner = lock(&self.inner);
        if inner.closed {
            return Err(PushError::Closed(item));
        }
        if inner.items.len() >= self.capacity {
            return Err(PushError::Full(item));
        }
        inner.items.push_back(item);
        wake_all(&mut inner.takers);
        Ok(())
    }

    /// Waits for items and takes at most `limit` of those that are there; empty once the queue is closed and drained.
    pub async fn take(&self, limit: usize) -> Vec<T> {
        poll_fn(|context| {
            let mut inner = lock(&self.inner);
            if inner.items.is_empty() && !inner.closed {
                remember(&mut inner.takers, context);
                return Poll::Pending;
            }
            let count = inner.items.len().min(limit);
            Poll::Ready(inner.items.drain(..count).collect())
        })
        .await
    }

    /// Refuses further items; those that wait can still be taken.
    pub fn close(&self) {
        let mut inner = lock(&self.inner);
        inner.closed = true;
        wake_all(&mut inner.takers);
    }
}

#[derive(Debug)]
struct Slot<T> {
    value: Option<T>,
    waker: Option<Waker>,
    gone: bool,
}

/// The side of a one-time answer that gives it.
#[derive(Debug)]
pub struct Answer<T>(Arc<Mutex<Slot<T>>>);

/// The side of a one-time answer that waits for it. Answers `None` if it was dropped instead of given.
#[derive(Debug)]
pub struct Awaited<T>(Arc<Mutex<Slot<T>>>);

/// A one-time answer: its giver and its waiter.
#[must_use]
pub fn answer<T>() -> (Answer<T>, Awaited<T>) {
    let slot = Arc::new(Mutex::new(Slot { value: None, waker: None, gone: false }));
    (Answer(Arc::clone(&slot)), Awaited(slot))
}

impl<T> Answer<T> {
    /// Gives the answer. Nobody may be waiting any more; then it is lost.
    pub fn give(self, value: T) {
        lock(&self.0).value = Some(value);
    }
}

impl<T> Drop for Answer<T> {
    fn drop(&mut self) {
        let mut slot = lock(&self.0);
        slot.gone = true;
        if let Some(waker) = slot.waker.take() {
            waker.wake();
        }
    }
}

impl<T> Future for Awaited<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let mut slot = lock(&self.0);
        if slot.value.is_some() || slot.gone {
            return Poll::Ready(slot.value.take());
        }
        slot.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

/// A nudge: waiting ends at the next one, or at once if one came since the last wait. Many nudges are one.
#[derive(Debug, Default)]
pub struct Nudge(Mutex<NudgeInner>);

#[derive(Debug, Default)]
struct NudgeInner {
    pending: bool,
    closed: bool,
    waiters: Vec<Waker>,
}

impl Nudge {
    /// Ends the wait of whoever waits, or the next wait.
    pub fn nudge(&self) {
        let mut inner = lock(&self.0);
        inner.pending = true;
        wake_all(&mut inner.waiters);
    }

    /// Ends all waits for ever.
    pub fn close(&self) {
        let mut inner = lock(&self.0);
        inner.closed = true;
        wake_all(&mut inner.waiters);
    }

    /// Waits for a nudge; `false` once closed.
    pub async fn wait(&self) -> bool {
        poll_fn(|context| {
            let mut inner = lock(&self.0);
            if inner.closed {
                return Poll::Ready(false);
            }
            if std::mem::take(&mut inner.pending) {
                return Poll::Ready(true);
            }
            remember(&mut inner.waiters, context);
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::executor::block_on;

    #[test]
    fn a_full_queue_gives_the_item_back() {
        let queue = Queue::new(1);
        assert_eq!(queue.push(1), Ok(()));
        assert_eq!(queue.push(2), Err(PushError::Full(2)));
        assert_eq!(block_on(queue.take(9)), [1]);
        assert_eq!(queue.push(3), Ok(()));
    }

    #[test]
    fn a_closed_queue_is_drained_and_then_ends() {
        let queue = Queue::new(4);
        queue.push('a').unwrap();
        queue.close();
        assert_eq!(queue.push('b'), Err(PushError::Closed('b')));
        assert_eq!(block_on(queue.take(9)), ['a']);
        assert_eq!(block_on(queue.take(9)), []);
    }

    #[test]
    fn a_dropped_answer_is_none() {
        let (giver, waiter) = answer::<u8>();
        drop(giver);
        assert_eq!(block_on(waiter), None);
        let (giver, waiter) = answer();
        giver.give(7);
        assert_eq!(block_on(waiter), Some(7));
    }

    #[test]
    fn a_nudge_before_the_wait_counts() {
        let nudge = Nudge::default();
        nudge.nudge();
        nudge.nudge();
        assert!(block_on(nudge.wait()));
        nudge.close();
        assert!(!block_on(nudge.wait()));
    }
}
