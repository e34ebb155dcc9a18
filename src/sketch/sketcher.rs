//! The `IdSink` that hashes a batch once and feeds registers and sample from it.

use super::foreseen::Sampler;
use super::listed::{ListedUsers, Meeting};
use super::{HyperLogLog, RowCounts, Sketch, SketchOptions};
use crate::error::{Error, ErrorKind, Result, Setting};
use crate::hash::{BatchHasher, Filter, HashScheme, HashSink, Kernel, hash_words};
use crate::id::{IdBatch, IdDomain, IdSink, Profile, Tally, merge_domains};
use crate::key::Key;
use crate::spelling::Speller;
use std::sync::Arc;

/// A sketch in the making: push IDs in any order and cut, then [`finish`](Self::finish).
///
/// ```
/// use overlap::id::{IdBatch, IdSink};
/// use overlap::{SketchOptions, Sketcher, Tally};
///
/// let mut sketcher = Sketcher::new(SketchOptions::default());
/// sketcher.push(IdBatch::Integers(&[3, 1]))?;
/// sketcher.push(IdBatch::Integers(&[2, 3]))?;
/// let sketch = sketcher.finish(Tally { rows: 5, nulls: 1 });
/// assert_eq!(sketch.sample().map(|sample| sample.hashes().len()), Some(3));
/// # Ok::<(), overlap::Error>(())
/// ```
#[derive(Debug)]
pub struct Sketcher {
    domain: Option<IdDomain>,
    profile: Profile,
    hasher: BatchHasher,
    parts: Parts,
    spelling: Speller,
}

impl Sketcher {
    /// A sketch of nothing yet.
    #[must_use]
    pub fn new(options: SketchOptions) -> Self {
        Self::on(Kernel::best(), options)
    }

    /// A sketch of nothing yet, using the given kernel. Every kernel gives the same sketch.
    #[must_use]
    pub fn on(kernel: Kernel, options: SketchOptions) -> Self {
        Self::new_on(kernel, options, None)
    }

    /// A sketch of nothing yet, of a side of so many rows, of which this sketcher may take in any
    /// part. A large sample costs little more than a small one so, as long as users seldom come
    /// again; of others it may keep [`Self::K_OF_REPEATS`] hashes, or be [short](Sketch::is_short).
    pub(crate) fn of_rows(options: SketchOptions, rows: u64) -> Self {
        Self::new_on(Kernel::best(), options, Some(rows))
    }

    /// See [`Sampler::ROWS_A_USER_MAX`].
    pub(crate) const ROWS_A_USER_MAX: f64 = Sampler::ROWS_A_USER_MAX;

    /// See [`Sampler::K_OF_REPEATS`].
    pub(crate) const K_OF_REPEATS: usize = Sampler::K_OF_REPEATS;

    fn new_on(kernel: Kernel, options: SketchOptions, rows: Option<u64>) -> Self {
        Self {
            domain: None,
            profile: Profile::default(),
            hasher: BatchHasher::new(kernel),
            parts: Parts {
                scheme: options.hash(),
                registers: HyperLogLog::new(options.hash(), options.precision()),
                sample: Sampler::new(options.hash().sample_bits(), options.k(), rows),
                candidate_mask: 0,
                candidates: 0,
                sampled: Vec::new(),
                rows: None,
                listing: Listing::None,
            },
            spelling: Speller::new(options.spellings()),
        }
    }

    /// The same sketcher under a secret key, before anything is pushed: IDs go through SipHash-2-4.
    ///
    /// ```
    /// use overlap::id::{IdBatch, IdSink};
    /// use overlap::{HashScheme, Key, SketchOptions, Sketcher, Tally};
    ///
    /// let key = Key::generate()?;
    /// let mut sketcher = Sketcher::new(SketchOptions::default()).with_key(&key);
    /// sketcher.push(IdBatch::Integers(&[3, 1]))?;
    /// let sketch = sketcher.finish(Tally { rows: 2, nulls: 0 });
    /// assert_eq!(sketch.hash(), HashScheme::Keyed(key.fingerprint()));
    /// # Ok::<(), overlap::Error>(())
    /// ```
    #[must_use]
    pub fn with_key(mut self, key: &Key) -> Self {
        let scheme = HashScheme::Keyed(key.fingerprint());
        if self.parts.scheme.sample_bits() != scheme.sample_bits() {
            let k = self.parts.sample.k();
            self.parts.sample = Sampler::new(scheme.sample_bits(), k, None);
        }
        self.parts.scheme = scheme;
        self.parts.registers = HyperLogLog::new(scheme, self.parts.registers.precision());
        self.hasher = self.hasher.with_key(Some(key.clone()));
        self
    }

    /// The same sketch of nothing yet, which also counts the rows of every sampled user.
    #[must_use]
    pub fn with_row_counts(mut self) -> Self {
        self.parts.rows = Some(RowCounts::new(self.parts.sample.k()));
        self
    }

    /// The same sketch of nothing yet, whose users are all listed: to be [taken](Self::take_listed) at the
    /// end. Their hashes go through XXH3 or SipHash.
    pub(crate) fn listing(mut self) -> Self {
        self.parts.listing = Listing::Gather(Vec::new());
        self
    }

    /// The same sketch of nothing yet, which knows at the end which listed users it has.
    pub(crate) fn meeting(mut self, listed: &Arc<ListedUsers>) -> Self {
        self.parts.listing = Listing::Meet(Meeting::new(listed));
        self
    }

    /// The hashes so far, with repeats, of a sketcher that is [`Self::listing`] them.
    pub(crate) fn take_listed(&mut self) -> Vec<u64> {
        match &mut self.parts.listing {
            Listing::Gather(hashes) => std::mem::take(hashes),
            Listing::None | Listing::Meet(_) => Vec::new(),
        }
    }

    /// The rows of every sampled user so far, if they are counted.
    #[must_use]
    pub fn take_row_counts(&mut self) -> Option<RowCounts> {
        self.parts.rows.take()
    }

    /// The sketch of all that was pushed; `tally` is what the caller read for it.
    #[must_use]
    pub fn finish(self, tally: Tally) -> Sketch {
        Sketch {
            scheme: self.parts.scheme,
            domain: self.domain,
            profile: self.profile,
            registers: Some(self.parts.registers),
            sample: Some(self.parts.sample.finish()),
            tally: Some(tally),
            spelling: Some(Box::new(self.spelling.finish())),
            members: match self.parts.listing {
                Listing::Meet(meeting) => Some(Box::new(meeting.finish())),
                Listing::None | Listing::Gather(_) => None,
            },
        }
    }

    /// Sets the profile: how the IDs that are pushed were brought to one form.
    pub fn set_profile(&mut self, profile: Profile) {
        self.profile = profile;
    }

    /// Sets the domain of the IDs before the first of them, or without any: two empty columns of
    /// different types must not be compared either.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Incomparable`] if earlier IDs were of another domain.
    pub fn set_domain(&mut self, domain: IdDomain) -> Result<()> {
        self.domain = merge_domains(self.domain, Some(domain))?;
        Ok(())
    }
}

/// IDs that are hashed, and then looked at as they are written.
const CHUNK: usize = 512;

impl Sketcher {
    fn hash(&mut self, batch: IdBatch<'_>) -> Result<()> {
        match self.parts.scheme {
            HashScheme::Xxh3 => self.hasher.hash(batch, &mut self.parts),
            // A sketch of a stored one's hash, by options alone, lacks the key.
            HashScheme::Keyed(wanted) => match self.hasher.key() {
                Some(key) if key.fingerprint() == wanted => {
                    self.hasher.hash(batch, &mut self.parts);
                }
                _ => {
                    let text = format!("ids can't be hashed without the key {wanted}");
                    return Err(Error::new(ErrorKind::Incomparable, text)
                        .hint(["name its ".into(), Setting::KeyFile.into()]));
                }
            },
            scheme @ (HashScheme::Murmur3 | HashScheme::Murmur3Utf16) => {
                hash_words(scheme, batch, |first, second| {
                    self.parts.take_words(first, second);
                })?;
            }
        }
        Ok(())
    }
}

impl IdSink for Sketcher {
    fn push(&mut self, batch: IdBatch<'_>) -> Result<()> {
        self.push_entries(batch)?;
        self.spelling.push_rows(batch);
        Ok(())
    }

    fn push_entries(&mut self, batch: IdBatch<'_>) -> Result<()> {
        self.set_domain(batch.domain())?;
        let (IdBatch::Text(ids) | IdBatch::Binary(ids)) = batch else {
            return self.hash(batch);
        };
        // While a few of them are in the first-level cache.
        for start in (0..ids.len()).step_by(CHUNK) {
            let some = ids.slice(start, ids.len().min(start + CHUNK));
            self.hash(match batch {
                IdBatch::Text(_) => IdBatch::Text(some),
                _ => IdBatch::Binary(some),
            })?;
            self.spelling.push_users(&some);
        }
        Ok(())
    }

    fn row_gap(&mut self) -> Option<usize> {
        Some(self.spelling.row_gap())
    }

    fn note_rows(&mut self, batch: IdBatch<'_>) {
        self.spelling.push_chosen_rows(batch);
    }

    fn counts_repeats(&self) -> bool {
        self.parts.rows.is_some()
    }
}

/// The parts of a sketch, which take in hashes.
#[derive(Debug)]
struct Parts {
    scheme: HashScheme,
    registers: HyperLogLog,
    sample: Sampler,
    /// See [`HyperLogLog::candidate_mask`]; out of date at most in the direction that costs time.
    candidate_mask: u64,
    /// Hashes taken since the mask was made.
    candidates: usize,
    /// A buffer for the hashes of a chunk that the sample wants.
    sampled: Vec<u64>,
    /// Rows per sampled user, if they are counted.
    rows: Option<RowCounts>,
    listing: Listing,
}

/// What a sketcher has to do with listed users.
#[derive(Debug)]
enum Listing {
    None,
    /// Its own are listed: all hashes, with repeats.
    Gather(Vec<u64>),
    /// It looks for those of others.
    Meet(Meeting),
}

/// Bits of an XXH3 hash below those that the sample keeps.
pub(super) const BELOW: u32 = u64::BITS - HashScheme::Xxh3.sample_bits();

impl Parts {
    /// Takes in both words of a MurmurHash3.
    #[inline]
    fn take_words(&mut self, first: u64, second: u64) {
        self.registers.insert_words(first, second);
        let sampled = first >> (u64::BITS - HashScheme::Murmur3.sample_bits());
        // DataSketches takes 0 for a free place and never keeps it.
        if sampled < self.sample.theta() && sampled > 0 {
            self.sample.insert(&mut [sampled]);
            if let Some(rows) = &mut self.rows {
                rows.count(std::iter::once(sampled), self.sample.theta());
            }
        }
    }
}

impl Parts {
    /// The hashes that may change registers or sample.
    fn candidates(&self) -> Filter {
        Filter {
            zeros: self.candidate_mask,
            // The last hash below θ; shifting out the only bit of θ = 1 leaves 0, and the last
            // hash of all is one less.
            most: (self.sample.theta() << BELOW).wrapping_sub(1),
        }
    }

    /// Takes in hashes of which those that aren't candidates change nothing.
    fn insert(&mut self, hashes: &[u64]) {
        let theta = self.sample.theta();
        self.sampled.resize(self.sampled.len().max(hashes.len()), 0);
        let mut count = 0;
        for &hash in hashes {
            self.registers.insert(hash);
            let sampled = hash >> BELOW;
            // Written always and kept by stepping on: nothing to predict.
            self.sampled[count] = sampled;
            count += usize::from(sampled < theta);
        }
        self.sample.insert(&mut self.sampled[..count]);
        self.candidates += hashes.len();
        // Finding the smallest register reads them all: worth it once per as many candidates.
        if self.candidates > self.registers.registers().len() {
            self.candidates = 0;
            self.candidate_mask = self.registers.candidate_mask();
        }
        if let Some(rows) = &mut self.rows {
            // All rows of sampled users are among the candidates.
            let sampled = hashes.iter().map(|hash| hash >> BELOW);
            rows.count(sampled, self.sample.theta());
        }
    }
}

impl HashSink for Parts {
    fn filter(&self) -> Filter {
        match self.listing {
            Listing::None => self.candidates(),
            Listing::Gather(_) | Listing::Meet(_) => Filter::ALL,
        }
    }

    fn take(&mut self, hashes: &[u64]) {
        if matches!(self.listing, Listing::None) {
            return self.insert(hashes);
        }
        // Apart from what hashes are inserted into, while they are.
        let mut listing = std::mem::replace(&mut self.listing, Listing::None);
        match &mut listing {
            Listing::None => {}
            Listing::Gather(all) => {
                all.extend_from_slice(hashes);
                self.insert(hashes);
            }
            Listing::Meet(meeting) => self.insert(meeting.meet(hashes, self.candidates())),
        }
        self.listing = listing;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    const USERS: i64 = if cfg!(miri) { 2_000 } else { 50_000 };

    fn sketch_of(ids: &[i64], batch_len: usize) -> Sketch {
        let mut sketcher = Sketcher::new(SketchOptions::new(6, 256).expect("in range"));
        for batch in ids.chunks(batch_len) {
            sketcher.push(IdBatch::Integers(batch)).expect("pushes");
        }
        sketcher.finish(Tally::default())
    }

    #[test]
    fn batches_and_order_change_nothing() {
        let ids: Vec<i64> = (0..USERS).collect();
        let reversed: Vec<i64> = ids.iter().rev().copied().collect();
        let expected = sketch_of(&ids, ids.len());
        assert_eq!(sketch_of(&ids, 7), expected);
        assert_eq!(sketch_of(&reversed, 1000), expected);
    }

    #[test]
    fn the_filter_loses_nothing() {
        let ids: Vec<i64> = (0..USERS).collect();
        let precision = SketchOptions::new(6, 256).expect("ok").precision();
        let mut registers = HyperLogLog::new(HashScheme::Xxh3, precision);
        ids.iter()
            .for_each(|&id| registers.insert(crate::hash::hash_integer(id)));
        assert_eq!(sketch_of(&ids, 100).registers(), Some(&registers));
    }

    #[test]
    fn ids_of_two_domains_never_meet() {
        let mut sketcher = Sketcher::new(SketchOptions::default());
        sketcher.set_domain(IdDomain::Text).expect("first");
        let error = sketcher
            .push(IdBatch::Integers(&[1]))
            .expect_err("integers into text");
        assert_eq!(error.kind(), ErrorKind::Incomparable);
    }
}
