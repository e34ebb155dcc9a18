//! A program as questions of one column each, whose answers are a bit a row.
//!
//! Where rows are read column by column, a question may be asked of a dictionary's entries instead of every
//! row. AND, OR and NOT then join bits. Of three-valued logic two values are enough: sought are the rows
//! of which a part is true, or, below NOT, those of which it is false.

use super::BoundFilter;
use super::evaluate::{Rows, evaluate};
use super::program::{Node, Step};
use crate::error::Result;
use arrow::array::ArrayRef;
use arrow::buffer::BooleanBuffer;
use std::sync::Arc;

/// A part of a program that reads one column: for which rows is it true, or is it false?
pub(crate) struct Question<'a> {
    node: &'a Node,
    slot: usize,
    is_true: bool,
}

/// Answers a question with a bit for each of so many rows; `None` if it can't.
pub(crate) type Ask<'a> = &'a mut dyn FnMut(&Question<'_>) -> Result<Option<BooleanBuffer>>;

impl Question<'_> {
    /// The stored column that it is about, by its place among them.
    pub(crate) const fn slot(&self) -> usize {
        self.slot
    }

    /// The answer for each of some values of the column; `None` if it can't be computed for one of them.
    pub(crate) fn answer(&self, values: &ArrayRef) -> Option<BooleanBuffer> {
        let columns = vec![Arc::clone(values); self.slot + 1];
        answer(self.node, &columns, values.len(), self.is_true)
    }
}

fn answer(node: &Node, columns: &[ArrayRef], rows: usize, is_true: bool) -> Option<BooleanBuffer> {
    let cell = evaluate(node, &Rows { columns, rows }).ok()?;
    let (values, nulls) = cell.booleans(rows).into_parts();
    let values = if is_true { values } else { !&values };
    Some(match nulls {
        Some(nulls) => &values & nulls.inner(),
        None => values,
    })
}

impl BoundFilter {
    /// Which of `rows` rows are taken, by `ask` for every part that reads one column. `None` if there is a
    /// part that reads several, or one of the answers is missing: what can't be computed for a value may be
    /// needed by no row, which only rows can tell.
    ///
    /// # Errors
    /// Those of `ask`.
    pub(crate) fn taken_by_column(
        &self,
        rows: usize,
        ask: Ask<'_>,
    ) -> Result<Option<BooleanBuffer>> {
        let conditions: Vec<&Node> = self.programs.iter().map(|(_, node)| node).collect();
        joined(&conditions, Join::All, true, rows, ask)
    }
}

/// How the rows of parts come together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Join {
    All,
    Any,
}

/// The rows of which all parts, or any, are so.
fn joined(
    parts: &[&Node],
    join: Join,
    is_true: bool,
    rows: usize,
    ask: Ask<'_>,
) -> Result<Option<BooleanBuffer>> {
    let mut sum: Option<BooleanBuffer> = None;
    for (index, part) in parts.iter().enumerate() {
        // What is decided of every row needs no other column. But a row of which the parts before are null isn't
        // decided for those that may fail.
        let is_decided = sum.as_ref().is_some_and(|sum| match join {
            Join::All => !sum.has_true(),
            Join::Any => !sum.has_false(),
        });
        if is_decided && !parts[index..].iter().any(|part| part.may_fail()) {
            break;
        }
        let Some(found) = rows_where(part, is_true, rows, ask)? else {
            return Ok(None);
        };
        sum = Some(match (sum, join) {
            (None, _) => found,
            (Some(sum), Join::All) => &sum & &found,
            (Some(sum), Join::Any) => &sum | &found,
        });
    }
    Ok(Some(sum.unwrap_or_else(|| match join {
        Join::All => BooleanBuffer::new_set(rows),
        Join::Any => BooleanBuffer::new_unset(rows),
    })))
}

/// The rows of which a part is true, or those of which it is false.
fn rows_where(
    node: &Node,
    is_true: bool,
    rows: usize,
    ask: Ask<'_>,
) -> Result<Option<BooleanBuffer>> {
    match node.slots()[..] {
        [] => {
            let answer = answer(node, &[], 1, is_true);
            return Ok(answer.map(|answer| match answer.value(0) {
                true => BooleanBuffer::new_set(rows),
                false => BooleanBuffer::new_unset(rows),
            }));
        }
        [slot] => {
            return ask(&Question {
                node,
                slot,
                is_true,
            });
        }
        _ => {}
    }
    match &node.step {
        Step::And(parts) | Step::Or(parts) => {
            let join = match (&node.step, is_true) {
                (Step::And(_), true) | (Step::Or(_), false) => Join::All,
                _ => Join::Any,
            };
            joined(&parts.iter().collect::<Vec<_>>(), join, is_true, rows, ask)
        }
        Step::Not(a) => rows_where(a, !is_true, rows, ask),
        Step::Is(wanted, a) => {
            let known = rows_where(a, *wanted, rows, ask)?;
            // It is never null.
            Ok(known.map(|known| if is_true { known } else { !&known }))
        }
        _ => Ok(None),
    }
}
