//! A client in a made-up town, for tests: events as the runtime would send them, frames as text.

pub(crate) mod frame;
pub(crate) mod town;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use echopulse_protocol::id::Timestamp;
use jiff::tz::TimeZone;

use super::effect::Effect;
use super::event::Event;
use super::theme::{Depth, Theme};
use super::{App, Setup, Start};

/// Tuesday 24 November 2026, 10:05 UTC.
pub(crate) const NOW: Timestamp = Timestamp(1_795_514_700_000);

/// A client under test, with every effect it asked for.
pub(crate) struct Client {
    pub(crate) app: App,
    pub(crate) now: Timestamp,
}

impl Client {
    /// A client at its first screen.
    pub(crate) fn new(start: Start, size: (u16, u16)) -> Self {
        let setup = Setup {
            start,
            zone: TimeZone::UTC,
            theme: Theme::new(Depth::Many),
            nonce_prefix: "run".to_owned(),
            size,
            now: NOW,
        };
        Self { app: App::new(setup), now: NOW }
    }

    /// Something happens.
    pub(crate) fn event(&mut self, event: Event) -> Vec<Effect> {
        self.app.update(event, self.now)
    }

    /// Keys as the table writes them; a word that is no key is typed letter by letter.
    pub(crate) fn press(&mut self, keys: &str) -> Vec<Effect> {
        let events = keys.split(' ').flat_map(|word| match key(word) {
            Some(key) => vec![key],
            None => {
                word.chars().map(|letter| KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE)).collect()
            }
        });
        events.collect::<Vec<_>>().into_iter().flat_map(|key| self.event(Event::Key(key))).collect()
    }

    /// Text typed letter by letter, blanks too.
    pub(crate) fn type_text(&mut self, text: &str) -> Vec<Effect> {
        let letters = text.chars().map(|letter| KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE));
        letters.collect::<Vec<_>>().into_iter().flat_map(|key| self.event(Event::Key(key))).collect()
    }

    /// A click with the left button.
    pub(crate) fn click(&mut self, column: u16, row: u16) -> Vec<Effect> {
        let kind = MouseEventKind::Down(MouseButton::Left);
        self.event(Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }))
    }

    /// The wheel over a place.
    pub(crate) fn wheel(&mut self, kind: MouseEventKind, column: u16, row: u16) -> Vec<Effect> {
        self.event(Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }))
    }

    /// Time goes by.
    pub(crate) fn wait(&mut self, milliseconds: i64) -> Vec<Effect> {
        self.now = Timestamp(self.now.0 + milliseconds);
        self.event(Event::Tick)
    }
}

/// The key event of a written key; a single character is typed text, not a key.
fn key(written: &str) -> Option<KeyEvent> {
    let (modifiers, name) = match written.split_once('-') {
        Some(("ctrl", name)) => (KeyModifiers::CONTROL, name),
        Some(("alt", name)) => (KeyModifiers::ALT, name),
        Some(("shift", name)) => (KeyModifiers::SHIFT, name),
        _ => (KeyModifiers::NONE, written),
    };
    let code = match name {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "pageup" => KeyCode::PageUp,
        "pagedown" => KeyCode::PageDown,
        "backspace" => KeyCode::Backspace,
        "space" => KeyCode::Char(' '),
        "f1" => KeyCode::F(1),
        letter if modifiers != KeyModifiers::NONE => KeyCode::Char(letter.chars().next()?),
        _ => return None,
    };
    Some(KeyEvent::new(code, modifiers))
}
