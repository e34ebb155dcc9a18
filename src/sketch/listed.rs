//! Users who are all listed: the hashes of small sets, and which of them other sets have.
//!
//! A user's hash is kept whole here, so that among a billion others hardly one is taken for him (odds of
//! users · others / 2^64). What counts as one user is what a sample counts as one.

use super::foreseen::in_order;
use super::sketcher::BELOW;
use crate::hash::{Filter, Kernel, Marks};
use std::sync::Arc;

/// The users of some sets, by their hashes.
#[derive(Debug)]
pub(crate) struct ListedUsers {
    /// Ascending, and different in what a sample keeps of them.
    hashes: Vec<u64>,
    /// Where the hashes of each range of equal size begin; one more than there are ranges.
    starts: Vec<u32>,
    /// By so many bits a hash is shifted for its range.
    range_shift: u32,
    marks: Marks,
}

impl ListedUsers {
    /// The users of some sets, in any order and with repeats.
    pub(crate) fn new(lists: &[Vec<u64>]) -> Self {
        let mut hashes = in_order(lists.concat(), u64::MAX);
        hashes.dedup_by_key(|hash| *hash >> BELOW);
        let ranges = hashes.len().max(2).next_power_of_two();
        let range_shift = u64::BITS - ranges.ilog2();
        let mut starts = vec![0; ranges + 1];
        for &hash in &hashes {
            starts[(hash >> range_shift) as usize + 1] += 1;
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        Self {
            marks: Marks::new(&hashes),
            hashes,
            starts,
            range_shift,
        }
    }

    /// The place of a user in the list.
    fn place(&self, hash: u64) -> Option<usize> {
        self.place_where(hash, |listed| listed == hash)
    }

    /// The place of the listed user whom a sample can't tell from this one.
    fn place_of_sampled(&self, hash: u64) -> Option<usize> {
        self.place_where(hash, |listed| listed >> BELOW == hash >> BELOW)
    }

    /// The place of the first user, among those listed beside a hash, who is wanted.
    #[inline]
    fn place_where(&self, hash: u64, is_wanted: impl Fn(u64) -> bool) -> Option<usize> {
        let range = (hash >> self.range_shift) as usize;
        let (start, end) = (self.starts[range] as usize, self.starts[range + 1] as usize);
        let mut beside = self.hashes[start..end].iter();
        let found = beside.position(|&listed| is_wanted(listed));
        found.map(|at| start + at)
    }
}

/// Which of the listed users a set has.
#[derive(Clone, Debug)]
pub(crate) struct Members {
    of: Arc<ListedUsers>,
    /// A bit for each of them.
    bits: Vec<u64>,
    is_listed: bool,
}

impl Members {
    /// Of a set without users.
    pub(crate) fn none(of: &Arc<ListedUsers>) -> Self {
        Self {
            of: Arc::clone(of),
            bits: vec![0; of.hashes.len().div_ceil(64)],
            is_listed: false,
        }
    }

    /// Of a set whose users are listed: these, in any order and with repeats.
    pub(crate) fn of_listed(of: &Arc<ListedUsers>, hashes: &[u64]) -> Self {
        let mut members = Self::none(of);
        members.is_listed = true;
        let places = hashes.iter().filter_map(|&hash| of.place_of_sampled(hash));
        places.for_each(|place| members.add(place));
        members
    }

    fn add(&mut self, place: usize) {
        self.bits[place / 64] |= 1 << (place % 64);
    }

    /// Whether all users of the set are listed.
    pub(crate) const fn is_listed(&self) -> bool {
        self.is_listed
    }

    /// Whether both are of the same list.
    pub(crate) fn is_of_list_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.of, &other.of)
    }

    /// The members of the union of both sets, of one list.
    pub(crate) fn join(&mut self, other: &Self) {
        self.is_listed &= other.is_listed;
        for (ours, theirs) in self.bits.iter_mut().zip(&other.bits) {
            *ours |= theirs;
        }
    }

    /// Members that are members of another set of the same list as well.
    pub(crate) fn and(&self, other: &Self) -> Self {
        let bits = self.bits.iter().zip(&other.bits);
        Self {
            of: Arc::clone(&self.of),
            bits: bits.map(|(ours, theirs)| ours & theirs).collect(),
            is_listed: self.is_listed || other.is_listed,
        }
    }

    /// How many they are.
    pub(crate) fn count(&self) -> u64 {
        let ones = self.bits.iter().map(|word| u64::from(word.count_ones()));
        ones.sum()
    }

    /// Their hashes as a sample has them, ascending.
    pub(crate) fn sampled(&self) -> impl Iterator<Item = u64> + '_ {
        let hashes = &self.of.hashes;
        self.bits.iter().enumerate().flat_map(move |(word, &bits)| {
            let mut left = bits;
            std::iter::from_fn(move || {
                let place = (left != 0).then(|| 64 * word + left.trailing_zeros() as usize)?;
                left &= left - 1;
                Some(hashes[place] >> BELOW)
            })
        })
    }

    /// How many listed users lie in just these of some sets of one list, by their bits.
    pub(crate) fn by_sets(sets: &[&Self]) -> Vec<u64> {
        let mut users = vec![0; 1 << sets.len()];
        let words = sets.first().map_or(0, |set| set.bits.len());
        for word in 0..words {
            let any = sets.iter().fold(0, |any, set| any | set.bits[word]);
            let mut left = any;
            while left != 0 {
                let bit = left.trailing_zeros();
                left &= left - 1;
                let member = |(set, members): (usize, &&Self)| {
                    ((members.bits[word] >> bit & 1) as usize) << set
                };
                users[sets.iter().enumerate().map(member).sum::<usize>()] += 1;
            }
        }
        users
    }
}

/// Looks for listed users among the hashes of a set.
#[derive(Debug)]
pub(super) struct Meeting {
    members: Members,
    kernel: Kernel,
    /// Buffers for a chunk: hashes that may be listed, and such as the sketch wants.
    maybe: Vec<u64>,
    wanted: Vec<u64>,
}

impl Meeting {
    pub(super) fn new(of: &Arc<ListedUsers>) -> Self {
        Self {
            members: Members::none(of),
            kernel: Kernel::best(),
            maybe: Vec::new(),
            wanted: Vec::new(),
        }
    }

    /// Takes in all hashes of a chunk; returns those that pass `filter`.
    pub(super) fn meet(&mut self, hashes: &[u64], filter: Filter) -> &[u64] {
        let room = hashes.len() + Kernel::ROOM;
        self.maybe.resize(self.maybe.len().max(room), 0);
        self.wanted.resize(self.wanted.len().max(room), 0);
        let listed = Arc::clone(&self.members.of);
        let maybe = self.kernel.marked(hashes, &listed.marks, &mut self.maybe);
        for at in 0..maybe {
            if let Some(place) = listed.place(self.maybe[at]) {
                self.members.add(place);
            }
        }
        let count = self.kernel.passing(hashes, filter, &mut self.wanted);
        &self.wanted[..count]
    }

    pub(super) fn finish(self) -> Members {
        self.members
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::hash_integer;
    use std::collections::HashSet;

    fn hashes(users: std::ops::Range<i64>) -> Vec<u64> {
        users.map(hash_integer).collect()
    }

    #[test]
    fn listed_users_are_found_and_no_others() {
        for users in [0, 1, 2, 7, 100, 20_000] {
            let list = Arc::new(ListedUsers::new(&[hashes(0..users), hashes(0..users / 2)]));
            let mut meeting = Meeting::new(&list);
            for some in hashes(users / 3..users + 50_000).chunks(999) {
                assert_eq!(meeting.meet(some, Filter::ALL), some);
            }
            let members = meeting.finish();
            let found: HashSet<u64> = members.sampled().collect();
            let expected = hashes(users / 3..users).into_iter();
            assert_eq!(
                found,
                expected.map(|hash| hash >> BELOW).collect(),
                "{users}"
            );
            assert_eq!(members.count(), (users - users / 3) as u64);
        }
    }

    #[test]
    fn users_are_counted_by_the_sets_that_they_are_in() {
        let lists = [hashes(0..1000), hashes(600..1500)];
        let list = Arc::new(ListedUsers::new(&lists));
        let [a, b] = lists.map(|users| Members::of_listed(&list, &users));
        let mut meeting = Meeting::new(&list);
        meeting.meet(&hashes(900..5000), Filter::ALL);
        let c = meeting.finish();
        let users = Members::by_sets(&[&a, &b, &c]);
        assert_eq!(users, [0, 600, 500 - 500, 300, 0, 0, 500, 100]);
        assert_eq!(a.and(&c).count(), 100);
        assert!(a.and(&c).sampled().is_sorted());
    }

    #[test]
    fn hardly_one_hash_in_twenty_is_looked_for_in_vain() {
        let list = ListedUsers::new(&[hashes(0..500_000)]);
        let others = hashes(500_000..600_000);
        let vain = others
            .iter()
            .filter(|&&hash| list.marks.may_have(hash))
            .count();
        assert!(vain < 8_000, "{vain}");
    }
}
