//! Webhooks in memory.

use super::{MemoryChatStore, State, ready};
use crate::{
    chat::{
        port::outbound::{Made, WebhookStore},
        webhook::{TokenHash, Webhook},
    },
    common::{BoxFuture, ChannelId, ServerId, StoreError, UserId, WebhookId, name::WebhookName, sync::lock},
};

impl State {
    /// A webhook as an author, whether it is still there or not.
    pub(super) fn webhook_name(&self, author: UserId) -> Option<String> {
        self.webhook_names.get(&author).map(|name| name.as_str().to_owned())
    }

    fn is_in(&self, channel: ChannelId, server: ServerId) -> bool {
        let copy = self.servers.get(&server).and_then(|copy| copy.community.as_ref());
        copy.is_some_and(|community| community.channels.contains_key(&channel))
    }

    /// Those that somebody made in a server go.
    pub(super) fn revoke_webhooks(&mut self, server: ServerId, maker: UserId) {
        let revoked: Vec<_> = self
            .webhooks
            .values()
            .filter(|(webhook, _)| webhook.created_by == maker && self.is_in(webhook.channel, server))
            .map(|(webhook, _)| webhook.id)
            .collect();
        self.webhooks.retain(|id, _| !revoked.contains(id));
    }

    fn create_webhook(&mut self, webhook: Webhook, token: TokenHash, limit: usize) -> Made {
        let home = self.servers.values().find(|copy| {
            let community = copy.community.as_ref();
            community.is_some_and(|community| community.channels.contains_key(&webhook.channel))
        });
        if home.is_none_or(|copy| !copy.members.contains_key(&webhook.created_by)) {
            return Made::Gone;
        }
        if self.webhooks.values().filter(|(other, _)| other.channel == webhook.channel).count() >= limit {
            return Made::Full;
        }
        self.webhook_names.insert(webhook.author(), webhook.name.clone());
        self.webhooks.insert(webhook.id, (webhook, token));
        Made::Done
    }
}

impl WebhookStore for MemoryChatStore {
    fn create(
        &self,
        webhook: Webhook,
        token: TokenHash,
        limit: usize,
    ) -> BoxFuture<'_, Result<Made, StoreError>> {
        ready(lock(&self.0).create_webhook(webhook, token, limit))
    }

    fn of_channel(&self, channel: ChannelId) -> BoxFuture<'_, Result<Vec<Webhook>, StoreError>> {
        let state = lock(&self.0);
        let all = state.webhooks.values().map(|(webhook, _)| webhook);
        ready(all.filter(|webhook| webhook.channel == channel).cloned().collect())
    }

    fn find(&self, id: WebhookId) -> BoxFuture<'_, Result<Option<(Webhook, TokenHash)>, StoreError>> {
        ready(lock(&self.0).webhooks.get(&id).cloned())
    }

    fn rename(&self, id: WebhookId, name: WebhookName) -> BoxFuture<'_, Result<bool, StoreError>> {
        let mut state = lock(&self.0);
        let Some((webhook, _)) = state.webhooks.get_mut(&id) else { return ready(false) };
        webhook.name = name.clone();
        let author = webhook.author();
        state.webhook_names.insert(author, name);
        ready(true)
    }

    fn set_token(&self, id: WebhookId, token: TokenHash) -> BoxFuture<'_, Result<bool, StoreError>> {
        let mut state = lock(&self.0);
        let Some((_, kept)) = state.webhooks.get_mut(&id) else { return ready(false) };
        *kept = token;
        ready(true)
    }

    fn delete(&self, id: WebhookId) -> BoxFuture<'_, Result<bool, StoreError>> {
        ready(lock(&self.0).webhooks.remove(&id).is_some())
    }
}
