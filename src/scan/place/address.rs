//! What an address stands for: an object, everything below a folder of a store, or what a glob matches.

use super::folder::{ensure_data, is_metadata_of_table, kind_in_glob};
use super::list::is_glob;
use super::{Found, data, leftover};
use crate::error::{Error, Result};
use crate::remote::{self, Child, Object};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The files that an address stands for.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if there is neither an object nor a folder of data, or the store can't be asked;
/// [`crate::ErrorKind::Usage`] for a glob that matches nothing.
pub(super) fn expand(path: &Path) -> Result<Found> {
    let only = || Found {
        files: vec![path.to_owned()],
        ..Found::default()
    };
    let text = path.to_string_lossy();
    if remote::is_web(path) {
        return match text.ends_with('/') || text.contains('*') {
            false => Ok(only()),
            true => Err(
                Error::usage("a folder or a glob on a web server, which lists no files")
                    .with("file", path.display())
                    .hint("name the files one by one, or in a list: @FILE"),
            ),
        };
    }
    if is_glob(path) {
        return matching(path);
    }
    let is_bucket = path.components().count() < 3;
    if text.ends_with('/') || is_bucket {
        return below(path, None);
    }
    match Object::look(path) {
        Ok(()) => Ok(only()),
        Err(error) => below(path, Some(error)),
    }
}

/// Everything below a folder; `missing` says why there is no object of that name.
fn below(folder: &Path, missing: Option<Error>) -> Result<Found> {
    let listed = match (remote::list(folder), missing) {
        // Who may read an object needn't be allowed to list the folder that it isn't.
        (Err(_), Some(missing)) => return Err(missing),
        (Ok(listed), Some(missing)) if listed.is_empty() => return Err(missing),
        (listed, _) => listed?,
    };
    let mut sorted = Sorted::default();
    for child in &*listed {
        sorted.take(folder, child);
    }
    ensure_data(sorted.found(), folder)
}

/// Objects of a listing, by what they hold.
#[derive(Default)]
struct Sorted {
    files: Vec<PathBuf>,
    passed_over: BTreeSet<PathBuf>,
    tables: BTreeSet<PathBuf>,
}

impl Sorted {
    fn take(&mut self, folder: &Path, child: &Child) {
        let path = &child.path;
        let Ok(parts) = path.strip_prefix(folder) else {
            return;
        };
        let names: Vec<String> = parts
            .iter()
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        let Some((name, folders)) = names.split_last() else {
            return;
        };
        let mut at = folder.to_owned();
        for name in folders {
            if name == "_delta_log" {
                self.tables.insert(at.clone());
            }
            let parent = at.clone();
            at.push(name);
            match leftover::of_folder(name) {
                leftover::Kind::None if is_metadata_of_table(&at) => {
                    self.tables.insert(parent);
                    return;
                }
                leftover::Kind::None => {}
                leftover::Kind::Leftover => return,
                leftover::Kind::Hidden => {
                    self.passed_over.insert(at);
                    return;
                }
            }
        }
        // What tools leave in the place of a folder.
        if child.bytes == 0 || name.ends_with("_$folder$") {
            return;
        }
        match leftover::of_file(name) {
            leftover::Kind::Leftover => {}
            leftover::Kind::Hidden => drop(self.passed_over.insert(path.clone())),
            leftover::Kind::None => self.files.push(path.clone()),
        }
    }

    /// Those that hold data: what the names don't say, the first bytes do.
    fn found(self) -> Found {
        let untold: Vec<PathBuf> = self
            .files
            .iter()
            .filter(|path| !data::is_named(path))
            .cloned()
            .collect();
        remote::open_all(&untold);
        let (files, others): (Vec<_>, Vec<_>) =
            self.files.into_iter().partition(|path| data::is_data(path));
        Found {
            files,
            passed_over: self.passed_over.into_iter().chain(others).collect(),
            tables: self.tables.into_iter().collect(),
            repeated: Vec::new(),
        }
    }
}

/// What a glob matches: objects, and those below folders that it matches.
fn matching(path: &Path) -> Result<Found> {
    let pattern = path.to_string_lossy();
    let matcher = glob::Pattern::new(&pattern)
        .map_err(|e| Error::usage(format!("{pattern}: not a glob: {}", e.msg)))?;
    let options = glob::MatchOptions {
        require_literal_separator: true,
        ..glob::MatchOptions::default()
    };
    let fixed: PathBuf = path
        .ancestors()
        .find(|above| !is_glob(above))
        .unwrap_or(path)
        .to_owned();
    let matches = |path: &Path| matcher.matches_with(&path.to_string_lossy(), options);
    let mut sorted = Sorted::default();
    let mut left_out = 0;
    for child in &*remote::list(&fixed)? {
        let depth = child
            .path
            .iter()
            .count()
            .saturating_sub(fixed.iter().count());
        let matched = child
            .path
            .ancestors()
            .take(depth)
            .filter(|above| matches(above))
            .last();
        let Some(matched) = matched else {
            continue;
        };
        match kind_in_glob(path, matched) {
            leftover::Kind::Leftover => left_out += 1,
            leftover::Kind::Hidden => {
                left_out += 1;
                sorted.passed_over.insert(matched.to_owned());
            }
            leftover::Kind::None if matched == child.path => {
                if child.bytes > 0 {
                    sorted.files.push(child.path.clone());
                }
            }
            leftover::Kind::None => sorted.take(matched, child),
        }
    }
    let found = sorted.found();
    if found.files.is_empty() && found.tables.is_empty() {
        let error = Error::usage(format!("{pattern}: no object matches"));
        return Err(match left_out {
            0 => error,
            _ => error
                .hint("only what programs leave beside data does: name an object to have it read"),
        });
    }
    Ok(found)
}
