//! The loose sample: the users with the smallest keys, under every reading.

use super::form::{self, READINGS, Reading, Scratch};
use super::key::key;
use super::keys::{GROUP, MANY, groups_to_look_at};
use crate::error::{Error, Result};
use crate::hash::hash_bytes;
use crate::id::ByteIds;
use std::collections::{BTreeMap, HashSet};

/// Bits of a key, and of a hash, that aren't kept: 48 and 32 stay.
const KEY_SHIFT: u32 = 16;
const HASH_SHIFT: u32 = 32;

/// Which user, whatever the spelling: key and hash of the loosest reading.
pub(super) type Class = (u64, u64);

/// One spelling of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LooseUser {
    /// 16 bits of the hash under each reading but the loosest: they only tell spellings of one user apart.
    hashes: [u16; READINGS],
    /// Whether so few characters can meet another ID's by chance.
    is_short: bool,
    /// As it is written; empty if it comes from a file.
    value: Box<[u8]>,
}

impl LooseUser {
    /// As it is written, cut at [`LooseSample::VALUE_MAX`] bytes; empty if the sample was read from a file.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// Whether it is so short that IDs of different users may be alike by chance.
    pub(super) const fn is_short(&self) -> bool {
        self.is_short
    }

    /// The hash under a reading; under the loosest all spellings of a user are alike.
    pub(super) fn hash(&self, reading: Reading) -> u16 {
        self.hashes.get(reading as usize).copied().unwrap_or(0)
    }
}

/// A spelling of a user in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredUser {
    /// The key, of 48 bits.
    pub key: u64,
    /// The hash of the loosest reading, of 32 bits.
    pub loosest: u64,
    /// The hash as written, of 32 bits.
    pub written: u64,
    /// Of the hash under each reading but the loosest 16 bits.
    pub hashes: [u16; StoredUser::READINGS],
    /// Whether it is so short that IDs of different users may be alike by chance.
    pub is_short: bool,
}

impl StoredUser {
    /// Readings that have a hash of their own.
    pub const READINGS: usize = READINGS;
}

/// A loose sample in parts, such as those in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LooseParts {
    /// Spellings that are kept at most.
    pub k: usize,
    /// Key and loosest hash at which the sample ends; `None` if it is the set.
    pub threshold: Option<(u64, u64)>,
    /// The spellings in ascending order of key, loosest hash and hash as written.
    pub users: Vec<StoredUser>,
}

/// The users of a set that come first by what doesn't depend on how they are written.
#[derive(Clone, Debug)]
pub struct LooseSample {
    k: usize,
    /// Users at or above are not in the sample; `None` if it is the set.
    threshold: Option<Class>,
    users: BTreeMap<(u64, u64, u64), LooseUser>,
    /// Hashes as written of all users: those that come again go no further.
    seen: HashSet<u64>,
    scratch: Scratch,
}

impl LooseSample {
    /// Of 10 letters and digits there are 36^10: a billion users fill them so thinly that hardly two are alike.
    const SHORT_MAX: usize = 10;

    /// Of longer IDs only the beginning is kept to look at.
    pub const VALUE_MAX: usize = 256;

    /// A sample of nobody yet, of at most `k` spellings.
    #[must_use]
    pub fn new(k: usize) -> Self {
        Self {
            k,
            threshold: None,
            users: BTreeMap::new(),
            seen: HashSet::new(),
            scratch: Scratch::default(),
        }
    }

    /// Takes in IDs, text or bytes.
    pub fn push(&mut self, ids: &ByteIds<'_>) {
        for start in (0..ids.len()).step_by(MANY) {
            let many = ids.slice(start, ids.len().min(start + MANY));
            let mut groups = groups_to_look_at(&many, self.key_limit());
            while groups != 0 {
                let group = groups.trailing_zeros() as usize * GROUP;
                groups &= groups - 1;
                let group = many.slice(group, many.len().min(group + GROUP));
                group.for_each(|id| self.consider(id));
            }
        }
    }

    fn consider(&mut self, id: &[u8]) {
        let key = key(id, &mut self.scratch) >> KEY_SHIFT;
        if key <= self.key_max() {
            self.insert(key, id);
        }
    }

    /// The largest whole key of those in the sample.
    fn key_limit(&self) -> u64 {
        let bits_not_kept = (1 << KEY_SHIFT) - 1;
        self.threshold
            .map_or(u64::MAX, |(key, _)| key << KEY_SHIFT | bits_not_kept)
    }

    fn key_max(&self) -> u64 {
        self.threshold.map_or(u64::MAX, |(key, _)| key)
    }

    #[inline(never)]
    fn insert(&mut self, key: u64, id: &[u8]) {
        let written = hash_bytes(id) >> HASH_SHIFT;
        if self.seen.contains(&written) {
            return;
        }
        let Some((hashes, loosest)) = form::hashes(id, &mut self.scratch) else {
            return;
        };
        let loosest = loosest >> HASH_SHIFT;
        if self
            .threshold
            .is_some_and(|threshold| (key, loosest) >= threshold)
        {
            return;
        }
        let value = id[..id.len().min(Self::VALUE_MAX)].into();
        self.seen.insert(written);
        let user = LooseUser {
            // The low end: the high one is in the hash as written.
            hashes: hashes.map(|hash| u16::try_from(hash & 0xffff).unwrap_or(0)),
            is_short: id.len() <= Self::SHORT_MAX,
            value,
        };
        self.users.insert((key, loosest, written), user);
        self.trim();
    }

    /// Drops the last users, each with all spellings, until there are few enough.
    fn trim(&mut self) {
        while self.users.len() > self.k {
            let Some((&(key, loosest, _), _)) = self.users.last_key_value() else {
                return;
            };
            self.threshold = Some((key, loosest));
            let dropped = self.users.split_off(&(key, loosest, 0));
            for (_, _, written) in dropped.into_keys() {
                self.seen.remove(&written);
            }
        }
    }

    /// Turns this sample into that of the union of both sets, of at most the smaller k.
    pub fn merge(&mut self, other: &Self) {
        self.k = self.k.min(other.k);
        let thresholds = [self.threshold, other.threshold].into_iter().flatten();
        self.threshold = thresholds.min();
        for (class, user) in &other.users {
            if self.seen.insert(class.2) {
                self.users.insert(*class, user.clone());
            }
        }
        if let Some((key, loosest)) = self.threshold {
            for (_, _, written) in self.users.split_off(&(key, loosest, 0)).into_keys() {
                self.seen.remove(&written);
            }
        }
        self.trim();
    }

    /// The sample in parts.
    #[must_use]
    pub fn parts(&self) -> LooseParts {
        let users = self.users.iter();
        LooseParts {
            k: self.k,
            threshold: self.threshold,
            users: users
                .map(|(&(key, loosest, written), user)| StoredUser {
                    key,
                    loosest,
                    written,
                    hashes: user.hashes,
                    is_short: user.is_short,
                })
                .collect(),
        }
    }

    /// The sample of some parts.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] for parts that no set has.
    pub fn from_parts(parts: LooseParts) -> Result<Self> {
        let LooseParts {
            k,
            threshold,
            users,
        } = parts;
        let place = |user: &StoredUser| (user.key, user.loosest, user.written);
        let ascend = users.is_sorted_by(|a, b| place(a) < place(b));
        let last = users.last().map(|user| (user.key, user.loosest));
        let ends = last.is_none_or(|last| threshold.is_none_or(|end| last < end));
        if users.len() > k || !ascend || !ends {
            return Err(Error::input("a loose sample that no set has"));
        }
        let stored = |user: &StoredUser| {
            let loose = LooseUser {
                hashes: user.hashes,
                is_short: user.is_short,
                value: Box::default(),
            };
            (place(user), loose)
        };
        Ok(Self {
            k,
            threshold,
            seen: users.iter().map(|user| user.written).collect(),
            users: users.iter().map(stored).collect(),
            scratch: Scratch::default(),
        })
    }

    /// How many spellings are in the sample.
    #[must_use]
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether nobody is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// Whether the sample is the whole set (of IDs with a letter or a digit).
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.threshold.is_none()
    }

    pub(super) const fn threshold(&self) -> Option<Class> {
        self.threshold
    }

    /// The users in order, each spelling with the class that it is of.
    pub(super) fn classes(&self) -> impl Iterator<Item = (Class, &LooseUser)> {
        self.users
            .iter()
            .map(|(&(key, loosest, _), user)| ((key, loosest), user))
    }

    /// The users, each spelling by itself.
    pub fn users(&self) -> impl Iterator<Item = &LooseUser> {
        self.users.values()
    }
}

#[cfg(test)]
mod tests {
    use super::super::meet;
    use super::*;

    fn sample(k: usize, ids: impl IntoIterator<Item = String>) -> LooseSample {
        let mut sample = LooseSample::new(k);
        for id in ids {
            sample.push(&ByteIds::Slices(&[id.as_bytes()]));
        }
        sample
    }

    fn person(i: u64) -> String {
        format!(
            "Person{:x}@example.org",
            i.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        )
    }

    #[test]
    fn order_repeats_and_cuts_change_nothing() {
        let ids = || (0..5_000).map(person);
        let whole = sample(100, ids());
        let reversed = sample(100, ids().rev().chain(ids().take(50)));
        let mut parts = sample(100, ids().step_by(2));
        parts.merge(&sample(100, ids().skip(1).step_by(2)));
        parts.merge(&LooseSample::new(100));
        for other in [reversed, parts] {
            assert_eq!(other.users, whole.users);
            assert_eq!(other.threshold, whole.threshold);
        }
    }

    #[test]
    fn the_same_users_are_sampled_however_they_are_written() {
        let plain = sample(200, (0..20_000).map(person));
        let loud = sample(
            200,
            (0..20_000).map(|i| format!(" {}", person(i).to_uppercase())),
        );
        let classes =
            |sample: &LooseSample| sample.classes().map(|(class, _)| class).collect::<Vec<_>>();
        assert_eq!(classes(&plain), classes(&loud));
        let meeting = meet(&plain, &loud);
        assert_eq!(
            (
                meeting.both(Reading::Written),
                meeting.both(Reading::Trimmed)
            ),
            (0, 0)
        );
        assert_eq!(meeting.both(Reading::Folded), meeting.ids[0]);
        assert_eq!(meeting.best(), Some(Reading::Folded));
    }

    #[test]
    fn a_whole_sample_counts_exactly() {
        let a = sample(1_000, (0..300).map(person));
        let half = |i: u64| {
            if i.is_multiple_of(2) {
                person(i)
            } else {
                person(i).to_lowercase()
            }
        };
        let b = sample(1_000, (100..400).map(half));
        let meeting = meet(&a, &b);
        assert!(meeting.whole);
        assert_eq!(meeting.ids, [300, 300]);
        assert_eq!(meeting.both(Reading::Written), 100);
        assert_eq!(meeting.both(Reading::Folded), 200);
        assert_eq!(meeting.gain(Reading::Folded), 100);
    }

    #[test]
    fn short_codes_that_meet_by_chance_are_no_finding() {
        // Of four characters of either case: 26^4 small ones hold many of 52^4.
        let code = |seed: u64, i: u64| {
            let mut x = (i + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            x ^= x >> 29;
            x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 20;
            let letters: Vec<u8> = (b'a'..=b'z').chain(b'A'..=b'Z').collect();
            let letter = |at: u32| letters[(x / 52_u64.pow(at) % 52) as usize] as char;
            (0..4).map(letter).collect::<String>()
        };
        let a = sample(1_000, (0..100_000).map(|i| code(0, i)));
        let b = sample(1_000, (0..100_000).map(|i| code(1 << 40, i)));
        let meeting = meet(&a, &b);
        assert!(
            meeting.both(Reading::Folded) > meeting.both(Reading::Written) + 50,
            "{meeting:?}"
        );
        assert_eq!(meeting.best(), None, "{meeting:?}");
    }

    #[test]
    fn every_reading_has_its_users() {
        let cases: [(&str, &str, Reading); 14] = [
            ("ann7@example.org", "ann7@example.org ", Reading::Trimmed),
            (
                "ann7@example.org",
                "\u{feff}ann7@example.org",
                Reading::Trimmed,
            ),
            ("ann7@example.org", "ANN7@example.org", Reading::Folded),
            ("AB-12-CD", "AB12CD", Reading::Bare),
            (
                "123456",
                "\u{ff11}\u{ff12}\u{ff13}\u{ff14}\u{ff15}\u{ff16}",
                Reading::Bare,
            ),
            ("jörg", "jo\u{308}rg", Reading::Bare),
            ("100001", "0000100001", Reading::Number),
            ("100001", "100001.000", Reading::Number),
            ("100001", "1.00001E5", Reading::Number),
            ("100001", "+100001", Reading::Bare),
            (
                "0f8fad5b-d9cb-469f-a165-70867728950e",
                "D4+tW9nLRp+hZXCGdyiVDg==",
                Reading::Bytes,
            ),
            (
                "0f8fad5b-d9cb-469f-a165-70867728950e",
                "5bad8f0f-cbd9-9f46-a165-70867728950e",
                Reading::Loosest,
            ),
            ("100001", "usr_100001", Reading::Loosest),
            (
                "0xda39a3ee5e6b4b0d3255bfef95601890afd80709",
                "2jmj7l5rSw0yVb/vlWAYkK/YBwk=",
                Reading::Bytes,
            ),
        ];
        for (one, other, expected) in cases {
            let meeting = meet(&sample(9, [one.into()]), &sample(9, [other.into()]));
            let first = Reading::ALL
                .into_iter()
                .find(|&reading| meeting.both(reading) == 1);
            assert_eq!(first, Some(expected), "{one:?} and {other:?}");
            assert_eq!(meeting.both(Reading::Loosest), 1, "{one:?} and {other:?}");
        }
    }

    #[test]
    fn what_is_nothing_but_punctuation_is_nobody() {
        assert!(sample(9, ["-".into(), " ".into(), String::new(), "??".into()]).is_empty());
    }
}
