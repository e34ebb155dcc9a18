//! How the memory limit is divided, and into how many parts the keys.

use super::ExactOptions;
use super::pool::BLOCK_BYTES;
use super::spill::RUN_BLOCKS;
use crate::error::{Error, ErrorKind, Result, Setting};

/// Sizes that hold for a whole count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) side_count: usize,
    /// Top bits of a key that choose its part.
    pub(super) part_bits: u32,
    /// Memory for keys.
    pub(super) pool_blocks: u64,
    /// Memory for the one table of a thread.
    pub(super) table_bytes: u64,
}

/// A stored key lacks a byte of these bits.
const PART_BITS_MIN: u32 = u8::BITS;

/// More parts than this are slower to write than their tables are to search.
const PART_BITS_MAX: u32 = 11;

/// Rows whose table a second-level cache of 2 MiB holds: 1.5 MiB of 8-byte keys.
const PART_ROWS: u64 = 1 << 17;

const TABLE_BYTES_MIN: u64 = 1 << 20;

/// What a thread writes or reads at a time.
const RUN_BYTES: u64 = (RUN_BLOCKS * BLOCK_BYTES) as u64;

impl Shape {
    /// # Errors
    /// [`ErrorKind::Limit`] if the limit is too low.
    pub(super) fn new(side_count: usize, options: &ExactOptions) -> Result<Self> {
        let threads = options.threads.max(1) as u64;
        let least = unspillable_blocks(side_count, threads, PART_BITS_MIN);
        let of_threads = |table: u64| threads.saturating_mul(table.saturating_add(RUN_BYTES));
        let floor = least
            .saturating_mul(BLOCK_BYTES as u64)
            .saturating_add(of_threads(TABLE_BYTES_MIN));
        let limit = options.memory_limit_bytes;
        if limit < floor {
            return Err(too_little(side_count, threads, floor, limit));
        }
        let table_bytes = (limit / 8 / threads).max(TABLE_BYTES_MIN);
        let pool_bytes = limit.saturating_sub(of_threads(table_bytes));
        let pool_blocks = (pool_bytes / BLOCK_BYTES as u64).max(least);
        let wanted = match options.rows_expected {
            0 => PART_BITS_MAX - 1,
            rows => rows
                .div_ceil(PART_ROWS)
                .next_power_of_two()
                .trailing_zeros(),
        };
        let mut part_bits = wanted.clamp(PART_BITS_MIN, PART_BITS_MAX);
        while part_bits > PART_BITS_MIN
            && unspillable_blocks(side_count, threads, part_bits) > pool_blocks / 2
        {
            part_bits -= 1;
        }
        Ok(Self {
            side_count,
            part_bits,
            pool_blocks,
            table_bytes,
        })
    }

    pub(super) const fn part_count(&self) -> usize {
        1 << self.part_bits
    }
}

/// Blocks that can't be written away, since they aren't full: one a part in each sink, and one a
/// part of what was left of repeated keys; of either width.
fn unspillable_blocks(side_count: usize, threads: u64, part_bits: u32) -> u64 {
    let of_a_part = threads.saturating_add(1).saturating_mul(side_count as u64);
    of_a_part
        .saturating_mul(2 << part_bits)
        .saturating_add(threads)
}

fn too_little(side_count: usize, threads: u64, floor: u64, limit: u64) -> Error {
    let message = format!(
        "counting {side_count} sides exactly on {threads} threads needs at least {} of memory, but the limit is {}",
        in_words(floor.div_ceil(1 << 20)),
        in_words(limit >> 20),
    );
    Error::new(ErrorKind::Limit, message).hint([
        "raise it with ".into(),
        Setting::Memory.into(),
        ", use fewer ".into(),
        Setting::Threads.into(),
        ", or use overlap estimate".into(),
    ])
}

fn in_words(mebibytes: u64) -> String {
    format!("{mebibytes} MiB")
}
