//! What the streams of channels say, and what any stream may say: holes, skips and ends.

use echopulse_protocol::event::{self, EndCode, Envelope, EventBody, GapReason};
use echopulse_protocol::id::{ChannelId, MessageId, Seq, ServerId, Stream, Timestamp, UserId};

use super::super::effect::{Effect, HistoryAt};
use super::super::event::Event;
use super::super::model::message::{Message, Quoted};
use super::super::model::unread::{Counted, ReadMark};
use super::super::model::{App, intake};
use super::Effects;

/// Typing is forgotten after that long without another sign of it.
const TYPING_MS: i64 = 8_000;

impl App {
    pub(super) fn on_stream(&mut self, event: Event, effects: &mut Effects) {
        match event {
            Event::Live { stream, envelope } => self.on_envelope(stream, *envelope, effects),
            Event::Gap { stream, to, reason } => self.on_gap(stream, to, reason, effects),
            Event::Skip { stream, from, to } => self.on_skip(stream, from, to),
            Event::Ended { stream, code } => self.on_ended(stream, &code, effects),
            _ => {}
        }
    }

    fn on_envelope(&mut self, stream: Stream, envelope: Envelope, effects: &mut Effects) {
        match stream {
            Stream::Channel(channel) => self.on_channel_event(channel, envelope, effects),
            Stream::Server(server) => self.on_server_event(server, envelope.body, effects),
            Stream::User(_) => self.on_user_event(stream, envelope.body, effects),
        }
    }

    fn on_channel_event(&mut self, channel: ChannelId, envelope: Envelope, effects: &mut Effects) {
        let revision = intake::place(envelope.seq.unwrap_or_default());
        if let Some(seq) = envelope.seq.map(intake::place) {
            // Only what is followed counts; a stream may say something last before it is let go.
            let Some(timeline) = self.timelines.get_mut(&channel) else { return };
            if timeline.epoch.is_some() && envelope.epoch.is_some() && timeline.epoch != envelope.epoch {
                return self.renumbered(channel, effects);
            }
            timeline.advance(seq, seq);
            self.is_dirty |= self.open == Some(channel);
        }
        match envelope.body {
            EventBody::MessageCreated { message, referenced } => {
                if let Some(referenced) = referenced {
                    self.know_quoted(channel, *referenced);
                }
                let message = intake::message(message, self.reader(channel));
                self.on_created(channel, message, effects);
            }
            EventBody::MessageUpdated { message, .. } => {
                let message = intake::message(message, self.reader(channel));
                self.on_updated(channel, message);
            }
            EventBody::MessageDeleted { messages, .. } => {
                for deleted in &messages {
                    self.on_deleted(channel, deleted.id, intake::place(deleted.seq), revision);
                }
                self.names_changed();
            }
            EventBody::HistoryPurged { through, .. } => {
                if let Some(timeline) = self.timelines.get_mut(&channel) {
                    timeline.purge(intake::place(through));
                }
                self.names_changed();
            }
            EventBody::TypingStarted { user_id } => self.on_typing(channel, user_id),
            control => self.on_control(Stream::Channel(channel), control, effects),
        }
    }

    fn on_created(&mut self, channel: ChannelId, message: Message, effects: &mut Effects) {
        let me = self.my_id();
        let is_mine = message.author.id == me;
        self.settle_outbox(&message, channel, effects);
        let counted = Counted { seq: message.seq, is_mine, mentions_me: message.mentions_me };
        self.unread.created(channel, counted);
        if let Some(typists) = self.typing.get_mut(&channel) {
            typists.retain(|(user, _)| *user != message.author.id);
        }
        if let Some(timeline) = self.timelines.get_mut(&channel) {
            timeline.insert(message, me);
        }
        self.is_dirty = true;
    }

    fn on_updated(&mut self, channel: ChannelId, message: Message) {
        let me = self.my_id();
        let Some(timeline) = self.timelines.get_mut(&channel) else { return };
        self.edits.remove(&message.id);
        // A message inside of a hole comes with the hole.
        if timeline.message(message.seq).is_some() {
            timeline.insert(message, me);
        }
        self.names_changed();
    }

    fn on_deleted(&mut self, channel: ChannelId, id: MessageId, seq: u64, revision: u64) {
        let me = self.my_id();
        let mark = self.unread.of(channel);
        let Some(timeline) = self.timelines.get_mut(&channel) else { return };
        if let Some(message) = timeline.message_of(id).filter(|message| !message.deleted)
            && seq > mark.read
            && message.author.id != me
        {
            let mentions = mark.mentions.saturating_sub(u32::from(message.mentions_me));
            let unread = mark.unread.saturating_sub(1);
            self.unread.set(channel, ReadMark { unread, mentions, ..mark });
        }
        timeline.bury(id, revision);
    }

    fn know_quoted(&mut self, channel: ChannelId, referenced: event::Message) {
        let referenced = intake::message(referenced, self.reader(channel));
        if let Some(timeline) = self.timelines.get_mut(&channel) {
            timeline.quote(referenced.id, Quoted::of(&referenced));
        }
    }

    fn on_typing(&mut self, channel: ChannelId, user: UserId) {
        if user == self.my_id() {
            return;
        }
        let until = Timestamp(self.now.0 + TYPING_MS);
        let typists = self.typing.entry(channel).or_default();
        let is_new = !typists.iter().any(|(typist, _)| *typist == user);
        typists.retain(|(typist, _)| *typist != user);
        // A screen has no room for more names than these.
        if typists.len() < 16 {
            typists.push((user, until));
        }
        self.is_dirty |= is_new && self.open == Some(channel);
    }

    pub(super) fn on_control(&mut self, stream: Stream, body: EventBody, effects: &mut Effects) {
        match body {
            EventBody::Gap { to, reason, .. } => self.on_gap(stream, to, reason, effects),
            EventBody::Skip { from, to } => self.on_skip(stream, from, to),
            EventBody::Ended { code } => self.on_ended(stream, code.as_str(), effects),
            _ => {}
        }
    }

    fn on_skip(&mut self, stream: Stream, from: Seq, to: Seq) {
        if let Stream::Channel(channel) = stream
            && let Some(timeline) = self.timelines.get_mut(&channel)
        {
            timeline.advance(intake::place(from), intake::place(to));
        }
    }

    fn on_gap(&mut self, stream: Stream, to: Seq, reason: GapReason, effects: &mut Effects) {
        self.is_dirty = true;
        match (stream, reason) {
            (Stream::Channel(channel), GapReason::Epoch) => self.renumbered(channel, effects),
            (Stream::Channel(channel), GapReason::Purged) => {
                if let Some(timeline) = self.timelines.get_mut(&channel) {
                    timeline.purge(intake::place(to));
                }
            }
            (Stream::Channel(channel), _) => {
                // The hole is a row from now on; what is behind it comes live.
                if let Some(timeline) = self.timelines.get_mut(&channel) {
                    timeline.lack(intake::place(to));
                }
            }
            (Stream::Server(server), _) => self.reload_server(server, effects),
            (Stream::User(_), _) => effects.extend([Effect::LoadServers, Effect::LoadReadStates]),
        }
    }

    /// The numbering of a channel began anew: what is known of it is worth nothing.
    fn renumbered(&mut self, channel: ChannelId, effects: &mut Effects) {
        if let Some(timeline) = self.timelines.get_mut(&channel) {
            timeline.reset();
        }
        self.unread.forget(channel);
        self.names_changed();
        if self.open == Some(channel) {
            self.load_history(channel, HistoryAt::Latest, effects);
        }
        effects.push(Effect::LoadReadStates);
    }

    fn on_ended(&mut self, stream: Stream, code: &str, effects: &mut Effects) {
        match stream {
            Stream::Channel(channel) => {
                self.followed.remove(&channel);
                match self.directory.server_of(channel).map(|server| server.id) {
                    Some(server) if code == EndCode::ChannelDeleted.as_str() => {
                        self.drop_channel(server, channel, effects)
                    }
                    Some(server) => self.reload_server(server, effects),
                    None => {}
                }
            }
            Stream::Server(server) => {
                let name = self.directory.server(server).map(|server| server.name.clone());
                self.followed_servers.remove(&server);
                self.forget_server(server, effects);
                if let Some(name) = name {
                    self.complain(&format!("You are no longer in {name}: {code}."));
                }
            }
            Stream::User(_) => {}
        }
        self.is_dirty = true;
    }

    pub(super) fn drop_channel(&mut self, server: ServerId, channel: ChannelId, effects: &mut Effects) {
        if let Some(server) = self.directory.server_mut(server) {
            server.channels.retain(|known| known.id != channel);
        }
        self.forget_channel(channel, effects);
        self.names_changed();
        self.leave_lost_channel(effects);
    }
}
