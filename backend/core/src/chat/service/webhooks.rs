//! Webhooks: managed by people with the right, used by whoever has the token.

use std::time::Duration;

use super::{ChatService, content, nonce_of};
use crate::{
    chat::{
        error::{ChatError, InvalidContent, Refusal},
        model::{Mentions, Message},
        port::{
            inbound::{Answer, PostByWebhook, Webhooks},
            outbound::Made,
        },
        webhook::{LIMIT, TokenHash, Webhook},
        write::{Post, WriteKind},
    },
    common::{
        ChannelId, MessageId, Permission, WebhookId, actor::Actor, community::UserKind, name::WebhookName,
    },
};

fn name_of(text: &str) -> Result<WebhookName, ChatError> {
    WebhookName::parse(text).map_err(|error| super::invalid(InvalidContent::Request, &error.to_string()))
}

impl ChatService {
    async fn make_webhook(
        &self,
        actor: Actor,
        channel: ChannelId,
        name: String,
        token: TokenHash,
    ) -> Result<Webhook, ChatError> {
        let name = name_of(&name)?;
        self.admit_manager(actor, channel).await?;
        let id = WebhookId::from_u128(self.deps.ids.next());
        let webhook =
            Webhook { id, channel, name, created_by: actor.user, created_at: self.deps.clock.now() };
        let mut made = self.deps.webhooks.create(webhook.clone(), token, LIMIT).await?;
        if matches!(made, Made::Gone) {
            // The copy may not know yet that its maker belongs there.
            self.look_around(channel).await?;
            made = self.deps.webhooks.create(webhook.clone(), token, LIMIT).await?;
        }
        match made {
            Made::Done => Ok(webhook),
            Made::Full => Err(Refusal::LimitReached { what: "webhooks", limit: LIMIT as u64 }.into()),
            Made::Gone => Err(Refusal::ChannelNotFound.into()),
        }
    }

    /// Lets whoever may manage the webhooks of a channel: an instance admin may, whether they see it or not.
    async fn admit_manager(&self, actor: Actor, channel: ChannelId) -> Result<(), ChatError> {
        if actor.admin {
            return self.admit_admin(channel).await;
        }
        self.admit_with(actor, channel, Permission::ManageWebhooks).await.map(drop)
    }

    /// A webhook for whoever may manage it. Who may not see its channel learns nothing of it.
    async fn managed(&self, actor: Actor, id: WebhookId) -> Result<Webhook, ChatError> {
        let (webhook, _) = self.deps.webhooks.find(id).await?.ok_or(Refusal::WebhookNotFound)?;
        match self.admit_manager(actor, webhook.channel).await {
            Ok(()) => Ok(webhook),
            Err(ChatError::Refused(Refusal::ChannelNotFound)) => Err(Refusal::WebhookNotFound.into()),
            Err(error) => Err(error),
        }
    }

    async fn rename_webhook(&self, actor: Actor, id: WebhookId, name: String) -> Result<Webhook, ChatError> {
        let webhook = self.managed(actor, id).await?;
        let name = name_of(&name)?;
        let renamed = self.deps.webhooks.rename(id, name.clone()).await?;
        renamed.then_some(Webhook { name, ..webhook }).ok_or_else(|| Refusal::WebhookNotFound.into())
    }

    async fn rotate_webhook(
        &self,
        actor: Actor,
        id: WebhookId,
        token: TokenHash,
    ) -> Result<Webhook, ChatError> {
        let webhook = self.managed(actor, id).await?;
        let changed = self.deps.webhooks.set_token(id, token).await?;
        changed.then_some(webhook).ok_or_else(|| Refusal::WebhookNotFound.into())
    }

    async fn delete_webhook(&self, actor: Actor, id: WebhookId) -> Result<(), ChatError> {
        self.managed(actor, id).await?;
        let deleted = self.deps.webhooks.delete(id).await?;
        deleted.then_some(()).ok_or_else(|| Refusal::WebhookNotFound.into())
    }

    /// The webhook that a token opens. An unknown one costs the same comparison, and the same answer, as a wrong token.
    async fn opened(&self, id: WebhookId, token: &TokenHash) -> Result<Webhook, ChatError> {
        let found = self.deps.webhooks.find(id).await?;
        let (webhook, right) =
            found.map_or((None, TokenHash([0; 32])), |(webhook, hash)| (Some(webhook), hash));
        webhook.filter(|_| right.is(token)).ok_or_else(|| Refusal::WebhookNotFound.into())
    }

    async fn post_by_webhook(&self, command: PostByWebhook) -> Result<Message, ChatError> {
        let webhook = self.opened(command.webhook, &command.token).await?;
        let content = content(&command.content)?;
        let id = MessageId::from_u128(self.deps.ids.next());
        let nonce = match &command.nonce {
            Some(nonce) => nonce_of(nonce)?,
            None => id.to_string(),
        };
        let view = self.deps.rights.webhook_view(webhook.channel).await?.ok_or(Refusal::WebhookNotFound)?;
        // It may name people, and nobody else.
        let named = Mentions { roles: Vec::new(), everyone: false, ..command.named };
        let mentions = self.deps.rights.resolve(webhook.author(), &view, named).await?;
        let post = Post {
            id,
            nonce,
            content,
            reply_to: None,
            mention_author: false,
            mentions,
            slow_mode: Duration::from_secs(u64::from(view.channel.slow_mode_s)),
        };
        let actor = Actor { user: webhook.author(), kind: UserKind::Bot, admin: false };
        let receipt = self.write(actor, webhook.channel, id, WriteKind::Post(post)).await?;
        let posted = self.deps.messages.find_message(webhook.channel, receipt.message).await?;
        posted.ok_or_else(|| Refusal::MessageNotFound.into())
    }

    async fn webhooks_of(&self, actor: Actor, channel: ChannelId) -> Result<Vec<Webhook>, ChatError> {
        self.admit_manager(actor, channel).await?;
        Ok(self.deps.webhooks.of_channel(channel).await?)
    }
}

impl Webhooks for ChatService {
    fn create(
        &self,
        actor: Actor,
        channel: ChannelId,
        name: String,
        token: TokenHash,
    ) -> Answer<'_, Webhook> {
        Box::pin(self.make_webhook(actor, channel, name, token))
    }

    fn list(&self, actor: Actor, channel: ChannelId) -> Answer<'_, Vec<Webhook>> {
        Box::pin(self.webhooks_of(actor, channel))
    }

    fn rename(&self, actor: Actor, webhook: WebhookId, name: String) -> Answer<'_, Webhook> {
        Box::pin(self.rename_webhook(actor, webhook, name))
    }

    fn set_token(&self, actor: Actor, webhook: WebhookId, token: TokenHash) -> Answer<'_, Webhook> {
        Box::pin(self.rotate_webhook(actor, webhook, token))
    }

    fn delete(&self, actor: Actor, webhook: WebhookId) -> Answer<'_, ()> {
        Box::pin(self.delete_webhook(actor, webhook))
    }

    fn check(&self, webhook: WebhookId, token: TokenHash) -> Answer<'_, ()> {
        Box::pin(async move { self.opened(webhook, &token).await.map(drop) })
    }

    fn post(&self, command: PostByWebhook) -> Answer<'_, Message> {
        Box::pin(self.post_by_webhook(command))
    }
}
