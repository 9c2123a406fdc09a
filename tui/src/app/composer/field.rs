//! A text with a cursor.

use unicode_segmentation::UnicodeSegmentation;

use super::super::text::Shown;
use super::rows::rows;

/// More than a message may hold, so that a long paste can be cut by hand; less than what makes drawing slow.
const MAX_BYTES: usize = 64 * 1024;

/// A text with a cursor between two of its grapheme clusters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Field {
    text: String,
    cursor: usize,
}

impl Field {
    /// A field that holds `text`, with the cursor behind it.
    pub(crate) fn with(text: &str) -> Self {
        let mut field = Self::default();
        field.insert(text);
        field
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The byte before which the cursor stands.
    pub(crate) fn cursor(&self) -> usize {
        self.cursor
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Takes the text out and leaves nothing.
    pub(crate) fn take(&mut self) -> String {
        self.cursor = 0;
        std::mem::take(&mut self.text)
    }

    /// Puts cleaned text at the cursor. What does not fit is left out.
    pub(crate) fn insert(&mut self, raw: &str) {
        let room = MAX_BYTES.saturating_sub(self.text.len());
        // Terminals paste line ends as carriage returns.
        let clean = Shown::clean(&raw.replace("\r\n", "\n").replace('\r', "\n"));
        let mut end = clean.len().min(room);
        while !clean.is_char_boundary(end) {
            end -= 1;
        }
        self.text.insert_str(self.cursor, &clean[..end]);
        self.cursor += end;
        self.settle();
    }

    /// Puts cleaned text at the cursor, line feeds as blanks.
    pub(crate) fn insert_line(&mut self, raw: &str) {
        self.insert(&raw.replace(['\r', '\n'], " "));
    }

    /// Replaces the bytes from `from` to the cursor.
    pub(crate) fn replace_before(&mut self, from: usize, with: &str) {
        self.text.replace_range(from..self.cursor, "");
        self.cursor = from;
        self.insert(with);
    }

    pub(crate) fn left(&mut self) {
        self.cursor = self.before();
    }

    pub(crate) fn right(&mut self) {
        self.cursor = self.behind();
    }

    pub(crate) fn word_left(&mut self) {
        self.cursor = self.word_before();
    }

    pub(crate) fn word_right(&mut self) {
        let words = self.text[self.cursor..].unicode_word_indices();
        let end = words.map(|(at, word)| at + word.len()).next();
        self.cursor = end.map_or(self.text.len(), |end| self.cursor + end);
        self.settle();
    }

    pub(crate) fn line_start(&mut self) {
        self.cursor = self.start_of_line();
    }

    pub(crate) fn line_end(&mut self) {
        self.cursor = self.text[self.cursor..].find('\n').map_or(self.text.len(), |at| self.cursor + at);
    }

    /// Moves to the row above, on a screen of that many cells; from the first row to its start.
    pub(crate) fn row_up(&mut self, cells: usize) {
        let rows = rows(&self.text, cells);
        let (row, column) = rows.place(&self.text, self.cursor);
        self.cursor = row.checked_sub(1).map_or(0, |above| rows.offset(&self.text, above, column));
    }

    /// Moves to the row below, on a screen of that many cells; from the last row to its end.
    pub(crate) fn row_down(&mut self, cells: usize) {
        let rows = rows(&self.text, cells);
        let (row, column) = rows.place(&self.text, self.cursor);
        let below = (row + 1 < rows.len()).then(|| rows.offset(&self.text, row + 1, column));
        self.cursor = below.unwrap_or(self.text.len());
    }

    /// Puts the cursor at a place on screen.
    pub(crate) fn click(&mut self, cells: usize, row: usize, column: usize) {
        let rows = rows(&self.text, cells);
        self.cursor = rows.offset(&self.text, row.min(rows.len() - 1), column);
    }

    pub(crate) fn erase_left(&mut self) {
        self.erase(self.before());
    }

    pub(crate) fn erase_right(&mut self) {
        let end = self.behind();
        self.text.replace_range(self.cursor..end, "");
        self.settle();
    }

    pub(crate) fn erase_word(&mut self) {
        self.erase(self.word_before());
    }

    pub(crate) fn erase_to_start(&mut self) {
        self.erase(self.start_of_line());
    }

    pub(crate) fn erase_to_end(&mut self) {
        let start = self.cursor;
        self.line_end();
        self.erase(start);
    }

    fn erase(&mut self, from: usize) {
        self.text.replace_range(from..self.cursor, "");
        self.cursor = from;
        self.settle();
    }

    fn before(&self) -> usize {
        let last = self.text[..self.cursor].grapheme_indices(true).next_back();
        last.map_or(0, |(at, _)| at)
    }

    fn behind(&self) -> usize {
        let next = self.text[self.cursor..].graphemes(true).next();
        self.cursor + next.map_or(0, str::len)
    }

    fn word_before(&self) -> usize {
        self.text[..self.cursor].unicode_word_indices().next_back().map_or(0, |(at, _)| at)
    }

    fn start_of_line(&self) -> usize {
        self.text[..self.cursor].rfind('\n').map_or(0, |at| at + 1)
    }

    /// What was put or left around the cursor may have joined into one cluster; the cursor goes behind it.
    fn settle(&mut self) {
        let line = self.start_of_line();
        let mut boundaries = self.text[line..].grapheme_indices(true).map(|(at, _)| line + at);
        self.cursor = boundaries.find(|at| *at >= self.cursor).unwrap_or(self.text.len());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_press_moves_over_one_visible_character() {
        let mut field = Field::with("a👨‍👩‍👧‍👦b");
        field.left();
        field.left();
        assert_eq!(field.cursor(), 1);
        field.erase_right();
        assert_eq!(field.text(), "ab");
    }

    #[test]
    fn words_are_moved_over_and_deleted_whole() {
        let mut field = Field::with("one two, three");
        field.word_left();
        assert_eq!(&field.text()[field.cursor()..], "three");
        field.erase_word();
        assert_eq!(field.text(), "one three");
        field.word_right();
        assert_eq!(field.cursor(), field.text().len());
    }

    #[test]
    fn a_paste_is_text_without_control_characters() {
        let mut field = Field::default();
        field.insert("rm -rf /\u{1b}[201~\n/quit\u{9b}");
        assert_eq!(field.text(), "rm -rf /[201~\n/quit");
    }

    #[test]
    fn rows_are_walked_by_what_is_seen() {
        let mut field = Field::with("aaaa bbbb\ncc");
        field.row_up(5);
        assert_eq!(field.cursor(), 7);
        field.row_up(5);
        assert_eq!(field.cursor(), 2);
        field.row_up(5);
        assert_eq!(field.cursor(), 0);
        field.row_down(5);
        assert_eq!(field.cursor(), 5);
    }

    #[test]
    fn a_paste_too_long_is_cut() {
        let field = Field::with(&"é".repeat(MAX_BYTES));
        assert_eq!(field.text().len(), MAX_BYTES);
    }

    proptest! {
        #[test]
        fn the_cursor_always_stands_between_characters(text in "\\PC{0,20}", steps in prop::collection::vec(0u8..12, 0..30)) {
            let mut field = Field::with(&text);
            for step in steps {
                match step {
                    0 => field.left(),
                    1 => field.right(),
                    2 => field.word_left(),
                    3 => field.word_right(),
                    4 => field.line_start(),
                    5 => field.line_end(),
                    6 => field.row_up(7),
                    7 => field.row_down(7),
                    8 => field.erase_left(),
                    9 => field.erase_right(),
                    10 => field.erase_word(),
                    _ => field.insert("e\u{301}\n"),
                }
                prop_assert!(field.text().is_char_boundary(field.cursor()));
            }
        }
    }
}
