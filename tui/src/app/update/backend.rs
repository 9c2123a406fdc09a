//! Answers of the backend, and the state of the connection.

use echopulse_protocol::id::{ChannelId, ServerId, Stream};
use echopulse_protocol::rest;

use super::super::effect::{Effect, HistoryAt, Position};
use super::super::event::{Asked, Event};
use super::super::model::directory::Load;
use super::super::model::overlay::{Ask, Overlay};
use super::super::model::{App, Connection, Wanted, intake};
use super::super::text::Shown;
use super::{Effects, later};

impl App {
    pub(super) fn on_answer(&mut self, event: Event, effects: &mut Effects) {
        match event {
            Event::Servers(servers) => self.on_servers(&servers, effects),
            Event::Server(detail) => self.on_server(*detail, effects),
            Event::Members { server, members } => self.take_members(server, members),
            Event::Presence(presence) => {
                presence.iter().for_each(|there| self.directory.set_presence(there.user_id, there.status));
                self.is_dirty = true;
            }
            Event::ReadStates(states) => self.on_read_states(&states),
            Event::Cached { channel, page } => self.on_cached(channel, page),
            Event::History { channel, at, page } => self.on_history(channel, at, page, effects),
            Event::HistoryFailed { channel, at, reason } => self.on_history_failed(channel, at, &reason),
            Event::ServerMade { server } | Event::Joined { server } => self.on_server_gained(server, effects),
            Event::ChannelMade { server, channel } => {
                self.overlay = None;
                self.to_open = Some(Wanted::Channel(channel));
                self.reload_server(server, effects);
                self.open_wanted(effects);
            }
            Event::InviteMade { server, code } => self.on_invite(server, &code),
            Event::Refused { what, reason } => self.on_refused(what, &reason),
            other => self.on_connection(other, effects),
        }
    }

    fn on_connection(&mut self, event: Event, effects: &mut Effects) {
        self.is_dirty = true;
        match event {
            Event::Connecting => self.connection = Connection::Connecting,
            Event::Connected => self.on_connected(effects),
            Event::Lost { retry_in, reason } => {
                let again_at = later(self.now, retry_in);
                self.connection = Connection::Offline { again_at, reason: Shown::line(&reason) };
            }
            Event::Fatal { reason } => {
                self.connection = Connection::Ended(Shown::line(&reason));
                self.complain(&reason);
            }
            _ => {}
        }
    }

    /// Read states are a state, not a log: after a pause they are read anew.
    fn on_connected(&mut self, effects: &mut Effects) {
        self.connection = Connection::Connected;
        self.timelines.values_mut().for_each(|timeline| timeline.is_stopped = false);
        let is_again = std::mem::replace(&mut self.was_connected, true);
        if self.me.is_some() && !self.directory.is_loaded {
            effects.extend([Effect::LoadServers, Effect::LoadReadStates]);
        } else if is_again {
            effects.push(Effect::LoadReadStates);
        }
        if let Some(open) = self.open.filter(|open| !self.followed.contains(open)) {
            self.load_history(open, HistoryAt::Latest, effects);
        }
    }

    fn on_servers(&mut self, servers: &[echopulse_protocol::event::Server], effects: &mut Effects) {
        self.directory.is_loaded = true;
        let gone: Vec<ServerId> = self.directory.servers.iter().map(|server| server.id).collect();
        for id in gone.into_iter().filter(|id| servers.iter().all(|server| server.id != *id)) {
            self.forget_server(id, effects);
        }
        for server in servers {
            if self.directory.server(server.id).is_none() {
                self.directory.put(intake::bare_server(server));
            }
            self.reload_server(server.id, effects);
        }
        self.is_dirty = true;
    }

    fn on_server(&mut self, detail: rest::ServerDetail, effects: &mut Effects) {
        let server = intake::server(detail);
        let (id, position) = (server.id, server.position);
        let is_stale = self.directory.server(id).is_some_and(|known| known.load == Load::Stale);
        self.directory.put(server);
        if self.followed_servers.insert(id) {
            let position = position.map(|(epoch, after)| Position { epoch, after });
            effects.push(Effect::Subscribe { stream: Stream::Server(id), position });
            effects.push(Effect::LoadPresence { server: id });
        }
        if is_stale {
            self.reload_server(id, effects);
        }
        self.names_changed();
        self.leave_lost_channel(effects);
        self.open_wanted(effects);
        self.want_members(effects);
    }

    /// Reads a server's details, once at a time.
    pub(super) fn reload_server(&mut self, id: ServerId, effects: &mut Effects) {
        match self.directory.server_mut(id) {
            Some(server) if server.load == Load::Asked || server.load == Load::Stale => {
                server.load = Load::Stale
            }
            Some(server) => {
                server.load = Load::Asked;
                effects.push(Effect::LoadServer { server: id });
            }
            None => effects.push(Effect::LoadServer { server: id }),
        }
    }

    pub(super) fn take_members(&mut self, server: ServerId, members: Vec<rest::MemberDetail>) {
        for member in &members {
            self.directory.know(intake::person(&member.user));
        }
        if let Some(server) = self.directory.server_mut(server) {
            server.members = members.iter().map(|member| intake::member(&member.member)).collect();
        }
        self.directory.sort_members(server);
        self.names_changed();
    }

    fn on_read_states(&mut self, states: &[rest::ReadState]) {
        for state in states {
            let mark = intake::read_mark(state);
            // What was seen a moment ago may not have arrived there yet.
            let known = self.unread.of(state.channel_id);
            if mark.version == known.version && mark.read < known.read && mark.head <= known.read {
                continue;
            }
            let is_first = !self.unread.knows(state.channel_id);
            self.unread.set(state.channel_id, mark);
            if is_first && self.open == Some(state.channel_id) {
                self.mark_new(state.channel_id, mark.read);
            }
        }
        self.is_dirty = true;
    }

    /// The open channel was there before it was known what had been read in it.
    fn mark_new(&mut self, channel: ChannelId, read: u64) {
        let me = self.my_id();
        if let Some(timeline) = self.timelines.get_mut(&channel) {
            timeline.mark_unread_from(read, me);
            timeline.seeks_new = true;
            if timeline.epoch.is_some() {
                timeline.settle_new_line();
            }
        }
        self.after_page(channel);
    }

    fn on_server_gained(&mut self, server: ServerId, effects: &mut Effects) {
        self.overlay = None;
        self.to_open = Some(Wanted::FirstOf(server));
        self.reload_server(server, effects);
        effects.push(Effect::LoadReadStates);
        self.is_dirty = true;
        self.open_wanted(effects);
    }

    fn on_invite(&mut self, server: ServerId, code: &str) {
        if let Some(Overlay::Invite { server: asked, code: shown }) = &mut self.overlay
            && *asked == server
        {
            *shown = Some(Shown::line(code));
            self.is_dirty = true;
        }
    }

    fn on_refused(&mut self, what: Asked, reason: &str) {
        self.is_dirty = true;
        let asked = match what {
            Asked::CreateServer => Some("server"),
            Asked::CreateChannel => Some("channel"),
            Asked::Join => Some("invite"),
            _ => None,
        };
        match &mut self.overlay {
            Some(Overlay::Prompt(prompt)) if asked == Some(noun(prompt.ask)) => {
                prompt.is_busy = false;
                prompt.error = Some(Shown::line(reason));
            }
            Some(Overlay::Invite { .. }) if what == Asked::CreateInvite => {
                self.overlay = None;
                self.complain(reason);
            }
            _ => self.complain(reason),
        }
        if what == Asked::Load {
            self.directory.servers.iter_mut().for_each(|server| server.load = Load::Known);
        }
    }

    /// Lets go of a server that the person is no longer in.
    pub(super) fn forget_server(&mut self, id: ServerId, effects: &mut Effects) {
        let channels: Vec<_> =
            self.directory.server(id).into_iter().flat_map(|s| s.channels.iter().map(|c| c.id)).collect();
        if self.followed_servers.remove(&id) {
            effects.push(Effect::Unsubscribe { stream: Stream::Server(id) });
        }
        for channel in channels {
            self.forget_channel(channel, effects);
        }
        self.directory.remove(id);
        self.names_changed();
        self.leave_lost_channel(effects);
    }
}

fn noun(ask: Ask) -> &'static str {
    match ask {
        Ask::ServerName => "server",
        Ask::ChannelName(_) => "channel",
        Ask::InviteCode => "invite",
    }
}
