//! Whole rows of some columns, by the crate's Arrow reader.

use super::footer::{ParquetFile, decode_error, open_checked};
use super::logical::renamed;
use super::pages::check_chunk;
use super::source::Source;
use super::{guarded, hand_on};
use crate::error::{Error, Result};
use crate::id::{IdSink, Tally};
use crate::scan::arrow::ArrowIds;
use crate::scan::store::InputFile;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, make_array};
use arrow::buffer::NullBuffer;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use std::path::PathBuf;
use std::sync::Arc;

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
    file.ensure_unchanged(planned.identity)?;
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
        let mask = ProjectionMask::leaves(schema, leaves.iter().copied());
        let source = Source(Arc::clone(&self.file));
        let run = || {
            let group = self.metadata.metadata().row_group(row_group);
            for chunk in leaves.iter().map(|&leaf| group.column(leaf)) {
                let checks = check_chunk(&self.file, chunk, &planned.limits);
                let name = chunk.column_path().string();
                planned
                    .counter
                    .add(checks.map_err(|e| e.with("column", name))?);
            }
            let reader =
                ParquetRecordBatchReaderBuilder::new_with_metadata(source, self.metadata.clone())
                    .with_projection(mask)
                    .with_row_groups(vec![row_group])
                    .with_batch_size(batch_rows);
            let reader = match &planned.row_groups[row_group].kept {
                Some(kept) => reader.with_row_selection(kept.clone()).build(),
                None => reader.build(),
            };
            for batch in reader.map_err(|e| decode_error(&e))? {
                let batch =
                    batch.map_err(|e| Error::input(format!("corrupt or unsupported: {e}")))?;
                let id = leaf(&batch, id_path)?;
                hand_on(|| take(&id, batch))?;
            }
            Ok(())
        };
        guarded(run).map_err(|e| planned.locate(e).with("row group", row_group))?;
        self.file.ensure_unchanged(planned.identity)
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
    let wanted = file.row_groups[row_group].rows;
    let mut tally = Tally::default();
    if wanted == 0 {
        return Ok(tally);
    }
    let mut ids = ArrowIds::of_parquet(file);
    let mut take = |id: &ArrayRef, _| {
        tally += ids.push(id, sink)?;
        Ok(())
    };
    open_arrow(file)?.read(file, row_group, &[], BATCH_ROWS, &mut take)?;
    match tally.rows == wanted {
        true => Ok(tally),
        false => Err(file.locate(Error::input(format!(
            "corrupt Parquet file: {wanted} rows that aren't deleted, {} in the pages",
            tally.rows
        )))),
    }
}

/// The column of a dotted path; where a group around it is null, so is the value.
fn leaf(batch: &RecordBatch, path: &[String]) -> Result<ArrayRef> {
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
