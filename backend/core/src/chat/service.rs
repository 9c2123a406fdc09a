//! The chat service's use cases: admission first, then the write path, the store or the hub.
//!
//! A "no" from the copy is never final: the server service is asked for what the copy lacks, and then the copy again.

mod webhooks;

use std::{future::Future, sync::Arc, time::Duration};

use super::{
    committer::Committer,
    error::{ChatError, InvalidContent, Refusal},
    hub::Hub,
    model::{EventBody, HistoryPage, HistoryQuery, Message, Presence, ReadMove, ReadState, Record, Signal},
    port::{
        inbound::{
            Answer, DeleteMessages, EditMessage, Follow, FollowId, Followed, Following, PostMessage, Posting,
            Reading, Receipt, Start,
        },
        outbound::{Bus, MessageStore, NonceRecord, PresenceBoard, Projection, Upstream, WebhookStore},
    },
    projector::Projector,
    rights::{Rights, View},
    write::{self, Outcome, Post, Write, WriteKind},
};
use crate::common::{
    BoxFuture, ChannelId, MessageId, Permission, Position, Seq, ServerId, StoreError, StreamKey, UserId,
    actor::{Actor, Identity},
    event::ServerChange,
    name::{Content, Nonce},
    port::{Clock, Ids},
};

/// Messages in one page at most.
const PAGE_LIMIT: usize = 100;
/// Messages deleted at once at most.
const DELETE_LIMIT: usize = 100;

/// What the chat service asks.
pub struct ChatDeps {
    /// Durable messages.
    pub messages: Arc<dyn MessageStore>,
    /// Webhooks.
    pub webhooks: Arc<dyn WebhookStore>,
    /// The write path.
    pub committer: Arc<Committer>,
    /// Followers.
    pub hub: Arc<Hub>,
    /// Who may do what.
    pub rights: Arc<Rights>,
    /// The copy of the communities, for what rights do not keep.
    pub projection: Arc<dyn Projection>,
    /// Makes the copy catch up.
    pub projector: Arc<Projector>,
    /// The server service.
    pub upstream: Arc<dyn Upstream>,
    /// For what has no number.
    pub bus: Arc<dyn Bus>,
    /// Who is there.
    pub presence: Arc<dyn PresenceBoard>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn Ids>,
}

/// The chat service's use cases.
pub struct ChatService {
    deps: ChatDeps,
}

impl ChatService {
    /// The service over these parts.
    #[must_use]
    pub const fn new(deps: ChatDeps) -> Self {
        Self { deps }
    }

    /// What the actor may do in a channel, after a second look if they seem not to see it.
    async fn admit(&self, actor: Actor, channel: ChannelId) -> Result<View, ChatError> {
        if let Some(view) = self.deps.rights.view(actor.user, channel).await? {
            return Ok(view);
        }
        self.look_around(channel).await?;
        self.deps.rights.view(actor.user, channel).await?.ok_or_else(|| Refusal::ChannelNotFound.into())
    }

    /// Like [`ChatService::admit`], and the actor needs `permission` there.
    async fn admit_with(
        &self,
        actor: Actor,
        channel: ChannelId,
        permission: Permission,
    ) -> Result<View, ChatError> {
        let view = self.admit(actor, channel).await?;
        if view.permissions.contains(permission) {
            return Ok(view);
        }
        self.ask(self.deps.projector.look_at(view.server)).await?;
        let view = self.admit(actor, channel).await?;
        match view.timed_out {
            _ if view.permissions.contains(permission) => Ok(view),
            Some(left) => Err(Refusal::TimedOut(left).into()),
            None => Err(Refusal::PermissionMissing(permission).into()),
        }
    }

    /// Brings the copy of the server that a channel belongs to up to date.
    async fn look_around(&self, channel: ChannelId) -> Result<(), ChatError> {
        let home = match self.deps.rights.server_of(channel).await? {
            Some(server) => Some(server),
            None => self.ask(self.deps.upstream.server_of(channel)).await?,
        };
        let Some(server) = home else { return Err(Refusal::ChannelNotFound.into()) };
        self.ask(self.deps.projector.look_at(server)).await
    }

    /// Lets an instance admin manage a channel, whether they see it or not: the write itself finds out whether it is there.
    async fn admit_admin(&self, channel: ChannelId) -> Result<(), ChatError> {
        match self.deps.rights.server_of(channel).await? {
            Some(_) => Ok(()),
            None => self.look_around(channel).await,
        }
    }

    /// Whether somebody is in a server, after a second look.
    async fn admit_member(&self, actor: Actor, server: ServerId) -> Result<(), ChatError> {
        if self.deps.rights.member(server, actor.user).await?.is_some() {
            return Ok(());
        }
        self.ask(self.deps.projector.look_at(server)).await?;
        match self.deps.rights.member(server, actor.user).await? {
            Some(_) => Ok(()),
            None => Err(Refusal::ServerNotFound.into()),
        }
    }

    /// Asks the server service. Its silence is never a "no": the answer is to come back soon.
    async fn ask<T>(&self, question: impl Future<Output = Result<T, StoreError>>) -> Result<T, ChatError> {
        question.await.map_err(|_| Refusal::NotReady.into())
    }

    async fn post_message(&self, command: PostMessage) -> Result<Receipt, ChatError> {
        let content = content(&command.content)?;
        let id = MessageId::from_u128(self.deps.ids.next());
        let nonce = match &command.nonce {
            Some(nonce) => nonce_of(nonce)?,
            None => id.to_string(),
        };
        let seen = self.admit(command.actor, command.channel).await?;
        let view = if seen.permissions.contains(Permission::SendMessages) {
            seen
        } else {
            // A retry of what was stored is answered with the original even when its author may not post any more.
            if let Some(original) = self.deps.messages.find_nonce(command.actor.user, nonce.clone()).await? {
                return repeated(&command, &content, original);
            }
            self.admit_with(command.actor, command.channel, Permission::SendMessages).await?
        };
        let mentions = self.deps.rights.resolve(command.actor.user, &view, command.named).await?;
        let slow_mode = if view.permissions.contains(Permission::BypassSlowMode) {
            Duration::ZERO
        } else {
            Duration::from_secs(u64::from(view.channel.slow_mode_s))
        };
        let post = Post {
            id,
            nonce,
            content,
            reply_to: command.reply_to,
            mention_author: command.mention_author,
            mentions,
            slow_mode,
        };
        self.write(command.actor, command.channel, id, WriteKind::Post(post)).await
    }

    async fn edit_message(&self, command: EditMessage) -> Result<Receipt, ChatError> {
        let content = content(&command.content)?;
        self.admit_with(command.actor, command.channel, Permission::SendMessages).await?;
        let kind = WriteKind::Edit { message: command.message, content, mentions: command.named };
        self.write(command.actor, command.channel, command.message, kind).await
    }

    async fn delete_messages(&self, command: DeleteMessages) -> Result<Receipt, ChatError> {
        let Some(first) = command.messages.first().copied() else {
            return Err(invalid(InvalidContent::Request, "message_ids names no message"));
        };
        if command.messages.len() > DELETE_LIMIT {
            return Err(invalid(InvalidContent::Request, "message_ids names more than 100 messages"));
        }
        let moderator = if command.actor.admin {
            self.admit_admin(command.channel).await?;
            true
        } else {
            let view = self.admit(command.actor, command.channel).await?;
            view.permissions.contains(Permission::ManageMessages)
        };
        let kind = WriteKind::Delete { messages: command.messages, moderator };
        self.write(command.actor, command.channel, first, kind).await
    }

    async fn purge_history(
        &self,
        actor: Actor,
        channel: ChannelId,
        through: Seq,
    ) -> Result<Receipt, ChatError> {
        if actor.admin {
            self.admit_admin(channel).await?;
        } else {
            self.admit_with(actor, channel, Permission::ManageChannels).await?;
        }
        let kind = WriteKind::Purge { through, reason: super::model::PurgeReason::Purge };
        self.write(actor, channel, MessageId::from_u128(0), kind).await
    }

    async fn write(
        &self,
        actor: Actor,
        channel: ChannelId,
        message: MessageId,
        kind: WriteKind,
    ) -> Result<Receipt, ChatError> {
        let write = Write { at: self.deps.clock.now(), actor: actor.user, channel, kind };
        match self.deps.committer.write(write).await? {
            Outcome::Stored(event) => {
                let message = match &event.body {
                    EventBody::MessageCreated { message, .. } | EventBody::MessageUpdated { message, .. } => {
                        message.id
                    }
                    _ => message,
                };
                Ok(Receipt { message, epoch: event.epoch, seq: event.seq })
            }
            Outcome::Repeated(original) => Ok(receipt_of(&original)),
            Outcome::Unchanged { epoch, head } => Ok(Receipt { message, epoch, seq: head }),
            Outcome::Refused(refusal) => Err(refusal.into()),
        }
    }

    async fn show_typing(&self, actor: Actor, channel: ChannelId) -> Result<(), ChatError> {
        self.admit_with(actor, channel, Permission::SendMessages).await?;
        let stream = StreamKey::Channel(channel);
        self.signal(stream, Signal::Typing(actor.user)).await
    }

    /// Publishes what has no number to every node, this one included.
    async fn signal(&self, stream: StreamKey, signal: Signal) -> Result<(), ChatError> {
        Ok(self.deps.bus.publish(vec![Record::Signal { stream, signal }]).await?)
    }

    async fn page(
        &self,
        actor: Actor,
        channel: ChannelId,
        query: HistoryQuery,
        limit: usize,
    ) -> Result<HistoryPage, ChatError> {
        if limit == 0 || limit > PAGE_LIMIT {
            return Err(invalid(InvalidContent::Request, "limit is not between 1 and 100"));
        }
        self.admit(actor, channel).await?;
        let page = self.deps.messages.history(channel, query, limit).await?;
        page.ok_or_else(|| Refusal::ChannelNotFound.into())
    }

    async fn one(&self, actor: Actor, channel: ChannelId, message: MessageId) -> Result<Message, ChatError> {
        self.admit(actor, channel).await?;
        let found = self.deps.messages.find_message(channel, message).await?;
        found.ok_or_else(|| Refusal::MessageNotFound.into())
    }

    async fn states(&self, actor: Actor) -> Result<Vec<ReadState>, ChatError> {
        let channels = self.deps.rights.visible_channels(actor.user).await?;
        Ok(self.deps.messages.read_states(actor.user, channels).await?)
    }

    async fn read(&self, actor: Actor, channel: ChannelId, to: ReadMove) -> Result<ReadState, ChatError> {
        self.admit(actor, channel).await?;
        let moved = self.deps.messages.move_read(actor.user, channel, to).await?;
        let state = moved.ok_or(Refusal::ChannelNotFound)?;
        let signal = Signal::ReadState { channel, read: state.read, version: state.version };
        self.signal(StreamKey::User(actor.user), signal).await?;
        Ok(state)
    }

    async fn who_is_there(
        &self,
        actor: Actor,
        server: ServerId,
    ) -> Result<Vec<(UserId, Presence)>, ChatError> {
        self.admit_member(actor, server).await?;
        let members = self.deps.projection.members(server).await?;
        Ok(self.deps.presence.of(members).await)
    }

    async fn subscribe(&self, follow: Follow) -> Result<Followed, ChatError> {
        let actor = follow.actor;
        let server = match follow.stream {
            StreamKey::Channel(channel) => Some(self.admit(actor, channel).await?.server),
            StreamKey::Server(server) => {
                self.admit_member(actor, server).await?;
                Some(server)
            }
            StreamKey::User(user) if user == actor.user => None,
            StreamKey::User(_) => return Err(Refusal::ServerNotFound.into()),
        };
        let stream = follow.stream;
        let from = match follow.start {
            Start::Now => None,
            Start::Behind(position) => Some(position),
            Start::Stored => Some(self.stored_position(actor.user, stream).await?),
        };
        let followed = self.deps.hub.follow(follow, from, server).await?;
        // Rights that were lost between the look and the registration were lost unseen by the recheck.
        if let Some(server) = server
            && self.deps.rights.end_code(actor.user, server, stream).await?.is_some()
        {
            self.deps.hub.unfollow(stream, followed.id);
            return Err(super::hub::not_found(stream).into());
        }
        Ok(followed)
    }

    /// How far somebody is in a channel. The position is kept without a numbering: it belongs to the present one.
    async fn stored_position(&self, user: UserId, stream: StreamKey) -> Result<Position, ChatError> {
        let StreamKey::Channel(channel) = stream else {
            return Err(invalid(InvalidContent::Request, "only in channels a position is kept"));
        };
        let states = self.deps.messages.read_states(user, vec![channel]).await?;
        let state = states.first().ok_or(Refusal::ChannelNotFound)?;
        let epoch = self.deps.hub.epoch_of(stream).await?.ok_or(Refusal::ChannelNotFound)?;
        Ok(Position { epoch, after: state.read })
    }

    async fn tell_presence(&self, user: UserId, presence: Presence) {
        let Ok(servers) = self.deps.projection.servers_of(user).await else { return };
        for server in servers {
            let signal = Signal::Presence { user, presence };
            // Presence is lossy: without a bus nobody hears of it, and the next list tells.
            let _ = self.signal(StreamKey::Server(server), signal).await;
        }
    }

    /// Tells a server whether somebody who just joined is there: their connection began before anybody there knew them.
    async fn show_newcomer(&self, server: ServerId, user: UserId) {
        for (user, presence) in self.deps.presence.of(vec![user]).await {
            self.deps.hub.signal(StreamKey::Server(server), Signal::Presence { user, presence }, |_| true);
        }
    }

    /// Takes a record from the bus.
    pub async fn receive(&self, record: Record) -> Result<(), StoreError> {
        match record {
            Record::Stream(event) => self.deps.hub.offer(event),
            Record::Server(event) => {
                let newcomer = match &event.change {
                    ServerChange::MemberJoined { member, .. } => Some((event.server, member.user)),
                    _ => None,
                };
                self.deps.projector.receive(event).await?;
                if let Some((server, user)) = newcomer {
                    self.show_newcomer(server, user).await;
                }
            }
            Record::User { user, revision } => {
                if self.deps.projector.receive_user(user.clone(), revision).await? {
                    self.tell_profile(user).await?;
                }
            }
            // It concerns tokens, and whoever lets people in: rights are those of a person, however they came.
            Record::SignOut(_) => {}
            Record::Signal { stream, signal } => self.deps.hub.signal(stream, signal, |_| true),
        }
        Ok(())
    }

    /// Finds what no hint told: to be called every few seconds.
    pub async fn check(&self) -> Result<(), StoreError> {
        for server in self.deps.hub.followed_servers() {
            self.deps.projector.look_at(server).await?;
        }
        self.deps.hub.check_heads().await
    }

    async fn tell_profile(&self, user: crate::common::community::User) -> Result<(), StoreError> {
        let servers = self.deps.projection.servers_of(user.id).await?.into_iter().map(StreamKey::Server);
        for stream in servers.chain([StreamKey::User(user.id)]) {
            self.deps.hub.signal(stream, Signal::User(user.clone()), |_| true);
        }
        Ok(())
    }
}

fn invalid(rule: InvalidContent, detail: &str) -> ChatError {
    Refusal::Invalid { rule, detail: detail.to_owned() }.into()
}

fn content(text: &str) -> Result<String, ChatError> {
    match Content::parse(text) {
        Ok(content) => Ok(content.into_string()),
        Err(error) => {
            let rule = if text.is_empty() { InvalidContent::Empty } else { InvalidContent::TooLong };
            Err(invalid(rule, &error.to_string()))
        }
    }
}

fn nonce_of(text: &str) -> Result<String, ChatError> {
    let nonce = Nonce::parse(text).map_err(|error| invalid(InvalidContent::Request, &error.to_string()))?;
    Ok(nonce.into_string())
}

fn repeated(command: &PostMessage, content: &str, original: NonceRecord) -> Result<Receipt, ChatError> {
    let same = original.channel == command.channel
        && original.fingerprint == write::fingerprint(content, command.reply_to);
    if same { Ok(receipt_of(&original)) } else { Err(Refusal::NonceReused.into()) }
}

const fn receipt_of(original: &NonceRecord) -> Receipt {
    Receipt { message: original.message, epoch: original.epoch, seq: original.seq }
}

impl Posting for ChatService {
    fn post(&self, command: PostMessage) -> Answer<'_, Receipt> {
        Box::pin(self.post_message(command))
    }

    fn edit(&self, command: EditMessage) -> Answer<'_, Receipt> {
        Box::pin(self.edit_message(command))
    }

    fn delete(&self, command: DeleteMessages) -> Answer<'_, Receipt> {
        Box::pin(self.delete_messages(command))
    }

    fn purge(&self, actor: Actor, channel: ChannelId, through: Seq) -> Answer<'_, Receipt> {
        Box::pin(self.purge_history(actor, channel, through))
    }

    fn typing(&self, actor: Actor, channel: ChannelId) -> Answer<'_, ()> {
        Box::pin(self.show_typing(actor, channel))
    }
}

impl Reading for ChatService {
    fn history(
        &self,
        actor: Actor,
        channel: ChannelId,
        query: HistoryQuery,
        limit: usize,
    ) -> Answer<'_, HistoryPage> {
        Box::pin(self.page(actor, channel, query, limit))
    }

    fn message(&self, actor: Actor, channel: ChannelId, message: MessageId) -> Answer<'_, Message> {
        Box::pin(self.one(actor, channel, message))
    }

    fn read_states(&self, actor: Actor) -> Answer<'_, Vec<ReadState>> {
        Box::pin(self.states(actor))
    }

    fn move_read(&self, actor: Actor, channel: ChannelId, to: ReadMove) -> Answer<'_, ReadState> {
        Box::pin(self.read(actor, channel, to))
    }

    fn presence(&self, actor: Actor, server: ServerId) -> Answer<'_, Vec<(UserId, Presence)>> {
        Box::pin(self.who_is_there(actor, server))
    }
}

impl Following for ChatService {
    fn sign_in(&self, identity: Identity) -> Answer<'_, Actor> {
        Box::pin(async move { Ok(self.deps.upstream.sign_in(identity).await?) })
    }

    fn follow(&self, command: Follow) -> Answer<'_, Followed> {
        Box::pin(self.subscribe(command))
    }

    fn unfollow(&self, stream: StreamKey, id: FollowId) {
        self.deps.hub.unfollow(stream, id);
    }

    fn connected(&self, user: UserId) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if let Some(presence) = self.deps.presence.connected(user, self.deps.clock.now()).await {
                self.tell_presence(user, presence).await;
            }
        })
    }

    fn disconnected(&self, user: UserId) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if let Some(presence) = self.deps.presence.disconnected(user, self.deps.clock.now()).await {
                self.tell_presence(user, presence).await;
            }
        })
    }
}
