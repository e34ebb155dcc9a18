//! Every way to fail, and the exit code of each kind.
//!
//! Knows no module of the crate. A message is a lowercase fragment that says what was found, what
//! was wanted and what to do; the context (file, column, row group) is kept apart from it, so that
//! every message names the place in the same way.

mod phrase;

pub use phrase::{Phrase, Piece, Setting};

use std::fmt;
use std::ops::Range;

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, by what the user can do about it. One kind is one exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A bug in this program, or a failure of a kind that it doesn't know.
    Internal,
    /// The request itself is wrong: unknown column, empty glob, a flag out of range.
    Usage,
    /// An input that can't be read: missing, corrupt, changed meanwhile, of an unsupported type.
    Input,
    /// Both sides can be read, but not be compared: other ID domain, hash, key or version.
    Incomparable,
    /// Refused by a rule that the user set.
    Refused,
    /// The output can't be written.
    Output,
    /// A limit was reached: memory, size or ratio.
    Limit,
    /// Stopped by the user.
    Interrupted,
}

impl ErrorKind {
    /// Every kind, in the order of the exit codes.
    pub const ALL: [Self; 8] = [
        Self::Internal,
        Self::Usage,
        Self::Input,
        Self::Incomparable,
        Self::Refused,
        Self::Output,
        Self::Limit,
        Self::Interrupted,
    ];

    /// The exit code of the program for an error of this kind (0 is success).
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Internal => 1,
            Self::Usage => 2,
            Self::Input => 3,
            Self::Incomparable => 4,
            Self::Refused => 5,
            Self::Output => 6,
            Self::Limit => 7,
            Self::Interrupted => 130,
        }
    }
}

/// An error: its kind, what happened, and where.
///
/// ```
/// use overlap::{Error, ErrorKind};
///
/// let error = Error::new(ErrorKind::Input, "not a Parquet file").with("file", "a.parquet");
/// assert_eq!(error.to_string(), "a.parquet: not a Parquet file");
/// assert_eq!(error.kind().exit_code(), 3);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: Phrase,
    hint: Option<Phrase>,
    context: Vec<(&'static str, String)>,
    /// What was typed, and which of its characters are meant.
    marked: Option<Box<(String, Range<usize>)>>,
}

impl Error {
    /// An error of `kind`; `message` is a lowercase fragment without a full stop.
    pub fn new(kind: ErrorKind, message: impl Into<Phrase>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
            context: Vec::new(),
            marked: None,
        }
    }

    /// [`ErrorKind::Usage`].
    pub fn usage(message: impl Into<Phrase>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// [`ErrorKind::Input`].
    pub fn input(message: impl Into<Phrase>) -> Self {
        Self::new(ErrorKind::Input, message)
    }

    /// Adds where it happened (`file`, `column`, `row group`); a key that is already there is kept
    /// as it is, since the innermost place knows best.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        if self.context(key).is_none() {
            self.context.push((key, value.to_string()));
        }
        self
    }

    /// Says before the message what it is about.
    #[must_use]
    pub fn prefix(mut self, text: &str) -> Self {
        self.message.prepend(text);
        self
    }

    /// Adds the way out, a sentence of its own.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Phrase>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Shows what was typed with a mark below the characters `at`, in lines of its own at the end.
    #[must_use]
    pub fn marked(mut self, text: &str, at: Range<usize>) -> Self {
        self.marked = Some(Box::new((text.to_owned(), at)));
        self
    }

    /// What the user can do about it.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What happened, without place and way out.
    #[must_use]
    pub fn message(&self) -> String {
        self.message.worded(Piece::to_string)
    }

    /// The value of one key of the context, such as `file`.
    #[must_use]
    pub fn context(&self, key: &str) -> Option<&str> {
        self.context
            .iter()
            .find(|(k, _)| *k == key)
            .map(|(_, value)| value.as_str())
    }
}

impl Error {
    /// What happened, where, and the way out; `word` words the pieces. Programs that have names of
    /// their own for a [`Setting`] name it here: the command line says `--as string`.
    pub fn worded(&self, word: impl Fn(&Piece) -> String) -> String {
        let mut text = String::new();
        if let Some(file) = self.context("file") {
            text = format!("{file}: ");
        }
        text += &self.message.worded(&word);
        let places = self.context.iter().filter(|(key, _)| *key != "file");
        let places: Vec<String> = places
            .map(|(key, value)| format!("{key} {value}"))
            .collect();
        if !places.is_empty() {
            text += &format!(" ({})", places.join(", "));
        }
        if let Some(hint) = &self.hint {
            text += &format!("; {}", hint.worded(&word));
        }
        if let Some(marked) = &self.marked {
            text += &mark(&marked.0, &marked.1);
        }
        text
    }
}

/// A text as one line, and below it a mark; of a long one the part around the mark.
fn mark(typed: &str, at: &Range<usize>) -> String {
    const AROUND: usize = 60;
    let typed: Vec<char> = typed.chars().collect();
    let start = at.start.min(typed.len());
    let end = at.end.clamp(start, typed.len().max(start));
    let first = start.saturating_sub(AROUND);
    let last = (end.min(start + AROUND) + AROUND).min(typed.len());
    let visible = |&c: &char| if c.is_control() { ' ' } else { c };
    let line: String = typed[first..last].iter().map(visible).collect();
    let carets = "^".repeat((end.min(last) - start).max(1));
    format!("\n  {line}\n  {}{carets}", " ".repeat(start - first))
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.worded(Piece::to_string))
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_place_and_way_out() {
        let error = Error::input("unsupported id type Float64")
            .with("column", "user_id")
            .with("file", "a.parquet")
            .with("file", "outer.parquet")
            .hint("cast it to INT64");
        assert_eq!(
            error.to_string(),
            "a.parquet: unsupported id type Float64 (column user_id); cast it to INT64"
        );
    }

    #[test]
    fn what_was_typed_is_marked_below_the_message() {
        let error = Error::usage("no column citty").marked("citty = 'Bern'", 0..5);
        let expected = "no column citty\n  citty = 'Bern'\n  ^^^^^";
        assert_eq!(error.to_string(), expected);
        let end = Error::usage("half").marked("a =", 3..4).to_string();
        assert!(end.ends_with("\n  a =\n     ^"), "{end}");
    }

    #[test]
    fn exit_codes_are_distinct_and_leave_0_to_success() {
        let mut codes: Vec<u8> = ErrorKind::ALL.iter().map(|kind| kind.exit_code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ErrorKind::ALL.len());
        assert!(codes[0] > 0);
    }
}
