//! Rows of a block as Arrow arrays.

use super::Delimited;
use super::records::records;
use crate::reader::batch::{Batch, Take};
use crate::reader::fault::Fault;
use crate::reader::glance::Glance;
use crate::reader::text::{Form, RowsRead};

/// Hands the rows on: the IDs as text or integers, the columns as text.
pub(super) fn rows(
    file: &Delimited,
    text: &[u8],
    glance: &Glance,
    form: Form,
    (columns, take): (&[usize], Take<'_>),
) -> Result<RowsRead, Fault> {
    super::layout::check_nul(text, glance)?;
    let layout = &file.layout;
    let names = columns.iter().map(|&column| &file.names[column]);
    let mut batch = Batch::new(names, form, &file.limits);
    records(text, layout, |fields, at| {
        if fields.len() != layout.width {
            return Err(Fault::new(at, layout.ragged(fields.len())));
        }
        file.check_repeated(text, fields, at)?;
        let fault = |error| Fault::new(at, error);
        let id = fields[layout.id];
        let value = id.text(text);
        if id.is_null() || file.nulls.contains(&value) {
            batch.null(!id.is_null());
        } else {
            batch.id(&value, at)?;
        }
        for (number, &column) in columns.iter().enumerate() {
            let field = fields[column];
            let value = field.text(text);
            let value = (!field.is_null()).then_some(&*value);
            batch.column(number, value).map_err(fault)?;
        }
        batch.end_row(at, take)
    })?;
    batch.finish(text.len(), take)
}
