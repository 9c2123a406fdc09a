//! Breaking text into lines of a given width: at blanks, else inside a word, never inside a grapheme cluster.

use unicode_segmentation::UnicodeSegmentation;

use super::cells::{capped, grapheme_width};

/// A run of text that looks the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run<S> {
    /// What is drawn.
    pub(crate) text: String,
    /// How it looks.
    pub(crate) style: S,
}

/// Wraps `runs` to lines of at most `cells`, keeping every style. A line feed starts a new line. A cluster wider than
/// the whole line is left out: there is no place to draw it.
pub(crate) fn wrap<S: Copy + PartialEq>(runs: &[Run<S>], cells: usize) -> Vec<Vec<Run<S>>> {
    let mut wrapper = Wrapper::new(cells.max(1));
    for run in runs {
        for grapheme in run.text.graphemes(true) {
            wrapper.put(grapheme, run.style);
        }
    }
    wrapper.finish()
}

struct Wrapper<S> {
    cells: usize,
    lines: Vec<Vec<Run<S>>>,
    line: Vec<Run<S>>,
    line_width: usize,
    word: Vec<Run<S>>,
    word_width: usize,
    // Blanks wait: they are drawn when a word follows on the same line, and dropped at a break.
    blanks: Vec<Run<S>>,
    blanks_width: usize,
}

impl<S: Copy + PartialEq> Wrapper<S> {
    fn new(cells: usize) -> Self {
        Self {
            cells,
            lines: Vec::new(),
            line: Vec::new(),
            line_width: 0,
            word: Vec::new(),
            word_width: 0,
            blanks: Vec::new(),
            blanks_width: 0,
        }
    }

    fn put(&mut self, grapheme: &str, style: S) {
        if grapheme == "\n" || grapheme == "\r\n" {
            self.end_word();
            return self.break_line();
        }
        let width = grapheme_width(grapheme);
        if width == 0 || width > self.cells {
            return;
        }
        if grapheme == " " {
            self.end_word();
            push(&mut self.blanks, grapheme, style);
            self.blanks_width += width;
            return;
        }
        if self.word_width + width > self.cells {
            self.end_word();
            self.break_line();
        }
        push(&mut self.word, &capped(grapheme), style);
        self.word_width += width;
    }

    fn end_word(&mut self) {
        if self.word.is_empty() {
            return;
        }
        if self.line_width + self.blanks_width + self.word_width > self.cells && self.line_width > 0 {
            self.break_line();
        }
        // Indentation wider than the line would push the word out of it.
        if self.line_width + self.blanks_width + self.word_width <= self.cells {
            self.line_width += self.blanks_width;
            append(&mut self.line, &mut self.blanks);
        }
        self.blanks.clear();
        self.blanks_width = 0;
        self.line_width += self.word_width;
        append(&mut self.line, &mut self.word);
        self.word_width = 0;
    }

    fn break_line(&mut self) {
        self.blanks.clear();
        self.blanks_width = 0;
        self.line_width = 0;
        self.lines.push(std::mem::take(&mut self.line));
    }

    fn finish(mut self) -> Vec<Vec<Run<S>>> {
        self.end_word();
        self.lines.push(self.line);
        self.lines
    }
}

fn push<S: Copy + PartialEq>(runs: &mut Vec<Run<S>>, grapheme: &str, style: S) {
    match runs.last_mut() {
        Some(last) if last.style == style => last.text.push_str(grapheme),
        _ => runs.push(Run { text: grapheme.to_owned(), style }),
    }
}

fn append<S: Copy + PartialEq>(to: &mut Vec<Run<S>>, from: &mut Vec<Run<S>>) {
    for run in from.drain(..) {
        push(to, &run.text, run.style);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::cells::width;
    use super::*;

    fn lines(text: &str, cells: usize) -> Vec<String> {
        let runs = [Run { text: text.to_owned(), style: () }];
        let join = |line: Vec<Run<()>>| line.into_iter().map(|run| run.text).collect();
        wrap(&runs, cells).into_iter().map(join).collect()
    }

    #[test]
    fn a_line_breaks_at_blanks_and_a_long_word_inside() {
        assert_eq!(lines("one two three", 8), ["one two", "three"]);
        assert_eq!(lines("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(lines("a\n\nb", 4), ["a", "", "b"]);
    }

    #[test]
    fn indentation_is_kept_and_blanks_at_a_break_are_not() {
        assert_eq!(lines("  code", 10), ["  code"]);
        assert_eq!(lines("ab   cd", 4), ["ab", "cd"]);
    }

    #[test]
    fn a_wide_character_never_straddles_the_border() {
        assert_eq!(lines("漢字漢", 5), ["漢字", "漢"]);
        assert_eq!(lines("漢", 1), [""]);
    }

    #[test]
    fn a_style_survives_the_break() {
        let runs = [Run { text: "aa ".into(), style: 0 }, Run { text: "bbcc".into(), style: 1 }];
        assert_eq!(
            wrap(&runs, 3),
            [
                vec![Run { text: "aa".into(), style: 0 }],
                vec![Run { text: "bbc".into(), style: 1 }],
                vec![Run { text: "c".into(), style: 1 }]
            ]
        );
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_asked(text in "\\PC{0,80}", cells in 1usize..40) {
            for line in lines(&text, cells) {
                prop_assert!(width(&line) <= cells);
            }
        }

        #[test]
        fn nothing_but_blanks_is_lost(text in "[a-z ]{0,80}", cells in 1usize..40) {
            let kept: String = lines(&text, cells).concat().replace(' ', "");
            prop_assert_eq!(kept, text.replace(' ', ""));
        }
    }
}
