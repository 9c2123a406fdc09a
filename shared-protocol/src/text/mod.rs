//! The text rules of `domain.md`, the same for services and clients: cleaning, names, mentions, and what may be shown.

mod clean;
mod display;
mod mention;
mod name;

pub use clean::{clean_content, clean_line};
pub use display::{display, display_line};
pub use mention::{Mention, TooManyMentions, named, parts};
pub use name::{channel_name, username};
