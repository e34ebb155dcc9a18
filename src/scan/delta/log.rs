//! Which files of a Delta log make up a version of the table.

use super::action::Action;
use super::read_actions;
use crate::error::{Error, Result};
use crate::scan::AsOf;
use crate::scan::store::{self, Entry};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// What is read of a log: the newest complete checkpoint and the commits behind it.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) checkpoint: Vec<PathBuf>,
    pub(super) commits: Vec<PathBuf>,
}

impl Log {
    /// The files that make up the newest version, or that of `as_of`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if the folder can't be read, or the log lacks what is needed,
    /// [`crate::ErrorKind::Usage`] if there is no such version.
    pub(super) fn list(folder: &Path, as_of: Option<AsOf>) -> Result<Self> {
        let mut commits = BTreeMap::new();
        let mut checkpoints: BTreeMap<(u64, Kind), Vec<PathBuf>> = BTreeMap::new();
        for entry in store::entries(folder)? {
            let name = entry.path.file_name().and_then(|name| name.to_str());
            match name.and_then(Kind::of) {
                Some((version, Kind::Commit)) => {
                    commits.insert(version, entry);
                }
                Some(key) => checkpoints.entry(key).or_default().push(entry.path),
                None => {}
            }
        }
        checkpoints.retain(|(_, kind), files| match *kind {
            Kind::Parts(parts) => files.len() == parts,
            Kind::Commit | Kind::Whole => !files.is_empty(),
        });
        let newest = commits.keys().last().copied();
        let newest = newest.max(checkpoints.keys().last().map(|(version, _)| *version));
        let newest = newest.ok_or_else(|| Error::input("the log is empty"))?;
        let last = match as_of {
            None => newest,
            Some(AsOf::Version(version)) if version <= newest => version,
            Some(AsOf::Version(version)) => {
                let text = format!("it has no version {version}: the newest is {newest}");
                return Err(Error::usage(text));
            }
            Some(AsOf::Time(time)) => version_at(&commits, time)?,
        };
        checkpoints.retain(|(version, _), _| *version <= last);
        commits.retain(|version, _| *version <= last);
        let checkpoint = checkpoints.pop_last();
        let first = (checkpoint.as_ref()).map_or(0, |((version, _), _)| version + 1);
        let commits = commits.split_off(&first);
        for wanted in first..=last {
            if !commits.contains_key(&wanted) {
                return Err(Error::input(format!("the log lacks version {wanted}")));
            }
        }
        // Of one version there may be several checkpoints of a file each, all of them the same.
        let checkpoint = checkpoint.map(|((_, kind), mut files)| {
            files.sort();
            if kind == Kind::Whole {
                files.truncate(1);
            }
            files
        });
        Ok(Self {
            checkpoint: checkpoint.unwrap_or_default(),
            commits: commits.into_values().map(|entry| entry.path).collect(),
        })
    }
}

/// The newest version that was there at a time.
fn version_at(commits: &BTreeMap<u64, Entry>, time: i64) -> Result<u64> {
    let (mut found, mut before) = (None, i64::MIN);
    for (&version, commit) in commits {
        // Times of files may go back; those of versions don't.
        let made = commit_time(commit)?.max(before.saturating_add(1));
        if made > time {
            break;
        }
        (found, before) = (Some(version), made);
    }
    found.ok_or_else(|| Error::usage("its log doesn't go back to that time"))
}

/// When a commit was made, in milliseconds since 1970: as it says itself, or else as its file does.
fn commit_time(commit: &Entry) -> Result<i64> {
    let path = &commit.path;
    let own = read_actions(path)?
        .into_iter()
        .find_map(|action| match action {
            Action::Time(time) => Some(time),
            _ => None,
        });
    if let Some(own) = own {
        return Ok(own);
    }
    let modified = commit.modified();
    let modified =
        modified.map_err(|e| Error::input(store::describe(&e)).with("file", path.display()))?;
    Ok(milliseconds(modified))
}

fn milliseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// What a file of the log is, by its name; of checkpoints of one version the last kind is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Commit,
    /// One of so many parts of a checkpoint.
    Parts(usize),
    /// A checkpoint, or that of version 2, which names the others of its files itself.
    Whole,
}

impl Kind {
    fn of(name: &str) -> Option<(u64, Self)> {
        let number = |text: &str, digits: usize| {
            let all = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
            all.then(|| text.parse::<u64>().ok()).flatten()
        };
        let (version, rest) = name.split_once('.')?;
        let kind = match rest.split('.').collect::<Vec<_>>()[..] {
            ["json"] => Self::Commit,
            ["checkpoint", "parquet"] => Self::Whole,
            ["checkpoint", part, parts, "parquet"] => {
                number(part, 10)?;
                Self::Parts(usize::try_from(number(parts, 10)?).ok()?)
            }
            ["checkpoint", uuid, "json" | "parquet"] if uuid.len() == 36 => Self::Whole,
            _ => return None,
        };
        Some((number(version, 20)?, kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_log_say_what_a_file_is() {
        let kind = |rest: &str| Kind::of(&format!("00000000000000000010.{rest}"));
        assert_eq!(kind("json"), Some((10, Kind::Commit)));
        assert_eq!(kind("checkpoint.parquet"), Some((10, Kind::Whole)));
        let part = "checkpoint.0000000001.0000000003.parquet";
        assert_eq!(kind(part), Some((10, Kind::Parts(3))));
        let uuid = "80a083e8-7026-4e79-81be-64bd76c43a11";
        for form in ["json", "parquet"] {
            let name = format!("checkpoint.{uuid}.{form}");
            assert_eq!(kind(&name), Some((10, Kind::Whole)));
        }
        assert_eq!(kind("crc"), None);
        assert_eq!(kind("00000000000000000012.compacted.json"), None);
        assert_eq!(kind("checkpoint.80a083e8-7026.parquet"), None);
        assert_eq!(Kind::of("10.json"), None);
    }
}
