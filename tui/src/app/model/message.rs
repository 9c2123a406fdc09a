//! A message as the client holds it: cleaned, and without what only the wire needs.

use echopulse_protocol::id::{MessageId, Timestamp, UserId};

use super::super::text::Shown;

/// A message of a channel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Message {
    pub(crate) id: MessageId,
    /// The place of its creation in the channel.
    pub(crate) seq: u64,
    /// The place of its last change.
    pub(crate) revision: u64,
    /// The sender's key; only the sender's own client can know what it means.
    pub(crate) nonce: String,
    pub(crate) author: Author,
    pub(crate) content: Shown,
    pub(crate) reply_to: Option<Reply>,
    /// It tells the person something, by id, by role or as everybody.
    pub(crate) mentions_me: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) edited: bool,
    /// A tombstone: the text is gone.
    pub(crate) deleted: bool,
}

/// Who wrote a message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Author {
    pub(crate) id: UserId,
    pub(crate) name: Shown,
    pub(crate) kind: AuthorKind,
}

/// What wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthorKind {
    Person,
    Bot,
    Webhook,
}

/// What a message answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reply {
    pub(crate) id: MessageId,
    pub(crate) seq: u64,
    pub(crate) author: UserId,
}

/// An answered message as it is now, cut short.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Quoted {
    pub(crate) author: Shown,
    pub(crate) content: Shown,
    pub(crate) deleted: bool,
}

impl Quoted {
    /// What a message looks like when it is quoted.
    pub(crate) fn of(message: &Message) -> Self {
        let first_line = message.content.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        Self {
            author: message.author.name.clone(),
            content: Shown::line(first_line),
            deleted: message.deleted,
        }
    }
}
