//! Sign-ins that ended before their tokens did: a log-out, a lock. Their tokens open nothing any more.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use echopulse_core::common::{
    Timestamp,
    sign_out::{Ended, SignOut, SignOutMemory},
};
use tokio::sync::broadcast;

/// Endings that a listener may be behind; one that is further behind looks at everything again.
const CHANNEL: usize = 256;

/// Remembers endings for as long as a token may live, and tells those who hold connections open.
pub struct Endings {
    known: Mutex<HashMap<Ended, HashMap<String, Known>>>,
    news: broadcast::Sender<Ended>,
}

#[derive(Clone, Copy)]
struct Known {
    at: Timestamp,
    until: Timestamp,
}

/// Nothing has ended.
impl Default for Endings {
    fn default() -> Self {
        Self { known: Mutex::default(), news: broadcast::channel(CHANNEL).0 }
    }
}

impl Endings {
    /// Hears of everything that ends from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Ended> {
        self.news.subscribe()
    }

    /// Whether a token of this sign-in and subject, issued at `issued`, in seconds since the Unix epoch, is over.
    #[must_use]
    pub fn covers(&self, iss: &str, sid: Option<&str>, sub: &str, issued: u64) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_empty() {
            return false;
        }
        let of = |ended| known.get(&ended).and_then(|found| found.get(iss));
        sid.is_some_and(|sid| of(Ended::Session(sid.to_owned())).is_some())
            || of(Ended::Subject(sub.to_owned())).is_some_and(|known| issued <= seconds(known.at))
    }
}

fn seconds(moment: Timestamp) -> u64 {
    u64::try_from(moment.as_millis() / 1000).unwrap_or(0)
}

impl SignOutMemory for Endings {
    fn note(&self, SignOut { iss, ended, at, until }: SignOut) {
        {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.retain(|_, of| {
                of.retain(|_, known| known.until > at);
                !of.is_empty()
            });
            let of = known.entry(ended.clone()).or_default();
            if of.get(&iss).is_some_and(|known| known.at >= at) {
                return;
            }
            of.insert(iss, Known { at, until });
        }
        // Without connections nobody listens, and nobody has to.
        let _ = self.news.send(ended);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISS: &str = "https://id.example";

    fn ends(ended: Ended, at: i64) -> SignOut {
        let moment = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        SignOut { iss: ISS.to_owned(), ended, at: moment(at), until: moment(at + 600) }
    }

    #[test]
    fn an_ended_session_is_remembered_for_a_tokens_life() {
        let endings = Endings::default();
        endings.note(ends(Ended::Session("s".to_owned()), 1000));
        assert!(endings.covers(ISS, Some("s"), "ada", 5000));
        assert!(!endings.covers(ISS, Some("t"), "ada", 0) && !endings.covers(ISS, None, "ada", 0));
        assert!(!endings.covers("https://elsewhere.example", Some("s"), "ada", 0));
        endings.note(ends(Ended::Session("t".to_owned()), 1601));
        assert!(!endings.covers(ISS, Some("s"), "ada", 0), "no token of it can live any more");
    }

    #[test]
    fn a_locked_subject_may_sign_in_again_later() {
        let endings = Endings::default();
        endings.note(ends(Ended::Subject("ada".to_owned()), 1000));
        assert!(endings.covers(ISS, None, "ada", 1000));
        assert!(!endings.covers(ISS, None, "ada", 1001));
    }

    #[test]
    fn what_is_known_is_no_news() {
        let endings = Endings::default();
        let mut news = endings.listen();
        for at in [1000, 1000, 999, 1001] {
            endings.note(ends(Ended::Subject("ada".to_owned()), at));
        }
        assert_eq!(news.try_recv(), Ok(Ended::Subject("ada".to_owned())));
        assert_eq!(news.try_recv(), Ok(Ended::Subject("ada".to_owned())), "a later one is");
        assert!(news.try_recv().is_err());
    }
}
