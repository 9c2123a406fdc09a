//! The rows of a channel as the screen sees them: the timeline, laid out with names, theme and width.

use std::rc::Rc;

use echopulse_protocol::id::ChannelId;

use super::super::model::App;
use super::super::model::message::Message;
use super::super::model::names::NamesIn;
use super::super::model::outbox::State;
use super::super::text::cells::width;
use super::block::{Block, Delivery, Lead, Painter, local};
use super::cache::Stamp;
use super::viewport::Rows;
use super::{Key, Timeline};

/// Messages of one author stand under one name if no more time than this lies between them.
const GROUPED_MS: i64 = 7 * 60 * 1000;

/// The rows of one channel.
pub(crate) struct ChannelRows<'a> {
    app: &'a App,
    channel: ChannelId,
    timeline: &'a Timeline,
    names: NamesIn<'a>,
    width: u16,
}

impl<'a> ChannelRows<'a> {
    /// The rows of `channel` in lines of `width`.
    pub(crate) fn new(app: &'a App, channel: ChannelId, width: u16) -> Option<Self> {
        let timeline = app.timelines.get(&channel)?;
        Some(Self { app, channel, timeline, names: app.names(channel), width })
    }

    fn message(&self, key: Key) -> Option<&'a Message> {
        match key {
            Key::Message(seq) => self.timeline.message(seq),
            Key::Pending(number) => self.app.outbox.get(number).map(|entry| &entry.message),
            Key::Start | Key::Gap(_) => None,
        }
    }

    fn lead(&self, key: Key, message: &Message) -> Lead {
        let mut above = self.timeline.previous(key);
        let is_behind_hole = matches!(above, Some(Key::Gap(_)));
        if let Some(hole) = above.filter(|_| is_behind_hole) {
            above = self.timeline.previous(hole);
        }
        let new = matches!(key, Key::Message(seq) if self.timeline.new_line() == Some(seq));
        let Some(before) = above.and_then(|above| self.message(above)) else {
            return Lead { day: true, new, author: true };
        };
        let zone = &self.app.zone;
        let day = local(before.created_at, zone).date() != local(message.created_at, zone).date();
        let later = message.created_at.0.saturating_sub(before.created_at.0) > GROUPED_MS;
        let another = before.author != message.author;
        Lead {
            day,
            new,
            author: is_behind_hole || day || new || later || another || message.reply_to.is_some(),
        }
    }

    fn lay_out(&self, key: Key, lead: Lead) -> Block {
        let painter = Painter {
            theme: &self.app.theme,
            names: &self.names,
            zone: &self.app.zone,
            year: local(self.app.now, &self.app.zone).year(),
            width: usize::from(self.width),
        };
        let Some(message) = self.message(key) else {
            return Block::notice(&self.notice(key), &painter);
        };
        let quoted = message.reply_to.map(|reply| self.timeline.quoted(reply.id));
        let delivery = match key {
            Key::Pending(number) => match self.app.outbox.get(number).map(|entry| &entry.state) {
                Some(State::Failed(reason)) => Delivery::Failed(reason),
                Some(State::Waiting) => Delivery::Waiting,
                Some(State::Sent(_)) | None => Delivery::Delivered,
            },
            _ => Delivery::Delivered,
        };
        painter.message(message, quoted, lead, delivery)
    }

    fn notice(&self, key: Key) -> String {
        let from = match key {
            Key::Gap(from) => from,
            _ => return self.beginning(),
        };
        let is_loading = self.timeline.filler(from).is_some_and(|at| self.timeline.loading.contains(&at));
        let missing = self.timeline.gap_end(from).map_or(0, |to| to - from + 1);
        match (is_loading, missing) {
            (true, _) => "┄┄ ◌ fetching messages ┄┄".to_owned(),
            (false, count) => {
                let long = format!("┄┄ up to {count} messages are missing here · Enter fetches them ┄┄");
                match width(&long) <= usize::from(self.width) {
                    true => long,
                    false => format!("┄┄ up to {count} missing · Enter ┄┄"),
                }
            }
        }
    }

    fn beginning(&self) -> String {
        let name =
            self.app.directory.channel(self.channel).map_or("the channel", |channel| channel.name.as_str());
        format!("This is the beginning of #{name}.")
    }

    /// What a hole looks like changes with its size and with what is fetched.
    fn gap_revision(&self, from: u64) -> u64 {
        let is_loading = self.timeline.filler(from).is_some_and(|at| self.timeline.loading.contains(&at));
        self.timeline.gap_end(from).unwrap_or_default() << 1 | u64::from(is_loading)
    }
}

impl Rows for ChannelRows<'_> {
    fn last(&self) -> Option<Key> {
        self.timeline.last_key()
    }

    fn next(&self, key: Key) -> Option<Key> {
        self.timeline.next(key)
    }

    fn previous(&self, key: Key) -> Option<Key> {
        self.timeline.previous(key)
    }

    fn resolve(&self, key: Key) -> Option<Key> {
        self.timeline.resolve(key)
    }

    fn block(&self, key: Key) -> Rc<Block> {
        let message = self.message(key);
        let lead = message.map_or(Lead::default(), |message| self.lead(key, message));
        let revision = match (key, message) {
            (Key::Gap(from), _) => self.gap_revision(from),
            (_, message) => message.map_or(0, |message| message.revision),
        };
        let stamp = Stamp { width: self.width, revision, lead: lead.bits(), generation: self.app.generation };
        self.app.cache.get((self.channel, key), stamp, || self.lay_out(key, lead))
    }
}
