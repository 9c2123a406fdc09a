//! The list of messages: selecting, scrolling, and what one does with a message.

use echopulse_protocol::id::Seq;

use super::super::composer::Field;
use super::super::composer::mentions::from_wire;
use super::super::effect::{Effect, HistoryAt};
use super::super::model::overlay::{Overlay, Question};
use super::super::model::{App, Purpose};
use super::super::text::Shown;
use super::super::text::markdown;
use super::super::timeline::Key;
use super::super::timeline::viewport::{self, Position};
use super::Effects;
use super::offers::first_link;

/// Characters of a message that a question about it shows.
const EXCERPT: usize = 200;

impl App {
    /// Selects a row and shows it.
    pub(super) fn select(&mut self, key: Key) {
        self.look(|rows, position, height| match rows.next(key).is_none() {
            true => Position::Bottom,
            false => {
                let there = viewport::reveal(rows, position, height, key);
                viewport::hold(rows, there, height)
            }
        });
        if let Some(timeline) = self.timeline_mut() {
            timeline.selected = Some(key);
        }
    }

    /// Selects the lowest row on screen, unless one is selected.
    pub(super) fn select_something(&mut self) {
        let screen = self.on_screen();
        let is_there = self.selected().is_some_and(|key| screen.iter().any(|row| row.key == key));
        if let Some(last) = screen.last().filter(|_| !is_there) {
            self.select(last.key);
        }
    }

    /// Shows the selected row after the size changed.
    pub(super) fn reveal_selected(&mut self) {
        if let Some(key) = self.selected() {
            self.look(|rows, position, height| viewport::reveal(rows, position, height, key));
        }
    }

    pub(super) fn step_message(&mut self, by: isize) {
        let Some(timeline) = self.timeline() else { return };
        let Some(selected) = timeline.selected.and_then(|key| timeline.resolve(key)) else {
            return self.select_something();
        };
        let next = if by < 0 { timeline.previous(selected) } else { timeline.next(selected) };
        match next {
            Some(next) => self.select(next),
            // A message taller than the screen is still scrolled through.
            None => self.scroll_messages(i32::try_from(by).unwrap_or_default()),
        }
    }

    pub(super) fn scroll_messages(&mut self, lines: i32) {
        self.look(|rows, position, height| viewport::scroll(rows, position, height, lines));
        let screen = self.on_screen();
        let Some(selected) = self.selected().filter(|key| screen.iter().all(|row| row.key != *key)) else {
            return;
        };
        // The selection stays on screen: at the border nearest to where it was.
        let edge = if lines < 0 { screen.last() } else { screen.first() };
        let key = edge.map_or(selected, |row| row.key);
        if let Some(timeline) = self.timeline_mut() {
            timeline.selected = Some(key);
        }
    }

    pub(super) fn go_to_oldest(&mut self) {
        if let Some(first) = self.timeline().and_then(|timeline| timeline.first_key()) {
            self.select(first);
        }
    }

    pub(super) fn go_to_newest(&mut self) {
        if let Some(last) = self.timeline().and_then(|timeline| timeline.last_key()) {
            self.select(last);
        }
    }

    pub(super) fn fill_gap(&mut self, effects: &mut Effects) {
        let (Some(Key::Gap(from)), Some(open)) = (self.selected(), self.open) else { return };
        let Some(timeline) = self.timeline_mut() else { return };
        timeline.is_stopped = false;
        if let Some(at) = timeline.filler(from) {
            self.load_history(open, at, effects);
        }
    }

    pub(super) fn reply(&mut self) {
        let Some(message) = self.selected_message().map(|message| message.id) else { return };
        self.stop_editing();
        if let Some(draft) = self.draft_mut() {
            draft.purpose = Purpose::Reply(message);
        }
        self.focus_composer();
    }

    pub(super) fn edit_selected(&mut self) {
        if let Some(message) = self.selected_message().cloned() {
            self.begin_edit(&message);
        }
    }

    pub(super) fn edit_last(&mut self) {
        if let Some(message) = self.own_last().cloned() {
            self.begin_edit(&message);
        }
    }

    fn begin_edit(&mut self, message: &super::super::model::message::Message) {
        let Some(open) = self.open else { return };
        let text = from_wire(&message.content, &self.names(open));
        self.stop_editing();
        let Some(draft) = self.draft_mut() else { return };
        let before = draft.field.take();
        draft.field = Field::with(&text);
        draft.purpose = Purpose::Edit { message: message.id, before };
        self.focus_composer();
    }

    /// Gives back what was being written before an edit or a reply.
    pub(super) fn stop_editing(&mut self) {
        let Some(draft) = self.draft_mut() else { return };
        if let Purpose::Edit { before, .. } = std::mem::take(&mut draft.purpose) {
            draft.field = Field::with(&before);
        }
        self.is_dirty = true;
    }

    pub(super) fn ask_delete(&mut self) {
        let (Some(message), Some(channel)) = (self.selected_message(), self.open) else { return };
        let runs = markdown::inline(&message.content, &self.names(channel));
        let text: String =
            runs.into_iter().flat_map(|run| run.text.chars().collect::<Vec<_>>()).take(EXCERPT).collect();
        let question = Question::Delete { channel, message: message.id, excerpt: Shown::line(&text) };
        self.overlay = Some(Overlay::Confirm(question));
    }

    pub(super) fn ask_open_link(&mut self) {
        let link = self.selected_message().and_then(|message| first_link(&message.content));
        if let Some(link) = link.map(Shown::line) {
            match is_safe_link(&link) {
                true => self.overlay = Some(Overlay::Confirm(Question::OpenLink(link))),
                false => self.complain("That link is not opened: it names a user or holds odd characters."),
            }
        }
    }

    pub(super) fn copy_selected(&mut self, effects: &mut Effects) {
        let (Some(message), Some(open)) = (self.selected_message(), self.open) else { return };
        let text = from_wire(&message.content, &self.names(open));
        effects.push(Effect::Copy(text));
        self.say("Copied.");
    }

    /// Goes to the message that the selected one answers, fetching it if need be.
    pub(super) fn go_to_quoted(&mut self, effects: &mut Effects) {
        let Some(seq) = self.selected_message().and_then(|message| message.reply_to).map(|reply| reply.seq)
        else {
            return;
        };
        let (Some(open), Some(timeline)) = (self.open, self.timeline_mut()) else { return };
        if timeline.message(seq).is_some() {
            return self.select(Key::Message(seq));
        }
        timeline.seeks = Some(seq);
        self.load_history(open, HistoryAt::Around(Seq(seq)), effects);
    }
}

/// Whether a link may be handed to the browser: http or https, no user part, nothing but printable ASCII or letters.
fn is_safe_link(link: &str) -> bool {
    let Some((scheme, rest)) = link.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_graphic() || c.is_alphanumeric();
    matches!(scheme, "http" | "https")
        && !authority.is_empty()
        && !authority.contains(['@', '\\'])
        && link.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_with_a_user_part_or_a_blank_is_not_opened() {
        assert!(is_safe_link("https://ci.example.org/812?a=b#c"));
        for wrong in [
            "https://bank.example@evil.example/",
            "file:///etc/passwd",
            "https://a b",
            "javascript://x",
            "https://",
        ] {
            assert!(!is_safe_link(wrong), "{wrong}");
        }
    }
}
