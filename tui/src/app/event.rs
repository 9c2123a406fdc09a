//! Everything that can happen to the client, as plain data.
//!
//! Text in here is as it came: cleaning is the model's work. Deliberately absent: futures, handles and clocks; the time of
//! an event is given to `App::update` beside it.

use std::time::Duration;

use crossterm::event::{KeyEvent, MouseEvent};
use echopulse_protocol::event::{Envelope, GapReason, Server, User};
use echopulse_protocol::id::{ChannelId, MessageId, Seq, ServerId, Stream, Timestamp};
use echopulse_protocol::rest;

use super::effect::{HistoryAt, Unsent};

/// Something happened.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A key went down (releases are not sent).
    Key(KeyEvent),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// Text was pasted, in one piece.
    Paste(String),
    /// The terminal has this size now; also sent after a suspend.
    Resize {
        /// In cells.
        width: u16,
        /// In cells.
        height: u16,
    },
    /// The terminal is looked at.
    FocusGained,
    /// The terminal is not looked at.
    FocusLost,
    /// The moment of `App::wake_at` has come.
    Tick,

    /// The first start failed: a name that is not allowed, a folder that cannot be written.
    StartFailed {
        /// What was wrong, for the person.
        reason: String,
    },
    /// A step of the device grant.
    SignIn(SignIn),
    /// There is a deployment and a person: show the main view, ask for servers and read states.
    Ready {
        /// Who is signed in.
        user: User,
    },

    /// What the local store knew at the start.
    Restored(Box<Restored>),
    /// Messages of a channel from the local store.
    Cached {
        /// Whose.
        channel: ChannelId,
        /// The newest the store has.
        page: rest::HistoryPage,
    },

    /// Answer to `Effect::LoadServers`.
    Servers(Vec<Server>),
    /// Answer to `Effect::LoadServer`.
    Server(Box<rest::ServerDetail>),
    /// Answer to `Effect::LoadMembers`: all of them.
    Members {
        /// Of which server.
        server: ServerId,
        /// Its members.
        members: Vec<rest::MemberDetail>,
    },
    /// Answer to `Effect::LoadPresence`.
    Presence(Vec<rest::UserPresence>),
    /// Answer to `Effect::LoadReadStates`.
    ReadStates(Vec<rest::ReadState>),
    /// Answer to `Effect::LoadHistory`.
    History {
        /// Whose.
        channel: ChannelId,
        /// What was asked.
        at: HistoryAt,
        /// The page.
        page: rest::HistoryPage,
    },
    /// Answer to `Effect::LoadHistory` that failed.
    HistoryFailed {
        /// Whose.
        channel: ChannelId,
        /// What was asked.
        at: HistoryAt,
        /// Why, for the person.
        reason: String,
    },

    /// Answer to `Effect::CreateServer`.
    ServerMade {
        /// The new server.
        server: ServerId,
    },
    /// Answer to `Effect::CreateChannel`.
    ChannelMade {
        /// Where.
        server: ServerId,
        /// The new channel.
        channel: ChannelId,
    },
    /// Answer to `Effect::CreateInvite`.
    InviteMade {
        /// To which server.
        server: ServerId,
        /// The code to give to somebody.
        code: String,
    },
    /// Answer to `Effect::Join`.
    Joined {
        /// The server joined.
        server: ServerId,
    },
    /// Something asked for was refused or failed, and nothing came of it.
    Refused {
        /// What was asked.
        what: Asked,
        /// Why, for the person.
        reason: String,
    },

    /// What became of `Effect::Post`.
    Sent {
        /// Which post.
        nonce: String,
        /// What became of it.
        outcome: Outcome,
    },
    /// What became of `Effect::Edit`.
    Edited {
        /// Where.
        channel: ChannelId,
        /// Which message.
        message: MessageId,
        /// What became of it.
        outcome: Outcome,
    },

    /// The session is trying to connect.
    Connecting,
    /// The session is connected.
    Connected,
    /// The connection was lost; the session tries again by itself.
    Lost {
        /// The pause before the next try.
        retry_in: Duration,
        /// Why, for the person.
        reason: String,
    },
    /// The session has ended and will not try again: signed out, suspended, too old a client.
    Fatal {
        /// Why, for the person.
        reason: String,
    },
    /// A stream said something.
    Live {
        /// Which stream.
        stream: Stream,
        /// What it said; control events may come in here or as events of their own.
        envelope: Box<Envelope>,
    },
    /// A stream has a hole.
    Gap {
        /// Which stream.
        stream: Stream,
        /// The last seq that is missing.
        to: Seq,
        /// Why.
        reason: GapReason,
    },
    /// Part of a stream is not for this person; it counts as had.
    Skip {
        /// Which stream.
        stream: Stream,
        /// The first seq that is skipped.
        from: Seq,
        /// The last.
        to: Seq,
    },
    /// A stream is over for this person, or was refused.
    Ended {
        /// Which stream.
        stream: Stream,
        /// The code of the protocol: `kicked`, `channel-deleted`, `access-lost`, …
        code: String,
    },
}

/// A step of the sign-in by device grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SignIn {
    /// The issuer answered: this is to be typed there.
    Code(DeviceCode),
    /// The code was not used in time.
    Expired,
    /// The person said no.
    Denied,
    /// The deployment or its issuer is not reachable, or answers nonsense.
    Unreachable {
        /// What went wrong, for the person.
        reason: String,
    },
    /// The account may not use EchoPulse.
    NoAccess {
        /// Which role is missing, for the person.
        reason: String,
    },
    /// It worked; `Event::Ready` follows.
    Done,
}

/// What a person needs to finish the device grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeviceCode {
    /// What to type.
    pub(crate) user_code: String,
    /// Where to type it.
    pub(crate) link: String,
    /// The same with the code in it, for the QR code.
    pub(crate) link_with_code: Option<String>,
    /// When it stops working.
    pub(crate) expires_at: Timestamp,
}

/// What the local store knew.
#[derive(Clone, Debug, Default)]
pub(crate) struct Restored {
    /// The person, if one was signed in.
    pub(crate) user: Option<User>,
    /// The servers as last seen.
    pub(crate) servers: Vec<rest::ServerDetail>,
    /// The members as last seen.
    pub(crate) members: Vec<(ServerId, Vec<rest::MemberDetail>)>,
    /// The read states as last seen.
    pub(crate) read_states: Vec<rest::ReadState>,
    /// The channel that was open.
    pub(crate) open: Option<ChannelId>,
    /// What was typed and not sent.
    pub(crate) drafts: Vec<(ChannelId, String)>,
    /// What was sent and not acknowledged; the app asks to post it again with the same nonces.
    pub(crate) outbox: Vec<Unsent>,
}

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The list of servers, or one server, or its members, or the read states.
    Load,
    /// A new server.
    CreateServer,
    /// A new channel.
    CreateChannel,
    /// An invite.
    CreateInvite,
    /// To join.
    Join,
    /// To leave.
    Leave,
    /// A deletion.
    Delete,
    /// To open a link or to copy a text.
    Hand,
}

/// What became of something sent over the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is durable.
    Done {
        /// The message.
        message: MessageId,
        /// The place of the event in the channel's stream.
        seq: Seq,
    },
    /// It was refused and nothing came of it.
    Refused {
        /// The problem code.
        code: String,
        /// Why, for the person.
        detail: String,
        /// When another try makes sense.
        retry_after: Option<Duration>,
    },
    /// Nobody knows; the session tries again with the same nonce.
    Unknown,
}
