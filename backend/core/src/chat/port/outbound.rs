//! What the chat context asks of the world. Each method is one whole fact; no transaction crosses a port.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::{
    chat::{
        model::{Delivery, HistoryPage, HistoryQuery, Message, ReadMove, ReadState, Record, StreamEvent},
        webhook::{TokenHash, Webhook},
        write::{Outcome, Write},
    },
    common::{
        BoxFuture, ChannelId, Epoch, MessageId, Seq, ServerId, StoreError, StreamKey, Timestamp, UserId,
        WebhookId,
        actor::{Actor, Identity},
        community::{Channel, Member, Role, Server, User},
        event::ServerEvent,
        name::WebhookName,
    },
};

/// Durable messages, their events and their numbering.
pub trait MessageStore: Send + Sync {
    /// Stores a micro-batch in one transaction and answers each write in its order.
    ///
    /// For each write, in order: the nonce is looked up first (a known one is answered with the original), the channel's
    /// head is locked, [`crate::chat::write::decide`] judges it on the facts read under that lock, and what it
    /// answers is stored: the nonce, the message, one event row at the next seq, one outbox row. A refused write leaves nothing.
    ///
    /// On an error the outcome of the whole batch is unknown; a retry with the same nonces is safe.
    fn commit(&self, batch: Vec<Write>) -> BoxFuture<'_, Result<Vec<Outcome>, StoreError>>;

    /// The original of an author's nonce, whatever became of it.
    fn find_nonce(
        &self,
        author: UserId,
        nonce: String,
    ) -> BoxFuture<'_, Result<Option<NonceRecord>, StoreError>>;

    /// A message of this channel as it is now, tombstones included.
    fn find_message(
        &self,
        channel: ChannelId,
        message: MessageId,
    ) -> BoxFuture<'_, Result<Option<Message>, StoreError>>;

    /// A page of history, `limit` messages at most, from one snapshot. `None`: no such channel.
    fn history(
        &self,
        channel: ChannelId,
        query: HistoryQuery,
        limit: usize,
    ) -> BoxFuture<'_, Result<Option<HistoryPage>, StoreError>>;

    /// The read states of one person for these channels, in their order; a channel without a row reads as
    /// `domain.md` section 5 says (the head when they joined).
    fn read_states(
        &self,
        user: UserId,
        channels: Vec<ChannelId>,
    ) -> BoxFuture<'_, Result<Vec<ReadState>, StoreError>>;

    /// Moves a read position and answers what holds then. Never beyond the head, forward never backwards.
    fn move_read(
        &self,
        user: UserId,
        channel: ChannelId,
        to: ReadMove,
    ) -> BoxFuture<'_, Result<Option<ReadState>, StoreError>>;
}

/// What became of a new webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// It is kept.
    Done,
    /// Its channel has as many as may be.
    Full,
    /// Its channel is gone, or its maker is no member any more.
    Gone,
}

/// Webhooks and the hashes of their tokens.
pub trait WebhookStore: Send + Sync {
    /// Keeps a new one, unless its channel has `limit`, or its maker is no member of the channel's server: whoever is kicked or
    /// banned meanwhile leaves none.
    fn create(
        &self,
        webhook: Webhook,
        token: TokenHash,
        limit: usize,
    ) -> BoxFuture<'_, Result<Made, StoreError>>;

    /// Those of a channel, by id.
    fn of_channel(&self, channel: ChannelId) -> BoxFuture<'_, Result<Vec<Webhook>, StoreError>>;

    /// One, and the hash of its token.
    fn find(&self, webhook: WebhookId) -> BoxFuture<'_, Result<Option<(Webhook, TokenHash)>, StoreError>>;

    /// Shows it, and what it wrote, under another name. Answers whether it is there.
    fn rename(&self, webhook: WebhookId, name: WebhookName) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Opens it with another token from now on. Answers whether it is there.
    fn set_token(&self, webhook: WebhookId, token: TokenHash) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Deletes it; its messages keep its name. Answers whether it was there.
    fn delete(&self, webhook: WebhookId) -> BoxFuture<'_, Result<bool, StoreError>>;
}

/// What became of an author's nonce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NonceRecord {
    /// Where the message was posted.
    pub channel: ChannelId,
    /// The message.
    pub message: MessageId,
    /// Its place.
    pub seq: Seq,
    /// The channel's numbering.
    pub epoch: Epoch,
    /// What [`crate::chat::write::fingerprint`] answered for its body.
    pub fingerprint: u64,
}

/// The numbered events of every stream, for the gate and for resume.
pub trait EventLog: Send + Sync {
    /// The events behind `after`, `limit` at most, dense and ascending, with numbering and head of one snapshot.
    ///
    /// Messages in them are as they are now. An event whose message was purged is answered as a hole in
    /// `events` (its seq is simply absent) and counts as covered up to [`EventPage::through`]. `None`: no such stream.
    fn events(
        &self,
        stream: StreamKey,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<Option<EventPage>, StoreError>>;

    /// Numbering and head of each of these streams that exists. A person's stream always exists: it is made, with a new
    /// epoch, when it is first asked for.
    fn heads(&self, streams: Vec<StreamKey>) -> BoxFuture<'_, Result<Vec<StreamHead>, StoreError>>;
}

/// The state of a stream's numbering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamHead {
    /// Whose.
    pub stream: StreamKey,
    /// The numbering.
    pub epoch: Epoch,
    /// The last event; zero before the first.
    pub head: Seq,
}

/// A part of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPage {
    /// The numbering.
    pub epoch: Epoch,
    /// The last event of the stream.
    pub head: Seq,
    /// Everything up to here is gone.
    pub purged_through: Seq,
    /// The last place that this page speaks of: the reader goes on behind it.
    pub through: Seq,
    /// What there is behind the asked place and up to `through`.
    pub events: Vec<StreamEvent>,
}

/// What is not kept for ever.
pub trait RetentionStore: Send + Sync {
    /// Channels whose messages are kept for some days, by id, behind `after`, with the days: the channel's own, else its server's.
    fn retained(
        &self,
        after: Option<ChannelId>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(ChannelId, u16)>, StoreError>>;

    /// The last message in front of the first that is not older than `at`. `None`: there is none.
    fn last_before(
        &self,
        channel: ChannelId,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Seq>, StoreError>>;

    /// Forgets events of servers and persons that are older than `at` and published, about `limit` at most, and says of their
    /// streams how far they are gone. Answers how many it forgot.
    fn forget_events(&self, at: Timestamp, limit: usize) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// Takes what one node does for all, unless it was taken within `every`. Of two that ask at once, one gets it.
    fn claim(
        &self,
        chore: &'static str,
        now: Timestamp,
        every: Duration,
    ) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Leaves it to whoever asks next.
    fn give_back(&self, chore: &'static str) -> BoxFuture<'_, Result<(), StoreError>>;
}

/// Rows that a commit left for the bus.
pub trait Outbox: Send + Sync {
    /// Unpublished rows of one hash partition, `limit` at most; ascending by seq within a stream.
    fn pending(&self, partition: u32, limit: usize) -> BoxFuture<'_, Result<Vec<StreamEvent>, StoreError>>;

    /// Forgets rows that were published. A row named twice, or never there, changes nothing.
    fn published(&self, rows: Vec<(StreamKey, Seq)>) -> BoxFuture<'_, Result<(), StoreError>>;
}

/// Carries hints to every node, this one included. Any record may be lost, doubled, late or out of order.
pub trait Bus: Send + Sync {
    /// Hands records over, in order. On an error none, some or all of them were handed over.
    fn publish(&self, records: Vec<Record>) -> BoxFuture<'_, Result<(), StoreError>>;
}

/// The chat service's own copy of what the server service publishes.
pub trait Projection: Send + Sync {
    /// How far the copy of a server goes. `None`: nothing of it was applied.
    fn position(&self, server: ServerId) -> BoxFuture<'_, Result<Option<(Epoch, Seq)>, StoreError>>;

    /// Applies one change, its event row for `/servers/{s}`, and what follows from it for persons' streams
    /// (server.joined, server.left) and messages (a ban that takes messages along, the webhooks of who was kicked or banned, a deleted channel's rows), all
    /// in one transaction, but only if it is the next one: place 1 of an unknown server, else the copy's place + 1 in its epoch.
    fn apply(&self, event: ServerEvent) -> BoxFuture<'_, Result<Applied, StoreError>>;

    /// Keeps a profile if its revision is higher than the one kept. Answers whether it was.
    fn keep_user(&self, user: User, revision: u64) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Where a channel belongs. `None`: unknown or deleted.
    fn server_of(&self, channel: ChannelId) -> BoxFuture<'_, Result<Option<ServerId>, StoreError>>;

    /// A channel that was deleted, with its last overrides, kept as long as its server's events: so that its deletion
    /// is told to those who saw it. `None`: it lives, or never was.
    fn deleted_channel(
        &self,
        channel: ChannelId,
    ) -> BoxFuture<'_, Result<Option<(ServerId, Channel)>, StoreError>>;

    /// What the copy knows of a server: its row, channels and roles. `None`: unknown or deleted.
    fn community(&self, server: ServerId) -> BoxFuture<'_, Result<Option<Community>, StoreError>>;

    /// A membership in the copy.
    fn member(&self, server: ServerId, user: UserId) -> BoxFuture<'_, Result<Option<Member>, StoreError>>;

    /// Who is in a server.
    fn members(&self, server: ServerId) -> BoxFuture<'_, Result<Vec<UserId>, StoreError>>;

    /// The servers that somebody is in.
    fn servers_of(&self, user: UserId) -> BoxFuture<'_, Result<Vec<ServerId>, StoreError>>;

    /// Why somebody's membership last ended, to say it when a subscription ends. `None`: never a member, or one now.
    fn removal(
        &self,
        server: ServerId,
        user: UserId,
    ) -> BoxFuture<'_, Result<Option<crate::common::event::RemovalCause>, StoreError>>;
}

/// A server as far as rights depend on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Community {
    /// Its row.
    pub server: Server,
    /// Its channels, by id.
    pub channels: BTreeMap<ChannelId, Channel>,
    /// Its roles, @everyone included.
    pub roles: Vec<Role>,
}

/// What applying an event did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// It is part of the copy now; these streams grew besides the server's own.
    Done {
        /// Streams of persons and channels with new events.
        grown: Vec<StreamKey>,
    },
    /// The copy had it already.
    Stale,
    /// Events before it are missing, or it belongs to another epoch: the copy ends at `at`.
    Gap {
        /// The copy's place; zero for an unknown server.
        at: Seq,
    },
}

/// What the chat context asks the server service.
pub trait Upstream: Send + Sync {
    /// Maps a person of the issuer to one of ours, known from then on.
    fn sign_in(&self, identity: Identity) -> BoxFuture<'_, Result<Actor, StoreError>>;

    /// A server's changes behind `after`, ascending, at most `limit`; empty: there are no more.
    fn events(
        &self,
        server: ServerId,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<ServerEvent>, StoreError>>;

    /// Where a channel belongs.
    fn server_of(&self, channel: ChannelId) -> BoxFuture<'_, Result<Option<ServerId>, StoreError>>;
}

/// A follower's side of a subscription: a bounded queue that somebody writes to a socket.
pub trait Follower: Send + Sync {
    /// Takes a delivery for the subscription the follower named so, without waiting. Never called again for a
    /// subscription after [`crate::chat::model::Item::Ended`]; on that item whatever still waits for the subscription is dropped first.
    fn deliver(&self, subscription: u64, delivery: Arc<Delivery>) -> Room;

    /// Waits until at most half of the queue is taken, or the follower is gone.
    fn room(&self) -> BoxFuture<'_, Room>;
}

/// Whether a follower can take more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// It can.
    Open,
    /// Its queue was full: it is slow, gets nothing more, and is being closed.
    Gone,
}

/// Lets time pass.
pub trait Timer: Send + Sync {
    /// Waits this long.
    fn sleep(&self, span: Duration) -> BoxFuture<'_, ()>;
}

/// Who is connected, over all nodes. Hot state: losing it costs comfort only.
pub trait PresenceBoard: Send + Sync {
    /// Notes a connection of somebody; answers what they are now, if that changed.
    fn connected(&self, user: UserId, at: Timestamp) -> BoxFuture<'_, Option<crate::chat::model::Presence>>;

    /// Notes the end of a connection; answers what they are now, if that changed.
    fn disconnected(
        &self,
        user: UserId,
        at: Timestamp,
    ) -> BoxFuture<'_, Option<crate::chat::model::Presence>>;

    /// What these people are now.
    fn of(&self, users: Vec<UserId>) -> BoxFuture<'_, Vec<(UserId, crate::chat::model::Presence)>>;
}
