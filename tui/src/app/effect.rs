//! What the client asks the runtime to do: plain data, in the order in which it is to be done.
//!
//! Deliberately absent: how. An effect that fails comes back as an [`Event`](super::event::Event); none is awaited.

use echopulse_protocol::id::{ChannelId, Epoch, MessageId, Seq, ServerId, Stream};

/// Something to be done in the world.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    /// First start: open the embedded backend as the person of that name. Answered by `Event::Ready` or
    /// `Event::StartFailed`.
    Start {
        /// What the person typed.
        name: String,
    },
    /// Ask for a (new) device code and wait for the person. Answered by `Event::SignIn`.
    SignIn,
    /// Stop waiting for the person.
    CancelSignIn,

    /// Read the last messages of a channel from the local store. Answered by `Event::Cached` if there are any.
    LoadCached {
        /// Whose messages.
        channel: ChannelId,
    },
    /// Read the list of servers. Answered by `Event::Servers`.
    LoadServers,
    /// Read one server with channels, roles and permissions. Answered by `Event::Server`.
    LoadServer {
        /// Which.
        server: ServerId,
    },
    /// Read the members of a server. Answered by `Event::Members`.
    LoadMembers {
        /// Which.
        server: ServerId,
    },
    /// Read who is there in a server. Answered by `Event::Presence`, or by nothing: presence is a lossy fact.
    LoadPresence {
        /// Which.
        server: ServerId,
    },
    /// Read all read states. Answered by `Event::ReadStates`.
    LoadReadStates,
    /// Read a page of history. Answered by `Event::History` or `Event::HistoryFailed`.
    LoadHistory {
        /// Whose history.
        channel: ChannelId,
        /// Which part of it.
        at: HistoryAt,
    },

    /// Follow a stream, from behind `position` if there is one. The session resumes it after a reconnect by itself.
    Subscribe {
        /// Which.
        stream: Stream,
        /// What the client has; `None` follows from the head.
        position: Option<Position>,
    },
    /// Stop following a stream.
    Unsubscribe {
        /// Which.
        stream: Stream,
    },
    /// Try to connect now instead of when the pause is over.
    Reconnect,

    /// Post a message. Answered by `Event::Sent` with the same nonce, however long that takes.
    Post {
        /// Where to.
        channel: ChannelId,
        /// The same for every try of this message.
        nonce: String,
        /// The text as it goes over the wire: mentions are ids.
        content: String,
        /// The message it answers.
        reply_to: Option<MessageId>,
    },
    /// Change an own message. Answered by `Event::Edited`.
    Edit {
        /// Where it stands.
        channel: ChannelId,
        /// Which.
        message: MessageId,
        /// The new text, as it goes over the wire.
        content: String,
    },
    /// Delete a message. A refusal is answered by `Event::Refused`.
    Delete {
        /// Where it stands.
        channel: ChannelId,
        /// Which.
        message: MessageId,
    },
    /// Tell the others that the person types; at most once in five seconds, may be lost.
    Typing {
        /// Where.
        channel: ChannelId,
    },
    /// Report what was on screen in a focused terminal.
    MoveRead {
        /// Where.
        channel: ChannelId,
        /// The last message seen.
        seq: Seq,
        /// The version of the read state that this moves.
        version: u64,
    },

    /// Make a server. Answered by `Event::ServerMade` or `Event::Refused`.
    CreateServer {
        /// Its name as typed.
        name: String,
    },
    /// Make a channel. Answered by `Event::ChannelMade` or `Event::Refused`.
    CreateChannel {
        /// Where.
        server: ServerId,
        /// Its name as typed.
        name: String,
    },
    /// Make an invite. Answered by `Event::InviteMade` or `Event::Refused`.
    CreateInvite {
        /// To which server.
        server: ServerId,
    },
    /// Join a server. Answered by `Event::Joined` or `Event::Refused`.
    Join {
        /// The code of the invite, cut out of whatever was pasted.
        code: String,
    },
    /// Leave a server. A refusal is answered by `Event::Refused`.
    Leave {
        /// Which.
        server: ServerId,
    },

    /// Keep what is typed and not sent; an empty text forgets it.
    SaveDraft {
        /// For which channel.
        channel: ChannelId,
        /// As typed: mentions are names.
        text: String,
    },
    /// Keep which channel is open, for the next start.
    SaveOpen {
        /// Which.
        channel: ChannelId,
    },
    /// Keep a message that is not sent yet, for the next start.
    SaveOutbox {
        /// The message.
        entry: Unsent,
    },
    /// Forget a message that is sent or discarded.
    ForgetOutbox {
        /// Its nonce.
        nonce: String,
    },

    /// Open a checked link with one argument and no shell.
    OpenUrl(String),
    /// Put cleaned text on the clipboard.
    Copy(String),
    /// Give the terminal back and stop (Ctrl-Z); on return send `Event::Resize`.
    Suspend,
    /// End the client.
    Quit,
}

/// A place from which to follow a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// The numbering it belongs to.
    pub(crate) epoch: Epoch,
    /// The last event the client has.
    pub(crate) after: Seq,
}

/// Which part of a channel's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum HistoryAt {
    /// The newest messages.
    Latest,
    /// Those on both sides of a seq.
    Around(Seq),
    /// Those older than a seq.
    Before(Seq),
    /// Those newer than a seq.
    After(Seq),
}

/// A message that the backend has not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unsent {
    /// The same for every try.
    pub(crate) nonce: String,
    /// Where to.
    pub(crate) channel: ChannelId,
    /// As it goes over the wire.
    pub(crate) content: String,
    /// The message it answers.
    pub(crate) reply_to: Option<MessageId>,
}
