//! Days in a row: daily, cumulative and trailing reach, who comes again, and the overlap of two
//! sides over time.

use super::reach::Accumulated;
use super::regions::{Regions, fit_of_few};
use crate::compare::{pair_counts, set_counts};
use crate::error::{Error, ErrorKind, Result};
use crate::estimate::{Confidence, Estimate, PairEstimate, estimate_pair, estimate_set};
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
    /// Users of the day who came on no day before.
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

/// Every day from the first to the last of all sides. A day without data adds no users; `windows` are
/// lengths in days. Up to eight days of all sides together are one fit, as in [`crate::regions`].
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
    let question = Question {
        lengths: windows,
        first,
        source: Source::new(sides, confidence)?,
    };
    let mut states: Vec<SideState<'_>> = (0..sides.len())
        .map(|side| SideState::new(&question, side))
        .collect();
    let mut trend = Vec::new();
    let mut cumulative = Estimate::exact(0.0);
    for day in first..=last {
        let mut side_days = Vec::with_capacity(sides.len());
        for state in &mut states {
            side_days.push(state.step(day)?);
        }
        let overlap = match states.len() {
            2 => Some(question.overlap(day, &mut cumulative)?),
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

/// The days of all sides, and where numbers about them come from.
struct Source<'a> {
    sides: &'a [Days],
    /// The one fit of all days of all sides, if they are few.
    fit: Option<Regions>,
    confidence: Confidence,
}

/// Some days in a row of one side, of which at least one has data.
#[derive(Clone, Copy, Debug)]
struct Span {
    side: usize,
    from: i32,
    to: i32,
}

impl<'a> Source<'a> {
    fn new(sides: &'a [Days], confidence: Confidence) -> Result<Self> {
        let sketches: Vec<&Sketch> = sides.iter().flat_map(Days::values).collect();
        let fit = fit_of_few(&sketches, confidence)?;
        Ok(Self {
            sides,
            fit,
            confidence,
        })
    }

    /// `None` if none of these days has data.
    fn span(&self, side: usize, from: i32, to: i32) -> Option<Span> {
        let mut days = self.sides[side].range(from..=to);
        days.next().map(|_| Span { side, from, to })
    }

    /// The days of a span as bits of the fit.
    fn mask(&self, span: Span) -> usize {
        let before: usize = self.sides[..span.side].iter().map(Days::len).sum();
        let days = self.sides[span.side].keys().enumerate();
        days.filter(|(_, day)| (span.from..=span.to).contains(day))
            .map(|(at, _)| 1 << (before + at))
            .sum()
    }

    fn merged(&self, span: Span) -> Result<Sketch> {
        let mut days = self.sides[span.side].range(span.from..=span.to);
        let first = days.next().map(|(_, sketch)| sketch.clone());
        let mut merged =
            first.ok_or_else(|| Error::new(ErrorKind::Internal, "a span of days without data"))?;
        for (_, sketch) in days {
            merged.merge(sketch)?;
        }
        Ok(merged)
    }

    fn users(&self, span: Span) -> Result<Estimate> {
        if let Some(fit) = &self.fit {
            let days = self.mask(span);
            return Ok(fit.sum(|mask| mask & days != 0));
        }
        Ok(estimate_set(
            &set_counts(&self.merged(span)?),
            self.confidence,
        ))
    }

    fn pair(&self, a: Span, b: Span) -> Result<PairEstimate> {
        let fit = self.fit.as_ref();
        match fit.and_then(|fit| fit.sets(self.mask(a), self.mask(b))) {
            Some(pair) => Ok(pair),
            None => {
                let counts = pair_counts(&self.merged(a)?, &self.merged(b)?)?;
                Ok(estimate_pair(&counts, self.confidence))
            }
        }
    }

    /// The share of `before` that is in `now` too; `None` if either is without data.
    fn returned(&self, before: Option<Span>, now: Option<Span>) -> Result<Option<Estimate>> {
        let (Some(before), Some(now)) = (before, now) else {
            return Ok(None);
        };
        Ok(Some(self.pair(before, now)?.share_of_a))
    }
}

/// The windows asked for, the day before which there is nothing, and the data.
struct Question<'a> {
    lengths: &'a [u16],
    first: i32,
    source: Source<'a>,
}

impl Question<'_> {
    /// How many days there are up to and with a day.
    const fn age(&self, day: i32) -> i32 {
        day - self.first + 1
    }

    /// The overlap of two sides; `cumulative` stands for days on which neither has data.
    fn overlap(&self, day: i32, cumulative: &mut Estimate) -> Result<OverlapDay> {
        let both = |from: i32, to: i32| [0, 1].map(|side| self.source.span(side, from, to));
        let overlap = |spans: [Option<Span>; 2]| match spans {
            [Some(a), Some(b)] => Ok(Some(self.source.pair(a, b)?.overlap)),
            _ => Ok(None),
        };
        let today = both(day, day);
        if today.iter().any(Option::is_some) {
            *cumulative = overlap(both(self.first, day))?.unwrap_or(*cumulative);
        }
        let window = |&length: &u16| {
            let length = i32::from(length);
            if length == 0 || self.age(day) < length {
                return Ok(None);
            }
            let both = overlap(both(day - length + 1, day))?;
            Ok(Some(both.unwrap_or(Estimate::exact(0.0))))
        };
        Ok(OverlapDay {
            daily: overlap(today)?,
            cumulative: *cumulative,
            windows: self.lengths.iter().map(window).collect::<Result<_>>()?,
        })
    }
}

/// One side on its way through the days.
struct SideState<'a> {
    question: &'a Question<'a>,
    side: usize,
    accumulated: Accumulated,
    cumulative: Estimate,
}

impl<'a> SideState<'a> {
    fn new(question: &'a Question<'a>, side: usize) -> Self {
        Self {
            question,
            side,
            accumulated: Accumulated::new(question.source.confidence),
            cumulative: Estimate::exact(0.0),
        }
    }

    /// The numbers of a day.
    fn step(&mut self, day: i32) -> Result<SideDay> {
        let source = &self.question.source;
        let today = source.span(self.side, day, day);
        let mut new = None;
        if let Some(today) = today {
            let (added, cumulative) = self.add(today)?;
            (new, self.cumulative) = (Some(added), cumulative);
        }
        let yesterday = day.saturating_sub(1);
        let windows = self.question.lengths.iter();
        Ok(SideDay {
            users: today.map(|today| source.users(today)).transpose()?,
            new,
            cumulative: self.cumulative,
            returned: source.returned(source.span(self.side, yesterday, yesterday), today)?,
            windows: windows
                .map(|&length| self.window(day, i32::from(length)))
                .collect::<Result<_>>()?,
        })
    }

    /// The users of a day that came on no day before, and those of all days so far.
    fn add(&mut self, today: Span) -> Result<(Estimate, Estimate)> {
        let source = &self.question.source;
        let Some(fit) = &source.fit else {
            return self.accumulated.add(&source.sides[self.side][&today.from]);
        };
        let all = source.mask(Span {
            from: self.question.first,
            ..today
        });
        let now = source.mask(today);
        Ok((
            fit.sum(|mask| mask & all != 0 && mask & all & !now == 0),
            fit.sum(|mask| mask & all != 0),
        ))
    }

    /// The window of `length` days that ends with `day`, if it is whole.
    fn window(&self, day: i32, length: i32) -> Result<Option<WindowDay>> {
        // From the first day on there are few enough to count in 32 bits.
        let age = self.question.age(day);
        if length == 0 || age < length {
            return Ok(None);
        }
        let source = &self.question.source;
        let now = source.span(self.side, day - length + 1, day);
        let before = match age < 2 * length {
            true => None,
            false => source.span(self.side, day - 2 * length + 1, day - length),
        };
        let returned = match (before, now) {
            // They came, and none came again.
            (Some(_), None) => Some(Estimate::exact(0.0)),
            (before, now) => source.returned(before, now)?,
        };
        let users = now.map(|now| source.users(now)).transpose()?;
        let users = users.unwrap_or(Estimate::exact(0.0));
        Ok(Some(WindowDay {
            users: match age == length {
                // The same days, thus the same number.
                true => self.cumulative,
                false => users.at_most(self.cumulative),
            },
            returned,
        }))
    }
}
