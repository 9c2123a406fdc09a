//! The chat context's stores in memory: the fakes that use-case tests and the simulation run on.
//!
//! They keep the contracts of [`super::chat_contract`]: each call is one step under one lock, so it is atomic as the
//! ports promise.

mod retention;
mod webhooks;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Mutex,
};

use crate::{
    chat::{
        model::{
            Author, AuthorKind, DeletedBy, Deletion, EventBody, HistoryPage, HistoryQuery, Mentions, Message,
            ReadMove, ReadState, StreamEvent,
        },
        port::outbound::{
            Applied, Community, EventLog, EventPage, MessageStore, NonceRecord, Outbox, Projection,
            StreamHead,
        },
        webhook::{TokenHash, Webhook},
        write::{self, Decision, Facts, Outcome, Post, Write, WriteKind},
    },
    common::{
        BoxFuture, ChannelId, Epoch, MessageId, Seq, ServerId, StoreError, StreamKey, Timestamp, UserId,
        WebhookId,
        community::{Channel, Member, User, UserKind},
        event::{RemovalCause, ServerChange, ServerEvent},
        name::WebhookName,
        sync::lock,
    },
};

/// Counts at most this many unread messages.
const UNREAD_CAP: u32 = 1000;

/// The chat stores in memory.
#[derive(Default)]
pub struct MemoryChatStore(Mutex<State>);

#[derive(Default, Clone)]
struct State {
    epochs: u64,
    streams: HashMap<StreamKey, Stream>,
    messages: HashMap<MessageId, Message>,
    nonces: HashMap<(UserId, String), NonceRecord>,
    outbox: BTreeSet<(StreamKey, Seq)>,
    servers: BTreeMap<ServerId, Copy>,
    users: HashMap<UserId, (User, u64)>,
    deleted_channels: HashMap<ChannelId, (ServerId, Channel)>,
    read: HashMap<(UserId, ChannelId), (Seq, u64)>,
    webhooks: BTreeMap<WebhookId, (Webhook, TokenHash)>,
    /// Outlive their webhooks: messages are shown with them.
    webhook_names: HashMap<UserId, WebhookName>,
    chores: HashMap<&'static str, Timestamp>,
}

#[derive(Clone)]
struct Stream {
    epoch: Epoch,
    purged_through: Seq,
    rows: Vec<Row>,
}

#[derive(Clone)]
struct Row {
    at: Timestamp,
    actor: Option<UserId>,
    what: What,
}

#[derive(Clone)]
enum What {
    Created(MessageId),
    Updated(MessageId),
    Other(EventBody),
}

#[derive(Clone)]
struct Copy {
    epoch: Epoch,
    seq: Seq,
    community: Option<Community>,
    members: BTreeMap<UserId, Member>,
    joined_heads: HashMap<(UserId, ChannelId), Seq>,
    removals: HashMap<UserId, RemovalCause>,
}

impl MemoryChatStore {
    /// What committing `batch` would answer, without doing it.
    pub(super) fn foretell(&self, batch: &[Write]) -> Vec<Outcome> {
        let mut copy = lock(&self.0).clone();
        batch.iter().map(|write| copy.write(write)).collect()
    }
}

impl Stream {
    fn head(&self) -> Seq {
        Seq(self.rows.len() as u64)
    }
}

impl State {
    fn stream(&mut self, key: StreamKey) -> &mut Stream {
        let epochs = &mut self.epochs;
        self.streams.entry(key).or_insert_with(|| {
            *epochs += 1;
            Stream { epoch: Epoch(*epochs), purged_through: Seq::ZERO, rows: Vec::new() }
        })
    }

    fn append(&mut self, key: StreamKey, row: Row) -> Seq {
        let stream = self.stream(key);
        stream.rows.push(row);
        let seq = stream.head();
        self.outbox.insert((key, seq));
        seq
    }

    fn shown(&self, id: MessageId) -> Option<Message> {
        let mut message = self.messages.get(&id)?.clone();
        message.author.name = self.author_name(&message);
        Some(message)
    }

    fn author_name(&self, message: &Message) -> String {
        let nickname = self
            .servers
            .values()
            .filter(|copy| {
                copy.community
                    .as_ref()
                    .is_some_and(|community| community.channels.contains_key(&message.channel))
            })
            .find_map(|copy| copy.members.get(&message.author.id)?.nickname.clone());
        let profile = || self.users.get(&message.author.id).map(|(user, _)| user.display_name.clone());
        nickname.or_else(profile).or_else(|| self.webhook_name(message.author.id)).unwrap_or_default()
    }

    fn event(&self, key: StreamKey, seq: Seq) -> Option<StreamEvent> {
        let stream = self.streams.get(&key)?;
        let row = stream.rows.get(usize::try_from(seq.0 - 1).ok()?)?;
        let body = match &row.what {
            What::Other(body) => body.clone(),
            What::Created(id) | What::Updated(id) => {
                let message = self.shown(*id)?;
                let referenced = message.reply_to.and_then(|reply| self.shown(reply.id)).map(Box::new);
                match row.what {
                    What::Created(_) => EventBody::MessageCreated { message, referenced },
                    _ => EventBody::MessageUpdated { message, referenced },
                }
            }
        };
        Some(StreamEvent { stream: key, epoch: stream.epoch, seq, at: row.at, actor: row.actor, body })
    }

    fn facts(&self, write: &Write) -> Facts {
        let key = StreamKey::Channel(write.channel);
        let stream = self.streams.get(&key);
        let named: Vec<MessageId> = match &write.kind {
            WriteKind::Post(post) => post.reply_to.into_iter().collect(),
            WriteKind::Edit { message, .. } => vec![*message],
            WriteKind::Delete { messages, .. } => messages.clone(),
            WriteKind::Purge { .. } => Vec::new(),
        };
        let own = |message: &&Message| message.channel == write.channel && message.author.id == write.actor;
        Facts {
            channel_exists: stream.is_some(),
            nonce: match &write.kind {
                WriteKind::Post(post) => self.nonces.get(&(write.actor, post.nonce.clone())).cloned(),
                _ => None,
            },
            last_post_at: match &write.kind {
                WriteKind::Post(post) if !post.slow_mode.is_zero() => {
                    self.messages.values().filter(own).map(|message| message.created_at).max()
                }
                _ => None,
            },
            messages: named
                .into_iter()
                .filter_map(|id| self.shown(id))
                .filter(|message| message.channel == write.channel)
                .collect(),
            head: stream.map_or(Seq::ZERO, Stream::head),
            purged_through: stream.map_or(Seq::ZERO, |stream| stream.purged_through),
        }
    }

    fn write(&mut self, write: &Write) -> Outcome {
        let facts = self.facts(write);
        let key = StreamKey::Channel(write.channel);
        let row = |what| Row { at: write.at, actor: write.teller(), what };
        let seq = match (write::decide(write, &facts), &write.kind) {
            (Decision::Refuse(refusal), _) => return Outcome::Refused(refusal),
            (Decision::Repeat(original), _) => return Outcome::Repeated(original),
            (Decision::Create { reply_to, mentions }, WriteKind::Post(post)) => {
                let seq = self.append(key, row(What::Created(post.id)));
                self.create(write, post, seq, reply_to, mentions);
                seq
            }
            (Decision::Update { mentions }, WriteKind::Edit { message, content, .. }) => {
                let seq = self.append(key, row(What::Updated(*message)));
                if let Some(found) = self.messages.get_mut(message) {
                    found.content.clone_from(content);
                    found.mentions = mentions;
                    found.edited_at = Some(write.at);
                    found.revision = seq;
                }
                seq
            }
            (Decision::Tombstone { messages, deletion }, _) => {
                self.tombstone(key, Some(write.actor), messages, deletion)
            }
            (Decision::Purge { through }, WriteKind::Purge { reason, .. }) => {
                self.purge(write.channel, through);
                self.append(key, row(What::Other(EventBody::HistoryPurged { through, reason: *reason })))
            }
            _ => {
                let stream = self.stream(key);
                return Outcome::Unchanged { epoch: stream.epoch, head: stream.head() };
            }
        };
        match self.event(key, seq) {
            Some(event) => Outcome::Stored(event),
            None => Outcome::Refused(crate::chat::error::Refusal::Unavailable),
        }
    }

    fn create(
        &mut self,
        write: &Write,
        post: &Post,
        seq: Seq,
        reply_to: Option<crate::chat::model::ReplyTo>,
        mentions: Mentions,
    ) {
        let kind = match self.users.get(&write.actor) {
            Some((user, _)) if user.kind == UserKind::Bot => AuthorKind::Bot,
            None if self.webhook_names.contains_key(&write.actor) => AuthorKind::Webhook,
            _ => AuthorKind::Person,
        };
        let message = Message {
            id: post.id,
            channel: write.channel,
            seq,
            revision: seq,
            nonce: post.nonce.clone(),
            author: Author { id: write.actor, kind, name: String::new() },
            content: post.content.clone(),
            reply_to,
            mentions,
            created_at: write.at,
            edited_at: None,
            deleted: None,
        };
        self.messages.insert(post.id, message);
        let epoch = self.stream(StreamKey::Channel(write.channel)).epoch;
        let fingerprint = write::fingerprint(&post.content, post.reply_to);
        let record = NonceRecord { channel: write.channel, message: post.id, seq, epoch, fingerprint };
        self.nonces.insert((write.actor, post.nonce.clone()), record);
    }

    fn tombstone(
        &mut self,
        key: StreamKey,
        actor: Option<UserId>,
        messages: Vec<(MessageId, Seq)>,
        deletion: Deletion,
    ) -> Seq {
        let body = EventBody::MessagesDeleted { messages: messages.clone(), by: deletion.by };
        let seq = self.append(key, Row { at: deletion.at, actor, what: What::Other(body) });
        for (id, _) in messages {
            if let Some(found) = self.messages.get_mut(&id) {
                found.content.clear();
                found.mentions = Mentions::default();
                found.deleted = Some(deletion);
                found.revision = seq;
            }
        }
        seq
    }

    fn purge(&mut self, channel: ChannelId, through: Seq) {
        self.stream(StreamKey::Channel(channel)).purged_through = through;
        self.messages.retain(|_, message| message.channel != channel || message.seq > through);
        self.outbox.retain(|(key, seq)| *key != StreamKey::Channel(channel) || *seq > through);
    }

    fn apply(&mut self, event: &ServerEvent) -> Applied {
        let place = self.servers.get(&event.server).map(|copy| (copy.epoch, copy.seq));
        let at = place.map_or(Seq::ZERO, |(_, seq)| seq);
        if place.is_some_and(|(epoch, _)| epoch != event.epoch) || event.seq > at.next() {
            return Applied::Gap { at };
        }
        if event.seq <= at {
            return Applied::Stale;
        }
        let key = StreamKey::Server(event.server);
        let body = EventBody::Server(event.change.clone());
        self.stream(key).epoch = event.epoch;
        self.stream(key).rows.push(Row { at: event.at, actor: event.actor, what: What::Other(body) });
        let mut grown = Vec::new();
        self.project(event, &mut grown);
        if let Some(copy) = self.servers.get_mut(&event.server) {
            copy.seq = event.seq;
        }
        Applied::Done { grown }
    }

    fn project(&mut self, event: &ServerEvent, grown: &mut Vec<StreamKey>) {
        let copy = self.servers.entry(event.server).or_insert_with(|| Copy {
            epoch: event.epoch,
            seq: Seq::ZERO,
            community: None,
            members: BTreeMap::new(),
            joined_heads: HashMap::new(),
            removals: HashMap::new(),
        });
        match &event.change {
            ServerChange::ServerCreated(server) => {
                copy.community =
                    Some(Community { server: server.clone(), channels: BTreeMap::new(), roles: Vec::new() });
            }
            ServerChange::ServerUpdated(server) => {
                if let Some(community) = &mut copy.community {
                    community.server = server.clone();
                }
            }
            ServerChange::ServerDeleted(_) => self.delete_server(event, grown),
            ServerChange::ChannelCreated(channel) | ServerChange::ChannelUpdated(channel) => {
                if let Some(community) = &mut copy.community {
                    community.channels.insert(channel.id, channel.clone());
                }
                self.stream(StreamKey::Channel(channel.id));
            }
            ServerChange::ChannelDeleted(channel) => self.delete_channel(event.server, *channel),
            ServerChange::RoleCreated(role) | ServerChange::RoleUpdated(role) => {
                if let Some(community) = &mut copy.community {
                    community.roles.retain(|kept| kept.id != role.id);
                    community.roles.push(role.clone());
                }
            }
            ServerChange::RoleDeleted(id) => {
                if let Some(community) = &mut copy.community {
                    community.roles.retain(|kept| kept.id != *id);
                }
            }
            ServerChange::CategoryCreated(_)
            | ServerChange::CategoryUpdated(_)
            | ServerChange::CategoryDeleted(_) => {}
            ServerChange::MemberJoined { member, user } => self.join(event, member, user, grown),
            ServerChange::MemberUpdated(member) => {
                copy.members.insert(member.user, member.clone());
            }
            ServerChange::MemberRemoved { user, cause } => {
                copy.members.remove(user);
                copy.removals.insert(*user, *cause);
                let body =
                    EventBody::ServerLeft { server: event.server, server_seq: event.seq, cause: *cause };
                self.tell_person(event, *user, body, grown);
                if matches!(cause, RemovalCause::Kicked | RemovalCause::Banned) {
                    self.revoke_webhooks(event.server, *user);
                }
            }
            ServerChange::MemberBanned { user, delete_messages_s } => {
                self.revoke_webhooks(event.server, *user);
                self.erase_banned(event, *user, *delete_messages_s, grown);
            }
        }
    }

    fn join(&mut self, event: &ServerEvent, member: &Member, user: &User, grown: &mut Vec<StreamKey>) {
        let heads: Vec<_> = self
            .channels_of(event.server)
            .into_iter()
            .map(|channel| ((user.id, channel), self.stream(StreamKey::Channel(channel)).head()))
            .collect();
        self.users.entry(user.id).or_insert_with(|| (user.clone(), 0));
        if let Some(copy) = self.servers.get_mut(&event.server) {
            copy.members.insert(user.id, member.clone());
            copy.joined_heads.extend(heads);
            copy.removals.remove(&user.id);
        }
        let body = EventBody::ServerJoined { server: event.server, server_seq: event.seq };
        self.tell_person(event, user.id, body, grown);
    }

    fn tell_person(
        &mut self,
        event: &ServerEvent,
        user: UserId,
        body: EventBody,
        grown: &mut Vec<StreamKey>,
    ) {
        let key = StreamKey::User(user);
        self.append(key, Row { at: event.at, actor: event.actor, what: What::Other(body) });
        grown.push(key);
    }

    fn channels_of(&self, server: ServerId) -> Vec<ChannelId> {
        let community = self.servers.get(&server).and_then(|copy| copy.community.as_ref());
        community.map(|community| community.channels.keys().copied().collect()).unwrap_or_default()
    }

    fn delete_server(&mut self, event: &ServerEvent, grown: &mut Vec<StreamKey>) {
        for channel in self.channels_of(event.server) {
            self.delete_channel(event.server, channel);
        }
        let Some(copy) = self.servers.get_mut(&event.server) else { return };
        copy.community = None;
        let members = std::mem::take(&mut copy.members);
        for user in members.into_keys() {
            let cause = RemovalCause::Deleted;
            let body = EventBody::ServerLeft { server: event.server, server_seq: event.seq, cause };
            self.tell_person(event, user, body, grown);
        }
    }

    fn delete_channel(&mut self, server: ServerId, channel: ChannelId) {
        let community = self.servers.get_mut(&server).and_then(|copy| copy.community.as_mut());
        if let Some(found) = community.and_then(|community| community.channels.remove(&channel)) {
            self.deleted_channels.insert(channel, (server, found));
        }
        self.streams.remove(&StreamKey::Channel(channel));
        self.messages.retain(|_, message| message.channel != channel);
        self.webhooks.retain(|_, (webhook, _)| webhook.channel != channel);
        self.outbox.retain(|(key, _)| *key != StreamKey::Channel(channel));
    }

    fn erase_banned(&mut self, event: &ServerEvent, user: UserId, seconds: u32, grown: &mut Vec<StreamKey>) {
        let since = Timestamp::from_millis(event.at.as_millis() - i64::from(seconds) * 1000);
        for channel in self.channels_of(event.server) {
            let doomed = |message: &&Message| {
                message.channel == channel
                    && message.author.id == user
                    && message.created_at >= since
                    && message.deleted.is_none()
            };
            let mut messages: Vec<_> =
                self.messages.values().filter(doomed).map(|message| (message.id, message.seq)).collect();
            if seconds == 0 || messages.is_empty() {
                continue;
            }
            messages.sort_by_key(|(_, seq)| *seq);
            let key = StreamKey::Channel(channel);
            let deletion = Deletion { at: event.at, by: DeletedBy::Ban };
            for part in messages.chunks(100) {
                self.tombstone(key, event.actor, part.to_vec(), deletion);
            }
            grown.push(key);
        }
    }

    fn history(&self, channel: ChannelId, query: HistoryQuery, limit: usize) -> Option<HistoryPage> {
        let stream = self.streams.get(&StreamKey::Channel(channel))?;
        let head = stream.head();
        let mut all: Vec<_> = self.messages.values().filter(|message| message.channel == channel).collect();
        all.sort_by_key(|message| message.seq);
        let below = |seq: Seq| all.partition_point(|message| message.seq < seq);
        let (from, to) = match query {
            HistoryQuery::Latest => (all.len().saturating_sub(limit), all.len()),
            HistoryQuery::Before(seq) => (below(seq).saturating_sub(limit), below(seq)),
            HistoryQuery::After(seq) => {
                let from = below(seq.next());
                (from, (from + limit).min(all.len()))
            }
            HistoryQuery::Around(seq) => {
                let from = below(seq).saturating_sub(limit / 2);
                (from, (from + limit).min(all.len()))
            }
        };
        let messages: Vec<_> = all[from..to].iter().filter_map(|message| self.shown(message.id)).collect();
        let first = if from == 0 { stream.purged_through.next() } else { all[from - 1].seq.next() };
        let last = if to == all.len() { head } else { Seq(all[to].seq.0 - 1) };
        let covers = match query {
            HistoryQuery::Before(seq) => (first, last.min(Seq(seq.0.saturating_sub(1)))),
            HistoryQuery::After(seq) => (first.max(seq.next()), last),
            _ => (first, last),
        };
        let here: BTreeSet<_> = messages.iter().map(|message| message.id).collect();
        let referenced = messages
            .iter()
            .filter_map(|message| message.reply_to)
            .filter(|reply| !here.contains(&reply.id))
            .map(|reply| reply.id)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .filter_map(|id| self.shown(id))
            .collect();
        Some(HistoryPage {
            epoch: stream.epoch,
            head,
            purged_through: stream.purged_through,
            messages,
            referenced,
            covers,
        })
    }

    fn read_state(&self, user: UserId, channel: ChannelId) -> Option<ReadState> {
        let head = self.streams.get(&StreamKey::Channel(channel))?.head();
        let joined = || self.servers.values().find_map(|copy| copy.joined_heads.get(&(user, channel)));
        let (read, version) = match self.read.get(&(user, channel)) {
            Some(stored) => *stored,
            None => (joined().copied().unwrap_or_default(), 0),
        };
        let unread = self.messages.values().filter(|message| {
            message.channel == channel
                && message.seq > read
                && message.deleted.is_none()
                && message.author.id != user
        });
        let roles: Vec<_> = self
            .servers
            .values()
            .filter(|copy| {
                copy.community.as_ref().is_some_and(|community| community.channels.contains_key(&channel))
            })
            .filter_map(|copy| copy.members.get(&user))
            .flat_map(|member| member.roles.clone())
            .collect();
        let mentioned = |message: &&Message| {
            message.mentions.everyone
                || message.mentions.users.contains(&user)
                || message.mentions.roles.iter().any(|role| roles.contains(role))
        };
        let cap = |count: usize| u32::try_from(count).unwrap_or(UNREAD_CAP).min(UNREAD_CAP);
        let mentions = cap(unread.clone().filter(mentioned).count());
        Some(ReadState { channel, read, version, head, unread: cap(unread.count()), mentions })
    }

    fn move_read(&mut self, user: UserId, channel: ChannelId, to: ReadMove) -> Option<ReadState> {
        let now = self.read_state(user, channel)?;
        let moved = match to {
            ReadMove::Forward { version: Some(version), .. } if version < now.version => return Some(now),
            ReadMove::Forward { to, .. } => (now.read.max(to.min(now.head)), now.version),
            ReadMove::UnreadFrom(seq) => (Seq(seq.0.saturating_sub(1)).min(now.head), now.version + 1),
        };
        self.read.insert((user, channel), moved);
        self.read_state(user, channel)
    }
}

fn ready<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, Result<T, StoreError>> {
    Box::pin(std::future::ready(Ok(value)))
}

impl MessageStore for MemoryChatStore {
    fn commit(&self, batch: Vec<Write>) -> BoxFuture<'_, Result<Vec<Outcome>, StoreError>> {
        let mut state = lock(&self.0);
        ready(batch.iter().map(|write| state.write(write)).collect())
    }

    fn find_nonce(
        &self,
        author: UserId,
        nonce: String,
    ) -> BoxFuture<'_, Result<Option<NonceRecord>, StoreError>> {
        ready(lock(&self.0).nonces.get(&(author, nonce)).cloned())
    }

    fn find_message(
        &self,
        channel: ChannelId,
        message: MessageId,
    ) -> BoxFuture<'_, Result<Option<Message>, StoreError>> {
        ready(lock(&self.0).shown(message).filter(|message| message.channel == channel))
    }

    fn history(
        &self,
        channel: ChannelId,
        query: HistoryQuery,
        limit: usize,
    ) -> BoxFuture<'_, Result<Option<HistoryPage>, StoreError>> {
        ready(lock(&self.0).history(channel, query, limit))
    }

    fn read_states(
        &self,
        user: UserId,
        channels: Vec<ChannelId>,
    ) -> BoxFuture<'_, Result<Vec<ReadState>, StoreError>> {
        let state = lock(&self.0);
        ready(channels.into_iter().filter_map(|channel| state.read_state(user, channel)).collect())
    }

    fn move_read(
        &self,
        user: UserId,
        channel: ChannelId,
        to: ReadMove,
    ) -> BoxFuture<'_, Result<Option<ReadState>, StoreError>> {
        ready(lock(&self.0).move_read(user, channel, to))
    }
}

impl EventLog for MemoryChatStore {
    fn events(
        &self,
        stream: StreamKey,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<Option<EventPage>, StoreError>> {
        let mut state = lock(&self.0);
        if matches!(stream, StreamKey::User(_)) {
            state.stream(stream);
        }
        let Some(found) = state.streams.get(&stream) else { return ready(None) };
        let from = after.max(found.purged_through);
        let through = Seq(found.head().0.min(from.0.saturating_add(limit as u64))).max(from);
        let events = (from.0 + 1..=through.0).filter_map(|seq| state.event(stream, Seq(seq))).collect();
        ready(Some(EventPage {
            epoch: found.epoch,
            head: found.head(),
            purged_through: found.purged_through,
            through,
            events,
        }))
    }

    fn heads(&self, streams: Vec<StreamKey>) -> BoxFuture<'_, Result<Vec<StreamHead>, StoreError>> {
        let mut state = lock(&self.0);
        for stream in streams.iter().filter(|stream| matches!(stream, StreamKey::User(_))) {
            state.stream(*stream);
        }
        let head = |stream: StreamKey| {
            let found = state.streams.get(&stream)?;
            Some(StreamHead { stream, epoch: found.epoch, head: found.head() })
        };
        ready(streams.into_iter().filter_map(head).collect())
    }
}

impl Outbox for MemoryChatStore {
    fn pending(&self, _partition: u32, limit: usize) -> BoxFuture<'_, Result<Vec<StreamEvent>, StoreError>> {
        let mut state = lock(&self.0);
        let rows: Vec<_> = state.outbox.iter().take(limit).copied().collect();
        // An event that cannot be shown any more was purged: nobody needs its hint.
        state.outbox = std::mem::take(&mut state.outbox)
            .into_iter()
            .filter(|(stream, seq)| state.event(*stream, *seq).is_some())
            .collect();
        ready(rows.into_iter().filter_map(|(stream, seq)| state.event(stream, seq)).collect())
    }

    fn published(&self, rows: Vec<(StreamKey, Seq)>) -> BoxFuture<'_, Result<(), StoreError>> {
        let mut state = lock(&self.0);
        for row in rows {
            state.outbox.remove(&row);
        }
        ready(())
    }
}

impl Projection for MemoryChatStore {
    fn position(&self, server: ServerId) -> BoxFuture<'_, Result<Option<(Epoch, Seq)>, StoreError>> {
        ready(lock(&self.0).servers.get(&server).map(|copy| (copy.epoch, copy.seq)))
    }

    fn apply(&self, event: ServerEvent) -> BoxFuture<'_, Result<Applied, StoreError>> {
        ready(lock(&self.0).apply(&event))
    }

    fn keep_user(&self, user: User, revision: u64) -> BoxFuture<'_, Result<bool, StoreError>> {
        let mut state = lock(&self.0);
        let news = state.users.get(&user.id).is_none_or(|(_, kept)| *kept < revision);
        if news {
            state.users.insert(user.id, (user, revision));
        }
        ready(news)
    }

    fn server_of(&self, channel: ChannelId) -> BoxFuture<'_, Result<Option<ServerId>, StoreError>> {
        let state = lock(&self.0);
        let holds = |copy: &Copy| {
            copy.community.as_ref().is_some_and(|community| community.channels.contains_key(&channel))
        };
        ready(state.servers.iter().find(|(_, copy)| holds(copy)).map(|(server, _)| *server))
    }

    fn deleted_channel(
        &self,
        channel: ChannelId,
    ) -> BoxFuture<'_, Result<Option<(ServerId, Channel)>, StoreError>> {
        ready(lock(&self.0).deleted_channels.get(&channel).cloned())
    }

    fn community(&self, server: ServerId) -> BoxFuture<'_, Result<Option<Community>, StoreError>> {
        ready(lock(&self.0).servers.get(&server).and_then(|copy| copy.community.clone()))
    }

    fn member(&self, server: ServerId, user: UserId) -> BoxFuture<'_, Result<Option<Member>, StoreError>> {
        ready(lock(&self.0).servers.get(&server).and_then(|copy| copy.members.get(&user).cloned()))
    }

    fn members(&self, server: ServerId) -> BoxFuture<'_, Result<Vec<UserId>, StoreError>> {
        let state = lock(&self.0);
        ready(
            state.servers.get(&server).map(|copy| copy.members.keys().copied().collect()).unwrap_or_default(),
        )
    }

    fn servers_of(&self, user: UserId) -> BoxFuture<'_, Result<Vec<ServerId>, StoreError>> {
        let state = lock(&self.0);
        let within = state.servers.iter().filter(|(_, copy)| copy.members.contains_key(&user));
        ready(within.map(|(server, _)| *server).collect())
    }

    fn removal(
        &self,
        server: ServerId,
        user: UserId,
    ) -> BoxFuture<'_, Result<Option<RemovalCause>, StoreError>> {
        ready(lock(&self.0).servers.get(&server).and_then(|copy| copy.removals.get(&user).copied()))
    }
}
