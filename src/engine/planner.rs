//! How large a sample data gets that is compared at once and not stored.
//!
//! What comes out depends on the data and the number of sides alone, never on threads, order, or
//! how the data is cut.

use super::reading::of_side;
use crate::compare::set_counts;
use crate::error::Result;
use crate::estimate::rough_size;
use crate::id::Tally;
use crate::scan::{Plan, SidePlan};
use crate::sketch::{Sketch, SketchOptions, Sketcher};

/// Users that the samples of all sides hold together: 8 bytes each, up to twice as many while they
/// are gathered. Two sides then stay below 128 MB.
const SAMPLED_USERS: usize = 1 << 21;

/// The largest sample of one side. With 2^20 users an overlap of a tenth of 10^9 is known to ± 0.6 %,
/// and sides of up to a million users are exact.
const SAMPLE_MAX: usize = 1 << 20;

/// What a side's sketch is to become.
#[derive(Clone, Copy, Debug)]
pub(super) struct Aim {
    pub(super) options: SketchOptions,
    /// Its rows, where they are known before it is read.
    rows: Option<u64>,
    /// Whether its sample is a list that is put in order from time to time, however many rows there are.
    is_list: bool,
}

impl Aim {
    /// A sketch of the size that was asked for.
    pub(super) const fn plain(options: SketchOptions) -> Self {
        Self {
            options,
            rows: None,
            is_list: false,
        }
    }

    /// The sizes of all sides of a plan that are read now, none of which is stored: never less than
    /// `options`.
    pub(super) fn at_hand(options: SketchOptions, plan: &Plan) -> Vec<Self> {
        // A power of two, so that one side more or less seldom changes anything.
        let share = (SAMPLED_USERS / plan.sides.len().max(1)).max(1).ilog2();
        let largest = (1_usize << share).min(SAMPLE_MAX);
        let aim = |side: &SidePlan| {
            let (rows, is_filtered) = (side.rows_taken(), side.filter.is_some());
            let k = match rows {
                Some(_) if !is_filtered => largest,
                // A large sample of unknown rows costs as much as that of many repeats; and a side is
                // not to be known better for statistics that happen to decide its filter.
                _ => largest.min(Sketcher::K_OF_REPEATS),
            };
            let k = k.max(options.k());
            Self {
                options: options.with_k(k),
                rows,
                is_list: is_filtered && k <= Sketcher::K_OF_REPEATS,
            }
        };
        plan.sides.iter().map(aim).collect()
    }

    /// Which sides are held whole, all their users listed: those of at most as many rows as the sample
    /// has room for, if another has more. Then whatever they share with others is exact.
    ///
    /// Data alone decides it, so that threads, order and cut change nothing.
    pub(super) fn listed(aims: &[Self], plan: &Plan) -> Vec<bool> {
        let fits = |(aim, side): (&Self, &SidePlan)| {
            let most = aim.options.k() as u64;
            let has_hashes = !aim.options.hash().is_murmur3();
            side.file_count() > 0 && has_hashes && aim.rows.is_some_and(|rows| rows <= most)
        };
        let listed: Vec<bool> = aims.iter().zip(&plan.sides).map(fits).collect();
        let mut sides = plan.sides.iter().zip(&listed);
        let any_is_larger = sides.any(|(side, listed)| side.file_count() > 0 && !listed);
        match any_is_larger {
            true => listed,
            false => vec![false; listed.len()],
        }
    }

    /// A sketch of nothing yet.
    pub(super) fn sketcher(self, side: &SidePlan) -> Result<Sketcher> {
        of_side(
            match self.rows {
                Some(rows) => Sketcher::of_rows(self.options, rows),
                // A list counts on no rows.
                None if self.is_list => Sketcher::of_rows(self.options, 0),
                None => Sketcher::new(self.options),
            },
            side,
        )
    }

    /// Brings what was made to a size that follows from the data alone; or says how the side has to
    /// be read again, which few do: those whose first rows were unlike the others.
    ///
    /// Sides whose users often come again have a smaller sample ([`Sketcher::K_OF_REPEATS`]).
    pub(super) fn settle(self, sketch: Sketch) -> std::result::Result<Sketch, Self> {
        let k = self.options.k();
        let Some(rows) = self.rows else {
            return Ok(sketch);
        };
        if usize::try_from(rows).is_ok_and(|rows| rows <= k) {
            // All of it is kept, however often users come.
            return Ok(sketch);
        }
        let users = set_counts(&sketch)
            .registers
            .map_or(0.0, |r| rough_size(&r));
        let ids = sketch.tally().map_or(0, Tally::ids);
        let often = ids as f64 > Sketcher::ROWS_A_USER_MAX * users;
        let k = if often {
            k.min(Sketcher::K_OF_REPEATS)
        } else {
            k
        };
        let sketch = sketch.with_k_at_most(k);
        let is_whole = sketch.sample().is_some_and(|sample| sample.k() == k) && !sketch.is_short();
        match is_whole {
            true => Ok(sketch),
            false => Err(Self::plain(self.options.with_k(k))),
        }
    }
}
