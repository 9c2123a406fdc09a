//! The Markdown that chat needs: **bold**, *italics*, `code`, fenced code, quotes, links and mentions.
//!
//! One pass, no recursion, no backtracking: a message of nothing but stars or back-ticks costs what its length costs.
//! Deliberately absent: headings, lists, tables, images, HTML and labelled links (a label may lie about its target).

use std::collections::HashMap;
use std::ops::Range;

use super::wrap::Run;

/// How a run looks, before the theme says what that means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Face {
    pub(crate) bold: bool,
    pub(crate) italic: bool,
    pub(crate) kind: Kind,
}

/// What a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    #[default]
    Plain,
    Code,
    Link,
    Mention,
    /// A mention of the person who reads.
    Me,
}

/// A stretch of whole lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    Text(Vec<Run<Face>>),
    Quote(Vec<Run<Face>>),
    Code(String),
}

/// Turns the ids of mentions into what is shown.
pub(crate) trait Names {
    /// What stands for `token` (`@…`, `@&…` or `#…`, without the angle brackets), and whether it means the reader;
    /// `None` leaves the text as it is.
    fn mention(&self, token: &str) -> Option<(String, Kind)>;
}

/// Reads `content`, which has been cleaned.
pub(crate) fn parse(content: &str, names: &dyn Names) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(LineKind, String)> = None;
    for line in content.split('\n') {
        let (kind, text) = classify(line, open.as_ref().map(|(kind, _)| *kind));
        match &mut open {
            Some((LineKind::Fence, code)) if kind == LineKind::FenceEnd => {
                blocks.push(Block::Code(std::mem::take(code)));
                open = None;
            }
            Some((current, lines)) if *current == kind => {
                if !(kind == LineKind::Fence && lines.is_empty()) {
                    lines.push('\n');
                }
                lines.push_str(text);
            }
            _ => {
                close(open.take(), &mut blocks, names);
                open = Some((kind, text.to_owned()));
            }
        }
    }
    close(open, &mut blocks, names);
    blocks
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LineKind {
    Text,
    Quote,
    Fence,
    FenceEnd,
}

/// What a line is, given what is open above it.
fn classify(line: &str, open: Option<LineKind>) -> (LineKind, &str) {
    let fence = line.trim_start().strip_prefix("```");
    if open == Some(LineKind::Fence) {
        return match fence.is_some_and(|rest| rest.trim().is_empty()) {
            true => (LineKind::FenceEnd, ""),
            false => (LineKind::Fence, line),
        };
    }
    match fence {
        // The word behind the opening fence names a language; it is not text.
        Some(rest) if !rest.contains('`') => (LineKind::Fence, ""),
        _ => {
            match line.strip_prefix("> ").or_else(|| line.strip_prefix('>').filter(|rest| rest.is_empty())) {
                Some(quoted) => (LineKind::Quote, quoted),
                None => (LineKind::Text, line),
            }
        }
    }
}

fn close(open: Option<(LineKind, String)>, blocks: &mut Vec<Block>, names: &dyn Names) {
    match open {
        Some((LineKind::Text, text)) => blocks.push(Block::Text(inline(&text, names))),
        Some((LineKind::Quote, text)) => blocks.push(Block::Quote(inline(&text, names))),
        Some((LineKind::Fence, code)) => blocks.push(Block::Code(code)),
        Some((LineKind::FenceEnd, _)) | None => {}
    }
}

/// Reads the marks inside a paragraph.
pub(crate) fn inline(text: &str, names: &dyn Names) -> Vec<Run<Face>> {
    let mut reader = Inline { text, at: 0, plain_from: 0, runs: Vec::new(), bold: None, italic: None };
    let ticks = Backticks::of(text);
    while reader.at < text.len() {
        reader.step(&ticks, names);
    }
    reader.flush();
    reader.runs.retain(|run| !run.text.is_empty());
    reader.runs
}

struct Inline<'a> {
    text: &'a str,
    at: usize,
    plain_from: usize,
    runs: Vec<Run<Face>>,
    /// Where the opening mark stands in `runs`, while it waits for its partner.
    bold: Option<usize>,
    italic: Option<usize>,
}

impl Inline<'_> {
    fn step(&mut self, ticks: &Backticks, names: &dyn Names) {
        let rest = &self.text[self.at..];
        match rest.as_bytes()[0] {
            b'`' => self.code(ticks),
            b'*' if rest.starts_with("**") => self.emphasis("**"),
            b'*' => self.emphasis("*"),
            b'_' => self.emphasis("_"),
            b'<' => self.mention(names),
            b'h' if self.starts_word() => self.link(),
            b'@' if self.starts_word() => self.everyone(names),
            b'\\' if rest[1..].starts_with(|next: char| next.is_ascii_punctuation()) => {
                self.flush();
                self.plain_from = self.at + 1;
                self.at += 2;
            }
            _ => self.at += rest.chars().next().map_or(1, char::len_utf8),
        }
    }

    fn before(&self) -> Option<char> {
        self.text[..self.at].chars().next_back()
    }

    fn starts_word(&self) -> bool {
        !self.before().is_some_and(|before| before.is_alphanumeric() || before == '_')
    }

    fn flush(&mut self) {
        let plain = &self.text[self.plain_from..self.at];
        if !plain.is_empty() {
            self.runs.push(Run { text: plain.to_owned(), style: Face::default() });
        }
        self.plain_from = self.at;
    }

    /// Puts `shown` where the next `length` bytes stand.
    fn replace(&mut self, length: usize, shown: String, kind: Kind) {
        self.flush();
        self.runs.push(Run { text: shown, style: Face { kind, ..Face::default() } });
        self.at += length;
        self.plain_from = self.at;
    }

    fn code(&mut self, ticks: &Backticks) {
        let run = self.text[self.at..].bytes().take_while(|byte| *byte == b'`').count();
        match ticks.partner(self.at, run) {
            Some(end) => {
                let inside = &self.text[self.at + run..end];
                let shown = inside.replace('\n', " ");
                self.replace(run + inside.len() + run, shown, Kind::Code);
            }
            None => self.at += run,
        }
    }

    fn emphasis(&mut self, mark: &'static str) {
        let before = self.before();
        let after = self.text[self.at + mark.len()..].chars().next();
        let inside_word = mark == "_"
            && before.is_some_and(char::is_alphanumeric)
            && after.is_some_and(char::is_alphanumeric);
        let can_close = before.is_some_and(|c| !c.is_whitespace()) && !inside_word;
        let can_open = after.is_some_and(|c| !c.is_whitespace()) && !inside_word;
        let open = if mark == "**" { self.bold } else { self.italic };
        // `_` closes only what `_` opened, and `*` what `*` opened.
        let partner = open.filter(|at| self.runs[*at].text == mark);
        match partner {
            Some(opened) if can_close && !self.is_empty_since(opened) => {
                self.flush();
                self.runs[opened].text.clear();
                for run in &mut self.runs[opened + 1..] {
                    match mark {
                        "**" => run.style.bold = true,
                        _ => run.style.italic = true,
                    }
                }
                self.set_open(mark, None);
                self.at += mark.len();
                self.plain_from = self.at;
            }
            _ if can_open && open.is_none() => {
                self.replace(mark.len(), mark.to_owned(), Kind::Plain);
                self.set_open(mark, Some(self.runs.len() - 1));
            }
            _ => self.at += mark.len(),
        }
    }

    fn is_empty_since(&self, opened: usize) -> bool {
        opened + 1 == self.runs.len() && self.plain_from == self.at
    }

    fn set_open(&mut self, mark: &str, at: Option<usize>) {
        match mark {
            "**" => self.bold = at,
            _ => self.italic = at,
        }
    }

    fn mention(&mut self, names: &dyn Names) {
        // An id is 36 characters; whatever is longer is no mention.
        let token = self.text.as_bytes()[self.at..].iter().take(48).position(|byte| *byte == b'>');
        let found = token.and_then(|end| {
            let inside = self.text.get(self.at + 1..self.at + end)?;
            Some((end + 1, names.mention(inside)?))
        });
        match found {
            Some((length, (shown, kind))) => self.replace(length, shown, kind),
            None => self.at += 1,
        }
    }

    fn everyone(&mut self, names: &dyn Names) {
        const WORD: &str = "@everyone";
        let rest = &self.text[self.at..];
        let is_word = rest
            .strip_prefix(WORD)
            .is_some_and(|behind| !behind.starts_with(|next: char| next.is_alphanumeric() || next == '_'));
        match is_word.then(|| names.mention(WORD)).flatten() {
            Some((shown, kind)) => self.replace(WORD.len(), shown, kind),
            None => self.at += 1,
        }
    }

    fn link(&mut self) {
        match link_length(&self.text[self.at..]) {
            Some(length) => {
                let link = self.text[self.at..self.at + length].to_owned();
                self.replace(length, link, Kind::Link);
            }
            None => self.at += 1,
        }
    }
}

/// The length of the link that `text` starts with: http or https, without the punctuation that ends a sentence.
pub(crate) fn link_length(text: &str) -> Option<usize> {
    let scheme = ["https://", "http://"].into_iter().find(|scheme| text.starts_with(scheme))?;
    let end =
        text.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`')).unwrap_or(text.len());
    let trimmed = text[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '_']);
    let trimmed = match trimmed.contains('(') {
        true => trimmed,
        false => trimmed.trim_end_matches(')'),
    };
    (trimmed.len() > scheme.len()).then_some(trimmed.len())
}

/// The parts of `text` that are code: from a run of back-ticks up to the next run of the same length.
pub(crate) fn code_ranges(text: &str) -> Vec<Range<usize>> {
    let ticks = Backticks::of(text);
    let mut ranges = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find('`').map(|found| at + found) {
        let run = text[start..].bytes().take_while(|byte| *byte == b'`').count();
        at = start + run;
        if let Some(end) = ticks.partner(start, run) {
            at = end + run;
            ranges.push(start..at);
        }
    }
    ranges
}

/// Where runs of back-ticks start, by their length.
struct Backticks(HashMap<usize, Vec<usize>>);

impl Backticks {
    fn of(text: &str) -> Self {
        let mut runs: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut bytes = text.bytes().enumerate().peekable();
        while let Some((start, byte)) = bytes.next() {
            if byte != b'`' {
                continue;
            }
            let mut length = 1;
            while bytes.next_if(|(_, next)| *next == b'`').is_some() {
                length += 1;
            }
            runs.entry(length).or_default().push(start);
        }
        Self(runs)
    }

    /// The next run of exactly `length` behind the one at `start`.
    fn partner(&self, start: usize, length: usize) -> Option<usize> {
        let starts = self.0.get(&length)?;
        starts.get(starts.partition_point(|at| *at <= start)).copied()
    }
}

#[cfg(test)]
mod tests;
