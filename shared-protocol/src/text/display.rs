//! What may be shown: the one function through which every text of somebody else enters a client.
//!
//! A service cleans what it stores, but a client does not rely on it: a deployment may be old, broken or hostile.

use super::clean::is_dropped;

/// How many combining marks are shown on one character.
const MARKS: usize = 4;

/// A text that can be shown on a terminal: without control characters but line feeds, without what turns text around or is
/// invisible, with tabs as four blanks, and with a bounded pile of combining marks.
#[must_use]
pub fn display(text: &str) -> String {
    shown(text, "\n")
}

/// Like [`display`], in one line: line feeds become blanks.
#[must_use]
pub fn display_line(text: &str) -> String {
    shown(text, " ")
}

fn shown(text: &str, line_feed: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut marks = 0;
    for found in text.chars() {
        marks = if is_mark(found) { marks + 1 } else { 0 };
        match found {
            '\n' | '\u{2028}' | '\u{2029}' => out.push_str(line_feed),
            '\t' => out.push_str("    "),
            _ if is_dropped(found) || marks > MARKS => {}
            _ => out.push(found),
        }
    }
    out
}

fn is_mark(found: char) -> bool {
    unicode_normalization::char::is_combining_mark(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_character_is_ever_shown() {
        for found in (0..=0x10_FFFF).filter_map(char::from_u32) {
            let text = format!("a{found}b");
            assert!(display(&text).chars().all(|shown| !shown.is_control() || shown == '\n'), "{found:?}");
            assert!(display_line(&text).chars().all(|shown| !shown.is_control()), "{found:?}");
        }
    }

    #[test]
    fn nothing_turns_the_text_around() {
        let turned = "a\u{202e}b\u{2067}c\u{200f}d\u{061c}";
        assert_eq!(display(turned), "abcd");
    }

    #[test]
    fn a_pile_of_marks_is_cut() {
        let pile = format!("e{}", "\u{301}".repeat(4000));
        assert_eq!(display(&pile).chars().count(), 1 + MARKS);
        assert_eq!(display("e\u{301}e\u{301}"), "e\u{301}e\u{301}");
    }

    #[test]
    fn one_line_stays_one_line() {
        assert_eq!(display_line("a\nb\tc\u{2028}d"), "a b    c d");
    }
}
