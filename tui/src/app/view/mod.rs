//! Drawing: a frame out of the model, and nothing else.
//!
//! Calm, few lines, no boxes around boxes. Deliberately absent: decisions. What is offered, what is on screen, and how it
//! is laid out is asked of the model; what it looks like, of the theme.

mod bars;
mod composer;
mod members;
mod messages;
mod overlays;
pub(crate) mod panes;
mod sidebar;
mod welcome;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;

use super::model::{App, Screen};

/// What drawing writes to: the cells of a frame, and where the cursor blinks.
pub(crate) struct Canvas<'a> {
    pub(crate) cells: &'a mut Buffer,
    pub(crate) cursor: Option<Position>,
}

/// Draws the client.
pub(crate) fn draw(frame: &mut Frame<'_>, app: &App) {
    let area = frame.area();
    let mut canvas = Canvas { cells: frame.buffer_mut(), cursor: None };
    match &app.screen {
        Screen::FirstStart(first) => welcome::first_start(app, first, area, &mut canvas),
        Screen::SignIn(sign_in) => welcome::sign_in(app, sign_in, area, &mut canvas),
        Screen::Main => main_view(app, &mut canvas),
    }
    if let Some(cursor) = canvas.cursor.filter(|cursor| area.contains(*cursor)) {
        frame.set_cursor_position(cursor);
    }
}

fn main_view(app: &App, canvas: &mut Canvas<'_>) {
    let panes = app.panes();
    sidebar::draw(app, &panes, canvas);
    bars::header(app, &panes, canvas);
    messages::draw(app, &panes, canvas);
    bars::status(app, &panes, canvas);
    composer::draw(app, &panes, canvas);
    members::draw(app, &panes, canvas);
    bars::bottom(app, &panes, canvas);
    if let Some(overlay) = &app.overlay {
        overlays::draw(app, overlay, canvas);
    }
}

impl Canvas<'_> {
    /// Writes a line at a place, cut at `width` and at the border of the frame.
    pub(crate) fn put(&mut self, x: u16, y: u16, line: &Line<'_>, width: u16) {
        let area = self.cells.area;
        if y < area.bottom() && x < area.right() {
            self.cells.set_line(x, y, line, width.min(area.right() - x));
        }
    }

    /// Writes a line so that it ends at the right border of `area`'s row `y`.
    pub(crate) fn put_right(&mut self, area: Rect, y: u16, line: &Line<'_>) {
        let width = u16::try_from(line.width()).unwrap_or(u16::MAX).min(area.width);
        self.put(area.right() - width, y, line, width);
    }

    /// Draws the line that parts two panes.
    pub(crate) fn border(&mut self, x: u16, area: Rect, style: ratatui::style::Style) {
        for y in area.top()..area.bottom() {
            self.put(x, y, &Line::styled("│", style), 1);
        }
    }

    /// Empties an area.
    pub(crate) fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.cells.area);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                self.cells[(x, y)].reset();
            }
        }
    }

    /// Gives every cell of an area a style besides the one it has.
    pub(crate) fn tint(&mut self, area: Rect, style: ratatui::style::Style) {
        self.cells.set_style(area.intersection(self.cells.area), style);
    }
}
