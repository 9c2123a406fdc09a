//! Messages and the events of streams.

use std::{any::Any, sync::OnceLock};

use crate::common::{
    ChannelId, Epoch, MessageId, RoleId, Seq, ServerId, StreamKey, Timestamp, UserId,
    community::User,
    event::{RemovalCause, ServerChange, ServerEvent},
    sign_out::SignOut,
};

/// What an author is shown as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthorKind {
    /// A person.
    Person,
    /// A bot.
    Bot,
    /// A webhook.
    Webhook,
}

/// Who wrote a message, as shown now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// Their id, which stays when everything else about them is gone.
    pub id: UserId,
    /// Person or bot.
    pub kind: AuthorKind,
    /// Nickname, else display name, else empty for somebody who was deleted.
    pub name: String,
}

/// The message that another one answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyTo {
    /// Its id.
    pub id: MessageId,
    /// Its place.
    pub seq: Seq,
    /// Who wrote it.
    pub author: UserId,
}

/// Whom a message tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mentions {
    /// People, in the order of first mention.
    pub users: Vec<UserId>,
    /// Roles, likewise.
    pub roles: Vec<RoleId>,
    /// Everybody who can view the channel.
    pub everyone: bool,
}

/// By whom a message was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeletedBy {
    /// Its author.
    Author,
    /// Somebody with MANAGE_MESSAGES.
    Moderator,
    /// A ban that takes messages along.
    Ban,
    /// The deletion of its author's account.
    Erasure,
}

/// What is left to say about a deleted message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deletion {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: DeletedBy,
}

/// A message as it is now. A tombstone has no content and no mentions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Where it stands.
    pub channel: ChannelId,
    /// Its place: the seq of its creation.
    pub seq: Seq,
    /// The seq of its last change.
    pub revision: Seq,
    /// Its author's own key for it.
    pub nonce: String,
    /// Who wrote it.
    pub author: Author,
    /// 1-4000 characters; empty in a tombstone.
    pub content: String,
    /// What it answers.
    pub reply_to: Option<ReplyTo>,
    /// Whom it tells.
    pub mentions: Mentions,
    /// When it was written.
    pub created_at: Timestamp,
    /// When its content last changed.
    pub edited_at: Option<Timestamp>,
    /// Set in a tombstone.
    pub deleted: Option<Deletion>,
}

/// Why messages were purged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PurgeReason {
    /// Somebody asked.
    Purge,
    /// They were too old.
    Retention,
}

/// What an event says. Rows hold ids; the messages here are as they are now, so deleted text is never sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventBody {
    /// A message began.
    MessageCreated {
        /// It, now.
        message: Message,
        /// The message it answers, now, if that is still there.
        referenced: Option<Box<Message>>,
    },
    /// A message's content changed.
    MessageUpdated {
        /// It, now.
        message: Message,
        /// The message it answers, now, if that is still there.
        referenced: Option<Box<Message>>,
    },
    /// 1-100 messages became tombstones.
    MessagesDeleted {
        /// Which.
        messages: Vec<(MessageId, Seq)>,
        /// By whom.
        by: DeletedBy,
    },
    /// Everything up to a place is gone.
    HistoryPurged {
        /// The last place that is gone.
        through: Seq,
        /// Why.
        reason: PurgeReason,
    },
    /// A change of a server.
    Server(ServerChange),
    /// A person is in a server from now on.
    ServerJoined {
        /// Which.
        server: ServerId,
        /// The server's seq of the joining, to subscribe with.
        server_seq: Seq,
    },
    /// A person is in a server no more.
    ServerLeft {
        /// Which.
        server: ServerId,
        /// The server's seq of the end.
        server_seq: Seq,
        /// Why.
        cause: RemovalCause,
    },
}

/// One numbered event of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEvent {
    /// Whose.
    pub stream: StreamKey,
    /// The numbering.
    pub epoch: Epoch,
    /// The place.
    pub seq: Seq,
    /// When.
    pub at: Timestamp,
    /// By whom; `None`: by the clock or the instance.
    pub actor: Option<UserId>,
    /// What.
    pub body: EventBody,
}

/// What has no number: late or lost, it costs nothing but comfort.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// Somebody types; forgotten after 8 seconds. On the channel.
    Typing(UserId),
    /// A channel of the server has news. On the server, only for who may view the channel.
    Activity(Activity),
    /// Somebody came or went. On the server.
    Presence {
        /// Who.
        user: UserId,
        /// What they are now.
        presence: Presence,
    },
    /// Somebody's read position moved on another device. On the person.
    ReadState {
        /// Where.
        channel: ChannelId,
        /// How far.
        read: Seq,
        /// Counts the moves backwards.
        version: u64,
    },
    /// Somebody's profile changed. On the servers they share with others, and on the person.
    User(User),
}

/// Whether somebody is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Presence {
    /// Connected.
    Online,
    /// Connected, but silent for five minutes.
    Idle,
    /// Not connected.
    Offline,
}

/// News of a channel, for people who do not follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Which channel.
    pub channel: ChannelId,
    /// The news begin behind this place.
    pub after: Seq,
    /// The news end here.
    pub head: Seq,
    /// Messages that began.
    pub created: Vec<ActivityMessage>,
    /// Messages that became tombstones.
    pub deleted: Vec<Seq>,
}

/// A message as far as unread counts need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityMessage {
    /// Its id.
    pub id: MessageId,
    /// Its place.
    pub seq: Seq,
    /// Who wrote it.
    pub author: UserId,
    /// Whom it tells.
    pub mentions: Mentions,
}

/// Why a `gap` is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GapReason {
    /// The events are gone.
    Purged,
    /// The follower is too far behind; history has them.
    TooFar,
    /// The follower's position belongs to another numbering.
    Epoch,
}

/// Why a subscription ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndCode {
    /// The follower left the server.
    Left,
    /// They were kicked.
    Kicked,
    /// They were banned.
    Banned,
    /// They were suspended from the instance.
    Suspended,
    /// The channel is gone.
    ChannelDeleted,
    /// The server is gone.
    ServerDeleted,
    /// They may not view it any more.
    AccessLost,
    /// They signed out.
    SessionEnded,
}

/// What a follower of a stream is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// The next event.
    Event(StreamEvent),
    /// Events that exist and are not for this follower: counted as had.
    Skip {
        /// First place.
        from: Seq,
        /// Last place.
        to: Seq,
    },
    /// Events the follower misses: to be fetched, or gone. Counted as had.
    Gap {
        /// First place.
        from: Seq,
        /// Last place.
        to: Seq,
        /// Why.
        reason: GapReason,
    },
    /// Nothing follows.
    Ended(EndCode),
    /// Something without a number.
    Signal(Signal),
}

/// An item on its way to any number of followers of one stream, with room for the adapter to encode it once for all.
#[derive(Debug)]
pub struct Delivery {
    /// Whose.
    pub stream: StreamKey,
    /// The numbering at the moment of delivery.
    pub epoch: Epoch,
    /// What.
    pub item: Item,
    /// The adapter's encoded form. Core never looks at it.
    pub encoded: OnceLock<Box<dyn Any + Send + Sync>>,
}

impl Delivery {
    /// A delivery that nobody encoded yet.
    #[must_use]
    pub const fn new(stream: StreamKey, epoch: Epoch, item: Item) -> Self {
        Self { stream, epoch, item, encoded: OnceLock::new() }
    }
}

/// What the bus carries. A hint may be lost, doubled, late and out of order; the stores repair all of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// A stream that the chat service numbers has grown.
    Stream(StreamEvent),
    /// The server service changed a server.
    Server(ServerEvent),
    /// A profile changed; the higher revision holds.
    User {
        /// The profile.
        user: User,
        /// Counts its changes.
        revision: u64,
    },
    /// A sign-in ended.
    SignOut(SignOut),
    /// Something without a number.
    Signal {
        /// On which stream.
        stream: StreamKey,
        /// What.
        signal: Signal,
    },
}

/// A page of a channel's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryPage {
    /// The channel's numbering.
    pub epoch: Epoch,
    /// Its last event.
    pub head: Seq,
    /// Everything up to here is gone.
    pub purged_through: Seq,
    /// By ascending seq, tombstones included.
    pub messages: Vec<Message>,
    /// The answered messages that are not in `messages`, as they are now.
    pub referenced: Vec<Message>,
    /// All messages of this range of places are in `messages`.
    pub covers: (Seq, Seq),
}

/// Which part of a channel's history is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryQuery {
    /// The newest messages.
    Latest,
    /// Messages whose place is below.
    Before(Seq),
    /// Messages whose place is above.
    After(Seq),
    /// Messages on both sides of a place.
    Around(Seq),
}

/// What is unread in a channel for one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadState {
    /// Which channel.
    pub channel: ChannelId,
    /// How far it was read.
    pub read: Seq,
    /// Counts the moves backwards.
    pub version: u64,
    /// The channel's last event.
    pub head: Seq,
    /// Unread messages, 1000 at most.
    pub unread: u32,
    /// Those of them that mention the person, 1000 at most.
    pub mentions: u32,
}

/// How a read position is to move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadMove {
    /// Forward to a place that was on screen. Dropped if `version` is named and older than the stored one.
    Forward {
        /// The place.
        to: Seq,
        /// The version that the device knows.
        version: Option<u64>,
    },
    /// Unread from this place on.
    UnreadFrom(Seq),
}
