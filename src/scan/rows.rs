//! The rows of a unit, whatever its format: IDs, and columns beside them. Of a file with a filter the
//! rows that it takes.

use super::arrow::ArrowIds;
use super::file::DataFile;
use super::parquet::{ArrowFile, ParquetFile, open_arrow, read_taken};
use super::queue::Work;
use super::schedule::whole;
use crate::error::{Error, ErrorKind, Result};
use crate::id::{IdSink, Tally};
use crate::reader::{Failure, Form, Watch};
use arrow::array::{ArrayRef, RecordBatch};

/// Reads rows; keeps the Parquet file that it read last open, and the names of its columns.
#[derive(Default)]
pub(super) struct RowReader {
    form: Option<Form>,
    open: Option<ArrowFile>,
    names: Vec<String>,
}

impl RowReader {
    /// Rows that are handed on at a time.
    const BATCH_ROWS: usize = 1 << 14;

    /// A reader that reads IDs without types as `form`.
    pub(super) fn new(form: Form) -> Self {
        Self {
            form: Some(form),
            ..Self::default()
        }
    }

    /// The names of the columns of a file that aren't nested.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] if the file can't be read any more.
    pub(super) fn flat_columns(&mut self, file: &DataFile) -> Result<&[String]> {
        match file {
            DataFile::Parquet(file) => {
                self.opened(file)?;
            }
            other => self.names = other.flat_columns()?,
        }
        Ok(&self.names)
    }

    fn opened(&mut self, file: &ParquetFile) -> Result<&ArrowFile> {
        let open = match self.open.take() {
            Some(open) if open.is_of(file) => open,
            _ => {
                let open = open_arrow(file)?;
                self.names = open.flat_columns();
                open
            }
        };
        Ok(self.open.insert(open))
    }

    /// Hands on the rows of a unit that are taken: their IDs, and the columns `names` beside them.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] with file and place for what can't be read or, by the filter, computed, and
    /// those of `take`.
    pub(super) fn read(
        &mut self,
        file: &DataFile,
        work: &Work,
        names: &[&str],
        take: &mut dyn FnMut(&ArrayRef, RecordBatch) -> Result<()>,
        watch: &dyn Watch,
    ) -> Result<(), Failure> {
        match (file, work) {
            (DataFile::Parquet(parquet), &Work::RowGroup { row_group, .. }) => {
                let open = self.opened(parquet).map_err(whole)?;
                let rows = open.read(parquet, row_group, names, Self::BATCH_ROWS, take);
                rows.map_err(whole)
            }
            (DataFile::Ipc(arrow), &Work::RowGroup { row_group, .. }) => {
                arrow.rows_of(row_group, names, take).map_err(whole)
            }
            (DataFile::Text(text), Work::Seat(stream)) => {
                let form = self.form.unwrap_or(Form::Text);
                let form = text.cast().map_or(form, |_| Form::Text);
                text.rows(stream, form, names, take, watch).map(|_| ())
            }
            _ => Err(whole(Error::new(
                ErrorKind::Internal,
                "a unit of another format",
            ))),
        }
    }

    /// Pushes the IDs of the rows of a unit that are taken.
    ///
    /// # Errors
    /// Those of [`Self::read`] and of the sink.
    pub(super) fn read_ids(
        &mut self,
        file: &DataFile,
        work: &Work,
        sink: &mut dyn IdSink,
        watch: &dyn Watch,
    ) -> Result<Tally, Failure> {
        if let (DataFile::Parquet(of), Work::RowGroup { row_group, part }) = (file, work)
            && of.filter.is_some()
        {
            let taken = read_taken(of, *row_group, part.as_ref(), sink).map_err(whole)?;
            if let Some(tally) = taken {
                return Ok(tally);
            }
        }
        let (mut ids, mut tally) = (ArrowIds::of_column(file), Tally::default());
        let mut take = |id: &ArrayRef, _| {
            tally += ids.push(id, sink)?;
            Ok(())
        };
        self.read(file, work, &[], &mut take, watch)?;
        Ok(tally)
    }
}
