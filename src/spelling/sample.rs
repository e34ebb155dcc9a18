//! The loose sample: the users with the smallest keys, under every reading.

use super::form::{self, READINGS, Reading, Scratch};
use super::key::key;
use crate::hash::hash_bytes;
use crate::id::ByteIds;
use std::collections::{BTreeMap, HashSet};

/// Which user, whatever the spelling: key and hash of the loosest reading.
pub(super) type Class = (u64, u64);

/// One spelling of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LooseUser {
    /// The hash under each reading but the loosest.
    hashes: [u64; READINGS],
    /// As it is written; empty if it comes from a file.
    value: Box<[u8]>,
}

impl LooseUser {
    /// As it is written, cut at [`LooseSample::VALUE_MAX`] bytes; empty if the sample was read from a file.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// The hash under a reading; under the loosest all spellings of a user are alike.
    pub(super) fn hash(&self, reading: Reading) -> u64 {
        self.hashes.get(reading as usize).copied().unwrap_or(0)
    }
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
    /// Spellings that are kept.
    pub const K: usize = 1024;

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
        let mut most = self.key_max();
        ids.for_each(|id| {
            let key = key(id, &mut self.scratch);
            if key <= most {
                self.insert(key, id);
                most = self.key_max();
            }
        });
    }

    fn key_max(&self) -> u64 {
        self.threshold.map_or(u64::MAX, |(key, _)| key)
    }

    #[inline(never)]
    fn insert(&mut self, key: u64, id: &[u8]) {
        let written = hash_bytes(id);
        if self.seen.contains(&written) {
            return;
        }
        let Some((hashes, loosest)) = form::hashes(id, &mut self.scratch) else {
            return;
        };
        if self
            .threshold
            .is_some_and(|threshold| (key, loosest) >= threshold)
        {
            return;
        }
        let value = id[..id.len().min(Self::VALUE_MAX)].into();
        self.seen.insert(written);
        self.users
            .insert((key, loosest, written), LooseUser { hashes, value });
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
