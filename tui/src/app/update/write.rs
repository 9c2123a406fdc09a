//! Writing: sending, editing, retrying, and what becomes of it.

use echopulse_protocol::id::{ChannelId, MessageId, Timestamp, UserId};
use echopulse_protocol::permission::Permission;
use echopulse_protocol::text::clean_content;

use super::super::composer::Field;
use super::super::composer::mentions::{from_wire, to_wire, unfinished};
use super::super::effect::{Effect, Unsent};
use super::super::event::Outcome;
use super::super::model::message::{Author, AuthorKind, Message, Reply};
use super::super::model::outbox::{MAX_WAITING, State};
use super::super::model::{App, Purpose, intake};
use super::super::text::Shown;
use super::super::timeline::viewport::Position;
use super::super::timeline::{Key, Timeline};
use super::Effects;

/// Characters a message may have.
const MAX_CHARACTERS: usize = 4000;
/// Others are told at most this often that one types.
const TYPING_MS: i64 = 5_000;

impl App {
    /// Sends what is in the composer: a message, a reply, or a new text.
    pub(super) fn send(&mut self, effects: &mut Effects) {
        let (Some(channel), Some(draft)) = (self.open, self.draft()) else { return };
        let content = clean_content(&to_wire(draft.field.text(), &self.names(channel)));
        let purpose = draft.purpose.clone();
        if content.is_empty() {
            return;
        }
        let length = content.chars().count();
        if length > MAX_CHARACTERS {
            return self.complain(&format!("Too long: {length} of {MAX_CHARACTERS} characters."));
        }
        match purpose {
            Purpose::Message => self.send_new(channel, content, None, effects),
            Purpose::Reply(to) => self.send_new(channel, content, Some(to), effects),
            Purpose::Edit { message, .. } => self.send_edit(channel, message, content, effects),
        }
    }

    fn send_new(
        &mut self,
        channel: ChannelId,
        content: String,
        reply_to: Option<MessageId>,
        effects: &mut Effects,
    ) {
        if self.outbox.of(channel).count() >= MAX_WAITING {
            return self.complain("Too many messages wait here already; this one stays in the composer.");
        }
        let nonce = format!("{}-{}", self.nonce_prefix, self.nonces);
        self.nonces += 1;
        let unsent = Unsent { nonce, channel, content, reply_to };
        effects.push(Effect::SaveOutbox { entry: unsent.clone() });
        self.post(unsent, effects);
        if let Some(draft) = self.draft_mut() {
            draft.field.take();
            draft.purpose = Purpose::Message;
        }
        self.typing_told = None;
        if let Some(timeline) = self.timeline_mut() {
            timeline.position = Position::Bottom;
        }
        self.save_draft(effects);
    }

    /// Puts a message into the outbox and asks for its posting.
    pub(super) fn post(&mut self, unsent: Unsent, effects: &mut Effects) {
        let message = self.preview(&unsent);
        let Unsent { nonce, channel, content, reply_to } = unsent.clone();
        let number = self.outbox.push(unsent, message);
        if let Some(timeline) = self.timelines.get_mut(&channel) {
            timeline.pending.push(number);
        }
        effects.push(Effect::Post { channel, nonce, content, reply_to });
        self.is_dirty = true;
    }

    /// What a message looks like before the backend has it.
    fn preview(&self, unsent: &Unsent) -> Message {
        let replied =
            unsent.reply_to.and_then(|id| Some((id, self.timelines.get(&unsent.channel)?.message_of(id)?)));
        Message {
            id: MessageId::from_u128(0),
            seq: 0,
            revision: 0,
            nonce: unsent.nonce.clone(),
            author: Author {
                id: self.my_id(),
                name: self.my_name_in(unsent.channel),
                kind: match self.me.as_ref().is_some_and(|me| me.is_bot) {
                    true => AuthorKind::Bot,
                    false => AuthorKind::Person,
                },
            },
            content: Shown::clean(&unsent.content),
            reply_to: replied.map(|(id, message)| Reply { id, seq: message.seq, author: message.author.id }),
            mentions_me: false,
            created_at: self.now,
            edited: false,
            deleted: false,
        }
    }

    fn my_name_in(&self, channel: ChannelId) -> Shown {
        let server = self.directory.server_of(channel);
        let name = server.and_then(|server| self.directory.name_in(server, self.my_id()));
        let name = name.or_else(|| self.me.as_ref().map(|me| me.name.as_str()));
        Shown::line(name.unwrap_or("me"))
    }

    fn send_edit(&mut self, channel: ChannelId, message: MessageId, content: String, effects: &mut Effects) {
        let is_same = self
            .timeline()
            .and_then(|t| t.message_of(message))
            .is_some_and(|m| m.content.as_str() == content);
        self.stop_editing();
        if is_same {
            return;
        }
        self.edits.insert(message, content.clone());
        effects.push(Effect::Edit { channel, message, content });
    }

    /// A new text that was refused is given back, so that it is not lost.
    pub(super) fn on_edited(&mut self, channel: ChannelId, message: MessageId, outcome: Outcome) {
        let Outcome::Refused { detail, .. } = outcome else { return };
        let text = self.edits.remove(&message);
        self.complain(&format!("Not edited: {detail}"));
        let Some(text) = text.map(|text| from_wire(&text, &self.names(channel))) else { return };
        let draft = self.drafts.entry(channel).or_default();
        if draft.field.is_empty() && draft.purpose == Purpose::Message {
            draft.field = Field::with(&text);
            draft.purpose = Purpose::Edit { message, before: String::new() };
        }
    }

    pub(super) fn on_sent(&mut self, nonce: &str, outcome: Outcome, effects: &mut Effects) {
        let Some(entry) = self.outbox.by_nonce(nonce) else { return };
        let (number, channel) = (entry.number, entry.unsent.channel);
        self.is_dirty |= self.open == Some(channel);
        match outcome {
            Outcome::Done { message, seq } => {
                effects.push(Effect::ForgetOutbox { nonce: nonce.to_owned() });
                // A message of an earlier try may stand far above, or in a hole.
                let is_there = |timeline: &Timeline| {
                    timeline.message_of(message).is_some() || timeline.has_passed(intake::place(seq))
                };
                match self.timelines.get(&channel).is_none_or(is_there) {
                    true => self.drop_pending(number, channel),
                    false => self.outbox.set(number, State::Sent(message)),
                }
            }
            Outcome::Refused { detail, code, .. } => {
                let reason = if detail.is_empty() { code } else { detail };
                self.outbox.set(number, State::Failed(Shown::line(&reason)));
            }
            Outcome::Unknown => self.outbox.set(number, State::Waiting),
        }
    }

    /// A message of the history takes the place of the one that waited for it.
    pub(super) fn settle_outbox(&mut self, message: &Message, channel: ChannelId, effects: &mut Effects) {
        let is_mine = message.author.id == self.my_id();
        let Some(entry) = self.outbox.settle(message.id, &message.nonce, is_mine) else { return };
        if entry.state == State::Waiting {
            effects.push(Effect::ForgetOutbox { nonce: entry.unsent.nonce.clone() });
        }
        self.replace_selected(entry.number, channel, Some(Key::Message(message.seq)));
    }

    fn drop_pending(&mut self, number: u64, channel: ChannelId) {
        self.outbox.remove(number);
        self.replace_selected(number, channel, None);
    }

    fn replace_selected(&mut self, number: u64, channel: ChannelId, by: Option<Key>) {
        let Some(timeline) = self.timelines.get_mut(&channel) else { return };
        timeline.pending.retain(|pending| *pending != number);
        if timeline.selected == Some(Key::Pending(number)) {
            timeline.selected = by.or_else(|| timeline.last_key());
        }
    }

    /// Tries the selected message again, with the same nonce: if it did arrive after all, it is not a second one.
    pub(super) fn retry(&mut self, effects: &mut Effects) {
        let Some(number) = self.selected_failure() else { return };
        self.outbox.set(number, State::Waiting);
        let Some(entry) = self.outbox.get(number) else { return };
        let Unsent { nonce, channel, content, reply_to } = entry.unsent.clone();
        effects.push(Effect::Post { channel, nonce, content, reply_to });
    }

    /// Gives up on the selected message. Its text goes back to an empty composer, since a slip should not cost it.
    pub(super) fn discard(&mut self, effects: &mut Effects) {
        let Some(entry) = self.selected_failure().and_then(|number| self.outbox.remove(number)) else {
            return;
        };
        let channel = entry.unsent.channel;
        self.replace_selected(entry.number, channel, None);
        let text = from_wire(&entry.unsent.content, &self.names(channel));
        let draft = self.drafts.entry(channel).or_default();
        if draft.field.is_empty() && draft.purpose == Purpose::Message {
            draft.field = Field::with(&text);
        }
        effects.push(Effect::ForgetOutbox { nonce: entry.unsent.nonce });
        self.select_something();
    }

    pub(super) fn new_line(&mut self, effects: &mut Effects) {
        if let Some(draft) = self.draft_mut() {
            draft.field.insert("\n");
        }
        self.typed(effects);
    }

    /// Tells the others that one types, now and then.
    pub(super) fn tell_typing(&mut self, effects: &mut Effects) {
        let (Some(channel), Some(draft)) = (self.open, self.draft()) else { return };
        let is_edit = matches!(draft.purpose, Purpose::Edit { .. });
        let was_told =
            self.typing_told.is_some_and(|(told, at)| told == channel && self.now.0 - at.0 < TYPING_MS);
        if draft.field.is_empty() || is_edit || was_told || !self.may(Permission::SendMessages) {
            return;
        }
        self.typing_told = Some((channel, Timestamp(self.now.0)));
        effects.push(Effect::Typing { channel });
    }

    /// Completes the name before the cursor: the first one that begins so, in the order of the lists.
    pub(super) fn complete(&mut self) {
        let Some((server, draft)) = self.open_channel().map(|(server, _)| server).zip(self.draft()) else {
            return;
        };
        let Some((from, typed)) = unfinished(draft.field.text(), draft.field.cursor()) else { return };
        let (sign, begun) = (&typed[..1], typed[1..].to_lowercase());
        let username = |user: UserId| self.directory.person(user).map(|person| person.username.as_str());
        let shown = |user: UserId| self.directory.name_in(server, user).unwrap_or_default().to_lowercase();
        let found = match sign {
            "#" => server
                .channels
                .iter()
                .map(|channel| channel.name.as_str())
                .find(|name| name.starts_with(&begun)),
            _ => {
                let members = || server.members.iter().map(|member| member.user);
                let by_username =
                    members().filter_map(username).find(|name| name.to_lowercase().starts_with(&begun));
                by_username
                    .or_else(|| members().find(|user| shown(*user).starts_with(&begun)).and_then(username))
            }
        };
        let Some(whole) = found.map(|name| format!("{sign}{name} ")) else {
            return self.complain(&format!("Nobody and nothing here begins with {typed}"));
        };
        if let Some(draft) = self.draft_mut() {
            draft.field.replace_before(from, &whole);
        }
    }
}
