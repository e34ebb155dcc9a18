//! One line of JSON: is it an object, and what are the values of some of its keys?
//!
//! Every byte of the line is checked by RFC 8259; values that aren't wanted are skipped, not built.

use super::wanted::Node;
use crate::reader::integer::leading_digits;
use std::borrow::Cow;

/// What stands at a path: where it lies in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// There is no such key.
    Missing,
    Null,
    Bool(bool),
    Number {
        start: usize,
        end: usize,
    },
    /// Without its quotes.
    Text {
        start: usize,
        end: usize,
        escaped: bool,
    },
    Object,
    Array,
}

/// What is wrong at an offset of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    pub(super) at: usize,
    pub(super) what: What,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// It is no JSON.
    Invalid(&'static str),
    /// It ends before the object does.
    Cut,
    /// Something follows the object.
    Behind,
    /// It is a value, but no object.
    NoObject,
    /// A key that is wanted comes twice in one object.
    Twice(String),
    /// A value in which keys are looked for is neither an object nor null.
    Flat(String),
    /// Objects or lists in one another, too many of them.
    Deep,
}

/// Objects and lists in one another; `serde_json` takes as many.
const DEPTH_MAX: usize = 127;

/// Whether a line holds nothing.
pub(super) fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}

/// Looks for the values of `nodes` in the object that a line is. `values` are all missing before.
///
/// # Errors
/// What is wrong with the line.
pub(super) fn object(line: &[u8], nodes: &[Node], values: &mut [Value]) -> Result<(), Flaw> {
    let mut parser = Parser::new(line);
    parser.blanks();
    parser.top()?;
    parser.object(nodes, values, 0)?;
    parser.end()
}

/// Calls `each` with the path and the value of every leaf of the object that a line is.
///
/// # Errors
/// What is wrong with the line.
pub(super) fn leaves(line: &[u8], each: &mut dyn FnMut(&[String], Value)) -> Result<(), Flaw> {
    let mut parser = Parser::new(line);
    parser.blanks();
    parser.top()?;
    parser.leaves(&mut Vec::new(), each)?;
    parser.end()
}

/// The text of a string, escapes decoded.
///
/// # Errors
/// Half of a surrogate pair, which no text holds.
pub(super) fn text(line: &[u8], start: usize, end: usize, escaped: bool) -> Option<Cow<'_, [u8]>> {
    let stored = &line[start..end];
    match escaped {
        false => Some(Cow::Borrowed(stored)),
        true => decoded(stored).map(Cow::Owned),
    }
}

pub(super) struct Parser<'a> {
    pub(super) line: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Parser<'a> {
    pub(super) const fn new(line: &'a [u8]) -> Self {
        Self { line, at: 0 }
    }

    fn flaw(&self, what: &'static str) -> Flaw {
        let what = match self.at >= self.line.len() {
            true => What::Cut,
            false => What::Invalid(what),
        };
        Flaw { at: self.at, what }
    }

    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    #[inline(always)]
    pub(super) fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    pub(super) fn top(&self) -> Result<(), Flaw> {
        let what = match self.peek() {
            Some(b'{') => return Ok(()),
            Some(b'[' | b'"' | b'0'..=b'9' | b'-' | b't' | b'f' | b'n') => What::NoObject,
            _ => What::Invalid("an object was wanted"),
        };
        Err(Flaw { at: self.at, what })
    }

    fn end(&mut self) -> Result<(), Flaw> {
        self.blanks();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(Flaw {
                at: self.at,
                what: What::Behind,
            }),
        }
    }

    /// The object that begins here, and what of it is wanted.
    fn object(&mut self, nodes: &[Node], values: &mut [Value], depth: usize) -> Result<(), Flaw> {
        self.members(b'}', depth, |parser| {
            let (start, end, escaped) = parser.key()?;
            let node = find(parser.line, start, end, escaped, nodes);
            parser.colon()?;
            match node {
                Some(node) => parser.wanted(&nodes[node], values, depth + 1),
                None => parser.skip(depth + 1),
            }
        })
    }

    /// The value of a key that is wanted.
    pub(super) fn wanted(
        &mut self,
        node: &Node,
        values: &mut [Value],
        depth: usize,
    ) -> Result<(), Flaw> {
        let at = self.at;
        let flaw = |what| Err(Flaw { at, what });
        if values[node.slot] != Value::Missing {
            return flaw(What::Twice(node.key.clone()));
        }
        match (self.peek(), &node.below[..]) {
            (_, []) => values[node.slot] = self.value(depth)?,
            (Some(b'{'), below) => {
                values[node.slot] = Value::Object;
                self.object(below, values, depth)?;
            }
            _ => match self.value(depth)? {
                Value::Null => values[node.slot] = Value::Null,
                _ => return flaw(What::Flat(node.key.clone())),
            },
        }
        Ok(())
    }

    fn leaves(
        &mut self,
        path: &mut Vec<String>,
        each: &mut dyn FnMut(&[String], Value),
    ) -> Result<(), Flaw> {
        let depth = path.len();
        self.members(b'}', depth, |parser| {
            let (start, end, escaped) = parser.key()?;
            let key = text(parser.line, start, end, escaped);
            let key = key.map(|key| String::from_utf8_lossy(&key).into_owned());
            parser.colon()?;
            let Some(key) = key else {
                return parser.skip(depth + 1);
            };
            path.push(key);
            match parser.peek() {
                Some(b'{') => parser.leaves(path, each)?,
                _ => each(path, parser.value(depth + 1)?),
            }
            path.pop();
            Ok(())
        })
    }

    /// A key; the parser stands behind it.
    #[inline(always)]
    pub(super) fn key(&mut self) -> Result<(usize, usize, bool), Flaw> {
        match self.peek() {
            Some(b'"') => self.string(),
            _ => Err(self.flaw("a key in quotes was wanted")),
        }
    }

    #[inline(always)]
    pub(super) fn colon(&mut self) -> Result<(), Flaw> {
        self.blanks();
        if self.peek() != Some(b':') {
            return Err(self.flaw("a colon was wanted behind a key"));
        }
        self.at += 1;
        self.blanks();
        Ok(())
    }

    /// What stands between the brackets, of which the first is here.
    #[inline(always)]
    pub(super) fn members(
        &mut self,
        close: u8,
        depth: usize,
        mut member: impl FnMut(&mut Self) -> Result<(), Flaw>,
    ) -> Result<(), Flaw> {
        if depth > DEPTH_MAX {
            let (at, what) = (self.at, What::Deep);
            return Err(Flaw { at, what });
        }
        self.at += 1;
        self.blanks();
        if self.peek() == Some(close) {
            self.at += 1;
            return Ok(());
        }
        loop {
            member(self)?;
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(found) if found == close => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.flaw("a comma or a closing bracket was wanted")),
            }
            self.blanks();
        }
    }

    pub(super) fn skip(&mut self, depth: usize) -> Result<(), Flaw> {
        self.value(depth).map(|_| ())
    }

    /// The value that begins here.
    #[inline]
    fn value(&mut self, depth: usize) -> Result<Value, Flaw> {
        match self.peek() {
            Some(b'"') => {
                let (start, end, escaped) = self.string()?;
                Ok(Value::Text {
                    start,
                    end,
                    escaped,
                })
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'{') => {
                self.object(&[], &mut [], depth)?;
                Ok(Value::Object)
            }
            Some(b'[') => {
                self.members(b']', depth, |parser| parser.skip(depth + 1))?;
                Ok(Value::Array)
            }
            Some(b't') => self.word(b"true", Value::Bool(true)),
            Some(b'f') => self.word(b"false", Value::Bool(false)),
            Some(b'n') => self.word(b"null", Value::Null),
            _ => Err(self.flaw("a value was wanted")),
        }
    }

    fn word(&mut self, word: &[u8], value: Value) -> Result<Value, Flaw> {
        let rest = &self.line[self.at..];
        if rest.starts_with(word) {
            self.at += word.len();
            return Ok(value);
        }
        if word.starts_with(rest) {
            self.at = self.line.len();
        }
        Err(self.flaw("a value was wanted"))
    }

    #[inline]
    fn digits(&mut self) -> Result<(), Flaw> {
        let start = self.at;
        // IDs have many digits: eight of them at a time.
        while let Some(chunk) = self.line.get(self.at..).and_then(<[u8]>::first_chunk) {
            let count = leading_digits(u64::from_le_bytes(*chunk));
            self.at += count;
            if count < 8 {
                break;
            }
        }
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        match self.at > start {
            true => Ok(()),
            false => Err(self.flaw("a digit was wanted")),
        }
    }

    #[inline]
    fn number(&mut self) -> Result<Value, Flaw> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if let Some(b'0'..=b'9') = self.peek() {
            return Err(self.flaw("a number begins with a zero"));
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Value::Number {
            start,
            end: self.at,
        })
    }

    /// The string whose first quote is here: where its text lies, and whether it has escapes.
    #[inline]
    fn string(&mut self) -> Result<(usize, usize, bool), Flaw> {
        let start = self.at + 1;
        self.at = start;
        let mut escaped = false;
        loop {
            self.at = plain_end(self.line, self.at);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok((start, self.at - 1, escaped));
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return Err(self.flaw("a control character in a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Flaw> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                for _ in 0..4 {
                    self.at += 1;
                    if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                        return Err(self.flaw("four hexadecimal digits were wanted"));
                    }
                }
                self.at += 1;
            }
            _ => return Err(self.flaw("an unknown escape in a string")),
        }
        Ok(())
    }
}

/// The number of the node that has this key.
#[inline(always)]
pub(super) fn find(
    line: &[u8],
    start: usize,
    end: usize,
    escaped: bool,
    nodes: &[Node],
) -> Option<usize> {
    if nodes.is_empty() {
        return None;
    }
    let key = text(line, start, end, escaped)?;
    nodes.iter().position(|node| node.key.as_bytes() == &*key)
}

/// Where the text of a string ends, or is interrupted: at the first quote, backslash or control
/// character from `at` on; eight bytes at a time.
#[inline(always)]
fn plain_end(line: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    const fn zeros(word: u64) -> u64 {
        word.wrapping_sub(ONES) & !word & HIGHS
    }
    while let Some(chunk) = line.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let quotes = zeros(word ^ (ONES * b'"' as u64));
        let slashes = zeros(word ^ (ONES * b'\\' as u64));
        let controls = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        // A borrow can make marks too many, but none before the first that is right.
        let found = quotes | slashes | controls;
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let is_special = |byte: &u8| *byte < 0x20 || matches!(byte, b'"' | b'\\');
    let rest = line.get(at..).unwrap_or_default();
    at + rest.iter().position(is_special).unwrap_or(rest.len())
}

/// Escapes that were checked, decoded; `None` for half of a surrogate pair.
fn decoded(stored: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(stored.len());
    let mut rest = stored;
    while let Some(slash) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..slash]);
        let escape = rest.get(slash + 1)?;
        rest = &rest[slash + 2..];
        out.push(match escape {
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let (character, behind) = unit_pair(rest)?;
                let mut utf8 = [0; 4];
                out.extend_from_slice(character.encode_utf8(&mut utf8).as_bytes());
                rest = behind;
                continue;
            }
            other => *other,
        });
    }
    out.extend_from_slice(rest);
    Some(out)
}

/// The character of one or two units of UTF-16 behind `\u`, and what follows them.
fn unit_pair(text: &[u8]) -> Option<(char, &[u8])> {
    let unit = |text: &[u8]| {
        let digits = std::str::from_utf8(text.get(..4)?).ok()?;
        u16::from_str_radix(digits, 16).ok()
    };
    let first = unit(text)?;
    let rest = &text[4..];
    let second = rest.strip_prefix(b"\\u").and_then(unit);
    let units = [first, second.unwrap_or_default()];
    let is_pair = (0xd800..0xdc00).contains(&first);
    let units = if is_pair { &units[..] } else { &units[..1] };
    let character = char::decode_utf16(units.iter().copied()).next()?.ok()?;
    Some((character, if is_pair { &rest[6..] } else { rest }))
}
