//! A snapshot of an Iceberg table: which files are live, what their columns and partitions are.
//!
//! Reads format versions 1 to 3 as long as no rows are deleted by files of their own: then the rows of
//! live files are those of the table. Knows no IDs.

mod avro;
mod manifest;
mod metadata;
mod values;
mod versions;

use super::live::{Columns, Constant, LiveFile, depth, locate};
use super::{AsOf, store};
use crate::error::{Error, Result};
use manifest::{Contents, DataFile, Manifest};
use metadata::{Metadata, TypedColumn};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A state of a table.
#[derive(Debug)]
pub(super) struct Snapshot {
    files: BTreeMap<PathBuf, LiveFile>,
}

impl Snapshot {
    /// The current snapshot of the table in the folder `root`, a canonical path, or that of `as_of`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if the metadata is incomplete, contradicts itself or can't be read,
    /// if a live file is missing, or if the table uses what is not supported, files of deleted rows
    /// above all; [`crate::ErrorKind::Usage`] if there is no such snapshot.
    pub(super) fn open(root: &Path, as_of: Option<AsOf>) -> Result<Self> {
        let metadata = versions::newest(root)?;
        let mut files = BTreeMap::new();
        let Some(snapshot) = metadata.snapshot(as_of)? else {
            return Ok(Self { files });
        };
        snapshot.ensure_plain()?;
        let typed = metadata.columns(as_of.and(Some(snapshot)))?;
        let columns = typed.iter().map(|typed| typed.column.clone()).collect();
        let columns = Arc::new(metadata.by_field_ids(columns)?);
        let absent = typed.iter().filter_map(|typed| typed.absent.clone());
        let absent = Arc::new(absent.collect());
        let table = Table {
            root,
            places: places(&metadata, snapshot),
            metadata: &metadata,
            typed,
            columns,
            absent,
        };
        for manifest in table.manifests(snapshot)? {
            table.take(&manifest, &mut files)?;
        }
        snapshot.check_total(files.len())?;
        Ok(Self { files })
    }

    /// Whether it holds no file.
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// What the table says of a file, by its canonical path; `None` if it isn't live.
    pub(super) fn file(&self, path: &Path) -> Option<LiveFile> {
        self.files.get(path).cloned()
    }
}

/// What is known of a table before its manifests are read.
struct Table<'a> {
    root: &'a Path,
    /// Where it was when it was written.
    places: Vec<String>,
    metadata: &'a Metadata,
    typed: Vec<TypedColumn>,
    columns: Arc<Columns>,
    absent: Arc<Vec<Constant>>,
}

impl Table<'_> {
    fn manifests(&self, snapshot: &metadata::Snapshot) -> Result<Vec<Manifest>> {
        match (&snapshot.manifest_list, &snapshot.manifests) {
            (Some(list), _) => {
                let path = self.metadata_file(list)?;
                manifest::read_list(&path).map_err(|e| in_metadata(&path, &e))
            }
            (None, Some(manifests)) => {
                let manifest = |path: &String| Manifest {
                    path: path.clone(),
                    ..Manifest::default()
                };
                Ok(manifests.iter().map(manifest).collect())
            }
            (None, None) => Err(Error::input("its snapshot names no manifests")),
        }
    }

    /// Takes the live files of a manifest.
    fn take(&self, manifest: &Manifest, files: &mut BTreeMap<PathBuf, LiveFile>) -> Result<()> {
        let path = self.metadata_file(&manifest.path)?;
        let read = manifest::read(&path, manifest);
        let contents = read.map_err(|e| in_metadata(&path, &e))?;
        for file in &contents.files {
            let canonical = locate(self.root, &self.place(&file.path), &file.path)?;
            let mut live = LiveFile {
                rows: Some(file.rows),
                prefers_stored: true,
                depth: depth(self.root, &canonical),
                columns: Some(Arc::clone(&self.columns)),
                absent: Arc::clone(&self.absent),
                ..LiveFile::default()
            };
            self.take_partition(file, &contents, &mut live)?;
            if files.insert(canonical, live).is_some() {
                let text = format!("its live file {} is there twice", file.path);
                return Err(Error::input(text));
            }
        }
        Ok(())
    }

    /// The columns that a file's partition holds as they are.
    fn take_partition(
        &self,
        file: &DataFile,
        contents: &Contents,
        live: &mut LiveFile,
    ) -> Result<()> {
        if file.partition.is_empty() {
            return Ok(());
        }
        let spec = contents.spec.unwrap_or(0);
        let fields = self.metadata.partition_fields(spec);
        let fields = fields
            .or(contents.fields.as_deref())
            .ok_or_else(|| Error::input(format!("its metadata lacks the partition spec {spec}")))?;
        for (at, field) in fields.iter().enumerate() {
            let Some(source) = field.identity_of() else {
                continue;
            };
            let is = |id: &Option<i64>| id.is_some() && *id == field.field_id;
            let found = file.partition.iter().find(|(id, _)| is(id));
            let by_place = || file.partition.get(at).filter(|(id, _)| id.is_none());
            let is_source = |of: &&TypedColumn| of.column.id.map(i64::from) == Some(source);
            // The table may have dropped the column.
            let typed = self.typed.iter().find(is_source);
            let (Some((_, value)), Some(TypedColumn { column, of, .. })) =
                (found.or_else(by_place), typed)
            else {
                continue;
            };
            let of = of.as_deref().unwrap_or_default();
            match values::text(of, value) {
                None => live.untold.push(column.name.clone()),
                Some(value) => live.partitions.push(Constant {
                    name: column.name.clone(),
                    value,
                    is_text: of == "string",
                }),
            }
        }
        Ok(())
    }

    /// The path of a file that the table names: below its folder, wherever that was when the table was
    /// written.
    fn place(&self, address: &str) -> PathBuf {
        let address = plain_address(address);
        let below = |place: &String| address.strip_prefix(place)?.strip_prefix('/');
        match self.places.iter().find_map(below) {
            Some(below) => self.root.join(below),
            None => PathBuf::from(address),
        }
    }

    /// A file of metadata that the table names.
    fn metadata_file(&self, address: &str) -> Result<PathBuf> {
        let path = self.place(address);
        match store::canonical(&path) {
            Ok(canonical) if canonical.starts_with(self.root) => Ok(canonical),
            Ok(_) => Err(Error::input(format!(
                "{address} of its metadata lies outside the table's folder"
            ))),
            Err(_) => Err(Error::input(format!(
                "{address} of its metadata is missing"
            ))),
        }
    }
}

/// Where a table was when its metadata was written: as it says itself, and above its `metadata/`.
fn places(metadata: &Metadata, snapshot: &metadata::Snapshot) -> Vec<String> {
    let list = snapshot.manifest_list.as_deref().map(plain_address);
    let above = list.as_deref().and_then(|list| {
        let (folder, _) = list.rsplit_once('/')?;
        folder.strip_suffix("/metadata").map(str::to_owned)
    });
    let own = plain_address(&metadata.location);
    [own].into_iter().chain(above).collect()
}

/// An address in one spelling: local ones as paths, those of S3 with one scheme, none with a slash at
/// its end.
fn plain_address(address: &str) -> String {
    let address = address.trim_end_matches('/');
    if let Some(local) = address.strip_prefix("file:") {
        let slashes = local.len() - local.trim_start_matches('/').len();
        return local[slashes.saturating_sub(1)..].to_owned();
    }
    for scheme in ["s3a://", "s3n://"] {
        if let Some(rest) = address.strip_prefix(scheme) {
            return format!("s3://{rest}");
        }
    }
    address.to_owned()
}

/// An error of a file of metadata; its place is the data file that was wanted.
fn in_metadata(path: &Path, error: &Error) -> Error {
    let text = format!("{} of its metadata {}", file_name(path), error.message());
    Error::new(error.kind(), text)
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_however_it_is_spelt() {
        for local in ["/w/t", "file:/w/t", "file:///w/t", "file:///w/t/"] {
            assert_eq!(plain_address(local), "/w/t");
        }
        for s3 in ["s3://b/t", "s3a://b/t/", "s3n://b/t"] {
            assert_eq!(plain_address(s3), "s3://b/t");
        }
        assert_eq!(plain_address("w/t"), "w/t");
        assert_eq!(plain_address("file:"), "");
    }
}
