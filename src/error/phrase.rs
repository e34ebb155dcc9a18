//! What an error says, as data: the command line, Python and Rust word the settings in it, each in their own way.
//!
//! The command line says `--as string`, Python `cast="string"`; a Rust program gets neutral words.

use std::fmt;

/// Something that can be set, wherever it is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Setting {
    /// The column that holds the IDs.
    Id,
    /// The domain into which IDs are brought.
    Cast,
    /// The segment columns.
    By,
    /// The hash of the sketches.
    Hash,
    /// log2 of the number of registers.
    Precision,
    /// How many hashes the sample holds.
    K,
    /// How many segments a side may have.
    MaxSegments,
    /// How many bytes a page may have.
    MaxPage,
    /// How many times a page may grow when it is decompressed.
    MaxRatio,
    /// How many bytes an ID may have.
    MaxValue,
    /// Whether pages must carry checksums.
    RequireChecksums,
    /// How many threads work.
    Threads,
    /// How much memory counting may take.
    Memory,
    /// The folder of temporary files.
    TempDir,
    /// Whether rows a user are counted.
    Frequency,
    /// The sides whose rows are users.
    Unique,
    /// The file that holds the secret key.
    KeyFile,
    /// The descriptor that the secret key is read from.
    KeyFd,
    /// The column of theta images.
    ThetaColumn,
    /// The column of HLL images.
    HllColumn,
    /// Whether files of tables are read as they lie.
    Files,
    /// The version of tables that is read.
    AsOf,
    /// The format of data files.
    InputFormat,
    /// What separates the fields of delimited text.
    Delimiter,
    /// Whether the first record of delimited text is data.
    NoHeader,
    /// Texts that mean null.
    Null,
    /// Which rows are taken.
    Where,
    /// The rules by which IDs are brought to one spelling.
    Normalize,
    /// The country of telephone numbers that don't say theirs.
    Region,
    /// The digest that is made of every ID.
    Digest,
    /// The digest that IDs are already.
    Digested,
    /// How many regions are listed.
    Top,
    /// How many new users are enough.
    BreakEven,
    /// How many users a side of private overlap must have.
    MinUsers,
    /// How little private overlap may say of one user.
    Epsilon,
    /// The secret file of a run of private overlap.
    Secret,
    /// Set formulas.
    Expr,
    /// The most that sketches with noise may spend.
    Budget,
}

impl Setting {
    /// The setting with a value, as a piece of a phrase.
    #[must_use]
    pub fn to(self, value: &str) -> Piece {
        Piece::Setting(self, Some(value.to_owned()))
    }

    /// Its name in Rust and in Python.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Cast => "cast",
            Self::By => "by",
            Self::Hash => "hash",
            Self::Precision => "precision",
            Self::K => "k",
            Self::MaxSegments => "max_segments",
            Self::MaxPage => "max_page",
            Self::MaxRatio => "max_ratio",
            Self::MaxValue => "max_value",
            Self::RequireChecksums => "require_checksums",
            Self::Threads => "threads",
            Self::Memory => "memory",
            Self::TempDir => "temp_dir",
            Self::Frequency => "frequency",
            Self::Unique => "unique",
            Self::KeyFile => "key_file",
            Self::KeyFd => "key_fd",
            Self::ThetaColumn => "theta_column",
            Self::HllColumn => "hll_column",
            Self::Files => "files",
            Self::AsOf => "as_of",
            Self::InputFormat => "input_format",
            Self::Delimiter => "delimiter",
            Self::NoHeader => "no_header",
            Self::Null => "null",
            Self::Where => "where",
            Self::Normalize => "normalize",
            Self::Region => "region",
            Self::Digest => "digest",
            Self::Digested => "digested",
            Self::Top => "top",
            Self::BreakEven => "break_even",
            Self::MinUsers => "min_users",
            Self::Epsilon => "epsilon",
            Self::Secret => "secret",
            Self::Expr => "expr",
            Self::Budget => "budget",
        }
    }
}

/// A piece of a message or hint: words, or a setting with the value that it should have, if that is
/// certain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Words as they stand.
    Text(String),
    /// A setting, to be worded.
    Setting(Setting, Option<String>),
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Setting(setting, None) => write!(f, "`{}`", setting.name()),
            Self::Setting(setting, Some(value)) => write!(f, "`{} = {value}`", setting.name()),
        }
    }
}

impl From<&str> for Piece {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Piece {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Setting> for Piece {
    fn from(setting: Setting) -> Self {
        Self::Setting(setting, None)
    }
}

/// A message or a hint in pieces.
///
/// ```
/// use overlap::{Error, Setting};
///
/// let error = Error::usage("no column is called user_id")
///     .hint(["name it with ".into(), Setting::Id.into()]);
/// assert_eq!(error.to_string(), "no column is called user_id; name it with `id`");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase(Vec<Piece>);

impl Phrase {
    /// The phrase, each piece in the words of `word`.
    #[must_use]
    pub fn worded(&self, word: impl Fn(&Piece) -> String) -> String {
        self.0.iter().map(word).collect()
    }
}

impl Phrase {
    /// Puts words before all others.
    pub(super) fn prepend(&mut self, text: &str) {
        self.0.insert(0, text.into());
    }
}

impl From<Vec<Piece>> for Phrase {
    fn from(pieces: Vec<Piece>) -> Self {
        Self(pieces)
    }
}

impl<P: Into<Piece>> From<P> for Phrase {
    fn from(piece: P) -> Self {
        Self(vec![piece.into()])
    }
}

impl<const N: usize> From<[Piece; N]> for Phrase {
    fn from(pieces: [Piece; N]) -> Self {
        Self(pieces.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_face_has_its_words() {
        let hint = Phrase::from([
            "read it with ".into(),
            Setting::Cast.to("string"),
            "".into(),
        ]);
        assert_eq!(
            hint.worded(Piece::to_string),
            "read it with `cast = string`"
        );
        let python = |piece: &Piece| match piece {
            Piece::Setting(setting, Some(value)) => format!("{}={value:?}", setting.name()),
            _ => piece.to_string(),
        };
        assert_eq!(hint.worded(python), "read it with cast=\"string\"");
    }
}
