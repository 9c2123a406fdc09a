//! Hot state of one process. Losing it costs comfort only.
//!
//! Deliberately absent: a time to live. What is here belongs to connections of this process and goes with them.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use echopulse_core::{
    chat::{model::Presence, port::outbound::PresenceBoard},
    common::{BoxFuture, Timestamp, UserId},
};

/// Who is connected to this process: as many entries as there are people with a connection.
#[derive(Debug, Default)]
pub struct MemoryPresence {
    connections: Mutex<HashMap<UserId, usize>>,
}

impl MemoryPresence {
    fn connections(&self) -> MutexGuard<'_, HashMap<UserId, usize>> {
        // Each critical section is one move, so a panic elsewhere left nothing half done.
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, user: UserId) -> Option<Presence> {
        let mut connections = self.connections();
        let count = connections.entry(user).or_default();
        *count += 1;
        (*count == 1).then_some(Presence::Online)
    }

    fn end(&self, user: UserId) -> Option<Presence> {
        let mut connections = self.connections();
        let count = connections.get_mut(&user)?;
        *count -= 1;
        if *count > 0 {
            return None;
        }
        connections.remove(&user);
        Some(Presence::Offline)
    }

    fn look(&self, users: Vec<UserId>) -> Vec<(UserId, Presence)> {
        let connections = self.connections();
        let presence =
            |user| if connections.contains_key(user) { Presence::Online } else { Presence::Offline };
        users.iter().map(|user| (*user, presence(user))).collect()
    }
}

impl PresenceBoard for MemoryPresence {
    fn connected(&self, user: UserId, _at: Timestamp) -> BoxFuture<'_, Option<Presence>> {
        Box::pin(std::future::ready(self.begin(user)))
    }

    fn disconnected(&self, user: UserId, _at: Timestamp) -> BoxFuture<'_, Option<Presence>> {
        Box::pin(std::future::ready(self.end(user)))
    }

    fn of(&self, users: Vec<UserId>) -> BoxFuture<'_, Vec<(UserId, Presence)>> {
        Box::pin(std::future::ready(self.look(users)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: UserId = UserId::from_u128(1);
    const LIN: UserId = UserId::from_u128(2);

    #[tokio::test]
    async fn somebody_is_there_from_the_first_connection_to_the_last() {
        let (board, at) = (MemoryPresence::default(), Timestamp::from_millis(0));
        assert_eq!(board.connected(ADA, at).await, Some(Presence::Online));
        assert_eq!(board.connected(ADA, at).await, None);
        assert_eq!(board.disconnected(ADA, at).await, None);
        let now = board.of(vec![LIN, ADA]).await;
        assert_eq!(now, [(LIN, Presence::Offline), (ADA, Presence::Online)]);
        assert_eq!(board.disconnected(ADA, at).await, Some(Presence::Offline));
        assert!(board.connections().is_empty(), "nothing is kept of who is gone");
    }

    #[tokio::test]
    async fn an_end_without_a_beginning_changes_nothing() {
        let board = MemoryPresence::default();
        assert_eq!(board.disconnected(ADA, Timestamp::from_millis(0)).await, None);
    }
}
