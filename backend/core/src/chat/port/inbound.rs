//! What the chat context can be asked. Texts arrive cleaned; ids, lengths and rights are judged here.

use std::sync::Arc;

use super::outbound::Follower;
use crate::{
    chat::{
        error::ChatError,
        model::{HistoryPage, HistoryQuery, Mentions, Message, Presence, ReadMove, ReadState},
        webhook::{TokenHash, Webhook},
    },
    common::{
        BoxFuture, ChannelId, Epoch, MessageId, Position, Seq, ServerId, StreamKey, UserId, WebhookId,
        actor::{Actor, Identity},
    },
};

/// The answer of a use case.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, ChatError>>;

/// A message to be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostMessage {
    /// Who posts.
    pub actor: Actor,
    /// Where.
    pub channel: ChannelId,
    /// The sender's own key, 1-64 printable ASCII characters; without one a retry is a second message.
    pub nonce: Option<String>,
    /// The cleaned content.
    pub content: String,
    /// What it answers.
    pub reply_to: Option<MessageId>,
    /// Whether the answered author is told.
    pub mention_author: bool,
    /// What the text names; nobody's rights were looked at yet.
    pub named: Mentions,
}

/// New content for a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditMessage {
    /// Who edits.
    pub actor: Actor,
    /// Where it stands.
    pub channel: ChannelId,
    /// Which message.
    pub message: MessageId,
    /// The cleaned content.
    pub content: String,
    /// What the new text names.
    pub named: Mentions,
}

/// Messages to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteMessages {
    /// Who deletes.
    pub actor: Actor,
    /// Where they stand.
    pub channel: ChannelId,
    /// Which, 1-100.
    pub messages: Vec<MessageId>,
}

/// What is durable now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// The message posted, edited or deleted first.
    pub message: MessageId,
    /// The channel's numbering.
    pub epoch: Epoch,
    /// The event's place; for a change that changed nothing, the channel's head.
    pub seq: Seq,
}

/// Talking.
pub trait Posting: Send + Sync {
    /// Posts a message. Answers after the commit.
    fn post(&self, command: PostMessage) -> Answer<'_, Receipt>;
    /// Edits one's own message. The same content again succeeds without an event.
    fn edit(&self, command: EditMessage) -> Answer<'_, Receipt>;
    /// Makes tombstones of one's own messages, or of others' with MANAGE_MESSAGES.
    fn delete(&self, command: DeleteMessages) -> Answer<'_, Receipt>;
    /// Removes everything up to a place. Needs MANAGE_CHANNELS.
    fn purge(&self, actor: Actor, channel: ChannelId, through: Seq) -> Answer<'_, Receipt>;
    /// Tells followers that somebody types. Lossy.
    fn typing(&self, actor: Actor, channel: ChannelId) -> Answer<'_, ()>;
}

/// Reading.
pub trait Reading: Send + Sync {
    /// A page of history, 1-100 messages.
    fn history(
        &self,
        actor: Actor,
        channel: ChannelId,
        query: HistoryQuery,
        limit: usize,
    ) -> Answer<'_, HistoryPage>;
    /// One message as it is now.
    fn message(&self, actor: Actor, channel: ChannelId, message: MessageId) -> Answer<'_, Message>;
    /// What is unread in every channel the actor may view.
    fn read_states(&self, actor: Actor) -> Answer<'_, Vec<ReadState>>;
    /// Moves a read position; the actor's other devices are told.
    fn move_read(&self, actor: Actor, channel: ChannelId, to: ReadMove) -> Answer<'_, ReadState>;
    /// Who of a server's members is there.
    fn presence(&self, actor: Actor, server: ServerId) -> Answer<'_, Vec<(UserId, Presence)>>;
}

/// Where a subscription begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With what happens from now on.
    Now,
    /// Behind the last event had; who is too far behind is told so and begins at the head.
    Behind(Position),
    /// Behind the follower's read position in a channel, which is kept here: everything since, however much that is.
    Stored,
}

/// A message that a program without an account posts.
#[derive(Debug, Clone)]
pub struct PostByWebhook {
    /// By which webhook.
    pub webhook: WebhookId,
    /// The hash of the token that was shown.
    pub token: TokenHash,
    /// The sender's own key, 1-64 printable ASCII characters; without one a retry is a second message.
    pub nonce: Option<String>,
    /// The cleaned content.
    pub content: String,
    /// What the text names; only people are told.
    pub named: Mentions,
}

/// Webhooks. Whoever holds MANAGE_WEBHOOKS in a channel manages them; whoever has a token uses one.
pub trait Webhooks: Send + Sync {
    /// Makes one, opened by the token with this hash.
    fn create(&self, actor: Actor, channel: ChannelId, name: String, token: TokenHash)
    -> Answer<'_, Webhook>;
    /// Those of a channel.
    fn list(&self, actor: Actor, channel: ChannelId) -> Answer<'_, Vec<Webhook>>;
    /// Shows one under another name.
    fn rename(&self, actor: Actor, webhook: WebhookId, name: String) -> Answer<'_, Webhook>;
    /// Opens one with another token; the old one opens nothing any more.
    fn set_token(&self, actor: Actor, webhook: WebhookId, token: TokenHash) -> Answer<'_, Webhook>;
    /// Deletes one. What it wrote stays.
    fn delete(&self, actor: Actor, webhook: WebhookId) -> Answer<'_, ()>;
    /// Whether a token opens a webhook.
    fn check(&self, webhook: WebhookId, token: TokenHash) -> Answer<'_, ()>;
    /// Posts. Answers the message as it is stored; for a known nonce the original.
    fn post(&self, command: PostByWebhook) -> Answer<'_, Message>;
}

/// A subscription to be made.
#[derive(Clone)]
pub struct Follow {
    /// Who follows.
    pub actor: Actor,
    /// What.
    pub stream: StreamKey,
    /// Where it begins.
    pub start: Start,
    /// Where deliveries go.
    pub follower: Arc<dyn Follower>,
    /// What the follower calls this subscription.
    pub subscription: u64,
}

/// Names a subscription that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FollowId(pub u64);

/// A subscription that was made and has not delivered anything yet.
pub struct Followed {
    /// Its name.
    pub id: FollowId,
    /// The stream's numbering.
    pub epoch: Epoch,
    /// The stream's last event at that moment.
    pub head: Seq,
    /// Delivers what was missed and then lets live events through: to be awaited once the follower was told that
    /// the subscription exists. Dropping it leaves the subscription silent; unfollow it then.
    pub catch_up: BoxFuture<'static, ()>,
}

/// Following streams.
pub trait Following: Send + Sync {
    /// Who a token's identity is.
    fn sign_in(&self, identity: Identity) -> Answer<'_, Actor>;
    /// Subscribes, if the actor may view the stream.
    fn follow(&self, command: Follow) -> Answer<'_, Followed>;
    /// Ends a subscription. Nothing is delivered for it afterwards.
    fn unfollow(&self, stream: StreamKey, id: FollowId);
    /// Notes that somebody's connection began.
    fn connected(&self, user: UserId) -> BoxFuture<'_, ()>;
    /// Notes that somebody's connection ended.
    fn disconnected(&self, user: UserId) -> BoxFuture<'_, ()>;
}
