//! Blocks that were laid out before, so that a frame lays out only what changed.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use echopulse_protocol::id::ChannelId;

use super::Key;
use super::block::Block;

/// Blocks kept at most; a screen shows about a hundred, so this is some pages of scrolling back and forth.
const MAX_BLOCKS: usize = 2_000;

/// What a block depends on; another stamp means laying it out again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) width: u16,
    /// The message's last change, or the outbox entry's.
    pub(crate) revision: u64,
    /// What stands above its text: day line, new line, author.
    pub(crate) lead: u8,
    /// The generation of names, quotes and theme.
    pub(crate) generation: u64,
}

/// Blocks by channel and row.
type Blocks = HashMap<(ChannelId, Key), (Stamp, Rc<Block>)>;

/// A bounded map of blocks. Drawing only reads the model; this is the one thing it may write, and nobody can tell.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    blocks: RefCell<Blocks>,
    laid_out: Cell<u64>,
}

impl Cache {
    /// The block of a row, laid out by `lay_out` unless the one kept is still right.
    pub(crate) fn get(
        &self,
        row: (ChannelId, Key),
        stamp: Stamp,
        lay_out: impl FnOnce() -> Block,
    ) -> Rc<Block> {
        if let Some((kept, block)) = self.blocks.borrow().get(&row)
            && *kept == stamp
        {
            return Rc::clone(block);
        }
        self.laid_out.set(self.laid_out.get() + 1);
        let block = Rc::new(lay_out());
        let mut blocks = self.blocks.borrow_mut();
        if blocks.len() >= MAX_BLOCKS {
            blocks.clear();
        }
        blocks.insert(row, (stamp, Rc::clone(&block)));
        block
    }

    /// How many blocks were laid out so far.
    #[cfg(test)]
    pub(crate) fn laid_out(&self) -> u64 {
        self.laid_out.get()
    }
}
