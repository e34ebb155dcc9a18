//! Where the data lies: from what was typed to the files of each side.
//!
//! Arguments and lists become paths, folders and globs the files in them that hold data. Knows files
//! by their names and first bytes; must not know columns or IDs.

mod address;
mod arguments;
mod data;
mod folder;
mod leftover;
mod list;
mod partition;

pub use arguments::Side;
pub(super) use folder::has_iceberg_metadata;
pub(super) use partition::{explain_partition, partitions, percent_decoded};

use std::path::{Path, PathBuf};

/// What a path, a list or a glob stands for.
#[derive(Debug, Default)]
struct Found {
    /// Files that hold data, or that were named.
    files: Vec<PathBuf>,
    /// What lies beside them and holds none.
    passed_over: Vec<PathBuf>,
    /// Links to folders that are read already.
    repeated: Vec<PathBuf>,
    /// Folders that are tables, with files or without.
    tables: Vec<PathBuf>,
}

impl Found {
    fn extend(&mut self, other: Self) {
        self.files.extend(other.files);
        self.passed_over.extend(other.passed_over);
        self.repeated.extend(other.repeated);
        self.tables.extend(other.tables);
    }
}

/// Whether the listing of a folder finds the file at this path below it.
pub(super) fn is_listed(below: &Path) -> bool {
    let folders = below.parent().into_iter().flat_map(Path::iter);
    let mut folders = folders.map(|name| name.to_string_lossy());
    let name = below.file_name().map(|name| name.to_string_lossy());
    name.is_some_and(|name| leftover::of_file(&name) == leftover::Kind::None)
        && folders.all(|name| leftover::of_folder(&name) == leftover::Kind::None)
}
