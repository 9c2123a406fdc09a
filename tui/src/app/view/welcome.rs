//! The screens before the main view, and what stands where there is nothing yet.

use qrcode::{EcLevel, QrCode};
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::super::composer::Field;
use super::super::event::DeviceCode;
use super::super::model::{App, FirstStart, SignInScreen, SignInState};
use super::super::text::cells::{cut, width};
use super::Canvas;
use super::bars::hints;

/// The question for a name.
pub(super) fn first_start(app: &App, first: &FirstStart, area: Rect, canvas: &mut Canvas<'_>) {
    let theme = &app.theme;
    let mut page = Page::new(app, area, 9);
    page.line(canvas, Line::styled("EchoPulse", theme.accent));
    page.blank();
    page.field(canvas, "Your name   ", &first.field);
    match (&first.error, first.is_busy) {
        (Some(error), _) => page.text(canvas, &format!("✗ {error}"), theme.error),
        (None, true) => page.text(canvas, "◌ starting", theme.dim),
        (None, false) => page.blank(),
    }
    page.text(canvas, "Everything stays on this computer, in one file.", theme.text);
    page.text(canvas, "Friends can join later:  echopulse serve", theme.dim);
    page.text(canvas, "Joining somebody else's?  echopulse login https://…", theme.dim);
    page.blank();
    page.hints(canvas);
}

/// The device grant.
pub(super) fn sign_in(app: &App, screen: &SignInScreen, area: Rect, canvas: &mut Canvas<'_>) {
    let theme = &app.theme;
    let title = match screen.deployment.is_empty() {
        true => "Sign in".to_owned(),
        false => format!("Sign in to {}", screen.deployment),
    };
    let qr = match &screen.state {
        SignInState::Waiting(code) => qr_lines(code),
        _ => Vec::new(),
    };
    // The picture goes first where it is tight, then the blank lines.
    let (lines, blanks, room) = (5, 4, usize::from(area.height));
    let qr = if room >= lines + qr.len() { qr } else { Vec::new() };
    let height = lines + qr.len() + blanks;
    let mut page = Page::new(app, area, u16::try_from(height).unwrap_or(u16::MAX));
    page.is_tight = room < height;
    page.line(canvas, Line::styled(title, theme.accent));
    page.blank();
    match &screen.state {
        SignInState::Asking => page.text(canvas, "◌ asking for a code", theme.dim),
        SignInState::Done => page.text(canvas, "✓ Signed in.", theme.accent),
        SignInState::Ended { what, next } => {
            page.text(canvas, &format!("✗ {what}"), theme.error);
            page.blank();
            page.text(canvas, next, theme.text);
        }
        SignInState::Waiting(code) => waiting(app, code, qr, &mut page, canvas),
    }
    page.blank();
    page.hints(canvas);
}

fn waiting(app: &App, code: &DeviceCode, qr: Vec<String>, page: &mut Page<'_>, canvas: &mut Canvas<'_>) {
    let theme = &app.theme;
    match width(&code.link) + 10 <= usize::from(page.area.width) {
        true => {
            let open = vec![Span::raw("1. Open   "), Span::styled(code.link.clone(), theme.link)];
            page.line(canvas, Line::from(open));
        }
        false => {
            page.text(canvas, "1. Open", theme.text);
            page.text(canvas, &code.link, theme.link);
        }
    }
    let enter = vec![Span::raw("2. Enter  "), Span::styled(code.user_code.clone(), theme.accent)];
    page.line(canvas, Line::from(enter));
    page.blank();
    let has_picture = !qr.is_empty();
    for (at, line) in qr.into_iter().enumerate() {
        let hint = if at == 1 { "   or scan" } else { "" };
        // A code is read as dark on light, whatever the terminal's colours are.
        let picture = Span::styled(line, theme.picture);
        page.line(canvas, Line::from(vec![picture, Span::styled(hint, theme.dim)]));
    }
    if has_picture {
        page.blank();
    }
    let left = code.expires_at.0.saturating_sub(app.now.0).max(0) / 1000;
    page.text(canvas, &format!("◌ waiting for you · {}:{:02} left", left / 60, left % 60), theme.dim);
}

/// The link as a picture, two rows of dots in one line of text. A link too long for one is left to the other ways.
fn qr_lines(code: &DeviceCode) -> Vec<String> {
    let link = code.link_with_code.as_ref().unwrap_or(&code.link);
    let Ok(picture) = QrCode::with_error_correction_level(link.as_bytes(), EcLevel::L) else {
        return Vec::new();
    };
    let size = picture.width() as isize;
    let is_dark = |x: isize, y: isize| {
        let inside = (0..size).contains(&x) && (0..size).contains(&y);
        inside && picture[(x as usize, y as usize)] == qrcode::Color::Dark
    };
    // Two dots of quiet zone are less than the standard asks for, and enough for cameras.
    let edge = size + 2;
    let line = |y: isize| {
        let dots = (-2..edge).map(|x| match (is_dark(x, y), is_dark(x, y + 1)) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        });
        dots.collect()
    };
    (-2..edge).step_by(2).map(line).collect()
}

/// No server: what to do.
pub(super) fn no_server(app: &App, area: Rect, canvas: &mut Canvas<'_>) {
    let theme = &app.theme;
    if !app.directory.is_loaded && !matches!(app.connection, super::super::model::Connection::Ended(_)) {
        let mut page = Page::new(app, area, 1);
        return page.text(canvas, "◌ fetching your servers", theme.dim);
    }
    let mut page = Page::new(app, area, 3);
    page.text(canvas, "You are not in a server yet.", theme.text);
    for (key, what) in [("n", "make one"), ("j", "join one with an invite")] {
        let spans = vec![Span::styled(key, theme.accent), Span::raw(format!("   {what}"))];
        page.line(canvas, Line::from(spans));
    }
}

/// No channel: what to do.
pub(super) fn no_channel(app: &App, area: Rect, canvas: &mut Canvas<'_>) {
    let mut page = Page::new(app, area, 2);
    let is_empty =
        app.current_server().is_some_and(|server| server.channels.is_empty() && server.position.is_some());
    match is_empty {
        true => {
            page.text(canvas, "There is no channel here that you may see.", app.theme.text);
            if app.offers(super::super::actions::Needs::ChannelRight) {
                let spans = vec![Span::styled("C", app.theme.accent), Span::raw("   make one")];
                page.line(canvas, Line::from(spans));
            }
        }
        false => {
            page.text(canvas, "Choose a channel at the left, or press ^K and type its name.", app.theme.dim)
        }
    }
}

/// Lines from a point on, as far in as the size allows.
struct Page<'a> {
    app: &'a App,
    area: Rect,
    y: u16,
    /// There is no room for blank lines.
    is_tight: bool,
}

impl<'a> Page<'a> {
    fn new(app: &'a App, area: Rect, height: u16) -> Self {
        let indent = if area.width >= 70 { (area.width - 58) / 2 } else { 2.min(area.width / 4) };
        let top = area.height.saturating_sub(height) / 3;
        let area = Rect { x: area.x + indent, width: area.width.saturating_sub(indent + 1), ..area };
        Self { app, area, y: area.y + top, is_tight: false }
    }

    fn blank(&mut self) {
        self.y += u16::from(!self.is_tight);
    }

    fn line(&mut self, canvas: &mut Canvas<'_>, line: Line<'_>) {
        if self.y < self.area.bottom() {
            canvas.put(self.area.x, self.y, &line, self.area.width);
        }
        self.y += 1;
    }

    /// Text that may take several lines.
    fn text(&mut self, canvas: &mut Canvas<'_>, text: &str, style: ratatui::style::Style) {
        use super::super::text::wrap::{Run, wrap};
        let run = Run { text: text.to_owned(), style: () };
        for line in wrap(&[run], usize::from(self.area.width)) {
            let line: String = line.into_iter().map(|run| run.text).collect();
            self.line(canvas, Line::styled(line, style));
        }
    }

    fn field(&mut self, canvas: &mut Canvas<'_>, label: &'static str, field: &Field) {
        let left = u16::try_from(width(label)).unwrap_or_default();
        let room = usize::from(self.area.width.saturating_sub(left + 1));
        let (shown, column) = window(field, room);
        let spans = vec![Span::styled(label, self.app.theme.dim), Span::styled(shown, self.app.theme.strong)];
        canvas.cursor = Some(Position::new(self.area.x + left + column, self.y));
        self.line(canvas, Line::from(spans));
    }

    fn hints(&mut self, canvas: &mut Canvas<'_>) {
        let line = hints(self.app, usize::from(self.area.width));
        self.line(canvas, line);
    }
}

/// The part of a field that is seen in `room` cells, and the cell of the cursor.
pub(super) fn window(field: &Field, room: usize) -> (String, u16) {
    let before = &field.text()[..field.cursor()];
    let used = width(before);
    if used <= room {
        return (cut(field.text(), room).into_owned(), u16::try_from(used).unwrap_or_default());
    }
    // The end of what stands before the cursor is what one is writing.
    let mut tail = before;
    while width(tail) + 1 > room {
        let mut letters = tail.chars();
        if letters.next().is_none() {
            break;
        }
        tail = letters.as_str();
    }
    (format!("…{tail}"), u16::try_from(width(tail) + 1).unwrap_or_default())
}
