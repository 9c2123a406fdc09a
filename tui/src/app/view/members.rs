//! Who is here: online, idle, offline.

use echopulse_protocol::event::Presence;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::model::directory::{MemberEntry, ServerEntry};
use super::super::model::{App, Focus};
use super::super::text::cells::{cut, width};
use super::Canvas;
use super::panes::Panes;

/// A line of the pane.
pub(crate) enum MemberRow<'a> {
    Title(&'static str, usize),
    Member(usize, &'a MemberEntry),
    Blank,
}

pub(super) fn draw(app: &App, panes: &Panes, canvas: &mut Canvas<'_>) {
    let area = panes.members;
    if area.is_empty() {
        return;
    }
    let inner = match panes.is_narrow {
        true => area,
        false => {
            canvas.border(area.x, area, app.theme.border);
            Rect { x: area.x + 1, width: area.width - 1, ..area }
        }
    };
    canvas.put(
        inner.x + 2,
        inner.y,
        &Line::styled("Members", app.theme.strong),
        inner.width.saturating_sub(2),
    );
    let Some((server, _)) = app.open_channel() else { return };
    let top = inner.y + panes.list_top;
    let height = usize::from(inner.bottom().saturating_sub(top));
    let rows = app.member_rows();
    for (y, row) in (top..).zip(rows.iter().skip(app.member_scroll(&rows, height)).take(height)) {
        let line = match row {
            MemberRow::Blank => Line::default(),
            MemberRow::Title(title, count) => Line::styled(format!("  {title} · {count}"), app.theme.dim),
            MemberRow::Member(_, member) => member_line(app, server, member, usize::from(inner.width)),
        };
        canvas.put(inner.x, y, &line, inner.width);
        let is_selected = matches!(row, MemberRow::Member(index, _) if *index == app.member);
        if is_selected && app.focus == Focus::Members && app.overlay.is_none() {
            canvas.tint(Rect { y, height: 1, ..inner }, app.theme.selected);
        }
    }
}

fn member_line(app: &App, server: &ServerEntry, member: &MemberEntry, cells: usize) -> Line<'static> {
    let (sign, sign_style, is_there) = match app.directory.presence(member.user) {
        Presence::Online => ("● ", app.theme.online, true),
        Presence::Idle => ("◐ ", app.theme.dim, true),
        _ => ("○ ", app.theme.dim, false),
    };
    let is_bot = app.directory.person(member.user).is_some_and(|person| person.is_bot);
    let rank = match (server.owner == member.user, is_bot) {
        (true, _) => "owner".to_owned(),
        (false, true) => "bot".to_owned(),
        (false, false) => {
            server.top_role(member).map_or_else(String::new, |role| cut(&role.name, 8).into_owned())
        }
    };
    let name = app.directory.name_in(server, member.user).unwrap_or("unknown");
    let room = cells.saturating_sub(2 + 2 + width(&rank) + 2);
    let name = cut(name, room).into_owned();
    let gap = cells.saturating_sub(2 + 2 + width(&name) + width(&rank) + 1);
    let style = if is_there { app.theme.author(member.user) } else { app.theme.dim };
    Line::from(vec![
        Span::raw("  "),
        Span::styled(sign, sign_style),
        Span::styled(name, style),
        Span::raw(" ".repeat(gap)),
        Span::styled(rank, app.theme.dim),
    ])
}

impl App {
    /// The lines of the pane of members.
    pub(crate) fn member_rows(&self) -> Vec<MemberRow<'_>> {
        let Some((server, _)) = self.open_channel() else { return Vec::new() };
        let mut rows = Vec::new();
        let mut index = 0;
        for (title, presence) in
            [("Online", Presence::Online), ("Idle", Presence::Idle), ("Offline", Presence::Offline)]
        {
            let members: Vec<_> =
                server.members.iter().filter(|m| self.directory.presence(m.user) == presence).collect();
            if members.is_empty() {
                continue;
            }
            if !rows.is_empty() {
                rows.push(MemberRow::Blank);
            }
            rows.push(MemberRow::Title(title, members.len()));
            for member in members {
                rows.push(MemberRow::Member(index, member));
                index += 1;
            }
        }
        rows
    }

    fn member_scroll(&self, rows: &[MemberRow<'_>], height: usize) -> usize {
        let selected =
            rows.iter().position(|row| matches!(row, MemberRow::Member(index, _) if *index == self.member));
        (selected.unwrap_or(0) + 2).saturating_sub(height)
    }

    /// The member on a line of the pane.
    pub(crate) fn member_at(&self, line: usize) -> Option<usize> {
        let panes = self.panes();
        let rows = self.member_rows();
        let height = usize::from(panes.members.height.saturating_sub(panes.list_top));
        match rows.get(self.member_scroll(&rows, height) + line)? {
            MemberRow::Member(index, _) => Some(*index),
            MemberRow::Title(..) | MemberRow::Blank => None,
        }
    }
}
