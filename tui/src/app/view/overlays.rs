//! What lies over the main view: one frame in the middle, and the keys that work in it.

use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::actions::{Place, chord};
use super::super::model::App;
use super::super::model::overlay::{Ask, Chooser, Overlay, Prompt, Question};
use super::super::text::cells::{cut, width};
use super::super::text::wrap::{Run, wrap};
use super::Canvas;
use super::bars::hints;
use super::sidebar::count_text;
use super::welcome::window;

/// Rows of a chooser at most.
const MAX_ROWS: usize = 10;

/// What a frame holds.
struct Sheet {
    title: String,
    lines: Vec<(Line<'static>, bool)>,
    /// Line and cell of the cursor.
    cursor: Option<(u16, u16)>,
}

pub(super) fn draw(app: &App, overlay: &Overlay, canvas: &mut Canvas<'_>) {
    let area = canvas.cells.area;
    let most = if matches!(overlay, Overlay::Help { .. }) { 76 } else { 60 };
    let frame_width = area.width.saturating_sub(2).min(most);
    let inner = usize::from(frame_width.saturating_sub(4));
    let room = usize::from(area.height.saturating_sub(4));
    let sheet = match overlay {
        Overlay::Switcher(chooser) => switcher(app, chooser, inner, room),
        Overlay::Palette(chooser) => palette(app, chooser, inner, room),
        Overlay::Prompt(prompt) => prompt_sheet(app, prompt, inner),
        Overlay::Invite { server, code } => invite(app, *server, code.as_deref(), inner),
        Overlay::Confirm(question) => confirm(app, question, inner),
        Overlay::Help { scroll } => help(app, *scroll, inner, room),
    };
    let lines = u16::try_from(sheet.lines.len() + 2).unwrap_or(u16::MAX);
    let height = (lines + 2).min(area.height);
    let x = area.x + (area.width - frame_width) / 2;
    let y = area.y + (area.height - height) / 3;
    paint(app, &sheet, Rect::new(x, y, frame_width, height), canvas);
}

fn paint(app: &App, sheet: &Sheet, area: Rect, canvas: &mut Canvas<'_>) {
    let border = app.theme.border;
    canvas.clear(area);
    let inner = usize::from(area.width.saturating_sub(2));
    let title = cut(&sheet.title, inner.saturating_sub(4)).into_owned();
    let rule = "─".repeat(inner.saturating_sub(width(&title) + 2));
    let top = vec![
        Span::styled("╭ ", border),
        Span::styled(title, app.theme.strong),
        Span::styled(format!(" {rule}╮"), border),
    ];
    canvas.put(area.x, area.y, &Line::from(top), area.width);
    for y in area.y + 1..area.bottom().saturating_sub(1) {
        canvas.put(area.x, y, &Line::styled("│", border), 1);
        canvas.put(area.right().saturating_sub(1), y, &Line::styled("│", border), 1);
    }
    let bottom = format!("╰{}╯", "─".repeat(inner));
    canvas.put(area.x, area.bottom().saturating_sub(1), &Line::styled(bottom, border), area.width);
    let text = area.width.saturating_sub(4);
    let last = area.bottom().saturating_sub(3);
    for (y, (line, is_selected)) in (area.y + 1..last).zip(&sheet.lines) {
        canvas.put(area.x + 2, y, line, text);
        if *is_selected {
            canvas.tint(Rect::new(area.x + 1, y, area.width.saturating_sub(2), 1), app.theme.selected);
        }
    }
    let keys = hints(app, usize::from(text));
    canvas.put(area.x + 2, area.bottom().saturating_sub(2), &keys, text);
    if let Some((line, cell)) = sheet.cursor {
        canvas.cursor = Some(Position::new(area.x + 2 + cell, area.y + 1 + line));
    }
}

fn plain(text: impl Into<String>, style: Style) -> (Line<'static>, bool) {
    (Line::styled(text.into(), style), false)
}

fn wrapped(text: &str, style: Style, cells: usize) -> impl Iterator<Item = (Line<'static>, bool)> {
    let lines = wrap(&[Run { text: text.to_owned(), style: () }], cells);
    lines.into_iter().map(move |line| plain(line.into_iter().map(|run| run.text).collect::<String>(), style))
}

/// A line with something at its right end.
fn spread(left: Vec<Span<'static>>, right: String, right_style: Style, cells: usize) -> Line<'static> {
    let used: usize = left.iter().map(|span| width(&span.content)).sum();
    let gap = cells.saturating_sub(used + width(&right));
    let mut spans = left;
    spans.push(Span::raw(" ".repeat(gap)));
    spans.push(Span::styled(right, right_style));
    Line::from(spans)
}

/// The field of a chooser, and those of its rows that are seen.
fn chooser_sheet(
    title: &str,
    chooser: &Chooser,
    rows: Vec<Line<'static>>,
    cells: usize,
    room: usize,
    app: &App,
) -> Sheet {
    let (shown, column) = window(&chooser.field, cells.saturating_sub(1));
    let mut lines = vec![plain(shown, app.theme.strong)];
    let visible = MAX_ROWS.min(room.saturating_sub(3)).max(1);
    let scroll = (chooser.selected + 1).saturating_sub(visible);
    if rows.is_empty() {
        lines.push(plain("Nothing matches.", app.theme.dim));
    }
    let numbered = rows.into_iter().enumerate().skip(scroll).take(visible);
    lines.extend(numbered.map(|(at, row)| (row, at == chooser.selected)));
    Sheet { title: title.to_owned(), lines, cursor: Some((0, column)) }
}

fn switcher(app: &App, chooser: &Chooser, cells: usize, room: usize) -> Sheet {
    let rows = app.destinations(chooser.field.text()).into_iter().filter_map(|destination| {
        let server = app.directory.server(destination.server)?;
        let channel = server.channel(destination.channel)?;
        let mark = app.unread.of(channel.id);
        let sign = if app.open == Some(channel.id) { "▌ " } else { "  " };
        let count = count_text(mark.unread, mark.mentions);
        let half = cells / 2;
        let name = cut(&channel.name, half.saturating_sub(5)).into_owned();
        let gap = half.saturating_sub(4 + width(&name));
        let server = cut(&server.name, cells.saturating_sub(half + width(&count) + 1)).into_owned();
        let style = if mark.unread > 0 { app.theme.strong } else { app.theme.text };
        let left = vec![
            Span::styled(sign, app.theme.accent),
            Span::styled("# ", app.theme.dim),
            Span::styled(name, style),
            Span::raw(" ".repeat(gap)),
            Span::styled(server, app.theme.dim),
        ];
        Some(spread(left, count, app.theme.strong, cells))
    });
    chooser_sheet("Go to", chooser, rows.collect(), cells, room, app)
}

fn palette(app: &App, chooser: &Chooser, cells: usize, room: usize) -> Sheet {
    let rows = app.matching_commands(chooser.field.text()).into_iter().map(|command| {
        let key = command.key.map(chord::label).unwrap_or_default();
        let title = cut(command.title, cells.saturating_sub(width(&key) + 1)).into_owned();
        spread(vec![Span::raw(title)], key, app.theme.dim, cells)
    });
    chooser_sheet("Actions", chooser, rows.collect(), cells, room, app)
}

fn prompt_sheet(app: &App, prompt: &Prompt, cells: usize) -> Sheet {
    let (title, label) = match prompt.ask {
        Ask::ServerName => ("Make a server", "Name   "),
        Ask::ChannelName(_) => ("Make a channel", "Name   # "),
        Ask::InviteCode => ("Join a server", "Invite   "),
    };
    let (shown, column) = window(&prompt.field, cells.saturating_sub(width(label) + 1));
    let spans = vec![Span::styled(label, app.theme.dim), Span::styled(shown, app.theme.strong)];
    let mut lines = vec![(Line::from(spans), false)];
    match (&prompt.error, prompt.is_busy) {
        (Some(error), _) => lines.extend(wrapped(&format!("✗ {error}"), app.theme.error, cells)),
        (None, true) => lines.push(plain("◌ one moment", app.theme.dim)),
        (None, false) => lines.push(plain("", app.theme.dim)),
    }
    let column = column + u16::try_from(width(label)).unwrap_or_default();
    Sheet { title: title.to_owned(), lines, cursor: Some((0, column)) }
}

fn invite(app: &App, server: echopulse_protocol::id::ServerId, code: Option<&str>, cells: usize) -> Sheet {
    let name = app.directory.server(server).map_or("the server", |server| server.name.as_str());
    let mut lines = Vec::new();
    match code {
        Some(code) => {
            lines.push(plain(code.to_owned(), app.theme.accent));
            lines.push(plain("", app.theme.text));
            lines.extend(wrapped(
                "Whoever has this code can join: echopulse join CODE, or J in the client.",
                app.theme.dim,
                cells,
            ));
        }
        None => lines.push(plain("◌ one moment", app.theme.dim)),
    }
    Sheet { title: format!("Invite to {name}"), lines, cursor: None }
}

fn confirm(app: &App, question: &Question, cells: usize) -> Sheet {
    let (title, text) = match question {
        Question::Delete { excerpt, .. } => ("Delete this message?", excerpt.as_str()),
        Question::Leave { name, .. } => ("Leave this server?", name.as_str()),
        Question::OpenLink(link) => ("Open this link?", link.as_str()),
    };
    let lines = wrapped(text, app.theme.text, cells).take(6).collect();
    Sheet { title: title.to_owned(), lines, cursor: None }
}

fn help(app: &App, scroll: usize, cells: usize, room: usize) -> Sheet {
    let mut lines = Vec::new();
    for (place, title) in
        [(Place::Messages, "Messages"), (Place::Composer, "Writing"), (Place::Sidebar, "Channels")]
    {
        lines.push(plain(title, app.theme.accent));
        let mut shown = Vec::new();
        for action in app.explained().filter(|action| action.places.contains(&place)) {
            if shown.contains(&action.id) {
                continue;
            }
            shown.push(action.id);
            let keys = action.keys.iter().map(|key| chord::label(key)).collect::<Vec<_>>().join("  ");
            let title = cut(action.title, cells.saturating_sub(width(&keys) + 3)).into_owned();
            lines.push((spread(vec![Span::raw(format!("  {title}"))], keys, app.theme.dim, cells), false));
        }
        lines.push(plain("", app.theme.text));
    }
    let visible = room.saturating_sub(2).max(1);
    let last = lines.len().saturating_sub(visible);
    let lines = lines.into_iter().skip(scroll.min(last)).take(visible).collect();
    let title = if scroll < last { "All keys · ↓ for more" } else { "All keys" };
    Sheet { title: title.to_owned(), lines, cursor: None }
}
