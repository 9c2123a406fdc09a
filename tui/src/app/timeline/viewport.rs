//! Which rows are on screen, and how scrolling moves them.
//!
//! A position holds one row of the list at one line of the screen; everything else is laid out from there, up and down,
//! until the screen is full. So whatever is loaded above or below, what one reads stays where it is.

use std::rc::Rc;

use super::Key;
use super::block::Block;

/// Where one looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Position {
    /// At the newest, and stays there.
    #[default]
    Bottom,
    /// The text of `key` begins `line` lines below the upper border (above it, if negative).
    At {
        /// The row that is held.
        key: Key,
        /// The line of the screen.
        line: i32,
    },
}

/// A list of rows that know their heights.
pub(crate) trait Rows {
    /// The last row.
    fn last(&self) -> Option<Key>;
    /// The row below.
    fn next(&self, key: Key) -> Option<Key>;
    /// The row above.
    fn previous(&self, key: Key) -> Option<Key>;
    /// `key`, or what is nearest to where it was.
    fn resolve(&self, key: Key) -> Option<Key>;
    /// What the row looks like.
    fn block(&self, key: Key) -> Rc<Block>;
}

/// A row on screen.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) key: Key,
    /// The line of the screen on which it begins; may be above or below the screen in part.
    pub(crate) top: i32,
    pub(crate) block: Rc<Block>,
}

impl Placed {
    /// The line behind its last one.
    pub(crate) fn bottom(&self) -> i32 {
        self.top + self.block.height()
    }

    /// Whether all of its text is on a screen of that height, or as much as fits.
    fn is_visible(&self, height: i32) -> bool {
        let text = self.top + self.block.lead();
        (text >= 0 && self.bottom() <= height) || (text <= 0 && self.bottom() >= height)
    }
}

/// The rows that a screen of `height` lines shows at `position`, from top to bottom.
pub(crate) fn visible(rows: &dyn Rows, position: Position, height: u16) -> Vec<Placed> {
    let height = i32::from(height);
    match position {
        Position::Bottom => from_bottom(rows, height),
        Position::At { key, line } => match rows.resolve(key) {
            Some(key) => around(rows, key, line, height),
            None => Vec::new(),
        },
    }
}

fn from_bottom(rows: &dyn Rows, height: i32) -> Vec<Placed> {
    let mut placed = Vec::new();
    let mut end = height;
    let mut next = rows.last();
    while let Some(key) = next.filter(|_| end > 0) {
        let block = rows.block(key);
        end -= block.height();
        placed.push(Placed { key, top: end, block });
        next = rows.previous(key);
    }
    placed.reverse();
    placed
}

fn around(rows: &dyn Rows, key: Key, line: i32, height: i32) -> Vec<Placed> {
    let block = rows.block(key);
    let top = line - block.lead();
    let mut placed = vec![Placed { key, top, block }];
    fill_below(rows, &mut placed, height);
    let end = placed.last().map_or(height, Placed::bottom);
    if end < height {
        // There is nothing below: the newest stands at the bottom.
        return from_bottom(rows, height);
    }
    fill_above(rows, &mut placed);
    let start = placed[0].top;
    if start > 0 {
        // There is nothing above: the oldest stands at the top.
        placed.iter_mut().for_each(|row| row.top -= start);
        fill_below(rows, &mut placed, height);
        if placed.last().is_some_and(|last| last.bottom() < height) {
            return from_bottom(rows, height);
        }
    }
    placed.retain(|row| row.bottom() > 0 && row.top < height);
    placed
}

fn fill_below(rows: &dyn Rows, placed: &mut Vec<Placed>, height: i32) {
    while let Some(last) = placed.last() {
        let top = last.bottom();
        let Some(key) = rows.next(last.key).filter(|_| top < height) else { return };
        placed.push(Placed { key, top, block: rows.block(key) });
    }
}

fn fill_above(rows: &dyn Rows, placed: &mut Vec<Placed>) {
    let mut above = Vec::new();
    let (mut top, mut key) = (placed[0].top, placed[0].key);
    while top > 0 {
        let Some(previous) = rows.previous(key) else { break };
        let block = rows.block(previous);
        top -= block.height();
        key = previous;
        above.push(Placed { key, top, block });
    }
    above.reverse();
    placed.splice(0..0, above);
}

/// The position after scrolling by `lines` (down, if positive).
pub(crate) fn scroll(rows: &dyn Rows, position: Position, height: u16, lines: i32) -> Position {
    let screen = visible(rows, position, height);
    let held = match lines < 0 {
        true => screen.first(),
        false => screen.last(),
    };
    let Some(row) = held else { return position };
    let moved = Position::At { key: row.key, line: row.top + row.block.lead() - lines };
    settle(rows, moved, height)
}

/// The same view as `position`, at the bottom if that is where it is.
pub(crate) fn settle(rows: &dyn Rows, position: Position, height: u16) -> Position {
    let screen = visible(rows, position, height);
    let end = screen.last().map(|last| (last.key, last.bottom()));
    if end.is_none_or(|(key, bottom)| bottom <= i32::from(height) && rows.next(key).is_none()) {
        return Position::Bottom;
    }
    hold(rows, position, height)
}

/// The same view as `position`, which what comes below does not move. It is held by the row that serves best: a message
/// if there is one, since holes fill up.
pub(crate) fn hold(rows: &dyn Rows, position: Position, height: u16) -> Position {
    let screen = visible(rows, position, height);
    let line = |row: &Placed| row.top + row.block.lead();
    let on_screen = |row: &&Placed| line(row) >= 0 && line(row) < i32::from(height);
    let is_message = |row: &&Placed| matches!(row.key, Key::Message(_));
    let best = screen.iter().filter(is_message).find(on_screen).or_else(|| screen.iter().find(is_message));
    match best.or_else(|| screen.first()) {
        Some(row) => Position::At { key: row.key, line: line(row) },
        None => position,
    }
}

/// The nearest position to `position` that shows `key`.
pub(crate) fn reveal(rows: &dyn Rows, position: Position, height: u16, key: Key) -> Position {
    let screen = visible(rows, position, height);
    if let Some(row) = screen.iter().find(|row| row.key == key) {
        if row.is_visible(i32::from(height)) {
            return position;
        }
        let is_above = row.top + row.block.lead() < 0;
        return settle(rows, at_border(row.key, &row.block, height, is_above), height);
    }
    let block = rows.block(key);
    let is_below = screen.last().is_some_and(|last| is_beside(rows, last.key, key));
    settle(rows, at_border(key, &block, height, !is_below), height)
}

/// Whether `key` is the row right below `last`.
fn is_beside(rows: &dyn Rows, last: Key, key: Key) -> bool {
    rows.next(last) == Some(key)
}

fn at_border(key: Key, block: &Block, height: u16, upper: bool) -> Position {
    let line = match upper {
        true => block.lead().min(i32::from(height) / 2),
        false => i32::from(height) - block.height() + block.lead(),
    };
    Position::At { key, line }
}

#[cfg(test)]
mod tests;
