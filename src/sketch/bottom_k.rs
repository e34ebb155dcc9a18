//! The k smallest hashes of a set and θ: bottom-k MinHash, alias KMV, the sample of a theta sketch.
//!
//! The sample lives in the top 48 bits of a hash. Every sketch has that same resolution whatever
//! its θ, so that merging stays exact, and stored gaps are small. The price is chance matches:
//! n/2^49 of n users share a 48-bit hash with another (2·10^-6 at 10^9). Samples of Apache
//! DataSketches keep 63 bits.

use crate::error::{Error, Result};
use crate::hash::HashScheme;

/// The smallest k hashes of a set (or all of them), ascending, and θ.
///
/// Every hash of the set below θ is in the sample; θ is the (k+1)-th smallest hash, or above every
/// hash as long as there are at most k. Samples that Apache DataSketches made may have any other θ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BottomK {
    bits: u32,
    k: usize,
    theta: u64,
    hashes: Vec<u64>,
}

impl BottomK {
    /// A sample from its parts, such as those in a file.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if no set has such a sample: k outside
    /// [`SketchOptions::K_RANGE`](super::SketchOptions::K_RANGE), θ = 0 or above 1, more than k
    /// hashes, hashes that don't ascend or reach θ, and fewer than k hashes below θ < 1 (of
    /// [`HashScheme::Xxh3`] and [`HashScheme::Keyed`] alone: the other samples may have any θ).
    pub fn from_parts(scheme: HashScheme, k: usize, theta: u64, hashes: Vec<u64>) -> Result<Self> {
        let bits = scheme.sample_bits();
        let one = 1 << bits;
        let range = super::SketchOptions::K_RANGE;
        let refuse = |what: String| Err(Error::input(what));
        if !range.contains(&k) {
            return refuse(format!(
                "k is {k}, not {} to {}",
                range.start(),
                range.end()
            ));
        }
        if theta == 0 || theta > one {
            return refuse(format!("theta is {theta}, not 1 to {one}"));
        }
        if hashes.len() > k {
            return refuse(format!("{} hashes, but k is {k}", hashes.len()));
        }
        if !scheme.is_murmur3() && theta < one && hashes.len() < k {
            return refuse(format!("{} of {k} hashes below theta", hashes.len()));
        }
        if scheme.is_murmur3() && hashes.first() == Some(&0) {
            return refuse("a hash of 0".into());
        }
        if hashes.last().is_some_and(|&last| last >= theta) || !hashes.is_sorted_by(|a, b| a < b) {
            return refuse("hashes that don't ascend to theta".into());
        }
        Ok(Self {
            bits,
            k,
            theta,
            hashes,
        })
    }

    /// The sample of all hashes below `theta`, ascending, or of the smallest k of them.
    pub(super) fn of_below(bits: u32, k: usize, theta: u64, hashes: Vec<u64>) -> Self {
        let mut sample = Self {
            bits,
            k,
            theta,
            hashes,
        };
        sample.trim();
        sample
    }

    /// Whether more hashes could be in it: θ was set too low for k of them.
    pub(super) fn is_short(&self) -> bool {
        !self.is_exact() && self.hashes.len() < self.k
    }

    /// Bits of a hash that this sample keeps.
    #[must_use]
    pub const fn bits(&self) -> u32 {
        self.bits
    }

    /// The largest number of hashes in the sample.
    #[must_use]
    pub const fn k(&self) -> usize {
        self.k
    }

    /// θ as a hash of [`Self::bits`] bits: all hashes below it are in the sample. 2^bits if the
    /// sample is the set.
    #[must_use]
    pub const fn theta(&self) -> u64 {
        self.theta
    }

    /// θ as the sampled share of all users, in (0, 1].
    #[must_use]
    pub fn sampled_share(&self) -> f64 {
        self.theta as f64 / (1_u64 << self.bits) as f64
    }

    /// Whether the sample is the whole set.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        self.theta == 1 << self.bits
    }

    /// The sampled hashes, distinct and ascending, all below θ.
    #[must_use]
    pub fn hashes(&self) -> &[u64] {
        &self.hashes
    }

    /// The same at a smaller k.
    pub(super) fn cut_to(&mut self, k: usize) {
        self.k = self.k.min(k);
        self.trim();
    }

    /// Turns this sample into that of the union, at the smaller of both k. Both are of one scheme.
    pub(super) fn merge(&mut self, other: &Self) {
        debug_assert_eq!(self.bits, other.bits);
        self.k = self.k.min(other.k);
        self.theta = self.theta.min(other.theta);
        if self.hashes.is_empty() && self.theta == other.theta {
            self.hashes.extend_from_slice(&other.hashes);
            return self.trim();
        }
        self.hashes = union_below(self.theta, self.k + 1, &self.hashes, &other.hashes);
        self.trim();
    }

    fn trim(&mut self) {
        if let Some(&theta) = self.hashes.get(self.k) {
            self.theta = theta;
            self.hashes.truncate(self.k);
        }
    }
}

/// The smallest hashes of either of two ascending lists, up to `count` of them and below `theta`.
fn union_below(theta: u64, count: usize, a: &[u64], b: &[u64]) -> Vec<u64> {
    let below = |hashes: &[u64]| hashes.partition_point(|&hash| hash < theta);
    let (a, b) = (&a[..below(a)], &b[..below(b)]);
    let mut union = vec![0; count.min(a.len() + b.len())];
    let (mut i, mut j, mut filled) = (0, 0, 0);
    while filled < union.len() && i < a.len() && j < b.len() {
        // Both are stepped over where they are equal: nothing to predict.
        let (one, other) = (a[i], b[j]);
        union[filled] = one.min(other);
        i += usize::from(one <= other);
        j += usize::from(other <= one);
        filled += 1;
    }
    for rest in [&a[i..], &b[j..]] {
        let more = rest.len().min(union.len() - filled);
        union[filled..filled + more].copy_from_slice(&rest[..more]);
        filled += more;
    }
    union.truncate(filled);
    union
}

/// A sample in the making: a set of up to 2k hashes below θ, in ascending order.
///
/// A set rather than a buffer, so that repeated IDs cost one probe and not a place: an event log
/// of few users would fill a buffer over and over. Ordered linear probing (Amble and Knuth, The
/// Computer Journal 17, 1974) from a home that grows with the hash: the table is sorted at any
/// time, so that dropping the largest, growing and finishing are walks along it.
#[derive(Debug)]
pub(super) struct BottomKBuilder {
    bits: u32,
    k: usize,
    theta: u64,
    /// Hashes ascending among [`FREE`](Self::FREE) places; the last [`NEAR`](Self::NEAR) places are
    /// always free.
    places: Vec<u64>,
    /// Homes in 2^64 times the hash: see [`home`](Self::home).
    homes_per_hash: u64,
    len: usize,
    /// At this many hashes it is time to make room.
    len_max: usize,
    /// A buffer for hashes on their way to a new table: a new one each time would cost as much in
    /// page faults as moving them.
    moving: Vec<u64>,
}

impl BottomKBuilder {
    /// Above every hash: a search for a place stops here and at larger hashes alike.
    const FREE: u64 = u64::MAX;

    /// A hash is this near to its home as a rule.
    const NEAR: usize = 4;

    /// Small sets stay small: 8 KiB to begin with.
    const HOMES_MIN: usize = 1 << 10;

    /// Homes per hash when the table is full: a search then looks at 2.5 places on average
    /// ((1 + (1 − 1/2)⁻²) / 2; Knuth, The Art of Computer Programming 3, section 6.4).
    const HOMES_PER_HASH: usize = 2;

    /// A table grows by this factor: four steps to the largest of the default k.
    const GROWTH: usize = 4;

    /// A sample of nothing yet, of hashes of `bits` bits.
    pub(super) fn new(bits: u32, k: usize) -> Self {
        let mut builder = Self {
            bits,
            k,
            theta: 1 << bits,
            places: Vec::new(),
            homes_per_hash: 0,
            len: 0,
            len_max: 0,
            moving: Vec::new(),
        };
        builder.lay_out(&[], Self::HOMES_MIN);
        builder
    }

    pub(super) const fn k(&self) -> usize {
        self.k
    }

    /// A sample of these hashes so far, distinct, ascending and all that are below `theta`.
    pub(super) fn of_ascending(bits: u32, k: usize, theta: u64, hashes: &[u64]) -> Self {
        let mut builder = Self::new(bits, k);
        builder.theta = theta;
        let homes = Self::HOMES_PER_HASH * hashes.len().max(1).next_power_of_two();
        let most = Self::HOMES_PER_HASH * (2 * k).max(hashes.len() + 1);
        builder.lay_out(
            hashes,
            (2 * homes).clamp(Self::HOMES_MIN, most.max(Self::HOMES_MIN)),
        );
        builder
    }

    /// Hashes at or above this one are not wanted any more.
    #[inline]
    pub(super) const fn theta(&self) -> u64 {
        self.theta
    }

    /// Where the search for a hash begins: its share of the way to θ.
    #[inline]
    const fn home(&self, hash: u64) -> usize {
        ((hash as u128 * self.homes_per_hash as u128) >> u64::BITS) as usize
    }

    /// Takes in hashes, all of them below θ as it is now. What is left in `hashes` means
    /// nothing.
    pub(super) fn insert(&mut self, hashes: &mut [u64]) {
        for i in 0..self.drop_present(hashes) {
            if hashes[i] < self.theta {
                self.insert_one(hashes[i]);
            }
        }
    }

    /// Moves the hashes that aren't found near their homes to the front; returns how many.
    ///
    /// The table is larger than the cache. These reads don't wait for each other, as searches with
    /// their branches would, and most users of an event log go no further.
    fn drop_present(&self, hashes: &mut [u64]) -> usize {
        let mut kept = 0;
        for i in 0..hashes.len() {
            let hash = hashes[i];
            let near = &self.places[self.home(hash)..][..Self::NEAR];
            let is_present = near
                .iter()
                .fold(false, |found, &place| found | (place == hash));
            hashes[kept] = hash;
            kept += usize::from(!is_present);
        }
        kept
    }

    /// Puts a hash into its place, unless it is there; larger ones up to the next free place move
    /// on. Near its home without branches, which couldn't be predicted: free places are larger than
    /// any hash and move like one.
    #[inline]
    fn insert_one(&mut self, hash: u64) {
        let home = self.home(hash);
        let near = &mut self.places[home..][..Self::NEAR];
        if near
            .iter()
            .fold(false, |found, &place| found | (place == hash))
        {
            return;
        }
        let mut moved = hash;
        for place in near {
            (*place, moved) = (moved.min(*place), moved.max(*place));
        }
        let mut at = home + Self::NEAR;
        while moved != Self::FREE {
            let place = &mut self.places[at];
            if *place == moved {
                return;
            }
            (*place, moved) = (moved.min(*place), moved.max(*place));
            at += 1;
        }
        if at + Self::NEAR > self.places.len() {
            self.places.resize(at + Self::NEAR, Self::FREE);
        }
        self.len += 1;
        if self.len == self.len_max {
            self.make_room();
        }
    }

    /// Makes a larger table, or, once it holds 2k hashes, drops all but the smallest k.
    fn make_room(&mut self) {
        let full = Self::HOMES_PER_HASH * self.len_max;
        let mut hashes = std::mem::take(&mut self.moving);
        if self.len < 2 * self.k {
            self.smallest(self.len, &mut hashes);
            let homes = (Self::GROWTH * full).min(Self::HOMES_PER_HASH * 2 * self.k);
            self.lay_out(&hashes, homes);
        } else {
            self.smallest(self.k + 1, &mut hashes);
            self.theta = hashes[self.k];
            self.lay_out(&hashes[..self.k], full);
        }
        self.moving = hashes;
    }

    /// A table of `homes` homes with `hashes`, ascending, in it.
    fn lay_out(&mut self, hashes: &[u64], homes: usize) {
        // Rounding down keeps the home of every hash below θ within the table.
        let homes_per_hash = ((homes as u128) << u64::BITS) / u128::from(self.theta);
        self.homes_per_hash = u64::try_from(homes_per_hash).unwrap_or(u64::MAX);
        self.places.clear();
        self.places.resize(homes + Self::NEAR, Self::FREE);
        let mut next = 0;
        for &hash in hashes {
            next = next.max(self.home(hash));
            let end = self.places.len().max(next + 1 + Self::NEAR);
            self.places.resize(end, Self::FREE);
            self.places[next] = hash;
            next += 1;
        }
        self.len = hashes.len();
        self.len_max = (homes / Self::HOMES_PER_HASH).min((2 * self.k).max(self.len + 1));
    }

    pub(super) fn finish(mut self) -> BottomK {
        let mut hashes = std::mem::take(&mut self.moving);
        self.smallest(self.k + 1, &mut hashes);
        BottomK::of_below(self.bits, self.k, self.theta, hashes)
    }

    /// Fills `hashes` with the smallest ones, up to `count` of them, ascending.
    fn smallest(&self, count: usize, hashes: &mut Vec<u64>) {
        let count = count.min(self.len);
        // One more, since every place is written and kept by stepping on: nothing to predict.
        hashes.clear();
        hashes.resize(count + 1, 0);
        let mut found = 0;
        for &hash in &self.places {
            hashes[found] = hash;
            found += usize::from(hash != Self::FREE);
            if found == count {
                break;
            }
        }
        hashes.truncate(found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::hash_integer;

    const SAMPLE_BITS: u32 = HashScheme::Xxh3.sample_bits();

    fn of(k: usize, users: impl Iterator<Item = i64>) -> BottomK {
        let mut builder = BottomKBuilder::new(SAMPLE_BITS, k);
        for user in users {
            let hash = hash_integer(user) >> (64 - SAMPLE_BITS);
            if hash < builder.theta() {
                builder.insert(&mut [hash]);
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
        let theta = hashes.get(k).copied().unwrap_or(1 << SAMPLE_BITS);
        hashes.truncate(k);
        BottomK::from_parts(HashScheme::Xxh3, k, theta, hashes).expect("a sample")
    }

    #[test]
    fn the_sample_is_the_k_smallest_hashes() {
        let many = if cfg!(miri) { 2_500 } else { 100_000 };
        for k in [16, 1000] {
            for users in [
                0, 1, 15, 16, 17, 33, 999, 1000, 1001, 1999, 2000, 2001, many,
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
        let mut builder = BottomKBuilder::new(SAMPLE_BITS, 16);
        builder.insert(&mut [0, 0]);
        assert_eq!(builder.finish().hashes(), [0]);
    }
}
