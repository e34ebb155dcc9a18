//! What the spelling of IDs hides, in words.

use super::{Warning, number};
use crate::error::{Phrase, Piece, Setting};
use crate::estimate::Estimate;
use crate::id::{IdDomain, Place};

/// A whole number of users with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WholeEstimate {
    /// The most likely value.
    pub value: u64,
    /// The lower end of the interval.
    pub lower: u64,
    /// The upper end of the interval.
    pub upper: u64,
}

impl WholeEstimate {
    /// An estimate in whole users.
    #[must_use]
    pub fn of(estimate: Estimate) -> Self {
        // Users are far below 2^53.
        Self {
            value: estimate.value.round() as u64,
            lower: estimate.lower.round() as u64,
            upper: estimate.upper.round() as u64,
        }
    }

    /// `3,001`, or `3,001 (2,950 to 3,052)`.
    #[must_use]
    pub fn words(self) -> String {
        let whole = |number: u64| number::whole(number as f64);
        let value = whole(self.value);
        match self.lower == self.upper {
            true => value,
            false => format!("{value} ({} to {})", whole(self.lower), whole(self.upper)),
        }
    }
}

/// The sentence of a warning about spelling.
pub(super) fn phrase(warning: &Warning) -> Phrase {
    match warning {
        Warning::Spelling {
            a,
            b,
            written,
            loosened,
            reading,
            remedy,
        } => {
            let mut pieces = vec![Piece::from(format!(
                "{a} and {b} seem to write the same ids differently: they share {} as written, but {} if {}; ",
                written.words(),
                loosened.words(),
                reading.condition(),
            ))];
            if remedy.is_empty() {
                pieces.push("bring both to one form before they are exported".into());
            } else {
                pieces.push("bring both to one form with ".into());
                pieces.extend(remedy.iter().cloned());
            }
            pieces.into()
        }
        Warning::Placeholder {
            a,
            b,
            form,
            percent_of_a,
            percent_of_b,
        } => Phrase::from([
            format!(
                "{a} and {b} share an id that is likely a placeholder ({form}): {percent_of_a} % of the rows of {a} have it, {percent_of_b} % of those of {b}; it counts as one user, whom "
            )
            .into(),
            Setting::Where.into(),
            " or, in text files, ".into(),
            Setting::Null.into(),
            " leaves out".into(),
        ]),
        Warning::ForeignHash {
            image,
            other,
            id_type,
            remedy,
        } => foreign(image, other, *id_type, remedy),
        _ => Phrase::from(""),
    }
}

/// What may be the matter with a sketch of another program that meets nobody.
fn foreign(image: &str, other: &str, id_type: Option<IdDomain>, remedy: &[Piece]) -> Phrase {
    let mut pieces = vec![Piece::from(format!(
        "{image} was sketched by another program and shares next to nobody with {other}: "
    ))];
    if let [setting] = remedy {
        pieces.extend([
            format!(
                "its ids were hashed in another form, and ids of {other} are found in it with "
            )
            .into(),
            setting.clone(),
        ]);
        return pieces.into();
    }
    pieces.push("if it should, its ids may have been hashed in another form, ".into());
    pieces.extend(match id_type {
        Some(IdDomain::Integer) => vec![
            "as text (".into(),
            Setting::Cast.to("string"),
            " hashes numbers so) or with another seed".into(),
        ],
        Some(IdDomain::Text) => vec![
            "as numbers (".into(),
            Setting::Cast.to("integer"),
            "), as UTF-16 (".into(),
            Setting::Hash.to("murmur3-utf16"),
            "), or with another seed".into(),
        ],
        Some(IdDomain::Binary) | None => {
            vec!["such as text instead of numbers, or with another seed".into()]
        }
    });
    pieces.into()
}

/// That one side may hold digests of the other's IDs.
pub(super) fn forms(a: &str, b: &str, [ours, theirs]: &[String; 2]) -> String {
    format!(
        "{a} and {b} share next to nobody, and their ids look different: {ours} in {a}, {theirs} in {b}; if one side holds digests of the other's ids, diagnose finds out which and by what rules"
    )
}

/// That a side's numbers were rounded.
pub(super) fn rounded(side: &str) -> String {
    format!(
        "the ids of {side} were rounded on their way, as floating point does with whole numbers above 2^53: their last digits are lost, different users may have become one, and the ids meet no exact ones; export them as whole numbers or text"
    )
}

/// How many IDs a rule couldn't read, and where they begin.
pub(super) fn unreadable(side: &str, ids: u64, first: Option<&Place>) -> String {
    let first = first.map_or_else(String::new, |place| format!(": the first is in {place}"));
    format!(
        "{} ids of {side} aren't what its rules of spelling read, and are counted as nulls{first}",
        number::whole(ids as f64)
    )
}
