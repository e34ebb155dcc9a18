//! Whole rows of some columns, by the crate's Arrow reader.

use super::footer::{ParquetFile, decode_error, open_checked};
use super::logical::renamed;
use super::pages::{check_chunk, range_of};
use super::source::Source;
use super::{guarded, hand_on, predicate};
use crate::error::{Error, Result};
use crate::id::{IdSink, Tally};
use crate::reader::PageCounter;
use crate::scan::arrow::ArrowIds;
use crate::scan::filtered::FileFilter;
use crate::scan::store::InputFile;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, make_array};
use arrow::buffer::NullBuffer;
use arrow::error::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowPredicateFn, ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
    RowFilter,
};
use parquet::schema::types::SchemaDescriptor;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// A file that is open for reading rows.
pub(in crate::scan) struct ArrowFile {
    path: PathBuf,
    file: Arc<InputFile>,
    metadata: ArrowReaderMetadata,
}

/// Opens a planned file again, to read rows of it.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if it isn't any more what it was.
pub(in crate::scan) fn open_arrow(planned: &ParquetFile) -> Result<ArrowFile> {
    let file = open_checked(&planned.path)?;
    file.ensure_unchanged(&planned.identity)?;
    // Types as Parquet has them, whatever the writer's own were.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let source = Source(Arc::clone(&file));
    let metadata = guarded(|| {
        let metadata = ArrowReaderMetadata::load(&source, options.clone());
        let metadata = metadata.map_err(|e| decode_error(&e))?;
        let Some(columns) = &planned.columns else {
            return Ok(metadata);
        };
        let metadata = renamed(metadata.metadata(), columns)?;
        ArrowReaderMetadata::try_new(Arc::new(metadata), options).map_err(|e| decode_error(&e))
    });
    Ok(ArrowFile {
        path: planned.path.clone(),
        file,
        metadata: metadata.map_err(|e| planned.locate(e))?,
    })
}

impl ArrowFile {
    pub(in crate::scan) fn is_of(&self, planned: &ParquetFile) -> bool {
        self.path == planned.path
    }

    /// The names of the columns that aren't nested.
    pub(in crate::scan) fn flat_columns(&self) -> Vec<String> {
        let columns = self.metadata.parquet_schema().columns().iter();
        let flat = columns.filter(|c| c.path().parts().len() == 1 && c.max_rep_level() == 0);
        flat.map(|column| column.name().to_owned()).collect()
    }

    /// Reads the rows of a row group that aren't deleted: the IDs and the columns `names`, so many
    /// rows at a time.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] with file, column and row group, and those of `take`.
    pub(in crate::scan) fn read(
        &self,
        planned: &ParquetFile,
        row_group: usize,
        names: &[&str],
        batch_rows: usize,
        take: &mut dyn FnMut(&ArrayRef, RecordBatch) -> Result<()>,
    ) -> Result<()> {
        let schema = self.metadata.parquet_schema();
        let id_path = planned.column.path().parts();
        let wanted = schema.columns().iter().enumerate().filter(|(_, column)| {
            let path = column.path().parts();
            path == id_path || matches!(path, [name] if names.contains(&name.as_str()))
        });
        let leaves: Vec<usize> = wanted.map(|(leaf, _)| leaf).collect();
        let mut read: Vec<usize> = leaves.clone();
        let predicate = planned.filter_of(row_group).map(|filter| {
            let asked = predicate::leaves(schema, filter);
            read.extend(asked.iter().filter(|leaf| !leaves.contains(leaf)));
            Predicate::new(planned, Arc::clone(filter), schema, &asked)
        });
        let mask = ProjectionMask::leaves(schema, leaves);
        let source = Source(Arc::clone(&self.file));
        let mut rows = 0;
        let run = || {
            let group = self.metadata.metadata().row_group(row_group);
            let chunks = read.iter().map(|&leaf| group.column(leaf));
            let chunks = chunks.filter(|chunk| chunk.num_values() > 0);
            let ranges: Vec<_> = chunks.map(range_of).collect();
            self.file.announce(&ranges);
            for chunk in read.iter().map(|&leaf| group.column(leaf)) {
                let checks = check_chunk(&self.file, chunk, &planned.limits);
                let name = chunk.column_path().string();
                planned
                    .counter
                    .add(checks.map_err(|e| e.with("column", name))?);
            }
            let mut reader =
                ParquetRecordBatchReaderBuilder::new_with_metadata(source, self.metadata.clone())
                    .with_projection(mask)
                    .with_row_groups(vec![row_group])
                    .with_batch_size(batch_rows);
            if let Some(kept) = &planned.row_groups[row_group].kept {
                reader = reader.with_row_selection(kept.clone());
            }
            if let Some(predicate) = &predicate {
                reader = reader.with_row_filter(predicate.row_filter());
            }
            let failed = |e: &dyn std::fmt::Display| {
                let own = predicate.as_ref().and_then(Predicate::take_error);
                own.unwrap_or_else(|| Error::input(format!("corrupt or unsupported: {e}")))
            };
            for batch in reader
                .build()
                .map_err(|e| failed(&decode_error(&e).message()))?
            {
                let batch = batch.map_err(|e| failed(&e))?;
                let id = leaf(&batch, id_path)?;
                rows += id.len() as u64;
                hand_on(|| take(&id, batch))?;
            }
            Ok(())
        };
        guarded(run).map_err(|e| planned.locate(e).with("row group", row_group))?;
        planned.count_whole(row_group, rows);
        rows += predicate.as_ref().map_or(0, Predicate::left_out);
        self.ensure_rows(planned, row_group, rows)?;
        self.file.ensure_unchanged(&planned.identity)
    }

    /// Sees to it that as many rows were read as the footer and the table promise.
    fn ensure_rows(&self, planned: &ParquetFile, row_group: usize, rows: u64) -> Result<()> {
        let group = &planned.row_groups[row_group];
        if rows == group.rows {
            return Ok(());
        }
        let which = match group.kept {
            Some(_) => "that aren't deleted",
            None => "in the footer",
        };
        let text = format!(
            "corrupt Parquet file: {} rows {which}, {rows} in the pages",
            group.rows
        );
        Err(planned
            .locate(Error::input(text))
            .with("row group", row_group))
    }
}

/// A filter as the crate asks it: of its own columns first, so that of the others only what holds a
/// taken row is decompressed.
struct Predicate {
    filter: Arc<FileFilter>,
    counter: Arc<PageCounter>,
    mask: ProjectionMask,
    paths: Vec<Vec<String>>,
    left_out: Arc<AtomicU64>,
    error: Arc<Mutex<Option<Error>>>,
}

impl Predicate {
    fn new(
        planned: &ParquetFile,
        filter: Arc<FileFilter>,
        schema: &SchemaDescriptor,
        leaves: &[usize],
    ) -> Self {
        Self {
            filter,
            counter: Arc::clone(&planned.counter),
            mask: ProjectionMask::leaves(schema, leaves.iter().copied()),
            paths: predicate::columns(schema, leaves),
            left_out: Arc::default(),
            error: Arc::default(),
        }
    }

    fn row_filter(&self) -> RowFilter {
        let (filter, counter) = (Arc::clone(&self.filter), Arc::clone(&self.counter));
        let (left_out, error) = (Arc::clone(&self.left_out), Arc::clone(&self.error));
        let paths = self.paths.clone();
        let asked = move |batch: RecordBatch| {
            let taken = || {
                let columns = paths.iter().map(|path| leaf(&batch, path));
                let columns = columns.collect::<Result<Vec<_>>>()?;
                let taken = hand_on(|| filter.taken(&columns, batch.num_rows(), &counter));
                taken.map_err(|fault| fault.error)
            };
            match taken() {
                Ok(taken) => {
                    let left = taken.len() - taken.true_count();
                    left_out.fetch_add(left as u64, Ordering::Relaxed);
                    Ok(taken)
                }
                Err(own) => {
                    let text = own.message();
                    if let Ok(mut error) = error.lock() {
                        *error = Some(own);
                    }
                    Err(ArrowError::ComputeError(text))
                }
            }
        };
        let asked = ArrowPredicateFn::new(self.mask.clone(), asked);
        RowFilter::new(vec![Box::new(asked)])
    }

    /// Our own error, which the crate can't hand on.
    fn take_error(&self) -> Option<Error> {
        self.error.lock().ok()?.take()
    }

    fn left_out(&self) -> u64 {
        self.left_out.load(Ordering::Relaxed)
    }
}

/// Reads the IDs of the rows of a row group that aren't deleted.
///
/// # Errors
/// Those of [`ArrowFile::read`], and those of the sink.
pub(super) fn read_ids(
    file: &ParquetFile,
    row_group: usize,
    sink: &mut dyn IdSink,
) -> Result<Tally> {
    const BATCH_ROWS: usize = 1 << 13;
    let mut tally = Tally::default();
    if file.row_groups[row_group].rows == 0 {
        return Ok(tally);
    }
    let mut ids = ArrowIds::of_parquet(file);
    let mut take = |id: &ArrayRef, _| {
        tally += ids.push(id, sink)?;
        Ok(())
    };
    open_arrow(file)?.read(file, row_group, &[], BATCH_ROWS, &mut take)?;
    Ok(tally)
}

/// The column of a dotted path; where a group around it is null, so is the value.
pub(super) fn leaf(batch: &RecordBatch, path: &[String]) -> Result<ArrayRef> {
    let missing = || Error::input(format!("corrupt: no column {} in it", path.join(".")));
    let (root, inner) = path.split_first().ok_or_else(missing)?;
    let mut array = Arc::clone(batch.column_by_name(root).ok_or_else(missing)?);
    for name in inner {
        let group = array.as_struct_opt().ok_or_else(missing)?;
        let value = group.column_by_name(name).ok_or_else(missing)?;
        let nulls = NullBuffer::union(group.nulls(), value.nulls());
        let data = value.to_data().into_builder().nulls(nulls).build();
        array = make_array(data.map_err(|e| Error::input(format!("corrupt: {e}")))?);
    }
    Ok(array)
}
