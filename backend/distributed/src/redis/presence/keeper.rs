//! The task that tells Redis who is here.

use std::{collections::hash_map::Entry, sync::Arc, time::Duration};

use echopulse_core::{chat::model::Presence, common::UserId};
use tokio::{
    sync::{mpsc, oneshot},
    time::{self, Instant},
};

use super::{super::link::Link, Here, lock, script::Scripts};

/// Moves told at once.
const BATCH: usize = 256;
/// Before Redis is told again what it was not told.
const AGAIN: Duration = Duration::from_millis(500);

/// A connection's beginning or end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    Begin,
    End,
}

#[derive(Debug)]
pub(super) enum Command {
    Note {
        user: UserId,
        what: Move,
        /// What the person is now, if that changed.
        answer: oneshot::Sender<Option<Presence>>,
    },
    Stop,
}

pub(super) struct Keeper {
    link: Arc<Link>,
    scripts: Arc<Scripts>,
    here: Arc<Here>,
    /// Redis was not told something, or told it and nobody knows; or it knows something of an earlier run under this name.
    behind: bool,
}

impl Keeper {
    pub(super) const fn new(link: Arc<Link>, scripts: Arc<Scripts>, here: Arc<Here>) -> Self {
        Self { link, scripts, here, behind: true }
    }

    /// Runs until it is told to stop, or nobody could tell it any more.
    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<Command>, between: Duration) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut next = Instant::now();
        loop {
            tokio::select! {
                count = commands.recv_many(&mut batch, BATCH) => {
                    if count == 0 || !self.take(&mut batch).await {
                        break;
                    }
                }
                () = time::sleep_until(next) => {
                    self.beat().await;
                    next = Instant::now() + between;
                }
            }
            if self.behind {
                next = next.min(Instant::now() + AGAIN);
            }
        }
        lock(&self.here).clear();
        self.restore().await;
    }

    /// Answers whether there is more to come.
    async fn take(&mut self, batch: &mut Vec<Command>) -> bool {
        let (mut moves, mut answers) = (Vec::new(), Vec::new());
        let mut more = true;
        self.catch_up().await;
        for command in batch.drain(..) {
            match command {
                Command::Note { user, what, answer } if self.count(user, what) => {
                    moves.push((user, what));
                    answers.push(answer);
                }
                Command::Note { answer, .. } => reply(answer, None),
                Command::Stop => more = false,
            }
        }
        let elsewhere = self.tell(&moves).await;
        for (at, ((_, what), answer)) in moves.iter().zip(answers).enumerate() {
            let elsewhere = elsewhere.as_ref().map(|found| found.get(at) == Some(&1));
            reply(answer, change(*what, elsewhere));
        }
        more
    }

    /// Counts a connection. Answers whether it is somebody's first or last here.
    fn count(&self, user: UserId, what: Move) -> bool {
        match (lock(&self.here).entry(user), what) {
            (Entry::Vacant(none), Move::Begin) => {
                none.insert(1);
                true
            }
            (Entry::Vacant(_), Move::End) => false,
            (Entry::Occupied(mut some), Move::Begin) => {
                *some.get_mut() += 1;
                false
            }
            (Entry::Occupied(mut some), Move::End) if *some.get() > 1 => {
                *some.get_mut() -= 1;
                false
            }
            (Entry::Occupied(last), Move::End) => {
                last.remove();
                true
            }
        }
    }

    /// Answers for each move whether another node has the person too. `None`: nobody knows.
    async fn tell(&mut self, moves: &[(UserId, Move)]) -> Option<Vec<u8>> {
        if moves.is_empty() {
            return None;
        }
        let elsewhere = if self.behind { None } else { self.link.ask(&self.scripts.moves(moves)).await };
        self.behind |= elsewhere.is_none();
        elsewhere
    }

    async fn beat(&mut self) {
        let people = lock(&self.here).len();
        if !self.behind {
            let known: Option<u8> = self.link.ask(&self.scripts.beat(people)).await;
            self.behind = known != Some(1);
        }
        self.catch_up().await;
    }

    async fn catch_up(&mut self) {
        if self.behind {
            self.behind = !self.restore().await;
        }
    }

    /// Puts what is known here in the place of what Redis knows. Answers whether that worked.
    async fn restore(&self) -> bool {
        let people: Vec<_> = lock(&self.here).keys().copied().collect();
        self.link.ask::<u8>(&self.scripts.restore(&people)).await.is_some()
    }
}

fn reply(answer: oneshot::Sender<Option<Presence>>, presence: Option<Presence>) {
    // Whoever asked may have gone away meanwhile.
    let _ = answer.send(presence);
}

/// What somebody is now, if their first or last connection here changed that.
const fn change(what: Move, elsewhere: Option<bool>) -> Option<Presence> {
    match (what, elsewhere) {
        (Move::Begin, Some(false) | None) => Some(Presence::Online),
        (Move::End, Some(false)) => Some(Presence::Offline),
        (Move::Begin, Some(true)) | (Move::End, Some(true) | None) => None,
    }
}
