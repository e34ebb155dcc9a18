//! Where the last whole record of a block of delimited text ends.

use crate::reader::glance::Glance;
use crate::reader::stream::{Cut, Cutter};
use memchr::{memchr_iter, memrchr};
use std::ops::Range;

/// Cuts at line ends that aren't quoted.
#[derive(Debug)]
pub(crate) struct RecordCutter {
    delimiter: Option<u8>,
    line_end: u8,
    /// Stretches outside of quotes, in order; kept to be used again.
    outside: Vec<Range<usize>>,
    /// Whether a line with a character was seen: the first block holds the header, however many blank
    /// lines stand before it.
    begun: bool,
}

impl RecordCutter {
    pub(crate) const fn new(delimiter: Option<u8>, line_end: u8) -> Self {
        Self {
            delimiter,
            line_end,
            outside: Vec::new(),
            begun: false,
        }
    }

    /// Whether a quote behind `before` opens a field.
    fn opens(&self, before: Option<u8>) -> bool {
        // A carriage return before a quote is refused or a line end, in either case no text.
        before.is_none_or(|byte| {
            byte == self.line_end || byte == b'\r' || Some(byte) == self.delimiter
        })
    }
}

impl Cutter for RecordCutter {
    fn cut(&mut self, bytes: &[u8], glance: &Glance) -> Cut {
        let mut cut = self.whole_records(bytes, glance);
        if let Some(end) = cut.end.filter(|_| !self.begun) {
            self.begun = bytes[..end].iter().any(|b| !matches!(b, b'\r' | b'\n'));
            cut.end = Some(end).filter(|_| self.begun);
        }
        cut
    }

    fn doubt(&self) -> &'static str {
        "is it text, and is the delimiter right? "
    }
}

impl RecordCutter {
    fn whole_records(&mut self, bytes: &[u8], glance: &Glance) -> Cut {
        let last_end = |range: &Range<usize>| {
            let found = memrchr(self.line_end, &bytes[range.clone()]);
            found.map(|at| range.start + at + 1)
        };
        if !glance.quotes {
            return Cut {
                end: last_end(&(0..bytes.len())),
                ..Cut::default()
            };
        }
        self.outside.clear();
        // Where the stretch outside of quotes began, or where the open quote is.
        let (mut start, mut open) = (0, None);
        for quote in memchr_iter(b'"', bytes) {
            if open.is_some() {
                (start, open) = (quote + 1, None);
                continue;
            }
            let is_second = quote == start && !self.outside.is_empty();
            if is_second {
                // Of a doubled quote: the field goes on.
                open = self.outside.last().map(|before| before.end);
            } else if self.opens(quote.checked_sub(1).map(|at| bytes[at])) {
                open = Some(quote);
                self.outside.push(start..quote);
            }
        }
        if open.is_none() {
            self.outside.push(start..bytes.len());
        }
        Cut {
            end: self.outside.iter().rev().find_map(last_end),
            quoted: true,
            open_quote: open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Cut {
        let text = text.as_bytes();
        RecordCutter::new(Some(b','), b'\n').cut(text, &Glance::of(text, b'\n'))
    }

    fn end(text: &str) -> Option<usize> {
        cut(text).end
    }

    #[test]
    fn line_ends_in_quotes_end_no_record() {
        assert_eq!(end("a,b\nc"), Some(4));
        assert_eq!(end("a,\"b\nc"), None);
        assert_eq!(cut("a,\"b\nc").open_quote, Some(2));
        assert_eq!(end("a,\"b\nc\"\nd"), Some(8));
        assert_eq!(end("\"a\"\"\n\"\"\"\n\"b"), Some(9));
        assert_eq!(end("\"\",x\n\"\"\"\n"), Some(5));
    }

    #[test]
    fn blank_lines_before_the_header_are_no_block_of_their_own() {
        let mut cutter = RecordCutter::new(Some(b','), b'\n');
        let mut end = |text: &[u8]| cutter.cut(text, &Glance::of(text, b'\n')).end;
        assert_eq!(end(b"\r\n\n"), None);
        assert_eq!(end(b"\r\n\nid,x\n"), Some(8));
        assert_eq!(end(b"\n"), Some(1));
    }

    #[test]
    fn a_quote_inside_an_unquoted_field_opens_nothing() {
        assert_eq!(end("5\" screen,x\ny"), Some(12));
        assert_eq!(end("a b\"\nc,d\" e\n"), Some(12));
        assert_eq!(cut("a b\"\nc").open_quote, None);
    }
}
