//! Webhooks of a channel.

use serde::{Deserialize, Serialize};

use super::OneTimeSecret;
use crate::id::{ChannelId, Timestamp, UserId, WebhookId};

/// `POST /channels/{c}/webhooks`, and `PATCH /webhooks/{w}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameWebhook {
    /// 1-50 characters: what its messages are shown under.
    pub name: String,
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Its id, under which its messages are written.
    pub id: WebhookId,
    /// Where it posts.
    pub channel_id: ChannelId,
    /// What its messages are shown under.
    pub name: String,
    /// Who made it.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
}

/// A webhook with its token: the answer of `POST /channels/{c}/webhooks` and of `POST /webhooks/{w}/token`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookToken {
    /// It.
    #[serde(flatten)]
    pub webhook: Webhook,
    /// Whoever has it may post; not to be had again.
    pub token: OneTimeSecret,
}

/// `POST /webhooks/{w}/{token}`. The header `Idempotency-Key` is the nonce of the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostByWebhook {
    /// 1-4000 characters.
    pub content: String,
}
