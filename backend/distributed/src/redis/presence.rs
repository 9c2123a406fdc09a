//! Who is connected, over all nodes.
//!
//! Each node keeps a set of the people connected to it, under a key that dies if the node does not speak for a while. The node
//! counts connections itself and tells Redis only of the first and the last of each person, one after another, so that
//! no two of them overtake each other. What it knows itself outlives Redis, and is told again when Redis has lost it.

mod keeper;
mod script;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use echopulse_core::{chat::model::Presence, common::UserId};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time,
};

use self::{
    keeper::{Command, Keeper, Move},
    script::Scripts,
};
use super::{RedisOptions, link::Link};

/// Moves that may wait for the keeper; whoever connects beyond it waits too.
const WAITING: usize = 1024;
/// People asked for at once.
const PAGE: usize = 1000;
/// How long the keeper may take to say goodbye.
const FAREWELL: Duration = Duration::from_secs(2);

/// How many connections each person has to this node.
type Here = Mutex<HashMap<UserId, usize>>;

/// Who is connected to any node.
#[derive(Debug)]
pub(super) struct Board {
    link: Arc<Link>,
    scripts: Arc<Scripts>,
    here: Arc<Here>,
    commands: mpsc::Sender<Command>,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

impl Board {
    pub(super) fn start(link: Arc<Link>, options: &RedisOptions) -> Self {
        let scripts = Arc::new(Scripts::new(options));
        let here = Arc::<Here>::default();
        let (commands, moves) = mpsc::channel(WAITING);
        let keeper = Keeper::new(Arc::clone(&link), Arc::clone(&scripts), Arc::clone(&here));
        let keeper = tokio::spawn(keeper.run(moves, options.presence_ttl / 3));
        Self { link, scripts, here, commands, keeper: Mutex::new(Some(keeper)) }
    }

    /// Says that nobody is connected to this node any more, and ends.
    pub(super) async fn stop(&self) {
        let Some(keeper) = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        // A keeper that is gone needs no telling.
        let _ = self.commands.send(Command::Stop).await;
        if time::timeout(FAREWELL, keeper).await.is_err() {
            tracing::warn!("presence ended without a goodbye");
        }
    }

    pub(super) async fn begin(&self, user: UserId) -> Option<Presence> {
        self.note(user, Move::Begin).await
    }

    pub(super) async fn end(&self, user: UserId) -> Option<Presence> {
        self.note(user, Move::End).await
    }

    async fn note(&self, user: UserId, what: Move) -> Option<Presence> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(Command::Note { user, what, answer }).await.ok()?;
        answered.await.ok().flatten()
    }

    pub(super) async fn of(&self, users: Vec<UserId>) -> Vec<(UserId, Presence)> {
        let mut found = Vec::with_capacity(users.len());
        for page in users.chunks(PAGE) {
            let elsewhere = self.link.ask::<Vec<u8>>(&self.scripts.look(page)).await.unwrap_or_default();
            let here = lock(&self.here);
            found.extend(page.iter().enumerate().map(|(at, user)| {
                let there = here.contains_key(user) || elsewhere.get(at) == Some(&1);
                (*user, if there { Presence::Online } else { Presence::Offline })
            }));
        }
        found
    }
}

fn lock(here: &Here) -> MutexGuard<'_, HashMap<UserId, usize>> {
    // Each critical section is one move, so a panic elsewhere left nothing half done.
    here.lock().unwrap_or_else(PoisonError::into_inner)
}
