//! What a filter says: its syntax tree, whose literals are read and whose columns are names.

use super::literal::Span;
use std::ops::Range;

/// A part of a filter, and where it stands in the text, in characters.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Expression {
    pub(super) kind: Kind,
    pub(super) at: Range<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A column, by its number in [`super::RowFilter::columns`].
    Column(usize),
    Literal(Literal),
    Not(Box<Expression>),
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Compare(Comparison, Box<Expression>, Box<Expression>),
    /// `IS NOT DISTINCT FROM`: equal, or both null.
    Same(Box<Expression>, Box<Expression>),
    IsNull(Box<Expression>),
    /// `IS TRUE` or `IS FALSE`.
    Is(bool, Box<Expression>),
    Like(Like),
    Arithmetic(Operator, Box<Expression>, Box<Expression>),
    Negate(Box<Expression>),
    Cast(Box<Expression>, Target),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Like {
    pub(super) value: Box<Expression>,
    pub(super) pattern: Box<Expression>,
    pub(super) escape: Option<char>,
    pub(super) any_case: bool,
}

/// A constant as it is written, or as it is when the filter is read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    /// The digits as they stand.
    Number(String),
    /// A text, which becomes of the type of what it meets.
    Text(String),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds, or nanoseconds where that isn't fine enough, without zone and in UTC.
    Timestamp(i128),
    Moment(i128),
    Span(Span),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// The same with both sides exchanged.
    pub(super) const fn mirrored(self) -> Self {
        match self {
            Self::Equal | Self::Unequal => self,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operator {
    pub(super) const fn sign(self) -> char {
        match self {
            Self::Add => '+',
            Self::Subtract => '-',
            Self::Multiply => '*',
            Self::Divide => '/',
            Self::Remainder => '%',
        }
    }
}

/// The type that a cast is to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Bool,
    /// A whole number of so many bits: 16, 32 or 64.
    Integer(u8),
    /// Exact, with precision and scale if they are given.
    Decimal(Option<(u8, u8)>),
    Float,
    Text,
    Date,
    Timestamp,
    Moment,
}

impl Expression {
    /// Gives every column the number at the place of its own.
    pub(super) fn renumber(&mut self, places: &[usize]) {
        match &mut self.kind {
            Kind::Column(number) => *number = places[*number],
            Kind::Literal(_) => {}
            Kind::And(parts) | Kind::Or(parts) => {
                parts.iter_mut().for_each(|part| part.renumber(places));
            }
            Kind::Not(a)
            | Kind::IsNull(a)
            | Kind::Is(_, a)
            | Kind::Negate(a)
            | Kind::Cast(a, _) => {
                a.renumber(places);
            }
            Kind::Compare(_, a, b)
            | Kind::Same(a, b)
            | Kind::Arithmetic(_, a, b)
            | Kind::Like(Like {
                value: a,
                pattern: b,
                ..
            }) => {
                a.renumber(places);
                b.renumber(places);
            }
        }
    }
}
