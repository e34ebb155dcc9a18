//! Folders of table formats, whose files hold rows that are no longer in the table.
//!
//! Delta keeps files that were rewritten until they are vacuumed, Hudi older slices of its files,
//! Iceberg files of older snapshots: read as they lie, they would count users who aren't there. Of
//! Delta and Iceberg tables the live rows are read; files in Hudi tables are refused by name.

use super::live::LiveFile;
use super::place::{Side, has_iceberg_metadata};
use super::{AsOf, delta, iceberg, store};
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
        if store::is_folder(&folder.join("_delta_log")) {
            return Some(Self::Delta);
        }
        if store::is_folder(&folder.join(".hoodie")) {
            return Some(Self::Hudi);
        }
        has_iceberg_metadata(folder).then_some(Self::Iceberg)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Delta => "Delta",
            Self::Hudi => "Hudi",
            Self::Iceberg => "Iceberg",
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

/// A version of a table, whatever its format.
#[derive(Debug)]
enum Snapshot {
    Delta(delta::Snapshot),
    Iceberg(iceberg::Snapshot),
}

impl Snapshot {
    fn is_empty(&self) -> bool {
        match self {
            Self::Delta(snapshot) => snapshot.is_empty(),
            Self::Iceberg(snapshot) => snapshot.is_empty(),
        }
    }

    fn file(&self, path: &Path) -> Result<Option<LiveFile>> {
        match self {
            Self::Delta(snapshot) => snapshot.file(path),
            Self::Iceberg(snapshot) => Ok(snapshot.file(path)),
        }
    }
}

/// A table: its format and its folder, a canonical path.
type Table = (TableFormat, PathBuf);

/// Which folders belong to tables, each looked at once, and which files of the tables are live.
#[derive(Debug, Default)]
pub(super) struct Tables {
    as_of: Option<AsOf>,
    seen: BTreeMap<PathBuf, Option<Table>>,
    versions: BTreeMap<PathBuf, Snapshot>,
    /// A table that holds files, but not all of those that were named.
    left_out: Option<Table>,
}

impl Tables {
    /// Tables as they are now, or as they were.
    pub(super) fn new(as_of: Option<AsOf>) -> Self {
        Self {
            as_of,
            ..Self::default()
        }
    }

    /// Looks at a table's folder, which may hold no file and would otherwise not be looked at.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if the table isn't read or lacks live files.
    pub(super) fn open(&mut self, folder: &Path) -> Result<()> {
        let Ok(canonical) = store::canonical(folder) else {
            return Ok(());
        };
        let Some(format) = TableFormat::of(&canonical) else {
            return Ok(());
        };
        // The files of others are refused one by one.
        if format == TableFormat::Hudi {
            return Ok(());
        }
        let table = (format, canonical);
        let version = self.version(&table).map(drop);
        version.map_err(|e| untold(&table, "is", &e).with("file", folder.display()))
    }

    /// What a file is to the tables around it. `is_foreign` files (sketches) are no part of any
    /// table.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] for a file that lies, at whatever depth, in a table that isn't
    /// read.
    pub(super) fn place(&mut self, file: &Path, is_foreign: bool) -> Result<Belongs> {
        // A file that isn't there is reported when it is opened.
        let Ok(canonical) = store::canonical(file) else {
            return Ok(Belongs::ToNone);
        };
        let table = canonical.parent().and_then(|folder| self.table_of(folder));
        let Some(table) = table else {
            return Ok(Belongs::ToNone);
        };
        let located = |e: Error| e.with("file", file.display());
        if table.0 == TableFormat::Hudi || is_foreign {
            let why = ", some of whose rows may be deleted or rewritten";
            return Err(located(refused(&table, "lies in", ErrorKind::Input, why)));
        }
        let version = self.version(&table);
        let live = version.and_then(|version| Ok((version.file(&canonical)?, version.is_empty())));
        let (live, is_empty) = live.map_err(|e| located(untold(&table, "lies in", &e)))?;
        match live {
            Some(live) => Ok(Belongs::Live(live)),
            None => {
                if !is_empty {
                    self.left_out = Some(table);
                }
                Ok(Belongs::NotLive)
            }
        }
    }

    /// The version of a table that is wanted; what is wrong with it is said without the table.
    fn version(&mut self, table: &Table) -> Result<&Snapshot> {
        let (format, root) = table;
        match self.versions.entry(root.clone()) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(unknown) => {
                let opened = match format {
                    TableFormat::Iceberg => {
                        iceberg::Snapshot::open(root, self.as_of).map(Snapshot::Iceberg)
                    }
                    _ => delta::Snapshot::open(root, self.as_of).map(Snapshot::Delta),
                };
                Ok(unknown.insert(opened?))
            }
        }
    }

    /// Sees to it that a version is asked only of tables.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Usage`] if there is no table.
    pub(super) fn ensure_table(&self, side: &str) -> Result<()> {
        if self.as_of.is_none() || !self.versions.is_empty() {
            return Ok(());
        }
        let text = format!(" asks for a version, but side {side} is no table that has some");
        Err(Error::usage([Setting::AsOf.into(), text.into()]).hint([
            "ask it of the sides that are Delta or Iceberg tables: ".into(),
            Setting::AsOf.to("NAME=VERSION"),
        ]))
    }

    /// Sees to it that a side of no files isn't taken for an empty one: only a table without live
    /// files is.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if files of a table were left out, or there is no table.
    pub(super) fn ensure_empty(&self, side: &str) -> Result<()> {
        let Some((format, root)) = &self.left_out else {
            return match self.versions.is_empty() {
                true => Err(Error::input(format!("side {side} holds no data file"))),
                false => Ok(()),
            };
        };
        let version = match self.as_of {
            None => "the newest version",
            Some(_) => "that version",
        };
        let text = format!(
            "none of the files of side {side} is in {version} of the {} table ({})",
            format.name(),
            root.display()
        );
        Err(Error::input(text).hint([
            "name the table's folder; ".into(),
            Setting::Files.into(),
            " reads the files as they lie, deleted rows included".into(),
        ]))
    }

    fn table_of(&mut self, folder: &Path) -> Option<Table> {
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

/// The files of a side but for those that are no longer in their Delta or Iceberg table: what is left
/// can be read file by file.
///
/// # Errors
/// [`crate::ErrorKind::Input`] for tables that aren't read, or that lack live files.
pub fn live_files(side: &Side) -> Result<Vec<PathBuf>> {
    let mut tables = Tables::default();
    for folder in &side.tables {
        tables.open(folder)?;
    }
    let mut live = Vec::new();
    for file in &side.files {
        if !matches!(tables.place(file, false)?, Belongs::NotLive) {
            live.push(file.clone());
        }
    }
    if live.is_empty() {
        tables.ensure_empty(&side.name)?;
    }
    crate::remote::forget();
    Ok(live)
}

/// The error of a file that `lies in` a table that isn't read, or of a folder that `is` one.
fn refused((format, root): &Table, lies: &str, kind: ErrorKind, why: &str) -> Error {
    let article = match format {
        TableFormat::Iceberg => "an",
        TableFormat::Delta | TableFormat::Hudi => "a",
    };
    let name = format.name();
    let text = format!("{lies} {article} {name} table ({}){why}", root.display());
    Error::new(kind, text).hint([
        "export the rows that the table holds now; ".into(),
        Setting::Files.into(),
        " reads the files as they lie, such as a list of the live ones".into(),
    ])
}

/// The error of a table of which a version can't be read.
fn untold(table: &Table, lies: &str, error: &Error) -> Error {
    let (format, root) = table;
    match error.kind() {
        ErrorKind::Usage => Error::usage([
            Setting::AsOf.into(),
            format!(
                " of the {} table ({}): {}",
                format.name(),
                root.display(),
                error.message()
            )
            .into(),
        ]),
        kind => {
            let why = format!(", whose live rows can't be determined: {}", error.message());
            refused(table, lies, kind, &why)
        }
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
