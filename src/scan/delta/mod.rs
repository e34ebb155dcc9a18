//! A version of a Delta table, from its log: which files are live, which of their rows are deleted,
//! what their columns and partitions are.
//!
//! Reads JSON commits and checkpoints of both versions (protocol of Delta Lake, reader versions 1 to
//! 3). Whatever reader feature isn't known here is refused by name. Knows no IDs.

mod action;
mod checkpoint;
mod log;
mod vector;

use super::live::{Columns, Constant, LiveFile, depth, locate};
use super::place::percent_decoded;
use super::{AsOf, store};
use crate::error::{Error, Result};
use action::{Action, Add, Protocol, Replay};
use log::Log;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Commits are read at once; a larger one is refused.
const COMMIT_BYTES_MAX: u64 = 1 << 30;

/// Reader features that are read here, or that change nothing about rows, IDs and partitions.
const KNOWN_FEATURES: [&str; 9] = [
    "columnMapping",
    "deletionVectors",
    "timestampNtz",
    "typeWidening",
    "typeWidening-preview",
    "v2Checkpoint",
    "vacuumProtocolCheck",
    "variantType",
    "variantType-preview",
];

/// A version of a table.
#[derive(Debug)]
pub(super) struct Snapshot {
    root: PathBuf,
    files: BTreeMap<PathBuf, Add>,
    columns: Option<Arc<Columns>>,
    /// The columns of plain types by what the files call them.
    plain: BTreeMap<String, Constant>,
    /// The same, for files that were written before the table had them.
    absent: Arc<Vec<Constant>>,
}

impl Snapshot {
    /// The newest version of the table in the folder `root`, a canonical path, or that of `as_of`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if the log is incomplete or can't be read, if a live file is
    /// missing, or if the table uses what is not supported; [`crate::ErrorKind::Usage`] if there is
    /// no such version.
    pub(super) fn open(root: &Path, as_of: Option<AsOf>) -> Result<Self> {
        let folder = root.join("_delta_log");
        let log = Log::list(&folder, as_of)?;
        let mut replay = Replay::default();
        for checkpoint in &log.checkpoint {
            let actions = read_actions(checkpoint)?;
            let sidecars = actions.iter().filter_map(|action| match action {
                Action::Sidecar(path) => Some(log_path(&folder.join("_sidecars"), path)),
                _ => None,
            });
            for sidecar in sidecars.collect::<Vec<_>>() {
                replay.take(read_actions(&sidecar)?);
            }
            replay.take(actions);
        }
        for commit in &log.commits {
            replay.take(read_actions(commit)?);
        }
        ensure_supported(replay.protocol.as_ref())?;
        let columns = replay.metadata.columns()?.map(Arc::new);
        let plain = replay.metadata.absent();
        let mut files = BTreeMap::new();
        for add in replay.live.into_values() {
            let shown = percent_decoded(&add.path);
            let path = locate(root, &log_path(root, &add.path), &shown)?;
            if let Some(twice) = files.insert(path, add) {
                let text = format!("its live file {} is there twice", twice.path);
                return Err(Error::input(text));
            }
        }
        Ok(Self {
            root: root.to_owned(),
            files,
            columns,
            absent: Arc::new(plain.values().cloned().collect()),
            plain,
        })
    }

    /// Whether it holds no file.
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// What the log says of a file, by its canonical path; `None` if it isn't live.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if its deletion vector can't be read.
    pub(super) fn file(&self, path: &Path) -> Result<Option<LiveFile>> {
        let Some(add) = self.files.get(path) else {
            return Ok(None);
        };
        let vector = add.vector.as_ref();
        let columns = self.columns.as_deref();
        let name = |stored| columns.map_or(stored, |columns| columns.name_of(stored));
        let partitions = add.partitions.iter();
        let partitions = partitions.map(|(stored, value)| Constant {
            name: name(stored.as_str()).to_owned(),
            value: value.clone(),
            is_text: self.plain.get(stored).is_some_and(|of| of.is_text),
        });
        Ok(Some(LiveFile {
            deleted: vector.map(|vector| vector.read(&self.root)).transpose()?,
            partitions: partitions.collect(),
            depth: depth(&self.root, path),
            columns: self.columns.clone(),
            absent: Arc::clone(&self.absent),
            ..LiveFile::default()
        }))
    }
}

fn ensure_supported(protocol: Option<&Protocol>) -> Result<()> {
    let unsupported =
        |what: String| Error::input(format!("it uses {what}, which this version doesn't read"));
    let protocol = protocol.ok_or_else(|| Error::input("the log states no protocol"))?;
    let version = protocol.reader_version;
    if !(1..=3).contains(&version) {
        return Err(unsupported(format!("reader version {version}")));
    }
    let unknown = |feature: &&String| !KNOWN_FEATURES.contains(&feature.as_str());
    match protocol.features.iter().find(unknown) {
        Some(feature) => Err(unsupported(format!("the feature {feature}"))),
        None => Ok(()),
    }
}

/// The actions of a commit, a checkpoint or a sidecar.
fn read_actions(path: &Path) -> Result<Vec<Action>> {
    let is_json = path.extension().is_some_and(|found| found == "json");
    let actions = match is_json {
        true => read_json(path),
        false => checkpoint::read(path),
    };
    // The place of the error is the data file that was wanted.
    actions.map_err(|e| {
        let text = format!("{} of its log: {}", file_name(path), e.message());
        Error::new(e.kind(), text)
    })
}

fn read_json(path: &Path) -> Result<Vec<Action>> {
    let bytes = store::read_bytes(path, COMMIT_BYTES_MAX)?;
    if bytes.trim_ascii().is_empty() {
        return Err(Error::input("is empty"));
    }
    let lines = bytes.split(|&byte| byte == b'\n');
    let lines = lines.filter(|line| !line.trim_ascii().is_empty());
    let corrupt = || Error::input("holds a line that is no action of a Delta log");
    lines
        .map(|line| Action::of_json(line).ok_or_else(corrupt))
        .collect()
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The file of a path in the log: relative to `root`, or a URL.
fn log_path(root: &Path, path: &str) -> PathBuf {
    let decoded = percent_decoded(path);
    let absolute = decoded
        .strip_prefix("file://")
        .or(decoded.strip_prefix("file:"));
    root.join(absolute.unwrap_or(&decoded))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROTOCOL: &str = r#"{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}"#;

    /// A table of two data files whose commits are these.
    fn table(commits: &[(u64, &str)]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("there");
        std::fs::create_dir_all(root.join("_delta_log")).expect("made");
        for name in ["a.parquet", "b c.parquet"] {
            std::fs::write(root.join(name), b"").expect("written");
        }
        for (version, commit) in commits {
            let path = root.join(format!("_delta_log/{version:020}.json"));
            std::fs::write(path, commit).expect("written");
        }
        (folder, root)
    }

    fn refusal(commits: &[(u64, &str)]) -> String {
        let (_folder, root) = table(commits);
        Snapshot::open(&root, None)
            .expect_err("refused")
            .message()
            .to_owned()
    }

    fn after_protocol(action: &str) -> String {
        format!("{PROTOCOL}\n{action}\n")
    }

    #[test]
    fn files_that_were_removed_are_not_live() {
        let first = after_protocol(r#"{"add":{"path":"a.parquet"}}"#);
        let second = r#"{"add":{"path":"b%20c.parquet"}}
            {"remove":{"path":"a.parquet"}}"#
            .replace("\n            ", "\n");
        let (_folder, root) = table(&[(0, &first), (1, &second)]);
        let live = Snapshot::open(&root, None).expect("a table").files;
        assert_eq!(
            live.into_keys().collect::<Vec<_>>(),
            [root.join("b c.parquet")]
        );
    }

    #[test]
    fn a_gap_in_the_log_is_refused() {
        let first = after_protocol(r#"{"add":{"path":"a.parquet"}}"#);
        assert!(refusal(&[(0, &first), (2, "")]).contains("version 1"));
        assert!(refusal(&[(1, &first)]).contains("version 0"));
        assert!(refusal(&[(0, "{}")]).contains("no protocol"));
        assert!(refusal(&[(0, "<xml>")]).contains("0.json of its log: holds a line"));
        assert!(refusal(&[(0, &first), (1, "")]).contains("is empty"));
    }

    #[test]
    fn a_missing_live_file_is_named() {
        let first = after_protocol(r#"{"add":{"path":"gone.parquet"}}"#);
        assert!(refusal(&[(0, &first)]).contains("gone.parquet is missing"));
    }

    #[test]
    fn what_is_not_read_is_refused_by_name() {
        let vector = r#"{"add":{"path":"a.parquet","deletionVector":{"storageType":"u"}}}"#;
        assert!(refusal(&[(0, &after_protocol(vector))]).contains("no action"));
        let mapped = r#"{"metaData":{"configuration":{"delta.columnMapping.mode":"colour"}}}"#;
        assert!(refusal(&[(0, &after_protocol(mapped))]).contains("mode colour"));
        let mapped = r#"{"metaData":{"configuration":{"delta.columnMapping.mode":"name"}}}"#;
        assert!(refusal(&[(0, &after_protocol(mapped))]).contains("schema has no sense"));
        let feature = r#"{"protocol":{"minReaderVersion":3,"readerFeatures":["catalogManaged"]}}"#;
        assert!(refusal(&[(0, feature)]).contains("catalogManaged"));
        let version = r#"{"protocol":{"minReaderVersion":4}}"#;
        assert!(refusal(&[(0, version)]).contains("reader version 4"));
        let outside = after_protocol(r#"{"add":{"path":"s3://bucket/a.parquet"}}"#);
        assert!(refusal(&[(0, &outside)]).contains("is missing"));
    }
}
