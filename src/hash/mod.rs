//! 64-bit hashes of canonical IDs: XXH3-64, a batch at a time.
//!
//! The only path from IDs to hashes, whoever calls. Must not know files, Arrow or sketches. Which
//! bytes are hashed is said at [`IdBatch`].

mod scalar;

pub use scalar::{hash_bytes, hash_bytes_128, hash_integer, hash_wide_integer};

use crate::id::{ByteIds, IdBatch};

/// Appends the hash of every ID of `batch` to `out`, in order.
pub fn hash_batch(batch: IdBatch<'_>, out: &mut Vec<u64>) {
    out.reserve(batch.len());
    match batch {
        IdBatch::Integers(ids) => out.extend(ids.iter().map(|&id| hash_integer(id))),
        IdBatch::WideIntegers(ids) => out.extend(ids.iter().map(|&id| hash_wide_integer(id))),
        IdBatch::Text(ids) | IdBatch::Binary(ids) => hash_byte_ids(&ids, out),
    }
}

fn hash_byte_ids(ids: &ByteIds<'_>, out: &mut Vec<u64>) {
    ids.for_each(|id| out.push(hash_bytes(id)));
}
