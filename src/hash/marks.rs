//! Which hashes may be among some: a test that most others fail, small enough for a core's own cache.

/// Two bits of one word for each of some hashes (a Bloom filter in blocks of a word).
#[derive(Clone, Debug)]
pub struct Marks {
    /// 2^n words, by the n high bits of a hash.
    words: Vec<u64>,
    /// 64 − n.
    shift: u32,
}

impl Marks {
    /// Hashes for each word: half a megabyte for half a million hashes, of which one in twenty others
    /// passes.
    const HASHES_A_WORD: usize = 8;

    /// The marks of some hashes.
    #[must_use]
    pub fn new(hashes: &[u64]) -> Self {
        let words = hashes.len() / Self::HASHES_A_WORD;
        // At least two words, since no shift by 64 bits is one.
        let words = words.max(2).next_power_of_two();
        let mut marks = Self {
            words: vec![0; words],
            shift: u64::BITS - words.ilog2(),
        };
        for &hash in hashes {
            marks.words[(hash >> marks.shift) as usize] |= 1 << (hash % 64) | 1 << second(hash);
        }
        marks
    }

    /// Whether a hash may be one of those that are marked; most that aren't may not.
    #[inline]
    #[must_use]
    pub fn may_have(&self, hash: u64) -> bool {
        let word = self.words[(hash >> self.shift) as usize];
        word >> (hash % 64) & word >> second(hash) & 1 == 1
    }

    /// The words, which have a place for every hash shifted by [`Self::shift`].
    pub(super) fn words(&self) -> &[u64] {
        &self.words
    }

    pub(super) const fn shift(&self) -> u32 {
        self.shift
    }
}

/// The second of a hash's two bits.
const fn second(hash: u64) -> u64 {
    hash >> 6 & 63
}
