//! A STOMP session that connects, resumes and never sends twice, until its handle is dropped.
//!
//! One task owns the socket. The handle only leaves words for it: subscribe, unsubscribe, send. What was sent and not
//! acknowledged is sent again with the same nonce after a reconnect, in the same order; what is followed is followed on from the last
//! event that was had.

mod driver;
mod ledger;
mod link;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use tokio::sync::{mpsc, oneshot};

use super::{Place, TokenSource};
use crate::{
    destination::Topic,
    event::{EndCode, Envelope, GapReason},
    id::{ChannelId, Epoch, MessageId, Seq, Timestamp},
    problem::{ProblemCode, Reply},
    rest::Receipt,
};

/// Words that may wait for the session's task; beyond it whoever speaks waits.
const WORDS: usize = 256;
/// Events that may wait for the client, and as many again in the session's task; beyond it the socket is not read, unless
/// somebody waits for an answer.
const EVENTS: usize = 1024;

/// What a session needs.
#[derive(Clone)]
pub struct SessionConfig {
    /// Where to connect to; asked before every try.
    pub place: Arc<dyn Place>,
    /// Whose session it is; asked before every try.
    pub tokens: Arc<dyn TokenSource>,
}

/// How far a stream was followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamPosition {
    /// The numbering.
    pub epoch: Epoch,
    /// The last event had.
    pub after: Seq,
}

/// Why a session does not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndReason {
    /// Signing in again is the only way on.
    SignIn(String),
    /// The account may not use this deployment.
    Forbidden(String),
}

/// What a session tells.
#[derive(Debug, Clone, PartialEq)]
pub enum SessionEvent {
    /// It tries to connect.
    Connecting,
    /// It is connected; what is followed is followed on.
    Connected,
    /// It lost its socket, or got none.
    Lost {
        /// When it tries again.
        retry_in: Duration,
        /// Why, in words.
        reason: String,
    },
    /// A stream is followed from here on.
    Subscribed {
        /// Which.
        topic: Topic,
        /// From where, if the service said so.
        position: Option<StreamPosition>,
    },
    /// A stream is not there, or not for this account; it is followed no more.
    SubscribeRefused {
        /// Which.
        topic: Topic,
        /// Why.
        code: ProblemCode,
    },
    /// An event of a stream. Each numbered one comes once. Places that exist and are not for this account, or cannot be read,
    /// come as [`EventBody::Skip`](crate::event::EventBody::Skip).
    Event {
        /// Which stream.
        topic: Topic,
        /// It.
        envelope: Box<Envelope>,
    },
    /// Events of a stream are missing: to be fetched, or gone.
    Gap {
        /// Which stream.
        topic: Topic,
        /// First place.
        from: Seq,
        /// Last place.
        to: Seq,
        /// Why.
        reason: GapReason,
    },
    /// A subscription is over for good.
    Ended {
        /// Which.
        topic: Topic,
        /// Why.
        code: EndCode,
    },
    /// The service said that the token ends soon; the session has another one by itself.
    Expiring(Timestamp),
    /// The session does not go on.
    Over(EndReason),
}

/// Where following a stream begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With what happens from now on.
    Now,
    /// Behind the last event had.
    Behind(StreamPosition),
    /// Behind the position that the services keep for this account in a channel; [`SessionHandle::done`] moves it on. So a bot
    /// that was down gets all that it missed. An account that has not moved it yet begins where it joined.
    Stored,
}

impl From<Option<StreamPosition>> for Start {
    fn from(position: Option<StreamPosition>) -> Self {
        position.map_or(Self::Now, Self::Behind)
    }
}

/// What became of something sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    /// It is durable.
    Done(Receipt),
    /// It is so, and has no place of its own: a position that was moved.
    Noted,
    /// It was refused, and nothing was stored.
    Refused(Reply),
    /// Nobody knows: the session ended first, or the service had no time for it again and again, or too much waits here already.
    /// With the same nonce it may be sent again.
    Unknown,
}

/// A message to be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostMessage {
    /// Where to.
    pub channel: ChannelId,
    /// The same for every try: 1-64 printable ASCII characters.
    pub nonce: String,
    /// 1-4000 characters.
    pub content: String,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// Whether the answered author is told.
    pub mention_author: Option<bool>,
}

impl PostMessage {
    /// A message that answers none.
    #[must_use]
    pub fn new(channel: ChannelId, nonce: impl Into<String>, content: impl Into<String>) -> Self {
        Self { channel, nonce: nonce.into(), content: content.into(), reply_to: None, mention_author: None }
    }
}

/// Something on its way: await it to hear what became of it.
#[derive(Debug)]
pub struct Outgoing(oneshot::Receiver<SendOutcome>);

impl Outgoing {
    /// What became of it, however long that takes.
    pub async fn outcome(self) -> SendOutcome {
        self.0.await.unwrap_or(SendOutcome::Unknown)
    }
}

/// A word for the session's task.
#[derive(Debug)]
enum Word {
    Subscribe(Topic, Start),
    Unsubscribe(Topic),
    /// Wants an answer and is repeated until there is one.
    Send {
        destination: String,
        nonce: Option<String>,
        body: Vec<u8>,
        answer: oneshot::Sender<SendOutcome>,
    },
    /// May be lost.
    Hint {
        destination: String,
        body: Vec<u8>,
    },
    Reconnect,
}

/// The way to speak in a session. Dropping the last one ends it, after a moment for answers to what was sent.
#[derive(Debug, Clone)]
pub struct SessionHandle(mpsc::Sender<Word>);

impl SessionHandle {
    /// Follows a stream from `start` on: a [`Start`], or a position if there is one.
    pub async fn subscribe(&self, topic: Topic, start: impl Into<Start>) {
        self.say(Word::Subscribe(topic, start.into())).await;
    }

    /// Follows a stream no more.
    pub async fn unsubscribe(&self, topic: Topic) {
        self.say(Word::Unsubscribe(topic)).await;
    }

    /// Posts a message.
    pub async fn post(&self, post: PostMessage) -> Outgoing {
        let destination = crate::destination::SendTo::Messages(post.channel).to_string();
        let body = crate::rest::PostMessage {
            content: post.content,
            reply_to: post.reply_to,
            mention_author: post.mention_author,
            nonce: None,
        };
        self.send(destination, Some(post.nonce), json(&body)).await
    }

    /// Edits one's own message.
    pub async fn edit(&self, channel: ChannelId, message: MessageId, content: String) -> Outgoing {
        let destination = crate::destination::SendTo::Edit(channel, message).to_string();
        self.send(destination, None, json(&crate::rest::EditMessage { content })).await
    }

    /// Deletes a message.
    pub async fn delete(&self, channel: ChannelId, message: MessageId) -> Outgoing {
        self.send(crate::destination::SendTo::Delete(channel, message).to_string(), None, Vec::new()).await
    }

    /// Tells others that one types. May be lost.
    pub async fn typing(&self, channel: ChannelId) {
        let destination = crate::destination::SendTo::Typing(channel).to_string();
        self.say(Word::Hint { destination, body: Vec::new() }).await;
    }

    /// Reports what was read. May be lost: the next report tells more.
    pub async fn read(&self, channel: ChannelId, seq: Seq, version: Option<u64>) {
        let destination = crate::destination::SendTo::Read(channel).to_string();
        let body = json(&crate::rest::MoveRead { seq: Some(seq), version, unread_from: None });
        self.say(Word::Hint { destination, body }).await;
    }

    /// Says that everything in a channel up to `seq` was dealt with: a subscription that begins at [`Start::Stored`] goes on
    /// behind it, after whatever crash. What was not said yet comes again; an answer whose nonce names what it answers is then
    /// no second one.
    pub async fn done(&self, channel: ChannelId, seq: Seq) -> Outgoing {
        let destination = crate::destination::SendTo::Read(channel).to_string();
        let body = json(&crate::rest::MoveRead { seq: Some(seq), version: None, unread_from: None });
        self.send(destination, None, body).await
    }

    /// Tries to connect now instead of when the pause is over.
    pub async fn reconnect(&self) {
        self.say(Word::Reconnect).await;
    }

    async fn send(&self, destination: String, nonce: Option<String>, body: Vec<u8>) -> Outgoing {
        let (answer, awaited) = oneshot::channel();
        self.say(Word::Send { destination, nonce, body, answer }).await;
        Outgoing(awaited)
    }

    async fn say(&self, word: Word) {
        // A session that is over hears nothing; what wanted an answer gets `Unknown`.
        let _ = self.0.send(word).await;
    }
}

fn json(body: &impl serde::Serialize) -> Vec<u8> {
    // Plain values in memory always serialise; an empty body would be refused, not misread.
    serde_json::to_vec(body).unwrap_or_default()
}

/// Starts a session's task, which ends when the handle or the receiver is dropped.
pub(super) fn start(config: SessionConfig) -> (SessionHandle, mpsc::Receiver<SessionEvent>) {
    let (words, heard) = mpsc::channel(WORDS);
    let (told, events) = mpsc::channel(EVENTS);
    tokio::spawn(driver::run(config, heard, told));
    (SessionHandle(words), events)
}
