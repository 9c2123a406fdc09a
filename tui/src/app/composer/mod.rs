//! Where one writes: a text with a cursor, and what becomes of the names in it.
//!
//! Deliberately absent: keys (the table of actions), and knowledge of the terminal. Positions are byte offsets that
//! always stand between grapheme clusters, so one press moves over one visible character.

pub(crate) mod field;
pub(crate) mod mentions;
pub(crate) mod rows;

pub(crate) use field::Field;
