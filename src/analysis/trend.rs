//! Days in a row: daily, cumulative and trailing reach, who comes again, and the overlap of two
//! sides over time.

use super::reach::Accumulated;
use crate::compare::{pair_counts, set_counts};
use crate::error::{Error, ErrorKind, Result};
use crate::estimate::{Confidence, Estimate, estimate_pair, estimate_set};
use crate::sketch::Sketch;
use std::collections::BTreeMap;

/// One side's sketches by day, in days since 1970-01-01.
pub type Days = BTreeMap<i32, Sketch>;

/// A century. A day that stands for none (9999-12-31) would make millions of lines.
const DAYS_MAX: i64 = 36_525;

/// All sides on one day.
#[derive(Clone, Debug, PartialEq)]
pub struct TrendDay {
    /// Days since 1970-01-01.
    pub day: i32,
    /// Each side, in the order given.
    pub sides: Vec<SideDay>,
    /// The overlap of two sides; `None` for one or more than two.
    pub overlap: Option<OverlapDay>,
}

/// One side on one day.
#[derive(Clone, Debug, PartialEq)]
pub struct SideDay {
    /// Users of the day; `None` without data.
    pub users: Option<Estimate>,
    /// Those that came on no day before.
    pub new: Option<Estimate>,
    /// Users of this and all days before.
    pub cumulative: Estimate,
    /// The share of the day before's users that came again; `None` if either day is without data.
    pub returned: Option<Estimate>,
    /// Trailing windows, in the order asked for.
    pub windows: Vec<Option<WindowDay>>,
}

/// The days up to one day, as many as a window is long; there is none before so many days have
/// passed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowDay {
    /// Users of any of its days.
    pub users: Estimate,
    /// The share of the users of the window before, which ends where this one begins, that are in
    /// this one too; `None` before there is such a window.
    pub returned: Option<Estimate>,
}

/// What two sides share on one day.
#[derive(Clone, Debug, PartialEq)]
pub struct OverlapDay {
    /// Users of the day of both; `None` if either is without data.
    pub daily: Option<Estimate>,
    /// Users of this and all days before.
    pub cumulative: Estimate,
    /// Users of the trailing windows.
    pub windows: Vec<Option<Estimate>>,
}

/// Every day from the first to the last of all sides. A day without data adds nobody; `windows` are
/// lengths in days.
///
/// # Errors
/// [`ErrorKind::Incomparable`] if two sketches can't be compared, [`ErrorKind::Limit`] if the days are
/// more than a century apart.
pub fn trend(sides: &[Days], windows: &[u16], confidence: Confidence) -> Result<Vec<TrendDay>> {
    let first = sides.iter().filter_map(|days| days.keys().next()).min();
    let last = sides
        .iter()
        .filter_map(|days| days.keys().next_back())
        .max();
    let (Some(&first), Some(&last)) = (first, last) else {
        return Ok(Vec::new());
    };
    let span = i64::from(last) - i64::from(first) + 1;
    if span > DAYS_MAX {
        let text = format!(
            "from the first day to the last it is {span} days; at most {DAYS_MAX} are taken"
        );
        return Err(Error::new(ErrorKind::Limit, text)
            .hint("leave out what isn't a day, such as 9999-12-31 for none"));
    }
    let windows = Windows {
        lengths: windows,
        first,
    };
    let mut states: Vec<SideState<'_>> = sides
        .iter()
        .map(|days| SideState::new(days, confidence))
        .collect();
    let mut trend = Vec::new();
    let mut cumulative = Estimate::exact(0.0);
    for day in first..=last {
        let mut side_days = Vec::with_capacity(sides.len());
        let mut views = Vec::with_capacity(sides.len());
        for state in &mut states {
            let (side_day, view) = state.step(day, &windows)?;
            side_days.push(side_day);
            views.push(view);
        }
        let overlap = match (&states[..], &views[..]) {
            ([a, b], [view_a, view_b]) => {
                let today = [a, b].map(|side| side.days.get(&day));
                if today.iter().any(Option::is_some) {
                    let all = overlap(a.accumulated.union(), b.accumulated.union(), confidence)?;
                    cumulative = all.unwrap_or(cumulative);
                }
                Some(OverlapDay {
                    daily: overlap(today[0], today[1], confidence)?,
                    cumulative,
                    windows: (view_a.iter().zip(view_b))
                        .map(|(a, b)| window_overlap(a.as_ref(), b.as_ref(), confidence))
                        .collect::<Result<_>>()?,
                })
            }
            _ => None,
        };
        trend.push(TrendDay {
            day,
            sides: side_days,
            overlap,
        });
    }
    Ok(trend)
}

fn overlap(
    a: Option<&Sketch>,
    b: Option<&Sketch>,
    confidence: Confidence,
) -> Result<Option<Estimate>> {
    let (Some(a), Some(b)) = (a, b) else {
        return Ok(None);
    };
    Ok(Some(estimate_pair(&pair_counts(a, b)?, confidence).overlap))
}

/// Likewise for two windows that are whole, though perhaps without data.
fn window_overlap(
    a: Option<&Window>,
    b: Option<&Window>,
    confidence: Confidence,
) -> Result<Option<Estimate>> {
    let (Some(a), Some(b)) = (a, b) else {
        return Ok(None);
    };
    let both = overlap(a.as_ref(), b.as_ref(), confidence)?;
    Ok(Some(both.unwrap_or(Estimate::exact(0.0))))
}

/// The users of a window; `None` without data.
type Window = Option<Sketch>;

/// The share of `before` that is in `now` too.
fn returned(
    before: Option<&Sketch>,
    now: Option<&Sketch>,
    confidence: Confidence,
) -> Result<Option<Estimate>> {
    let (Some(before), Some(now)) = (before, now) else {
        return Ok(None);
    };
    Ok(Some(
        estimate_pair(&pair_counts(before, now)?, confidence).share_of_a,
    ))
}

/// The windows asked for, and the day before which there is nothing.
struct Windows<'a> {
    lengths: &'a [u16],
    first: i32,
}

/// One side on its way through the days.
struct SideState<'a> {
    days: &'a Days,
    accumulated: Accumulated,
    cumulative: Estimate,
    confidence: Confidence,
}

impl<'a> SideState<'a> {
    fn new(days: &'a Days, confidence: Confidence) -> Self {
        Self {
            days,
            accumulated: Accumulated::new(confidence),
            cumulative: Estimate::exact(0.0),
            confidence,
        }
    }

    /// The numbers of a day, and the sketches of its windows.
    fn step(&mut self, day: i32, windows: &Windows<'_>) -> Result<(SideDay, Vec<Option<Window>>)> {
        let today = self.days.get(&day);
        let mut new = None;
        if let Some(today) = today {
            let (added, cumulative) = self.accumulated.add(today)?;
            (new, self.cumulative) = (Some(added), cumulative);
        }
        let mut window_days = Vec::with_capacity(windows.lengths.len());
        let mut views = Vec::with_capacity(windows.lengths.len());
        for &length in windows.lengths {
            let window = self.window(day, i32::from(length), windows.first)?;
            let (window_day, view) = window.unzip();
            window_days.push(window_day);
            views.push(view);
        }
        let side_day = SideDay {
            users: today.map(|today| self.users(today)),
            new,
            cumulative: self.cumulative,
            returned: returned(
                self.days.get(&day.saturating_sub(1)),
                today,
                self.confidence,
            )?,
            windows: window_days,
        };
        Ok((side_day, views))
    }

    fn users(&self, sketch: &Sketch) -> Estimate {
        estimate_set(&set_counts(sketch), self.confidence)
    }

    /// The window of `length` days that ends with `day`, if it is whole.
    fn window(&self, day: i32, length: i32, first: i32) -> Result<Option<(WindowDay, Window)>> {
        // From the first day on there are few enough to count in 32 bits.
        let age = day - first + 1;
        if length == 0 || age < length {
            return Ok(None);
        }
        let now = self.merged(day - length + 1, day)?;
        let before = match age < 2 * length {
            true => None,
            false => self.merged(day - 2 * length + 1, day - length)?,
        };
        let returned = match (&before, &now) {
            // They came, and nobody came again.
            (Some(_), None) => Some(Estimate::exact(0.0)),
            (before, now) => returned(before.as_ref(), now.as_ref(), self.confidence)?,
        };
        let users = now.as_ref().map(|now| self.users(now));
        let users = users.unwrap_or(Estimate::exact(0.0));
        let window = WindowDay {
            users: match age == length {
                // The same days, thus the same number.
                true => self.cumulative,
                false => users.at_most(self.cumulative),
            },
            returned,
        };
        Ok(Some((window, now)))
    }

    /// The union of some days; `None` without data.
    fn merged(&self, from: i32, to: i32) -> Result<Option<Sketch>> {
        let mut merged: Option<Sketch> = None;
        for sketch in self.days.range(from..=to).map(|(_, sketch)| sketch) {
            match &mut merged {
                Some(merged) => merged.merge(sketch)?,
                None => merged = Some(sketch.clone()),
            }
        }
        Ok(merged)
    }
}
