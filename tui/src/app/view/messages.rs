//! The list of messages, or what to do when there is none.

use ratatui::text::Line;

use super::super::model::App;
use super::super::timeline::viewport::Placed;
use super::Canvas;
use super::panes::Panes;
use super::welcome;

pub(super) fn draw(app: &App, panes: &Panes, canvas: &mut Canvas<'_>) {
    let area = panes.messages;
    if area.is_empty() {
        return;
    }
    if app.open_channel().is_none() {
        return match app.directory.servers.is_empty() {
            true => welcome::no_server(app, area, canvas),
            false => welcome::no_channel(app, area, canvas),
        };
    }
    let screen = app.on_screen();
    if screen.is_empty() {
        let text = match app.timeline().is_some_and(|timeline| timeline.is_stopped) {
            true => "The messages could not be fetched. They come when the connection is back.",
            false => "◌ fetching messages",
        };
        return canvas.put(
            area.x + panes.gutter,
            area.y,
            &Line::styled(text, app.theme.dim),
            panes.line_width(),
        );
    }
    for row in &screen {
        draw_row(app, panes, row, canvas);
    }
    if screen.len() == 1 && app.timeline().is_some_and(|timeline| timeline.loaded) {
        let hint = "Nobody has written here yet. Say something.";
        let y = area.bottom().saturating_sub(2);
        canvas.put(area.x + panes.gutter, y, &Line::styled(hint, app.theme.dim), panes.line_width());
    }
}

fn draw_row(app: &App, panes: &Panes, row: &Placed, canvas: &mut Canvas<'_>) {
    let area = panes.messages;
    let is_selected = app.selected() == Some(row.key);
    for (offset, line) in (0i32..).zip(&row.block.lines) {
        let at = row.top + offset;
        let Ok(y) = u16::try_from(at) else { continue };
        if y >= area.height {
            return;
        }
        let y = area.y + y;
        canvas.put(area.x + panes.gutter, y, line, panes.line_width());
        // Day line and new line are not part of the message.
        if is_selected && offset + 1 >= row.block.lead() {
            canvas.put(area.x, y, &Line::styled("▌", app.theme.accent), 1);
        }
    }
}
