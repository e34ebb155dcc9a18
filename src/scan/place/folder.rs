//! The files that hold data below a folder, and those of a glob.

use super::{Found, data, leftover};
use crate::error::{Error, Result};
use crate::remote;
use crate::scan::store;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// All data and sketch files below a folder, by name. Links to folders are followed after everything
/// that isn't a link, each folder once, so that a ring ends.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if a folder can't be read or there is no data.
pub(super) fn files_below(folder: &Path) -> Result<Found> {
    all_below(folder).and_then(|found| ensure_data(found, folder))
}

/// Sees to it that something was found below a folder.
pub(super) fn ensure_data(found: Found, folder: &Path) -> Result<Found> {
    if !found.files.is_empty() || !found.tables.is_empty() {
        return Ok(found);
    }
    let error = Error::input("holds no data file").with("file", folder.display());
    Err(match found.passed_over.len() {
        0 => error,
        count => error.hint(format!(
            "{count} paths in it are passed over, such as {}: name the one that is meant",
            found.passed_over[0].display()
        )),
    })
}

/// Likewise, also of a folder without data.
fn all_below(folder: &Path) -> Result<Found> {
    let mut walk = Walk::default();
    walk.folder(folder)?;
    while let Some(link) = walk.links.pop() {
        if walk.is_new(&link) {
            walk.folder(&link)?;
        } else if !is_above(&link) {
            walk.found.repeated.push(link);
        }
    }
    let mut found = walk.found;
    found.files.sort();
    found.passed_over.sort();
    found.tables.sort();
    found.repeated.sort();
    Ok(found)
}

#[derive(Default)]
struct Walk {
    found: Found,
    /// Links to folders, not yet followed.
    links: Vec<PathBuf>,
    /// Folders without links and detours.
    seen: HashSet<PathBuf>,
}

impl Walk {
    fn is_new(&self, folder: &Path) -> bool {
        let canonical = folder.canonicalize();
        canonical.map_or(true, |canonical| !self.seen.contains(&canonical))
    }

    fn folder(&mut self, folder: &Path) -> Result<()> {
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            let fail =
                |e: std::io::Error| Error::input(store::describe(&e)).with("file", next.display());
            if !self.seen.insert(next.canonicalize().map_err(fail)?) {
                continue;
            }
            if next.join("_delta_log").is_dir() || has_iceberg_metadata(&next) {
                self.found.tables.push(next.clone());
            }
            for entry in std::fs::read_dir(&next).map_err(fail)? {
                let entry = entry.map_err(fail)?;
                let (path, name) = (entry.path(), entry.file_name());
                let name = name.to_string_lossy();
                let kind = entry.file_type().map_err(fail)?;
                if !path.is_dir() {
                    self.file(path, &name);
                    continue;
                }
                match leftover::of_folder(&name) {
                    leftover::Kind::None if is_metadata_of_table(&path) => {}
                    leftover::Kind::None if kind.is_symlink() => self.links.push(path),
                    leftover::Kind::None => folders.push(path),
                    leftover::Kind::Leftover => {}
                    leftover::Kind::Hidden => self.found.passed_over.push(path),
                }
            }
        }
        self.links.sort_by(|a, b| b.cmp(a));
        Ok(())
    }

    fn file(&mut self, path: PathBuf, name: &str) {
        // A link that goes round in a ring leads to no file; one whose file is gone is refused
        // when it is opened.
        if std::fs::metadata(&path).is_err_and(|e| is_ring(&e)) {
            self.found.passed_over.push(path);
            return;
        }
        match leftover::of_file(name) {
            leftover::Kind::Leftover => {}
            leftover::Kind::Hidden => self.found.passed_over.push(path),
            leftover::Kind::None if data::is_data(&path) => self.found.files.push(path),
            leftover::Kind::None => self.found.passed_over.push(path),
        }
    }
}

/// Whether links were followed without an end.
fn is_ring(error: &std::io::Error) -> bool {
    /// `ELOOP` of Linux; macOS and the BSDs say 62.
    const RINGS: [i32; 2] = [40, 62];
    let code = error.raw_os_error();
    code.is_some_and(|code| RINGS.contains(&code))
}

/// Whether a link goes to a folder that it lies in.
fn is_above(link: &Path) -> bool {
    let canonical = |path: &Path| path.canonicalize().ok();
    let target = canonical(link);
    let lies_in = link
        .parent()
        .and_then(|parent| match parent.as_os_str().is_empty() {
            true => canonical(Path::new(".")),
            false => canonical(parent),
        });
    target
        .zip(lies_in)
        .is_some_and(|(target, lies_in)| lies_in.starts_with(target))
}

/// Whether a folder is an Iceberg table: its `metadata/` holds what describes one.
pub(in crate::scan) fn has_iceberg_metadata(folder: &Path) -> bool {
    let is_metadata =
        |name: &str| name.ends_with(".metadata.json") || name.ends_with(".metadata.json.gz");
    let metadata = folder.join("metadata");
    // Folders of stores are listed for it, once each.
    if remote::is_address(folder) && !store::is_folder(&metadata) {
        return false;
    }
    let entries = store::entries(&metadata).unwrap_or_default();
    let name = |entry: &store::Entry| entry.path.file_name().map(OsStr::to_os_string);
    let mut names = entries.iter().filter_map(name);
    names.any(|name| name.to_str().is_some_and(is_metadata))
}

/// Whether a folder is the part of an Iceberg table that describes it.
pub(super) fn is_metadata_of_table(folder: &Path) -> bool {
    let is_called = folder.file_name().is_some_and(|name| name == "metadata");
    is_called && folder.parent().is_some_and(has_iceberg_metadata)
}

/// What a glob matches: files that hold data, and those in folders. Leftovers are left out wherever the
/// pattern doesn't name them itself.
///
/// # Errors
/// [`crate::ErrorKind::Usage`] if it is no glob or nothing matches.
pub(super) fn files_matching(path: &Path) -> Result<Found> {
    let pattern = path.to_string_lossy();
    let matches = glob::glob(&pattern)
        .map_err(|e| Error::usage(format!("{pattern}: not a glob: {}", e.msg)))?;
    let names_files = !pattern.ends_with(['*', '?', ']']);
    let (mut found, mut seen, mut left_out) = (Found::default(), HashSet::new(), 0);
    for entry in matches {
        let matched = entry.map_err(|e| {
            Error::input(store::describe(e.error())).with("file", e.path().display())
        })?;
        match kind_in_glob(path, &matched) {
            leftover::Kind::Leftover => left_out += 1,
            leftover::Kind::Hidden => {
                left_out += 1;
                found.passed_over.push(matched);
            }
            leftover::Kind::None if matched.is_dir() => {
                // `**/*` matches a folder and what is in it, and folders without data as well.
                let mut below = match names_files {
                    true => files_below(&matched)?,
                    false => all_below(&matched)?,
                };
                below.files.retain(|file| seen.insert(file.clone()));
                found.extend(below);
            }
            leftover::Kind::None if !seen.insert(matched.clone()) => {}
            leftover::Kind::None if names_files || data::is_data(&matched) => {
                found.files.push(matched);
            }
            leftover::Kind::None => found.passed_over.push(matched),
        }
    }
    found.passed_over.sort();
    found.passed_over.dedup();
    if found.files.is_empty() && found.tables.is_empty() {
        let error = Error::usage(format!("{pattern}: no file matches"));
        return Err(match left_out + found.passed_over.len() {
            0 => error,
            _ => {
                error.hint("only what programs leave beside data does: name a file to have it read")
            }
        });
    }
    Ok(found)
}

/// What the names say that a glob's wildcards matched.
pub(super) fn kind_in_glob(pattern: &Path, matched: &Path) -> leftover::Kind {
    let is_wild = |part: &&OsStr| part.to_string_lossy().contains(['*', '?', '[']);
    let fixed = pattern.iter().take_while(|part| !is_wild(part)).count();
    // A pattern such as `_old*` names what is hidden.
    let names_hidden = |prefix: char| {
        let mut parts = pattern.iter().skip(fixed);
        parts.any(|part| part.to_string_lossy().starts_with(prefix))
    };
    let ancestors = matched.ancestors();
    let wild = matched.iter().count().saturating_sub(fixed);
    if ancestors.take(wild).any(is_metadata_of_table) {
        return leftover::Kind::Leftover;
    }
    let mut worst = leftover::Kind::None;
    let parts: Vec<_> = matched.iter().skip(fixed).collect();
    for (i, part) in parts.iter().enumerate() {
        let name = part.to_string_lossy();
        let is_file = i + 1 == parts.len() && !matched.is_dir();
        let kind = if is_file {
            leftover::of_file(&name)
        } else {
            leftover::of_folder(&name)
        };
        match kind {
            leftover::Kind::None => {}
            leftover::Kind::Leftover
                if name.starts_with(['_', '.'])
                    && names_hidden(name.chars().next().unwrap_or('_')) => {}
            leftover::Kind::Leftover => return kind,
            leftover::Kind::Hidden if names_hidden('_') => {}
            leftover::Kind::Hidden => worst = kind,
        }
    }
    worst
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(folder: &Path, files: &[&str]) {
        for file in files {
            let path = folder.join(file);
            std::fs::create_dir_all(path.parent().expect("in the folder")).expect("made");
            std::fs::write(path, b"PAR1").expect("written");
        }
    }

    fn below(folder: &Path, paths: &[PathBuf]) -> Vec<String> {
        let below = |path: &PathBuf| {
            let below = path.strip_prefix(folder).expect("below");
            below.display().to_string()
        };
        paths.iter().map(below).collect()
    }

    const TIDY: [&str; 9] = [
        "part-0.parquet",
        "_year=2026/000000_0",
        "_SUCCESS",
        "._part-0.parquet",
        "part-1.parquet.tmp",
        "_temporary/0/part-2.parquet",
        ".spark-staging-1/part-3.parquet",
        "_old/part-4.parquet",
        "metadata/v1.metadata.json",
    ];

    #[test]
    fn a_folder_is_its_data_and_what_is_passed_over_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        make(folder.path(), &TIDY);
        let found = files_below(folder.path()).expect("data");
        assert_eq!(
            below(folder.path(), &found.files),
            ["_year=2026/000000_0", "part-0.parquet"]
        );
        assert_eq!(
            below(folder.path(), &found.passed_over),
            ["_old", "part-1.parquet.tmp"]
        );
    }

    #[test]
    fn a_glob_leaves_out_the_same_unless_it_names_them() {
        let folder = tempfile::tempdir().expect("a folder");
        make(folder.path(), &TIDY[..8]);
        let files = |glob: &str| {
            let found = files_matching(&folder.path().join(glob)).expect("matches");
            below(folder.path(), &found.files)
        };
        let all = ["_year=2026/000000_0", "part-0.parquet"];
        assert_eq!(files("**/*"), all);
        assert_eq!(files("*"), all);
        assert_eq!(files("**/*.parquet"), ["part-0.parquet"]);
        make(folder.path(), &["notes/sub/part-9.parquet.tmp"]);
        let found = files_matching(&folder.path().join("*")).expect("matches");
        let passed_over = below(folder.path(), &found.passed_over);
        assert!(passed_over.contains(&"notes/sub/part-9.parquet.tmp".to_owned()));
        assert_eq!(files("_old*/*.parquet"), ["_old/part-4.parquet"]);
        assert_eq!(
            files("_temporary/**/*.parquet"),
            ["_temporary/0/part-2.parquet"]
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_to_folders_are_followed_and_rings_end() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("root");
        make(
            folder.path(),
            &[
                "store/a.parquet",
                "root/day=1/b.parquet",
                "root/day=1/c/d.parquet",
            ],
        );
        symlink("../../store", root.join("day=1/linked")).expect("linked");
        symlink("..", root.join("day=1/up")).expect("linked");
        symlink("day=1", root.join("all-of-it")).expect("linked");
        let found = files_below(&root).expect("data");
        let expected = [
            "day=1/b.parquet",
            "day=1/c/d.parquet",
            "day=1/linked/a.parquet",
        ];
        assert_eq!(below(&root, &found.files), expected);
        assert_eq!(below(&root, &found.repeated), ["all-of-it"]);
    }
}
