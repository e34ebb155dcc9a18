//! A file's footer: is it Parquet, where is the ID column, and do its sizes make sense?

use super::asked::AskedColumn;
use super::kept::keep_live;
use super::logical::renamed;
use super::pages::range_of;
use super::predicate;
use super::source::Source;
use super::thrift;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::RowFilter;
use crate::id::{Cast, IdDomain, PageChecks};
use crate::reader::{PageCounter, ReadLimits};
use crate::scan::IdSelection;
use crate::scan::column::{self, IdType};
use crate::scan::filtered::FileFilter;
use crate::scan::live::{self, Columns, Constant, LiveFile};
use crate::scan::store::{self, Identity, InputFile};
use parquet::arrow::arrow_reader::RowSelection;
use parquet::errors::ParquetError;
use parquet::file::metadata::{
    ColumnChunkMetaData, PageIndexPolicy, ParquetMetaData, ParquetMetaDataOptions,
    ParquetMetaDataReader, ParquetStatisticsPolicy,
};
use parquet::schema::types::{ColumnDescPtr, SchemaDescriptor};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Length and magic at the end of a file: 4 bytes each.
const TAIL_BYTES: u64 = 8;

/// The smallest Parquet file: magic, an empty footer, tail.
const FILE_BYTES_MIN: u64 = 4 + TAIL_BYTES;

/// Footers of ten thousand columns and a hundred row groups are a hundred megabytes long.
const FOOTER_BYTES_MAX: u64 = 256 << 20;

/// A Parquet file whose footer was read and checked; of its metadata only the ID column is kept.
#[derive(Debug)]
pub(in crate::scan) struct ParquetFile {
    pub(in crate::scan) path: PathBuf,
    /// The path without links and detours: equal for the same file.
    pub(in crate::scan) canonical: PathBuf,
    pub(super) identity: Identity,
    /// The ID column and what its values are.
    pub(super) column: ColumnDescPtr,
    pub(in crate::scan) id_type: IdType,
    /// The domain asked for, where it isn't the column's own.
    pub(in crate::scan) cast: Option<IdDomain>,
    pub(super) limits: ReadLimits,
    /// Its side's.
    pub(super) counter: Arc<PageCounter>,
    pub(in crate::scan) row_groups: Vec<RowGroup>,
    /// What its table calls its columns, if otherwise.
    pub(super) columns: Option<Arc<Columns>>,
    /// The columns that have one value in all its rows, by its table.
    pub(in crate::scan) constants: Vec<Constant>,
    /// How many of the folders in its path are its table's own, whose names say nothing.
    pub(in crate::scan) table_depth: usize,
    /// Which of its rows are taken.
    pub(in crate::scan) filter: Option<Arc<FileFilter>>,
    /// The columns that the filter reads, in its order, where they can be read by pages.
    pub(super) asked: Vec<AskedColumn>,
}

/// The ID column's part of a row group.
#[derive(Debug)]
pub(in crate::scan) struct RowGroup {
    /// Those that aren't deleted.
    pub(in crate::scan) rows: u64,
    /// Which these are, if others are deleted: then they are read as rows, not as pages.
    pub(in crate::scan) kept: Option<RowSelection>,
    /// By its statistics, which may be wrong.
    pub(in crate::scan) null_count: Option<u64>,
    pub(super) chunk: ColumnChunkMetaData,
    /// Whether the filter takes all of its rows or none, by its statistics: then the filter's columns aren't
    /// read, or nothing is.
    pub(in crate::scan) decided: Option<bool>,
}

impl RowGroup {
    /// Whether the filter takes none of its rows: it isn't read then.
    pub(in crate::scan) fn is_ruled_out(&self) -> bool {
        self.decided == Some(false)
    }

    /// The bytes that reading it takes from the disk.
    pub(in crate::scan) fn stored_bytes(&self) -> u64 {
        match self.chunk.num_values() {
            // Such a chunk may say anything of its size.
            0 => 0,
            _ => u64::try_from(self.chunk.compressed_size()).unwrap_or(0),
        }
    }
}

impl ParquetFile {
    /// Opens a file, `live` if it is part of a table, and finds its ID column: `id` as a dotted path,
    /// or the only usual name. `None` if `is_foreign` says of its schema that it holds something other than IDs.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if it isn't a readable Parquet file with IDs of a supported
    /// type, [`crate::ErrorKind::Usage`] if there is no such column.
    pub(in crate::scan) fn open(
        path: &Path,
        live: Option<LiveFile>,
        id: Option<&str>,
        selection: &IdSelection,
        is_foreign: &dyn Fn(&SchemaDescriptor) -> bool,
        counter: &Arc<PageCounter>,
    ) -> Result<Option<Self>> {
        let cast = selection.cast;
        let located = |e: Error| e.with("file", path.display());
        let (file, null_counts) = look_over(path)?;
        let (identity, file_bytes) = (file.identity(), file.len());
        let live = live.unwrap_or_default();
        let wanted = selection.filter.as_ref();
        let metadata = read_metadata(&Source(file), live.columns.as_deref(), wanted.is_some());
        let metadata = metadata.map_err(located)?;
        if is_foreign(metadata.file_metadata().schema_descr()) {
            return Ok(None);
        }
        let schema = metadata.file_metadata().schema_descr();
        ensure_rows(&metadata, live.rows).map_err(located)?;
        let stored = schema.root_schema().get_fields().iter();
        let stored: Vec<&str> = stored.map(|field| field.name()).collect();
        let index = column::find(schema, id)
            .map_err(|e| located(live.lacks_id(id, &stored).unwrap_or(e)))?;
        let column = schema.column(index);
        let id_type = IdType::of(&column, cast)
            .and_then(|id_type| check_cast(id_type, cast).map(|()| id_type))
            .map_err(|e| located(e.with("column", column.path().string())))?;
        let mut row_groups = check_row_groups(&metadata, index, file_bytes)
            .map_err(|e| located(e.with("column", column.path().string())))?;
        // What is null within a list is counted in more than one way.
        if column.max_rep_level() == 0 {
            let own = null_counts
                .chunks(schema.num_columns())
                .map(|group| group.get(index));
            for (row_group, null_count) in row_groups.iter_mut().zip(own) {
                row_group.null_count = null_count.copied().flatten();
            }
        }
        if let Some(deleted) = &live.deleted {
            keep_live(&mut row_groups, deleted).map_err(located)?;
        }
        let constants = live.constants(&stored);
        let partitions = live::partitions_with(&constants, live.depth, path);
        let bound = wanted.map(|it| bind(it, &metadata, &mut row_groups, &partitions, file_bytes));
        let (filter, asked) = bound.transpose().map_err(located)?.unzip();
        let canonical = store::canonical(path).unwrap_or_else(|_| path.to_owned());
        let path = path.to_owned();
        Ok(Some(Self {
            filter,
            asked: asked.unwrap_or_default(),
            path,
            canonical,
            identity,
            column,
            id_type,
            cast,
            limits: selection.limits,
            counter: Arc::clone(counter),
            row_groups,
            columns: live.columns,
            constants,
            table_depth: live.depth,
        }))
    }

    /// The domain in which its IDs arrive.
    pub(in crate::scan) fn domain(&self) -> Option<IdDomain> {
        self.id_type.domain().map(|own| self.cast.unwrap_or(own))
    }

    /// The ID column's dotted path.
    pub(in crate::scan) fn column_name(&self) -> String {
        self.column.path().string()
    }

    /// Begins to fetch what reading a row group takes, if that is its ID column alone; false if there is
    /// no room for it now.
    pub(in crate::scan) fn begin(&self, row_group: usize) -> bool {
        let group = &self.row_groups[row_group];
        let is_asked = self.filter.is_some() && group.decided.is_none();
        if group.kept.is_some() || group.chunk.num_values() == 0 || is_asked {
            return true;
        }
        self.identity.begin(&range_of(&group.chunk))
    }

    /// The filter, where it has to be asked of a row group's rows.
    pub(super) fn filter_of(&self, row_group: usize) -> Option<&Arc<FileFilter>> {
        let is_asked = self.row_groups[row_group].decided != Some(true);
        self.filter.as_ref().filter(|_| is_asked)
    }

    /// Counts rows of a row group, if a filter takes them unasked.
    pub(super) fn count_whole(&self, row_group: usize, rows: u64) {
        if self.filter.is_some() && self.filter_of(row_group).is_none() {
            self.counter.add(PageChecks {
                taken: rows,
                ..PageChecks::default()
            });
        }
    }

    pub(in crate::scan) fn locate(&self, error: Error) -> Error {
        error
            .with("file", self.path.display())
            .with("column", self.column_name())
    }
}

/// Binds a filter to a file, notes which row groups it decides by their statistics, and finds the columns that it
/// asks: none where one of them makes no sense, which is said where rows are read.
fn bind(
    wanted: &RowFilter,
    metadata: &ParquetMetaData,
    row_groups: &mut [RowGroup],
    partitions: &[Constant],
    file_bytes: u64,
) -> Result<(Arc<FileFilter>, Vec<AskedColumn>)> {
    let bound = predicate::bind(wanted, metadata, partitions)?;
    predicate::decide(row_groups, metadata, &bound)?;
    let schema = metadata.file_metadata().schema_descr();
    let asked = predicate::leaves(schema, &bound).into_iter();
    let asked = asked.map(|leaf| AskedColumn::new(metadata, leaf, file_bytes));
    let asked = asked.collect::<Result<_>>().unwrap_or_default();
    Ok((Arc::new(bound), asked))
}

/// Sees to it that a file is the one that its table knows.
fn ensure_rows(metadata: &ParquetMetaData, wanted: Option<u64>) -> Result<()> {
    let rows = metadata.file_metadata().num_rows();
    match wanted {
        Some(wanted) if u64::try_from(rows) != Ok(wanted) => Err(Error::input(format!(
            "holds {rows} rows, but its table says {wanted}"
        ))),
        _ => Ok(()),
    }
}

fn check_cast(id_type: IdType, cast: Option<IdDomain>) -> Result<()> {
    match (id_type.domain(), cast) {
        (Some(own), Some(wanted)) => Cast::check(own, wanted),
        _ => Ok(()),
    }
}

/// The metadata of a file, of which no column has to hold IDs.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if it isn't a readable Parquet file.
pub(in crate::scan) fn metadata_of(path: &Path) -> Result<ParquetMetaData> {
    let (file, _) = look_over(path)?;
    read_metadata(&Source(file), None, false).map_err(|e| e.with("file", path.display()))
}

/// Opens a file that is a Parquet file as far as both of its ends tell.
pub(super) fn open_checked(path: &Path) -> Result<Arc<InputFile>> {
    look_over(path).map(|(file, _)| file)
}

/// Likewise, with the null counts that the footer tells, as [`thrift::null_counts`] has them.
fn look_over(path: &Path) -> Result<(Arc<InputFile>, Vec<Option<u64>>)> {
    let file = Arc::new(InputFile::open(path)?);
    let null_counts = check_ends(&file).map_err(|e| e.with("file", path.display()))?;
    Ok((file, null_counts))
}

/// Looks at both ends of the file before anything is parsed.
fn check_ends(file: &InputFile) -> Result<Vec<Option<u64>>> {
    let read = |offset, length: usize| {
        let mut bytes = vec![0; length];
        file.read_exact_at(offset, &mut bytes)
            .map_err(|e| Error::input(format!("can't be read: {e}")))?;
        Ok::<_, Error>(bytes)
    };
    if file.len() == 0 {
        return Err(Error::input("is empty, not a Parquet file"));
    }
    let head_bytes = usize::try_from(file.len().min(8)).unwrap_or(8);
    // Of an object the end comes first, and its beginning, which says the same, takes another request.
    let is_told =
        file.is_remote() && file.len() >= FILE_BYTES_MIN && read(file.len() - 4, 4)? == b"PAR1";
    let head = match is_told {
        true => b"PAR1".to_vec(),
        false => read(0, head_bytes)?,
    };
    if file.len() < FILE_BYTES_MIN {
        return Err(Error::input(format!(
            "not a Parquet file: {} bytes long",
            file.len()
        )));
    }
    let tail = read(file.len() - TAIL_BYTES, 8)?;
    match (&head[..4], &tail[4..]) {
        (b"PAR1", b"PAR1") => {}
        (b"PARE", _) | (_, b"PARE") => {
            return Err(Error::input("is encrypted")
                .hint("export it without Parquet encryption; keys are not supported"));
        }
        (b"PAR1", _) => {
            return Err(Error::input("corrupt Parquet file: it has no footer")
                .hint("it may be cut short: compare its size with the original"));
        }
        _ => {
            return Err(Error::input(format!(
                "not a Parquet file{}",
                looks_like(&head)
            )));
        }
    }
    let footer_bytes = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]));
    if footer_bytes == 0 || footer_bytes + FILE_BYTES_MIN > file.len() {
        return Err(Error::input(format!(
            "corrupt Parquet file: its footer claims {footer_bytes} of {} bytes",
            file.len()
        )));
    }
    if footer_bytes > FOOTER_BYTES_MAX {
        let text =
            format!("a footer of {footer_bytes} bytes; at most {FOOTER_BYTES_MAX} are taken");
        return Err(
            Error::new(ErrorKind::Limit, text).hint("write files of fewer columns or row groups")
        );
    }
    let footer = read(
        file.len() - TAIL_BYTES - footer_bytes,
        usize::try_from(footer_bytes).unwrap_or(usize::MAX),
    )?;
    file.keep_from(file.len() - TAIL_BYTES - footer_bytes);
    thrift::null_counts(&footer)
        .ok_or_else(|| Error::input("corrupt Parquet file: its footer makes no sense"))
}

/// What a file that isn't Parquet looks like, from its first bytes.
fn looks_like(head: &[u8]) -> &'static str {
    match head {
        [0x1f, 0x8b, ..] => "; it looks like gzip: unpack it first",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "; it looks like zstd: unpack it first",
        [b'P', b'K', 3, 4, ..] => "; it looks like a ZIP archive: unpack it first",
        [0x89, b'P', b'N', b'G', ..] => "; it looks like a PNG image",
        [b'O', b'R', b'C', ..] => "; it looks like ORC",
        [b'O', b'b', b'j', 1, ..] => "; it looks like Avro",
        [b'A', b'R', b'R', b'O', b'W', b'1', ..] => "; it looks like an Arrow IPC file",
        [b'{' | b'[', ..] => "; it looks like JSON",
        _ if head
            .iter()
            .all(|&b| b.is_ascii_graphic() || b.is_ascii_whitespace()) =>
        {
            "; it looks like text, such as CSV"
        }
        _ => "",
    }
}

/// Parses the footer, without page indexes, and with statistics only for a filter: nothing else here
/// trusts or needs them. Columns are called as the table does.
fn read_metadata(
    source: &Source,
    columns: Option<&Columns>,
    statistics: bool,
) -> Result<ParquetMetaData> {
    let policy = match statistics {
        true => ParquetStatisticsPolicy::KeepAll,
        false => ParquetStatisticsPolicy::SkipAll,
    };
    let options = ParquetMetaDataOptions::new()
        .with_column_stats_policy(policy)
        .with_size_stats_policy(ParquetStatisticsPolicy::SkipAll)
        .with_encoding_stats_policy(ParquetStatisticsPolicy::SkipAll);
    super::guarded(|| {
        let metadata = ParquetMetaDataReader::new()
            .with_metadata_options(Some(options))
            .with_page_index_policy(PageIndexPolicy::Skip)
            .parse_and_finish(source)
            .map_err(|e| decode_error(&e))?;
        match columns {
            Some(columns) => renamed(&metadata, columns),
            None => Ok(metadata),
        }
    })
}

/// Takes a column's chunks out of the metadata and checks that they can be what they claim.
pub(super) fn check_row_groups(
    metadata: &ParquetMetaData,
    column: usize,
    file_bytes: u64,
) -> Result<Vec<RowGroup>> {
    let mut rows_of_groups = 0_i64;
    let mut row_groups = Vec::with_capacity(metadata.num_row_groups());
    for (index, group) in metadata.row_groups().iter().enumerate() {
        let corrupt = |what: String| Error::input(what).with("row group", index);
        let chunk = group.column(column);
        let rows = u64::try_from(group.num_rows())
            .map_err(|_| corrupt(format!("corrupt Parquet file: {} rows", group.num_rows())))?;
        if chunk.crypto_metadata().is_some() {
            return Err(corrupt("the column is encrypted".into())
                .hint("export it without Parquet encryption; keys are not supported"));
        }
        if let Some(path) = chunk.file_path() {
            return Err(corrupt(format!("its values are in another file, {path}"))
                .hint("name the data files themselves, not a _metadata file"));
        }
        if !lies_within(chunk, file_bytes) {
            return Err(corrupt(
                "corrupt Parquet file: a column chunk outside the file".into(),
            ));
        }
        rows_of_groups = rows_of_groups.saturating_add(group.num_rows());
        let chunk = without_dictionary_at_0(chunk).map_err(|e| corrupt(e.message()))?;
        row_groups.push(RowGroup {
            rows,
            kept: None,
            null_count: None,
            chunk,
            decided: None,
        });
    }
    let rows_of_file = metadata.file_metadata().num_rows();
    if rows_of_groups != rows_of_file {
        return Err(Error::input(format!(
            "corrupt Parquet file: {rows_of_file} rows in the footer, {rows_of_groups} in its row groups"
        )));
    }
    Ok(row_groups)
}

/// Some writers say offset 0 where there is no dictionary page: there is the file's magic.
pub(super) fn without_dictionary_at_0(chunk: &ColumnChunkMetaData) -> Result<ColumnChunkMetaData> {
    let chunk = chunk.clone();
    match chunk.dictionary_page_offset() {
        Some(..=0) => chunk
            .into_builder()
            .set_dictionary_page_offset(None)
            .build()
            .map_err(|e| decode_error(&e)),
        _ => Ok(chunk),
    }
}

/// Whether a chunk's bytes are inside the file (a chunk without values may say anything).
fn lies_within(chunk: &ColumnChunkMetaData, file_bytes: u64) -> bool {
    if chunk.num_values() == 0 {
        return true;
    }
    let start = chunk.dictionary_page_offset().filter(|&offset| offset > 0);
    let start = start.map_or(chunk.data_page_offset(), |at| {
        at.min(chunk.data_page_offset())
    });
    let (Ok(start), Ok(length)) = (u64::try_from(start), u64::try_from(chunk.compressed_size()))
    else {
        return false;
    };
    start
        .checked_add(length)
        .is_some_and(|end| end <= file_bytes)
}

/// An error of the `parquet` crate in our words; its own prefix says nothing.
pub(super) fn decode_error(error: &ParquetError) -> Error {
    let text = error.to_string();
    let text = ["Parquet error: ", "EOF: ", "External: ", "Arrow: "]
        .iter()
        .fold(text.as_str(), |text, prefix| {
            text.strip_prefix(prefix).unwrap_or(text)
        });
    Error::input(format!("corrupt or unsupported: {text}"))
}
