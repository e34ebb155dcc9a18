//! The filter of a Parquet file: the types of its columns, and which row groups its statistics rule out.

use super::footer::{RowGroup, decode_error};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::{Bounds, RowFilter, Statistics, Type};
use crate::scan::filtered::FileFilter;
use crate::scan::live::Constant;
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::{ProjectionMask, parquet_to_arrow_schema_by_columns};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};

/// Binds a filter to the columns of a file.
///
/// # Errors
/// Those of [`FileFilter::new`].
pub(super) fn bind(
    filter: &RowFilter,
    metadata: &ParquetMetaData,
    partitions: &[Constant],
) -> Result<FileFilter> {
    let schema = metadata.file_metadata().schema_descr();
    let paths = schema.columns().iter().map(|column| column.path().string());
    let paths: Vec<String> = paths.collect();
    FileFilter::new(filter, &paths, partitions, |leaf| {
        let column = schema.column(leaf);
        if column.max_rep_level() > 0 {
            let text = format!("column {} is within a list", column.path().string());
            return Err(Error::usage(text).hint("unnest it to one value a row"));
        }
        field_of(schema, leaf).map(|field| Type::of(field.data_type()))
    })
}

/// The Arrow field of a leaf.
fn field_of(schema: &SchemaDescriptor, leaf: usize) -> Result<Field> {
    let mask = ProjectionMask::leaves(schema, [leaf]);
    let arrow: Schema =
        parquet_to_arrow_schema_by_columns(schema, mask, None).map_err(|e| decode_error(&e))?;
    let missing = || Error::new(ErrorKind::Internal, "a column without a type");
    let mut field = arrow.fields().first().ok_or_else(missing)?.as_ref().clone();
    while let DataType::Struct(fields) = field.data_type() {
        field = fields.first().ok_or_else(missing)?.as_ref().clone();
    }
    Ok(field)
}

/// The leaves that a filter reads.
pub(super) fn leaves(schema: &SchemaDescriptor, filter: &FileFilter) -> Vec<usize> {
    let columns = schema.columns().iter();
    let paths: Vec<String> = columns.map(|column| column.path().string()).collect();
    let names = filter.names().iter();
    names
        .filter_map(|name| paths.iter().position(|path| path == name))
        .collect()
}

/// Notes of which row groups statistics say that all rows are taken, or none.
///
/// # Errors
/// [`ErrorKind::Input`] if the footer makes no sense.
pub(super) fn decide(
    row_groups: &mut [RowGroup],
    metadata: &ParquetMetaData,
    filter: &FileFilter,
) -> Result<()> {
    let schema = metadata.file_metadata().schema_descr();
    let columns = leaves(schema, filter).into_iter();
    let columns = columns.map(|leaf| Ok((leaf, field_of(schema, leaf)?)));
    let columns = columns.collect::<Result<Vec<_>>>()?;
    for (group, stored) in row_groups.iter_mut().zip(metadata.row_groups()) {
        let statistics = GroupStatistics {
            schema,
            group: stored,
            columns: &columns,
        };
        group.decided = match filter.takes_none() {
            true => Some(false),
            false => filter.bound().decided_by(&statistics),
        };
    }
    Ok(())
}

/// What a footer says of the columns of a filter in one row group.
struct GroupStatistics<'a> {
    schema: &'a SchemaDescriptor,
    group: &'a RowGroupMetaData,
    columns: &'a [(usize, Field)],
}

impl Statistics for GroupStatistics<'_> {
    fn rows(&self) -> u64 {
        u64::try_from(self.group.num_rows()).unwrap_or(0)
    }

    fn of(&self, slot: usize) -> Bounds {
        let (leaf, field) = &self.columns[slot];
        let converter = StatisticsConverter::from_column_index(*leaf, field, self.schema);
        let Ok(converter) = converter else {
            return Bounds::default();
        };
        // No count isn't none.
        let converter = converter.with_missing_null_counts_as_zero(false);
        let nulls = converter.row_group_null_counts([self.group]).ok();
        let nulls = nulls.and_then(|nulls| nulls.iter().next().flatten());
        if !self.is_ordered(*leaf, field) {
            return Bounds {
                nulls,
                ..Bounds::default()
            };
        }
        Bounds {
            least: converter.row_group_mins([self.group]).ok(),
            greatest: converter.row_group_maxes([self.group]).ok(),
            nulls,
        }
    }
}

impl GroupStatistics<'_> {
    /// Whether smallest and largest values are by the order that comparing goes by. Statistics of old
    /// compared bytes as signed.
    fn is_ordered(&self, leaf: usize, field: &Field) -> bool {
        let Some(statistics) = self.group.column(leaf).statistics() else {
            return false;
        };
        let is_signed = match field.data_type() {
            DataType::Boolean | DataType::Date32 | DataType::Timestamp(_, _) => true,
            other => other.is_signed_integer(),
        };
        is_signed || !statistics.is_min_max_deprecated()
    }
}

/// The columns of a filter in a batch, as nested as they are.
pub(super) fn columns(schema: &SchemaDescriptor, leaves: &[usize]) -> Vec<Vec<String>> {
    let parts = |column: &ColumnDescriptor| column.path().parts().to_vec();
    leaves
        .iter()
        .map(|&leaf| parts(&schema.column(leaf)))
        .collect()
}
