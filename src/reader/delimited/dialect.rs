//! Which delimiter, which line ends, what the first record says.
//!
//! A delimiter is taken unasked only if it is the only one of the usual four that gives all records of
//! the beginning of the file the same number of fields, more than one. Where that isn't clear the user
//! is asked: a wrong delimiter would cut IDs short, and count others.

use super::cut::RecordCutter;
use super::layout::{DELIMITERS, Layout, NAMES, name_of, option_of};
use super::records::records;
use crate::error::{Error, Result, Setting};
use crate::reader::fault::Fault;
use crate::reader::glance::Glance;
use crate::reader::stream::Cutter;
use memchr::memchr;
use std::collections::BTreeSet;

/// What separates the fields of a record, where it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delimiter {
    /// This byte.
    Byte(u8),
    /// Nothing: every line is one field.
    None,
}

impl Delimiter {
    /// A delimiter as it is typed: a character, `comma`, `semicolon`, `tab`, `pipe`, `space`, or `none`.
    ///
    /// ```
    /// use overlap::Delimiter;
    ///
    /// assert_eq!(Delimiter::parse(";"), Some(Delimiter::Byte(b';')));
    /// assert_eq!(Delimiter::parse("tab"), Some(Delimiter::Byte(b'\t')));
    /// assert_eq!(Delimiter::parse("none"), Some(Delimiter::None));
    /// assert_eq!(Delimiter::parse("\""), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some((_, byte)) = NAMES.iter().find(|(name, _)| *name == text) {
            return Some(Self::Byte(*byte));
        }
        match (text, text.as_bytes()) {
            ("none", _) => Some(Self::None),
            ("\\t", _) => Some(Self::Byte(b'\t')),
            (_, [b'"' | b'\n' | b'\r' | 0]) => None,
            (_, [byte]) if byte.is_ascii() => Some(Self::Byte(*byte)),
            _ => None,
        }
    }
}

/// How delimited text is read, where that isn't found in the text itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextOptions {
    /// What separates fields; `None` finds it.
    pub delimiter: Option<Delimiter>,
    /// Whether the first record is data, not the names of the columns: columns are then called by
    /// their numbers, from 1.
    pub no_header: bool,
    /// Sides of which that is so, by their names.
    pub no_header_of: BTreeSet<String>,
    /// Texts that mean null, beside the empty field.
    pub nulls: Vec<String>,
}

/// What the beginning of a file says about all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) delimiter: Option<u8>,
    /// Whether the delimiter was found, not given.
    pub(crate) found: bool,
    pub(crate) line_end: u8,
    /// The fields of the first record.
    pub(crate) first: Vec<Vec<u8>>,
}

impl TextOptions {
    /// The options of one side.
    #[must_use]
    pub fn of_side(&self, side: &str) -> Self {
        Self {
            no_header: self.no_header || self.no_header_of.contains(side),
            ..self.clone()
        }
    }
}

impl Dialect {
    /// Looks at the beginning of a text; `whole` says that it is all of it. `None` if it has no record.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Usage`] if the delimiter isn't clear, [`crate::ErrorKind::Input`] if the
    /// first record is no delimited text.
    pub(crate) fn of(head: &[u8], whole: bool, options: &TextOptions) -> Result<Option<Self>> {
        let line_end = match (memchr(b'\n', head), memchr(b'\r', head)) {
            (None, Some(_)) => b'\r',
            _ => b'\n',
        };
        let delimiter = match options.delimiter {
            Some(Delimiter::Byte(byte)) => Some(byte),
            Some(Delimiter::None) => None,
            None => find(head, whole, line_end, options.no_header)?,
        };
        let found = options.delimiter.is_none();
        let layout = layout(delimiter, line_end);
        let first = first_record(beginning(head, whole, &layout), &layout)?;
        Ok(first.map(|first| Self {
            delimiter,
            found,
            line_end,
            first,
        }))
    }
}

/// A layout of unknown width.
const fn layout(delimiter: Option<u8>, line_end: u8) -> Layout {
    Layout {
        delimiter,
        // Delimiters in a file of one column are looked for when it is read.
        found: false,
        line_end,
        width: 0,
        id: 0,
    }
}

/// As much of the head as ends with a record.
pub(super) fn beginning<'a>(head: &'a [u8], whole: bool, layout: &Layout) -> &'a [u8] {
    if whole {
        return head;
    }
    let glance = Glance::of(head, layout.line_end);
    let cut = RecordCutter::new(layout.delimiter, layout.line_end).cut(head, &glance);
    &head[..cut.end.unwrap_or(0)]
}

fn first_record(text: &[u8], layout: &Layout) -> Result<Option<Vec<Vec<u8>>>> {
    let mut first = None;
    let done = || Fault {
        at: 0,
        error: Error::input(String::new()),
    };
    let read = records(text, layout, |fields, _| {
        first = Some(
            fields
                .iter()
                .map(|field| field.text(text).into_owned())
                .collect(),
        );
        Err(done())
    });
    match (first, read) {
        (Some(first), _) => Ok(Some(first)),
        (None, Ok(())) => Ok(None),
        (None, Err(fault)) => {
            let lines = memchr::memchr_iter(layout.line_end, &text[..fault.at]).count();
            Err(fault.error.with("line", lines + 1))
        }
    }
}

/// How a delimiter divides the records of a text.
#[derive(Clone, Copy, Debug)]
struct Division {
    delimiter: u8,
    /// Fields of the first record.
    first: usize,
    /// Whether all records have as many.
    even: bool,
}

fn division(head: &[u8], whole: bool, line_end: u8, delimiter: u8) -> Option<Division> {
    let layout = layout(Some(delimiter), line_end);
    let text = beginning(head, whole, &layout);
    let (mut first, mut even) = (None, true);
    let read = records(text, &layout, |fields, _| {
        even &= *first.get_or_insert(fields.len()) == fields.len();
        Ok(())
    });
    Some(Division {
        delimiter,
        first: first?,
        even: even && read.is_ok(),
    })
}

/// The delimiter of a text, if there is just one that can be it; `None` for a text of one column.
fn find(head: &[u8], whole: bool, line_end: u8, no_header: bool) -> Result<Option<u8>> {
    let divisions = DELIMITERS
        .iter()
        .filter_map(|&d| division(head, whole, line_end, d));
    let divisions: Vec<Division> = divisions.filter(|division| division.first > 1).collect();
    let even: Vec<u8> = divisions
        .iter()
        .filter(|d| d.even)
        .map(|d| d.delimiter)
        .collect();
    match even[..] {
        // Without names above them, parts of an ID can't be told from fields: `auth0|5f7c8e`.
        [only @ (b';' | b'|')] if no_header => Err(ask(&[only])),
        [only] => Ok(Some(only)),
        [] => {
            // The records are ragged: whoever reads them says where.
            let widest = divisions.iter().max_by_key(|division| division.first);
            Ok(widest.map(|division| division.delimiter))
        }
        _ => Err(ask(&even)),
    }
}

fn ask(candidates: &[u8]) -> Error {
    let names: Vec<String> = candidates.iter().map(|&d| name_of(d)).collect();
    let text = match &names[..] {
        [only] => format!("{only} may be the delimiter, or part of the ids"),
        several => format!("any of {} may be the delimiter", several.join(", ")),
    };
    let example = candidates.first().map_or("none".into(), |&d| option_of(d));
    Error::usage(text).hint([
        "say which with ".into(),
        Setting::Delimiter.into(),
        ", such as ".into(),
        Setting::Delimiter.to(&example),
        ", or ".into(),
        Setting::Delimiter.to("none"),
        " for one id a line".into(),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn dialect(head: &str) -> Result<Option<(Option<u8>, usize)>> {
        let dialect = Dialect::of(head.as_bytes(), true, &TextOptions::default())?;
        Ok(dialect.map(|dialect| (dialect.delimiter, dialect.first.len())))
    }

    #[test]
    fn the_delimiter_is_the_only_one_that_divides_all_records_alike() {
        for (head, expected) in [
            ("user_id,city\n1,x\n2,y\n", Some((Some(b','), 2))),
            ("user_id;price\r\n1;2,5\r\n2;3\r\n", Some((Some(b';'), 2))),
            ("user_id\tname\n1\ta,b\n2\tc\n", Some((Some(b'\t'), 2))),
            ("user_id|city|x\n1|b|\n", Some((Some(b'|'), 3))),
            (
                "user_id,email\nauth0|1,a\nauth0|2,b\n",
                Some((Some(b','), 2)),
            ),
            ("user_id,note\n1,\"a;b\nc;d\"\n", Some((Some(b','), 2))),
            ("user_id\n1\n2\n", Some((None, 1))),
            ("user_id\nauth0|1\nauth0|2\n", Some((None, 1))),
            ("\n\nuser_id,a\n1,2\n", Some((Some(b','), 2))),
            ("user_id,a\r1,2\r", Some((Some(b','), 2))),
            ("user_id,a\n1,2,3\n", Some((Some(b','), 2))),
            ("", None),
            ("\n\r\n", None),
        ] {
            assert_eq!(dialect(head).expect(head), expected, "{head:?}");
        }
    }

    #[test]
    fn what_isnt_clear_is_asked() {
        let error = dialect("user_id,a;b\n1,2;3\n").expect_err("two");
        assert_eq!(error.kind(), ErrorKind::Usage);
        let options = TextOptions {
            no_header: true,
            ..TextOptions::default()
        };
        let headless = |head: &str| Dialect::of(head.as_bytes(), true, &options);
        for ids in ["auth0|1\nauth0|2\n", "a;1\na;2\n", "auth0|1,x\nauth0|2,y\n"] {
            assert_eq!(headless(ids).expect_err(ids).kind(), ErrorKind::Usage);
        }
        assert!(headless("1,x\n2,y\n").is_ok());
    }

    #[test]
    fn a_head_that_ends_in_a_record_says_the_same() {
        let text = "user_id,note,x\n1,\"a\n,b\",c\n2,d,e\n3,f,g\n";
        let first_record = "user_id,note,x\n".len();
        for end in first_record..text.len() {
            let head = &text.as_bytes()[..end];
            let dialect = Dialect::of(head, false, &TextOptions::default()).expect("clear");
            let dialect = dialect.expect("a record");
            assert_eq!(
                (dialect.delimiter, dialect.first.len()),
                (Some(b','), 3),
                "{end}"
            );
        }
    }
}
