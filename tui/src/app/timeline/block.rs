//! What one row of the list looks like: its lines, laid out for a width.
//!
//! Texts are indented and the client's own marks are not, so no message can draw an author line, a day line or a badge.
//! Deliberately absent: the selection mark, which is painted over a block that stays as it is.

use echopulse_protocol::id::Timestamp;
use jiff::Zoned;
use jiff::tz::TimeZone;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::super::model::message::{Author, AuthorKind, Message, Quoted};
use super::super::text::cells::{cut, width};
use super::super::text::markdown::{self, Block as Paragraph, Face, Kind, Names};
use super::super::text::wrap::{Run, wrap};
use super::super::theme::Theme;

/// What stands above the text of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lead {
    /// The day begins here.
    pub(crate) day: bool,
    /// What is unread begins here.
    pub(crate) new: bool,
    /// Another author than above, or much later.
    pub(crate) author: bool,
}

impl Lead {
    /// The same as a number, for the cache.
    pub(crate) fn bits(self) -> u8 {
        u8::from(self.day) | u8::from(self.new) << 1 | u8::from(self.author) << 2
    }
}

/// The lines of a row.
#[derive(Debug, Default)]
pub(crate) struct Block {
    pub(crate) lines: Vec<Line<'static>>,
    lead: usize,
}

impl Block {
    /// Lines in all.
    pub(crate) fn height(&self) -> i32 {
        i32::try_from(self.lines.len()).unwrap_or(i32::MAX)
    }

    /// Lines above the text, which come and go with the row above.
    pub(crate) fn lead(&self) -> i32 {
        i32::try_from(self.lead).unwrap_or_default()
    }

    /// A row of one dim line in the middle.
    pub(crate) fn notice(text: &str, painter: &Painter<'_>) -> Self {
        let text = cut(text, painter.width).into_owned();
        Self { lines: vec![Line::styled(text, painter.theme.dim)], lead: 0 }
    }

    #[cfg(test)]
    pub(crate) fn of_height(height: usize, lead: usize) -> Self {
        Self { lines: vec![Line::default(); height], lead }
    }
}

/// What laying out needs to know besides the row.
pub(crate) struct Painter<'a> {
    pub(crate) theme: &'a Theme,
    pub(crate) names: &'a dyn Names,
    pub(crate) zone: &'a TimeZone,
    /// The present year is not shown in day lines.
    pub(crate) year: i16,
    /// Cells of a line.
    pub(crate) width: usize,
}

/// How far a message of one's own has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery<'a> {
    /// It is in the history.
    Delivered,
    /// It waits or is on its way.
    Waiting,
    /// It was refused for that reason.
    Failed(&'a str),
}

const INDENT: &str = "  ";

impl Painter<'_> {
    /// A message.
    pub(crate) fn message(
        &self,
        message: &Message,
        quoted: Option<Option<Quoted>>,
        lead: Lead,
        delivery: Delivery<'_>,
    ) -> Block {
        let mut lines = Vec::new();
        if lead.day {
            lines.push(self.day_line(message.created_at));
        }
        if lead.new {
            lines.push(self.new_line());
        }
        if lead.author {
            lines.push(self.author_line(&message.author, message.created_at));
        }
        if let Some(quoted) = quoted {
            lines.push(self.quote_line(quoted.as_ref()));
        }
        let above = lines.len();
        self.text(message, delivery, &mut lines);
        Block { lines, lead: above }
    }

    fn text(&self, message: &Message, delivery: Delivery<'_>, lines: &mut Vec<Line<'static>>) {
        if message.deleted {
            let style = self.theme.dim.add_modifier(Modifier::ITALIC);
            return lines.push(Line::from(vec![Span::raw(INDENT), Span::styled("message deleted", style)]));
        }
        for paragraph in markdown::parse(&message.content, self.names) {
            self.paragraph(paragraph, lines);
        }
        if message.edited {
            self.put_right("(edited)", lines);
        }
        match delivery {
            Delivery::Delivered => {}
            Delivery::Waiting => {
                let dim = |line: &mut Line<'static>| {
                    line.spans.iter_mut().for_each(|span| span.style = self.theme.dim)
                };
                lines.iter_mut().for_each(dim);
                self.put_right("◌", lines);
            }
            Delivery::Failed(reason) => self.failure(reason, lines),
        }
    }

    fn failure(&self, reason: &str, lines: &mut Vec<Line<'static>>) {
        let room = self.width.saturating_sub(INDENT.len());
        let line = format!("✗ not sent · {reason} · r try again · d discard");
        let short = "✗ not sent · r try again · d discard";
        let texts = if width(&line) <= room { vec![line] } else { vec![reason.to_owned(), short.to_owned()] };
        for text in texts {
            let text = cut(&text, room).into_owned();
            lines.push(Line::from(vec![Span::raw(INDENT), Span::styled(text, self.theme.error)]));
        }
    }

    fn paragraph(&self, paragraph: Paragraph, lines: &mut Vec<Line<'static>>) {
        let (mark, runs, ground) = match paragraph {
            Paragraph::Text(runs) => ("", runs, self.theme.text),
            Paragraph::Quote(runs) => ("▎ ", runs, self.theme.dim),
            Paragraph::Code(code) => {
                ("┃ ", vec![Run { text: code, style: Face::default() }], self.theme.text)
            }
        };
        let room = self.width.saturating_sub(INDENT.len() + width(mark));
        for line in wrap(&runs, room) {
            let mut spans = vec![Span::raw(INDENT)];
            if !mark.is_empty() {
                spans.push(Span::styled(mark, self.theme.border));
            }
            spans.extend(
                line.into_iter().map(|run| Span::styled(run.text, ground.patch(self.face(run.style)))),
            );
            lines.push(Line::from(spans));
        }
    }

    fn face(&self, face: Face) -> Style {
        let mut style = match face.kind {
            Kind::Plain => Style::new(),
            Kind::Code => self.theme.code,
            Kind::Link => self.theme.link,
            Kind::Mention => self.theme.mention,
            Kind::Me => self.theme.mention_me,
        };
        if face.bold {
            style = style.add_modifier(Modifier::BOLD);
        }
        if face.italic {
            style = style.add_modifier(Modifier::ITALIC);
        }
        style
    }

    fn day_line(&self, at: Timestamp) -> Line<'static> {
        let day = local(at, self.zone);
        let form = if day.year() == self.year { " %A %-d %B " } else { " %A %-d %B %Y " };
        let day = cut(&day.strftime(form).to_string(), self.width).into_owned();
        let rest = self.width - width(&day);
        let (left, right) = ("─".repeat(rest / 2), "─".repeat(rest - rest / 2));
        Line::from(vec![
            Span::styled(left, self.theme.border),
            Span::styled(day, self.theme.dim),
            Span::styled(right, self.theme.border),
        ])
    }

    fn new_line(&self) -> Line<'static> {
        let rule = "─".repeat(self.width.saturating_sub(7));
        Line::styled(format!("── new {rule}"), self.theme.accent)
    }

    fn author_line(&self, author: &Author, at: Timestamp) -> Line<'static> {
        let time = local(at, self.zone).strftime("%H:%M").to_string();
        let badge = match author.kind {
            AuthorKind::Person => "",
            AuthorKind::Bot => " BOT",
            AuthorKind::Webhook => " HOOK",
        };
        let room = self.width.saturating_sub(width(&time) + width(badge) + 1);
        let name = cut(&author.name, room).into_owned();
        let gap = self.width.saturating_sub(width(&name) + width(badge) + width(&time));
        Line::from(vec![
            Span::styled(name, self.theme.author(author.id)),
            Span::styled(badge, self.theme.dim),
            Span::raw(" ".repeat(gap)),
            Span::styled(time, self.theme.dim),
        ])
    }

    fn quote_line(&self, quoted: Option<&Quoted>) -> Line<'static> {
        let text = match quoted {
            Some(quoted) if quoted.deleted => format!("{}: message deleted", quoted.author),
            Some(quoted) => {
                let runs = markdown::inline(&quoted.content, self.names);
                let plain: String = runs.into_iter().map(|run| run.text).collect();
                format!("{}: {plain}", quoted.author)
            }
            None => "an earlier message".to_owned(),
        };
        let text = cut(&text, self.width.saturating_sub(INDENT.len() + 2)).into_owned();
        Line::from(vec![
            Span::raw(INDENT),
            Span::styled("╭ ", self.theme.border),
            Span::styled(text, self.theme.dim),
        ])
    }

    /// Puts a short mark at the right end of the last line, or on a line of its own.
    fn put_right(&self, mark: &'static str, lines: &mut Vec<Line<'static>>) {
        let used = lines.last().map_or(0, |line| line.spans.iter().map(|span| width(&span.content)).sum());
        let room = self.width.saturating_sub(width(mark));
        let (line, used) = match lines.last_mut() {
            Some(line) if used < room => (line, used),
            _ => {
                lines.push(Line::default());
                let Some(line) = lines.last_mut() else { return };
                (line, 0)
            }
        };
        line.spans.push(Span::raw(" ".repeat(room - used)));
        line.spans.push(Span::styled(mark, self.theme.dim));
    }
}

/// A moment as the clock on the wall shows it. Moments outside of the calendar are the first one in it.
pub(crate) fn local(at: Timestamp, zone: &TimeZone) -> Zoned {
    jiff::Timestamp::from_millisecond(at.0).unwrap_or_default().to_zoned(zone.clone())
}
