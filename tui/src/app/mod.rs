//! The terminal client without the terminal: a model, `update(event) -> effects`, and drawing that only reads.
//!
//! How the runtime drives it:
//!
//! ```text
//! let mut app = App::new(Setup { start: Start::Main, zone, theme, nonce_prefix, size, now });
//! loop {
//!     for effect in app.update(event, now) { run(effect) }      // drain the queue of events before drawing
//!     if app.needs_redraw() { terminal.draw(|frame| draw(frame, &app))?; app.drawn(); }
//!     // Sleep until the next event or until `app.wake_at()`, then send `Event::Tick`. `None`: no timer at all.
//! }
//! ```
//!
//! - Effects are to be done in order; none is awaited by the app. One that fails comes back as an event.
//! - The order at a start: `Event::Restored` (local store), then `Event::Ready` (who is signed in), then
//!   `Event::Connecting` and `Event::Connected` from the session. On `Ready` the app asks for servers and read states and
//!   subscribes; on every later `Connected` it asks for the read states again.
//! - A refused SUBSCRIBE is `Event::Ended`. Control events may come inside of `Event::Live` or as events of their own.
//! - The runtime keeps what it passes on (the person, servers, members, read states, pages, live events) in the local
//!   store by itself; the app only says what begins here: drafts, the open channel, the outbox.
//! - `Effect::Post` may come before there is a connection, and for messages of an earlier run. The session sends it, and
//!   sends it again with the same nonce, until there is a receipt or a refusal.
//! - A device code that nobody asked for is fine: at `Start::SignIn` the runtime starts the grant by itself, and
//!   `Effect::SignIn` asks for another one.
//!
//! How to add an action: a variant of `actions::ActionId`, a row in `actions/table.rs`, and a line in `update/act.rs`; the
//! keys, the bar, `?` and the palette follow from the row. If it is not always possible, `actions::Needs` says when and
//! `update/offers.rs` answers.
//!
//! Deliberately absent: I/O, clocks, randomness and tasks. Two apps live in one test.

mod actions;
mod composer;
pub(crate) mod effect;
pub(crate) mod event;
mod model;
mod text;
pub(crate) mod theme;
mod timeline;
mod update;
mod view;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub(crate) use model::{App, Setup, Start};
pub(crate) use view::draw;
