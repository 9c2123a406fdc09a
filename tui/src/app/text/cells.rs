//! How many cells a text takes, by the same rules by which ratatui puts it there.

use std::borrow::Cow;

use ratatui::buffer::CellWidth;
use unicode_segmentation::UnicodeSegmentation;

/// Marks drawn on one letter at most; the rest is dropped, since a terminal may choke on thousands.
const MARKS_PER_CELL: usize = 4;
/// Code points drawn in one cluster at most: the longest emoji sequences have ten.
const POINTS_PER_CELL: usize = 12;

/// The cells one grapheme cluster takes; control characters take none, because they are never drawn.
pub(crate) fn grapheme_width(grapheme: &str) -> usize {
    match grapheme.contains(char::is_control) {
        true => 0,
        false => usize::from(grapheme.cell_width()),
    }
}

/// The cells a line of text takes.
pub(crate) fn width(text: &str) -> usize {
    match is_plain(text) {
        true => text.len(),
        false => text.graphemes(true).map(grapheme_width).sum(),
    }
}

/// Cuts `text` to at most `cells`, ending with `…` when something was cut.
pub(crate) fn cut(text: &str, cells: usize) -> Cow<'_, str> {
    if width(text) <= cells {
        return Cow::Borrowed(text);
    }
    let mut kept = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        used += grapheme_width(grapheme);
        if used >= cells {
            break;
        }
        kept.push_str(grapheme);
    }
    if cells > 0 {
        kept.push('…');
    }
    Cow::Owned(kept)
}

/// One cluster with no more marks than a cell bears.
pub(crate) fn capped(grapheme: &str) -> Cow<'_, str> {
    if grapheme.len() <= MARKS_PER_CELL {
        return Cow::Borrowed(grapheme);
    }
    let mut marks = 0;
    let mut points = 0;
    let mut kept = String::new();
    for point in grapheme.chars() {
        marks += usize::from(is_mark(point));
        points += 1;
        if points > POINTS_PER_CELL {
            break;
        }
        if marks <= MARKS_PER_CELL || !is_mark(point) {
            kept.push(point);
        }
    }
    match kept.len() == grapheme.len() {
        true => Cow::Borrowed(grapheme),
        false => Cow::Owned(kept),
    }
}

/// A code point that adds ink to the letter before it; joiners and emoji variation do not.
fn is_mark(point: char) -> bool {
    use unicode_width::UnicodeWidthChar;
    point.width() == Some(0) && !matches!(point, '\u{200d}' | '\u{fe0f}')
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_joined_by_zwj_takes_two_cells() {
        assert_eq!(width("👨‍👩‍👧‍👦"), 2);
        assert_eq!(width("❤\u{fe0f}"), 2);
        assert_eq!(width("漢字"), 4);
    }

    #[test]
    fn a_cut_text_ends_with_an_ellipsis_and_fits() {
        assert_eq!(cut("general", 7), "general");
        assert_eq!(cut("general", 4), "gen…");
        assert_eq!(width(&cut("漢字漢字", 4)), 3);
        assert_eq!(cut("general", 0), "");
    }

    #[test]
    fn four_thousand_marks_on_a_letter_become_four() {
        let letter = format!("e{}", "\u{301}".repeat(4000));
        assert_eq!(capped(&letter).chars().count(), 5);
        let family = "👨🏻‍❤️‍💋‍👨🏿";
        assert_eq!(capped(family), family);
    }
}
