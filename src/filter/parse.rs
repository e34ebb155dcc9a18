//! The text of a filter → its syntax tree, by the parser of `sqlparser`.
//!
//! What SQL has and a filter hasn't (subqueries, functions, windows) is refused with its place.

use super::Fault;
use super::expression::{Comparison, Expression, Kind, Like, Literal, Operator};
use super::literal;
use super::parse_literal::{clock, interval, target, typed};
use sqlparser::ast::{
    BinaryOperator, CastKind, Expr, Ident, InTarget, Spanned, UnaryOperator, Value,
};
use sqlparser::dialect::Dialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Span, Token, Tokenizer};
use std::ops::Range;

/// SQL as PostgreSQL has it, but that no word is a keyword that may as well be a column (`user`).
#[derive(Debug)]
struct FilterDialect;

impl Dialect for FilterDialect {
    fn is_identifier_start(&self, c: char) -> bool {
        c.is_alphabetic() || c == '_'
    }

    fn is_identifier_part(&self, c: char) -> bool {
        c.is_alphanumeric() || c == '_' || c == '$'
    }

    fn is_delimited_identifier_start(&self, c: char) -> bool {
        c == '"'
    }
}

/// A text of so many bytes is a program's mistake.
const TEXT_BYTES_MAX: usize = 1 << 16;

/// Names, keywords and operators. Each may be a level of the tree, which is dropped level by level on the
/// stack; the values of a list are none.
const WORDS_MAX: usize = 4_000;

/// Parentheses, casts and operators in one another.
const DEPTH_MAX: usize = 100;

/// Parses a filter; `now` is the time in microseconds since 1970. Returns its tree, and its columns as
/// paths with where each stands first.
pub(super) fn parse(text: &str, now: i64) -> Result<Parsed, Fault> {
    if text.len() > TEXT_BYTES_MAX {
        let most = TEXT_BYTES_MAX;
        let what = format!("a filter of {} bytes; at most {most} are taken", text.len());
        return Err(Fault::new(0..0, what));
    }
    let dialect = FilterDialect;
    let of_parser = |error: ParserError| syntax(text, error);
    let tokens = Tokenizer::new(&dialect, text).tokenize_with_location();
    let tokens = tokens.map_err(|e| of_parser(e.into()))?;
    if tokens.iter().filter(|token| is_word(&token.token)).count() > WORDS_MAX {
        let what = format!("more than {WORDS_MAX} names and operators");
        return Err(Fault::new(0..0, what));
    }
    let mut parser = Parser::new(&dialect)
        .with_recursion_limit(DEPTH_MAX)
        .with_tokens_with_locations(tokens);
    let tree = parser.parse_expr().map_err(of_parser)?;
    let mut lower = Lower {
        text,
        now,
        columns: Vec::new(),
        depth: 0,
    };
    let next = parser.peek_token();
    if next.token != Token::EOF {
        let what = format!("{} can't stand here", next.token);
        return Err(Fault::new(lower.range(next.span), what));
    }
    let root = lower.expression(&tree)?;
    Ok(Parsed {
        root,
        columns: lower.columns,
    })
}

const fn is_word(token: &Token) -> bool {
    !matches!(
        token,
        Token::Whitespace(_) | Token::Comma | Token::Number(_, _) | Token::SingleQuotedString(_)
    )
}

/// A tree and its columns.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) root: Expression,
    pub(super) columns: Vec<(Vec<String>, Range<usize>)>,
}

/// An error of the parser, whose message ends with the place.
fn syntax(text: &str, error: ParserError) -> Fault {
    let message = match error {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message,
        ParserError::RecursionLimitExceeded => {
            return Fault::new(0..0, "parentheses or operators too deep in one another");
        }
    };
    // The end of the text has no place.
    let (what, place) = message.rsplit_once(" at Line: ").unwrap_or((&message, ""));
    let numbers = place.split_once(", Column: ");
    let location = numbers.and_then(|(line, column)| {
        let (line, column) = (line.trim().parse().ok()?, column.trim().parse().ok()?);
        Some(Location { line, column })
    });
    let end = text.chars().count();
    let at = location.map_or(end, |location| offset(text, location));
    let what = match what.strip_prefix("Expected: ") {
        Some(rest) => format!("expected {}", rest.replace("EOF", "the end")),
        None => what.to_lowercase(),
    };
    Fault::new(at..at + 1, what)
}

/// The place of a location, in characters.
fn offset(text: &str, location: Location) -> usize {
    let column = usize::try_from(location.column.saturating_sub(1)).unwrap_or(0);
    let lines = usize::try_from(location.line.saturating_sub(1)).unwrap_or(0);
    let before = text.split_inclusive('\n').take(lines);
    let before: usize = before.map(|line| line.chars().count()).sum();
    before + column
}

pub(super) struct Lower<'a> {
    text: &'a str,
    pub(super) now: i64,
    columns: Vec<(Vec<String>, Range<usize>)>,
    depth: usize,
}

impl Lower<'_> {
    /// Where something stands, in characters.
    fn range(&self, span: Span) -> Range<usize> {
        if span.start.line == 0 {
            return 0..0;
        }
        let start = offset(self.text, span.start);
        start..offset(self.text, span.end).max(start + 1)
    }

    /// Where a tree stands: from its first part to its last. The parser's own way goes down all of it, on
    /// the stack.
    fn place(&self, tree: &Expr) -> Range<usize> {
        let (mut first, mut last) = (tree, tree);
        while let Some((part, _)) = ends(first) {
            first = part;
        }
        while let Some((_, part)) = ends(last) {
            last = part;
        }
        let (first, last) = (self.range(first.span()), self.range(last.span()));
        first.start..last.end.max(first.end)
    }

    fn expression(&mut self, tree: &Expr) -> Result<Expression, Fault> {
        self.depth += 1;
        let at = self.place(tree);
        if self.depth > DEPTH_MAX {
            let what = "parentheses or operators too deep in one another";
            return Err(Fault::new(at, what));
        }
        let kind = self.kind(tree, &at);
        self.depth -= 1;
        kind.map(|kind| Expression { kind, at })
    }

    fn boxed(&mut self, tree: &Expr) -> Result<Box<Expression>, Fault> {
        self.expression(tree).map(Box::new)
    }

    fn kind(&mut self, tree: &Expr, at: &Range<usize>) -> Result<Kind, Fault> {
        match tree {
            Expr::Nested(inner) => self.expression(inner).map(|inner| inner.kind),
            Expr::Identifier(name) => self.name(std::slice::from_ref(name), at),
            Expr::CompoundIdentifier(path) => self.name(path, at),
            Expr::Value(value) => self.value(&value.value, at).map(Kind::Literal),
            Expr::TypedString(literal) => typed(literal, at).map(Kind::Literal),
            Expr::Interval(value) => interval(value, at).map(Kind::Literal),
            Expr::IsNull(of) => self.boxed(of).map(Kind::IsNull),
            Expr::IsNotNull(of) => self.boxed(of).map(Kind::IsNull).map(|k| not(k, at)),
            Expr::IsTrue(of) => self.boxed(of).map(|of| Kind::Is(true, of)),
            Expr::IsFalse(of) => self.boxed(of).map(|of| Kind::Is(false, of)),
            Expr::IsNotTrue(of) => self.boxed(of).map(|of| not(Kind::Is(true, of), at)),
            Expr::IsNotFalse(of) => self.boxed(of).map(|of| not(Kind::Is(false, of), at)),
            // Of what isn't true or false they are refused, as their comparison would be.
            Expr::IsUnknown(of) => self.unknown(of),
            Expr::IsNotUnknown(of) => self.unknown(of).map(|kind| not(kind, at)),
            Expr::IsNotDistinctFrom(a, b) => Ok(Kind::Same(self.boxed(a)?, self.boxed(b)?)),
            Expr::IsDistinctFrom(a, b) => Ok(not(Kind::Same(self.boxed(a)?, self.boxed(b)?), at)),
            Expr::In {
                expr,
                target: InTarget::List(list),
                negated,
                ..
            } => self.one_of(expr, list, *negated, at),
            Expr::Between {
                expr,
                negated,
                low,
                high,
            } => self.between(expr, (low, high), *negated, at),
            Expr::Like {
                negated,
                any: false,
                expr,
                pattern,
                escape_char,
            } => self.like((expr, pattern, escape_char.as_deref()), *negated, false, at),
            Expr::ILike {
                negated,
                any: false,
                expr,
                pattern,
                escape_char,
            } => self.like((expr, pattern, escape_char.as_deref()), *negated, true, at),
            Expr::BinaryOp { left, op, right } => self.binary(tree, (left, op, right), at),
            Expr::UnaryOp { op, expr } => self.unary(*op, expr, at),
            Expr::Cast {
                kind: CastKind::Cast | CastKind::DoubleColon,
                expr,
                data_type,
                format: None,
            } => {
                let target = target(data_type, at)?;
                Ok(Kind::Cast(self.boxed(expr)?, target))
            }
            Expr::Function(function) => clock(function, self.now, at).map(Kind::Literal),
            other => Err(Fault::new(
                at.clone(),
                format!("{other} is nothing that a filter knows"),
            )),
        }
    }

    fn name(&mut self, path: &[Ident], at: &Range<usize>) -> Result<Kind, Fault> {
        let path: Vec<String> = path.iter().map(|part| part.value.clone()).collect();
        let known = self.columns.iter().position(|(known, _)| *known == path);
        let index = known.unwrap_or_else(|| {
            self.columns.push((path, at.clone()));
            self.columns.len() - 1
        });
        Ok(Kind::Column(index))
    }

    fn value(&self, value: &Value, at: &Range<usize>) -> Result<Literal, Fault> {
        match value {
            Value::Null => Ok(Literal::Null),
            Value::Boolean(value) => Ok(Literal::Bool(*value)),
            Value::Number(digits, false) => number(digits.clone(), at),
            Value::SingleQuotedString(text) => Ok(Literal::Text(text.clone())),
            other => Err(Fault::new(
                at.clone(),
                format!("{other} is no value that a filter knows"),
            )),
        }
    }

    /// A number with its sign is one literal: the smallest integer has no positive.
    fn negated(&mut self, of: &Expr) -> Result<Kind, Fault> {
        if let Expr::Value(value) = of
            && let Value::Number(digits, false) = &value.value
        {
            let at = self.place(of);
            return number(format!("-{digits}"), &at).map(Kind::Literal);
        }
        self.boxed(of).map(Kind::Negate)
    }

    fn unknown(&mut self, of: &Expr) -> Result<Kind, Fault> {
        let of = self.expression(of)?;
        let at = of.at.clone();
        let kind = Kind::And(vec![of]);
        Ok(Kind::IsNull(Box::new(Expression { kind, at })))
    }

    fn between(
        &mut self,
        value: &Expr,
        (low, high): (&Expr, &Expr),
        negated: bool,
        at: &Range<usize>,
    ) -> Result<Kind, Fault> {
        let value = self.boxed(value)?;
        let bound = |op, bound| Expression {
            kind: Kind::Compare(op, value.clone(), bound),
            at: at.clone(),
        };
        let low = bound(Comparison::GreaterOrEqual, self.boxed(low)?);
        let high = bound(Comparison::LessOrEqual, self.boxed(high)?);
        let within = Kind::And(vec![low, high]);
        Ok(if negated { not(within, at) } else { within })
    }

    fn unary(&mut self, op: UnaryOperator, of: &Expr, at: &Range<usize>) -> Result<Kind, Fault> {
        match op {
            UnaryOperator::Not => self.boxed(of).map(Kind::Not),
            UnaryOperator::Minus => self.negated(of),
            UnaryOperator::Plus => self.expression(of).map(|inner| inner.kind),
            other => {
                let what = format!("the operator {other} isn't known");
                Err(Fault::new(at.clone(), what))
            }
        }
    }

    fn one_of(
        &mut self,
        value: &Expr,
        list: &[Expr],
        negated: bool,
        at: &Range<usize>,
    ) -> Result<Kind, Fault> {
        let value = self.boxed(value)?;
        let mut any = Vec::with_capacity(list.len());
        for item in list {
            let item = self.boxed(item)?;
            let at = item.at.clone();
            any.push(Expression {
                kind: Kind::Compare(Comparison::Equal, value.clone(), item),
                at,
            });
        }
        let any = Kind::Or(any);
        Ok(if negated { not(any, at) } else { any })
    }

    fn like(
        &mut self,
        (value, pattern, escape): (&Expr, &Expr, Option<&Expr>),
        negated: bool,
        any_case: bool,
        at: &Range<usize>,
    ) -> Result<Kind, Fault> {
        let escape = match escape.map(|escape| self.expression(escape)).transpose()? {
            None => Some('\\'),
            Some(escape) => {
                let fault = || Fault::new(escape.at.clone(), "ESCAPE takes one character");
                let Kind::Literal(Literal::Text(text)) = &escape.kind else {
                    return Err(fault());
                };
                let mut characters = text.chars();
                match (characters.next(), characters.next()) {
                    (escape, None) => escape,
                    _ => return Err(fault()),
                }
            }
        };
        let like = Kind::Like(Like {
            value: self.boxed(value)?,
            pattern: self.boxed(pattern)?,
            escape,
            any_case,
        });
        Ok(if negated { not(like, at) } else { like })
    }

    fn binary(
        &mut self,
        tree: &Expr,
        (left, op, right): (&Expr, &BinaryOperator, &Expr),
        at: &Range<usize>,
    ) -> Result<Kind, Fault> {
        use BinaryOperator as Op;
        let compare = match op {
            Op::And => return self.chain(tree, op).map(Kind::And),
            Op::Or => return self.chain(tree, op).map(Kind::Or),
            Op::Eq => Some(Comparison::Equal),
            Op::NotEq => Some(Comparison::Unequal),
            Op::Lt => Some(Comparison::Less),
            Op::LtEq => Some(Comparison::LessOrEqual),
            Op::Gt => Some(Comparison::Greater),
            Op::GtEq => Some(Comparison::GreaterOrEqual),
            _ => None,
        };
        let arithmetic = match op {
            Op::Plus => Some(Operator::Add),
            Op::Minus => Some(Operator::Subtract),
            Op::Multiply => Some(Operator::Multiply),
            Op::Divide => Some(Operator::Divide),
            Op::Modulo => Some(Operator::Remainder),
            _ => None,
        };
        let (left, right) = (self.boxed(left)?, self.boxed(right)?);
        match (compare, arithmetic) {
            (Some(op), _) => Ok(Kind::Compare(op, left, right)),
            (_, Some(op)) => Ok(Kind::Arithmetic(op, left, right)),
            _ => Err(Fault::new(
                at.clone(),
                format!("the operator {op} isn't known"),
            )),
        }
    }

    /// The parts of `a AND b AND c`, however many: they aren't in one another.
    fn chain(&mut self, tree: &Expr, wanted: &BinaryOperator) -> Result<Vec<Expression>, Fault> {
        let (mut parts, mut rest) = (Vec::new(), tree);
        while let Expr::BinaryOp { left, op, right } = rest
            && op == wanted
        {
            parts.push(&**right);
            rest = left;
        }
        parts.push(rest);
        parts
            .into_iter()
            .rev()
            .map(|part| self.expression(part))
            .collect()
    }
}

/// The first and the last part of what the parser makes of a chain; `None` of all else.
fn ends(tree: &Expr) -> Option<(&Expr, &Expr)> {
    match tree {
        Expr::BinaryOp { left, right, .. }
        | Expr::IsDistinctFrom(left, right)
        | Expr::IsNotDistinctFrom(left, right) => Some((left, right)),
        Expr::Between { expr, high, .. } => Some((expr, high)),
        Expr::Like { expr, pattern, .. } | Expr::ILike { expr, pattern, .. } => {
            Some((expr, pattern))
        }
        Expr::In {
            expr,
            target: InTarget::List(list),
            ..
        } => Some((expr, list.last().unwrap_or(expr))),
        Expr::Nested(of)
        | Expr::UnaryOp { expr: of, .. }
        | Expr::Cast { expr: of, .. }
        | Expr::IsNull(of)
        | Expr::IsNotNull(of)
        | Expr::IsTrue(of)
        | Expr::IsFalse(of)
        | Expr::IsNotTrue(of)
        | Expr::IsNotFalse(of)
        | Expr::IsUnknown(of)
        | Expr::IsNotUnknown(of) => Some((of, of)),
        _ => None,
    }
}

fn not(kind: Kind, at: &Range<usize>) -> Kind {
    Kind::Not(Box::new(Expression {
        kind,
        at: at.clone(),
    }))
}

fn number(digits: String, at: &Range<usize>) -> Result<Literal, Fault> {
    match literal::exact(&digits).is_some() || literal::float(&digits).is_some() {
        true => Ok(Literal::Number(digits)),
        false => Err(Fault::new(at.clone(), format!("{digits} is no number"))),
    }
}
