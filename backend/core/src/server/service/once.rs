//! Requests that are made once, however often they are sent.

use super::ServerService;
use crate::{
    common::{
        ServerId, Timestamp,
        actor::Actor,
        community::{Channel, Server},
    },
    server::{
        error::{Refusal, ServerError},
        kept::{self, KeptAnswer, Made, RequestKey},
        port::inbound::{Answer, MakingOnce, NewChannel, NewServer},
        view::{Change, Invite},
    },
};

/// Answers forgotten at once.
const BATCH: usize = 1000;

impl ServerService {
    /// What was answered when this very request was made before.
    async fn answered(&self, actor: Actor, key: &RequestKey) -> Result<Option<Made>, ServerError> {
        let kept = self.deps.store.kept_answer(actor.user, key.name.clone()).await?;
        let kept = kept.filter(|kept| kept.holds(self.now()));
        Ok(kept.map(|kept| kept.again(key)).transpose()?)
    }

    /// The same changes, and the answer that is kept with them.
    pub(super) fn keep(
        &self,
        actor: Actor,
        key: Option<RequestKey>,
    ) -> impl FnOnce(Vec<Change>) -> Vec<Change> + Send + 'static {
        let at = self.now();
        move |mut changes| {
            if let (Some(key), Some(made)) = (key, kept::made_by(&changes)) {
                changes.push(Change::Answered(Box::new(KeptAnswer { user: actor.user, key, at, made })));
            }
            changes
        }
    }

    /// Forgets the answers that do not hold any more.
    pub async fn forget_answers(&self) -> Result<(), ServerError> {
        let now = self.now().as_millis();
        let span = i64::try_from(kept::KEPT_FOR.as_millis()).unwrap_or(i64::MAX);
        let before = Timestamp::from_millis(now.saturating_sub(span));
        while self.deps.store.forget_answers(before, BATCH).await? == BATCH as u64 {}
        Ok(())
    }
}

/// What the key stands for is something else: another route's answer, which the fingerprint tells apart already.
const fn other<T>() -> Result<T, ServerError> {
    Err(ServerError::Refused(Refusal::KeyReused))
}

impl MakingOnce for ServerService {
    fn server(&self, actor: Actor, key: RequestKey, new: NewServer) -> Answer<'_, Server> {
        Box::pin(async move {
            match self.answered(actor, &key).await? {
                Some(Made::Server(server)) => Ok(server),
                Some(_) => other(),
                None => self.found(actor, new, Some(key)).await,
            }
        })
    }

    fn channel(
        &self,
        actor: Actor,
        key: RequestKey,
        server: ServerId,
        new: NewChannel,
    ) -> Answer<'_, Channel> {
        Box::pin(async move {
            match self.answered(actor, &key).await? {
                Some(Made::Channel(channel)) => Ok(channel),
                Some(_) => other(),
                None => self.create_channel(actor, server, new, Some(key)).await,
            }
        })
    }

    fn invite(
        &self,
        actor: Actor,
        key: RequestKey,
        server: ServerId,
        max_uses: u32,
        max_age_s: u32,
    ) -> Answer<'_, Invite> {
        Box::pin(async move {
            match self.answered(actor, &key).await? {
                Some(Made::Invite(invite)) => Ok(invite),
                Some(_) => other(),
                None => self.create_invite(actor, server, max_uses, max_age_s, Some(key)).await,
            }
        })
    }
}
