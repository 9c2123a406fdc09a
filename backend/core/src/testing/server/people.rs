//! People in memory.

use std::collections::HashMap;

use crate::{
    common::{Timestamp, UserId, actor::Identity, community::User},
    server::port::outbound::ProfileChange,
};

/// The longest username.
const USERNAME: usize = 32;

#[derive(Default)]
pub(super) struct People {
    known: HashMap<UserId, Known>,
    identities: HashMap<(String, String), UserId>,
    /// Whose a username is, or once was.
    usernames: HashMap<String, UserId>,
}

struct Known {
    user: User,
    /// The username wished for at the last sign-in.
    wish: String,
    revision: u64,
}

/// Somebody who signs in, and what they become if nobody knows them.
pub(super) struct Arrival {
    pub(super) identity: Identity,
    pub(super) username: String,
    pub(super) display_name: String,
    pub(super) id: UserId,
    pub(super) now: Timestamp,
}

impl People {
    pub(super) fn user(&self, id: UserId) -> Option<User> {
        self.known.get(&id).map(|known| known.user.clone())
    }

    /// A profile and its revision.
    pub(super) fn newest(&self, id: UserId) -> Option<(User, u64)> {
        self.known.get(&id).map(|known| (known.user.clone(), known.revision))
    }

    /// The wish, or the first of `-2`, `-3` … behind it that never was somebody else's.
    fn take_username(&mut self, wish: &str, user: UserId) -> String {
        let mut number = 1;
        loop {
            let suffix = if number == 1 { String::new() } else { format!("-{number}") };
            let name: String = wish.chars().take(USERNAME - suffix.len()).chain(suffix.chars()).collect();
            if *self.usernames.entry(name.clone()).or_insert(user) == user {
                return name;
            }
            number += 1;
        }
    }

    /// Who somebody is, and whether that is new.
    pub(super) fn sign_in(&mut self, arrival: Arrival) -> (User, bool) {
        let Arrival { identity, username: wish, display_name, id, now } = arrival;
        let key = (identity.iss, identity.sub);
        let id = *self.identities.entry(key).or_insert(id);
        let before = self.newest(id);
        let wished = self.known.get(&id).map(|known| known.wish.as_str());
        let username = match (&before, wished) {
            (Some((user, _)), Some(last)) if last == wish => user.username.clone(),
            _ => self.take_username(&wish, id),
        };
        let (user, revision) = match before {
            Some((user, revision)) if user.username == username && user.kind == identity.kind => {
                self.known.insert(id, Known { user: user.clone(), wish, revision });
                return (user, false);
            }
            Some((user, revision)) => (User { username, kind: identity.kind, ..user }, revision + 1),
            None => {
                let (bio, kind) = (String::new(), identity.kind);
                (User { id, username, display_name, bio, kind, created_at: now }, 1)
            }
        };
        self.known.insert(id, Known { user: user.clone(), wish, revision });
        (user, true)
    }

    /// A profile after a change, and whether that changed anything. `None`: nobody we know.
    pub(super) fn change(&mut self, id: UserId, change: ProfileChange) -> Option<(User, bool)> {
        let known = self.known.get_mut(&id)?;
        let before = known.user.clone();
        known.user.display_name = change.display_name.unwrap_or(before.display_name.clone());
        known.user.bio = change.bio.unwrap_or(before.bio.clone());
        let changed = known.user != before;
        known.revision += u64::from(changed);
        Some((known.user.clone(), changed))
    }
}
