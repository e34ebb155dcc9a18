//! The k smallest hashes of a set and θ: bottom-k MinHash, alias KMV, the sample of a theta sketch.
//!
//! The sample lives in the top 48 bits of a hash. Every sketch has that same resolution whatever
//! its θ, so that merging stays exact, and stored gaps are small. The price is chance matches:
//! n/2^49 of n users share a 48-bit hash with another (2·10^-6 at 10^9).

/// Bits of a hash that the sample keeps.
pub const SAMPLE_BITS: u32 = 48;

/// θ of a sample that is the whole set: above every hash.
const THETA_ONE: u64 = 1 << SAMPLE_BITS;

/// The smallest k hashes of a set (or all of them), ascending, and θ.
///
/// Every hash of the set below θ is in the sample; θ is the (k+1)-th smallest hash, or 2^48 as long
/// as there are at most k.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BottomK {
    k: usize,
    theta: u64,
    hashes: Vec<u64>,
}

impl BottomK {
    /// The largest number of hashes in the sample.
    #[must_use]
    pub const fn k(&self) -> usize {
        self.k
    }

    /// θ as a 48-bit hash: all hashes below it are in the sample. 2^48 if the sample is the set.
    #[must_use]
    pub const fn theta(&self) -> u64 {
        self.theta
    }

    /// θ as the sampled share of all users, in (0, 1].
    #[must_use]
    pub fn sampled_share(&self) -> f64 {
        self.theta as f64 / THETA_ONE as f64
    }

    /// Whether the sample is the whole set.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        self.theta == THETA_ONE
    }

    /// The sampled hashes, distinct and ascending, all below θ.
    #[must_use]
    pub fn hashes(&self) -> &[u64] {
        &self.hashes
    }

    /// Turns this sample into that of the union, at the smaller of both k.
    pub fn merge(&mut self, other: &Self) {
        self.k = self.k.min(other.k);
        self.theta = self.theta.min(other.theta);
        self.hashes.extend_from_slice(&other.hashes);
        // Two ascending runs: the standard sort finds and merges them.
        self.hashes.sort();
        self.hashes.dedup();
        self.hashes
            .truncate(self.hashes.partition_point(|&hash| hash < self.theta));
        self.trim();
    }

    fn trim(&mut self) {
        if let Some(&theta) = self.hashes.get(self.k) {
            self.theta = theta;
            self.hashes.truncate(self.k);
        }
    }
}

/// A sample in the making: an open-addressing set of up to 2k hashes below θ.
///
/// A set rather than a buffer, so that repeated IDs cost one probe and not a place: an event log
/// of few users would fill a buffer over and over.
#[derive(Debug)]
pub(super) struct BottomKBuilder {
    k: usize,
    theta: u64,
    /// A power of two of places; a place holds a hash + 1, or 0 for nothing.
    places: Vec<u64>,
    len: usize,
}

impl BottomKBuilder {
    /// Small sets stay small: 8 KiB to begin with.
    const PLACES_MIN: usize = 1 << 10;

    pub(super) fn new(k: usize) -> Self {
        Self {
            k,
            theta: THETA_ONE,
            places: vec![0; Self::PLACES_MIN],
            len: 0,
        }
    }

    /// Hashes at or above this one are not wanted any more.
    #[inline]
    pub(super) const fn theta(&self) -> u64 {
        self.theta
    }

    /// Takes in a 48-bit hash below θ.
    #[inline]
    pub(super) fn insert(&mut self, hash: u64) {
        if place(&mut self.places, hash) {
            self.len += 1;
            if self.len * 2 > self.places.len() {
                self.make_room();
            }
        }
    }

    /// Doubles the table, or, once it holds 2k hashes, drops all but the smallest k.
    fn make_room(&mut self) {
        let mut hashes: Vec<u64> = self.hashes().collect();
        let mut place_count = self.places.len() * 2;
        if hashes.len() >= self.k * 2 {
            let (kept, &mut theta, _) = hashes.select_nth_unstable(self.k);
            self.theta = theta;
            let kept = kept.len();
            hashes.truncate(kept);
            place_count = self.places.len();
        }
        self.places.clear();
        self.places.resize(place_count, 0);
        for &hash in &hashes {
            place(&mut self.places, hash);
        }
        self.len = hashes.len();
    }

    pub(super) fn finish(self) -> BottomK {
        let mut hashes: Vec<u64> = self.hashes().collect();
        hashes.sort_unstable();
        let mut sample = BottomK {
            k: self.k,
            theta: self.theta,
            hashes,
        };
        sample.trim();
        sample
    }

    fn hashes(&self) -> impl Iterator<Item = u64> {
        self.places
            .iter()
            .filter(|&&place| place != 0)
            .map(|place| place - 1)
    }
}

/// Puts a hash into the table; false if it is there already.
#[inline]
fn place(places: &mut [u64], hash: u64) -> bool {
    let mask = places.len() - 1;
    // The low bits: below θ the high ones are all alike.
    let mut at = hash as usize & mask;
    loop {
        match places[at] {
            0 => {
                places[at] = hash + 1;
                return true;
            }
            taken if taken == hash + 1 => return false,
            _ => at = (at + 1) & mask,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::hash_integer;

    fn of(k: usize, users: impl Iterator<Item = i64>) -> BottomK {
        let mut builder = BottomKBuilder::new(k);
        for user in users {
            let hash = hash_integer(user) >> (64 - SAMPLE_BITS);
            if hash < builder.theta() {
                builder.insert(hash);
            }
        }
        builder.finish()
    }

    fn naive(k: usize, users: impl Iterator<Item = i64>) -> BottomK {
        let mut hashes: Vec<u64> = users
            .map(|user| hash_integer(user) >> (64 - SAMPLE_BITS))
            .collect();
        hashes.sort_unstable();
        hashes.dedup();
        let theta = hashes.get(k).copied().unwrap_or(THETA_ONE);
        hashes.truncate(k);
        BottomK { k, theta, hashes }
    }

    #[test]
    fn the_sample_is_the_k_smallest_hashes() {
        for k in [16, 1000] {
            for users in [
                0, 1, 15, 16, 17, 33, 999, 1000, 1001, 1999, 2000, 2001, 100_000,
            ] {
                assert_eq!(of(k, 0..users), naive(k, 0..users), "{users} users, k {k}");
            }
        }
    }

    #[test]
    fn repeated_users_and_order_change_nothing() {
        let users = || (0..3_000).chain(1_000..4_000).rev().chain(0..50);
        assert_eq!(of(500, users()), naive(500, 0..4_000));
        assert_eq!(of(5_000, users()), naive(5_000, 0..4_000));
    }

    #[test]
    fn merge_is_the_sample_of_the_union_at_the_smaller_k() {
        for (k_a, k_b) in [(100, 100), (100, 64), (64, 100), (10_000, 64)] {
            let mut merged = of(k_a, 0..700);
            merged.merge(&of(k_b, 500..2_000));
            assert_eq!(merged, naive(k_a.min(k_b), 0..2_000), "k {k_a} and {k_b}");
        }
    }

    #[test]
    fn the_hash_zero_is_a_hash_like_any_other() {
        let mut builder = BottomKBuilder::new(16);
        builder.insert(0);
        builder.insert(0);
        assert_eq!(builder.finish().hashes(), [0]);
    }
}
