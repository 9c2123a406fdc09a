//! Servers as groups, channels below; what is unread stands out and is counted.

use echopulse_protocol::event::ChannelKind;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::model::directory::{ChannelEntry, ServerEntry};
use super::super::model::unread::ReadMark;
use super::super::model::{App, Focus, SidebarRow};
use super::super::text::cells::{cut, width};
use super::Canvas;
use super::panes::Panes;

pub(super) fn draw(app: &App, panes: &Panes, canvas: &mut Canvas<'_>) {
    let area = panes.sidebar;
    if area.is_empty() {
        return;
    }
    let theme = &app.theme;
    let inner = match panes.is_narrow {
        true => area,
        false => {
            canvas.border(area.right() - 1, area, theme.border);
            Rect { width: area.width - 1, ..area }
        }
    };
    let title = app.current_server().map_or("EchoPulse", |server| server.name.as_str());
    let title = cut(title, usize::from(inner.width.saturating_sub(3)));
    canvas.put(inner.x + 2, inner.y, &Line::styled(title, theme.strong), inner.width.saturating_sub(2));

    let top = inner.y + panes.list_top;
    let height = usize::from(inner.bottom().saturating_sub(top));
    let rows = app.sidebar_rows().skip(app.sidebar_scroll(height)).take(height);
    for (y, row) in (top..).zip(rows) {
        let line = row_line(app, row, usize::from(inner.width));
        canvas.put(inner.x, y, &line, inner.width);
        if app.focus == Focus::Sidebar && app.overlay.is_none() && app.sidebar == Some(row) {
            canvas.tint(Rect { y, height: 1, ..inner }, theme.selected);
        }
    }
    if app.directory.servers.is_empty() && panes.is_narrow {
        super::welcome::no_server(
            app,
            Rect { y: top, height: inner.bottom().saturating_sub(top), ..inner },
            canvas,
        );
    }
}

fn row_line(app: &App, row: SidebarRow, cells: usize) -> Line<'static> {
    let line = match row {
        SidebarRow::Server(id) => app.directory.server(id).map(|server| server_line(app, server, cells)),
        SidebarRow::Channel(server, id) => {
            let channel = app.directory.server(server).and_then(|server| server.channel(id));
            channel.map(|channel| channel_line(app, channel, cells))
        }
    };
    line.unwrap_or_default()
}

fn server_line(app: &App, server: &ServerEntry, cells: usize) -> Line<'static> {
    let sign = if server.is_folded { "▸ " } else { "▾ " };
    let total = |total: (u32, u32), mark: ReadMark| (total.0 + mark.unread, total.1 + mark.mentions);
    // A folded server speaks for its channels.
    let (unread, mentions) = match server.is_folded {
        true => server.channels.iter().map(|channel| app.unread.of(channel.id)).fold((0, 0), total),
        false => (0, 0),
    };
    let count = count_text(unread, mentions);
    let style = if unread > 0 || !server.is_folded { app.theme.strong } else { app.theme.text };
    Row { mark: Span::raw("  "), sign, name: &server.name, style, count }.line(app, cells)
}

fn channel_line(app: &App, channel: &ChannelEntry, cells: usize) -> Line<'static> {
    let is_open = app.open == Some(channel.id);
    let mark = app.unread.of(channel.id);
    let mark_span = if is_open { Span::styled("  ▌ ", app.theme.accent) } else { Span::raw("    ") };
    let sign = if channel.kind == ChannelKind::Announcement { "! " } else { "# " };
    let style = match (mark.unread > 0, is_open) {
        (true, _) => app.theme.strong,
        (false, true) => app.theme.text,
        (false, false) => app.theme.dim,
    };
    let count = count_text(mark.unread, mark.mentions);
    Row { mark: mark_span, sign, name: &channel.name, style, count }.line(app, cells)
}

/// `2` unread, `·1` of them mentions.
pub(super) fn count_text(unread: u32, mentions: u32) -> String {
    let number = |count: u32| if count > 999 { "999+".to_owned() } else { count.to_string() };
    match (unread, mentions) {
        (0, 0) => String::new(),
        (unread, 0) => number(unread),
        (unread, mentions) => format!("{} ·{}", number(unread), number(mentions)),
    }
}

/// The parts of a line, from left to right.
struct Row<'a> {
    mark: Span<'static>,
    sign: &'static str,
    name: &'a str,
    style: Style,
    count: String,
}

impl Row<'_> {
    /// The name cut so that the count is always seen.
    fn line(self, app: &App, cells: usize) -> Line<'static> {
        let left = self.mark.width() + width(self.sign);
        let behind = width(&self.count) + 1;
        let name = cut(self.name, cells.saturating_sub(left + behind + 1)).into_owned();
        let gap = cells.saturating_sub(left + width(&name) + behind);
        let count_style = if self.count.contains('·') { app.theme.accent } else { app.theme.strong };
        Line::from(vec![
            self.mark,
            Span::styled(self.sign, app.theme.dim),
            Span::styled(name, self.style),
            Span::raw(" ".repeat(gap)),
            Span::styled(self.count, count_style),
        ])
    }
}

impl App {
    /// Rows above the window of the sidebar, so that the selected one is inside.
    pub(crate) fn sidebar_scroll(&self, height: usize) -> usize {
        let selected =
            self.sidebar.and_then(|wanted| self.sidebar_rows().position(|row| row == wanted)).unwrap_or(0);
        (selected + 2).saturating_sub(height)
    }
}
