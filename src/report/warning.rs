//! What to know before trusting the numbers: data, a stable name, and a sentence.

use super::{WholeEstimate, noisy, number, spelling};
use crate::error::{Phrase, Piece, Setting};
use crate::id::{IdDomain, NullCounts, Place};
use crate::spelling::Reading;

/// One of the two parts of a sketch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SketchPart {
    /// The HyperLogLog registers.
    Registers,
    /// The MinHash sample.
    Sample,
}

/// Something to know before trusting the numbers, with the data to put it into words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// A side has no ID.
    NoUsers {
        /// The side.
        side: String,
        /// Its rows; all of them are null.
        rows: u64,
    },
    /// A file was named more than once for one side and is read once.
    RepeatedInput {
        /// The side.
        side: String,
        /// The file.
        file: String,
    },
    /// Two sides are the same files.
    SameInput {
        /// The first side.
        a: String,
        /// The second side.
        b: String,
    },
    /// A side was said to have one row a user, but its sketch says otherwise.
    NotUnique {
        /// The side.
        side: String,
        /// Its rows with an ID.
        ids: u64,
    },
    /// A side's sketch was made by another program and has one of its two parts alone.
    PartMissing {
        /// The side.
        side: String,
        /// What it lacks.
        part: SketchPart,
    },
    /// The sketches have different sizes, and were compared at the smallest one.
    Folded {
        /// Every precision there is, ascending.
        precisions: Vec<u8>,
        /// Every k there is, ascending.
        ks: Vec<usize>,
    },
    /// The footers of a side's files state another number of nulls than was read.
    NullsDiffer {
        /// The side.
        side: String,
        /// The number stated, and the number read.
        nulls: NullCounts,
    },
    /// Rows of a side hold a text that was said to mean null where an ID would be.
    NamedNulls {
        /// The side.
        side: String,
        /// Number of rows.
        rows: u64,
    },
    /// A rule couldn't read some of a side's IDs, which count as nulls.
    Unreadable {
        /// The side.
        side: String,
        /// Number of IDs.
        ids: u64,
        /// Where the first of them stands, if it was found.
        first: Option<Place>,
    },
    /// Rows of a side without a day are left out of its trend.
    NoDay {
        /// The side.
        side: String,
        /// Number of rows; 0 if a sketch doesn't record it.
        rows: u64,
    },
    /// A segment column of a side is in its path and in its files, which say something else.
    PathDiffers {
        /// The side.
        side: String,
        /// Number of rows, counted once for each column.
        rows: u64,
    },
    /// Two sides share more users than their IDs say as they are written, as soon as less of the spelling
    /// counts.
    Spelling {
        /// The first side.
        a: String,
        /// The second side.
        b: String,
        /// The overlap as the IDs are written.
        written: WholeEstimate,
        /// The overlap under the looser reading.
        loosened: WholeEstimate,
        /// What counts then.
        reading: Reading,
        /// The settings that bring both sides to one form; empty if none is known.
        remedy: Vec<Piece>,
    },
    /// Two sides share next to nobody, and the IDs of at least one of them look like digests or UUIDs, those of the other
    /// don't, or are of another length.
    Forms {
        /// The first side.
        a: String,
        /// The second side.
        b: String,
        /// What the IDs of both look like.
        forms: [String; 2],
    },
    /// A side's IDs are large numbers that were rounded, as a double does: different users may have become one.
    Rounded {
        /// The side.
        side: String,
    },
    /// A side was read from sketches that don't record how their IDs are written.
    NoSpelling {
        /// The side.
        side: String,
    },
    /// Both sides have an ID in so many rows that it is likely a placeholder and not one user.
    Placeholder {
        /// The first side.
        a: String,
        /// The second side.
        b: String,
        /// What the ID looks like, without the ID itself.
        form: String,
        /// Its share of the first side's rows with an ID, in percent.
        percent_of_a: u8,
        /// Its share of the second side's.
        percent_of_b: u8,
    },
    /// A sketch of another program and another side share nobody, or next to nobody: its IDs may have been hashed in
    /// another form.
    ForeignHash {
        /// The side whose sketch another program made.
        image: String,
        /// The other side.
        other: String,
        /// What the IDs of the other side are, if it tells.
        id_type: Option<IdDomain>,
        /// The setting under which IDs of the other side were found in the sketch; empty if none was.
        remedy: Vec<Piece>,
    },
    /// A side is a sketch with noise.
    Noisy {
        /// The side.
        side: String,
        /// The ε of the noise, in millionths.
        millionths: u64,
    },
    /// The numbers have noise, and every further answer about the same users costs as much again.
    Spent {
        /// The ε of this answer, in millionths.
        millionths: u64,
        /// What the ledger has left, in millionths, if there is one.
        left_millionths: Option<u64>,
    },
    /// The sample saw no common user of some pairs, and their intervals reach 0.
    NotResolvable {
        /// Both sides of each pair.
        pairs: Vec<(String, String)>,
    },
}

impl Warning {
    /// A stable name for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoUsers { .. } => "no_users",
            Self::RepeatedInput { .. } => "repeated_input",
            Self::SameInput { .. } => "same_input",
            Self::NotUnique { .. } => "not_unique",
            Self::PartMissing { .. } => "part_missing",
            Self::Folded { .. } => "folded",
            Self::NullsDiffer { .. } => "nulls_differ",
            Self::NamedNulls { .. } => "named_nulls",
            Self::Unreadable { .. } => "unreadable",
            Self::NoDay { .. } => "no_day",
            Self::PathDiffers { .. } => "path_differs",
            Self::Spelling { .. } => "spelling",
            Self::Placeholder { .. } => "placeholder",
            Self::Forms { .. } => "forms",
            Self::Rounded { .. } => "rounded",
            Self::NoSpelling { .. } => "no_spelling",
            Self::ForeignHash { .. } => "foreign_hash",
            Self::Noisy { .. } => "noisy",
            Self::Spent { .. } => "spent",
            Self::NotResolvable { .. } => "not_resolvable",
        }
    }

    /// A sentence for people.
    #[must_use]
    pub fn text(&self) -> String {
        self.phrase().worded(Piece::to_string)
    }

    /// The sentence in pieces, for programs that have names of their own for a [`Setting`].
    #[must_use]
    pub fn phrase(&self) -> Phrase {
        let text = match self {
            Self::Spelling { .. } | Self::Placeholder { .. } | Self::ForeignHash { .. } => {
                return spelling::phrase(self);
            }
            Self::NotUnique { side, ids } => return not_unique(side, *ids),
            Self::NotResolvable { pairs } => return not_resolvable(pairs),
            Self::NoSpelling { side } => format!(
                "the sketches of {side} say nothing of how its ids are written: sketch the data again, or name the data"
            ),
            Self::Forms { a, b, forms } => spelling::forms(a, b, forms),
            Self::Rounded { side } => spelling::rounded(side),
            Self::NoUsers { side, rows: 0 } => format!("{side} has no rows"),
            Self::NoUsers { side, rows } => {
                format!(
                    "{side} has no users: all of its {} ids are null",
                    number::whole(*rows as f64)
                )
            }
            Self::RepeatedInput { side, file } => {
                format!("{side} names {file} more than once; it is read once")
            }
            Self::Noisy { side, millionths } => noisy::warning(side, *millionths),
            Self::Spent {
                millionths,
                left_millionths,
            } => noisy::spent(*millionths, *left_millionths),
            Self::SameInput { a, b } => format!("{a} and {b} are the same files"),
            Self::PartMissing { side, part } => match part {
                SketchPart::Registers => format!(
                    "{side} is a theta sketch alone: its numbers come from the sample, without registers"
                ),
                SketchPart::Sample => format!(
                    "{side} is an HLL sketch alone: its numbers come from the registers, without a sample, and small overlaps can't be estimated"
                ),
            },
            Self::Folded { precisions, ks } => folded(precisions, ks),
            Self::NullsDiffer { side, nulls } => format!(
                "the footers of {side} state {} nulls, but {} were read: the files may be damaged, or their writer miscounts",
                number::whole(nulls.told as f64),
                number::whole(nulls.read as f64)
            ),
            Self::NamedNulls { side, rows } => format!(
                "{} rows of {side} hold a text that was named as null, and are counted as nulls",
                number::whole(*rows as f64)
            ),
            Self::Unreadable { side, ids, first } => {
                spelling::unreadable(side, *ids, first.as_ref())
            }
            Self::NoDay { side, rows } => format!(
                "{} rows of {side} have no day and are left out",
                number::whole(*rows as f64)
            ),
            Self::PathDiffers { side, rows } => format!(
                "in {} rows of {side} a segment column says something else than the name of the folder, which is what counts",
                number::whole(*rows as f64)
            ),
        };
        text.into()
    }
}

/// How sketches of different sizes are compared.
fn folded(precisions: &[u8], ks: &[usize]) -> String {
    fn list<T: ToString>(values: &[T]) -> String {
        let values: Vec<String> = values.iter().map(T::to_string).collect();
        values.join(", ")
    }
    let mut parts = Vec::new();
    if let [least, _, ..] = precisions {
        parts.push(format!("p = {}, compared at {least}", list(precisions)));
    }
    if let [_, _, ..] = ks {
        parts.push(format!("k = {}, compared below the lower theta", list(ks)));
    }
    format!("the sketches are of different sizes: {}", parts.join("; "))
}

fn not_unique(side: &str, ids: u64) -> Phrase {
    let ids = number::whole(ids as f64);
    Phrase::from([
        format!("{side} has {ids} rows with an id, which can't be as many users: ").into(),
        Setting::Unique.into(),
        " is left out for it".into(),
    ])
}

/// Which overlaps have an upper bound alone: of many sides most pairs may, so that few are named.
fn not_resolvable(pairs: &[(String, String)]) -> Phrase {
    const NAMED_MAX: usize = 3;
    let named = pairs.iter().take(NAMED_MAX);
    let named: Vec<String> = named.map(|(a, b)| format!("{a} and {b}")).collect();
    let more = pairs.len() - named.len();
    let text = match (named.as_slice(), more) {
        ([pair], 0) => format!(
            "the overlap of {pair} is too small for this sketch: only its upper bound means something; a larger "
        ),
        (pairs, 0) => format!(
            "the overlaps of {} are too small for this sketch: only their upper bounds mean something; a larger ",
            pairs.join(", of ")
        ),
        (pairs, more) => format!(
            "the overlaps of {}, and of {} more pairs are too small for this sketch: only their upper bounds mean something; a larger ",
            pairs.join(", of "),
            number::whole(more as f64)
        ),
    };
    Phrase::from([text.into(), Setting::K.into(), " resolves more".into()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_pairs_without_a_common_user_few_are_named() {
        let text = |count: usize| {
            let pair = |i: usize| ("a".to_string(), format!("b{i}"));
            let pairs = (0..count).map(pair).collect();
            Warning::NotResolvable { pairs }.text()
        };
        let end = "too small for this sketch: only its upper bound means something; a larger `k` resolves more";
        assert_eq!(text(1), format!("the overlap of a and b0 is {end}"));
        assert!(text(3).starts_with("the overlaps of a and b0, of a and b1, of a and b2 are too"));
        let many = text(1_203);
        assert!(many.starts_with(
            "the overlaps of a and b0, of a and b1, of a and b2, and of 1,200 more pairs are too"
        ));
        assert!(!many.contains("b3"));
    }
}
