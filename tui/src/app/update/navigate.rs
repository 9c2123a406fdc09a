//! Going from channel to channel and from pane to pane.

use echopulse_protocol::id::{ChannelId, Seq, Stream};
use echopulse_protocol::permission::Permission;

use super::super::effect::{Effect, HistoryAt};
use super::super::model::{App, Draft, Focus, MAX_FOLLOWED, SidebarRow, Wanted};
use super::super::timeline::viewport::{self, Position};
use super::Effects;

impl App {
    /// Opens a channel: its messages, its draft, and the keys to the composer.
    pub(super) fn open_channel_now(&mut self, channel: ChannelId, effects: &mut Effects) {
        let Some(server) = self.directory.server_of(channel).map(|server| server.id) else { return };
        self.is_dirty = true;
        self.sidebar = Some(SidebarRow::Channel(server, channel));
        if self.open != Some(channel) {
            self.leave_channel(effects);
            self.open = Some(channel);
            self.enter_channel(channel, effects);
        }
        match self.may(Permission::SendMessages) {
            true => self.focus_composer(),
            false => self.focus_on(Focus::Messages),
        }
    }

    fn enter_channel(&mut self, channel: ChannelId, effects: &mut Effects) {
        self.recent.retain(|known| *known != channel);
        self.recent.push(channel);
        self.drafts.entry(channel).or_default();
        let (me, mark) = (self.my_id(), self.unread.of(channel));
        let (is_known, is_followed) = (self.unread.knows(channel), self.followed.contains(&channel));
        let pending = self.outbox.of(channel).map(|entry| entry.number).collect();
        let timeline = self.timelines.entry(channel).or_default();
        timeline.pending = pending;
        timeline.selected = None;
        timeline.is_stopped = false;
        // What is remembered may be old; the first page tells whether there is something new.
        if mark.unread > 0 || (is_known && !is_followed) {
            timeline.mark_unread_from(mark.read, me);
            timeline.seeks_new = true;
        }
        let is_loaded = timeline.epoch.is_some();
        self.member = 0;
        effects.push(Effect::SaveOpen { channel });
        if !is_loaded {
            effects.push(Effect::LoadCached { channel });
        }
        if !is_followed {
            let at = if mark.unread > 0 { HistoryAt::Around(Seq(mark.read + 1)) } else { HistoryAt::Latest };
            self.load_history(channel, at, effects);
        } else {
            self.look(viewport::settle);
        }
        self.want_members(effects);
        self.let_go(effects);
    }

    /// What a channel one leaves keeps: the draft, and its place at the bottom.
    fn leave_channel(&mut self, effects: &mut Effects) {
        self.save_draft(effects);
        if let Some(timeline) = self.timeline_mut() {
            timeline.selected = None;
            timeline.read_at_opening = None;
            timeline.seeks_new = false;
            timeline.position = Position::Bottom;
        }
    }

    /// Stops following channels that were not looked at for long.
    fn let_go(&mut self, effects: &mut Effects) {
        while self.recent.len() > MAX_FOLLOWED {
            let oldest = self.recent.remove(0);
            self.timelines.remove(&oldest);
            if self.followed.remove(&oldest) {
                effects.push(Effect::Unsubscribe { stream: Stream::Channel(oldest) });
            }
        }
    }

    /// Forgets a channel that is gone or hidden now.
    pub(super) fn forget_channel(&mut self, channel: ChannelId, effects: &mut Effects) {
        self.recent.retain(|known| *known != channel);
        self.timelines.remove(&channel);
        self.unread.forget(channel);
        if self.followed.remove(&channel) {
            effects.push(Effect::Unsubscribe { stream: Stream::Channel(channel) });
        }
    }

    /// Goes to the last channel that still exists, when the open one does not.
    pub(super) fn leave_lost_channel(&mut self, effects: &mut Effects) {
        let Some(open) = self.open.filter(|open| self.directory.channel(*open).is_none()) else { return };
        self.forget_channel(open, effects);
        self.open = None;
        self.focus = Focus::Sidebar;
        self.sidebar = None;
        if let Some(last) = self.recent.last().copied() {
            self.open_channel_now(last, effects);
        }
    }

    /// Opens the channel that was waited for, as soon as it is known.
    pub(super) fn open_wanted(&mut self, effects: &mut Effects) {
        let wanted = match (self.to_open, self.open) {
            (Some(Wanted::Channel(channel)), _) if self.directory.channel(channel).is_some() => Some(channel),
            (Some(Wanted::FirstOf(server)), _) => {
                let server = self.directory.server(server);
                server.and_then(|server| server.channels.first()).map(|channel| channel.id)
            }
            (Some(Wanted::Channel(_)), _) if !self.all_known() => None,
            (_, None) => {
                self.directory.servers.iter().find_map(|server| server.channels.first()).map(|c| c.id)
            }
            _ => None,
        };
        if let Some(channel) = wanted {
            self.to_open = None;
            self.open_channel_now(channel, effects);
        }
        if self.sidebar.is_none() {
            self.sidebar = self.edge_rows().0;
        }
    }

    /// Whether the details of every server have come.
    fn all_known(&self) -> bool {
        self.directory.is_loaded && self.directory.servers.iter().all(|server| server.position.is_some())
    }

    /// The members of the open channel's server, once.
    pub(super) fn want_members(&mut self, effects: &mut Effects) {
        let Some(server) = self.open_channel().map(|(server, _)| server.id) else { return };
        let Some(server) = self.directory.server_mut(server) else { return };
        if !server.members_asked && server.position.is_some() {
            server.members_asked = true;
            effects.push(Effect::LoadMembers { server: server.id });
        }
    }

    pub(super) fn step_sidebar(&mut self, by: isize) {
        let rows: Vec<_> = self.sidebar_rows().collect();
        let at = self.sidebar.and_then(|row| rows.iter().position(|known| *known == row)).unwrap_or(0);
        let last = rows.len().saturating_sub(1);
        self.sidebar = rows.get(at.saturating_add_signed(by).min(last)).copied();
    }

    pub(super) fn open_row(&mut self, effects: &mut Effects) {
        match self.sidebar {
            Some(SidebarRow::Channel(_, channel)) => self.open_channel_now(channel, effects),
            Some(SidebarRow::Server(_)) => self.fold(),
            None => {}
        }
    }

    /// Folds or unfolds the server of the selected row.
    pub(super) fn fold(&mut self) {
        let Some(SidebarRow::Server(id) | SidebarRow::Channel(id, _)) = self.sidebar else { return };
        if let Some(server) = self.directory.server_mut(id) {
            server.is_folded = !server.is_folded;
            self.sidebar = Some(SidebarRow::Server(id));
        }
    }

    pub(super) fn step_member(&mut self, by: isize) {
        let count = self.open_channel().map_or(0, |(server, _)| server.members.len());
        self.member = self.member.saturating_add_signed(by).min(count.saturating_sub(1));
    }

    pub(super) fn focus_composer(&mut self) {
        self.focus_on(Focus::Composer);
    }

    pub(super) fn focus_on(&mut self, focus: Focus) {
        let can_write = self.open.is_some() && self.may(Permission::SendMessages);
        let focus = match focus {
            Focus::Composer if !can_write => Focus::Messages,
            other => other,
        };
        let focus = if focus != Focus::Sidebar && self.open.is_none() { Focus::Sidebar } else { focus };
        self.focus = focus;
        self.is_dirty = true;
        match focus {
            Focus::Messages => self.select_something(),
            Focus::Sidebar => self.sidebar_follows(),
            _ => {}
        }
        if focus != Focus::Messages
            && let Some(timeline) = self.timeline_mut()
        {
            timeline.selected = None;
        }
    }

    fn sidebar_follows(&mut self) {
        if let Some((server, channel)) = self.open_channel().map(|(server, channel)| (server.id, channel.id))
        {
            self.sidebar = Some(SidebarRow::Channel(server, channel));
        }
    }

    /// To the next pane or the one before, in a circle of those that can be there.
    pub(super) fn turn_focus(&mut self, by: isize) {
        let has_members = self.shows_members && (self.panes().members.width > 0 || self.panes().is_narrow);
        let mut circle = vec![Focus::Sidebar, Focus::Messages, Focus::Composer];
        if has_members {
            circle.push(Focus::Members);
        }
        let at = circle.iter().position(|focus| *focus == self.focus).unwrap_or(0);
        let next = (at + circle.len()).saturating_add_signed(by) % circle.len();
        let (before, wanted) = (self.focus, circle[next]);
        self.focus_on(wanted);
        if self.focus == before {
            // The pane in between cannot take the keys now.
            let beyond = (next + circle.len()).saturating_add_signed(by) % circle.len();
            self.focus_on(circle[beyond]);
        }
    }

    /// The unread channel that matters most: mentions first, then the order of the sidebar behind the open one.
    pub(crate) fn next_unread(&self) -> Option<ChannelId> {
        let channels: Vec<_> =
            self.directory.servers.iter().flat_map(|server| &server.channels).map(|c| c.id).collect();
        let start = channels.iter().position(|channel| Some(*channel) == self.open).map_or(0, |at| at + 1);
        let (before, behind) = channels.split_at(start.min(channels.len()));
        let others = behind.iter().chain(before).copied().filter(|channel| Some(*channel) != self.open);
        let unread = others.filter(|channel| self.unread.of(*channel).unread > 0);
        unread.min_by_key(|channel| self.unread.of(*channel).mentions == 0)
    }

    pub(super) fn go_to_unread(&mut self, effects: &mut Effects) {
        if let Some(channel) = self.next_unread() {
            self.open_channel_now(channel, effects);
        }
    }

    /// What comes while nobody looks begins with a new line.
    pub(super) fn on_focus_lost(&mut self) {
        self.is_focused = false;
        let me = self.my_id();
        let Some(open) = self.open else { return };
        let mark = self.unread.of(open);
        if mark.unread == 0
            && let Some(timeline) = self.timeline_mut()
        {
            timeline.mark_unread_from(mark.read.max(timeline.last_seq().unwrap_or_default()), me);
            self.is_dirty = true;
        }
    }

    /// Keeps what is being written, if that changed.
    pub(super) fn save_draft(&mut self, effects: &mut Effects) {
        let Some(channel) = self.open else { return };
        let Some(Draft { field, purpose, saved }) = self.drafts.get_mut(&channel) else { return };
        // An edit is not a draft; what was being written before it is.
        let text = match purpose {
            super::super::model::Purpose::Edit { before, .. } => before.clone(),
            _ => field.text().to_owned(),
        };
        if *saved != text {
            saved.clone_from(&text);
            effects.push(Effect::SaveDraft { channel, text });
        }
    }
}
