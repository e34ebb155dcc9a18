//! The keys of one side that fall into one part.

use super::account::Account;
use super::table::{Key, Table};

/// Keys in chunks, all of them full but the last: growing copies nothing and leaves no holes for
/// the allocator.
#[derive(Debug)]
pub(super) struct Part<K> {
    chunks: Vec<Vec<K>>,
    len: usize,
    /// At this length repeated keys are worth looking for.
    dedup_at: usize,
}

impl<K> Default for Part<K> {
    fn default() -> Self {
        Self {
            chunks: Vec::new(),
            len: 0,
            dedup_at: Self::DEDUP_FIRST,
        }
    }
}

impl<K> Part<K> {
    /// Below this length no repeated key is looked for: the fewer users a side has, the more often
    /// it would be. 4 MiB of 8-byte keys a side.
    const DEDUP_FIRST: usize = (4 << 20) / size_of::<u64>() / super::partition::PART_COUNT;

    /// Keys, repeated ones among them.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Keys as they came, repeated ones among them.
    pub(super) fn chunks(&self) -> &[Vec<K>] {
        &self.chunks
    }

    /// Whether it has doubled since repeated keys were last looked for.
    pub(super) const fn has_doubled(&self) -> bool {
        self.len >= self.dedup_at
    }

    /// Whether the next key needs a new chunk.
    pub(super) fn is_full(&self) -> bool {
        self.chunks
            .last()
            .is_none_or(|last| last.len() == last.capacity())
    }

    /// The memory that [`Self::grow`] takes.
    pub(super) fn growth_bytes(&self) -> u64 {
        (self.growth() * size_of::<K>()) as u64
    }

    /// One more chunk; `false` if the account has no room for it.
    #[must_use]
    pub(super) fn grow(&mut self, account: &Account) -> bool {
        let granted = account.take(self.growth_bytes());
        if granted {
            self.chunks.push(Vec::with_capacity(self.growth()));
        }
        granted
    }

    /// Keys of the next chunk: an eighth more, so that little lies idle.
    fn growth(&self) -> usize {
        const MIN: usize = super::partition::BUFFER_LEN;
        const MAX: usize = 1 << 13;
        (self.len / 8).clamp(MIN, MAX)
    }
}

impl<K: Key> Part<K> {
    /// Appends as many of `keys` as the last chunk has room for; the rest comes back.
    pub(super) fn append<'k>(&mut self, keys: &'k [K]) -> &'k [K] {
        let Some(last) = self.chunks.last_mut() else {
            return keys;
        };
        let (fitting, rest) = keys.split_at(keys.len().min(last.capacity() - last.len()));
        last.extend_from_slice(fitting);
        self.len += fitting.len();
        rest
    }

    /// Drops repeated keys and gives their memory back. Says how many were left.
    pub(super) fn dedup(&mut self, table: &mut Table<K, u8>, account: &Account) -> usize {
        table.start(self.len);
        for keys in &self.chunks {
            table.mark(keys, 1);
        }
        let mut distinct = table.keys();
        self.len = 0;
        for chunk in &mut self.chunks {
            let capacity = chunk.capacity();
            chunk.clear();
            chunk.extend(distinct.by_ref().take(capacity));
            self.len += chunk.len();
        }
        while let Some(empty) = self.chunks.pop_if(|last| last.is_empty()) {
            account.give_back((empty.capacity() * size_of::<K>()) as u64);
        }
        self.dedup_at = Self::DEDUP_FIRST.max(2 * self.len);
        self.len
    }
}
