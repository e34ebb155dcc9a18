//! What a condition can be for rows of which only statistics are known.
//!
//! Every answer errs on the side of reading: what isn't certain may be.

use super::convert::convert;
use super::evaluate::{Cell, compare};
use super::expression::Comparison;
use super::program::{Node, Step};
use super::types::{Type, in_form};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float64Type};

/// What is known of the values of some columns in some rows.
pub(crate) trait Statistics {
    /// How many rows they are of.
    fn rows(&self) -> u64;

    /// Those of a stored column, by its place among them.
    fn of(&self, slot: usize) -> Bounds;
}

/// What is known of the values of one column.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bounds {
    /// No value is less than this one; an array of one value.
    pub(crate) least: Option<ArrayRef>,
    /// No value is greater.
    pub(crate) greatest: Option<ArrayRef>,
    /// How many values are null.
    pub(crate) nulls: Option<u64>,
}

/// What a condition may be for some row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) is_true: bool,
    pub(super) is_false: bool,
    pub(super) is_null: bool,
}

impl Outcome {
    const ANY: Self = Self {
        is_true: true,
        is_false: true,
        is_null: true,
    };

    const fn one(value: Option<bool>) -> Self {
        Self {
            is_true: matches!(value, Some(true)),
            is_false: matches!(value, Some(false)),
            is_null: value.is_none(),
        }
    }

    /// What a condition may be.
    pub(super) fn of(node: &Node, statistics: &dyn Statistics) -> Self {
        match &node.step {
            Step::Constant(array) => match array.as_boolean_opt() {
                Some(array) if array.len() == 1 => {
                    Self::one(array.is_valid(0).then(|| array.value(0)))
                }
                _ => Self::ANY,
            },
            Step::And(parts) => Self::all(parts, statistics),
            Step::Or(parts) => {
                Self::all_of(parts.iter().map(|part| Self::of(part, statistics).not())).not()
            }
            Step::Not(a) => Self::of(a, statistics).not(),
            Step::IsNull(a) => match &a.step {
                Step::Column(slot) => {
                    let nulls = statistics.of(*slot).nulls;
                    Self {
                        is_true: nulls != Some(0),
                        is_false: nulls.is_none_or(|nulls| nulls < statistics.rows()),
                        is_null: false,
                    }
                }
                _ => Self::ANY,
            },
            Step::Is(wanted, a) => {
                let a = Self::of(a, statistics);
                let (met, unmet) = match wanted {
                    true => (a.is_true, a.is_false),
                    false => (a.is_false, a.is_true),
                };
                Self {
                    is_true: met,
                    is_false: unmet || a.is_null,
                    is_null: false,
                }
            }
            Step::Compare(op, a, b) => match (&a.step, &b.step) {
                (_, Step::Constant(value)) => Self::compared(*op, a, value, statistics),
                (Step::Constant(value), _) => Self::compared(op.mirrored(), b, value, statistics),
                _ => Self::ANY,
            },
            Step::Column(_) if node.of == Type::Bool => {
                let yes: ArrayRef =
                    std::sync::Arc::new(arrow::array::BooleanArray::from(vec![true]));
                Self::compared(Comparison::Equal, node, &yes, statistics)
            }
            _ => Self::ANY,
        }
    }

    const fn not(self) -> Self {
        Self {
            is_true: self.is_false,
            is_false: self.is_true,
            is_null: self.is_null,
        }
    }

    fn all(parts: &[Node], statistics: &dyn Statistics) -> Self {
        Self::all_of(parts.iter().map(|part| Self::of(part, statistics)))
    }

    fn all_of(parts: impl Iterator<Item = Self>) -> Self {
        parts.fold(Self::one(Some(true)), |sum, part| Self {
            is_true: sum.is_true && part.is_true,
            is_false: sum.is_false || part.is_false,
            is_null: sum.is_null || part.is_null,
        })
    }

    /// A column, perhaps converted, beside a constant.
    fn compared(
        op: Comparison,
        node: &Node,
        value: &ArrayRef,
        statistics: &dyn Statistics,
    ) -> Self {
        if value.logical_null_count() > 0 {
            return Self::one(None);
        }
        let Some(bounds) = bounds(node, statistics) else {
            return Self::ANY;
        };
        let is_null = bounds.nulls != Some(0);
        if bounds.nulls == Some(statistics.rows()) {
            return Self::one(None);
        }
        // What can't be compared here fails where the rows are read.
        let is = |bound: &Option<ArrayRef>, op: Comparison| match bound {
            None => None,
            Some(bound) => holds(op, bound, value),
        };
        let least = |op| is(&bounds.least, op);
        let greatest = |op| is(&bounds.greatest, op);
        use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Unequal};
        let (some, none_other) = match op {
            Less => (least(Less), greatest(Less)),
            LessOrEqual => (least(LessOrEqual), greatest(LessOrEqual)),
            Greater => (greatest(Greater), least(Greater)),
            GreaterOrEqual => (greatest(GreaterOrEqual), least(GreaterOrEqual)),
            Equal | Unequal => {
                let within = both(least(LessOrEqual), greatest(GreaterOrEqual));
                let all = both(least(Equal), greatest(Equal));
                match op {
                    Equal => (within, all),
                    _ => (all.map(|all| !all), within.map(|within| !within)),
                }
            }
        };
        Self {
            is_true: some.unwrap_or(true),
            is_false: none_other.is_none_or(|all| !all),
            is_null,
        }
    }
}

/// Whether both hold: false as soon as one is known not to.
const fn both(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn holds(op: Comparison, bound: &ArrayRef, value: &ArrayRef) -> Option<bool> {
    let cell = |array: &ArrayRef| Cell {
        array: ArrayRef::clone(array),
        is_constant: true,
    };
    let compared = compare(op, &cell(bound), &cell(value)).ok()?.array;
    let compared = compared.as_boolean_opt()?;
    compared.is_valid(0).then(|| compared.value(0))
}

/// The bounds of a column, or of what keeps the order of one.
fn bounds(node: &Node, statistics: &dyn Statistics) -> Option<Bounds> {
    match &node.step {
        Step::Column(slot) => {
            let bounds = statistics.of(*slot);
            let known = |bound: Option<ArrayRef>| {
                bound
                    .and_then(|bound| in_form(&bound).ok())
                    .filter(|bound| bound.len() == 1 && bound.is_valid(0))
            };
            // A bound that is NaN bounds nothing, as the format has it.
            let is_number = |bound: &ArrayRef| match bound.as_primitive_opt::<Float64Type>() {
                Some(bound) => !bound.value(0).is_nan(),
                None => true,
            };
            let greatest = known(bounds.greatest);
            Some(Bounds {
                least: known(bounds.least).filter(is_number),
                // Statistics leave NaN out, which is greater than all numbers.
                greatest: greatest.filter(|bound| bound.data_type() != &DataType::Float64),
                nulls: bounds.nulls,
            })
        }
        Step::Convert(inner, to) if inner.of == Type::Date => {
            let bounds = bounds(inner, statistics)?;
            let convert = |bound: Option<ArrayRef>| {
                bound.and_then(|bound| convert(&bound, &inner.of, *to).ok())
            };
            let is_time = matches!(node.of, Type::Date | Type::Timestamp | Type::Moment);
            is_time.then_some(Bounds {
                least: convert(bounds.least),
                greatest: convert(bounds.greatest),
                nulls: bounds.nulls,
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn not_knowing_both_is_not_knowing_and_one_no_is_no() {
        assert_eq!(both(None, Some(false)), Some(false));
        assert_eq!(both(None, Some(true)), None);
        let any = [Outcome::ANY, Outcome::one(Some(false))];
        let all = Outcome::all_of(any.into_iter());
        assert!(!all.is_true && all.is_false && all.is_null);
    }
}
