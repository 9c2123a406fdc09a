//! Bots: clients of the issuer that a server made.
//!
//! The issuer and the store share no transaction. A bot is made at the issuer first and taken away there first, so that what a
//! crash leaves behind is at worst a client without a membership, which may do nothing, or a bot in the list that signs in no
//! more, which is taken away by asking again.

use super::ServerService;
use crate::{
    common::{ServerId, UserId, actor::Actor, community::UserKind, name::Username, sign_out::Ended},
    server::{
        decide,
        error::{Refusal, ServerError},
        port::{
            inbound::{Answer, Bots, NewBot, SignOutNews},
            outbound::BotClient,
        },
        view::{Bot, Scope, ServerView},
    },
};

fn with_bots(server: ServerId, actor: Actor) -> Scope {
    Scope { bots: true, ..Scope::of(server, actor.user) }
}

impl ServerService {
    async fn make_bot(&self, actor: Actor, server: ServerId, name: String) -> Result<NewBot, ServerError> {
        let view = self.seen(actor, with_bots(server, actor)).await?;
        decide::check_new_bot(&view, actor, self.now())?;
        let name = Username::parse(&name).map_err(|error| Refusal::name("/name", &error))?;
        let made = self.deps.bots.make(name.clone()).await?;
        let client = made.ok_or_else(|| Refusal::NameTaken(name.as_str().to_owned()))?;
        let client_id = client.client_id.clone();
        let kept = self.keep_bot(actor, server, name, client).await;
        if kept.is_err() {
            // The first failure is what is told; a client without an account can do nothing.
            let _ = self.deps.bots.remove(client_id).await;
        }
        kept
    }

    async fn keep_bot(
        &self,
        actor: Actor,
        server: ServerId,
        name: Username,
        client: BotClient,
    ) -> Result<NewBot, ServerError> {
        let BotClient { client_id, identity, secret } = client;
        let (iss, sub) = (identity.iss.clone(), identity.sub.clone());
        let user = self.identify(identity).await?.user;
        let bot = Bot { user, name, client_id, iss, sub, created_by: actor.user, created_at: self.now() };
        let scope = Scope { bots: true, ..Scope::of_two(server, actor.user, user) };
        let made = bot.clone();
        self.change(scope, actor, move |view, now| decide::keep_bot(view, actor, made, now)).await?;
        Ok(NewBot { bot, secret })
    }

    /// A server's bots, for whoever may manage them.
    async fn managed(&self, actor: Actor, server: ServerId) -> Result<ServerView, ServerError> {
        let view = self.seen(actor, with_bots(server, actor)).await?;
        decide::require(&view, actor, crate::common::Permission::ManageServer, self.now())?;
        Ok(view)
    }

    /// One of them, for a person: a bot that could give others a secret would have them.
    async fn managed_bot(&self, actor: Actor, server: ServerId, bot: UserId) -> Result<Bot, ServerError> {
        let view = self.managed(actor, server).await?;
        if actor.kind == UserKind::Bot {
            return Err(Refusal::BotRefused.into());
        }
        Ok(view.bot(bot).cloned().ok_or(Refusal::UserNotFound)?)
    }

    async fn rotate_bot(&self, actor: Actor, server: ServerId, bot: UserId) -> Result<NewBot, ServerError> {
        let bot = self.managed_bot(actor, server, bot).await?;
        let secret = self.deps.bots.rotate(bot.client_id.clone()).await?.ok_or(Refusal::UserNotFound)?;
        self.sign_out(&bot).await?;
        Ok(NewBot { bot, secret })
    }

    /// Ends whatever the bot's tokens up to now opened, on every instance.
    async fn sign_out(&self, bot: &Bot) -> Result<(), ServerError> {
        let (iss, ended) = (bot.iss.clone(), Ended::Subject(bot.sub.clone()));
        let news = SignOutNews { iss, ended, at: self.now(), token: None };
        self.deps.sign_outs.end(news).await?;
        Ok(())
    }

    async fn revoke_bot(&self, actor: Actor, server: ServerId, bot: UserId) -> Result<(), ServerError> {
        let bot = self.managed_bot(actor, server, bot).await?;
        self.retire_bot(actor, &bot, server).await
    }

    /// Takes a bot away everywhere; from the list of the server that made it last, so that what fails can be asked for again.
    pub(super) async fn retire_bot(
        &self,
        actor: Actor,
        bot: &Bot,
        made_by: ServerId,
    ) -> Result<(), ServerError> {
        self.deps.bots.remove(bot.client_id.clone()).await?;
        self.sign_out(bot).await?;
        let servers = self.deps.store.servers_of(bot.user).await?;
        let others = servers.into_iter().map(|server| server.id).filter(|server| *server != made_by);
        for server in others.chain([made_by]) {
            let scope = Scope { bots: true, ..Scope::of(server, bot.user) };
            let gone = bot.user;
            let left = self.change(scope, actor, move |view, _| decide::retire_bot(view, gone)).await;
            match left {
                // A server that was deleted meanwhile has no members either.
                Ok(_) | Err(ServerError::Refused(Refusal::ServerNotFound)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Bots for ServerService {
    fn create(&self, actor: Actor, server: ServerId, name: String) -> Answer<'_, NewBot> {
        Box::pin(self.make_bot(actor, server, name))
    }

    fn list(&self, actor: Actor, server: ServerId) -> Answer<'_, Vec<Bot>> {
        Box::pin(async move { Ok(self.managed(actor, server).await?.bots) })
    }

    fn rotate(&self, actor: Actor, server: ServerId, bot: UserId) -> Answer<'_, NewBot> {
        Box::pin(self.rotate_bot(actor, server, bot))
    }

    fn revoke(&self, actor: Actor, server: ServerId, bot: UserId) -> Answer<'_, ()> {
        Box::pin(self.revoke_bot(actor, server, bot))
    }
}
