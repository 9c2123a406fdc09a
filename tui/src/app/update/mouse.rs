//! The mouse: a click goes where it points, the wheel scrolls what is under it.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position as Point, Rect};

use super::super::model::{App, Focus, Screen};
use super::super::timeline::Key;
use super::super::timeline::viewport::Position;
use super::Effects;

/// Lines that one notch of the wheel scrolls.
const NOTCH: i32 = 3;

impl App {
    pub(super) fn on_mouse(&mut self, mouse: MouseEvent, effects: &mut Effects) {
        if !matches!(self.screen, Screen::Main) || self.overlay.is_some() {
            return;
        }
        let at = Point::new(mouse.column, mouse.row);
        match mouse.kind {
            MouseEventKind::ScrollUp => self.wheel(at, -NOTCH),
            MouseEventKind::ScrollDown => self.wheel(at, NOTCH),
            MouseEventKind::Down(MouseButton::Left) => self.click(at, effects),
            // Moves are not drawn, so they cost no frame.
            _ => return,
        }
        self.is_dirty = true;
    }

    fn wheel(&mut self, at: Point, lines: i32) {
        let panes = self.panes();
        if panes.sidebar.contains(at) {
            self.step_sidebar(lines.signum() as isize);
        } else if panes.members.contains(at) {
            self.step_member(lines.signum() as isize);
        } else {
            self.scroll_messages(lines);
        }
    }

    fn click(&mut self, at: Point, effects: &mut Effects) {
        let panes = self.panes();
        if panes.sidebar.contains(at) {
            self.focus_on(Focus::Sidebar);
            self.click_sidebar(line_in(panes.sidebar, panes.list_top, at), effects);
        } else if panes.messages.contains(at) {
            self.click_message(i32::from(at.y - panes.messages.y), effects);
        } else if panes.status.contains(at) {
            self.look(|_, _, _| Position::Bottom);
        } else if panes.composer.contains(at) {
            self.focus_composer();
            self.click_composer(at);
        } else if panes.members.contains(at) {
            self.focus_on(Focus::Members);
            let line = line_in(panes.members, panes.list_top, at);
            if let Some(index) = line.and_then(|line| self.member_at(line)) {
                self.member = index;
            }
        } else if panes.is_narrow && panes.header.contains(at) {
            self.focus_on(Focus::Sidebar);
        }
    }

    fn click_sidebar(&mut self, line: Option<usize>, effects: &mut Effects) {
        let height = usize::from(self.panes().sidebar.height.saturating_sub(self.panes().list_top));
        let row = line.and_then(|line| self.sidebar_rows().nth(self.sidebar_scroll(height) + line));
        if row.is_some() {
            self.sidebar = row;
            self.open_row(effects);
        }
    }

    fn click_message(&mut self, line: i32, effects: &mut Effects) {
        self.focus_on(Focus::Messages);
        let row = self.on_screen().into_iter().find(|row| row.top <= line && line < row.bottom());
        let Some(row) = row else { return };
        self.select(row.key);
        if matches!(row.key, Key::Gap(_)) {
            self.fill_gap(effects);
        }
    }

    fn click_composer(&mut self, at: Point) {
        let panes = self.panes();
        let width = panes.field_width();
        let scroll = self.composer_scroll();
        let above = self.composer_context_height();
        let row = usize::from(at.y - panes.composer.y).saturating_sub(above);
        let column = usize::from(at.x.saturating_sub(panes.composer.x + panes.gutter + 2));
        if let Some(draft) = self.draft_mut() {
            draft.field.click(width, scroll + row, column);
        }
    }
}

/// The line of a list under a point.
fn line_in(area: Rect, top: u16, at: Point) -> Option<usize> {
    at.y.checked_sub(area.y + top).map(usize::from)
}
