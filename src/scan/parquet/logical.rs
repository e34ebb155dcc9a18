//! The schema of a file with the names that its table gives its columns.

use super::footer::decode_error;
use crate::error::{Error, Result};
use crate::scan::live::{Column, ColumnKey, Columns};
use parquet::file::metadata::{FileMetaData, ParquetMetaData};
use parquet::schema::types::{BasicTypeInfo, SchemaDescriptor, Type, TypePtr};
use std::sync::Arc;

/// The same metadata, whose schema calls the columns as the table does.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if the schema makes no sense.
pub(super) fn renamed(metadata: &ParquetMetaData, columns: &Columns) -> Result<ParquetMetaData> {
    let file = metadata.file_metadata();
    let root = file.schema_descr().root_schema();
    let (key, columns) = match (columns.key, &columns.without_ids) {
        (ColumnKey::Ids, without) if !root.get_fields().iter().any(|field| has_id(field)) => {
            let lacks = "its columns have no field IDs, and its table names none of them";
            let without = without.as_ref().ok_or_else(|| Error::input(lacks))?;
            (ColumnKey::Names, without)
        }
        _ => (columns.key, &columns.columns),
    };
    let fields = fields(root.get_fields(), key, columns)?;
    let root = Type::group_type_builder(root.name()).with_fields(fields);
    let root = root.build().map_err(|e| decode_error(&e))?;
    let file = FileMetaData::new(
        file.version(),
        file.num_rows(),
        file.created_by().map(str::to_owned),
        None,
        Arc::new(SchemaDescriptor::new(Arc::new(root))),
        file.column_orders().cloned(),
    );
    Ok(ParquetMetaData::new(file, metadata.row_groups().to_vec()))
}

/// Whether a field or any in it has a field ID.
fn has_id(field: &Type) -> bool {
    let inner = match field {
        Type::PrimitiveType { .. } => &[],
        Type::GroupType { fields, .. } => &fields[..],
    };
    field.get_basic_info().has_id() || inner.iter().any(|field| has_id(field))
}

fn fields(stored: &[TypePtr], key: ColumnKey, columns: &[Column]) -> Result<Vec<TypePtr>> {
    let field = |field: &TypePtr| {
        let info = field.get_basic_info();
        let id = info.has_id().then(|| info.id());
        match key.find(columns, info.name(), id) {
            Some(column) => with_name(field, &column.name, key, &column.fields),
            // A column that was dropped must not be taken for one that is called alike now.
            None => with_name(field, &format!("{} (dropped)", info.name()), key, &[]),
        }
    };
    stored.iter().map(field).collect()
}

/// A field under another name, and so are the fields of a struct.
fn with_name(field: &Type, name: &str, key: ColumnKey, columns: &[Column]) -> Result<TypePtr> {
    let info: &BasicTypeInfo = field.get_basic_info();
    let id = info.has_id().then(|| info.id());
    let renamed = match field {
        Type::PrimitiveType {
            physical_type,
            type_length,
            scale,
            precision,
            ..
        } => Type::primitive_type_builder(name, *physical_type)
            .with_repetition(info.repetition())
            .with_converted_type(info.converted_type())
            .with_logical_type(info.logical_type_ref().cloned())
            .with_length(*type_length)
            .with_precision(*precision)
            .with_scale(*scale)
            .with_id(id)
            .build(),
        Type::GroupType { fields: inner, .. } => Type::group_type_builder(name)
            .with_repetition(info.repetition())
            .with_converted_type(info.converted_type())
            .with_logical_type(info.logical_type_ref().cloned())
            .with_id(id)
            .with_fields(match columns {
                // A list or map: no ID and no segment comes of it.
                [] => inner.clone(),
                _ => fields(inner, key, columns)?,
            })
            .build(),
    };
    renamed.map(Arc::new).map_err(|e| decode_error(&e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::schema::parser::parse_message_type;

    fn column(name: &str, stored: &str, id: i32, fields: Vec<Column>) -> Column {
        Column {
            name: name.into(),
            stored: stored.into(),
            id: Some(id),
            fields,
        }
    }

    fn paths(key: ColumnKey) -> Vec<String> {
        let text = "message m { optional int64 c1 = 1; required group c2 = 2 {
            optional binary c3 (UTF8) = 3; } required int64 user_id = 9; }";
        let schema = parse_message_type(text).expect("a schema");
        let inner = vec![column("id", "c3", 3, Vec::new())];
        let columns = [
            column("user_id", "c1", 1, Vec::new()),
            column("user", "c2", 2, inner),
        ];
        let fields = fields(schema.get_fields(), key, &columns).expect("fields");
        let root = Type::group_type_builder("m").with_fields(fields).build();
        let schema = SchemaDescriptor::new(Arc::new(root.expect("a schema")));
        let columns = schema.columns().iter();
        columns.map(|column| column.path().string()).collect()
    }

    #[test]
    fn columns_have_the_names_of_the_table_and_dropped_ones_none_of_them() {
        let expected = ["user_id", "user.id", "user_id (dropped)"];
        assert_eq!(paths(ColumnKey::Names), expected);
        assert_eq!(paths(ColumnKey::Ids), expected);
    }
}
