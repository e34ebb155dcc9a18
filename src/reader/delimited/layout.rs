//! How the records of a file are laid out, and what is wrong with those that aren't.

use crate::error::{Error, Piece, Result, Setting};
use crate::reader::fault::Fault;
use crate::reader::glance::Glance;

/// What separates fields and records, and which field is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Between fields; `None` if every line is one field.
    pub(crate) delimiter: Option<u8>,
    /// Whether that was found by looking at the first records, not given.
    pub(crate) found: bool,
    /// The last byte of a record: a line feed, or a carriage return where there are no line feeds.
    pub(crate) line_end: u8,
    /// Fields of every record.
    pub(crate) width: usize,
    /// The field that holds the ID.
    pub(crate) id: usize,
}

/// Delimiters that are looked for.
pub(crate) const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// A delimiter as people type it.
pub(crate) fn name_of(delimiter: u8) -> String {
    match delimiter {
        b'\t' => "a tab".into(),
        other => format!("\"{}\"", char::from(other).escape_default()),
    }
}

/// A delimiter as the value of its option, in a word that no shell takes for its own.
pub(crate) fn option_of(delimiter: u8) -> String {
    let named = NAMES.iter().find(|(_, byte)| *byte == delimiter);
    named.map_or_else(
        || char::from(delimiter).to_string(),
        |(name, _)| (*name).to_owned(),
    )
}

/// Delimiters that can be typed as a word.
pub(super) const NAMES: [(&str, u8); 5] = [
    ("comma", b','),
    ("semicolon", b';'),
    ("tab", b'\t'),
    ("pipe", b'|'),
    ("space", b' '),
];

impl Layout {
    /// The byte that ends lines in other files, and is refused outside of quotes in this one.
    pub(super) const fn strange_line_end(&self) -> u8 {
        Glance::strange_end(self.line_end)
    }

    /// A record of another number of fields than the first.
    pub(super) fn ragged(&self, fields: usize) -> Error {
        let plural = |n: usize| if n == 1 { "" } else { "s" };
        let width = self.width;
        let text = format!(
            "a record of {fields} field{}, but the first has {width}",
            plural(fields)
        );
        let separated: Piece = match self.delimiter {
            Some(delimiter) => {
                format!("the fields are separated by {}; ", name_of(delimiter)).into()
            }
            None => "".into(),
        };
        Error::input(text).hint([
            separated,
            "mend the record, or name the delimiter with ".into(),
            Setting::Delimiter.into(),
        ])
    }

    /// A delimiter in a file whose first records have none.
    pub(super) fn surprising(delimiter: u8) -> Error {
        let text = format!("{} in a file of one column", name_of(delimiter));
        Error::input(text).hint([
            "is it a delimiter (".into(),
            Setting::Delimiter.to(&option_of(delimiter)),
            ") or part of the id (".into(),
            Setting::Delimiter.to("none"),
            ")?".into(),
        ])
    }

    pub(super) fn strange_end(&self) -> Error {
        let found = match self.line_end {
            b'\n' => "a carriage return in the middle of a line",
            _ => "a line feed in a file whose lines end in carriage returns",
        };
        Error::input(found).hint("end all lines alike, and quote fields that hold line ends")
    }

    /// # Errors
    /// The first delimiter in the text of a file that seemed to have none.
    pub(super) fn check_one_column(&self, text: &[u8]) -> Result<(), Fault> {
        if self.delimiter.is_some() || !self.found {
            return Ok(());
        }
        let first = DELIMITERS
            .iter()
            .filter_map(|&delimiter| Some((memchr::memchr(delimiter, text)?, delimiter)))
            .min();
        match first {
            Some((at, delimiter)) => Err(Fault::new(at, Self::surprising(delimiter))),
            None => Ok(()),
        }
    }
}

/// Text of which a NUL is part isn't text.
pub(super) fn check_nul(text: &[u8], glance: &Glance) -> Result<(), Fault> {
    match glance.nuls.then(|| memchr::memchr(0, text)).flatten() {
        Some(at) => Err(Fault::new(
            at,
            Error::input("a NUL byte, which no text holds")
                .hint("is the file whole? UTF-16 is read if it begins with a byte order mark"),
        )),
        None => Ok(()),
    }
}
