//! Memory for keys: blocks of one size, as many as the limit allows.
//!
//! Blocks are cut from slabs that the system fills with zeros only where they are touched. What
//! was given back is handed out again: the process never holds more than it was allowed to.

use bytes::BytesMut;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A page of most systems. A byte less holds a whole number of stored keys of either width: 585
/// of 7 bytes, 273 of 15.
pub(super) const BLOCK_BYTES: usize = 4096;

/// A slab is larger than any that `malloc` would fill with zeros itself (32 MiB in glibc).
const SLAB_BLOCKS: u64 = (64 << 20) / BLOCK_BYTES as u64;

/// Hands out blocks and takes them back.
#[derive(Debug)]
pub(super) struct Pool {
    stock: Mutex<Stock>,
}

#[derive(Debug)]
struct Stock {
    slab: BytesMut,
    /// Blocks that may still be cut or allocated.
    uncut_blocks: u64,
    returned: Vec<BytesMut>,
    /// All that ever came back.
    returned_count: u64,
}

impl Pool {
    /// Never more than `limit_blocks` at once.
    pub(super) fn new(limit_blocks: u64) -> Self {
        Self {
            stock: Mutex::new(Stock {
                slab: BytesMut::new(),
                uncut_blocks: limit_blocks,
                returned: Vec::new(),
                returned_count: 0,
            }),
        }
    }

    /// A block of [`BLOCK_BYTES`] with anything in it, if there is one.
    pub(super) fn take(&self) -> Option<BytesMut> {
        let mut stock = self.stock();
        if let Some(block) = stock.returned.pop() {
            return Some(block);
        }
        let slab_blocks = stock.uncut_blocks.min(SLAB_BLOCKS);
        if stock.slab.is_empty() && slab_blocks > 0 {
            stock.slab = BytesMut::zeroed(slab_blocks as usize * BLOCK_BYTES);
        }
        if stock.slab.is_empty() {
            return None;
        }
        stock.uncut_blocks -= 1;
        Some(stock.slab.split_to(BLOCK_BYTES))
    }

    /// Takes blocks of [`Self::take`] back.
    pub(super) fn give_back(&self, blocks: impl IntoIterator<Item = BytesMut>) {
        let mut stock = self.stock();
        let before = stock.returned.len();
        stock.returned.extend(blocks);
        stock.returned_count += (stock.returned.len() - before) as u64;
    }

    /// How many blocks ever came back.
    pub(super) fn returned_count(&self) -> u64 {
        self.stock().returned_count
    }

    fn stock(&self) -> MutexGuard<'_, Stock> {
        self.stock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_blocks_as_the_limit_says() {
        let pool = Pool::new(3);
        let mut blocks: Vec<BytesMut> = std::iter::from_fn(|| pool.take()).collect();
        assert_eq!(blocks.len(), 3);
        assert!(blocks.iter().all(|block| block.len() == BLOCK_BYTES));
        pool.give_back(blocks.pop());
        assert_eq!(pool.returned_count(), 1);
        assert!(pool.take().is_some() && pool.take().is_none());
        assert!(Pool::new(0).take().is_none());
    }

    #[test]
    fn blocks_go_on_beyond_a_slab() {
        let pool = Pool::new(SLAB_BLOCKS + 2);
        assert_eq!(
            std::iter::from_fn(|| pool.take()).count() as u64,
            SLAB_BLOCKS + 2
        );
    }
}
