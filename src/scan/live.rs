//! What a table says of one of its live files.

use super::{USUAL_NAMES, place, store};
use crate::error::{Error, Result, Setting};
use roaring::RoaringTreemap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A Parquet file that is part of a table.
#[derive(Clone, Debug, Default)]
pub(super) struct LiveFile {
    /// How many rows the table says it has, those that are deleted included.
    pub(super) rows: Option<u64>,
    /// The numbers of the rows that are deleted, counted from the first of the file.
    pub(super) deleted: Option<RoaringTreemap>,
    /// The values of the partition columns, whatever the folders are called.
    pub(super) partitions: Vec<Constant>,
    /// Whether a partition column that is in the file as well is read from there.
    pub(super) prefers_stored: bool,
    /// Columns whose value is the same in all rows, but has no text.
    pub(super) untold: Vec<String>,
    /// How many folders lie between the table's own and the file; their names say nothing.
    pub(super) depth: usize,
    /// What the table calls the columns of its files; `None` if it calls them as the files do.
    pub(super) columns: Option<Arc<Columns>>,
    /// What plain columns of the table hold in files that were written before the table had them.
    pub(super) absent: Arc<Vec<Constant>>,
}

/// A column that has one value in all rows of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Constant {
    pub(super) name: String,
    /// `None` is null.
    pub(super) value: Option<String>,
    /// Whether the column is text by the table's schema: then `01` and `1` are two values.
    pub(super) is_text: bool,
}

/// The columns of a table by what its files say of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    /// How columns are known in the files.
    pub(super) key: ColumnKey,
    pub(super) columns: Vec<Column>,
    /// The columns by their names in files that have no field IDs, if there may be such files; one
    /// for each of the names that a column has had.
    pub(super) without_ids: Option<Vec<Column>>,
}

/// How the columns of a table are known in its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColumnKey {
    /// By names of their own, which stay when columns are renamed.
    Names,
    /// By the field IDs of the Parquet schema.
    Ids,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    /// What the table calls it.
    pub(super) name: String,
    /// What the files call it.
    pub(super) stored: String,
    /// Its field ID in the files.
    pub(super) id: Option<i32>,
    /// The fields of a struct.
    pub(super) fields: Vec<Self>,
}

impl Columns {
    /// What the table calls a partition column that its log calls `stored`.
    pub(super) fn name_of<'a>(&'a self, stored: &'a str) -> &'a str {
        let column = self.columns.iter().find(|column| column.stored == stored);
        column.map_or(stored, |column| &column.name)
    }
}

impl LiveFile {
    /// The columns that have one value in all rows of the file, which itself has the columns `stored`:
    /// those of its partition, and those that the table has had only since.
    pub(super) fn constants(&self, stored: &[&str]) -> Vec<Constant> {
        let is_stored = |of: &Constant| stored.contains(&&*of.name);
        let partitions = self.partitions.iter();
        let partitions = partitions.filter(|of| !self.prefers_stored || !is_stored(of));
        let mut constants: Vec<Constant> = partitions.cloned().collect();
        for absent in &*self.absent {
            let is_partition = self.partitions.iter().any(|of| of.name == absent.name);
            let is_known = is_partition || self.untold.contains(&absent.name);
            if !is_known && !is_stored(absent) {
                constants.push(absent.clone());
            }
        }
        constants
    }

    /// The error of a file of the columns `stored`, without the ID column `wanted` or any of the usual
    /// names, that was written before the table had one; `None` if the table has none either.
    pub(super) fn lacks_id(&self, wanted: Option<&str>, stored: &[&str]) -> Option<Error> {
        let root = wanted.map(|path| path.split('.').next().unwrap_or(path));
        let may_hold = |name: &str| match root {
            Some(root) => name == root,
            None => USUAL_NAMES.contains(&name),
        };
        if stored.iter().any(|name| may_hold(name)) {
            return None;
        }
        let column = self.absent.iter().find(|column| may_hold(&column.name))?;
        let text = format!(
            "was written before its table had the column {}: its rows have no ID",
            column.name
        );
        Some(Error::input(text).hint([
            "name the other files of the table, or read a list of them with ".into(),
            Setting::Files.into(),
        ]))
    }
}

/// The partitions of a file of a table: its table's constants before those of the folders that the
/// table lies in. What a table calls its own folders, `depth` of them, says nothing.
pub(super) fn partitions_with(constants: &[Constant], depth: usize, path: &Path) -> Vec<Constant> {
    let mut found = constants.to_vec();
    let outside = path.ancestors().nth(depth);
    for of in outside.map(partitions_of_path).unwrap_or_default() {
        if !constants.iter().any(|known| known.name == of.name) {
            found.push(of);
        }
    }
    found
}

/// The partitions that the folders of a path are.
pub(super) fn partitions_of_path(path: &Path) -> Vec<Constant> {
    let untyped = |(name, value)| Constant {
        name,
        value,
        is_text: false,
    };
    place::partitions(path).into_iter().map(untyped).collect()
}

impl ColumnKey {
    /// The column that a field of a file is.
    pub(super) fn find<'a>(
        self,
        columns: &'a [Column],
        name: &str,
        id: Option<i32>,
    ) -> Option<&'a Column> {
        columns.iter().find(|column| match self {
            Self::Names => column.stored == name,
            Self::Ids => id.is_some() && column.id == id,
        })
    }
}

/// Where a live file lies that the table calls `shown`: below the table's folder, a canonical path, as
/// the listing of folders finds it.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if it isn't there, or lies or is called otherwise.
pub(super) fn locate(root: &Path, file: &Path, shown: &str) -> Result<PathBuf> {
    let located = |text: &str| Error::input(format!("its live file {shown} {text}"));
    let canonical = match crate::remote::is_address(file) {
        true => store::is_file(file).then(|| file.to_owned()),
        false => file.canonicalize().ok(),
    };
    let canonical = canonical.ok_or_else(|| located("is missing"))?;
    match canonical.strip_prefix(root) {
        Ok(below) if file == canonical && place::is_listed(below) => Ok(canonical),
        Ok(_) => Err(located("has a name that a listing of folders leaves out")),
        Err(_) => Err(located("lies outside the table's folder")),
    }
}

/// How many folders lie between a table's and a file in it.
pub(super) fn depth(root: &Path, file: &Path) -> usize {
    let below = file.strip_prefix(root).map(Path::components);
    below.map_or(0, |parts| parts.count().saturating_sub(1))
}
