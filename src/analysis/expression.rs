//! Set formulas over side names: `(shop & pay) - bank`.

use crate::error::{Error, Result};

/// A set formula: `&` intersection, `|` union, `-` difference, `^` symmetric difference and
/// parentheses. `&` binds tighter than the others, which go from left to right. Names with other
/// characters than letters, digits, `_` and `.` stand in double quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// A side, by its place.
    Side(usize),
    /// Users of both.
    Both(Box<Self>, Box<Self>),
    /// Users of either.
    Either(Box<Self>, Box<Self>),
    /// Users of the first that aren't users of the second.
    Without(Box<Self>, Box<Self>),
    /// Users of exactly one.
    OneOf(Box<Self>, Box<Self>),
}

impl Expression {
    /// Parses a formula over the sides of these names.
    ///
    /// ```
    /// use overlap::Expression;
    ///
    /// let names = ["shop", "pay", "bank"];
    /// let formula = Expression::parse("(shop & pay) - bank", &names)?;
    /// assert!(formula.holds(0b011) && !formula.holds(0b111));
    /// # Ok::<(), overlap::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`crate::ErrorKind::Usage`] for a formula that doesn't parse or names no side.
    pub fn parse(text: &str, names: &[&str]) -> Result<Self> {
        let mut parser = Parser {
            rest: text,
            text,
            names,
        };
        let formula = parser.sums(0)?;
        match parser.rest.trim_start() {
            "" => Ok(formula),
            _ => Err(parser.error("an operator (& | - ^) was expected")),
        }
    }

    /// Whether users of just the sides in `mask` belong to it.
    #[must_use]
    pub fn holds(&self, mask: usize) -> bool {
        match self {
            Self::Side(side) => mask >> side & 1 == 1,
            Self::Both(a, b) => a.holds(mask) && b.holds(mask),
            Self::Either(a, b) => a.holds(mask) || b.holds(mask),
            Self::Without(a, b) => a.holds(mask) && !b.holds(mask),
            Self::OneOf(a, b) => a.holds(mask) != b.holds(mask),
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
    text: &'a str,
    names: &'a [&'a str],
}

impl Parser<'_> {
    /// Deeper parentheses are refused: they could overflow the stack.
    const DEPTH_MAX: usize = 64;

    fn sums(&mut self, depth: usize) -> Result<Expression> {
        let mut left = self.products(depth)?;
        loop {
            let join = if self.take('|') {
                Expression::Either
            } else if self.take('-') {
                Expression::Without
            } else if self.take('^') {
                Expression::OneOf
            } else {
                return Ok(left);
            };
            left = join(Box::new(left), Box::new(self.products(depth)?));
        }
    }

    fn products(&mut self, depth: usize) -> Result<Expression> {
        let mut left = self.atom(depth)?;
        while self.take('&') {
            left = Expression::Both(Box::new(left), Box::new(self.atom(depth)?));
        }
        Ok(left)
    }

    fn atom(&mut self, depth: usize) -> Result<Expression> {
        if self.take('(') {
            if depth >= Self::DEPTH_MAX {
                return Err(self.error("too many parentheses"));
            }
            let inner = self.sums(depth + 1)?;
            return if self.take(')') {
                Ok(inner)
            } else {
                Err(self.error("a ) was expected"))
            };
        }
        let name = self.name()?;
        let side = self.names.iter().position(|other| *other == name);
        side.map(Expression::Side).ok_or_else(|| {
            Error::usage(format!("the formula names a side {name} that isn't there"))
                .hint(format!("the sides are {}", self.names.join(", ")))
        })
    }

    fn name(&mut self) -> Result<String> {
        let rest = self.rest.trim_start();
        if let Some(quoted) = rest.strip_prefix('"') {
            let (name, after) = quoted
                .split_once('"')
                .ok_or_else(|| self.error("a \" was expected"))?;
            self.rest = after;
            return Ok(name.to_owned());
        }
        let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        if end == 0 {
            return Err(self.error("the name of a side was expected"));
        }
        self.rest = &rest[end..];
        Ok(rest[..end].to_owned())
    }

    fn take(&mut self, symbol: char) -> bool {
        match self.rest.trim_start().strip_prefix(symbol) {
            Some(after) => {
                self.rest = after;
                true
            }
            None => false,
        }
    }

    fn error(&self, what: &str) -> Error {
        let at = self.text.len() - self.rest.trim_start().len();
        Error::usage(format!(
            "in the formula {:?}, at character {}: {what}",
            self.text,
            at + 1
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["a", "b", "c", "my shop"];

    fn masks(text: &str) -> Vec<usize> {
        let formula = Expression::parse(text, &NAMES).expect(text);
        (1..8).filter(|&mask| formula.holds(mask)).collect()
    }

    #[test]
    fn formulas_pick_their_regions() {
        assert_eq!(masks("a"), [1, 3, 5, 7]);
        assert_eq!(masks("a & b"), [3, 7]);
        assert_eq!(masks("(a & b) - c"), [3]);
        assert_eq!(masks("a | b & c"), [1, 3, 5, 6, 7]);
        assert_eq!(masks("a - b - c"), [1]);
        assert_eq!(masks("a - (b - c)"), [1, 5, 7]);
        assert_eq!(masks("a ^ b"), [1, 2, 5, 6]);
        assert!(Expression::parse("\"my shop\" & a", &NAMES).is_ok());
    }

    #[test]
    fn what_does_not_parse_is_named() {
        for (text, what) in [
            ("", "name of a side"),
            ("a &", "name of a side"),
            ("a b", "operator"),
            ("(a", ") was expected"),
            ("a + b", "operator"),
            ("x", "the sides are a, b"),
            ("\"a", "\" was expected"),
        ] {
            let error = Expression::parse(text, &NAMES).expect_err(text);
            assert!(error.to_string().contains(what), "{text}: {error}");
        }
        let deep = "(".repeat(100_000);
        assert!(Expression::parse(&deep, &NAMES).is_err());
    }
}
