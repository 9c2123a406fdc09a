//! Tasks that are polled one at a time, in an order of chance.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use super::chance::Seeded;

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Task {
    id: u64,
    node: Option<usize>,
    woken: Arc<Flag>,
    future: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// All tasks of a simulation.
#[derive(Default)]
pub(super) struct Executor {
    tasks: Vec<Task>,
    next: u64,
}

impl Executor {
    /// Adds a task that belongs to a node, or to the world outside.
    pub(super) fn spawn(
        &mut self,
        node: Option<usize>,
        future: impl Future<Output = ()> + Send + 'static,
    ) -> u64 {
        self.next += 1;
        let woken = Arc::new(Flag(AtomicBool::new(true)));
        self.tasks.push(Task { id: self.next, node, woken, future: Box::pin(future) });
        self.next
    }

    /// Drops all tasks of a node, wherever they are.
    pub(super) fn kill(&mut self, node: usize) {
        self.tasks.retain(|task| task.node != Some(node));
    }

    /// Whether a task still runs.
    pub(super) fn runs(&self, id: u64) -> bool {
        self.tasks.iter().any(|task| task.id == id)
    }

    /// Polls one task that was woken. Answers `false` if there is none.
    pub(super) fn poll_one(&mut self, chance: &mut Seeded) -> bool {
        let ready: Vec<_> =
            (0..self.tasks.len()).filter(|at| self.tasks[*at].woken.0.load(Ordering::Relaxed)).collect();
        if ready.is_empty() {
            return false;
        }
        let at = ready[chance.below(ready.len())];
        let task = &mut self.tasks[at];
        task.woken.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&task.woken));
        if task.future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            drop(self.tasks.swap_remove(at));
        }
        true
    }
}

/// Lets other tasks run in between.
pub(super) async fn pause(times: usize) {
    let mut left = times;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
