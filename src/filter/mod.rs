//! Which rows count: a condition in SQL over the columns of a file.
//!
//! Text → syntax tree (`parse`) → program against the types of a file's columns (`bind`) → true, false
//! or null of every row (`evaluate`), a bit a row where columns are read one by one (`by_column`), or what
//! a whole row group is by its statistics (`prune`). Pure: knows Arrow arrays, but no file, and what time
//! it is is told.

mod bind;
mod by_column;
mod convert;
mod evaluate;
mod expression;
mod literal;
mod parse;
mod parse_literal;
mod program;
mod prune;
#[cfg(test)]
mod tests;
mod types;

pub(crate) use bind::Origin;
pub(crate) use by_column::Question;
pub(crate) use prune::{Bounds, Statistics};
pub(crate) use types::Type;

use crate::error::{Error, ErrorKind, Phrase, Result, Setting};
use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::compute::{and_kleene, prep_null_mask_filter};
use evaluate::{Rows, evaluate};
use expression::Expression;
use program::Node;
use prune::Outcome;
use std::ops::Range;

/// A filter: one or more conditions, all of which a row must meet to be taken. A row for which one of
/// them is null isn't.
///
/// ```
/// use overlap::RowFilter;
///
/// let filter = RowFilter::parse("country = 'CH' AND day >= current_date - interval '30 days'", 0)?;
/// assert_eq!(filter.columns().collect::<Vec<_>>(), ["country", "day"]);
/// let error = RowFilter::parse("country = ", 0).expect_err("a half");
/// assert_eq!(error.kind().exit_code(), 2);
/// # Ok::<(), overlap::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RowFilter {
    conditions: Vec<Condition>,
    columns: Vec<Column>,
}

#[derive(Clone, Debug, PartialEq)]
struct Condition {
    text: String,
    root: Expression,
}

/// A column by its path, and where it stands first: in which condition, and where in it.
#[derive(Clone, Debug, PartialEq)]
struct Column {
    path: Vec<String>,
    condition: usize,
    at: Range<usize>,
}

impl RowFilter {
    /// Parses a condition; `now` is the time in microseconds since 1970 in UTC, which is
    /// `current_timestamp` for all rows.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] with the place marked for what isn't a condition.
    pub fn parse(text: &str, now: i64) -> Result<Self> {
        let parsed = parse::parse(text, now).map_err(|fault| fault.usage(text))?;
        let columns = parsed.columns.into_iter();
        Ok(Self {
            conditions: vec![Condition {
                text: text.to_owned(),
                root: parsed.root,
            }],
            columns: columns
                .map(|(path, at)| Column {
                    path,
                    condition: 0,
                    at,
                })
                .collect(),
        })
    }

    /// A filter that takes the rows that both take.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        let conditions = self.conditions.len();
        let mut places = Vec::with_capacity(other.columns.len());
        for column in other.columns {
            let known = self.columns.iter().position(|c| c.path == column.path);
            places.push(known.unwrap_or_else(|| {
                self.columns.push(Column {
                    condition: column.condition + conditions,
                    ..column
                });
                self.columns.len() - 1
            }));
        }
        for mut condition in other.conditions {
            condition.root.renumber(&places);
            self.conditions.push(condition);
        }
        self
    }

    /// The columns that it asks for, as dotted paths.
    pub fn columns(&self) -> impl Iterator<Item = String> {
        self.columns.iter().map(|column| column.path.join("."))
    }

    /// The conditions as they were typed, joined by AND.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.conditions[..] {
            [only] => only.text.clone(),
            all => {
                let each = all.iter().map(|condition| format!("({})", condition.text));
                each.collect::<Vec<_>>().join(" AND ")
            }
        }
    }

    /// Its program for a file whose columns come from `origin_of` their dotted paths.
    ///
    /// # Errors
    /// Those of `origin_of`, and [`ErrorKind::Usage`] for types that don't meet; both with the place
    /// marked.
    pub(crate) fn bind(
        &self,
        mut origin_of: impl FnMut(&str) -> Result<Origin>,
    ) -> Result<BoundFilter> {
        let mut origins = Vec::with_capacity(self.columns.len());
        let (mut slots, mut stored) = (Vec::new(), 0..);
        for column in &self.columns {
            let origin = origin_of(&column.path.join(".")).map_err(|error| {
                let text = &self.conditions[column.condition].text;
                error.marked(text, column.at.clone())
            })?;
            slots.push(match origin {
                Origin::Stored(_) => stored.next(),
                Origin::Constant { .. } => None,
            });
            origins.push(origin);
        }
        let mut programs = Vec::with_capacity(self.conditions.len());
        for condition in &self.conditions {
            let bound = bind::bind(&condition.root, &origins, &slots);
            let node = bound.map_err(|fault| fault.usage(&condition.text))?;
            programs.push((condition.text.clone(), node));
        }
        Ok(BoundFilter { programs })
    }
}

/// The programs of a filter for one file.
#[derive(Clone, Debug)]
pub(crate) struct BoundFilter {
    /// Each with the text of its condition, for messages.
    programs: Vec<(String, Node)>,
}

/// What is wrong with some rows, and which is the first of them.
#[derive(Debug)]
pub(crate) struct RowFault {
    pub(crate) row: usize,
    pub(crate) error: Error,
}

impl BoundFilter {
    /// Whether each of `rows` rows is taken; `columns` are those that
    /// [`RowFilter::bind`] was told are stored, in its order.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] for what PostgreSQL would refuse: a division by zero, a result or a text out
    /// of range; with the first row that is so.
    pub(crate) fn taken(
        &self,
        columns: &[ArrayRef],
        rows: usize,
    ) -> std::result::Result<BooleanArray, RowFault> {
        self.evaluate(columns, rows).map_err(|error| {
            // Rare enough to look at one row after the other.
            for row in 0..rows {
                let one: Vec<ArrayRef> = columns.iter().map(|c| c.slice(row, 1)).collect();
                if let Err(error) = self.evaluate(&one, 1) {
                    return RowFault { row, error };
                }
            }
            RowFault { row: 0, error }
        })
    }

    fn evaluate(&self, columns: &[ArrayRef], rows: usize) -> Result<BooleanArray> {
        let batch = Rows { columns, rows };
        let mut taken: Option<BooleanArray> = None;
        for (text, program) in &self.programs {
            let cell = evaluate(program, &batch).map_err(|fault| fault.error(text))?;
            let met = cell.booleans(rows);
            taken = Some(match taken {
                None => met,
                Some(taken) => and_kleene(&taken, &met)
                    .map_err(|e| Error::new(ErrorKind::Internal, e.to_string()))?,
            });
        }
        let taken = taken.unwrap_or_else(|| BooleanArray::from(vec![true; rows]));
        // Null isn't taken.
        Ok(match taken.nulls() {
            Some(_) => prep_null_mask_filter(&taken),
            None => taken,
        })
    }

    /// Whether all rows of such statistics are taken, or none; `None` if that isn't certain. They are
    /// trusted: what they rule out isn't read, and what they take isn't asked.
    pub(crate) fn decided_by(&self, statistics: &dyn Statistics) -> Option<bool> {
        let outcome = |(_, program): &(String, Node)| Outcome::of(program, statistics);
        let outcomes: Vec<Outcome> = self.programs.iter().map(outcome).collect();
        if outcomes.iter().any(|outcome| !outcome.is_true) {
            return Some(false);
        }
        let is_sure = |outcome: &Outcome| !outcome.is_false && !outcome.is_null;
        outcomes.iter().all(is_sure).then_some(true)
    }

    /// Whether it is decided without a row: by partitions or constants alone, and how.
    pub(crate) fn decided(&self) -> Option<bool> {
        let truths = self.programs.iter().map(|(_, program)| program.decided());
        truths.reduce(|a, b| match (a, b) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        })?
    }
}

/// What is wrong at a place of a condition.
#[derive(Debug)]
pub(crate) struct Fault {
    at: Range<usize>,
    what: String,
    hint: Option<Phrase>,
    /// Whether the values of some rows are wrong, not the condition.
    of_rows: bool,
    /// Where the columns stand whose values are wrong.
    columns: Vec<Range<usize>>,
}

impl Fault {
    fn new(at: Range<usize>, what: impl Into<String>) -> Self {
        Self {
            at,
            what: what.into(),
            hint: None,
            of_rows: false,
            columns: Vec::new(),
        }
    }

    /// What is wrong with the values of some rows, at a step of a program.
    fn of_rows(node: &Node, what: impl Into<String>) -> Self {
        Self {
            of_rows: true,
            columns: node.columns(),
            ..Self::new(node.at.clone(), what)
        }
    }

    fn hint(mut self, hint: &str) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The error of a condition before a row is read.
    fn usage(self, text: &str) -> Error {
        self.of_kind(ErrorKind::Usage, text)
    }

    /// The error of a condition over rows.
    fn error(self, text: &str) -> Error {
        let kind = match self.of_rows {
            true => ErrorKind::Input,
            false => ErrorKind::Usage,
        };
        self.of_kind(kind, text)
    }

    fn of_kind(self, kind: ErrorKind, text: &str) -> Error {
        let setting = [Setting::Where.into(), format!(": {}", self.what).into()];
        let error = Error::new(kind, setting);
        let error = match self.hint {
            Some(hint) => error.hint(hint),
            None => error,
        };
        let name = |at: &Range<usize>| -> String {
            let characters = text.chars().skip(at.start);
            characters.take(at.len()).collect()
        };
        let mut names: Vec<String> = self.columns.iter().map(name).collect();
        names.dedup();
        let error = match &names[..] {
            [] => error,
            names => error.with("column", names.join(", ")),
        };
        error.marked(text, self.at)
    }
}
