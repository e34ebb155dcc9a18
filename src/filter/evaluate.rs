//! A program over some rows: true, false or null of each, by Arrow's kernels.
//!
//! As in PostgreSQL, AND and OR look at their right side only where the left one decides nothing: what
//! fails there fails only for rows that need it.

use super::Fault;
use super::convert::convert;
use super::expression::{Comparison, Operator};
use super::program::{Node, Step};
use super::types::{cast, decimal, in_form, in_order};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Datum, Decimal128Array, new_null_array,
};
use arrow::compute::kernels::{cmp, numeric};
use arrow::compute::{and_kleene, filter, ilike, is_null, like, not, or_kleene};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimeUnit};
use arrow::error::ArrowError;
use std::sync::Arc;

/// Some rows: the columns that a program reads, in the order of their places.
pub(super) struct Rows<'a> {
    pub(super) columns: &'a [ArrayRef],
    pub(super) rows: usize,
}

/// Values: one a row, or one for all.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) array: ArrayRef,
    pub(super) is_constant: bool,
}

impl Datum for Cell {
    fn get(&self) -> (&dyn Array, bool) {
        (&*self.array, self.is_constant)
    }
}

impl Cell {
    pub(super) fn with(&self, array: ArrayRef) -> Self {
        Self {
            array,
            is_constant: self.is_constant,
        }
    }

    /// True, false or null of every row.
    pub(super) fn booleans(&self, rows: usize) -> BooleanArray {
        let array = match self.array.as_boolean_opt() {
            Some(array) => array.clone(),
            None => BooleanArray::new_null(self.array.len()),
        };
        if !self.is_constant {
            return array;
        }
        match array.is_valid(0).then(|| array.value(0)) {
            Some(value) => vec![value; rows].into(),
            None => BooleanArray::new_null(rows),
        }
    }
}

/// The values of a node in some rows.
pub(super) fn evaluate(node: &Node, rows: &Rows<'_>) -> Result<Cell, Fault> {
    let fault = |e: ArrowError| Fault::of_rows(node, reason(&e));
    let of_rows = |array: ArrayRef| Cell {
        array,
        is_constant: false,
    };
    match &node.step {
        Step::Column(slot) => in_form(&rows.columns[*slot]).map(of_rows).map_err(fault),
        Step::Constant(array) => Ok(Cell {
            array: Arc::clone(array),
            is_constant: true,
        }),
        Step::And(parts) => all(parts, rows, true).map(|b| of_rows(Arc::new(b))),
        Step::Or(parts) => all(parts, rows, false).map(|b| of_rows(Arc::new(b))),
        Step::Not(a) => {
            let a = evaluate(a, rows)?;
            let negated = not(&a.booleans_as_are()).map_err(fault)?;
            Ok(a.with(Arc::new(negated)))
        }
        Step::Compare(op, a, b) => {
            let (a, b) = (evaluate(a, rows)?, evaluate(b, rows)?);
            compare(*op, &a, &b).map_err(fault)
        }
        Step::Same(a, b) => same(&evaluate(a, rows)?, &evaluate(b, rows)?).map_err(fault),
        Step::IsNull(a) => {
            let a = evaluate(a, rows)?;
            let nulls = is_null(&a.array).map_err(fault)?;
            Ok(a.with(Arc::new(nulls)))
        }
        Step::Is(wanted, a) => evaluate(a, rows).map(|a| is(*wanted, &a)),
        Step::Like {
            value,
            pattern,
            any_case,
        } => {
            let (a, b) = (evaluate(value, rows)?, evaluate(pattern, rows)?);
            let is_constant = a.is_constant && b.is_constant;
            let matches = if *any_case { ilike } else { like };
            let array = Arc::new(matches(&a, &b).map_err(fault)?);
            Ok(Cell { array, is_constant })
        }
        Step::Arithmetic(op, a, b) => {
            let (a, b) = (evaluate(a, rows)?, evaluate(b, rows)?);
            arithmetic(*op, a, b).map_err(fault)
        }
        Step::Negate(a) => {
            let a = evaluate(a, rows)?;
            let negated = numeric::neg(&a.array).map_err(fault)?;
            in_form(&negated).map(|array| a.with(array)).map_err(fault)
        }
        Step::Convert(a, to) => {
            let of = &a.of;
            let a = evaluate(a, rows)?;
            let converted = convert(&a.array, of, *to);
            converted
                .map(|array| a.with(array))
                .map_err(|what| Fault::of_rows(node, what))
        }
    }
}

impl Cell {
    fn booleans_as_are(&self) -> BooleanArray {
        match self.array.as_boolean_opt() {
            Some(array) => array.clone(),
            None => BooleanArray::new_null(self.array.len()),
        }
    }
}

/// Conditions of which all, or any, must hold.
fn all(parts: &[Node], rows: &Rows<'_>, wanted: bool) -> Result<BooleanArray, Fault> {
    let mut sum = BooleanArray::from(vec![wanted; rows.rows]);
    for (index, part) in parts.iter().enumerate() {
        if index > 0 && undecided(&sum, wanted).true_count() == 0 {
            break;
        }
        let values = match evaluate(part, rows) {
            Ok(cell) => cell.booleans(rows.rows),
            // Perhaps only in rows that are decided.
            Err(_) if index > 0 => of_undecided(part, rows, &undecided(&sum, wanted))?,
            Err(fault) => return Err(fault),
        };
        let joined = match wanted {
            true => and_kleene(&sum, &values),
            false => or_kleene(&sum, &values),
        };
        sum = joined.map_err(|e| Fault::of_rows(part, reason(&e)))?;
    }
    Ok(sum)
}

/// The rows that another condition may still change: of AND those that aren't false, of OR those that
/// aren't true.
fn undecided(sum: &BooleanArray, wanted: bool) -> BooleanArray {
    let (values, nulls) = (sum.values(), sum.nulls());
    let open = if wanted { values.clone() } else { !values };
    match nulls {
        Some(nulls) => BooleanArray::new(&open | &!nulls.inner(), None),
        None => BooleanArray::new(open, None),
    }
}

/// The values in those rows alone; null in all others.
fn of_undecided(part: &Node, rows: &Rows<'_>, open: &BooleanArray) -> Result<BooleanArray, Fault> {
    let fault = |e: ArrowError| Fault::of_rows(part, reason(&e));
    let columns = rows.columns.iter().map(|column| filter(column, open));
    let columns = columns.collect::<Result<Vec<_>, _>>().map_err(fault)?;
    let few = Rows {
        columns: &columns,
        rows: open.true_count(),
    };
    let values = evaluate(part, &few)?.booleans(few.rows);
    let mut values = values.iter();
    let spread = open.values().iter();
    Ok(spread
        .map(|is_open| {
            if is_open {
                values.next().flatten()
            } else {
                None
            }
        })
        .collect())
}

/// Whether a condition is known to be this.
fn is(wanted: bool, condition: &Cell) -> Cell {
    let (values, nulls) = condition.booleans_as_are().into_parts();
    let values = if wanted { values } else { !&values };
    let values = match nulls {
        Some(nulls) => &values & nulls.inner(),
        None => values,
    };
    condition.with(Arc::new(BooleanArray::new(values, None)))
}

/// Whether values are equal, or both null.
fn same(a: &Cell, b: &Cell) -> Result<Cell, ArrowError> {
    let is_constant = a.is_constant && b.is_constant;
    let (a, b) = one_form(a.clone(), b.clone())?;
    let array = Arc::new(cmp::not_distinct(&a, &b)?);
    Ok(Cell { array, is_constant })
}

/// Compares values of types that meet.
pub(super) fn compare(op: Comparison, a: &Cell, b: &Cell) -> Result<Cell, ArrowError> {
    let is_constant = a.is_constant && b.is_constant;
    let (a, b) = one_form(a.clone(), b.clone())?;
    let compared = match op {
        Comparison::Equal => cmp::eq(&a, &b),
        Comparison::Unequal => cmp::neq(&a, &b),
        Comparison::Less => cmp::lt(&a, &b),
        Comparison::LessOrEqual => cmp::lt_eq(&a, &b),
        Comparison::Greater => cmp::gt(&a, &b),
        Comparison::GreaterOrEqual => cmp::gt_eq(&a, &b),
    }?;
    let array = Arc::new(compared);
    Ok(Cell { array, is_constant })
}

/// Both in the wider of their forms.
fn one_form(a: Cell, b: Cell) -> Result<(Cell, Cell), ArrowError> {
    use DataType::{Decimal128, Float64, Int64, Null, Timestamp};
    let (x, y) = (a.array.data_type().clone(), b.array.data_type().clone());
    let to = match (&x, &y) {
        _ if x == y => return Ok((a, b)),
        (Null, other) | (other, Null) => other.clone(),
        (Float64, _) | (_, Float64) => Float64,
        (Decimal128(_, s), Decimal128(_, t)) => decimal((*s.max(t)).try_into().unwrap_or(0)),
        (Decimal128(_, s), Int64) | (Int64, Decimal128(_, s)) => {
            decimal((*s).try_into().unwrap_or(0))
        }
        (Timestamp(_, _), Timestamp(_, _)) => Timestamp(TimeUnit::Nanosecond, None),
        _ => return Ok((a, b)),
    };
    Ok((form(a, &to)?, form(b, &to)?))
}

fn form(cell: Cell, to: &DataType) -> Result<Cell, ArrowError> {
    let array = match (cell.array.data_type(), to) {
        (from, to) if from == to => return Ok(cell),
        (DataType::Null, to) => new_null_array(to, cell.array.len()),
        (DataType::Decimal128(_, from), DataType::Decimal128(_, scale)) => {
            let digits = u32::try_from(scale - from).unwrap_or(0);
            let factor = 10_i128.checked_pow(digits).ok_or_else(overflow)?;
            let array = cell.array.as_primitive::<Decimal128Type>();
            let scaled: Decimal128Array =
                array.try_unary(|value: i128| value.checked_mul(factor).ok_or_else(overflow))?;
            Arc::new(scaled.with_data_type(to.clone()))
        }
        (DataType::Int64, DataType::Decimal128(_, _)) => {
            let whole = cell.with(cast(&cell.array, &decimal(0))?);
            return form(whole, to);
        }
        (_, to) => cast(&cell.array, to)?,
    };
    Ok(cell.with(array))
}

fn overflow() -> ArrowError {
    ArrowError::ArithmeticOverflow("Overflow".into())
}

fn arithmetic(op: Operator, a: Cell, b: Cell) -> Result<Cell, ArrowError> {
    let is_constant = a.is_constant && b.is_constant;
    let array = match (a.array.data_type(), b.array.data_type()) {
        (DataType::Date32, DataType::Date32) => {
            let (a, b) = (days(&a)?, days(&b)?);
            numeric::sub(&a, &b)?
        }
        (DataType::Date32, DataType::Int64) => {
            let a = days(&a)?;
            let moved = match op {
                Operator::Subtract => numeric::sub(&a, &b)?,
                _ => numeric::add(&a, &b)?,
            };
            let moved = moved.as_primitive::<Int64Type>();
            let day = |day: i64| i32::try_from(day).map_err(|_| overflow());
            Arc::new(moved.try_unary::<_, Date32Type, _>(day)?)
        }
        (_, DataType::Interval(_)) => match op {
            Operator::Subtract => numeric::sub(&a, &b)?,
            _ => numeric::add(&a, &b)?,
        },
        _ => numbers(op, a, b)?,
    };
    Ok(Cell { array, is_constant })
}

/// Days since 1970 as whole numbers.
fn days(dates: &Cell) -> Result<Cell, ArrowError> {
    let days = cast(&dates.array, &DataType::Int32)?;
    cast(&days, &DataType::Int64).map(|array| dates.with(array))
}

fn numbers(op: Operator, a: Cell, b: Cell) -> Result<ArrayRef, ArrowError> {
    let is_decimal = |cell: &Cell| matches!(cell.array.data_type(), DataType::Decimal128(_, _));
    let (a, b) = match op {
        // A product's scale is the sum of both.
        Operator::Multiply if is_decimal(&a) && is_decimal(&b) => (a, b),
        Operator::Multiply if is_decimal(&a) && b.array.data_type() == &DataType::Int64 => {
            (a, form(b, &decimal(0))?)
        }
        Operator::Multiply if is_decimal(&b) && a.array.data_type() == &DataType::Int64 => {
            (form(a, &decimal(0))?, b)
        }
        _ => one_form(a, b)?,
    };
    let is_float = a.array.data_type() == &DataType::Float64;
    if is_float && op == Operator::Divide {
        let zero = Cell {
            array: Arc::new(arrow::array::Float64Array::from(vec![0.0])),
            is_constant: true,
        };
        let divisors = cmp::eq(&b, &zero)?;
        if divisors.true_count() > 0 {
            let quotients = numeric::div(&a, &b)?;
            let zeros = Cell {
                array: Arc::new(divisors),
                is_constant: b.is_constant,
            };
            let zeros = zeros.booleans(quotients.len());
            // Null by zero is null.
            if zeros
                .iter()
                .zip(0..)
                .any(|(zero, row)| zero == Some(true) && quotients.is_valid(row))
            {
                return Err(ArrowError::DivideByZero);
            }
        }
    }
    let result = match op {
        Operator::Add => numeric::add(&a, &b),
        Operator::Subtract => numeric::sub(&a, &b),
        Operator::Multiply => numeric::mul(&a, &b),
        Operator::Divide => numeric::div(&a, &b),
        Operator::Remainder => numeric::rem(&a, &b),
    }?;
    if is_float {
        let infinite = |array: &ArrayRef| {
            let array = array.as_primitive::<Float64Type>();
            array.iter().flatten().any(f64::is_infinite)
        };
        if infinite(&result) && !infinite(&a.array) && !infinite(&b.array) {
            return Err(overflow());
        }
        return Ok(in_order(&result));
    }
    in_form(&result)
}

/// An error of a kernel, without the value that it shows.
pub(super) fn reason(error: &ArrowError) -> String {
    match error {
        ArrowError::DivideByZero => "division by zero".into(),
        ArrowError::ArithmeticOverflow(_) | ArrowError::ComputeError(_) => {
            "a result out of range".into()
        }
        _ => "a value out of range".into(),
    }
}
