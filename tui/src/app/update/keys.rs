//! Keys and pastes: an action of the table if there is one, else text for the field that has the keys.

use crossterm::event::{KeyEvent, KeyEventKind};

use super::super::actions::{ActionId, Chord, Place};
use super::super::composer::Field;
use super::super::model::{App, Screen};
use super::Effects;

impl App {
    pub(super) fn on_key(&mut self, key: KeyEvent, effects: &mut Effects) {
        if key.kind == KeyEventKind::Release {
            return;
        }
        self.is_dirty = true;
        let chord = Chord::of(key);
        let place = self.place();
        let action = self.keymap.find(chord, place, |needs| self.offers(needs));
        if let Some(action) = action {
            return self.run(action.id, effects);
        }
        match chord.typed() {
            Some(letter) if place.takes_text() => self.type_text(letter.encode_utf8(&mut [0; 4]), effects),
            _ => {}
        }
    }

    /// A paste is text and nothing else: no line of it is sent, no key in it is pressed.
    pub(super) fn on_paste(&mut self, text: &str, effects: &mut Effects) {
        self.is_dirty = true;
        if !self.place().takes_text() && matches!(self.screen, Screen::Main) && self.overlay.is_none() {
            self.focus_composer();
        }
        if self.place().takes_text() {
            self.type_text(text, effects);
        }
    }

    fn type_text(&mut self, text: &str, effects: &mut Effects) {
        let place = self.place();
        let Some(field) = self.field_mut() else { return };
        match place {
            Place::Composer => field.insert(text),
            _ => field.insert_line(text),
        }
        self.typed(effects);
    }

    /// What follows from a changed text.
    pub(super) fn typed(&mut self, effects: &mut Effects) {
        match self.place() {
            Place::Composer => self.tell_typing(effects),
            Place::Chooser => self.choose_first(),
            _ => {}
        }
    }

    /// The field that has the keys.
    pub(super) fn field_mut(&mut self) -> Option<&mut Field> {
        match self.place() {
            Place::FirstStart => match &mut self.screen {
                Screen::FirstStart(first) => Some(&mut first.field),
                _ => None,
            },
            Place::Composer => Some(&mut self.draft_mut()?.field),
            Place::Chooser | Place::Prompt => self.overlay.as_mut()?.field_mut(),
            _ => None,
        }
    }

    /// Moves and deletions inside the field that has the keys.
    pub(super) fn edit_field(&mut self, action: ActionId, effects: &mut Effects) {
        let width = self.panes().field_width();
        let Some(field) = self.field_mut() else { return };
        let length = field.text().len();
        match action {
            ActionId::CharLeft => field.left(),
            ActionId::CharRight => field.right(),
            ActionId::WordLeft => field.word_left(),
            ActionId::WordRight => field.word_right(),
            ActionId::LineStart => field.line_start(),
            ActionId::LineEnd => field.line_end(),
            ActionId::LineUp => field.row_up(width),
            ActionId::LineDown => field.row_down(width),
            ActionId::EraseLeft => field.erase_left(),
            ActionId::EraseRight => field.erase_right(),
            ActionId::EraseWord => field.erase_word(),
            ActionId::EraseToStart => field.erase_to_start(),
            ActionId::EraseToEnd => field.erase_to_end(),
            _ => {}
        }
        if field.text().len() != length {
            self.typed(effects);
        }
    }
}
