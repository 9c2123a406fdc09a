//! The server service's use cases: what to look at, what to decide, what to answer.

mod accounts;
mod bots;
mod channels;
mod members;
mod once;
mod servers;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::{
    error::{Refusal, ServerError},
    port::{
        inbound::{Catalogue, SignOuts},
        outbound::{BotIssuer, ServerStore, UserStore},
    },
    view::{Change, Scope, ServerView},
};
use crate::common::{
    BoxFuture, ChannelId, Seq, ServerId, StoreError, Timestamp,
    actor::Actor,
    event::{ServerChange, ServerEvent},
    port::{Chance, Clock, Ids},
    sync::Nudge,
};

/// What the server service asks.
pub struct ServerDeps {
    /// Servers.
    pub store: Arc<dyn ServerStore>,
    /// People.
    pub users: Arc<dyn UserStore>,
    /// Where bots are clients.
    pub bots: Arc<dyn BotIssuer>,
    /// Where sign-ins end.
    pub sign_outs: Arc<dyn SignOuts>,
    /// Nudged after each change.
    pub relay: Arc<Nudge>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn Ids>,
    /// Epochs and invite codes.
    pub chance: Arc<dyn Chance>,
}

/// The server service's use cases.
pub struct ServerService {
    deps: ServerDeps,
}

impl ServerService {
    /// The service over these parts.
    #[must_use]
    pub const fn new(deps: ServerDeps) -> Self {
        Self { deps }
    }

    fn now(&self) -> Timestamp {
        self.deps.clock.now()
    }

    /// Changes a server by a rule of [`super::decide`].
    async fn change(
        &self,
        scope: Scope,
        actor: Actor,
        decide: impl FnOnce(&ServerView, Timestamp) -> Result<Vec<Change>, Refusal> + Send + 'static,
    ) -> Result<Vec<ServerEvent>, ServerError> {
        let now = self.now();
        let decide = Box::new(move |view: &ServerView| decide(view, now));
        let events = self.deps.store.change(scope, now, actor.user, decide).await??;
        self.deps.relay.nudge();
        Ok(events)
    }

    /// The same, but only on one of these states. Whoever may not see the server learns nothing of it.
    async fn change_on(
        &self,
        on: Option<Vec<Seq>>,
        scope: Scope,
        actor: Actor,
        decide: impl FnOnce(&ServerView, Timestamp) -> Result<Vec<Change>, Refusal> + Send + 'static,
    ) -> Result<Vec<ServerEvent>, ServerError> {
        let decide = move |view: &ServerView, now| {
            let changes = decide(view, now)?;
            match on {
                Some(states) if !states.contains(&view.seq) => Err(Refusal::PreconditionFailed),
                _ => Ok(changes),
            }
        };
        self.change(scope, actor, decide).await
    }

    /// A server as the actor may see it; for others it does not exist.
    async fn seen(&self, actor: Actor, scope: Scope) -> Result<ServerView, ServerError> {
        let view = self.deps.store.view(scope, self.now()).await?;
        Ok(view.filter(|view| view.is_seen_by(actor)).ok_or(Refusal::ServerNotFound)?)
    }
}

/// The last object of a kind among what a change published.
fn last<T>(events: Vec<ServerEvent>, pick: impl Fn(ServerChange) -> Option<T>) -> Option<T> {
    events.into_iter().rev().find_map(|event| pick(event.change))
}

impl Catalogue for ServerService {
    fn events(
        &self,
        server: ServerId,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<ServerEvent>, StoreError>> {
        self.deps.store.events(server, after, limit)
    }

    fn server_of_channel(&self, channel: ChannelId) -> BoxFuture<'_, Result<Option<ServerId>, StoreError>> {
        self.deps.store.server_of_channel(channel)
    }
}
