//! When are two values the same user?
//!
//! Knows the canonical form of an ID and the batches in which IDs travel from the scan to whoever
//! wants them. Must not know files, Arrow, hashes or sketches.

mod bytes;
mod cast;
mod integer;
mod normal;
mod place;

pub use bytes::{ByteIds, hex_to_bytes, uuid_to_text};
pub use cast::Cast;
pub(crate) use cast::not_read;
pub use integer::{IntegerForm, integer_to_text, text_to_integer};
pub(crate) use normal::base64_to_bytes;
pub use normal::{Digest, Normal, Normalizing, Profile, Region, Rule, ensure_one_profile};
pub use place::Place;

use crate::error::{Error, ErrorKind, Result, Setting};
use std::fmt;

/// The space in which IDs are equal or not. IDs of different domains are never the same user, so
/// sets of different domains can't be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IdDomain {
    /// Whole numbers of any width and sign, on one number line.
    Integer,
    /// Text, as its UTF-8 bytes.
    Text,
    /// Binary values, as their bytes.
    Binary,
}

impl IdDomain {
    /// The name that users see and type (`--as`).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Text => "string",
            Self::Binary => "binary",
        }
    }
}

impl fmt::Display for IdDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The domain of two sets together.
///
/// # Errors
/// [`ErrorKind::Incomparable`] if both are known and differ.
pub fn merge_domains(a: Option<IdDomain>, b: Option<IdDomain>) -> Result<Option<IdDomain>> {
    match (a, b) {
        (Some(a), Some(b)) if a != b => Err(Error::new(
            ErrorKind::Incomparable,
            format!("{a} ids can't be compared with {b} ids"),
        )
        .hint([
            "sketch the data of both again with ".into(),
            Setting::Cast.to("string"),
        ])),
        _ => Ok(a.or(b)),
    }
}

/// Canonical IDs, borrowed from whoever read them. Nulls are not among them; an ID may come any
/// number of times.
///
/// The canonical bytes of an ID, which decide identity and are hashed, are
/// * for an integer that an `i64` holds its 8 bytes, little-endian two's complement;
/// * for any other integer (`u64` from 2^63 up, wide decimals) its 16 bytes as `i128`, likewise;
/// * for text and binary values the bytes themselves (the empty one is an ID like any other).
#[derive(Clone, Copy, Debug)]
pub enum IdBatch<'a> {
    /// Integers that an `i64` holds.
    Integers(&'a [i64]),
    /// Integers that no `i64` holds.
    WideIntegers(&'a [i128]),
    /// Text as its UTF-8 bytes.
    Text(ByteIds<'a>),
    /// Binary values.
    Binary(ByteIds<'a>),
}

impl IdBatch<'_> {
    /// The domain of these IDs.
    #[must_use]
    pub const fn domain(&self) -> IdDomain {
        match self {
            Self::Integers(_) | Self::WideIntegers(_) => IdDomain::Integer,
            Self::Text(_) => IdDomain::Text,
            Self::Binary(_) => IdDomain::Binary,
        }
    }

    /// How many IDs, repeated ones counted each time.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::Integers(ids) => ids.len(),
            Self::WideIntegers(ids) => ids.len(),
            Self::Text(ids) | Self::Binary(ids) => ids.len(),
        }
    }

    /// Whether there is no ID in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Rows that were read, and how many of them held no ID.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Values read, nulls among them.
    pub rows: u64,
    /// Values that were null.
    pub nulls: u64,
}

impl Tally {
    /// Rows that held an ID.
    #[must_use]
    pub const fn ids(self) -> u64 {
        self.rows - self.nulls
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        // Stored tallies may say anything, as often as they like.
        self.rows = self.rows.saturating_add(other.rows);
        self.nulls = self.nulls.saturating_add(other.nulls).min(self.rows);
    }
}

impl std::iter::Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |mut sum, tally| {
            sum += tally;
            sum
        })
    }
}

/// Pages that were read, and those of them whose checksums were checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageChecks {
    /// Pages of IDs (and of segment columns), dictionaries among them.
    pub pages: u64,
    /// Pages that carried a checksum, which was right.
    pub checked: u64,
    /// Nulls by the footers and by the pages, if all footers tell and it isn't the same.
    pub nulls_differ: Option<NullCounts>,
    /// Nulls of delimited text that were written as a text that was said to mean null.
    pub named_nulls: u64,
    /// IDs that a rule of normalisation couldn't read.
    pub unreadable: u64,
    /// The first of these, if it could be found again.
    pub first_unreadable: Option<Place>,
    /// Rows where a segment column of the file says something else than the path, counted once for
    /// each such column.
    pub path_differs: u64,
    /// Rows that a filter took.
    pub taken: u64,
    /// Rows that a filter left out, of all files whose rows are known.
    pub left_out: u64,
    /// Files whose rows aren't known, and which a filter ruled out by their paths, unread.
    pub files_left_out: u64,
}

/// Two opinions on how many IDs are null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NullCounts {
    /// By the statistics in the footers.
    pub told: u64,
    /// By the pages.
    pub read: u64,
}

impl std::ops::AddAssign for PageChecks {
    fn add_assign(&mut self, other: Self) {
        self.pages += other.pages;
        self.checked += other.checked;
        self.nulls_differ = self.nulls_differ.or(other.nulls_differ);
        self.named_nulls += other.named_nulls;
        self.unreadable += other.unreadable;
        self.first_unreadable = self.first_unreadable.take().or(other.first_unreadable);
        self.path_differs += other.path_differs;
        self.taken += other.taken;
        self.left_out += other.left_out;
        self.files_left_out += other.files_left_out;
    }
}

/// Whoever wants IDs: a sketcher, an exact counter, a spy in a test. The scan pushes batches into
/// it and knows nothing more about it.
pub trait IdSink: Send {
    /// Takes in one batch. Batches may come in any order and in any cut.
    ///
    /// # Errors
    /// Whatever the sink can't do: a memory limit ([`crate::ErrorKind::Limit`]), or a domain other
    /// than that of earlier batches ([`crate::ErrorKind::Incomparable`]).
    fn push(&mut self, batch: IdBatch<'_>) -> Result<()>;

    /// Whether it matters how often an ID comes. If not, a scan that knows that rows hold the same
    /// ID may push it once.
    fn counts_repeats(&self) -> bool {
        true
    }

    /// Takes in IDs of a dictionary: each comes once, whatever rows have it.
    ///
    /// # Errors
    /// Those of [`Self::push`].
    fn push_entries(&mut self, batch: IdBatch<'_>) -> Result<()> {
        self.push(batch)
    }

    /// How far it is to the next row that the sink wants to see beside the entries of a dictionary, at
    /// least 1; `None` if it wants none.
    fn row_gap(&mut self) -> Option<usize> {
        None
    }

    /// Takes in the IDs of rows at those distances. They are pushed as entries too.
    fn note_rows(&mut self, batch: IdBatch<'_>) {
        let _ = batch;
    }
}
