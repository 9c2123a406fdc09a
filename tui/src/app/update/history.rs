//! Loading messages, keeping the place while they come, and telling what has been seen.

use echopulse_protocol::id::{ChannelId, Seq, Stream};
use echopulse_protocol::rest;

use super::super::effect::{Effect, HistoryAt, Position as StreamPosition};
use super::super::model::message::Message;
use super::super::model::unread::Counted;
use super::super::model::{App, intake};
use super::super::timeline::rows::ChannelRows;
use super::super::timeline::viewport::{self, Placed, Position, Rows};
use super::super::timeline::{Key, Timeline};
use super::Effects;

/// Rows beyond the border of the screen that are looked at for holes to fill.
const NEAR: usize = 20;

impl App {
    /// The rows of the open channel and the height of their pane, if it is on screen.
    pub(crate) fn rows(&self) -> Option<(ChannelRows<'_>, u16)> {
        let panes = self.panes();
        let rows = ChannelRows::new(self, self.open?, panes.line_width())?;
        (panes.messages.height > 0).then_some((rows, panes.messages.height))
    }

    /// What of the open channel is on screen.
    pub(crate) fn on_screen(&self) -> Vec<Placed> {
        let Some(((rows, height), timeline)) = self.rows().zip(self.timeline()) else { return Vec::new() };
        viewport::visible(&rows, timeline.position, height)
    }

    /// Changes the position of the open channel.
    pub(super) fn look(&mut self, to: impl FnOnce(&dyn Rows, Position, u16) -> Position) {
        let Some(((rows, height), timeline)) = self.rows().zip(self.timeline()) else { return };
        let position = to(&rows, timeline.position, height);
        if let Some(timeline) = self.timeline_mut() {
            timeline.position = position;
        }
        self.is_dirty = true;
    }

    pub(super) fn load_history(&mut self, channel: ChannelId, at: HistoryAt, effects: &mut Effects) {
        let timeline = self.timelines.entry(channel).or_default();
        if timeline.loading.insert(at) {
            effects.push(Effect::LoadHistory { channel, at });
            self.is_dirty = true;
        }
    }

    pub(super) fn on_cached(&mut self, channel: ChannelId, page: rest::HistoryPage) {
        let (me, page) = (self.my_id(), intake::page(page, self.reader(channel)));
        let Some(timeline) = self.timelines.get_mut(&channel) else { return };
        // What came from the backend is newer.
        if timeline.epoch.is_none() {
            timeline.insert_page(page, me);
            self.after_page(channel);
        }
    }

    pub(super) fn on_history(
        &mut self,
        channel: ChannelId,
        at: HistoryAt,
        page: rest::HistoryPage,
        effects: &mut Effects,
    ) {
        let (me, epoch, after) = (self.my_id(), page.epoch, page.head);
        let page = intake::page(page, self.reader(channel));
        if !self.timelines.contains_key(&channel) {
            return;
        }
        for message in &page.messages {
            self.settle_outbox(message, channel, effects);
        }
        let Some(timeline) = self.timelines.get_mut(&channel) else { return };
        timeline.loading.remove(&at);
        timeline.insert_page(page, me);
        timeline.settle_new_line();
        self.unread.reached(channel, intake::place(after));
        if self.followed.insert(channel) {
            let position = Some(StreamPosition { epoch, after });
            effects.push(Effect::Subscribe { stream: Stream::Channel(channel), position });
        }
        self.after_page(channel);
    }

    pub(super) fn on_history_failed(&mut self, channel: ChannelId, at: HistoryAt, reason: &str) {
        let Some(timeline) = self.timelines.get_mut(&channel) else { return };
        timeline.loading.remove(&at);
        timeline.is_stopped = true;
        if self.open == Some(channel) {
            self.complain(reason);
        }
    }

    /// Goes where the reader wanted to go, once what is needed for that is there.
    pub(super) fn after_page(&mut self, channel: ChannelId) {
        self.generation += 1;
        if self.open != Some(channel) {
            return;
        }
        self.is_dirty = true;
        let Some(timeline) = self.timeline_mut() else { return };
        if let Some(seq) = timeline.seeks.filter(|seq| timeline.message(*seq).is_some()) {
            timeline.seeks = None;
            return self.select(Key::Message(seq));
        }
        if !timeline.seeks_new {
            return;
        }
        if let Some(seq) = timeline.new_line() {
            timeline.seeks_new = false;
            self.look(|rows, _, height| {
                let key = Key::Message(seq);
                // The newest, if all that is unread fits above it; else the new line, with some context.
                let newest = viewport::visible(rows, Position::Bottom, height);
                if newest.iter().any(|row| row.key == key && row.top >= 0) {
                    return Position::Bottom;
                }
                let line = rows.block(key).lead() + i32::from(height) / 4;
                viewport::settle(rows, Position::At { key, line }, height)
            });
        }
    }

    /// Asks for what is missing at the borders of the screen. Holes in the middle are filled when somebody asks.
    pub(super) fn want_history(&mut self, effects: &mut Effects) {
        let Some(((rows, height), timeline)) = self.rows().zip(self.timeline()) else { return };
        if timeline.is_stopped || !timeline.loaded {
            return;
        }
        let screen = viewport::visible(&rows, timeline.position, height);
        let (Some(first), Some(last)) = (screen.first(), screen.last()) else { return };
        let shown = screen.iter().map(|row| row.key);
        let above = std::iter::successors(rows.previous(first.key), |key| rows.previous(*key)).take(NEAR);
        let below = std::iter::successors(rows.next(last.key), |key| rows.next(*key)).take(NEAR);
        let holes = shown.chain(above).chain(below).filter_map(|key| match key {
            Key::Gap(from) => Some(from),
            _ => None,
        });
        let wanted: Vec<HistoryAt> = holes.filter_map(|from| border_filler(timeline, from)).collect();
        let Some(open) = self.open else { return };
        for at in wanted {
            self.load_history(open, at, effects);
        }
    }

    /// Counts as read what is on screen in a focused terminal, and tells so.
    pub(super) fn see(&mut self, effects: &mut Effects) {
        let Some(open) =
            self.open.filter(|open| self.is_focused && self.overlay.is_none() && self.unread.knows(*open))
        else {
            return;
        };
        let height = i32::from(self.panes().messages.height);
        let seen = self.on_screen().into_iter().rev().find_map(|row| match row.key {
            Key::Message(seq) if row.top + row.block.lead() < height => Some(seq),
            _ => None,
        });
        let before = self.unread.of(open).read;
        let Some(seq) = seen.filter(|seq| *seq > before) else { return };
        let passed = self.passed(open, before, seq);
        if let Some(mark) = self.unread.move_to(open, seq, &passed) {
            self.is_dirty = true;
            effects.push(Effect::MoveRead { channel: open, seq: Seq(seq), version: mark.version });
        }
    }

    /// Whose mentions count in a channel.
    pub(super) fn reader(&self, channel: ChannelId) -> intake::Reader<'_> {
        let roles = self.directory.server_of(channel).map_or(&[][..], |server| &server.my_roles);
        intake::Reader { me: self.my_id(), roles }
    }

    /// Unread messages between two places, as far as they are held.
    pub(super) fn passed(&self, channel: ChannelId, after: u64, to: u64) -> Vec<Counted> {
        let Some(timeline) = self.timelines.get(&channel) else { return Vec::new() };
        let counted = |message: &Message| Counted {
            seq: message.seq,
            is_mine: false,
            mentions_me: message.mentions_me,
        };
        timeline.others(after + 1, to, self.my_id(), 1_000).map(counted).collect()
    }
}

/// What fills the hole at `from`, if it is at the beginning or at the end of what is known.
fn border_filler(timeline: &Timeline, from: u64) -> Option<HistoryAt> {
    let at = timeline.filler(from)?;
    let is_at_end = timeline.gap_end(from) == Some(timeline.head());
    (is_at_end || matches!(at, HistoryAt::Before(_))).then_some(at)
}
