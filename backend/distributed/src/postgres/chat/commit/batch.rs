//! A micro-batch in memory: what its writes may know, and what they leave behind.

use std::collections::{BTreeSet, HashMap};

use echopulse_core::{
    chat::{
        error::Refusal,
        model::{Author, EventBody, Mentions, Message, ReplyTo, StreamEvent},
        port::outbound::NonceRecord,
        write::{self, Decision, Facts, Outcome, Post, Write, WriteKind},
    },
    common::{ChannelId, MessageId, Seq, StreamKey, Timestamp, UserId},
};

use crate::postgres::chat::stream::{EventRow, Head, Said};

/// Names somebody's nonce.
pub(super) type NonceKey = (UserId, String);

/// What the writes of a batch know, each change of an earlier one included, and what is not in the tables yet.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) channels: HashMap<ChannelId, Head>,
    pub(super) nonces: HashMap<NonceKey, NonceRecord>,
    pub(super) last_posts: HashMap<(ChannelId, UserId), Timestamp>,
    pub(super) messages: HashMap<MessageId, Message>,
    pub(super) authors: HashMap<(ChannelId, UserId), Author>,
    /// Channels whose head moved.
    pub(super) moved: BTreeSet<ChannelId>,
    /// New messages and their nonces.
    pub(super) created: Vec<MessageId>,
    pub(super) used: Vec<NonceKey>,
    /// Messages of the tables that changed.
    pub(super) changed: BTreeSet<MessageId>,
    pub(super) events: Vec<EventRow>,
}

impl Batch {
    /// Whether nothing has to be stored.
    pub(super) fn is_empty(&self) -> bool {
        self.moved.is_empty()
    }

    /// Judges a write and does what follows from it. For a purge, answers how far it goes: the tables have to be purged now.
    pub(super) fn judge(&mut self, write: &Write) -> (Outcome, Option<Seq>) {
        let decision = write::decide(write, &self.facts(write));
        let (said, body, purged) = match (decision, &write.kind) {
            (Decision::Refuse(refusal), _) => return (Outcome::Refused(refusal), None),
            (Decision::Repeat(original), _) => return (Outcome::Repeated(original), None),
            (Decision::Create { reply_to, mentions }, WriteKind::Post(post)) => {
                self.create(write, post, reply_to, mentions);
                (Said::Created(post.id), self.shown(post.id, Shown::Created), None)
            }
            (Decision::Update { mentions }, WriteKind::Edit { message, content, .. }) => {
                self.update(write, *message, content, mentions);
                (Said::Updated(*message), self.shown(*message, Shown::Updated), None)
            }
            (Decision::Tombstone { messages, deletion }, _) => {
                let body = EventBody::MessagesDeleted { messages: messages.clone(), by: deletion.by };
                for (id, _) in messages {
                    self.alter(write.channel, id, |message| {
                        message.content.clear();
                        message.mentions = Mentions::default();
                        message.deleted = Some(deletion);
                    });
                }
                (Said::other(body.clone()), Some(body), None)
            }
            (Decision::Purge { through }, WriteKind::Purge { reason, .. }) => {
                let body = EventBody::HistoryPurged { through, reason: *reason };
                (Said::other(body.clone()), Some(body), Some(through))
            }
            _ => return (self.unchanged(write.channel), None),
        };
        match body.and_then(|body| self.append(write, said, body)) {
            Some(event) => (Outcome::Stored(event), purged),
            None => (self.unchanged(write.channel), None),
        }
    }

    /// Forgets what a purge of the tables removed.
    pub(super) fn forget(&mut self, channel: ChannelId, through: Seq) {
        self.messages.retain(|_, message| message.channel != channel || message.seq > through);
        if let Some(head) = self.channels.get_mut(&channel) {
            head.purged_through = through;
        }
    }

    fn head(&self, channel: ChannelId) -> Option<Head> {
        self.channels.get(&channel).copied()
    }

    fn facts(&self, write: &Write) -> Facts {
        let head = self.head(write.channel);
        let named: &[MessageId] = match &write.kind {
            WriteKind::Post(post) => post.reply_to.as_slice(),
            WriteKind::Edit { message, .. } => std::slice::from_ref(message),
            WriteKind::Delete { messages, .. } => messages,
            WriteKind::Purge { .. } => &[],
        };
        let here = |message: &&Message| message.channel == write.channel;
        Facts {
            channel_exists: head.is_some(),
            nonce: match &write.kind {
                WriteKind::Post(post) => self.nonces.get(&(write.actor, post.nonce.clone())).cloned(),
                _ => None,
            },
            last_post_at: self.last_posts.get(&(write.channel, write.actor)).copied(),
            messages: named.iter().filter_map(|id| self.messages.get(id)).filter(here).cloned().collect(),
            head: head.map_or(Seq::ZERO, |head| head.head),
            purged_through: head.map_or(Seq::ZERO, |head| head.purged_through),
        }
    }

    /// The place that the next event of a channel takes.
    fn next(&self, channel: ChannelId) -> Seq {
        self.head(channel).map_or(Seq::ZERO, |head| head.head).next()
    }

    fn create(&mut self, write: &Write, post: &Post, reply_to: Option<ReplyTo>, mentions: Mentions) {
        let (channel, seq) = (write.channel, self.next(write.channel));
        let Some(head) = self.head(channel) else { return };
        let Some(author) = self.authors.get(&(channel, write.actor)).cloned() else { return };
        let message = Message {
            id: post.id,
            channel,
            seq,
            revision: seq,
            nonce: post.nonce.clone(),
            author,
            content: post.content.clone(),
            reply_to,
            mentions,
            created_at: write.at,
            edited_at: None,
            deleted: None,
        };
        let fingerprint = write::fingerprint(&post.content, post.reply_to);
        let record = NonceRecord { channel, message: post.id, seq, epoch: head.epoch, fingerprint };
        let key = (write.actor, post.nonce.clone());
        self.nonces.insert(key.clone(), record);
        self.used.push(key);
        self.messages.insert(post.id, message);
        self.created.push(post.id);
        let last = self.last_posts.entry((channel, write.actor)).or_insert(write.at);
        *last = write.at.max(*last);
    }

    fn update(&mut self, write: &Write, id: MessageId, content: &str, mentions: Mentions) {
        self.alter(write.channel, id, |message| {
            content.clone_into(&mut message.content);
            message.mentions = mentions;
            message.edited_at = Some(write.at);
        });
    }

    /// Changes a message under the next place.
    fn alter(&mut self, channel: ChannelId, id: MessageId, change: impl FnOnce(&mut Message)) {
        let revision = self.next(channel);
        if let Some(message) = self.messages.get_mut(&id) {
            change(message);
            message.revision = revision;
            self.changed.insert(id);
        }
    }

    fn shown(&self, id: MessageId, shown: Shown) -> Option<EventBody> {
        let message = self.messages.get(&id)?.clone();
        let referenced = message.reply_to.and_then(|reply| self.messages.get(&reply.id));
        let referenced = referenced.cloned().map(Box::new);
        Some(match shown {
            Shown::Created => EventBody::MessageCreated { message, referenced },
            Shown::Updated => EventBody::MessageUpdated { message, referenced },
        })
    }

    fn append(&mut self, write: &Write, said: Said, body: EventBody) -> Option<StreamEvent> {
        let head = self.channels.get_mut(&write.channel)?;
        head.head = head.head.next();
        let (stream, epoch, seq) = (StreamKey::Channel(write.channel), head.epoch, head.head);
        let (at, actor) = (write.at, write.teller());
        self.moved.insert(write.channel);
        self.events.push(EventRow { stream, seq, at, actor, said });
        Some(StreamEvent { stream, epoch, seq, at, actor, body })
    }

    fn unchanged(&self, channel: ChannelId) -> Outcome {
        match self.head(channel) {
            Some(head) => Outcome::Unchanged { epoch: head.epoch, head: head.head },
            None => Outcome::Refused(Refusal::ChannelNotFound),
        }
    }
}

#[derive(Clone, Copy)]
enum Shown {
    Created,
    Updated,
}
