//! A sample in the making of a set whose rows are known beforehand.
//!
//! From the rows follows, once the first of them have shown how often users come again, about where
//! θ will end. Whatever is above is refused by one comparison from then on, and what is below is
//! appended and put in order once, at the end: a large sample then costs little more than a small
//! one.

use super::bottom_k::{BottomK, BottomKBuilder};

/// A sample in the making: in order throughout, or put in order at the end.
#[derive(Debug)]
pub(super) enum Sampler {
    Ordered(BottomKBuilder),
    Foreseen(Foreseen),
}

impl Sampler {
    /// With more rows a user than this a large sample is no longer cheap: each of them costs a
    /// search in a table beyond the caches.
    pub(super) const ROWS_A_USER_MAX: f64 = 1.5;

    /// The largest sample of users who come more often than that. Its table is 4 MB: 50 million rows
    /// of five million users then take 1.3 times as long as with half of it, and 4.7 times with 2^20.
    pub(super) const K_OF_REPEATS: usize = 1 << 17;

    /// A sample of nothing yet, of hashes of `bits` bits; of a set that `rows` rows tell, if that is
    /// known.
    pub(super) fn new(bits: u32, k: usize, rows: Option<u64>) -> Self {
        match rows {
            Some(rows) => Self::Foreseen(Foreseen::new(bits, k, rows)),
            None => Self::Ordered(BottomKBuilder::new(bits, k)),
        }
    }

    /// Hashes at or above this one are not wanted any more.
    #[inline]
    pub(super) const fn theta(&self) -> u64 {
        match self {
            Self::Ordered(sample) => sample.theta(),
            Self::Foreseen(sample) => sample.theta,
        }
    }

    /// The largest number of hashes in the sample.
    pub(super) const fn k(&self) -> usize {
        match self {
            Self::Ordered(sample) => sample.k(),
            Self::Foreseen(sample) => sample.k,
        }
    }

    /// Takes in hashes, all of them below θ as it is now. What is left in `hashes` means nothing.
    pub(super) fn insert(&mut self, hashes: &mut [u64]) {
        match self {
            Self::Ordered(sample) => sample.insert(hashes),
            Self::Foreseen(sample) => {
                if let Look::Repeats(users) = sample.insert(hashes) {
                    let k = sample.k.min(Self::K_OF_REPEATS);
                    let theta = users.get(k).copied().unwrap_or(sample.theta);
                    let kept = &users[..k.min(users.len())];
                    *self =
                        Self::Ordered(BottomKBuilder::of_ascending(sample.bits, k, theta, kept));
                }
            }
        }
    }

    pub(super) fn finish(self) -> BottomK {
        match self {
            Self::Ordered(sample) => sample.finish(),
            Self::Foreseen(sample) => sample.finish(),
        }
    }
}

/// Hashes below θ, in any order and with repeats.
#[derive(Debug)]
pub(super) struct Foreseen {
    bits: u32,
    k: usize,
    theta: u64,
    hashes: Vec<u64>,
    /// Rows of the whole set, of which other samples may take in a part.
    rows: u64,
    /// How many of the hashes, the first ones, have been put in order.
    ordered: usize,
    /// At this many hashes it is time to look at them.
    look_at: usize,
    /// Whether θ is to be set by what the first rows show.
    is_first_look: bool,
}

/// What a look at the hashes showed.
#[derive(Debug)]
enum Look {
    /// Users seldom come again: go on.
    GoOn,
    /// They often do: these hashes, ascending, belong into a set.
    Repeats(Vec<u64>),
}

impl Foreseen {
    /// Hashes of the first look, or half of k. Of 50 million rows, users who come twice on average
    /// show by 2^17² / (2 · 25 million) = 340 repeats: nobody takes them for users who come once.
    const FIRST_LOOK: usize = 1 << 17;

    /// θ is set for so many times k users: beyond 1 + 10 / √k of any k that is worth foreseeing, so
    /// that chance alone never leaves fewer than k.
    const MARGIN: f64 = 1.06;

    /// A sample of nothing yet, of hashes of `bits` bits, of a set that `rows` rows tell.
    fn new(bits: u32, k: usize, rows: u64) -> Self {
        let mut foreseen = Self {
            bits,
            k,
            theta: 1 << bits,
            hashes: Vec::new(),
            rows,
            ordered: 0,
            look_at: 2 * k,
            is_first_look: false,
        };
        if foreseen.theta_of(1.0) < foreseen.theta {
            foreseen.look_at = Self::FIRST_LOOK.min(k / 2);
            foreseen.is_first_look = true;
        }
        foreseen
    }

    /// Below which hash [`Self::MARGIN`] · k users are to be expected, if a user has so many rows.
    fn theta_of(&self, rows_a_user: f64) -> u64 {
        let one = 1_u64 << self.bits;
        let users = self.rows as f64 / rows_a_user;
        let share = Self::MARGIN * self.k as f64 / users.max(1.0);
        if share < 1.0 {
            ((one as f64 * share) as u64).max(1)
        } else {
            one
        }
    }

    /// Takes in hashes; returns what a look at them showed, if it was time for one.
    fn insert(&mut self, hashes: &[u64]) -> Look {
        self.hashes.extend_from_slice(hashes);
        if self.hashes.len() < self.look_at {
            return Look::GoOn;
        }
        self.look()
    }

    fn look(&mut self) -> Look {
        let taken = self.hashes.len();
        self.hashes = in_order(std::mem::take(&mut self.hashes), self.theta);
        self.hashes.dedup();
        let repeats = taken - self.hashes.len();
        let is_first_look = std::mem::take(&mut self.is_first_look);
        let rows_a_user = self.rows_a_user(taken, repeats);
        let often = match is_first_look {
            true => rows_a_user > Sampler::ROWS_A_USER_MAX,
            false => 2 * repeats > taken - self.ordered,
        };
        if often {
            return Look::Repeats(std::mem::take(&mut self.hashes));
        }
        if is_first_look {
            self.theta = self.theta_of(rows_a_user);
            let below = self.hashes.partition_point(|&hash| hash < self.theta);
            self.hashes.truncate(below);
        } else if let Some(&theta) = self.hashes.get(self.k) {
            self.theta = theta;
            self.hashes.truncate(self.k);
        }
        self.ordered = self.hashes.len();
        self.look_at = 2 * self.k;
        Look::GoOn
    }

    /// The most rows a user that the first rows are likely to come from.
    ///
    /// Where all users come equally often, r times, and these rows are a share f of all, a row
    /// meets (r − 1) f / 2 earlier ones of its user on average. To the repeats that were seen, three
    /// standard deviations are added.
    fn rows_a_user(&self, taken: usize, repeats: usize) -> f64 {
        let (taken, repeats) = (taken as f64, repeats as f64);
        let share = taken / self.rows.max(1) as f64;
        let most = repeats + 3.0 * (repeats + 1.0).sqrt();
        1.0 + 2.0 * most / (taken * share)
    }

    fn finish(mut self) -> BottomK {
        self.hashes = in_order(self.hashes, self.theta);
        self.hashes.dedup();
        BottomK::of_below(self.bits, self.k, self.theta, self.hashes)
    }
}

/// Sorts hashes below `theta`, among which they are spread evenly: by the first 22 bits of their
/// share of θ in two rounds (radix sort from the lower digit up), after which hardly one is far
/// from its place.
pub(super) fn in_order(mut hashes: Vec<u64>, theta: u64) -> Vec<u64> {
    const DIGIT_BITS: u32 = 11;
    const DIGITS: usize = 1 << DIGIT_BITS;
    const FEW: usize = 1 << 12;
    if hashes.len() < FEW {
        hashes.sort_unstable();
        return hashes;
    }
    let per_hash = (1_u128 << (u64::BITS + 2 * DIGIT_BITS)) / u128::from(theta);
    let share = |hash: u64| ((u128::from(hash) * per_hash) >> u64::BITS) as usize;
    let low = |hash: u64| share(hash) % DIGITS;
    let high = |hash: u64| share(hash) / DIGITS;
    let (mut lows, mut highs) = ([0; DIGITS], [0; DIGITS]);
    for &hash in &hashes {
        lows[low(hash)] += 1;
        highs[high(hash)] += 1;
    }
    let mut moved = vec![0; hashes.len()];
    scatter(&hashes, &mut moved, &mut lows, low);
    scatter(&moved, &mut hashes, &mut highs, high);
    finish_order(&mut hashes);
    hashes
}

/// Moves every hash to the next place of its digit, of which `counts` says how often it comes.
fn scatter(from: &[u64], to: &mut [u64], counts: &mut [usize], digit: impl Fn(u64) -> usize) {
    let mut begin = 0;
    for count in counts.iter_mut() {
        begin += std::mem::replace(count, begin);
    }
    for &hash in from {
        let place = &mut counts[digit(hash)];
        to[*place] = hash;
        *place += 1;
    }
}

/// Sorts what is nearly in order by insertion; as any list, if it turns out not to be.
fn finish_order(hashes: &mut [u64]) {
    let mut steps_left = 8 * hashes.len();
    for i in 1..hashes.len() {
        let hash = hashes[i];
        let mut at = i;
        while at > 0 && hashes[at - 1] > hash {
            hashes[at] = hashes[at - 1];
            at -= 1;
        }
        hashes[at] = hash;
        match steps_left.checked_sub(i - at) {
            Some(left) => steps_left = left,
            // IDs that were made to have hashes next to each other.
            None => return hashes.sort_unstable(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::{HashScheme, hash_integer};

    const BITS: u32 = HashScheme::Xxh3.sample_bits();

    fn hashes(users: impl Iterator<Item = i64>) -> Vec<u64> {
        users
            .map(|user| hash_integer(user) >> (64 - BITS))
            .collect()
    }

    fn naive(k: usize, mut hashes: Vec<u64>) -> BottomK {
        hashes.sort_unstable();
        hashes.dedup();
        let theta = hashes.get(k).copied().unwrap_or(1 << BITS);
        hashes.truncate(k);
        BottomK::from_parts(HashScheme::Xxh3, k, theta, hashes).expect("a sample")
    }

    fn foreseen(k: usize, rows: u64, hashes: &[u64]) -> Option<BottomK> {
        let mut sample = Foreseen::new(BITS, k, rows);
        for some in hashes.chunks(1000) {
            let wanted: Vec<u64> = some
                .iter()
                .copied()
                .filter(|&hash| hash < sample.theta)
                .collect();
            if let Look::Repeats(_) = sample.insert(&wanted) {
                return None;
            }
        }
        Some(sample.finish())
    }

    #[test]
    fn distinct_rows_leave_the_k_smallest() {
        for (k, users) in [
            (16, 0),
            (16, 40),
            (1000, 999),
            (1000, 1000),
            (1000, 1001),
            (20_000, 600_000),
        ] {
            let all = hashes(0..users);
            let sample = foreseen(k, all.len() as u64, &all).expect("no repeats");
            assert_eq!(sample, naive(k, all), "{users} users, k {k}");
        }
    }

    #[test]
    fn more_rows_than_foretold_still_leave_the_k_smallest() {
        let all = hashes(0..700_000);
        assert_eq!(
            foreseen(4000, 200_000, &all).expect("no repeats"),
            naive(4000, all)
        );
    }

    #[test]
    fn users_who_come_again_are_noticed() {
        let all = hashes((0..400_000).map(|row| hash_integer(row) as i64 % 50_000));
        assert_eq!(foreseen(20_000, 400_000, &all), None);
        // Within a list that never is full, they are just left out.
        let few = hashes((0..15_000).map(|row| row % 5000));
        assert_eq!(
            foreseen(20_000, 15_000, &few).expect("room"),
            naive(20_000, few)
        );
    }

    #[test]
    fn rows_that_were_foretold_and_do_not_come_leave_a_short_sample() {
        let first = hashes(0..200_000);
        let sample = foreseen(60_000, 6_000_000, &first).expect("no repeats");
        assert!(sample.is_short());
        let share = sample.sampled_share();
        assert!((0.0106..0.0116).contains(&share), "{share}");
        let below = first.iter().filter(|&&hash| hash < sample.theta()).count();
        assert_eq!(sample.hashes().len(), below);
    }

    #[test]
    fn hashes_are_put_in_order() {
        for theta in [1 << BITS, 1 << 40, 12_345_678_901] {
            let mut expected: Vec<u64> = hashes(0..50_000).iter().map(|h| h % theta).collect();
            // Also where many are equal.
            expected.extend(vec![theta - 1; 1000]);
            let sorted = in_order(expected.clone(), theta);
            expected.sort_unstable();
            assert_eq!(sorted, expected);
        }
    }
}
