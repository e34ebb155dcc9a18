//! From what was typed (`NAME=PATH`, files, folders, globs) to the files of each side.

use super::store;
use crate::error::{Error, Result};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// One company's data: a name and the files that hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// The name in every report.
    pub name: String,
    /// Its Parquet files, in a fixed order, at least one.
    pub files: Vec<PathBuf>,
}

impl Side {
    /// Sides from arguments, each a path or `NAME=PATH`; arguments of one name are one side. A path
    /// is a file, a folder (all `*.parquet`, `*.ovs`, `*.theta` and `*.hll` below it, but for names that begin with `_` or `.`), or
    /// a glob. Without a name, a side is called after its file or folder.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Usage`] for a glob that matches nothing, [`crate::ErrorKind::Input`] for
    /// a folder that can't be read or holds no Parquet file.
    pub fn from_arguments<S: AsRef<OsStr>>(arguments: &[S]) -> Result<Vec<Self>> {
        let mut sides: Vec<Self> = Vec::new();
        let mut unnamed: Vec<(usize, PathBuf)> = Vec::new();
        for argument in arguments {
            let (name, path) = split_name(argument.as_ref());
            let files = expand(&path)?;
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

/// `NAME=PATH` → name and path; anything that exists as it stands (`dt=2026-11-23/`) is a path.
fn split_name(argument: &OsStr) -> (Option<String>, PathBuf) {
    let path = PathBuf::from(argument);
    let named = argument.to_str().and_then(|text| text.split_once('='));
    match named {
        Some((name, rest)) if !name.is_empty() && !name.contains(['/', '*']) && !path.exists() => {
            (Some(name.to_owned()), PathBuf::from(rest))
        }
        _ => (None, path),
    }
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
    let stem = path.file_stem().unwrap_or(path.as_os_str());
    stem.to_string_lossy().into_owned()
}

/// The files that a path stands for.
fn expand(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_dir() {
        return files_below(path);
    }
    let is_glob = path
        .to_str()
        .is_some_and(|text| text.contains(['*', '?', '[']));
    if path.exists() || !is_glob {
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

/// Whether a file in a folder is meant when the folder is named.
fn is_input(path: &Path) -> bool {
    const EXTENSIONS: [&str; 4] = ["parquet", "ovs", "theta", "hll"];
    path.extension()
        .is_some_and(|found| EXTENSIONS.iter().any(|e| found.eq_ignore_ascii_case(e)))
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
        return Err(Error::input("holds no *.parquet or *.ovs file").with("file", folder.display()));
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
    fn a_glob_without_matches_is_a_usage_error() {
        let error = Side::from_arguments(&["no/such/*.parquet"]).expect_err("no match");
        assert_eq!(error.kind(), crate::ErrorKind::Usage);
    }
}
