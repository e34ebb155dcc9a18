//! Rows of a block as Arrow arrays: the IDs, and other columns beside them as text.

use super::collect::{no_integer, not_utf8};
use super::integer::{Integer, plain_integer};
use super::layout::Fault;
use super::records::{Field, records};
use super::{Delimited, Form, Read};
use crate::error::{Error, ErrorKind, Result};
use arrow::array::{
    ArrayRef, Decimal128Array, Int64Array, RecordBatch, RecordBatchOptions, StringBuilder,
};
use arrow::datatypes::{DataType, Field as ArrowField, Schema};
use std::sync::Arc;

/// Rows that are handed on at a time.
const BATCH_ROWS: usize = 1 << 14;

/// Hands the rows on: the IDs as text or integers, the columns as text.
pub(super) fn rows(
    file: &Delimited,
    text: &[u8],
    form: Form,
    columns: &[usize],
    take: &mut dyn FnMut(&ArrayRef, RecordBatch) -> Result<()>,
) -> Result<Read, Fault> {
    super::layout::check_nul(text)?;
    let layout = &file.layout;
    let mut batch = Batch::new(file, form, columns);
    let mut read = Read::default();
    records(text, layout, |fields, at| {
        if fields.len() != layout.width {
            return Err(Fault::new(at, layout.ragged(fields.len())));
        }
        file.check_repeated(text, fields, at)?;
        let fault = |error| Fault::new(at, error);
        read.tally.rows += 1;
        if let Some(named) = batch.null(text, fields[layout.id]) {
            read.tally.nulls += 1;
            read.named_nulls += u64::from(named);
            batch.ids.push(None);
        } else {
            batch.push_id(text, fields[layout.id], at)?;
        }
        for (builder, &column) in batch.columns.iter_mut().zip(columns) {
            push_text(builder, text, fields[column]).map_err(fault)?;
        }
        batch.rows += 1;
        match batch.rows {
            BATCH_ROWS => batch.hand_on(take).map_err(fault),
            _ => Ok(()),
        }
    })?;
    if batch.rows > 0 {
        batch
            .hand_on(take)
            .map_err(|error| Fault::new(text.len(), error))?;
    }
    Ok(read)
}

/// IDs of either form.
enum Ids {
    Text(StringBuilder),
    Integers(Vec<Option<i128>>),
}

impl Ids {
    fn push(&mut self, null: Option<i128>) {
        match self {
            Self::Text(texts) => texts.append_null(),
            Self::Integers(integers) => integers.push(null),
        }
    }

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
                        Decimal128Array::from(std::mem::take(integers)).with_data_type(
                            DataType::Decimal128(arrow::datatypes::DECIMAL128_MAX_PRECISION, 0),
                        ),
                    ),
                }
            }
        }
    }
}

struct Batch<'a> {
    file: &'a Delimited,
    ids: Ids,
    columns: Vec<StringBuilder>,
    schema: Arc<Schema>,
    rows: usize,
}

impl<'a> Batch<'a> {
    fn new(file: &'a Delimited, form: Form, columns: &[usize]) -> Self {
        let field = |&column: &usize| ArrowField::new(&file.names[column], DataType::Utf8, true);
        let fields: Vec<ArrowField> = columns.iter().map(field).collect();
        Self {
            file,
            ids: match form {
                Form::Text => Ids::Text(StringBuilder::new()),
                Form::Integers => Ids::Integers(Vec::new()),
            },
            columns: columns.iter().map(|_| StringBuilder::new()).collect(),
            schema: Arc::new(Schema::new(fields)),
            rows: 0,
        }
    }

    /// Whether an ID is null; if so, whether by a text that means null.
    fn null(&self, text: &[u8], id: Field) -> Option<bool> {
        if id.is_null() {
            return Some(false);
        }
        self.file.nulls.contains(&id.text(text)).then_some(true)
    }

    fn push_id(&mut self, text: &[u8], field: Field, at: usize) -> Result<(), Fault> {
        let fault = |error| Fault::new(at, error);
        let id = field.text(text);
        self.file.limits.check_value(id.len()).map_err(fault)?;
        match &mut self.ids {
            Ids::Text(texts) => push_text(
                texts,
                text,
                Field {
                    quoted: true,
                    ..field
                },
            )
            .map_err(fault),
            Ids::Integers(integers) => {
                let value = match plain_integer(&id) {
                    Some(Integer::Narrow(value)) => i128::from(value),
                    Some(Integer::Wide(value)) => value,
                    None => return Err(no_integer(&id, at)),
                };
                integers.push(Some(value));
                Ok(())
            }
        }
    }

    fn hand_on(
        &mut self,
        take: &mut dyn FnMut(&ArrayRef, RecordBatch) -> Result<()>,
    ) -> Result<()> {
        let ids = self.ids.finish();
        let columns: Vec<ArrayRef> = self
            .columns
            .iter_mut()
            .map(|column| Arc::new(column.finish()) as ArrayRef)
            .collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
            .map_err(|e| Error::new(ErrorKind::Internal, e.to_string()))?;
        self.rows = 0;
        take(&ids, batch)
    }
}

/// Appends the text of a field, null if it is empty and not quoted.
fn push_text(texts: &mut StringBuilder, block: &[u8], field: Field) -> Result<()> {
    if field.is_null() {
        texts.append_null();
        return Ok(());
    }
    let bytes = field.text(block);
    let text = std::str::from_utf8(&bytes).map_err(|_| not_utf8())?;
    texts.append_value(text);
    Ok(())
}
