//! What a function returns: values, their types, and how they get into DuckDB's vectors.

use crate::border::LogicalType;
use libduckdb_sys as ffi;
use std::ffi::CStr;

/// The type of a value that is returned.
#[derive(Clone, Copy)]
pub enum Kind {
    BigInt,
    Double,
    Boolean,
    Text,
    Blob,
    Struct(&'static [(&'static CStr, Kind)]),
}

impl Kind {
    /// DuckDB's type.
    pub fn logical_type(self) -> LogicalType {
        LogicalType::plain(match self {
            Self::BigInt => ffi::DUCKDB_TYPE_DUCKDB_TYPE_BIGINT,
            Self::Double => ffi::DUCKDB_TYPE_DUCKDB_TYPE_DOUBLE,
            Self::Boolean => ffi::DUCKDB_TYPE_DUCKDB_TYPE_BOOLEAN,
            Self::Text => ffi::DUCKDB_TYPE_DUCKDB_TYPE_VARCHAR,
            Self::Blob => ffi::DUCKDB_TYPE_DUCKDB_TYPE_BLOB,
            Self::Struct(fields) => {
                let fields: Vec<_> = fields
                    .iter()
                    .map(|(name, kind)| (*name, kind.logical_type()))
                    .collect();
                return LogicalType::structure(&fields);
            }
        })
    }
}

/// A value of such a type.
pub enum Value {
    Null,
    BigInt(i64),
    Double(f64),
    Boolean(bool),
    Text(String),
    Blob(Vec<u8>),
    /// A value for each field, in order.
    Struct(Vec<Value>),
}

impl Value {
    /// The value, or null.
    pub fn or_null<T>(value: Option<T>, make: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Null, make)
    }
}

/// A vector to write to.
#[derive(Clone, Copy)]
pub struct Output {
    raw: ffi::duckdb_vector,
    kind: Kind,
}

impl Output {
    /// # Safety
    /// `raw` is a flat vector of the type `kind`, which lives as long as this.
    pub unsafe fn new(raw: ffi::duckdb_vector, kind: Kind) -> Self {
        Self { raw, kind }
    }

    /// Writes the value of a row.
    ///
    /// # Safety
    /// The vector has room for the row.
    pub unsafe fn set(self, row: usize, value: &Value) {
        let at = row as ffi::idx_t;
        // SAFETY: the vector is of `kind`, and the row is within it. A STRUCT's fields are vectors of the same rows.
        unsafe {
            match (self.kind, value) {
                (Kind::BigInt, Value::BigInt(value)) => self.write(row, *value),
                (Kind::Double, Value::Double(value)) => self.write(row, *value),
                (Kind::Boolean, Value::Boolean(value)) => self.write(row, *value),
                (Kind::Text, Value::Text(text)) => self.write_bytes(at, text.as_bytes()),
                (Kind::Blob, Value::Blob(bytes)) => self.write_bytes(at, bytes),
                (Kind::Struct(fields), Value::Struct(values)) => {
                    assert!(fields.len() == values.len(), "a value for each field");
                    for (number, value) in values.iter().enumerate() {
                        self.field(fields, number).set(row, value);
                    }
                }
                (kind, Value::Null) => {
                    ffi::duckdb_vector_ensure_validity_writable(self.raw);
                    let mask = ffi::duckdb_vector_get_validity(self.raw);
                    ffi::duckdb_validity_set_row_invalid(mask, at);
                    // What is behind a null is copied all the same.
                    if let Kind::Struct(fields) = kind {
                        for number in 0..fields.len() {
                            self.field(fields, number).set(row, &Value::Null);
                        }
                    }
                }
                _ => unreachable!("a value of another type than its function returns"),
            }
        }
    }

    /// # Safety
    /// The vector is a STRUCT of `fields`.
    unsafe fn field(self, fields: &[(&'static CStr, Kind)], number: usize) -> Self {
        Self {
            // SAFETY: the caller's.
            raw: unsafe { ffi::duckdb_struct_vector_get_child(self.raw, number as ffi::idx_t) },
            kind: fields[number].1,
        }
    }

    /// # Safety
    /// The vector's values are stored as `T`, and the row is within it.
    unsafe fn write<T>(self, row: usize, value: T) {
        // SAFETY: the caller's.
        unsafe {
            let data: *mut T = ffi::duckdb_vector_get_data(self.raw).cast();
            data.add(row).write(value);
        }
    }

    /// # Safety
    /// The vector is of texts or blobs, and the row is within it.
    unsafe fn write_bytes(self, row: ffi::idx_t, bytes: &[u8]) {
        // SAFETY: the bytes are copied.
        unsafe {
            ffi::duckdb_vector_assign_string_element_len(
                self.raw,
                row,
                bytes.as_ptr().cast(),
                bytes.len() as ffi::idx_t,
            );
        }
    }
}
