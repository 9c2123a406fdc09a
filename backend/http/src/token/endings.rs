//! Sign-ins that ended before their tokens did: a log-out, a lock. Their tokens open nothing any more.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::broadcast;

/// Endings that a listener may be behind; one that is further behind looks at everything again.
const CHANNEL: usize = 256;

/// Something whose unexpired tokens are refused from now on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Ended {
    /// One sign-in: tokens with this `sid`.
    Session(String),
    /// A person or bot: tokens with this `sub`, issued up to now.
    Subject(String),
}

/// Remembers endings for as long as a token may live, and tells those who hold connections open.
pub struct Endings {
    longest_life: Duration,
    known: Mutex<HashMap<Ended, u64>>,
    news: broadcast::Sender<Ended>,
}

impl Endings {
    /// Nothing has ended; access tokens live for `longest_life` at most.
    #[must_use]
    pub fn new(longest_life: Duration) -> Self {
        Self { longest_life, known: Mutex::default(), news: broadcast::channel(CHANNEL).0 }
    }

    /// Notes that something ended at `now`, in seconds since the Unix epoch.
    pub fn end(&self, ended: Ended, now: u64) {
        {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.retain(|_, at| at.saturating_add(self.longest_life.as_secs()) >= now);
            known.insert(ended.clone(), now);
        }
        // Without connections nobody listens, and nobody has to.
        let _ = self.news.send(ended);
    }

    /// Hears of everything that ends from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Ended> {
        self.news.subscribe()
    }

    /// Whether a token of this sign-in and subject, issued at `issued`, is over.
    #[must_use]
    pub fn covers(&self, sid: Option<&str>, sub: &str, issued: u64) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_empty() {
            return false;
        }
        sid.is_some_and(|sid| known.contains_key(&Ended::Session(sid.to_owned())))
            || known.get(&Ended::Subject(sub.to_owned())).is_some_and(|at| issued <= *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ended_session_is_remembered_for_a_tokens_life() {
        let endings = Endings::new(Duration::from_secs(600));
        endings.end(Ended::Session("s".to_owned()), 1000);
        assert!(endings.covers(Some("s"), "ada", 5000));
        assert!(!endings.covers(Some("t"), "ada", 0) && !endings.covers(None, "ada", 0));
        endings.end(Ended::Session("t".to_owned()), 1601);
        assert!(!endings.covers(Some("s"), "ada", 0), "no token of it can live any more");
    }

    #[test]
    fn a_locked_subject_may_sign_in_again_later() {
        let endings = Endings::new(Duration::from_secs(600));
        endings.end(Ended::Subject("ada".to_owned()), 1000);
        assert!(endings.covers(None, "ada", 1000));
        assert!(!endings.covers(None, "ada", 1001));
    }
}
