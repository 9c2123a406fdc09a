//! Where one writes, with what the text answers or changes above it.

use ratatui::layout::Position;
use ratatui::text::{Line, Span};

use super::super::composer::rows::rows;
use super::super::model::{App, Draft, Focus, Purpose};
use super::super::text::cells::cut;
use super::super::text::markdown;
use super::Canvas;
use super::panes::Panes;

pub(super) fn draw(app: &App, panes: &Panes, canvas: &mut Canvas<'_>) {
    let area = panes.composer;
    let Some(((_, channel), draft)) = app.open_channel().zip(app.draft()).filter(|_| !area.is_empty()) else {
        return;
    };
    let left = area.x + panes.gutter;
    let room = area.width.saturating_sub(panes.gutter + 1);
    if !channel.allows(echopulse_protocol::permission::Permission::SendMessages) {
        let text = Line::styled("You may read here, but not write.", app.theme.dim);
        return canvas.put(left, area.y, &text, room);
    }
    let above = u16::try_from(app.composer_context_height()).unwrap_or(1);
    if above > 0 {
        let text = cut(&context(app, draft), usize::from(room)).into_owned();
        canvas.put(left, area.y, &Line::styled(text, app.theme.dim), room);
    }
    let has_keys = app.focus == Focus::Composer && app.overlay.is_none();
    let bar = if has_keys { app.theme.accent } else { app.theme.border };
    let width = panes.field_width();
    let laid = rows(draft.field.text(), width);
    let scroll = app.composer_scroll();
    let lines = area.height.saturating_sub(above);
    let shown = laid.texts(draft.field.text()).skip(scroll).take(usize::from(lines));
    for (y, text) in (area.y + above..).zip(shown) {
        let spans = vec![Span::styled("┃ ", bar), Span::raw(text.to_owned())];
        canvas.put(left, y, &Line::from(spans), room);
    }
    if draft.field.is_empty() && !has_keys {
        let hint = format!("Write to #{}", channel.name);
        canvas.put(left + 2, area.y + above, &Line::styled(hint, app.theme.dim), room.saturating_sub(2));
    }
    if has_keys {
        let (row, column) = laid.place(draft.field.text(), draft.field.cursor());
        let x = left + 2 + u16::try_from(column.min(width)).unwrap_or_default();
        let y = area.y + above + u16::try_from(row.saturating_sub(scroll)).unwrap_or_default();
        canvas.cursor = Some(Position::new(x, y));
    }
}

/// What the text will be.
fn context(app: &App, draft: &Draft) -> String {
    match &draft.purpose {
        Purpose::Message => String::new(),
        Purpose::Edit { .. } => "✎ changing your message".to_owned(),
        Purpose::Reply(to) => match app.timeline().and_then(|timeline| timeline.quoted(*to)) {
            Some(quoted) => {
                let names = app.open.map(|open| app.names(open));
                let runs = names.map(|names| markdown::inline(&quoted.content, &names)).unwrap_or_default();
                let text: String = runs.into_iter().map(|run| run.text).collect();
                format!("╭ replying to {}: {text}", quoted.author)
            }
            None => "╭ replying".to_owned(),
        },
    }
}

impl App {
    /// Lines of the composer above its text.
    pub(crate) fn composer_context_height(&self) -> usize {
        usize::from(self.draft().is_some_and(|draft| draft.purpose != Purpose::Message))
    }

    /// Rows of the text above the window, so that the cursor is inside.
    pub(crate) fn composer_scroll(&self) -> usize {
        let panes = self.panes();
        let Some(draft) = self.draft() else { return 0 };
        let laid = rows(draft.field.text(), panes.field_width());
        let (row, _) = laid.place(draft.field.text(), draft.field.cursor());
        let height = usize::from(panes.composer.height).saturating_sub(self.composer_context_height()).max(1);
        (row + 1).saturating_sub(height).min(laid.len().saturating_sub(1))
    }
}
