//! Folders of table formats, whose files hold rows that are no longer in the table.
//!
//! Delta keeps files that were rewritten until they are vacuumed, Hudi older slices of its files,
//! Iceberg files of deleted rows: read as they lie, they would count users who aren't there. Until
//! the tables themselves are read, files in them are refused by name.

use crate::error::{Error, Result, Setting};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A format that keeps a table in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TableFormat {
    Delta,
    Hudi,
    Iceberg,
}

impl TableFormat {
    /// What a folder is, by what lies in it.
    fn of(folder: &Path) -> Option<Self> {
        if folder.join("_delta_log").is_dir() {
            return Some(Self::Delta);
        }
        if folder.join(".hoodie").is_dir() {
            return Some(Self::Hudi);
        }
        let mut metadata = std::fs::read_dir(folder.join("metadata")).ok()?;
        let is_metadata =
            |name: &str| name.ends_with(".metadata.json") || name.ends_with(".metadata.json.gz");
        metadata
            .any(|entry| {
                entry.is_ok_and(|entry| entry.file_name().to_str().is_some_and(is_metadata))
            })
            .then_some(Self::Iceberg)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Delta => "a Delta table",
            Self::Hudi => "a Hudi table",
            Self::Iceberg => "an Iceberg table",
        }
    }
}

/// Which folders belong to tables; each is looked at once.
#[derive(Debug, Default)]
pub(super) struct Tables {
    seen: BTreeMap<PathBuf, Option<(TableFormat, PathBuf)>>,
}

impl Tables {
    /// # Errors
    /// [`crate::ErrorKind::Input`] for a file that lies in a table, at whatever depth.
    pub(super) fn refuse(&mut self, file: &Path) -> Result<()> {
        // A file that isn't there is reported by whoever opens it.
        let Some(folder) = file
            .canonicalize()
            .ok()
            .and_then(|file| Some(file.parent()?.to_owned()))
        else {
            return Ok(());
        };
        let Some((format, root)) = self.table_of(&folder) else {
            return Ok(());
        };
        let name = format.name();
        Err(Error::input(format!(
            "lies in {name} ({}), some of whose rows may be deleted or rewritten",
            root.display()
        ))
        .with("file", file.display())
        .hint([
            "export the rows that the table holds now; ".into(),
            Setting::Files.into(),
            " reads the files as they lie, such as a list of the live ones".into(),
        ]))
    }

    fn table_of(&mut self, folder: &Path) -> Option<(TableFormat, PathBuf)> {
        if let Some(known) = self.seen.get(folder) {
            return known.clone();
        }
        let table = match TableFormat::of(folder) {
            Some(format) => Some((format, folder.to_owned())),
            None => folder.parent().and_then(|parent| self.table_of(parent)),
        };
        self.seen.insert(folder.to_owned(), table.clone());
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_known_by_what_lies_in_their_folders() {
        let folder = tempfile::tempdir().expect("a folder");
        let make = |path: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("in the folder")).expect("made");
            std::fs::write(path, b"").expect("written");
        };
        make("delta/_delta_log/00000000000000000000.json");
        make("delta/day=1/a.parquet");
        make("hudi/.hoodie/hoodie.properties");
        make("hudi/2026/11/a.parquet");
        make("iceberg/metadata/v2.metadata.json");
        make("iceberg/data/a.parquet");
        make("plain/metadata/readme.txt");
        make("plain/a.parquet");
        let mut tables = Tables::default();
        let mut refused = |path: &str| tables.refuse(&folder.path().join(path));
        for (path, name) in [
            ("delta/day=1/a.parquet", "Delta"),
            ("hudi/2026/11/a.parquet", "Hudi"),
            ("iceberg/data/a.parquet", "Iceberg"),
        ] {
            let error = refused(path).expect_err(path);
            assert!(error.message().contains(name), "{error}");
        }
        refused("plain/a.parquet").expect("no table");
        refused("delta/no such file").expect("not there");
    }
}
