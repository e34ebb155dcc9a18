//! One opened file of a side, whatever its format.

use super::column::IdType;
use super::filtered::FileFilter;
use super::ipc::{self, IpcFile};
use super::live::{self, Constant, LiveFile};
use super::parquet::{ParquetFile, RowGroup, open_arrow};
use super::store::{InputFile, Sequential};
use super::text::{self, TextFile};
use super::{IdSelection, InputFormat};
use crate::error::{Error, Result};
use crate::id::{IdDomain, PageChecks};
use crate::reader::{Form, Packing, PageCounter, recognise};
use parquet::schema::types::SchemaDescriptor;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

/// A file of IDs.
#[derive(Debug)]
pub(super) enum DataFile {
    Parquet(ParquetFile),
    Text(TextFile),
    Ipc(Box<IpcFile>),
}

/// What a file says about the domain of its IDs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IdKind {
    /// It is this one.
    Known(IdDomain),
    /// All of them are null.
    AllNull,
    /// They are text, or integers if they have to meet integers.
    Untyped,
}

/// How a file is read, and what it is compressed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Parquet,
    Text(Option<Packing>),
    Arrow(Option<Packing>),
}

/// The format of a file: the one that was named, or that its first bytes tell.
///
/// # Errors
/// [`crate::ErrorKind::Input`] for what is known and not read, by its name.
pub(super) fn format_of(file: &InputFile, named: Option<InputFormat>) -> Result<Format> {
    if named.is_none()
        && let Some(format) = format_of_end(file)
    {
        return Ok(format);
    }
    let mut head = [0; 512];
    let read = file.read_at(&mut head, 0).unwrap_or(0);
    let head = &head[..read];
    let packing = Packing::of(head);
    Ok(match named {
        Some(InputFormat::Parquet) => Format::Parquet,
        Some(InputFormat::Delimited | InputFormat::JsonLines) => Format::Text(packing),
        Some(InputFormat::Arrow) => Format::Arrow(packing),
        None => {
            if file.len() == 0 {
                return Err(recognise::empty());
            }
            recognise::refused(head).map_or(Ok(()), Err)?;
            match packing {
                Some(inside) if ipc::may_be_arrow(&head_inside(file, inside)?) => {
                    Format::Arrow(packing)
                }
                _ if text::may_be_text(head) => Format::Text(packing),
                _ if ipc::may_be_arrow(head) => Format::Arrow(None),
                _ => Format::Parquet,
            }
        }
    })
}

/// The format of an object whose end says it: the end is known, the beginning takes another request.
fn format_of_end(file: &InputFile) -> Option<Format> {
    const MAGIC_BYTES: usize = 6;
    let mut end = [0; MAGIC_BYTES];
    let start = file.len().checked_sub(MAGIC_BYTES as u64)?;
    if !file.is_remote() || file.read_exact_at(start, &mut end).is_err() {
        return None;
    }
    match &end {
        b"ARROW1" => Some(Format::Arrow(None)),
        [_, _, b'P', b'A', b'R', b'1' | b'E'] => Some(Format::Parquet),
        _ => None,
    }
}

/// The first bytes inside of a packed file; fewer where it is corrupt, which reading it reports.
fn head_inside(file: &InputFile, packing: Packing) -> Result<Vec<u8>> {
    let stream = packing.unpack(Box::new(Sequential::new(file.again()?)))?;
    let mut head = Vec::new();
    let _ = stream.take(8).read_to_end(&mut head);
    Ok(head)
}

impl DataFile {
    /// Opens a file, whose format its bytes tell unless it was given or a table says that it is
    /// Parquet; `None` if `is_foreign` says of its schema that it holds something other than IDs.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if it can't be read, [`crate::ErrorKind::Usage`] if its ID column
    /// can't be told.
    pub(super) fn open(
        path: &Path,
        live: Option<LiveFile>,
        id: Option<&str>,
        selection: &IdSelection,
        is_foreign: &dyn Fn(&SchemaDescriptor) -> bool,
        counter: &Arc<PageCounter>,
    ) -> Result<Option<Self>> {
        let file = InputFile::open(path)?;
        let format = match live {
            Some(_) => Format::Parquet,
            None => {
                format_of(&file, selection.format).map_err(|e| e.with("file", path.display()))?
            }
        };
        match format {
            Format::Text(packing) => {
                let text = TextFile::open(file, packing, path, id, selection, counter)?;
                Ok(Some(Self::Text(text)))
            }
            Format::Arrow(packing) => {
                let arrow = IpcFile::open(&file, packing, path, id, selection, counter)?;
                Ok(Some(Self::Ipc(Box::new(arrow))))
            }
            Format::Parquet => {
                let parquet = ParquetFile::open(path, live, id, selection, is_foreign, counter)?;
                Ok(parquet.map(Self::Parquet))
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Parquet(file) => &file.path,
            Self::Text(file) => &file.path,
            Self::Ipc(file) => &file.path,
        }
    }

    /// The path without links and detours: equal for the same file.
    pub(super) fn canonical(&self) -> &Path {
        match self {
            Self::Parquet(file) => &file.canonical,
            Self::Text(file) => &file.canonical,
            Self::Ipc(file) => &file.canonical,
        }
    }

    pub(super) fn kind(&self) -> IdKind {
        match self {
            Self::Parquet(file) if file.id_type == IdType::Null => IdKind::AllNull,
            Self::Parquet(file) => file.domain().map_or(IdKind::AllNull, IdKind::Known),
            Self::Text(file) => file.kind(),
            Self::Ipc(file) => file.domain().map_or(IdKind::AllNull, IdKind::Known),
        }
    }

    /// The domain of its IDs, of those without types as `form`; `None` if all of them are null.
    pub(super) fn domain(&self, form: Form) -> Option<IdDomain> {
        match (self.kind(), form) {
            (IdKind::AllNull, _) => None,
            (IdKind::Known(domain), _) => Some(domain),
            (IdKind::Untyped, Form::Integers) => Some(IdDomain::Integer),
            (IdKind::Untyped, Form::Text) => Some(IdDomain::Text),
        }
    }

    /// The ID column's dotted path, or its number.
    pub(super) fn column_name(&self) -> String {
        match self {
            Self::Parquet(file) => file.column_name(),
            Self::Text(file) => file.column_name(),
            Self::Ipc(file) => file.column_name(),
        }
    }

    /// Begins to fetch what a unit of it takes, if it is an object of a store; false if there is no room
    /// for it now.
    pub(super) fn begin(&self, row_group: usize) -> bool {
        match self {
            Self::Parquet(file) => file.begin(row_group),
            Self::Text(_) | Self::Ipc(_) => true,
        }
    }

    pub(super) fn locate(&self, error: Error) -> Error {
        match self {
            Self::Parquet(file) => file.locate(error),
            Self::Text(file) => file.locate(error),
            Self::Ipc(file) => file.locate(error),
        }
    }

    /// Rows, if they are known before the file is read.
    pub(super) fn rows(&self) -> Option<u64> {
        match self {
            Self::Parquet(file) => Some(file.row_groups.iter().map(|group| group.rows).sum()),
            Self::Text(_) => None,
            Self::Ipc(file) => Some(file.rows()),
        }
    }

    /// Rows that its filter takes, where that is known before they are read: all rows without one.
    pub(super) fn rows_taken(&self) -> Option<u64> {
        match (self, self.filter()) {
            (_, None) => self.rows(),
            (_, Some(filter)) if filter.takes_none() => Some(0),
            (Self::Parquet(file), Some(_)) => {
                let taken =
                    |group: &RowGroup| group.decided.map(|all| if all { group.rows } else { 0 });
                file.row_groups.iter().map(taken).sum()
            }
            (Self::Text(_) | Self::Ipc(_), Some(_)) => None,
        }
    }

    /// Nulls, if the file itself says how many.
    pub(super) fn null_count(&self) -> Option<u64> {
        match self {
            _ if self.filter().is_some() => None,
            Self::Parquet(file) => file.row_groups.iter().map(|group| group.null_count).sum(),
            Self::Text(_) | Self::Ipc(_) => None,
        }
    }

    /// Which of its rows are taken; `None` takes all.
    pub(super) fn filter(&self) -> Option<&FileFilter> {
        match self {
            Self::Parquet(file) => file.filter.as_deref(),
            Self::Text(file) => file.filter.as_ref(),
            Self::Ipc(file) => file.filter.as_ref(),
        }
    }

    /// Notes what its filter rules out without looking at a row.
    pub(super) fn count_unread(&self, counter: &PageCounter) {
        let takes_none = self.filter().is_some_and(FileFilter::takes_none);
        let mut checks = PageChecks::default();
        match self {
            Self::Parquet(file) => {
                let groups = file.row_groups.iter().filter(|group| group.is_ruled_out());
                checks.left_out = groups.map(|group| group.rows).sum();
            }
            Self::Ipc(file) if takes_none => checks.left_out = file.rows(),
            Self::Text(_) if takes_none => checks.files_left_out = 1,
            Self::Ipc(_) | Self::Text(_) => {}
        }
        counter.add(checks);
    }

    /// The names of its columns that aren't nested.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if it can't be read any more.
    pub(super) fn flat_columns(&self) -> Result<Vec<String>> {
        match self {
            Self::Parquet(file) => open_arrow(file).map(|file| file.flat_columns()),
            Self::Text(file) => Ok(file.columns().to_vec()),
            Self::Ipc(file) => Ok(file.flat_columns()),
        }
    }

    /// Its partitions: those that its table tells before those of its path.
    pub(super) fn partitions(&self) -> Vec<Constant> {
        match self {
            Self::Parquet(file) => {
                live::partitions_with(&file.constants, file.table_depth, &file.path)
            }
            Self::Text(_) | Self::Ipc(_) => live::partitions_of_path(self.path()),
        }
    }
}
