//! Cleaning, at the border: what a text loses before anybody looks at it.

use unicode_normalization::UnicodeNormalization;

/// Characters that are dropped: controls but tab and line feed, and what is invisible or turns text around.
pub(super) fn is_dropped(found: char) -> bool {
    (found.is_control() && !matches!(found, '\t' | '\n'))
        || matches!(
            u32::from(found),
            0x00AD
                | 0x061C
                | 0x115F
                | 0x1160
                | 0x180E
                | 0x200B
                | 0x200E
                | 0x200F
                | 0x202A..=0x202E
                | 0x2060..=0x206F
                | 0x3164
                | 0xFEFF
                | 0xFFA0
                | 0xFFF9..=0xFFFB
                | 0xE0000..=0xE007F
        )
}

/// Variation selectors and joiners mean something only between what they join.
const fn is_joining(found: char) -> bool {
    matches!(found as u32, 0x200C | 0x200D | 0xFE00..=0xFE0F | 0xE0100..=0xE01EF)
}

/// Whether a joiner or selector behind `before` and in front of `after` has something to do.
fn joins(found: char, before: Option<char>, after: Option<char>) -> bool {
    let stands = |other: Option<char>| {
        other.is_some_and(|other| !other.is_whitespace() && !other.is_control() && !is_joining(other))
    };
    let after_selector = before.is_some_and(|before| matches!(u32::from(before), 0xFE00..=0xFE0F));
    match u32::from(found) {
        // An emoji with VS16 may be joined to the next one.
        0x200C | 0x200D => (stands(before) || after_selector) && stands(after),
        _ => stands(before),
    }
}

fn without_lone_joiners(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(found) = rest.next() {
        if !is_joining(found) || joins(found, out.chars().next_back(), rest.peek().copied()) {
            out.push(found);
        }
    }
    out
}

/// Whether something of a text is seen: U+2800 and white space are not.
fn is_visible(text: &str) -> bool {
    text.chars().any(|found| !found.is_whitespace() && found != '\u{2800}' && !is_joining(found))
}

fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.nfc().peekable();
    while let Some(found) = rest.next() {
        match found {
            '\r' => {
                if rest.peek() != Some(&'\n') {
                    out.push('\n');
                }
            }
            '\u{2028}' | '\u{2029}' => out.push('\n'),
            _ if is_dropped(found) => {}
            _ => out.push(found),
        }
    }
    // What was dropped may have kept characters apart that now combine.
    without_lone_joiners(&out).nfc().collect()
}

/// Cleans what a message says: blank lines in front and white space behind go too. A text without anything visible is empty.
#[must_use]
pub fn clean_content(text: &str) -> String {
    let cleaned = clean(text);
    if !is_visible(&cleaned) {
        return String::new();
    }
    let mut kept = cleaned.trim_end();
    while let Some((line, rest)) = kept.split_once('\n') {
        if !line.trim().is_empty() {
            break;
        }
        kept = rest;
    }
    kept.to_owned()
}

/// Cleans a name, a topic, or anything else of one line: tabs and line feeds go, outer blanks go, inner blanks become one space.
/// A text without anything visible is empty.
#[must_use]
pub fn clean_line(text: &str) -> String {
    let cleaned = clean(text);
    if !is_visible(&cleaned) {
        return String::new();
    }
    cleaned.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_become_line_feeds() {
        assert_eq!(clean_content("a\r\nb\rc\u{2028}d\u{2029}e"), "a\nb\nc\nd\ne");
    }

    #[test]
    fn controls_and_what_is_invisible_are_dropped() {
        assert_eq!(clean_content("a\u{1b}[31mb\u{7}\u{9b}c\td"), "a[31mbc\td");
        assert_eq!(
            clean_content("a\u{202e}b\u{2066}c\u{200b}d\u{feff}e\u{ad}f\u{3164}g\u{e0041}"),
            "abcdefg"
        );
    }

    #[test]
    fn names_are_one_line_with_single_blanks() {
        assert_eq!(clean_line("  Rust \t\n  Lyon\u{2003}! "), "Rust Lyon !");
    }

    #[test]
    fn what_shows_nothing_is_empty() {
        for text in ["", " \n\t", "\u{2800}\u{2800}", "\u{200b}\u{115f}", "\u{200d}\u{fe0f}"] {
            assert_eq!((clean_content(text), clean_line(text)), (String::new(), String::new()), "{text:?}");
        }
    }

    #[test]
    fn content_loses_blank_lines_in_front_and_white_space_behind() {
        assert_eq!(clean_content("\n \n  a\n\nb \n\n"), "  a\n\nb");
    }

    #[test]
    fn text_is_composed() {
        assert_eq!(clean_line("e\u{301}"), "\u{e9}");
        assert_eq!(clean_line("e\u{200b}\u{301}"), "\u{e9}", "also across what was dropped");
    }

    #[test]
    fn joiners_stay_only_where_they_join() {
        for emoji in ["👩‍🚀", "❤️", "🏳️‍🌈"] {
            assert_eq!(clean_line(emoji), emoji);
        }
        assert_eq!(clean_line("a\u{200d} b"), "a b");
        assert_eq!(clean_line("\u{200d}ada\u{200d}"), "ada");
        assert_eq!(clean_line("\u{fe0f}ada"), "ada");
    }
}
