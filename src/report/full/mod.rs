//! Everything that one page shows: the answer of `overlap report`, as data.
//!
//! Its JSON (`overlap.report/1`, in `docs/json.md`) lies in every page. A page is made of nothing
//! else, so that a stored report gives the same page. Reports of other commands are read as parts of
//! it. Must not know HTML or pictures.

mod build;
mod fit;
mod number;
mod read;
#[cfg(test)]
mod tests;

pub use build::FullParts;
pub use fit::{FitDocument, HeldDocument};
pub use number::Number;

use serde::{Deserialize, Serialize};

/// What a page shows. Parts that were not asked for, or that the input can't give, are empty.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FullReport {
    /// `overlap.report/1`.
    pub schema: String,
    /// The version of the program that made it; empty if a report doesn't say.
    pub version: String,
    /// How the numbers were computed.
    pub method: MethodPart,
    /// The level of all intervals, such as 0.95.
    pub confidence: f64,
    /// The sides, in the order given.
    pub sides: Vec<SidePart>,
    /// Users of any side.
    pub union: Option<Number>,
    /// Every two of up to eight sides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pairs: Vec<PairPart>,
    /// Users that every two of more sides share, as `[value, lower, upper]`: the first side with each
    /// after it, then the second with each after it, and so on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overlaps: Vec<Number3>,
    /// Users of set formulas.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub formulas: Vec<FormulaPart>,
    /// How likely the first of two sides gains more than so many users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub break_even: Option<BreakEvenPart>,
    /// Every exclusive region of up to eight sides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<RegionPart>,
    /// The largest exclusive regions where not all are known, which is of more than eight sides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest: Option<LargestPart>,
    /// From which the page answers formulas; `None` of more than eight sides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fit: Option<FitDocument>,
    /// Cumulative reach, in one or two orders.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reach: Vec<ReachPart>,
    /// The second side's segments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segments: Option<SegmentsPart>,
    /// Day by day, or month by month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trend: Option<TrendPart>,
    /// Warnings: what to know before trusting the numbers.
    pub warnings: Vec<WarningPart>,
}

/// `[value, lower, upper]` of whole users.
pub type Number3 = [u64; 3];

/// How the numbers were computed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MethodPart {
    /// `sketch`, `exact` or `noisy count`.
    pub name: String,
    /// The ε of all numbers together, if noise was added to what was counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epsilon: Option<f64>,
    /// log2 of the number of registers.
    pub precision: Option<u8>,
    /// Hashes in a sample.
    pub k: Option<usize>,
    /// Whether all numbers come from one fit.
    pub joint: bool,
}

/// One side.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SidePart {
    /// Its name.
    pub name: String,
    /// Number of files that were read.
    pub files: usize,
    /// The ID column; `None` of sketches.
    pub column: Option<String>,
    /// Paths that were not read.
    pub passed_over: Vec<String>,
    /// Which of its rows count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<FilterPart>,
    /// What its IDs are.
    pub id_type: Option<String>,
    /// Rows read.
    pub rows: Option<u64>,
    /// Rows without an ID.
    pub nulls: Option<u64>,
    /// Pages read.
    pub pages: u64,
    /// Pages whose checksums were checked.
    pub pages_checked: u64,
    /// Whether it has one row a user.
    pub unique: bool,
    /// Whether all of its users were held whole, so that what it shares with the others is exact.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held_whole: bool,
    /// Distinct users; `None` if a report doesn't say.
    pub users: Option<Number>,
}

/// Which rows of a side count.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct FilterPart {
    /// The condition as it was typed.
    pub condition: String,
    /// Rows before the condition.
    pub rows: u64,
    /// Rows that meet it.
    pub taken: u64,
    /// Files that it rules out by their paths.
    #[serde(default)]
    pub files_unread: u64,
}

/// Two sides.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PairPart {
    /// The first side's name.
    pub a: String,
    /// The second side's name.
    pub b: String,
    /// Users of both.
    pub overlap: Number,
    /// Users of the first alone.
    pub only_a: Option<Number>,
    /// Users of the second alone.
    pub only_b: Option<Number>,
    /// Users of either.
    pub union: Option<Number>,
    /// overlap / a.
    pub share_of_a: Number,
    /// overlap / b.
    pub share_of_b: Number,
    /// Reach that a adds by b.
    pub gain_a: Option<Number>,
    /// Reach that b adds by a.
    pub gain_b: Option<Number>,
    /// overlap / union.
    pub jaccard: Number,
    /// How narrow the interval of the overlap is, in one word.
    pub quality: Option<String>,
}

/// A set formula.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FormulaPart {
    /// The formula as it was typed.
    pub formula: String,
    /// Its users.
    pub users: Number,
}

/// How likely it is that a side gains more users than a number.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BreakEvenPart {
    /// The number of new users that is asked about.
    pub more_than: u64,
    /// The probability of more, from 0 to 1.
    pub probability: f64,
    /// What all new users cost together, if the number follows from that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// What a new user is worth, if the number follows from that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_per_new_user: Option<f64>,
}

/// Users of exactly these sides and no others.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RegionPart {
    /// The sides, by name.
    pub sides: Vec<String>,
    /// Number of users.
    pub users: Number,
}

/// The largest regions of some sides.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct LargestPart {
    /// The regions, the largest first.
    pub regions: Vec<RegionPart>,
    /// The regions that aren't listed.
    pub rest: RestPart,
}

/// The regions that aren't listed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RestPart {
    /// How many of them are known to have users.
    pub regions: u64,
    /// The users of all of these together.
    pub users: Number,
    /// The most users that a region can have of which the sample saw no user; 0 if there is no such region.
    pub unseen_most: u64,
}

/// A curve of cumulative reach.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReachPart {
    /// `given` or `greedy`.
    pub order: String,
    /// The sides as they are added.
    pub steps: Vec<StepPart>,
}

/// A side that is added to those before it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StepPart {
    /// Its name.
    pub side: String,
    /// Its users.
    pub users: Number,
    /// Users of this side whom no side before has.
    pub added: Number,
    /// Users of all sides so far.
    pub reach: Number,
}

/// The second side's segments beside all users of the first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SegmentsPart {
    /// The segment columns.
    pub columns: Vec<String>,
    /// The first side's name.
    pub ours: String,
    /// The second side's name.
    pub partner: String,
    /// The segments, the largest gain first.
    pub rows: Vec<SegmentPart>,
}

impl SegmentPart {
    /// Its values for people; other segments have other labels.
    #[must_use]
    pub fn label(&self) -> String {
        crate::segments::label(&self.segment)
    }
}

/// One segment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SegmentPart {
    /// The values of the columns.
    pub segment: Vec<Option<String>>,
    /// The first side's users in a segment of the same values.
    #[serde(default)]
    pub users_of_ours: Option<Number>,
    /// The second side's users in it.
    pub users: Number,
    /// Those that the first side has anywhere.
    pub overlap: Number,
    /// Those that it doesn't have.
    pub new: Number,
    /// new / users.
    pub new_share: Number,
    /// new / all users of the first side.
    pub gain: Number,
}

/// Reach over time.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TrendPart {
    /// `day` or `month`.
    pub unit: String,
    /// The sides' names.
    pub sides: Vec<String>,
    /// Every step from the first to the last.
    pub days: Vec<DayPart>,
}

/// One day or month.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DayPart {
    /// Its date.
    pub day: String,
    /// Its numbers.
    pub measures: Vec<MeasurePart>,
}

/// One number of one day.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MeasurePart {
    /// The side's name; `None` for numbers of two sides.
    pub side: Option<String>,
    /// What it is, such as `users` or `cumulative`.
    pub measure: String,
    /// The number; `None` where there is none.
    pub value: Option<Number>,
}

/// A warning.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WarningPart {
    /// Its stable name.
    pub code: String,
    /// A sentence.
    pub text: String,
}

impl FullReport {
    /// The name of the format.
    pub const SCHEMA: &str = "overlap.report/1";

    /// The report as one line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Plain structs of numbers and strings always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Users that two sides share, by their places, in either order.
    #[must_use]
    pub fn overlap_of(&self, a: usize, b: usize) -> Option<Number> {
        let (first, second) = (a.min(b), a.max(b));
        if let Some(pair) = self.pair_of(first, second) {
            return Some(pair.overlap);
        }
        let place = Self::place_of_pair(self.sides.len(), first, second)?;
        self.overlaps.get(place).map(|&[value, lower, upper]| {
            let users = |count: u64| count as f64;
            Number::new(users(value), users(lower), users(upper))
        })
    }

    /// Where two of so many sides stand in the list of overlaps, the first before the second.
    fn place_of_pair(count: usize, first: usize, second: usize) -> Option<usize> {
        // Pairs of the sides before, then those of this side.
        let before = first * (2 * count).checked_sub(first + 1)? / 2;
        let place = before + second.checked_sub(first + 1)?;
        (second < count).then_some(place)
    }

    /// Everything about two sides by their places, the first before the second.
    #[must_use]
    pub fn pair_of(&self, a: usize, b: usize) -> Option<&PairPart> {
        let name = |side: usize| self.sides.get(side).map(|side| side.name.as_str());
        let (a, b) = (name(a)?, name(b)?);
        self.pairs.iter().find(|pair| pair.a == a && pair.b == b)
    }

    /// Users of a side; 0 if a report doesn't say.
    #[must_use]
    pub fn users_of(&self, side: usize) -> Number {
        let side = self.sides.get(side);
        side.and_then(|side| side.users).unwrap_or_default()
    }

    /// Every region by the places of its sides, as bits.
    #[must_use]
    pub fn region_masks(&self) -> Vec<(usize, Number)> {
        let place = |name: &String| self.sides.iter().position(|side| side.name == *name);
        let mask = |region: &RegionPart| {
            let places = region.sides.iter().filter_map(place);
            places.fold(0, |mask, place| mask | 1_usize << place)
        };
        let regions = self.regions.iter();
        regions.map(|region| (mask(region), region.users)).collect()
    }
}
