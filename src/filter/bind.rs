//! A syntax tree and the types of its columns → a program, with every conversion explicit.
//!
//! Types meet as in PostgreSQL; what it would refuse is refused here, before a row is read. What holds
//! no column is computed here as well.

use super::Fault;
use super::expression::{Expression, Kind, Like, Literal, Operator, Target};
use super::literal;
use super::program::{Node, Step, To, folded};
use super::types::{Type, decimal};
use arrow::array::types::IntervalMonthDayNano;
use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array,
    IntervalMonthDayNanoArray, NullArray, StringViewArray, TimestampMicrosecondArray,
    TimestampNanosecondArray,
};
use std::ops::Range;
use std::sync::Arc;

/// Where the values of a column come from.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// From the file: of this type.
    Stored(Type),
    /// From the path or the table: one text for the whole file, or null.
    Constant {
        value: Option<String>,
        /// Whether the column is text by its table's schema, not a value without type.
        is_text: bool,
    },
}

/// The program of one condition; `origins` are those of all columns, `slots` their places among those
/// that are stored.
pub(super) fn bind(
    root: &Expression,
    origins: &[Origin],
    slots: &[Option<usize>],
) -> Result<Node, Fault> {
    let binder = Binder { origins, slots };
    let node = binder.node(root)?;
    binder.condition(node)
}

struct Binder<'a> {
    origins: &'a [Origin],
    slots: &'a [Option<usize>],
}

fn constant(array: impl arrow::array::Array + 'static, of: Type, at: Range<usize>) -> Node {
    Node {
        step: Step::Constant(Arc::new(array)),
        of,
        at,
    }
}

impl Binder<'_> {
    fn boxed(&self, of: &Expression) -> Result<Box<Node>, Fault> {
        self.node(of).map(Box::new)
    }

    fn conditions(&self, parts: &[Expression]) -> Result<Vec<Node>, Fault> {
        let part = |part| self.node(part).and_then(|node| self.condition(node));
        parts.iter().map(part).collect()
    }

    fn node(&self, expression: &Expression) -> Result<Node, Fault> {
        let at = expression.at.clone();
        let (step, of) = match &expression.kind {
            Kind::Column(index) => return self.column(*index, at),
            Kind::Literal(value) => return literal(value, at),
            Kind::And(parts) => (Step::And(self.conditions(parts)?), Type::Bool),
            Kind::Or(parts) => (Step::Or(self.conditions(parts)?), Type::Bool),
            Kind::Not(inner) => {
                let inner = self.node(inner).and_then(|node| self.condition(node))?;
                (Step::Not(Box::new(inner)), Type::Bool)
            }
            Kind::Compare(op, a, b) => {
                let (a, b) = self.meet(self.node(a)?, self.node(b)?, &at)?;
                (Step::Compare(*op, a, b), Type::Bool)
            }
            Kind::Same(a, b) => {
                let (a, b) = self.meet(self.node(a)?, self.node(b)?, &at)?;
                (Step::Same(a, b), Type::Bool)
            }
            Kind::IsNull(inner) => (Step::IsNull(self.boxed(inner)?), Type::Bool),
            Kind::Is(value, inner) => {
                let inner = self.node(inner).and_then(|node| self.condition(node))?;
                (Step::Is(*value, Box::new(inner)), Type::Bool)
            }
            Kind::Like(like) => (self.like(like)?, Type::Bool),
            Kind::Arithmetic(op, a, b) => {
                return self.arithmetic(*op, self.node(a)?, self.node(b)?, at);
            }
            Kind::Negate(inner) => {
                let inner = self.as_number(self.node(inner)?)?;
                let of = inner.of.clone();
                (Step::Negate(Box::new(inner)), of)
            }
            Kind::Cast(inner, target) => {
                let inner = self.node(inner)?;
                return self.cast(inner, *target, at);
            }
        };
        folded(Node { step, of, at })
    }

    fn column(&self, index: usize, at: Range<usize>) -> Result<Node, Fault> {
        match &self.origins[index] {
            Origin::Constant { value, is_text } => {
                let value = StringViewArray::from(vec![value.as_deref()]);
                let of = if *is_text { Type::Text } else { Type::Untyped };
                Ok(constant(value, of, at))
            }
            Origin::Stored(of) => Ok(Node {
                // Those that are stored have a place.
                step: Step::Column(self.slots[index].unwrap_or(0)),
                of: of.clone(),
                at,
            }),
        }
    }

    /// Something that is true or false.
    fn condition(&self, node: Node) -> Result<Node, Fault> {
        match node.of {
            Type::Bool => Ok(node),
            Type::Null | Type::Untyped | Type::Quoted => converted(node, Target::Bool, Type::Bool),
            _ => {
                let what = format!(
                    "{} where a condition is wanted, which is true or false",
                    node.of.name()
                );
                Err(Fault::new(node.at, what))
            }
        }
    }

    fn as_number(&self, node: Node) -> Result<Node, Fault> {
        match node.of {
            _ if node.of.is_number() => Ok(node),
            Type::Null => converted(node, Target::Integer(64), Type::Integer),
            Type::Untyped => number(node),
            _ => {
                let what = format!("{} where a number is wanted", node.of.name());
                Err(Fault::new(node.at, what))
            }
        }
    }

    /// Two values in one form, to be compared.
    fn meet(&self, a: Node, b: Node, at: &Range<usize>) -> Result<(Box<Node>, Box<Node>), Fault> {
        let refuse = |a: &Node, b: &Node| {
            let what = format!("{} can't be compared with {}", a.of.name(), b.of.name());
            Fault::new(at.clone(), what)
        };
        let (a, b) = match (&a.of, &b.of) {
            (Type::Span, _) | (_, Type::Span) => return Err(refuse(&a, &b)),
            (Type::Other(_), _) | (_, Type::Other(_)) => {
                let fault = refuse(&a, &b);
                return Err(fault.hint(
                    "ask whether it is null, or have the column written as a type of one value",
                ));
            }
            (x, y) if x == y && *x != Type::Untyped => (a, b),
            (Type::Null, _) | (_, Type::Null) => (a, b),
            (x, y) if x.is_number() && y.is_number() => (a, b),
            (Type::Untyped, Type::Untyped) => {
                let fault = refuse(&a, &b);
                return Err(fault.hint("cast one of them, such as to numeric, date or text"));
            }
            (Type::Untyped | Type::Quoted, _) => {
                let of = b.of.clone();
                (like_of(a, &of)?, b)
            }
            (_, Type::Untyped | Type::Quoted) => {
                let of = a.of.clone();
                (a, like_of(b, &of)?)
            }
            (Type::Date, Type::Timestamp | Type::Moment) => {
                (converted(a, Target::Timestamp, Type::Timestamp)?, b)
            }
            (Type::Timestamp | Type::Moment, Type::Date) => {
                (a, converted(b, Target::Timestamp, Type::Timestamp)?)
            }
            // A timestamp without zone is in UTC.
            (Type::Timestamp, Type::Moment) | (Type::Moment, Type::Timestamp) => (a, b),
            _ => {
                let fault = refuse(&a, &b);
                return Err(fault.hint("cast one of them, such as CAST(x AS text)"));
            }
        };
        Ok((Box::new(a), Box::new(b)))
    }

    fn like(&self, like: &Like) -> Result<Step, Fault> {
        let text = |node: Node| match node.of {
            Type::Text => Ok(node),
            Type::Null | Type::Untyped | Type::Quoted => converted(node, Target::Text, Type::Text),
            _ => {
                let what = format!("{} where text is wanted", node.of.name());
                Err(Fault::new(node.at, what))
            }
        };
        let pattern = match (&like.pattern.kind, like.escape) {
            (Kind::Literal(Literal::Text(pattern)), escape) => {
                let at = like.pattern.at.clone();
                let pattern = with_backslash(pattern, escape)
                    .ok_or_else(|| Fault::new(at.clone(), "a pattern that ends with its escape"))?;
                constant(StringViewArray::from(vec![pattern]), Type::Text, at)
            }
            (_, Some('\\')) => text(self.node(&like.pattern)?)?,
            _ => {
                let at = like.pattern.at.clone();
                return Err(Fault::new(at, "ESCAPE wants a pattern in single quotes"));
            }
        };
        Ok(Step::Like {
            value: Box::new(text(self.node(&like.value)?)?),
            pattern: Box::new(pattern),
            any_case: like.any_case,
        })
    }

    fn arithmetic(&self, op: Operator, a: Node, b: Node, at: Range<usize>) -> Result<Node, Fault> {
        use Operator::{Add, Subtract};
        let dated = |of: &Type| matches!(of, Type::Date | Type::Timestamp | Type::Moment);
        let step = |a, b, of: Type| {
            folded(Node {
                step: Step::Arithmetic(op, Box::new(a), Box::new(b)),
                of,
                at: at.clone(),
            })
        };
        let moved = |of: &Type| match of {
            Type::Moment => Type::Moment,
            _ => Type::Timestamp,
        };
        let timed = |node: Node| match node.of {
            Type::Date => converted(node, Target::Timestamp, Type::Timestamp),
            _ => Ok(node),
        };
        match (&a.of, &b.of, op) {
            (Type::Date, Type::Date, Subtract) => step(a, b, Type::Integer),
            (Type::Date, Type::Integer, Add | Subtract) => step(a, b, Type::Date),
            (Type::Integer, Type::Date, Add) => step(b, a, Type::Date),
            (of, Type::Span, Add | Subtract) if dated(of) => {
                let of = moved(of);
                step(timed(a)?, b, of)
            }
            (Type::Span, of, Add) if dated(of) => {
                let of = moved(of);
                step(timed(b)?, a, of)
            }
            (x, y, _) if dated(x) || dated(y) || *x == Type::Span || *y == Type::Span => {
                let (x, y) = (x.name(), y.name());
                let what = format!("{x} {} {y} isn't known", op.sign());
                Err(Fault::new(at, what).hint(
                    "dates and timestamps take + and - with an interval, dates with days too",
                ))
            }
            _ => {
                let (a, b) = (self.as_number(a)?, self.as_number(b)?);
                let of = sum_of(op, &a.of, &b.of).map_err(|what| Fault::new(at.clone(), what))?;
                step(a, b, of)
            }
        }
    }

    fn cast(&self, node: Node, target: Target, at: Range<usize>) -> Result<Node, Fault> {
        use Target::{Bool, Date, Decimal, Float, Integer, Moment, Text, Timestamp};
        let is_known = matches!(
            (&node.of, target),
            (Type::Null | Type::Untyped | Type::Quoted | Type::Text, _)
                | (Type::Bool, Bool | Integer(32) | Text)
                | (Type::Integer, Bool | Integer(_) | Decimal(_) | Float | Text)
                | (
                    Type::Decimal | Type::AnyNumber,
                    Integer(_) | Decimal(_) | Float | Text
                )
                | (Type::Float, Integer(_) | Decimal(Some(_)) | Float)
                | (Type::Date, Date | Timestamp | Moment | Text)
                | (Type::Timestamp | Type::Moment, Date | Timestamp | Moment)
        );
        if !is_known {
            let what = format!("{} can't be cast to {}", node.of.name(), name_of(target));
            return Err(Fault::new(at, what));
        }
        let step = Step::Convert(Box::new(node), To::Type(target));
        let of = type_of(target);
        folded(Node { step, of, at })
    }
}

/// What a type of SQL is here.
pub(super) const fn type_of(target: Target) -> Type {
    match target {
        Target::Bool => Type::Bool,
        Target::Integer(_) => Type::Integer,
        Target::Decimal(_) => Type::Decimal,
        Target::Float => Type::Float,
        Target::Text => Type::Text,
        Target::Date => Type::Date,
        Target::Timestamp => Type::Timestamp,
        Target::Moment => Type::Moment,
    }
}

fn name_of(target: Target) -> String {
    type_of(target).name().to_owned()
}

/// The type of a sum, product, quotient or remainder of two numbers.
fn sum_of(op: Operator, a: &Type, b: &Type) -> Result<Type, &'static str> {
    let either = |of: Type| *a == of || *b == of;
    match op {
        Operator::Remainder if either(Type::Float) => {
            Err("% isn't known of floating numbers: cast them to numeric(p, s)")
        }
        Operator::Divide if either(Type::Float) => Ok(Type::Float),
        Operator::Divide if either(Type::AnyNumber) => {
            Err("numbers without type can't be divided: cast them to bigint or double precision")
        }
        Operator::Divide if either(Type::Decimal) => {
            Err("decimal numbers can't be divided: cast one of them to double precision")
        }
        _ if either(Type::Float) => Ok(Type::Float),
        _ if either(Type::AnyNumber) => Ok(Type::AnyNumber),
        _ if either(Type::Decimal) => Ok(Type::Decimal),
        _ => Ok(Type::Integer),
    }
}

/// A value without type, read as the type that it meets.
fn like_of(node: Node, of: &Type) -> Result<Node, Fault> {
    let target = match of {
        // A literal is of the column's type, and a whole number has no point.
        Type::Integer if node.of == Type::Quoted => Target::Integer(64),
        Type::Integer | Type::Decimal | Type::AnyNumber => return number(node),
        Type::Float => Target::Float,
        Type::Bool => Target::Bool,
        Type::Date => Target::Date,
        Type::Timestamp => Target::Timestamp,
        Type::Moment => Target::Moment,
        _ => Target::Text,
    };
    converted(node, target, type_of(target))
}

fn number(node: Node) -> Result<Node, Fault> {
    let at = node.at.clone();
    let step = Step::Convert(Box::new(node), To::Number);
    folded(Node {
        step,
        of: Type::AnyNumber,
        at,
    })
}

fn converted(node: Node, target: Target, of: Type) -> Result<Node, Fault> {
    let at = node.at.clone();
    let step = Step::Convert(Box::new(node), To::Type(target));
    folded(Node { step, of, at })
}

/// A pattern whose escape is the backslash; `None` if it ends with its escape.
fn with_backslash(pattern: &str, escape: Option<char>) -> Option<String> {
    let mut text = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(c) = characters.next() {
        match c {
            c if Some(c) == escape => {
                let next = characters.next()?;
                if matches!(next, '%' | '_' | '\\') {
                    text.push('\\');
                }
                text.push(next);
            }
            '\\' => text.push_str("\\\\"),
            c => text.push(c),
        }
    }
    Some(text)
}

fn literal(value: &Literal, at: Range<usize>) -> Result<Node, Fault> {
    let moment = |nanos: i128, of: Type| {
        let out_of_range = || Fault::new(at.clone(), "a time that 64 bits don't hold");
        let array: ArrayRef = match nanos % 1000 {
            0 => {
                let micros = i64::try_from(nanos / 1000).map_err(|_| out_of_range())?;
                Arc::new(TimestampMicrosecondArray::from(vec![micros]))
            }
            _ => {
                let nanos = i64::try_from(nanos).map_err(|_| out_of_range())?;
                Arc::new(TimestampNanosecondArray::from(vec![nanos]))
            }
        };
        let step = Step::Constant(array);
        let at = at.clone();
        Ok(Node { step, of, at })
    };
    Ok(match value {
        Literal::Null => constant(NullArray::new(1), Type::Null, at),
        Literal::Bool(value) => constant(BooleanArray::from(vec![*value]), Type::Bool, at),
        Literal::Text(text) => {
            constant(StringViewArray::from(vec![text.as_str()]), Type::Quoted, at)
        }
        Literal::Date(day) => constant(Date32Array::from(vec![*day]), Type::Date, at),
        Literal::Timestamp(nanos) => return moment(*nanos, Type::Timestamp),
        Literal::Moment(nanos) => return moment(*nanos, Type::Moment),
        Literal::Span(span) => {
            let span = IntervalMonthDayNano::new(span.months, span.days, span.nanos);
            constant(IntervalMonthDayNanoArray::from(vec![span]), Type::Span, at)
        }
        Literal::Number(digits) => {
            let is_whole = !digits.contains(['.', 'e', 'E']);
            match literal::exact(digits) {
                Some(exact) => match i64::try_from(exact.mantissa) {
                    Ok(value) if is_whole => {
                        constant(Int64Array::from(vec![value]), Type::Integer, at)
                    }
                    _ => {
                        let array = Decimal128Array::from(vec![exact.mantissa]);
                        let array = array.with_data_type(decimal(exact.scale));
                        constant(array, Type::Decimal, at)
                    }
                },
                None => {
                    let value = literal::float(digits).unwrap_or(f64::NAN);
                    constant(Float64Array::from(vec![value]), Type::Float, at)
                }
            }
        }
    })
}
