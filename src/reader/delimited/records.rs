//! Records by RFC 4180, quotes and all.
//!
//! A field that begins with a quote ends at the next one that isn't doubled; delimiters and line ends
//! in between are part of it. A quote anywhere else is a character like any other. What follows a
//! closing quote must be a delimiter or the end of the record: programs differ in what else it means.

use super::layout::Layout;
use crate::error::{Error, Setting};
use crate::reader::fault::Fault;
use memchr::{memchr, memchr2};
use std::borrow::Cow;

/// A field of a record: where its text lies, between the quotes if it has any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) quoted: bool,
    /// Whether quotes in it are doubled.
    pub(crate) doubled: bool,
}

impl Field {
    /// Its text.
    pub(crate) fn text<'a>(&self, block: &'a [u8]) -> Cow<'a, [u8]> {
        let stored = &block[self.start..self.end];
        if !self.doubled {
            return Cow::Borrowed(stored);
        }
        let mut text = Vec::with_capacity(stored.len());
        let mut rest = stored;
        while let Some(quote) = memchr(b'"', rest) {
            text.extend_from_slice(&rest[..=quote]);
            rest = rest.get(quote + 2..).unwrap_or_default();
        }
        text.extend_from_slice(rest);
        Cow::Owned(text)
    }

    /// Whether it is null: empty, and not the empty text, which is quoted.
    pub(crate) const fn is_null(&self) -> bool {
        self.start == self.end && !self.quoted
    }
}

/// Calls `each` with the fields of every record, and where it begins. Records may be of any width;
/// lines without a character are records only in files of one column.
///
/// # Errors
/// What isn't delimited text, and the first error of `each`.
pub(crate) fn records(
    block: &[u8],
    layout: &Layout,
    mut each: impl FnMut(&[Field], usize) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut fields = Vec::with_capacity(layout.width);
    let strange = memchr(layout.strange_line_end(), block).is_some();
    let mut at = 0;
    while at < block.len() {
        let start = at;
        fields.clear();
        at = record(block, at, (layout, strange), &mut fields)?;
        let is_blank = matches!(fields[..], [only] if only.is_null());
        if !is_blank || layout.width == 1 {
            each(&fields, start)?;
        }
    }
    Ok(())
}

/// The fields of the record at `at`; returns where the next one begins.
fn record(
    block: &[u8],
    mut at: usize,
    (layout, strange): (&Layout, bool),
    fields: &mut Vec<Field>,
) -> Result<usize, Fault> {
    let (end, delimiter) = (layout.line_end, layout.delimiter);
    loop {
        let field = match block.get(at) {
            Some(b'"') => quoted(block, at)?,
            _ => unquoted(block, at, layout, strange)?,
        };
        let closing = field.end + usize::from(field.quoted);
        let mut next = closing;
        // The carriage return of a CRLF belongs to the line end.
        if end == b'\n' && block.get(next) == Some(&b'\r') {
            next += 1;
        }
        fields.push(field);
        match block.get(next) {
            None => return Ok(next),
            Some(&found) if found == end => return Ok(next + 1),
            Some(&found) if Some(found) == delimiter && next == closing => at = next + 1,
            Some(&found) => return Err(Fault::new(closing, behind(field, found, layout))),
        }
    }
}

/// What it means that a field is followed by neither a delimiter nor the end of the record.
fn behind(field: Field, found: u8, layout: &Layout) -> Error {
    if !field.quoted || found == layout.strange_line_end() {
        return layout.strange_end();
    }
    Error::input("text behind a closing quote").hint([
        "a quote in a quoted field is doubled, by RFC 4180; is the delimiter right (".into(),
        Setting::Delimiter.into(),
        ")?".into(),
    ])
}

fn quoted(block: &[u8], at: usize) -> Result<Field, Fault> {
    let start = at + 1;
    let mut from = start;
    let mut doubled = false;
    loop {
        let Some(quote) = memchr(b'"', &block[from..]) else {
            let error = Error::input("a quote opens and never closes");
            return Err(Fault::new(at, error));
        };
        let end = from + quote;
        if block.get(end + 1) != Some(&b'"') {
            return Ok(Field {
                start,
                end,
                quoted: true,
                doubled,
            });
        }
        doubled = true;
        from = end + 2;
    }
}

/// A field up to a delimiter, a line end of any kind, or the end of the block.
fn unquoted(block: &[u8], start: usize, layout: &Layout, strange: bool) -> Result<Field, Fault> {
    let rest = &block[start..];
    let length = match layout.delimiter {
        Some(delimiter) => memchr2(delimiter, layout.line_end, rest),
        None => memchr(layout.line_end, rest),
    };
    let mut end = start + length.unwrap_or(rest.len());
    if strange {
        // A line end of the other kind ends the field too: `record` sees whether it may stand there.
        end = memchr(layout.strange_line_end(), &block[start..end]).map_or(end, |at| start + at);
    }
    layout
        .check_one_column(&block[start..end])
        .map_err(|fault| Fault {
            at: start + fault.at,
            ..fault
        })?;
    Ok(Field {
        start,
        end,
        quoted: false,
        doubled: false,
    })
}

/// Where the first record ends, lines without a character before it among it.
///
/// # Errors
/// What isn't delimited text.
pub(super) fn first_end(block: &[u8], layout: &Layout) -> Result<usize, Fault> {
    let strange = memchr(layout.strange_line_end(), block).is_some();
    let (mut fields, mut at) = (Vec::new(), 0);
    while at < block.len() {
        fields.clear();
        at = record(block, at, (layout, strange), &mut fields)?;
        if !matches!(fields[..], [only] if only.is_null()) {
            break;
        }
    }
    Ok(at)
}
