//! What may be written into a channel, judged on the facts that hold under the channel's lock.
//!
//! The store reads [`Facts`] inside its transaction, asks [`decide`], and stores what it answers. So the rules that a
//! race could break (slow mode, a reply to a living message, an edit of a tombstone) live here and in no adapter.

use std::time::Duration;

use super::{
    error::Refusal,
    model::{DeletedBy, Deletion, Mentions, Message, PurgeReason, ReplyTo, StreamEvent},
    port::outbound::NonceRecord,
};
use crate::common::{ChannelId, Epoch, MessageId, Seq, Timestamp, UserId};

/// One write into one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// When it was asked for.
    pub at: Timestamp,
    /// By whom.
    pub actor: UserId,
    /// Where.
    pub channel: ChannelId,
    /// What.
    pub kind: WriteKind,
}

impl Write {
    /// Whose doing its event says it is: nobody's, if it was only time that passed.
    #[must_use]
    pub const fn teller(&self) -> Option<UserId> {
        match self.kind {
            WriteKind::Purge { reason: PurgeReason::Retention, .. } => None,
            _ => Some(self.actor),
        }
    }
}

/// What a write does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteKind {
    /// A new message.
    Post(Post),
    /// New content for one's own message.
    Edit {
        /// Which.
        message: MessageId,
        /// The new content.
        content: String,
        /// Whom the new text names; only what was mentioned before stays mentioned.
        mentions: Mentions,
    },
    /// Tombstones in place of messages.
    Delete {
        /// Which, at most 100.
        messages: Vec<MessageId>,
        /// Whether the actor may delete others' messages here.
        moderator: bool,
    },
    /// Everything up to a place goes.
    Purge {
        /// The last place that goes.
        through: Seq,
        /// Why.
        reason: PurgeReason,
    },
}

/// A new message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// The id it will have.
    pub id: MessageId,
    /// Its author's own key for it.
    pub nonce: String,
    /// 1-4000 characters.
    pub content: String,
    /// What it answers.
    pub reply_to: Option<MessageId>,
    /// Whether the answered author is told.
    pub mention_author: bool,
    /// Whom its text tells, resolved.
    pub mentions: Mentions,
    /// How long its author must have been silent here; zero: not slowed.
    pub slow_mode: Duration,
}

/// What identifies a post's body, so that a nonce cannot stand for two: FNV-1a over content and the answered id.
#[must_use]
pub fn fingerprint(content: &str, reply_to: Option<MessageId>) -> u64 {
    let answered = reply_to.map_or(0, MessageId::as_u128).to_be_bytes();
    content.bytes().chain(answered).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// What the store read under the channel's lock. Only what the write needs has to be there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Whether the channel's head row exists.
    pub channel_exists: bool,
    /// What the actor's nonce stands for already.
    pub nonce: Option<NonceRecord>,
    /// When the actor's last message here was made, deleted or not.
    pub last_post_at: Option<Timestamp>,
    /// The messages that the write names and that this channel has: the answered, edited or deleted ones.
    pub messages: Vec<Message>,
    /// The channel's last event.
    pub head: Seq,
    /// Everything up to here is gone.
    pub purged_through: Seq,
}

/// What the store does with a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Stores the message and its nonce under the next seq.
    Create {
        /// What it answers.
        reply_to: Option<ReplyTo>,
        /// Whom it tells.
        mentions: Mentions,
    },
    /// Sets content, mentions and `edited_at` under the next seq.
    Update {
        /// Whom it still tells.
        mentions: Mentions,
    },
    /// Makes tombstones of these under the next seq: content, mentions and whatever hangs on them go.
    Tombstone {
        /// Which, with their places.
        messages: Vec<(MessageId, Seq)>,
        /// What the tombstones say.
        deletion: Deletion,
    },
    /// Removes everything up to a place, the event of it standing at the next seq.
    Purge {
        /// The last place that goes.
        through: Seq,
    },
    /// Stores nothing: the nonce's original is the answer.
    Repeat(NonceRecord),
    /// Stores nothing: it is so already.
    Unchanged,
    /// Stores nothing.
    Refuse(Refusal),
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is durable, as this event. For a post, an edit or a deletion the event shows the message as stored.
    Stored(StreamEvent),
    /// The nonce was known: this is its original.
    Repeated(NonceRecord),
    /// It was so already.
    Unchanged {
        /// The channel's numbering.
        epoch: Epoch,
        /// The channel's last event.
        head: Seq,
    },
    /// Nothing was stored.
    Refused(Refusal),
}

/// Judges one write.
#[must_use]
pub fn decide(write: &Write, facts: &Facts) -> Decision {
    match &write.kind {
        WriteKind::Post(post) => decide_post(write, post, facts),
        _ if !facts.channel_exists => Decision::Refuse(Refusal::ChannelNotFound),
        WriteKind::Edit { message, content, mentions } => {
            decide_edit(write, *message, content, mentions, facts)
        }
        WriteKind::Delete { messages, moderator } => decide_delete(write, messages, *moderator, facts),
        WriteKind::Purge { through, .. } => decide_purge(*through, facts),
    }
}

fn decide_post(write: &Write, post: &Post, facts: &Facts) -> Decision {
    if let Some(original) = &facts.nonce {
        let same = original.channel == write.channel
            && original.fingerprint == fingerprint(&post.content, post.reply_to);
        return if same {
            Decision::Repeat(original.clone())
        } else {
            Decision::Refuse(Refusal::NonceReused)
        };
    }
    if !facts.channel_exists {
        return Decision::Refuse(Refusal::ChannelNotFound);
    }
    if let Some(left) = slowed(write, post, facts) {
        return Decision::Refuse(Refusal::SlowMode(left));
    }
    let mut mentions = post.mentions.clone();
    let Some(id) = post.reply_to else {
        return Decision::Create { reply_to: None, mentions };
    };
    match find(facts, id) {
        None => Decision::Refuse(Refusal::MessageNotFound),
        Some(message) if message.deleted.is_some() => Decision::Refuse(Refusal::MessageDeleted),
        Some(message) => {
            let author = message.author.id;
            if post.mention_author && author != write.actor && !mentions.users.contains(&author) {
                mentions.users.push(author);
            }
            Decision::Create { reply_to: Some(ReplyTo { id, seq: message.seq, author }), mentions }
        }
    }
}

fn slowed(write: &Write, post: &Post, facts: &Facts) -> Option<Duration> {
    let ends = facts.last_post_at?.after(post.slow_mode);
    let left = ends.since(write.at);
    (!post.slow_mode.is_zero() && !left.is_zero()).then_some(left)
}

fn find(facts: &Facts, id: MessageId) -> Option<&Message> {
    facts.messages.iter().find(|message| message.id == id)
}

fn decide_edit(write: &Write, id: MessageId, content: &str, named: &Mentions, facts: &Facts) -> Decision {
    let Some(message) = find(facts, id) else { return Decision::Refuse(Refusal::MessageNotFound) };
    if message.author.id != write.actor {
        return Decision::Refuse(Refusal::NotAuthor);
    }
    if message.deleted.is_some() {
        return Decision::Refuse(Refusal::MessageDeleted);
    }
    if message.content == content {
        return Decision::Unchanged;
    }
    let replied = message.reply_to.map(|reply| reply.author);
    let kept = Mentions {
        users: message
            .mentions
            .users
            .iter()
            .copied()
            .filter(|user| named.users.contains(user) || replied == Some(*user))
            .collect(),
        roles: message.mentions.roles.iter().copied().filter(|role| named.roles.contains(role)).collect(),
        everyone: message.mentions.everyone && named.everyone,
    };
    Decision::Update { mentions: kept }
}

fn decide_delete(write: &Write, ids: &[MessageId], moderator: bool, facts: &Facts) -> Decision {
    let mut living = Vec::new();
    let mut by = DeletedBy::Author;
    for id in ids {
        let Some(message) = find(facts, *id) else { return Decision::Refuse(Refusal::MessageNotFound) };
        if message.author.id != write.actor {
            if !moderator {
                return Decision::Refuse(Refusal::PermissionMissing(
                    crate::common::Permission::ManageMessages,
                ));
            }
            by = DeletedBy::Moderator;
        }
        if message.deleted.is_none() && !living.contains(&(message.id, message.seq)) {
            living.push((message.id, message.seq));
        }
    }
    if living.is_empty() {
        return Decision::Unchanged;
    }
    Decision::Tombstone { messages: living, deletion: Deletion { at: write.at, by } }
}

fn decide_purge(through: Seq, facts: &Facts) -> Decision {
    let through = through.min(facts.head);
    if through <= facts.purged_through { Decision::Unchanged } else { Decision::Purge { through } }
}
