//! Text that came from elsewhere, made fit for cells: cleaned, measured, wrapped, and read as a little Markdown.
//!
//! Everything here is linear in its input, for the input is whatever strangers sent. Deliberately absent: styles (the
//! theme decides what "bold" looks like) and names (mentions stay ids until they are laid out).

pub(crate) mod cells;
pub(crate) mod markdown;
pub(crate) mod shown;
pub(crate) mod wrap;

pub(crate) use shown::Shown;
