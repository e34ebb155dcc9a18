//! A column that a filter reads: where its chunks are, and its values as Arrow arrays.

use super::decoded::Chunk;
use super::footer::{check_row_groups, decode_error};
use super::rows::leaf;
use crate::error::Result;
use arrow::array::ArrayRef;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, RowGroups};
use parquet::arrow::{FieldLevels, ProjectionMask, parquet_to_arrow_field_levels};
use parquet::column::page::{Page, PageIterator, PageReader};
use parquet::errors::Result as ParquetResult;
use parquet::file::metadata::{
    ColumnChunkMetaData, FileMetaData, ParquetMetaData, RowGroupMetaData,
};
use parquet::schema::types::ColumnDescPtr;
use std::cell::Cell;
use std::sync::Arc;

/// A column that a filter reads.
#[derive(Debug)]
pub(super) struct AskedColumn {
    pub(super) column: ColumnDescPtr,
    /// Its chunk of each row group.
    pub(super) chunks: Vec<ColumnChunkMetaData>,
    /// The Arrow type that the crate's reader gives it, and those of the groups around it.
    levels: FieldLevels,
    /// The schema alone: readers want to be shown one.
    metadata: ParquetMetaData,
}

impl AskedColumn {
    /// A column of a file.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] for chunks that can't be what they claim.
    pub(super) fn new(metadata: &ParquetMetaData, leaf: usize, file_bytes: u64) -> Result<Self> {
        let file = metadata.file_metadata();
        let schema = file.schema_descr_ptr();
        let row_groups = check_row_groups(metadata, leaf, file_bytes)?;
        let mask = ProjectionMask::leaves(&schema, [leaf]);
        let levels =
            parquet_to_arrow_field_levels(&schema, mask, None).map_err(|e| decode_error(&e))?;
        let bare = FileMetaData::new(file.version(), 0, None, None, Arc::clone(&schema), None);
        Ok(Self {
            column: schema.column(leaf),
            chunks: row_groups.into_iter().map(|group| group.chunk).collect(),
            levels,
            metadata: ParquetMetaData::new(bare, Vec::new()),
        })
    }

    /// Calls `each` with the values of a page, at most `batch` rows at a time, as the crate's reader of rows
    /// makes them.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] for bytes that the decoder refuses, and those of `each`.
    pub(super) fn arrays(
        &self,
        page: Page,
        batch: usize,
        mut each: impl FnMut(&ArrayRef) -> Result<()>,
    ) -> Result<()> {
        let rows = page.num_values() as usize;
        let pages = OnePage {
            rows,
            page: Cell::new(Some(page)),
            metadata: &self.metadata,
        };
        let batch = batch.min(rows).max(1);
        let reader =
            ParquetRecordBatchReader::try_new_with_row_groups(&self.levels, &pages, batch, None);
        for batch in reader.map_err(|e| decode_error(&e))? {
            let batch = batch.map_err(|e| decode_error(&e.into()))?;
            each(&leaf(&batch, self.column.path().parts())?)?;
        }
        Ok(())
    }
}

/// A page as a row group of one column.
struct OnePage<'a> {
    rows: usize,
    page: Cell<Option<Page>>,
    metadata: &'a ParquetMetaData,
}

impl RowGroups for OnePage<'_> {
    fn num_rows(&self) -> usize {
        self.rows
    }

    fn column_chunks(&self, _: usize) -> ParquetResult<Box<dyn PageIterator>> {
        let pages = self.page.take().into_iter().collect();
        Ok(Box::new(OneChunk(Some(Chunk(pages)))))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(self.metadata.row_groups().iter())
    }

    fn metadata(&self) -> &ParquetMetaData {
        self.metadata
    }
}

struct OneChunk(Option<Chunk>);

impl Iterator for OneChunk {
    type Item = ParquetResult<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        let chunk = self.0.take()?;
        Some(Ok(Box::new(chunk)))
    }
}

impl PageIterator for OneChunk {}
