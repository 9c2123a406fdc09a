//! Everything drawing needs to know, and nothing else.
//!
//! Changed by `update` alone. Deliberately absent: the world. Time is a field that events set.

pub(crate) mod directory;
pub(crate) mod intake;
pub(crate) mod message;
pub(crate) mod names;
pub(crate) mod outbox;
pub(crate) mod overlay;
pub(crate) mod screen;
pub(crate) mod unread;

use std::collections::{HashMap, HashSet};

use echopulse_protocol::id::{ChannelId, MessageId, ServerId, Timestamp, UserId};
use jiff::tz::TimeZone;

use super::actions::{Keymap, Place};
use super::composer::Field;
use super::text::Shown;
use super::theme::Theme;
use super::timeline::Timeline;
use super::timeline::cache::Cache;
use directory::{ChannelEntry, Directory, Person, ServerEntry};
use names::NamesIn;
use outbox::Outbox;
use overlay::Overlay;
pub(crate) use screen::{FirstStart, Screen, Setup, SignInScreen, SignInState, Start};
use unread::Unread;

/// Channels whose messages are kept and followed; of more, the one that was not looked at for longest is let go.
pub(crate) const MAX_FOLLOWED: usize = 8;

/// The client.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) screen: Screen,
    pub(crate) me: Option<Person>,
    pub(crate) directory: Directory,
    pub(crate) unread: Unread,
    pub(crate) timelines: HashMap<ChannelId, Timeline>,
    /// Channels that were open, the last one last.
    pub(crate) recent: Vec<ChannelId>,
    /// Streams that are followed or about to be.
    pub(crate) followed: HashSet<ChannelId>,
    pub(crate) followed_servers: HashSet<ServerId>,
    pub(crate) open: Option<ChannelId>,
    /// The channel to open as soon as it is known: the last one of the previous run, or one just made.
    pub(crate) to_open: Option<Wanted>,
    pub(crate) drafts: HashMap<ChannelId, Draft>,
    pub(crate) outbox: Outbox,
    /// New texts of own messages on their way, to be given back if they are refused.
    pub(crate) edits: HashMap<MessageId, String>,
    pub(crate) typing: HashMap<ChannelId, Vec<(UserId, Timestamp)>>,
    pub(crate) typing_told: Option<(ChannelId, Timestamp)>,
    pub(crate) focus: Focus,
    /// The selected row of the sidebar.
    pub(crate) sidebar: Option<SidebarRow>,
    /// The selected member.
    pub(crate) member: usize,
    pub(crate) shows_members: bool,
    pub(crate) overlay: Option<Overlay>,
    pub(crate) connection: Connection,
    pub(crate) was_connected: bool,
    pub(crate) toast: Option<Toast>,
    pub(crate) is_focused: bool,
    pub(crate) size: (u16, u16),
    pub(crate) now: Timestamp,
    pub(crate) zone: TimeZone,
    pub(crate) theme: Theme,
    pub(crate) keymap: Keymap,
    pub(crate) cache: Cache,
    /// Grows when names, quotes or the theme change, which every laid out row may show.
    pub(crate) generation: u64,
    pub(crate) nonce_prefix: String,
    pub(crate) nonces: u64,
    pub(crate) is_dirty: bool,
}

/// A channel to be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Channel(ChannelId),
    /// The first channel of a server.
    FirstOf(ServerId),
}

/// What is being written in a channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Draft {
    pub(crate) field: Field,
    pub(crate) purpose: Purpose,
    /// What the local store has.
    pub(crate) saved: String,
}

/// What a draft becomes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Purpose {
    #[default]
    Message,
    Reply(MessageId),
    /// A new text for an own message; what was being written before comes back afterwards.
    Edit {
        message: MessageId,
        before: String,
    },
}

/// The pane that has the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Focus {
    Sidebar,
    Messages,
    Members,
    Composer,
}

/// A row of the sidebar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SidebarRow {
    Server(ServerId),
    Channel(ServerId, ChannelId),
}

/// The link to the backend.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Connection {
    /// Nothing was tried yet.
    Starting,
    Connecting,
    Connected,
    Offline {
        /// The next try.
        again_at: Timestamp,
        reason: Shown,
    },
    /// There is no next try.
    Ended(Shown),
}

/// A line that says what just happened, until it has been there long enough to be read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Toast {
    pub(crate) text: Shown,
    pub(crate) is_error: bool,
    pub(crate) until: Timestamp,
}

impl App {
    /// A client at its first screen. Nothing is asked for before the first event.
    pub(crate) fn new(setup: Setup) -> Self {
        Self {
            screen: Screen::of(&setup.start),
            me: None,
            directory: Directory::default(),
            unread: Unread::default(),
            timelines: HashMap::new(),
            recent: Vec::new(),
            followed: HashSet::new(),
            followed_servers: HashSet::new(),
            open: None,
            to_open: None,
            drafts: HashMap::new(),
            outbox: Outbox::default(),
            edits: HashMap::new(),
            typing: HashMap::new(),
            typing_told: None,
            focus: Focus::Sidebar,
            sidebar: None,
            member: 0,
            shows_members: true,
            overlay: None,
            connection: Connection::Starting,
            was_connected: false,
            toast: None,
            is_focused: true,
            size: setup.size,
            now: setup.now,
            zone: setup.zone,
            theme: setup.theme,
            keymap: Keymap::from_table(),
            cache: Cache::default(),
            generation: 0,
            nonce_prefix: setup.nonce_prefix,
            nonces: 0,
            is_dirty: true,
        }
    }

    /// Whether anything that can be seen has changed since [`App::drawn`].
    pub(crate) fn needs_redraw(&self) -> bool {
        self.is_dirty
    }

    /// The frame is on screen.
    pub(crate) fn drawn(&mut self) {
        self.is_dirty = false;
    }

    /// The person's id; that of nobody before it is known.
    pub(crate) fn my_id(&self) -> UserId {
        self.me.as_ref().map_or(UserId::from_u128(0), |me| me.id)
    }

    /// Where the keys go.
    pub(crate) fn place(&self) -> Place {
        match (&self.screen, &self.overlay, self.focus) {
            (Screen::FirstStart(_), ..) => Place::FirstStart,
            (Screen::SignIn(_), ..) => Place::SignIn,
            (Screen::Main, Some(overlay), _) => overlay.place(),
            (Screen::Main, None, Focus::Sidebar) => Place::Sidebar,
            (Screen::Main, None, Focus::Messages) => Place::Messages,
            (Screen::Main, None, Focus::Members) => Place::Members,
            (Screen::Main, None, Focus::Composer) => Place::Composer,
        }
    }

    /// The open channel and its server.
    pub(crate) fn open_channel(&self) -> Option<(&ServerEntry, &ChannelEntry)> {
        let id = self.open?;
        let server = self.directory.server_of(id)?;
        Some((server, server.channel(id)?))
    }

    /// The server that actions are about: that of the sidebar's row if it has the keys, else that of the open channel.
    pub(crate) fn current_server(&self) -> Option<&ServerEntry> {
        let at_row = self.sidebar.filter(|_| self.focus == Focus::Sidebar || self.open.is_none());
        let of_row = at_row.map(|row| match row {
            SidebarRow::Server(server) | SidebarRow::Channel(server, _) => server,
        });
        let of_row = of_row.and_then(|id| self.directory.server(id));
        of_row.or_else(|| Some(self.open_channel()?.0)).or_else(|| self.directory.servers.first())
    }

    /// The messages of the open channel.
    pub(crate) fn timeline(&self) -> Option<&Timeline> {
        self.timelines.get(&self.open?)
    }

    /// The messages of the open channel.
    pub(crate) fn timeline_mut(&mut self) -> Option<&mut Timeline> {
        self.timelines.get_mut(&self.open?)
    }

    /// What is being written in the open channel.
    pub(crate) fn draft(&self) -> Option<&Draft> {
        self.drafts.get(&self.open?)
    }

    /// What is being written in the open channel.
    pub(crate) fn draft_mut(&mut self) -> Option<&mut Draft> {
        Some(self.drafts.entry(self.open?).or_default())
    }

    /// The names as the server of `channel` knows them.
    pub(crate) fn names(&self, channel: ChannelId) -> NamesIn<'_> {
        NamesIn { directory: &self.directory, server: self.directory.server_of(channel), me: self.my_id() }
    }

    /// The first and the last row of the sidebar.
    pub(crate) fn edge_rows(&self) -> (Option<SidebarRow>, Option<SidebarRow>) {
        (self.sidebar_rows().next(), self.sidebar_rows().last())
    }

    /// The rows of the sidebar, folded servers without their channels.
    pub(crate) fn sidebar_rows(&self) -> impl Iterator<Item = SidebarRow> {
        self.directory.servers.iter().flat_map(|server| {
            let channels = server.channels.iter().filter(|_| !server.is_folded);
            let channels = channels.map(|channel| SidebarRow::Channel(server.id, channel.id));
            std::iter::once(SidebarRow::Server(server.id)).chain(channels)
        })
    }
}
