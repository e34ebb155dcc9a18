//! What the log of a table says of one of its live files.

use roaring::RoaringTreemap;
use std::sync::Arc;

/// A Parquet file that is part of a table.
#[derive(Clone, Debug, Default)]
pub(super) struct LiveFile {
    /// The numbers of the rows that are deleted, counted from the first of the file.
    pub(super) deleted: Option<RoaringTreemap>,
    /// The partition columns with their values, whatever the folders are called; `None` is null.
    pub(super) partitions: Vec<(String, Option<String>)>,
    /// What the table calls the columns of its files; `None` if it calls them as the files do.
    pub(super) columns: Option<Arc<Columns>>,
}

/// The columns of a table by what its files say of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    /// How columns are known in the files.
    pub(super) key: ColumnKey,
    pub(super) columns: Vec<Column>,
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
