//! Sketches of sets: HyperLogLog registers, a bottom-k sample and tallies.
//!
//! Sketches only hold data; estimates are computed in `estimate`. Must not know files or Arrow.

mod bottom_k;
mod foreseen;
mod frequency;
mod grid;
mod hyperloglog;
mod listed;
mod sketcher;

pub use bottom_k::BottomK;
pub use frequency::RowCounts;
pub use grid::{Grid, GridSketcher, NoisyGrid};
pub use hyperloglog::{HyperLogLog, Precision};
pub(crate) use listed::{ListedUsers, Members};
pub use sketcher::Sketcher;

use crate::error::{Error, ErrorKind, Result};
use crate::hash::{HashScheme, merge_schemes};
use crate::id::{IdBatch, IdDomain, IdSink, Profile, Tally, ensure_one_profile, merge_domains};
use crate::spelling::Spelling;
use std::ops::RangeInclusive;

/// The size of a sketch, which decides how accurate it is.
///
/// ```
/// use overlap::SketchOptions;
///
/// let options = SketchOptions::new(14, 4096)?;
/// assert_eq!(options.precision().get(), 14);
/// assert!(SketchOptions::new(3, 4096).is_err());
/// # Ok::<(), overlap::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SketchOptions {
    hash: HashScheme,
    precision: Precision,
    k: usize,
    is_at_hand: bool,
}

impl SketchOptions {
    /// The sample sizes that are allowed: below 16 an interval says nothing, above 2^24 an exact
    /// count needs less memory.
    pub const K_RANGE: RangeInclusive<usize> = 1 << 4..=1 << 24;

    /// The least there is: for trying whether IDs can be sketched at all.
    pub(crate) const SMALLEST: Self = Self {
        hash: HashScheme::Xxh3,
        precision: Precision::SMALLEST,
        k: *Self::K_RANGE.start(),
        is_at_hand: false,
    };

    /// 2^`precision` registers beside a sample of `k` hashes.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Usage`] outside [`Precision::RANGE`] and [`Self::K_RANGE`].
    pub fn new(precision: u8, k: usize) -> Result<Self> {
        if !Self::K_RANGE.contains(&k) {
            let (least, most) = (Self::K_RANGE.start(), Self::K_RANGE.end());
            return Err(Error::usage(format!(
                "k is {k}, but must be {least} to {most}"
            )));
        }
        Ok(Self {
            hash: HashScheme::default(),
            precision: Precision::new(precision)?,
            k,
            is_at_hand: false,
        })
    }

    /// The same sizes with another hash.
    #[must_use]
    pub const fn with_hash(self, hash: HashScheme) -> Self {
        Self { hash, ..self }
    }

    /// The same for data that is compared at once and not stored: where all sides are such, the
    /// engine gives them a sample as large as memory allows, up to 2^20 hashes, and never a smaller
    /// one than `k`.
    #[must_use]
    pub const fn at_hand(self) -> Self {
        Self {
            is_at_hand: true,
            ..self
        }
    }

    /// Whether [`Self::at_hand`] was asked for.
    #[must_use]
    pub const fn is_at_hand(self) -> bool {
        self.is_at_hand
    }

    /// The same with another sample size, which is in range.
    pub(crate) const fn with_k(self, k: usize) -> Self {
        Self { k, ..self }
    }

    /// The hash that IDs go through.
    #[must_use]
    pub const fn hash(self) -> HashScheme {
        self.hash
    }

    /// log2 of the number of registers.
    #[must_use]
    pub const fn precision(self) -> Precision {
        self.precision
    }

    /// How many spellings the loose sample keeps: at the default size 512, of which a stored sketch grows by a
    /// twentieth.
    #[must_use]
    pub const fn spellings(self) -> usize {
        const LEAST: usize = 64;
        const MOST: usize = 1024;
        let share = self.k / 128;
        if share < LEAST {
            LEAST
        } else if share > MOST {
            MOST
        } else {
            share
        }
    }

    /// The largest number of hashes in the sample; sets of up to `k` users are exact.
    #[must_use]
    pub const fn k(self) -> usize {
        self.k
    }
}

impl Default for SketchOptions {
    /// 2^16 registers (64 KiB, within a core's second-level cache) and 65,536 hashes.
    fn default() -> Self {
        Self {
            hash: HashScheme::default(),
            precision: Precision::DEFAULT,
            k: 1 << 16,
            is_at_hand: false,
        }
    }
}

/// The sketch of a set of users.
///
/// Two sketches of the same users are equal, whatever the files, batches, threads and order in
/// which the users came, but for their [`Tally`]. A sketch that another program made may have only
/// one of its two parts, and no record of rows. Its [`Spelling`] is evidence beside the set
/// and no part of its equality.
#[derive(Clone, Debug)]
pub struct Sketch {
    scheme: HashScheme,
    domain: Option<IdDomain>,
    profile: Profile,
    registers: Option<HyperLogLog>,
    sample: Option<BottomK>,
    tally: Option<Tally>,
    spelling: Option<Box<Spelling>>,
    /// Which listed users it has, while such sides are compared; never stored.
    members: Option<Box<Members>>,
}

impl PartialEq for Sketch {
    fn eq(&self, other: &Self) -> bool {
        self.scheme == other.scheme
            && self.domain == other.domain
            && self.registers == other.registers
            && self.sample == other.sample
            && self.tally == other.tally
    }
}

impl Eq for Sketch {}

impl Sketch {
    /// The sketch of no users: the identity of [`Self::merge`].
    #[must_use]
    pub fn empty(options: SketchOptions) -> Self {
        Sketcher::new(options).finish(Tally::default())
    }

    /// The sketch of IDs in memory.
    ///
    /// ```
    /// use overlap::{Sketch, SketchOptions, id::IdBatch};
    ///
    /// let sketch = Sketch::of(IdBatch::Integers(&[1, 2, 2, 3]), SketchOptions::default())?;
    /// assert_eq!(sketch.sample().map(|sample| sample.hashes().len()), Some(3));
    /// # Ok::<(), overlap::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Sketcher`].
    pub fn of(batch: IdBatch<'_>, options: SketchOptions) -> Result<Self> {
        let mut sketcher = Sketcher::new(options);
        sketcher.push(batch)?;
        Ok(sketcher.finish(Tally {
            rows: batch.len() as u64,
            nulls: 0,
        }))
    }

    /// A sketch from its parts, such as those in a file; `None` for what isn't known.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] if there is neither registers nor a sample, or if one of them is of
    /// another scheme.
    pub fn from_parts(
        scheme: HashScheme,
        domain: Option<IdDomain>,
        registers: Option<HyperLogLog>,
        sample: Option<BottomK>,
        tally: Option<Tally>,
    ) -> Result<Self> {
        if registers.is_none() && sample.is_none() {
            return Err(Error::input("a sketch without registers and sample"));
        }
        let other_registers = registers.as_ref().is_some_and(|r| r.scheme() != scheme);
        let other_sample = (sample.as_ref()).is_some_and(|s| s.bits() != scheme.sample_bits());
        if other_registers || other_sample {
            return Err(Error::input("a sketch with parts of different hashes"));
        }
        Ok(Self {
            scheme,
            domain,
            profile: Profile::default(),
            registers,
            sample,
            tally,
            spelling: None,
            members: None,
        })
    }

    /// The same sketch with what is known of how its IDs are written.
    #[must_use]
    pub fn with_spelling(self, spelling: Option<Spelling>) -> Self {
        Self {
            spelling: spelling.map(Box::new),
            ..self
        }
    }

    /// The same sketch with what is known of which listed users it has.
    pub(crate) fn with_members(self, members: Members) -> Self {
        Self {
            members: Some(Box::new(members)),
            ..self
        }
    }

    /// Which listed users it has, where that is known.
    pub(crate) fn members(&self) -> Option<&Members> {
        self.members.as_deref()
    }

    /// Whether all of its users are listed, so that what it shares with the sides beside it is exact.
    pub(crate) fn is_listed(&self) -> bool {
        self.members().is_some_and(Members::is_listed)
    }

    /// How the IDs are written, as far as that is known; `None` if it wasn't recorded.
    #[must_use]
    pub fn spelling(&self) -> Option<&Spelling> {
        self.spelling.as_deref()
    }

    /// The same users, without the record of rows.
    #[must_use]
    pub fn without_tally(self) -> Self {
        Self {
            tally: None,
            ..self
        }
    }

    /// The same users, whose IDs were brought to one form as `profile` says.
    #[must_use]
    pub fn with_profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// Turns this sketch into that of the union of both sets. Commutative, associative and
    /// idempotent (but for the tally, which adds up); different precisions and k fold to the
    /// lower. What one of them lacks, registers, sample or tally, their union lacks too.
    ///
    /// # Errors
    /// [`ErrorKind::Incomparable`] if the hashes or the domains of the IDs differ, or if one has
    /// nothing but registers and the other nothing but a sample; this sketch is then unharmed.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        self.ensure_comparable(other)?;
        if self.domain.is_none() {
            self.profile = other.profile.clone();
        }
        self.domain = self.domain.or(other.domain);
        self.registers = both(self.registers.take(), other.registers.as_ref(), |a, b| {
            a.merge(b);
        });
        self.sample = both(self.sample.take(), other.sample.as_ref(), BottomK::merge);
        self.tally = both(self.tally, other.tally.as_ref(), |a, b| *a += *b);
        self.spelling = both(self.spelling.take(), other.spelling.as_ref(), |a, b| {
            a.merge(b);
        });
        let theirs = other.members.as_ref();
        let ours = self.members.take();
        let ours = ours.filter(|ours| theirs.is_some_and(|theirs| ours.is_of_list_of(theirs)));
        self.members = both(ours, theirs, |ours, theirs| ours.join(theirs));
        Ok(())
    }

    /// Whether this sketch and another can be merged and compared.
    ///
    /// # Errors
    /// Those of [`Self::merge`].
    pub fn ensure_comparable(&self, other: &Self) -> Result<()> {
        merge_schemes(self.scheme, other.scheme)?;
        if merge_domains(self.domain, other.domain)?.is_some() && self.domain == other.domain {
            // Without a domain there were no IDs, or their kind isn't recorded.
            ensure_one_profile(&self.profile, &other.profile)?;
        }
        let registers = self.registers.is_some() && other.registers.is_some();
        if registers || (self.sample.is_some() && other.sample.is_some()) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Incomparable,
            "registers alone (an HLL sketch) can't be compared with a sample alone (a theta sketch)",
        )
        .hint("use sketches of one kind, or such as have both parts"))
    }

    /// The hash that the IDs went through.
    #[must_use]
    pub const fn hash(&self) -> HashScheme {
        self.scheme
    }

    /// The domain of the IDs; `None` as long as there was no ID.
    #[must_use]
    pub const fn domain(&self) -> Option<IdDomain> {
        self.domain
    }

    /// How the IDs were brought to one form.
    #[must_use]
    pub const fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The HyperLogLog part; `None` if another program left it out.
    #[must_use]
    pub const fn registers(&self) -> Option<&HyperLogLog> {
        self.registers.as_ref()
    }

    /// The MinHash part; `None` if another program left it out.
    #[must_use]
    pub const fn sample(&self) -> Option<&BottomK> {
        self.sample.as_ref()
    }

    /// Rows and nulls that were sketched; `None` if they weren't recorded.
    #[must_use]
    pub const fn tally(&self) -> Option<Tally> {
        self.tally
    }

    /// Whether the sample is the whole set, so that every answer from it is exact (up to one
    /// collision of 48-bit hashes in about 2^49 / users²).
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.sample.as_ref().is_some_and(BottomK::is_exact)
    }

    /// Whether its sample holds fewer than k users of a larger set: what [`Sketcher::of_rows`]
    /// foresaw didn't come.
    pub(crate) fn is_short(&self) -> bool {
        self.sample.as_ref().is_some_and(BottomK::is_short)
    }

    /// The same with a sample of at most `k` hashes.
    pub(crate) fn with_k_at_most(mut self, k: usize) -> Self {
        if let Some(sample) = &mut self.sample {
            sample.cut_to(k);
        }
        self
    }
}

/// One part of a union, if both sides have it.
fn both<T>(ours: Option<T>, theirs: Option<&T>, merge: impl FnOnce(&mut T, &T)) -> Option<T> {
    let (mut ours, theirs) = (ours?, theirs?);
    merge(&mut ours, theirs);
    Some(ours)
}
