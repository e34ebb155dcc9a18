//! Folders of table formats, whose files hold rows that are no longer in the table.
//!
//! Delta keeps files that were rewritten until they are vacuumed, Hudi older slices of its files,
//! Iceberg files of deleted rows: read as they lie, they would count users who aren't there. Of Delta
//! tables the live rows are read; files in the others are refused by name.

use super::live::LiveFile;
use super::place::has_iceberg_metadata;
use super::{AsOf, delta};
use crate::error::{Error, ErrorKind, Result, Setting};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
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
        has_iceberg_metadata(folder).then_some(Self::Iceberg)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Delta => "a Delta table",
            Self::Hudi => "a Hudi table",
            Self::Iceberg => "an Iceberg table",
        }
    }
}

/// What a file is to the tables around it.
#[derive(Debug)]
pub(super) enum Belongs {
    /// It lies in none.
    ToNone,
    /// It is a live file of one.
    Live(LiveFile),
    /// It lies in one and isn't live.
    NotLive,
}

/// Which folders belong to tables, each looked at once, and which files of the tables are live.
#[derive(Debug, Default)]
pub(super) struct Tables {
    as_of: Option<AsOf>,
    seen: BTreeMap<PathBuf, Option<(TableFormat, PathBuf)>>,
    live: BTreeMap<PathBuf, delta::Snapshot>,
    left_out: Option<PathBuf>,
}

impl Tables {
    /// Tables as they are now, or as they were.
    pub(super) fn new(as_of: Option<AsOf>) -> Self {
        Self {
            as_of,
            ..Self::default()
        }
    }

    /// What a file is to the tables around it. `is_foreign` files (sketches) are no part of any
    /// table.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] for a file that lies, at whatever depth, in a table that isn't
    /// read.
    pub(super) fn place(&mut self, file: &Path, is_foreign: bool) -> Result<Belongs> {
        // A file that isn't there is reported by whoever opens it.
        let Ok(canonical) = file.canonicalize() else {
            return Ok(Belongs::ToNone);
        };
        let table = canonical.parent().and_then(|folder| self.table_of(folder));
        let Some((format, root)) = table else {
            return Ok(Belongs::ToNone);
        };
        let refused = |kind: ErrorKind, why: &str| {
            let text = format!("lies in {} ({}){why}", format.name(), root.display());
            Error::new(kind, text).with("file", file.display()).hint([
                "export the rows that the table holds now; ".into(),
                Setting::Files.into(),
                " reads the files as they lie, such as a list of the live ones".into(),
            ])
        };
        if format != TableFormat::Delta || is_foreign {
            return Err(refused(
                ErrorKind::Input,
                ", some of whose rows may be deleted or rewritten",
            ));
        }
        let untold = |e: Error| match e.kind() {
            ErrorKind::Usage => Error::usage([
                Setting::AsOf.into(),
                format!(" of the Delta table ({}): {}", root.display(), e.message()).into(),
            ]),
            kind => refused(
                kind,
                &format!(", whose live rows can't be told: {}", e.message()),
            ),
        };
        let snapshot = match self.live.entry(root.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let snapshot = delta::Snapshot::open(&root, self.as_of).map_err(untold)?;
                unknown.insert(snapshot)
            }
        };
        let file = snapshot.file(&canonical).map_err(untold)?;
        if file.is_none() {
            self.left_out = Some(root);
        }
        Ok(file.map_or(Belongs::NotLive, Belongs::Live))
    }

    /// Sees to it that a version is asked only of tables.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Usage`] if there is no table.
    pub(super) fn ensure_table(&self, side: &str) -> Result<()> {
        if self.as_of.is_none() || !self.live.is_empty() {
            return Ok(());
        }
        let text = format!(" asks for a version, but side {side} is no table that has some");
        Err(Error::usage([Setting::AsOf.into(), text.into()]).hint([
            "ask it of the sides that are Delta tables: ".into(),
            Setting::AsOf.to("NAME=VERSION"),
        ]))
    }

    /// Sees to it that a side of no files isn't taken for an empty one.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if files of a table were left out.
    pub(super) fn ensure_live(&self, side: &str) -> Result<()> {
        let Some(root) = &self.left_out else {
            return Ok(());
        };
        let version = match self.as_of {
            None => "the newest version",
            Some(_) => "that version",
        };
        let text = format!(
            "none of the files of side {side} is in {version} of the Delta table ({})",
            root.display()
        );
        Err(Error::input(text).hint([
            "name the table's folder; ".into(),
            Setting::Files.into(),
            " reads the files as they lie, deleted rows included".into(),
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
        let mut refused = |path: &str| tables.place(&folder.path().join(path), false);
        for (path, name) in [
            ("delta/day=1/a.parquet", "Delta"),
            ("hudi/2026/11/a.parquet", "Hudi"),
            ("iceberg/data/a.parquet", "Iceberg"),
        ] {
            let error = refused(path).expect_err(path);
            assert!(error.message().contains(name), "{error}");
        }
        for path in ["plain/a.parquet", "delta/no such file"] {
            assert!(matches!(refused(path), Ok(Belongs::ToNone)), "{path}");
        }
    }
}
