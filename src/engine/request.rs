//! Requests: everything that a job needs to know, for the command line, the library and the bindings.

use super::inputs::Division;
use super::limits;
use crate::analysis::Expression;
use crate::error::{Error, Result, Setting};
use crate::estimate::Confidence;
use crate::filter::RowFilter;
use crate::format::ImageColumns;
use crate::key::Key;
use crate::report::BreakEven;
use crate::scan::{IdSelection, Side};
use crate::sketch::SketchOptions;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::PathBuf;

/// The input: sides, ID column, and the number of threads.
#[derive(Clone, Debug)]
pub struct Sources {
    /// The sides, at least one.
    pub sides: Vec<Side>,
    /// Which column holds the IDs and in which form they are wanted.
    pub id: IdSelection,
    /// Columns that hold sketches of Apache DataSketches.
    pub images: ImageColumns,
    /// The secret key that IDs are hashed with, and that stored sketches must have been made with.
    /// Exact counting keeps the IDs themselves and has no use for it.
    pub key: Option<Key>,
    /// Number of threads that read and hash, at least one.
    pub threads: usize,
}

impl Sources {
    /// Sides from arguments as [`Side::from_arguments`] takes them, with the usual ID column and a
    /// thread a core.
    ///
    /// # Errors
    /// Those of [`Side::from_arguments`].
    pub fn new<S: AsRef<OsStr>>(arguments: &[S]) -> Result<Self> {
        Ok(Self {
            sides: Side::from_arguments(arguments)?,
            id: IdSelection::default(),
            images: ImageColumns::default(),
            key: None,
            threads: limits::default_threads(),
        })
    }

    /// Takes of all sides only the rows that meet a condition, or of one side where the condition
    /// follows its name and `=`; beside whatever conditions there are already.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Usage`] with the place marked for what isn't a condition.
    pub fn filter(&mut self, condition: &str) -> Result<()> {
        let named = condition.split_once('=').filter(|(name, _)| {
            let name = name.trim();
            self.sides.iter().any(|side| side.name == name)
        });
        match named {
            None => self.filter_all(condition),
            Some((name, condition)) => self.filter_side(name.trim(), condition),
        }
    }

    /// Takes of all sides only the rows that meet a condition.
    ///
    /// # Errors
    /// Those of [`Self::filter`].
    pub fn filter_all(&mut self, condition: &str) -> Result<()> {
        let filter = RowFilter::parse(condition, limits::now_micros())?;
        let before = self.id.filter.take();
        self.id.filter = Some(joined(before, filter));
        Ok(())
    }

    /// Takes of the side `name` only the rows that meet a condition.
    ///
    /// # Errors
    /// Those of [`Self::filter`].
    pub fn filter_side(&mut self, name: &str, condition: &str) -> Result<()> {
        let filter = RowFilter::parse(condition, limits::now_micros())?;
        let filters = &mut self.id.filter_of_side;
        let before = filters.remove(name);
        filters.insert(name.to_owned(), joined(before, filter));
        Ok(())
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.sides.is_empty() {
            return Err(Error::usage("no inputs").hint("name at least one Parquet file"));
        }
        Ok(())
    }
}

fn joined(before: Option<RowFilter>, filter: RowFilter) -> RowFilter {
    match before {
        Some(before) => before.and(filter),
        None => filter,
    }
}

/// A question that is answered by sketches.
#[derive(Clone, Debug)]
pub struct SketchRequest {
    /// The input.
    pub sources: Sources,
    /// The size of the sketches; [`SketchOptions::at_hand`] lets data have larger samples.
    pub options: SketchOptions,
    /// The confidence level of the intervals.
    pub confidence: Confidence,
    /// Which sides have one row a user.
    pub unique: Unique,
    /// Set formulas over the sides' names, as [`Expression::parse`] takes them.
    pub formulas: Vec<String>,
    /// Whether rows per user are wanted too.
    pub frequency: bool,
    /// How many regions are listed, the largest first; `None` for all of up to eight sides and 20 of
    /// more. Only [`super::estimate_regions_of`] looks at it.
    pub top: Option<usize>,
    /// A number of new users, if it is asked how likely the first of two sides gains more by the
    /// second.
    pub break_even: Option<BreakEven>,
    /// The segments of the second side that are compared with the first, if any are wanted.
    pub division: Division,
}

/// Sides whose exports have one row a user: their size is rows − nulls, exactly, which narrows
/// every interval.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Unique {
    /// No side is known to have one row per user.
    #[default]
    None,
    /// All sides.
    All,
    /// The sides of these names.
    Sides(BTreeSet<String>),
}

impl Unique {
    pub(super) fn contains(&self, side: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Sides(names) => names.contains(side),
        }
    }

    /// # Errors
    /// [`crate::ErrorKind::Usage`] for the name of no side.
    pub(super) fn check(&self, sides: &[Side]) -> Result<()> {
        let Self::Sides(names) = self else {
            return Ok(());
        };
        match names
            .iter()
            .find(|name| sides.iter().all(|side| side.name != **name))
        {
            None => Ok(()),
            Some(name) => {
                let sides: Vec<&str> = sides.iter().map(|side| side.name.as_str()).collect();
                Err(Error::usage([
                    Setting::Unique.into(),
                    format!(" names a side {name} that isn't there").into(),
                ])
                .hint(format!("the sides are {}", sides.join(", "))))
            }
        }
    }
}

impl SketchRequest {
    /// A job with everything at its default.
    #[must_use]
    pub fn new(sources: Sources) -> Self {
        Self {
            sources,
            options: SketchOptions::default().at_hand(),
            confidence: Confidence::default(),
            unique: Unique::default(),
            formulas: Vec::new(),
            frequency: false,
            top: None,
            break_even: None,
            division: Division::by(Vec::new()),
        }
    }
}

impl SketchRequest {
    /// Checks everything that can be checked before a byte is read.
    pub(super) fn check(&self) -> Result<()> {
        self.unique.check(&self.sources.sides)?;
        if !self.division.by.is_empty() {
            self.check_two_sides(Setting::By, " compares the segments of one with another")?;
        }
        if self.break_even.is_some() {
            self.check_two_sides(Setting::BreakEven, " asks what one gains by another")?;
        }
        if !self.division.by.is_empty() && self.frequency {
            return Err(Error::usage([
                Setting::Frequency.into(),
                " and ".into(),
                Setting::By.into(),
                " are two questions".into(),
            ])
            .hint("ask them one after the other"));
        }
        let sides = &self.sources.sides;
        let names: Vec<&str> = sides.iter().map(|side| side.name.as_str()).collect();
        let parsed = |text: &String| Expression::parse(text, &names).map(|_| ());
        self.formulas.iter().try_for_each(parsed)
    }

    /// Whether there are the two sides that a setting is about.
    fn check_two_sides(&self, setting: Setting, asks: &str) -> Result<()> {
        let sides = self.sources.sides.len();
        if sides == 2 {
            return Ok(());
        }
        let message = [
            format!("{sides} sides, but ").into(),
            setting.into(),
            asks.into(),
        ];
        Err(Error::usage(message).hint("name two sides: yours, then the partner's"))
    }
}

/// A job answered by counting.
#[derive(Clone, Debug)]
pub struct ExactRequest {
    /// Whose data.
    pub sources: Sources,
    /// Where the IDs may be kept.
    pub memory: ExactMemory,
}

impl ExactRequest {
    /// A job that may take [`ExactMemory::default`].
    #[must_use]
    pub fn new(sources: Sources) -> Self {
        Self {
            sources,
            memory: ExactMemory::default(),
        }
    }
}

/// How much memory exact counting may use, and where it puts what doesn't fit.
#[derive(Clone, Debug)]
pub struct ExactMemory {
    /// Memory for IDs and tables, in bytes.
    pub limit_bytes: u64,
    /// The folder of the temporary file for IDs that memory has no room for.
    pub temp_dir: PathBuf,
}

impl Default for ExactMemory {
    /// [`super::default_memory_limit`] and the system's temporary folder.
    fn default() -> Self {
        Self {
            limit_bytes: limits::default_memory_limit(),
            temp_dir: std::env::temp_dir(),
        }
    }
}
