//! Rows as Arrow arrays: the IDs, and other columns beside them as text.

use super::collect::{no_integer, not_utf8};
use super::fault::Fault;
use super::integer::plain_integer;
use super::limits::ReadLimits;
use super::text::{Form, RowsRead};
use crate::error::{Error, ErrorKind, Result};
use arrow::array::{
    ArrayRef, Decimal128Array, Int64Array, RecordBatch, RecordBatchOptions, StringBuilder,
};
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Field, Schema};
use std::sync::Arc;

/// Rows that are handed on at a time.
const BATCH_ROWS: usize = 1 << 14;

/// Consumes rows: the IDs, and the columns beside them.
pub(crate) type Take<'a> = &'a mut dyn FnMut(&ArrayRef, RecordBatch) -> Result<(), BatchFault>;

/// What is wrong with a batch, and with which of its rows, if it is one.
#[derive(Debug)]
pub(crate) struct BatchFault {
    pub(crate) row: Option<usize>,
    pub(crate) error: Error,
}

impl From<Error> for BatchFault {
    fn from(error: Error) -> Self {
        Self { row: None, error }
    }
}

/// IDs of either form.
enum Ids {
    Text(StringBuilder),
    Integers(Vec<Option<i128>>),
}

impl Ids {
    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(texts) => Arc::new(texts.finish()),
            Self::Integers(integers) => {
                let narrow = |id: &Option<i128>| id.map(i64::try_from).transpose();
                match integers
                    .iter()
                    .map(narrow)
                    .collect::<std::result::Result<Int64Array, _>>()
                {
                    Ok(narrow) => {
                        integers.clear();
                        Arc::new(narrow)
                    }
                    Err(_) => Arc::new(
                        Decimal128Array::from(std::mem::take(integers))
                            .with_data_type(DataType::Decimal128(DECIMAL128_MAX_PRECISION, 0)),
                    ),
                }
            }
        }
    }
}

/// Rows in the making.
pub(super) struct Batch<'a> {
    limits: &'a ReadLimits,
    ids: Ids,
    columns: Vec<StringBuilder>,
    schema: Arc<Schema>,
    /// Where each row begins in the block.
    starts: Vec<usize>,
    /// What came of all rows, those handed on included.
    read: RowsRead,
}

impl<'a> Batch<'a> {
    /// No rows yet, of columns of these names beside the IDs.
    pub(super) fn new<'n>(
        names: impl Iterator<Item = &'n String>,
        form: Form,
        limits: &'a ReadLimits,
    ) -> Self {
        let fields: Vec<Field> = names
            .map(|name| Field::new(name, DataType::Utf8, true))
            .collect();
        Self {
            limits,
            ids: match form {
                Form::Text => Ids::Text(StringBuilder::new()),
                Form::Integers => Ids::Integers(Vec::new()),
            },
            columns: fields.iter().map(|_| StringBuilder::new()).collect(),
            schema: Arc::new(Schema::new(fields)),
            starts: Vec::new(),
            read: RowsRead::default(),
        }
    }

    /// The next row holds no ID, whether a text says so or not.
    pub(super) fn null(&mut self, named: bool) {
        self.read.tally.nulls += 1;
        self.read.named_nulls += u64::from(named);
        match &mut self.ids {
            Ids::Text(texts) => texts.append_null(),
            Ids::Integers(integers) => integers.push(None),
        }
    }

    /// The next row holds this ID.
    pub(super) fn id(&mut self, id: &[u8], at: usize) -> Result<(), Fault> {
        let fault = |error| Fault::new(at, error);
        self.limits.check_value(id.len()).map_err(fault)?;
        match &mut self.ids {
            Ids::Text(texts) => {
                let text = std::str::from_utf8(id).map_err(|_| fault(not_utf8()))?;
                texts.append_value(text);
            }
            Ids::Integers(integers) => {
                let value = plain_integer(id).ok_or_else(|| no_integer(id, at))?;
                integers.push(Some(value.into()));
            }
        }
        Ok(())
    }

    /// The value of a column in this row.
    pub(super) fn column(&mut self, column: usize, value: Option<&[u8]>) -> Result<()> {
        let texts = &mut self.columns[column];
        match value.map(std::str::from_utf8) {
            None => texts.append_null(),
            Some(Ok(text)) => texts.append_value(text),
            Some(Err(_)) => return Err(not_utf8()),
        }
        Ok(())
    }

    /// The row that begins at `at` is whole; hands the rows on if they are many.
    pub(super) fn end_row(&mut self, at: usize, take: Take<'_>) -> Result<(), Fault> {
        self.starts.push(at);
        self.read.tally.rows += 1;
        match self.starts.len() {
            BATCH_ROWS => self.hand_on(at, take),
            _ => Ok(()),
        }
    }

    /// Hands on what is left of a block that ends at `end`, and says what came of all rows.
    pub(super) fn finish(mut self, end: usize, take: Take<'_>) -> Result<RowsRead, Fault> {
        if !self.starts.is_empty() {
            self.hand_on(end, take)?;
        }
        Ok(self.read)
    }

    fn hand_on(&mut self, at: usize, take: Take<'_>) -> Result<(), Fault> {
        let ids = self.ids.finish();
        let finish = |column: &mut StringBuilder| Arc::new(column.finish()) as ArrayRef;
        let columns: Vec<ArrayRef> = self.columns.iter_mut().map(finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.starts.len()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
            .map_err(|e| Fault::new(at, Error::new(ErrorKind::Internal, e.to_string())))?;
        let starts = std::mem::take(&mut self.starts);
        take(&ids, batch).map_err(|BatchFault { row, error }| {
            let start = row.and_then(|row| starts.get(row));
            Fault::new(start.copied().unwrap_or(at), error)
        })
    }
}
