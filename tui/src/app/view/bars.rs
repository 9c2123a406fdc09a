//! The lines around the messages: where one is, what goes on, what one can do, and how the connection is.

use echopulse_protocol::event::Presence;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::actions::chord;
use super::super::model::{App, Connection};
use super::super::text::cells::{cut, width};
use super::super::timeline::Key;
use super::super::timeline::viewport::Position;
use super::Canvas;
use super::panes::Panes;
use super::sidebar::count_text;

/// The name and topic of the open channel.
pub(super) fn header(app: &App, panes: &Panes, canvas: &mut Canvas<'_>) {
    let area = panes.header;
    if area.is_empty() {
        return;
    }
    let right = if panes.is_narrow { narrow_right(app) } else { present(app) };
    let right_width = right.width();
    let room = usize::from(area.width.saturating_sub(panes.gutter)).saturating_sub(right_width + 3);
    if let Some((_, channel)) = app.open_channel() {
        let name = cut(&channel.name, room.saturating_sub(2)).into_owned();
        let left = room.saturating_sub(width(&name) + 2 + 3);
        let topic =
            if panes.is_narrow || left < 8 { String::new() } else { cut(&channel.topic, left).into_owned() };
        let line = Line::from(vec![
            Span::styled("# ", app.theme.dim),
            Span::styled(name, app.theme.strong),
            Span::raw("   "),
            Span::styled(topic, app.theme.dim),
        ]);
        canvas.put(area.x + panes.gutter, area.y, &line, area.width.saturating_sub(panes.gutter));
    }
    let inner = Rect { width: area.width.saturating_sub(1), ..area };
    canvas.put_right(inner, area.y, &right);
}

fn present(app: &App) -> Line<'static> {
    let Some((server, _)) = app.open_channel() else { return Line::default() };
    let there = |user| app.directory.presence(user) != Presence::Offline;
    match server.members.iter().filter(|member| there(member.user)).count() {
        0 => Line::default(),
        count => Line::styled(format!("{count} online"), app.theme.dim),
    }
}

/// Where there is no list beside: what is unread elsewhere, and the connection.
fn narrow_right(app: &App) -> Line<'static> {
    let others =
        app.directory.servers.iter().flat_map(|server| &server.channels).filter(|c| Some(c.id) != app.open);
    let marks = others.map(|channel| app.unread.of(channel.id));
    let (unread, mentions) = marks.fold((0, 0), |sum, mark| (sum.0 + mark.unread, sum.1 + mark.mentions));
    let (sign, style) = sign(app);
    let name = app.me.as_ref().map_or("", |me| me.username.as_str());
    Line::from(vec![
        Span::styled(count_text(unread, mentions), app.theme.strong),
        Span::raw("   "),
        Span::styled(sign, style),
        Span::styled(format!(" {}", cut(name, 12)), app.theme.dim),
    ])
}

fn sign(app: &App) -> (&'static str, Style) {
    match app.connection {
        Connection::Connected => ("●", app.theme.online),
        Connection::Starting | Connection::Connecting => ("◌", app.theme.dim),
        Connection::Offline { .. } | Connection::Ended(_) => ("○", app.theme.error),
    }
}

/// Who types, and what is new below.
pub(super) fn status(app: &App, panes: &Panes, canvas: &mut Canvas<'_>) {
    let area = panes.status;
    let Some(open) = app.open.filter(|_| !area.is_empty()) else { return };
    let below = below(app);
    let below_width = below.as_ref().map_or(0, |text| width(text) + 2);
    let names = app.names(open);
    let typists = app.typing.get(&open).map_or(&[][..], Vec::as_slice);
    let called = |user| match names.server {
        Some(server) => app.directory.name_in(server, user).unwrap_or("somebody"),
        None => "somebody",
    };
    let text = match typists {
        [] => String::new(),
        [(one, _)] => format!("{} is typing…", called(*one)),
        [(one, _), (two, _)] => format!("{} and {} are typing…", called(*one), called(*two)),
        _ => "several people are typing…".to_owned(),
    };
    let room = usize::from(panes.line_width()).saturating_sub(below_width);
    canvas.put(
        area.x + panes.gutter,
        area.y,
        &Line::styled(cut(&text, room), app.theme.dim),
        panes.line_width(),
    );
    if let Some(below) = below {
        let inner = Rect { width: area.width.saturating_sub(1), ..area };
        canvas.put_right(inner, area.y, &Line::styled(below, app.theme.accent));
    }
}

/// What is below the screen, if one has scrolled up.
fn below(app: &App) -> Option<String> {
    let timeline = app.timeline()?;
    if timeline.position == Position::Bottom && timeline.reaches_head() {
        return None;
    }
    let height = i32::from(app.panes().messages.height);
    let last = app.on_screen().into_iter().rev().find_map(|row| match row.key {
        Key::Message(seq) if row.top + row.block.lead() < height => Some(seq),
        _ => None,
    })?;
    let newest = timeline.last_seq()?;
    let count = timeline.others(last + 1, newest.max(last + 1), app.my_id(), 100).count();
    match (count, timeline.reaches_head()) {
        (0, true) if newest > last => Some("↓ newer below".to_owned()),
        (0, true) => None,
        (_, false) => Some("↓ newer below".to_owned()),
        (100.., true) => Some("↓ 99+ new below".to_owned()),
        (count, true) => Some(format!("↓ {count} new below")),
    }
}

/// The connection at the left, and what one can do at the right; for a while, what just happened.
pub(super) fn bottom(app: &App, panes: &Panes, canvas: &mut Canvas<'_>) {
    let says = connection_text(app);
    let mut area = panes.bar;
    if !panes.connection.is_empty() {
        let (sign, style) = sign(app);
        let left = connection_width(app, panes, &says);
        area = Rect { x: left, width: area.right().saturating_sub(left), ..area };
        let room = usize::from(left).saturating_sub(4);
        let line = Line::from(vec![
            Span::raw("  "),
            Span::styled(sign, style),
            Span::styled(format!(" {}", cut(&says, room)), app.theme.dim),
        ]);
        canvas.put(0, panes.connection.y, &line, left);
    }
    let room = usize::from(area.width).saturating_sub(usize::from(panes.gutter) + 1);
    let line = match (&app.toast, panes.is_narrow && !matches!(app.connection, Connection::Connected)) {
        (Some(toast), _) => {
            let style = if toast.is_error { app.theme.error } else { app.theme.accent };
            let sign = if toast.is_error { "✗ " } else { "✓ " };
            Line::styled(format!("{sign}{}", cut(&toast.text, room.saturating_sub(2))), style)
        }
        (None, true) => Line::styled(cut(&says, room).into_owned(), app.theme.dim),
        // An overlay names its own keys.
        (None, false) if app.overlay.is_some() => return,
        (None, false) => hints(app, room),
    };
    canvas.put(area.x + panes.gutter, area.y, &line, area.width.saturating_sub(panes.gutter));
}

/// The width of the list above it; more when there is something to say, since that matters more than hints.
fn connection_width(app: &App, panes: &Panes, says: &str) -> u16 {
    let most = panes.bar.right() / 2;
    let wanted = u16::try_from(width(says) + 6).unwrap_or(most).min(most);
    match app.connection {
        Connection::Connected => panes.connection.width,
        _ => wanted.max(panes.connection.width),
    }
}

fn connection_text(app: &App) -> String {
    let name = app.me.as_ref().map_or("", |me| me.username.as_str());
    match &app.connection {
        Connection::Starting => "starting".to_owned(),
        Connection::Connecting => "connecting".to_owned(),
        Connection::Connected if name.is_empty() => "connected".to_owned(),
        Connection::Connected => format!("connected as {name}"),
        Connection::Offline { again_at, .. } => {
            let seconds = (again_at.0 - app.now.0 + 999).max(0) / 1000;
            format!("offline, again in {seconds} s · messages wait here")
        }
        Connection::Ended(reason) => reason.as_str().to_owned(),
    }
}

/// As many hints as there is room for, the last one always: it leads to all the others.
pub(super) fn hints(app: &App, room: usize) -> Line<'static> {
    let all: Vec<(String, &'static str)> =
        app.hints().filter_map(|action| Some((chord::label(action.keys.first()?), action.hint))).collect();
    let size = |(key, hint): &(String, &'static str)| width(key) + 1 + width(hint);
    let Some((last, rest)) = all.split_last() else { return Line::default() };
    let mut left = room.saturating_sub(size(last));
    let mut shown = Vec::new();
    for hint in rest {
        if size(hint) + 3 <= left {
            left -= size(hint) + 3;
            shown.push(hint);
        }
    }
    shown.push(last);
    let mut spans = Vec::new();
    for (key, hint) in shown {
        if !spans.is_empty() {
            spans.push(Span::raw("   "));
        }
        spans.push(Span::styled(key.clone(), app.theme.strong));
        spans.push(Span::styled(format!(" {hint}"), app.theme.dim));
    }
    Line::from(spans)
}
