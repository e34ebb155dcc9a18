//! The live files of a Delta table, from its log.
//!
//! Reads JSON commits and classic Parquet checkpoints (protocol of Delta Lake, reader versions 1
//! to 3). Whatever would need more than the list of live files (deletion vectors, column mapping,
//! reader features that are not known here) is refused by name. Knows no IDs.

use super::parquet::read_parquet;
use super::place::{self, percent_decoded};
use super::store;
use crate::error::{Error, Result};
use arrow::array::{Array, AsArray, RecordBatch, StringArray, StructArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Commits are read at once; a larger one is refused.
const COMMIT_BYTES_MAX: u64 = 1 << 30;

/// Reader features that change nothing about which rows a file without a deletion vector holds.
const KNOWN_FEATURES: [&str; 4] = [
    "columnMapping", // refused below where it is in use
    "deletionVectors",
    "timestampNtz",
    "vacuumProtocolCheck",
];

/// The files whose rows are the newest version of the table in the folder `root`, a canonical path.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if the log is incomplete or can't be read, if a live file is missing,
/// or if the table uses what is not supported.
pub(super) fn live_files(root: &Path) -> Result<BTreeSet<PathBuf>> {
    let log = Log::list(&root.join("_delta_log"))?;
    let mut table = Table::default();
    for checkpoint in &log.checkpoint {
        (table.read_checkpoint(checkpoint)).map_err(|e| of_file(&e, checkpoint))?;
    }
    for commit in &log.commits {
        (table.read_commit(commit)).map_err(|e| of_file(&e, commit))?;
    }
    table.ensure_supported()?;
    let paths = table.live.into_iter();
    paths
        .map(|(path, deleted)| match deleted {
            None => locate(root, &path),
            Some(_) => Err(unsupported("deletion vectors")),
        })
        .collect()
}

/// What is read of a log: the newest complete checkpoint and the commits behind it.
#[derive(Debug, Default)]
struct Log {
    checkpoint: Vec<PathBuf>,
    commits: Vec<PathBuf>,
}

impl Log {
    fn list(folder: &Path) -> Result<Self> {
        let fail =
            |e: std::io::Error| Error::input(store::describe(&e)).with("file", folder.display());
        let mut commits = BTreeMap::new();
        let mut checkpoints: BTreeMap<(u64, usize), Vec<PathBuf>> = BTreeMap::new();
        for entry in std::fs::read_dir(folder).map_err(fail)? {
            let path = entry.map_err(fail)?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            match name.and_then(Kind::of) {
                Some(Kind::Commit(version)) => {
                    commits.insert(version, path);
                }
                Some(Kind::Checkpoint(version, parts)) => {
                    checkpoints.entry((version, parts)).or_default().push(path);
                }
                None => {}
            }
        }
        checkpoints.retain(|(_, parts), files| files.len() == *parts);
        let checkpoint = checkpoints.pop_last();
        let first = checkpoint
            .as_ref()
            .map_or(0, |((version, _), _)| version + 1);
        let commits = commits.split_off(&first);
        for (wanted, (&version, _)) in (first..).zip(&commits) {
            if version != wanted {
                return Err(Error::input(format!("the log lacks version {wanted}")));
            }
        }
        Ok(Self {
            checkpoint: checkpoint.map(|(_, files)| files).unwrap_or_default(),
            commits: commits.into_values().collect(),
        })
    }
}

/// What a file of the log is, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Commit(u64),
    /// One of so many parts.
    Checkpoint(u64, usize),
}

impl Kind {
    fn of(name: &str) -> Option<Self> {
        let number = |text: &str, digits: usize| {
            let all = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
            all.then(|| text.parse::<u64>().ok()).flatten()
        };
        match name.split('.').collect::<Vec<_>>()[..] {
            [version, "json"] => Some(Self::Commit(number(version, 20)?)),
            [version, "checkpoint", "parquet"] => Some(Self::Checkpoint(number(version, 20)?, 1)),
            [version, "checkpoint", part, parts, "parquet"] => {
                number(part, 10)?;
                let parts = usize::try_from(number(parts, 10)?).ok()?;
                Some(Self::Checkpoint(number(version, 20)?, parts))
            }
            _ => None,
        }
    }
}

/// A data file as the log names it: its path and its deletion vector.
type FileKey = (String, Option<String>);

/// The state of a table while its log is replayed.
#[derive(Debug, Default)]
struct Table {
    live: BTreeSet<FileKey>,
    reader_version: Option<u64>,
    features: BTreeSet<String>,
    column_mapping: Option<String>,
}

impl Table {
    fn ensure_supported(&self) -> Result<()> {
        let Some(version) = self.reader_version else {
            return Err(Error::input("the log states no protocol"));
        };
        if !(1..=3).contains(&version) {
            return Err(unsupported(&format!("reader version {version}")));
        }
        let known = |feature: &&String| !KNOWN_FEATURES.contains(&feature.as_str());
        if let Some(feature) = self.features.iter().find(known) {
            return Err(unsupported(&format!("the feature {feature}")));
        }
        match self.column_mapping.as_deref() {
            None | Some("none") => Ok(()),
            Some(mode) => Err(unsupported(&format!("column mapping (mode {mode})"))),
        }
    }

    fn read_commit(&mut self, path: &Path) -> Result<()> {
        let bytes = store::read_bytes(path, COMMIT_BYTES_MAX)?;
        let lines = bytes.split(|&byte| byte == b'\n');
        let lines = lines.filter(|line| !line.trim_ascii().is_empty());
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        let corrupt = || Error::input("holds a line that is no action of a Delta log");
        if bytes.trim_ascii().is_empty() {
            return Err(Error::input("is empty"));
        }
        for line in lines {
            let action: Value = serde_json::from_slice(line).map_err(|_| corrupt())?;
            if let Some(add) = action.get("add") {
                added.push(file_key(add).ok_or_else(corrupt)?);
            } else if let Some(remove) = action.get("remove") {
                removed.push(file_key(remove).ok_or_else(corrupt)?);
            } else if let Some(protocol) = action.get("protocol") {
                let version = protocol.get("minReaderVersion").and_then(Value::as_u64);
                self.reader_version = Some(version.ok_or_else(corrupt)?);
                let features = protocol.get("readerFeatures").and_then(Value::as_array);
                let features = features.into_iter().flatten();
                self.features = features.map(text_of).collect();
            } else if let Some(metadata) = action.get("metaData") {
                let mode = metadata.get("configuration");
                let mode = mode.and_then(|all| all.get("delta.columnMapping.mode"));
                self.column_mapping = mode.map(text_of);
            }
        }
        // The actions of a commit have no order: what it removes was there before.
        for key in removed {
            self.live.remove(&key);
        }
        self.live.extend(added);
        Ok(())
    }

    fn read_checkpoint(&mut self, path: &Path) -> Result<()> {
        let corrupt = |e: &dyn std::fmt::Display| Error::input(format!("corrupt checkpoint: {e}"));
        read_parquet(path, |source| {
            let builder = ParquetRecordBatchReaderBuilder::try_new(source);
            let builder = builder.map_err(|e| corrupt(&e))?;
            let wanted = ["add.path", "add.deletionVector", "protocol", "metaData"];
            let mask = ProjectionMask::columns(builder.parquet_schema(), wanted);
            let reader = builder.with_projection(mask).build();
            for batch in reader.map_err(|e| corrupt(&e))? {
                self.take_batch(&batch.map_err(|e| corrupt(&e))?)?;
            }
            Ok(())
        })
    }

    /// Takes the actions of some rows of a checkpoint.
    fn take_batch(&mut self, batch: &RecordBatch) -> Result<()> {
        let group = |name| batch.column_by_name(name).and_then(|of| of.as_struct_opt());
        let lacks = |what| move || Error::input(format!("corrupt checkpoint: lacks {what}"));
        let add = group("add").ok_or_else(lacks("add"))?;
        let path = texts(add, "path")?.ok_or_else(lacks("add.path"))?;
        let vector = add.column_by_name("deletionVector");
        let vector = vector.and_then(|vector| vector.as_struct_opt());
        for row in (0..add.len()).filter(|&row| add.is_valid(row)) {
            if path.is_null(row) {
                return Err(lacks("a path")());
            }
            // Which vector it is doesn't matter here: a file that still has it is refused.
            let deleted = vector.filter(|vector| vector.is_valid(row));
            let deleted = deleted.map(|vector| vector_key(vector, row)).transpose()?;
            self.live.insert((path.value(row).to_owned(), deleted));
        }
        if let Some(protocol) = group("protocol") {
            self.take_protocols(protocol)?;
        }
        let Some(metadata) = group("metaData") else {
            return Ok(());
        };
        for row in (0..metadata.len()).filter(|&row| metadata.is_valid(row)) {
            let configuration = metadata.column_by_name("configuration");
            let configuration = configuration.and_then(|of| of.as_map_opt());
            let entries = configuration.filter(|of| of.is_valid(row));
            let Some(entries) = entries.map(|of| of.value(row)) else {
                continue;
            };
            let [keys, values] = [0, 1].map(|at| as_texts(entries.column(at)));
            let (keys, values) = (keys?, values?);
            self.column_mapping = (keys.iter().zip(&values))
                .find(|(key, _)| *key == Some("delta.columnMapping.mode"))
                .and_then(|(_, mode)| mode.map(str::to_owned));
        }
        Ok(())
    }

    fn take_protocols(&mut self, protocol: &StructArray) -> Result<()> {
        let version = texts(protocol, "minReaderVersion")?;
        for row in (0..protocol.len()).filter(|&row| protocol.is_valid(row)) {
            let version = version.as_ref().filter(|of| of.is_valid(row));
            let version = version.and_then(|of| of.value(row).parse().ok());
            self.reader_version =
                Some(version.ok_or_else(|| Error::input("corrupt checkpoint: no version"))?);
            let features = protocol.column_by_name("readerFeatures");
            let features = features.and_then(|of| of.as_list_opt::<i32>());
            let features = features.filter(|of| of.is_valid(row));
            self.features = match features {
                Some(features) => as_texts(&features.value(row))?
                    .iter()
                    .flatten()
                    .map(str::to_owned)
                    .collect(),
                None => BTreeSet::new(),
            };
        }
        Ok(())
    }
}

/// An error with the file of the log in its text, as its place is the data file that was wanted.
fn of_file(error: &Error, file: &Path) -> Error {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    Error::new(
        error.kind(),
        format!("{name} of its log: {}", error.message()),
    )
}

fn unsupported(what: &str) -> Error {
    Error::input(format!("it uses {what}, which this version doesn't read"))
}

fn text_of(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// The key of an `add` or `remove` in a commit.
fn file_key(action: &Value) -> Option<FileKey> {
    let path = action.get("path")?.as_str()?.to_owned();
    let vector = action.get("deletionVector").filter(|of| !of.is_null());
    let part = |vector: &Value, name| vector.get(name).map(text_of).unwrap_or_default();
    let key = |vector| VECTOR_KEY.map(|name| part(vector, name)).join("/");
    Some((path, vector.map(key)))
}

/// The fields that together identify a deletion vector.
const VECTOR_KEY: [&str; 3] = ["storageType", "pathOrInlineDv", "offset"];

/// The key of a deletion vector in a checkpoint: equal to that of the same vector in a commit.
fn vector_key(vector: &StructArray, row: usize) -> Result<String> {
    let part = |name| -> Result<String> {
        let column = texts(vector, name)?.filter(|column| column.is_valid(row));
        Ok(column
            .map(|column| column.value(row).to_owned())
            .unwrap_or_default())
    };
    Ok(VECTOR_KEY
        .map(part)
        .into_iter()
        .collect::<Result<Vec<_>>>()?
        .join("/"))
}

fn texts(of: &StructArray, name: &str) -> Result<Option<StringArray>> {
    of.column_by_name(name).map(as_texts).transpose()
}

fn as_texts(array: &arrow::array::ArrayRef) -> Result<StringArray> {
    let array = cast(array, &DataType::Utf8);
    let array = array.map_err(|e| Error::input(format!("corrupt checkpoint: {e}")))?;
    Ok(array.as_string::<i32>().clone())
}

/// Where a live file lies: below the table's folder, as the listing of folders finds it.
fn locate(root: &Path, path: &str) -> Result<PathBuf> {
    let decoded = percent_decoded(path);
    let file = match decoded.strip_prefix("file://") {
        Some(absolute) => PathBuf::from(absolute),
        None => root.join(&decoded),
    };
    let located = |text: &str| Error::input(format!("its live file {decoded} {text}"));
    let Ok(canonical) = file.canonicalize() else {
        return Err(located("is missing"));
    };
    match canonical.strip_prefix(root) {
        Ok(below) if file == canonical && place::is_listed(below) => Ok(canonical),
        Ok(_) => Err(located("has a name that a listing of folders leaves out")),
        Err(_) => Err(located("lies outside the table's folder")),
    }
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
        live_files(&root).expect_err("refused").message().to_owned()
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
        let live = live_files(&root).expect("a table");
        assert_eq!(live, BTreeSet::from([root.join("b c.parquet")]));
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
        assert!(refusal(&[(0, &after_protocol(vector))]).contains("deletion vectors"));
        let mapped = r#"{"metaData":{"configuration":{"delta.columnMapping.mode":"name"}}}"#;
        assert!(refusal(&[(0, &after_protocol(mapped))]).contains("column mapping"));
        let feature = r#"{"protocol":{"minReaderVersion":3,"readerFeatures":["v2Checkpoint"]}}"#;
        assert!(refusal(&[(0, feature)]).contains("v2Checkpoint"));
        let version = r#"{"protocol":{"minReaderVersion":4}}"#;
        assert!(refusal(&[(0, version)]).contains("reader version 4"));
        let outside = after_protocol(r#"{"add":{"path":"s3://bucket/a.parquet"}}"#);
        assert!(refusal(&[(0, &outside)]).contains("is missing"));
    }

    #[test]
    fn names_of_the_log_say_what_a_file_is() {
        let version = "00000000000000000010";
        let kind = |rest: &str| Kind::of(&format!("{version}.{rest}"));
        assert_eq!(kind("json"), Some(Kind::Commit(10)));
        assert_eq!(kind("checkpoint.parquet"), Some(Kind::Checkpoint(10, 1)));
        let part = "checkpoint.0000000001.0000000003.parquet";
        assert_eq!(kind(part), Some(Kind::Checkpoint(10, 3)));
        assert_eq!(kind("crc"), None);
        assert_eq!(kind("checkpoint.80a083e8-7026.parquet"), None);
        assert_eq!(Kind::of("10.json"), None);
    }
}
