//! How a text that is being written lies on screen, and where its cursor is.
//!
//! Other than `text::wrap` this keeps every blank, because the cursor may stand on each of them.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::super::text::cells::grapheme_width;

/// The rows of a text as byte ranges; there is always at least one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rows(Vec<Range<usize>>);

/// Lays `text` out in rows of `cells`.
pub(crate) fn rows(text: &str, cells: usize) -> Rows {
    let cells = cells.max(2);
    let mut rows = Vec::new();
    let mut line_start = 0;
    for line in text.split('\n') {
        lay_line(line, line_start, cells, &mut rows);
        line_start += line.len() + 1;
    }
    Rows(rows)
}

fn lay_line(line: &str, offset: usize, cells: usize, rows: &mut Vec<Range<usize>>) {
    let (mut start, mut used, mut since_blank, mut blank) = (0, 0, 0, None);
    for (at, grapheme) in line.grapheme_indices(true) {
        let width = grapheme_width(grapheme);
        // A blank at the border hangs over it instead of starting the next row.
        if used + width > cells && grapheme != " " {
            let end = blank.unwrap_or(at);
            rows.push(offset + start..offset + end);
            start = end;
            used = if blank.is_some() { since_blank } else { 0 };
            blank = None;
            since_blank = used;
        }
        used += width;
        since_blank += width;
        if grapheme == " " {
            blank = Some(at + 1);
            since_blank = 0;
        }
    }
    rows.push(offset + start..offset + line.len());
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The text of each row.
    pub(crate) fn texts<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().map(move |row| &text[row.clone()])
    }

    /// The row and the cell at which the byte `offset` stands.
    pub(crate) fn place(&self, text: &str, offset: usize) -> (usize, usize) {
        let row = self.0.partition_point(|row| row.start <= offset).saturating_sub(1);
        let before = &text[self.0[row].start..offset];
        (row, before.graphemes(true).map(grapheme_width).sum())
    }

    /// The byte at a cell of a row, or the end of the row if it is shorter.
    pub(crate) fn offset(&self, text: &str, row: usize, column: usize) -> usize {
        let range = self.0[row].clone();
        let mut used = 0;
        let mut last = range.start;
        for (at, grapheme) in text[range.clone()].grapheme_indices(true) {
            last = range.start + at;
            if used + grapheme_width(grapheme) > column {
                return last;
            }
            used += grapheme_width(grapheme);
        }
        // The end of a row that goes on below is the start of the next; the cursor stays on this one.
        match self.0.get(row + 1) {
            Some(next) if next.start == range.end => last,
            _ => range.end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, cells: usize) -> Vec<&str> {
        let rows = rows(text, cells);
        rows.0.into_iter().map(|row| &text[row]).collect()
    }

    #[test]
    fn rows_break_behind_blanks() {
        assert_eq!(texts("one two three", 7), ["one two ", "three"]);
        assert_eq!(texts("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(texts("a\n\nb", 9), ["a", "", "b"]);
        assert_eq!(texts("", 9), [""]);
        assert_eq!(texts("ab cdefgh", 4), ["ab ", "cdef", "gh"]);
    }

    #[test]
    fn a_cursor_is_found_where_it_is_seen() {
        let text = "one two three";
        let rows = rows(text, 7);
        assert_eq!(rows.place(text, 8), (1, 0));
        assert_eq!(rows.place(text, 13), (1, 5));
        assert_eq!(rows.offset(text, 1, 2), 10);
        assert_eq!(rows.offset(text, 1, 99), 13);
    }
}
