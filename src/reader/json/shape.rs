//! Lines that are written like the one before: the same keys in the same order, with the same blanks.
//!
//! Nearly all files are written by one program that writes nearly all lines alike. What stands before
//! each value is then compared instead of parsed: where it is equal, it is as right as it was in the line
//! it was learned from. Values are parsed as ever. Any other line is parsed from its beginning.

use super::parse::{Flaw, Parser, Value, find};
use super::wanted::Node;

/// How the lines of a block are written, as far as known.
#[derive(Debug, Default)]
pub(super) struct Shape {
    members: Vec<Member>,
    /// What stands behind the last value, the line end included.
    tail: Vec<u8>,
    /// Lines that were unlike the shape known at the time.
    misses: usize,
}

/// A key of the object and what its value is needed for.
#[derive(Debug)]
struct Member {
    /// All that stands between the value before it and its own value.
    before: Vec<u8>,
    /// Its first bytes, and which of them there are.
    head: (u128, u128),
    /// The number of the node whose value it is.
    node: Option<usize>,
}

impl Shape {
    /// So many lines are learned from in a block: where lines differ, learning costs more than it brings.
    const MISSES_MAX: usize = 16;
    /// Objects of more keys aren't learned.
    const MEMBERS_MAX: usize = 256;

    /// Reads the values of `nodes` from the line at the beginning of `text`, if it is of this shape;
    /// returns where it ends, before its line end. Some values may have been set if it isn't.
    #[inline(always)]
    pub(super) fn read(&self, text: &[u8], nodes: &[Node], values: &mut [Value]) -> Option<usize> {
        let mut parser = Parser::new(text);
        for member in &self.members {
            parser.at = member.behind(text, parser.at)?;
            let read = match member.node {
                Some(node) => parser.wanted(&nodes[node], values, 1),
                None => parser.skip(1),
            };
            read.ok()?;
        }
        let is_end = !self.tail.is_empty() && text[parser.at..].starts_with(&self.tail);
        is_end.then(|| parser.at + self.tail.len() - 1)
    }

    /// Takes the shape of a line that was read otherwise, which holds an object.
    #[cold]
    pub(super) fn learn(&mut self, line: &[u8], nodes: &[Node]) {
        self.misses += 1;
        if self.misses > Self::MISSES_MAX {
            return;
        }
        self.members.clear();
        self.tail.clear();
        if self.members_of(line, nodes).is_err() || self.members.len() > Self::MEMBERS_MAX {
            self.members.clear();
            self.tail.clear();
        }
    }

    fn members_of(&mut self, line: &[u8], nodes: &[Node]) -> Result<(), Flaw> {
        let mut parser = Parser::new(line);
        parser.blanks();
        parser.top()?;
        let mut from = 0;
        parser.members(b'}', 0, |parser| {
            let (start, end, escaped) = parser.key()?;
            parser.colon()?;
            let node = find(parser.line, start, end, escaped, nodes);
            self.members.push(Member::new(&line[from..parser.at], node));
            parser.skip(1)?;
            from = parser.at;
            Ok(())
        })?;
        self.tail.extend_from_slice(&line[from..]);
        self.tail.push(b'\n');
        Ok(())
    }
}

impl Member {
    fn new(before: &[u8], node: Option<usize>) -> Self {
        let mut head = [0; 16];
        let length = before.len().min(head.len());
        head[..length].copy_from_slice(&before[..length]);
        let kept = u128::MAX >> (8 * (head.len() - length.max(1)));
        Self {
            before: before.to_vec(),
            head: (u128::from_le_bytes(head), kept),
            node,
        }
    }

    /// Where its value begins, if what stands at `at` is what stood before it.
    #[inline(always)]
    fn behind(&self, text: &[u8], at: usize) -> Option<usize> {
        let rest = text.get(at..)?;
        let is_equal = match rest.first_chunk() {
            Some(first) if self.before.len() <= 16 => {
                u128::from_le_bytes(*first) & self.head.1 == self.head.0
            }
            _ => rest.starts_with(&self.before),
        };
        is_equal.then_some(at + self.before.len())
    }
}
