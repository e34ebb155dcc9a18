//! From what was typed (`NAME=PATH`, files, folders, globs) to the files of each side.

use super::{stdin, store};
use crate::error::{Error, Result};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// One company's data: a name and the files that hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// The name in every report.
    pub name: String,
    /// Its files, in a fixed order, at least one.
    pub files: Vec<PathBuf>,
}

impl Side {
    /// Sides from arguments, each a path or `NAME=PATH`; arguments of one name are one side. A path
    /// is a file, a folder (all `*.parquet`, `*.arrow`, `*.feather`, `*.csv`, `*.tsv`, `*.jsonl`, the texts compressed as well, `*.ovs`, `*.theta` and `*.hll`
    /// below it, but for names that begin with `_` or `.`), or a glob; `@LIST` is a file of such paths, one a line, and `@-` the same from standard input.
    /// `-` is the data itself from standard input. Without a name, a side is called after its file, folder or list.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Usage`] for a glob that matches nothing or an empty list,
    /// [`crate::ErrorKind::Input`] for a folder or list that can't be read, or a folder without
    /// data.
    pub fn from_arguments<S: AsRef<OsStr>>(arguments: &[S]) -> Result<Vec<Self>> {
        let mut sides: Vec<Self> = Vec::new();
        let mut unnamed: Vec<(usize, PathBuf)> = Vec::new();
        ensure_once(arguments)?;
        for argument in arguments {
            let (name, path) = split_name(argument.as_ref());
            let files = match list(&path) {
                Some(list) => read_list(list)?,
                None => expand(&path)?,
            };
            let same = |side: &&mut Self| Some(&side.name) == name.as_ref();
            match (sides.iter_mut().find(same), name) {
                (Some(side), Some(_)) => side.files.extend(files),
                (_, Some(name)) => sides.push(Self { name, files }),
                (_, None) => {
                    unnamed.push((sides.len(), path));
                    sides.push(Self {
                        name: String::new(),
                        files,
                    });
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

fn is_glob(path: &Path) -> bool {
    path.to_str()
        .is_some_and(|text| text.contains(['*', '?', '[']))
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

/// `@LIST` → the path of the list; anything that exists as it stands is a path.
fn list(path: &Path) -> Option<&Path> {
    let list = path.to_str()?.strip_prefix('@')?;
    (!list.is_empty() && !path.exists()).then(|| Path::new(list))
}

/// The files of a list of paths, one a line; blank lines are none.
fn read_list(list: &Path) -> Result<Vec<PathBuf>> {
    let located = |e: Error| e.with("list", list.display());
    let read = match list.to_str() {
        Some(stdin::NAME) => std::io::read_to_string(std::io::stdin()),
        _ => std::fs::read_to_string(list),
    };
    let text = read.map_err(|e| located(Error::input(store::describe(&e))))?;
    let mut files = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        files.extend(expand(Path::new(line)).map_err(located)?);
    }
    if files.is_empty() {
        return Err(located(Error::usage("names no file")));
    }
    Ok(files)
}

/// The files that a path stands for.
fn expand(path: &Path) -> Result<Vec<PathBuf>> {
    if stdin::is_named(path) {
        return Ok(vec![path.to_owned()]);
    }
    if path.is_dir() {
        return files_below(path);
    }
    if path.exists() || !is_glob(path) {
        // A file that isn't there is reported by whoever opens it.
        return Ok(vec![path.to_owned()]);
    }
    let pattern = path.to_string_lossy();
    let matches = glob::glob(&pattern)
        .map_err(|e| Error::usage(format!("{pattern}: not a glob: {}", e.msg)))?;
    let mut files = Vec::new();
    for entry in matches {
        let found = entry.map_err(|e| {
            Error::input(store::describe(e.error())).with("file", e.path().display())
        })?;
        if found.is_dir() {
            files.extend(files_below(&found)?);
        } else {
            files.push(found);
        }
    }
    if files.is_empty() {
        return Err(Error::usage(format!("{pattern}: no file matches")));
    }
    Ok(files)
}

/// Extensions of compressed files.
const PACKED: [&str; 4] = ["gz", "zst", "bz2", "xz"];

/// Whether a file in a folder is meant when the folder is named.
fn is_input(path: &Path) -> bool {
    const DATA: [&str; 11] = [
        "parquet", "ovs", "theta", "hll", "csv", "tsv", "jsonl", "ndjson", "arrow", "arrows",
        "feather",
    ];
    const TEXT: [&str; 4] = ["csv", "tsv", "jsonl", "ndjson"];
    let is_any = |path: &Path, extensions: &[&str]| {
        path.extension()
            .is_some_and(|found| extensions.iter().any(|e| found.eq_ignore_ascii_case(e)))
    };
    let packed = || path.file_stem().map(Path::new);
    is_any(path, &DATA)
        || is_any(path, &PACKED) && packed().is_some_and(|inner| is_any(inner, &TEXT))
}

/// Whether the listing of a folder finds this path below it.
pub(super) fn is_listed(below: &Path) -> bool {
    let mut names = below.iter().map(OsStr::to_string_lossy);
    is_input(below) && !names.any(|name| name.starts_with(['_', '.']))
}

/// All data and sketch files below a folder, by name. Links to folders are not followed (they may form a
/// ring), nor are names that begin with `_` or `.` (metadata and files in the making).
fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let fail =
            |e: std::io::Error| Error::input(store::describe(&e)).with("file", next.display());
        for entry in std::fs::read_dir(&next).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            if entry.file_name().to_string_lossy().starts_with(['_', '.']) {
                continue;
            }
            let path = entry.path();
            if entry.file_type().map_err(fail)?.is_dir() {
                folders.push(path);
            } else if is_input(&path) {
                files.push(path);
            }
        }
    }
    if files.is_empty() {
        return Err(
            Error::input("holds no *.parquet, *.csv, *.tsv or *.ovs file")
                .with("file", folder.display()),
        );
    }
    files.sort();
    Ok(files)
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
