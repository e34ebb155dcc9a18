//! 64-bit hashes of canonical IDs, a batch at a time: XXH3-64, or SipHash-2-4 under a secret key.
//!
//! The only path from IDs to hashes, whoever calls. Must not know files, Arrow or sketches. Which
//! bytes are hashed is said at [`IdBatch`].

mod filter;
mod kernel;
mod marks;
mod murmur3;
mod scalar;
mod scheme;
mod sip;

pub use filter::Filter;
pub use kernel::Kernel;
pub use marks::Marks;
pub use murmur3::{DATASKETCHES_SEED, SEED_HASH, hash_words, murmur3_128};
pub use scalar::{hash_bytes, hash_bytes_128, hash_integer, hash_wide_integer};
pub use scheme::{HashScheme, merge_schemes};
pub use sip::{SipKey, sip_bytes, sip_integer};

use crate::id::{ByteIds, IdBatch};
use crate::key::Key;
use sip::{Group, LANES};

/// Whoever wants hashes, but not all of them.
pub trait HashSink {
    /// Which hashes are wanted now. Asked before every chunk; hashes that it would drop may come
    /// all the same.
    fn filter(&self) -> Filter;

    /// Takes in the hashes of a chunk that passed.
    fn take(&mut self, hashes: &[u64]);
}

/// Hashes batches of IDs, with buffers that it keeps from batch to batch.
#[derive(Debug)]
pub struct BatchHasher {
    kernel: Kernel,
    /// The key, if IDs go through SipHash instead of XXH3.
    key: Option<Key>,
    hashes: Vec<u64>,
}

impl BatchHasher {
    /// IDs between two looks at the filter; the hashes of a chunk stay in the first-level cache.
    const CHUNK: usize = 1024;

    /// A hasher without a key that runs `kernel`.
    #[must_use]
    pub fn new(kernel: Kernel) -> Self {
        Self {
            kernel,
            key: None,
            hashes: vec![0; Self::CHUNK + kernel::ROOM],
        }
    }

    /// The same hasher under a key: IDs go through SipHash-2-4.
    #[must_use]
    pub fn with_key(self, key: Option<Key>) -> Self {
        Self { key, ..self }
    }

    /// The key that IDs are hashed with, if there is one.
    #[must_use]
    pub const fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    /// Hashes the IDs of `batch` in order and hands on those that pass the filter of `sink`.
    pub fn hash(&mut self, batch: IdBatch<'_>, sink: &mut impl HashSink) {
        let key = self.key.as_ref().map(|key| SipKey::new(key.of_ids()));
        match batch {
            IdBatch::Integers(ids) => {
                for chunk in ids.chunks(Self::CHUNK) {
                    let kept = self
                        .kernel
                        .candidates(key, chunk, sink.filter(), &mut self.hashes);
                    sink.take(&self.hashes[..kept]);
                }
            }
            IdBatch::WideIntegers(ids) => {
                let mut chunks = Chunks::new(&mut self.hashes, sink);
                ids.iter().for_each(|&id| {
                    chunks.push(match key {
                        None => hash_wide_integer(id),
                        Some(key) => sip_bytes(key, &id.to_le_bytes()),
                    });
                });
                chunks.finish();
            }
            IdBatch::Text(ids) | IdBatch::Binary(ids) => {
                let mut chunks = Chunks::new(&mut self.hashes, sink);
                match key {
                    None => ids.for_each(|id| chunks.push(hash_bytes(id))),
                    Some(key) => sip_texts(self.kernel, key, &ids, |hash| chunks.push(hash)),
                }
                chunks.finish();
            }
        }
    }
}

/// Hashes byte strings under a key, some at a time side by side, in order.
fn sip_texts(kernel: Kernel, key: SipKey, ids: &ByteIds<'_>, mut take: impl FnMut(u64)) {
    let mut room = Group::new();
    let mut values: [&[u8]; LANES] = [&[]; LANES];
    let mut waiting = 0;
    ids.for_each(|id| {
        values[waiting] = id;
        waiting += 1;
        if waiting == LANES {
            waiting = 0;
            let mut hashes = [0; LANES];
            kernel.group(key, &values, &mut room, &mut hashes);
            hashes.into_iter().for_each(&mut take);
        }
    });
    let rest = values[..waiting].iter();
    rest.for_each(|value| take(sip_bytes(key, value)));
}

impl Default for BatchHasher {
    /// A hasher on the fastest kernel that the machine can run.
    fn default() -> Self {
        Self::new(Kernel::best())
    }
}

/// Hashes that come one at a time, filtered into chunks.
struct Chunks<'a, S: HashSink> {
    hashes: &'a mut [u64],
    sink: &'a mut S,
    filter: Filter,
    seen: usize,
    kept: usize,
}

impl<'a, S: HashSink> Chunks<'a, S> {
    fn new(hashes: &'a mut [u64], sink: &'a mut S) -> Self {
        let filter = sink.filter();
        Self {
            hashes,
            sink,
            filter,
            seen: 0,
            kept: 0,
        }
    }

    #[inline]
    fn push(&mut self, hash: u64) {
        self.hashes[self.kept] = hash;
        self.kept += usize::from(self.filter.passes(hash));
        self.seen += 1;
        if self.seen == BatchHasher::CHUNK {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.sink.take(&self.hashes[..self.kept]);
        (self.seen, self.kept) = (0, 0);
        self.filter = self.sink.filter();
    }

    fn finish(mut self) {
        self.flush();
    }
}
