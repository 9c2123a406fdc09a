//! The end of a sign-in: remembered, told to every instance, and refused from now on.

use std::{sync::Arc, time::Duration};

use super::port::{
    inbound::{SignOutNews, SignOuts},
    outbound::SignOutStore,
};
use crate::common::{
    BoxFuture, StoreError, Timestamp,
    port::Clock,
    sign_out::{SignOut, SignOutLog, SignOutMemory},
    sync::Nudge,
};

/// How much longer than the longest token a sign-out is remembered: clocks differ.
const SLACK: Duration = Duration::from_secs(2 * 60);

/// What the use case stands on.
pub struct SignOutDeps {
    /// Remembers for all instances, and for those to come.
    pub store: Arc<dyn SignOutStore>,
    /// What this instance knows.
    pub memory: Arc<dyn SignOutMemory>,
    /// Nudged after each commit.
    pub relay: Arc<Nudge>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The longest that an access token lives.
    pub longest_token: Duration,
}

/// The use case.
pub struct SignOutService {
    deps: SignOutDeps,
}

impl SignOutService {
    /// The use case over these parts.
    #[must_use]
    pub const fn new(deps: SignOutDeps) -> Self {
        Self { deps }
    }

    async fn remember(&self, news: SignOutNews) -> Result<bool, StoreError> {
        let SignOutNews { iss, ended, at, token } = news;
        let now = self.deps.clock.now();
        let until = now.max(at).after(self.deps.longest_token + SLACK);
        let sign_out = SignOut { iss, ended, at, until };
        let stored = self.deps.store.remember(sign_out.clone(), token, now).await;
        // What could not be stored holds here at least.
        if !matches!(stored, Ok(false)) {
            self.deps.memory.note(sign_out);
        }
        self.deps.relay.nudge();
        stored
    }
}

impl SignOuts for SignOutService {
    fn end(&self, news: SignOutNews) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(self.remember(news))
    }
}

impl SignOutLog for SignOutService {
    fn since(&self, since: Option<Timestamp>) -> BoxFuture<'_, Result<Vec<SignOut>, StoreError>> {
        self.deps.store.remembered(since, self.deps.clock.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        common::sign_out::Ended,
        server::port::outbound::{OutboxRecord, ServerOutbox},
        testing::{
            executor::block_on,
            server::{HandClock, MemoryServerStore, NotedSignOuts},
        },
    };

    const LIFE: Duration = Duration::from_secs(600);

    #[derive(Default)]
    struct World {
        store: Arc<MemoryServerStore>,
        memory: Arc<NotedSignOuts>,
        clock: Arc<HandClock>,
    }

    impl World {
        fn service(&self) -> SignOutService {
            SignOutService::new(SignOutDeps {
                store: Arc::clone(&self.store) as _,
                memory: Arc::clone(&self.memory) as _,
                relay: Arc::default(),
                clock: Arc::clone(&self.clock) as _,
                longest_token: LIFE,
            })
        }

        fn news(&self, sid: &str, token: Option<&str>) -> SignOutNews {
            SignOutNews {
                iss: "https://issuer.example".to_owned(),
                ended: Ended::Session(sid.to_owned()),
                at: self.clock.now(),
                token: token.map(str::to_owned),
            }
        }
    }

    #[test]
    fn a_sign_out_holds_here_and_waits_for_the_bus() {
        let world = World::default();
        assert!(block_on(world.service().end(world.news("s", None))).unwrap());
        let noted = world.memory.noted();
        assert_eq!((noted.len(), &noted[0].ended), (1, &Ended::Session("s".to_owned())));
        assert!(noted[0].until > world.clock.now().after(LIFE), "longer than any token");
        let rows = block_on(world.store.pending(10)).unwrap();
        assert!(matches!(&rows[..], [(_, OutboxRecord::SignOut(told))] if *told == noted[0]));
    }

    #[test]
    fn a_notice_counts_once() {
        let world = World::default();
        let service = world.service();
        assert!(block_on(service.end(world.news("s", Some("jti")))).unwrap());
        assert!(!block_on(service.end(world.news("t", Some("jti")))).unwrap());
        assert_eq!(world.memory.noted().len(), 1);
    }

    #[test]
    fn what_can_matter_no_more_is_not_told() {
        let world = World::default();
        let service = world.service();
        block_on(service.end(world.news("s", None))).unwrap();
        world.clock.advance(LIFE);
        assert_eq!(block_on(service.since(None)).unwrap().len(), 1);
        world.clock.advance(SLACK);
        assert_eq!(block_on(service.since(None)).unwrap(), []);
    }
}
