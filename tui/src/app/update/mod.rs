//! Events in, effects out. The only code that changes the model.
//!
//! Deliberately absent: I/O, clocks and chance. The same events at the same times give the same effects.

mod act;
mod around;
mod ask;
mod backend;
mod history;
mod keys;
mod live;
mod messages;
mod mouse;
mod navigate;
mod offers;
mod start;
mod write;

use std::time::Duration;

use echopulse_protocol::id::Timestamp;

use super::effect::Effect;
use super::event::Event;
use super::model::{App, Connection, Screen, SignInState, Toast};
use super::text::Shown;

/// How long a line that says what happened stays.
const TOAST_MS: i64 = 6_000;

/// What the runtime is to do.
pub(crate) type Effects = Vec<Effect>;

impl App {
    /// Takes in what happened at `now`, and answers what is to be done about it.
    pub(crate) fn update(&mut self, event: Event, now: Timestamp) -> Effects {
        self.now = now;
        let mut effects = Effects::new();
        let effects_of = &mut effects;
        match event {
            Event::Key(key) => self.on_key(key, effects_of),
            Event::Mouse(mouse) => self.on_mouse(mouse, effects_of),
            Event::Paste(text) => self.on_paste(&text, effects_of),
            Event::Resize { width, height } => self.on_resize(width, height),
            Event::FocusGained => self.is_focused = true,
            Event::FocusLost => self.on_focus_lost(),
            Event::Tick => self.is_dirty |= self.shows_time(),
            Event::StartFailed { .. } | Event::SignIn(_) | Event::Ready { .. } | Event::Restored(_) => {
                self.on_start(event, effects_of);
            }
            Event::Live { .. } | Event::Gap { .. } | Event::Skip { .. } | Event::Ended { .. } => {
                self.on_stream(event, effects_of);
            }
            Event::Sent { nonce, outcome } => self.on_sent(&nonce, outcome, effects_of),
            Event::Edited { channel, message, outcome } => self.on_edited(channel, message, outcome),
            answer => self.on_answer(answer, effects_of),
        }
        self.expire();
        self.follow_up(&mut effects);
        effects
    }

    /// When the app wants an `Event::Tick`, if ever: something on screen that changes with time alone.
    pub(crate) fn wake_at(&self) -> Option<Timestamp> {
        let second = |until: Timestamp| {
            let left = until.0.saturating_sub(self.now.0);
            Timestamp(until.0 - (left - 1).max(0) / 1000 * 1000)
        };
        let toast = self.toast.as_ref().map(|toast| toast.until);
        let typing = self
            .open
            .and_then(|open| self.typing.get(&open))
            .into_iter()
            .flatten()
            .map(|(_, until)| *until)
            .min();
        let retry = match &self.connection {
            Connection::Offline { again_at, .. } if again_at.0 > self.now.0 => Some(second(*again_at)),
            _ => None,
        };
        let code = match &self.screen {
            Screen::SignIn(screen) => match &screen.state {
                SignInState::Waiting(code) if code.expires_at.0 > self.now.0 => Some(second(code.expires_at)),
                _ => None,
            },
            _ => None,
        };
        [toast, typing, retry, code].into_iter().flatten().min()
    }

    /// Whether a clock is on screen.
    fn shows_time(&self) -> bool {
        matches!(self.connection, Connection::Offline { .. }) || matches!(self.screen, Screen::SignIn(_))
    }

    fn expire(&mut self) {
        let now = self.now;
        if self.toast.as_ref().is_some_and(|toast| toast.until <= now) {
            self.toast = None;
            self.is_dirty = true;
        }
        let open = self.open;
        for (channel, typists) in &mut self.typing {
            let before = typists.len();
            typists.retain(|(_, until)| *until > now);
            self.is_dirty |= typists.len() != before && Some(*channel) == open;
        }
        self.typing.retain(|_, typists| !typists.is_empty());
    }

    /// What follows from what is on screen now: it has been read, and what is near its borders is wanted.
    fn follow_up(&mut self, effects: &mut Effects) {
        if matches!(self.screen, Screen::Main) {
            self.see(effects);
            self.want_history(effects);
        }
    }

    fn on_resize(&mut self, width: u16, height: u16) {
        self.size = (width, height);
        self.is_dirty = true;
        self.reveal_selected();
    }

    /// Says something that went well.
    pub(super) fn say(&mut self, text: &str) {
        self.toast(text, false);
    }

    /// Says something that went wrong.
    pub(super) fn complain(&mut self, text: &str) {
        self.toast(text, true);
    }

    fn toast(&mut self, text: &str, is_error: bool) {
        let until = Timestamp(self.now.0 + TOAST_MS);
        self.toast = Some(Toast { text: Shown::line(text), is_error, until });
        self.is_dirty = true;
    }

    /// Everything that was laid out may show something else now.
    pub(super) fn names_changed(&mut self) {
        self.generation += 1;
        self.is_dirty = true;
    }
}

/// The moment that lies `pause` behind `now`.
pub(super) fn later(now: Timestamp, pause: Duration) -> Timestamp {
    Timestamp(now.0.saturating_add(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX)))
}
