//! The routes of webhooks. What posts by one needs no client of ours, and no account.

use reqwest::Method;

use super::{Rest, Service};
use crate::{
    client::{ClientError, transport},
    id::{ChannelId, WebhookId},
    rest::{NameWebhook, Webhook, WebhookToken},
};

impl Rest {
    /// The webhooks of a channel.
    pub async fn webhooks(&self, channel: ChannelId) -> Result<Vec<Webhook>, ClientError> {
        self.all(Service::Chat, &format!("/channels/{channel}/webhooks"), &[]).await
    }

    /// Makes a webhook. Its token is in this answer and in no other.
    pub async fn create_webhook(
        &self,
        channel: ChannelId,
        name: String,
    ) -> Result<WebhookToken, ClientError> {
        let path = format!("/channels/{channel}/webhooks");
        self.put(Service::Chat, Method::POST, &path, &NameWebhook { name }).await
    }

    /// Shows a webhook under another name.
    pub async fn rename_webhook(&self, webhook: WebhookId, name: String) -> Result<Webhook, ClientError> {
        let path = format!("/webhooks/{webhook}");
        self.put(Service::Chat, Method::PATCH, &path, &NameWebhook { name }).await
    }

    /// Gives a webhook another token; the old one opens nothing any more.
    pub async fn rotate_webhook(&self, webhook: WebhookId) -> Result<WebhookToken, ClientError> {
        let path = format!("/webhooks/{webhook}/token");
        self.call(Service::Chat, Method::POST, &path, |request| request, transport::json).await
    }

    /// Deletes a webhook.
    pub async fn delete_webhook(&self, webhook: WebhookId) -> Result<(), ClientError> {
        self.delete(Service::Chat, &format!("/webhooks/{webhook}"), &[]).await
    }

    /// Where a webhook posts, for whoever is to post there.
    pub async fn webhook_url(&self, webhook: WebhookId, token: &str) -> Result<String, ClientError> {
        Ok(format!("{}/api/webhooks/{webhook}/{token}", self.base(Service::Chat).await?))
    }
}
