//! From what was typed (`NAME=PATH`, files, folders, globs) to the files of each side.

use super::Found;
use super::data::PACKED;
use super::list::{expand, is_glob, list, plain, read_list};
use crate::error::{Error, Result};
use crate::remote;
use crate::scan::stdin;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// One company's data: a name and the files that hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// The name in every report.
    pub name: String,
    /// Its files, in a fixed order; none only if its folders are tables.
    pub files: Vec<PathBuf>,
    /// What lies in its folders and holds no data.
    pub passed_over: Vec<PathBuf>,
    /// Links to folders that are read already.
    pub repeated: Vec<PathBuf>,
    /// Its folders that are tables of Delta or Iceberg; one that was emptied holds no file.
    pub tables: Vec<PathBuf>,
}

impl Side {
    /// A side of some files.
    #[must_use]
    pub const fn new(name: String, files: Vec<PathBuf>) -> Self {
        Self {
            name,
            files,
            passed_over: Vec::new(),
            repeated: Vec::new(),
            tables: Vec::new(),
        }
    }

    /// Takes everything of another side in.
    pub fn extend(&mut self, other: Self) {
        self.files.extend(other.files);
        self.passed_over.extend(other.passed_over);
        self.repeated.extend(other.repeated);
        self.tables.extend(other.tables);
    }

    fn of(name: String, found: Found) -> Self {
        Self {
            name,
            files: found.files,
            passed_over: found.passed_over,
            repeated: found.repeated,
            tables: found.tables,
        }
    }

    /// Sides from arguments, each a path or `NAME=PATH`; arguments of one name are one side. A path
    /// is a file, a folder (whatever below it holds data or sketches, by its name or its first bytes), or a
    /// glob; `-` is the data itself from standard input; `@LIST` is a file of such paths, one a line, and `@-`
    /// the same from standard input. What programs leave beside data (`_SUCCESS`, `_temporary/`, hidden
    /// files) is left out of folders and globs. Without a name, a side is called after its file, folder or
    /// list.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Usage`] for a glob that matches nothing or an empty list,
    /// [`crate::ErrorKind::Input`] for a folder or list that can't be read, or a folder without
    /// data.
    pub fn from_arguments<S: AsRef<OsStr>>(arguments: &[S]) -> Result<Vec<Self>> {
        let mut sides: Vec<Self> = Vec::new();
        let mut unnamed: Vec<(usize, PathBuf)> = Vec::new();
        ensure_once(arguments)?;
        remote::forget();
        for argument in arguments {
            let (name, path) = split_name(argument.as_ref());
            let path = plain(&path)?;
            let found = match list(&path) {
                Some(list) => read_list(list)?,
                None => expand(&path)?,
            };
            let same = |side: &&mut Self| Some(&side.name) == name.as_ref();
            match (sides.iter_mut().find(same), name) {
                (Some(side), Some(name)) => side.extend(Self::of(name, found)),
                (_, Some(name)) => sides.push(Self::of(name, found)),
                (_, None) => {
                    unnamed.push((sides.len(), path));
                    sides.push(Self::of(String::new(), found));
                }
            }
        }
        name_after_paths(&mut sides, &unnamed);
        Ok(sides)
    }
}

/// # Errors
/// [`crate::ErrorKind::Usage`] if more than one argument is standard input, which can be read once.
fn ensure_once<S: AsRef<OsStr>>(arguments: &[S]) -> Result<()> {
    let reads = |argument: &&S| {
        let (_, path) = split_name(argument.as_ref());
        path == Path::new(stdin::NAME) || list(&path) == Some(Path::new(stdin::NAME))
    };
    match arguments.iter().filter(reads).count() {
        0 | 1 => Ok(()),
        _ => Err(Error::usage("standard input twice")
            .hint("it can be read once a command: write the other side to a file")),
    }
}

/// `NAME=PATH` → name and path; anything that exists as it stands (`dt=2026-11-23/`, or a glob such as
/// `dt=*/` that matches something) is a path.
fn split_name(argument: &OsStr) -> (Option<String>, PathBuf) {
    let path = PathBuf::from(argument);
    let named = argument.to_str().and_then(|text| text.split_once('='));
    match named {
        Some((name, rest))
            if !name.is_empty() && !name.contains(['/', '*']) && !is_there(&path) =>
        {
            (Some(name.to_owned()), PathBuf::from(rest))
        }
        _ => (None, path),
    }
}

/// Whether a path, or anything that a glob matches, exists.
fn is_there(path: &Path) -> bool {
    let matches = || path.to_str().and_then(|text| glob::glob(text).ok());
    path.exists() || is_glob(path) && matches().is_some_and(|mut found| found.next().is_some())
}

/// Names the sides that got none: the file's stem, or as much of the path as tells it apart.
fn name_after_paths(sides: &mut [Side], unnamed: &[(usize, PathBuf)]) {
    for (at, path) in unnamed {
        let stem = stem(path);
        let shared = unnamed
            .iter()
            .filter(|(_, other)| self::stem(other) == stem)
            .count()
            > 1;
        let base = if shared {
            path.with_extension("").display().to_string()
        } else {
            stem
        };
        let taken = |name: &str| sides.iter().any(|side| side.name == name);
        let mut name = base.clone();
        let mut number = 2;
        while taken(&name) {
            name = format!("{base} ({number})");
            number += 1;
        }
        sides[*at].name = name;
    }
}

fn stem(path: &Path) -> String {
    let path = list(path).unwrap_or(path);
    let is_packed = path
        .extension()
        .is_some_and(|found| PACKED.iter().any(|e| found.eq_ignore_ascii_case(e)));
    let inner = path.with_extension("");
    let path = if is_packed { &inner } else { path };
    let stem = path.file_stem().unwrap_or(path.as_os_str());
    match stem.to_str() {
        Some(stdin::NAME) => "stdin".to_owned(),
        _ => stem.to_string_lossy().into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(arguments: &[&str]) -> Vec<(String, usize)> {
        let sides = Side::from_arguments(arguments).expect("no globs, no folders");
        sides
            .into_iter()
            .map(|side| (side.name, side.files.len()))
            .collect()
    }

    #[test]
    fn sides_are_named_after_what_was_typed() {
        assert_eq!(
            names(&["x/a.parquet", "b.parquet"]),
            [("a".into(), 1), ("b".into(), 1)]
        );
        assert_eq!(
            names(&["shop=x.parquet", "y.parquet"]),
            [("shop".into(), 1), ("y".into(), 1)]
        );
    }

    #[test]
    fn one_name_is_one_side() {
        let sides = names(&["shop=a.parquet", "pay=b.parquet", "shop=c.parquet"]);
        assert_eq!(sides, [("shop".into(), 2), ("pay".into(), 1)]);
    }

    #[test]
    fn equal_stems_are_told_apart() {
        let sides = names(&["shop/ids.parquet", "pay/ids.parquet", "pay/ids.parquet"]);
        let expected = [
            ("shop/ids".into(), 1),
            ("pay/ids".into(), 1),
            ("pay/ids (2)".into(), 1),
        ];
        assert_eq!(sides, expected);
    }

    #[test]
    fn a_list_is_one_side_called_after_it() {
        let mut list = tempfile::Builder::new()
            .prefix("shop.")
            .tempfile()
            .expect("a temporary file");
        std::io::Write::write_all(&mut list, b"day=1/a.parquet\n\nb c.parquet\r\n")
            .expect("written");
        let argument = format!("@{}", list.path().display());
        let sides = Side::from_arguments(&[&argument]).expect("a list");
        assert_eq!(sides[0].name, "shop");
        let files = ["day=1/a.parquet", "b c.parquet"].map(PathBuf::from);
        assert_eq!(sides[0].files, files);
    }

    #[test]
    fn a_glob_without_matches_is_a_usage_error() {
        let error = Side::from_arguments(&["no/such/*.parquet"]).expect_err("no match");
        assert_eq!(error.kind(), crate::ErrorKind::Usage);
    }
}
