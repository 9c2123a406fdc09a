//! Where things are: the panes for a size of the terminal. Read by drawing, by the mouse, and by scrolling.

use ratatui::layout::Rect;

use super::super::composer::rows::rows;
use super::super::model::{App, Focus, Purpose};

/// From here on there is room for a list beside the messages.
const TWO_PANES: u16 = 60;
/// From here on there is room for the members too.
const THREE_PANES: u16 = 100;
/// From here on there is room for an empty line under the header.
const AIRY: u16 = 20;

/// The places of the main view. What is not there has no area.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Panes {
    pub(crate) sidebar: Rect,
    pub(crate) header: Rect,
    pub(crate) messages: Rect,
    /// Who types, and what is new below.
    pub(crate) status: Rect,
    pub(crate) composer: Rect,
    pub(crate) members: Rect,
    /// The state of the connection.
    pub(crate) connection: Rect,
    pub(crate) bar: Rect,
    /// Cells left of the messages for the selection mark.
    pub(crate) gutter: u16,
    /// Only one pane fits.
    pub(crate) is_narrow: bool,
    /// Lines before the lists begin.
    pub(crate) list_top: u16,
}

impl Panes {
    /// Cells of a line of messages.
    pub(crate) fn line_width(&self) -> u16 {
        self.messages.width.saturating_sub(self.gutter + 1)
    }

    /// Cells of a line of the composer, inside its mark.
    pub(crate) fn field_width(&self) -> usize {
        usize::from(self.composer.width.saturating_sub(self.gutter + 3))
    }
}

impl App {
    /// The panes of the main view at the present size.
    pub(crate) fn panes(&self) -> Panes {
        let (width, height) = self.size;
        let is_narrow = width < TWO_PANES;
        let body = Rect::new(0, 0, width, height.saturating_sub(1));
        let list_top = if height >= AIRY { 2 } else { 1 };
        let mut panes =
            Panes { is_narrow, list_top, gutter: if is_narrow { 1 } else { 2 }, ..Panes::default() };
        panes.bar = Rect::new(0, body.height, width, height.min(1));
        if is_narrow {
            return self.narrow(panes, body);
        }
        let left = if width >= THREE_PANES { (width / 5).clamp(24, 32) } else { 20 };
        let right = if width >= THREE_PANES && self.shows_members { (width / 6).clamp(18, 26) } else { 0 };
        panes.sidebar = Rect { width: left, ..body };
        panes.members = Rect { x: width - right, width: right, ..body };
        panes.connection = Rect { width: left, ..panes.bar };
        panes.bar = Rect { x: left, width: width - left, ..panes.bar };
        self.middle(panes, Rect { x: left, width: width - left - right, ..body })
    }

    fn narrow(&self, mut panes: Panes, body: Rect) -> Panes {
        match self.focus {
            Focus::Sidebar => panes.sidebar = body,
            Focus::Members => panes.members = body,
            Focus::Messages | Focus::Composer => return self.middle(panes, body),
        }
        panes
    }

    fn middle(&self, mut panes: Panes, body: Rect) -> Panes {
        let composer = self.composer_height(body);
        panes.header = Rect { height: body.height.min(1), ..body };
        let top = if panes.is_narrow { 1 } else { panes.list_top };
        let bottom = body.height.saturating_sub(composer);
        panes.composer = Rect { y: bottom, height: composer.min(body.height), ..body };
        panes.status = Rect { y: bottom.saturating_sub(1), height: bottom.min(1), ..body };
        let messages = bottom.saturating_sub(1 + top);
        panes.messages = Rect { y: top, height: messages, ..body };
        panes
    }

    /// Lines of the composer: as many as its text takes, up to a third of the screen.
    fn composer_height(&self, body: Rect) -> u16 {
        let Some(draft) = self.draft() else { return u16::from(self.open.is_some()) };
        let gutter = if body.width < TWO_PANES { 1 } else { 2 };
        let width = usize::from(body.width.saturating_sub(gutter + 3));
        let lines = u16::try_from(rows(draft.field.text(), width).len()).unwrap_or(u16::MAX);
        let most = (body.height / 3).max(1);
        lines.min(most) + u16::from(draft.purpose != Purpose::Message)
    }
}
