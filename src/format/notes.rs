//! What a sketch file says beside its sketches, as Parquet key-value metadata.

use super::FORMAT_VERSION;
use super::tag::{NO_TAG, TAG};
use crate::error::{Error, Result};
use crate::hash::HashScheme;
use crate::id::IdDomain;
use crate::key::Key;
use crate::policy::Policy;
use crate::sketch::{BottomK, Sketch};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::KeyValue;
use parquet::file::reader::ChunkReader;
use std::collections::BTreeSet;

/// What is written into a sketch file beside its sketches.
#[derive(Clone, Debug, Default)]
pub struct FileNotes {
    /// The condition on the rows of the data, if not all were taken; for people, and never read back
    /// into an answer.
    pub filter: Option<String>,
    /// The key of the sketches, which signs the file. Keyed sketches can't be written without it.
    pub key: Option<Key>,
    /// What a reader's program may say of the sketches.
    pub policy: Option<Policy>,
}

const FILTER: &str = "overlap.filter";
const POLICY: &str = "overlap.policy";

/// What the blobs say themselves, for people who look at the file with another tool; then the notes.
pub(super) fn metadata(sketches: &[Sketch], notes: &FileNotes) -> Vec<KeyValue> {
    fn list<T: Ord + ToString>(values: impl Iterator<Item = T>) -> String {
        let values: BTreeSet<T> = values.collect();
        let values: Vec<String> = values.iter().map(T::to_string).collect();
        values.join(",")
    }
    let each = || sketches.iter();
    let hashes = each().map(Sketch::hash);
    let precisions = each()
        .filter_map(Sketch::registers)
        .map(|r| r.precision().get());
    let entries = [
        ("format", FORMAT_VERSION.to_string()),
        ("hash", list(hashes.clone().map(HashScheme::name))),
        (
            "fingerprint",
            list(hashes.map(|hash| format!("{:016x}", hash.fingerprint()))),
        ),
        (
            "id_type",
            list(each().filter_map(Sketch::domain).map(IdDomain::name)),
        ),
        ("precision", list(precisions)),
        ("k", list(each().filter_map(Sketch::sample).map(BottomK::k))),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
    ];
    let key_value = |(key, value)| KeyValue::new(format!("overlap.{key}"), Some(value));
    let mut entries: Vec<KeyValue> = entries.into_iter().map(key_value).collect();
    let filter = notes.filter.clone();
    entries.extend(filter.map(|filter| KeyValue::new(FILTER.into(), Some(filter))));
    let policy = notes.policy.as_ref().map(Policy::text);
    entries.extend(policy.map(|policy| KeyValue::new(POLICY.into(), Some(policy))));
    if notes.key.is_some() {
        let value = NO_TAG.map(char::from).iter().collect();
        entries.push(KeyValue::new(TAG.into(), Some(value)));
    }
    entries
}

/// The condition on the rows of the data that a sketch table says it is of. Nothing checks it, and no
/// answer depends on it.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if it isn't a readable Parquet file.
pub fn told_filter(source: impl ChunkReader + 'static) -> Result<Option<String>> {
    told(source, FILTER)
}

/// The policy of a sketch table, if it has one.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if it isn't a readable Parquet file, or its policy can't be read.
pub fn told_policy(source: impl ChunkReader + 'static) -> Result<Option<Policy>> {
    let text = told(source, POLICY)?;
    text.map(|text| Policy::parse(&text)).transpose()
}

/// The value of an entry.
fn told(source: impl ChunkReader + 'static, name: &str) -> Result<Option<String>> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(source);
    let builder = builder.map_err(|e| Error::input(format!("corrupt or unsupported: {e}")))?;
    let entries = builder.metadata().file_metadata().key_value_metadata();
    let mut entries = entries.into_iter().flatten();
    let entry = entries.find(|entry| entry.key == name);
    Ok(entry.and_then(|entry| entry.value.clone()))
}
