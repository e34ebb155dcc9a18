//! The border to DuckDB's C API: vectors become slices, panics and errors become errors of the query.
//!
//! All that has to be taken on trust is here and in the callbacks: what DuckDB promises of its vectors. Behind this
//! file everything is safe Rust. Must not know sketches.

use libduckdb_sys as ffi;
use std::ffi::{CStr, CString};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What went wrong in a call, as DuckDB's user reads it.
pub type Answer<T> = Result<T, String>;

/// Runs a call of DuckDB's. A panic must not cross the border: it is an error like any other.
pub fn guarded(fail: impl FnOnce(&CStr), call: impl FnOnce() -> Answer<()>) {
    let done = catch_unwind(AssertUnwindSafe(call));
    let text = match done {
        Ok(Ok(())) => return,
        Ok(Err(text)) => text,
        Err(panic) => {
            let text = (panic.downcast_ref::<&str>().copied())
                .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            format!("a bug: {}", text.unwrap_or("the extension panicked"))
        }
    };
    let text = format!("overlap: {text}").replace('\0', "");
    fail(&CString::new(text).unwrap_or_default());
}

/// A type of DuckDB's.
pub struct LogicalType(ffi::duckdb_logical_type);

impl LogicalType {
    /// The type of a plain value, or `ANY`.
    pub fn plain(kind: ffi::DUCKDB_TYPE) -> Self {
        // SAFETY: takes any number; unknown ones make an invalid type, which registration refuses.
        Self(unsafe { ffi::duckdb_create_logical_type(kind) })
    }

    /// The type of a STRUCT of named fields.
    pub fn structure(fields: &[(&CStr, Self)]) -> Self {
        let mut names: Vec<_> = fields.iter().map(|(name, _)| name.as_ptr()).collect();
        let mut types: Vec<_> = fields.iter().map(|(_, field)| field.0).collect();
        let count = fields.len() as ffi::idx_t;
        // SAFETY: both lists have `count` entries, which are copied.
        Self(unsafe {
            ffi::duckdb_create_struct_type(types.as_mut_ptr(), names.as_mut_ptr(), count)
        })
    }

    /// For the functions that take it.
    pub fn raw(&self) -> ffi::duckdb_logical_type {
        self.0
    }

    fn kind(&self) -> ffi::DUCKDB_TYPE {
        // SAFETY: `self.0` is a type until it is dropped.
        unsafe { ffi::duckdb_get_type_id(self.0) }
    }

    /// The names of the fields of a STRUCT.
    fn field_names(&self) -> Vec<String> {
        // SAFETY: asked of a STRUCT only; the names are ours to free.
        unsafe {
            let count = ffi::duckdb_struct_type_child_count(self.0);
            let name = |field| {
                let raw = ffi::duckdb_struct_type_child_name(self.0, field);
                let name = CStr::from_ptr(raw).to_string_lossy().into_owned();
                ffi::duckdb_free(raw.cast());
                name
            };
            (0..count).map(name).collect()
        }
    }

    /// The integers that values of a DECIMAL are stored as, and its places behind the point.
    fn decimal(&self) -> (ffi::DUCKDB_TYPE, u8) {
        // SAFETY: asked of a DECIMAL only.
        unsafe {
            (
                ffi::duckdb_decimal_internal_type(self.0),
                ffi::duckdb_decimal_scale(self.0),
            )
        }
    }
}

impl Drop for LogicalType {
    fn drop(&mut self) {
        // SAFETY: it was created, and nobody else destroys it.
        unsafe { ffi::duckdb_destroy_logical_type(&raw mut self.0) }
    }
}

/// The rows of one call, whose vectors DuckDB has made flat.
pub struct Chunk<'a> {
    raw: ffi::duckdb_data_chunk,
    rows: usize,
    life: PhantomData<&'a ()>,
}

impl<'a> Chunk<'a> {
    /// # Safety
    /// `raw` is a chunk that lives for `'a`.
    pub unsafe fn new(raw: ffi::duckdb_data_chunk) -> Self {
        // SAFETY: the caller's.
        let rows = unsafe { ffi::duckdb_data_chunk_get_size(raw) } as usize;
        Self {
            raw,
            rows,
            life: PhantomData,
        }
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn columns(&self) -> usize {
        // SAFETY: the chunk lives.
        unsafe { ffi::duckdb_data_chunk_get_column_count(self.raw) as usize }
    }

    /// The column of that number, which is there.
    pub fn column(&self, number: usize) -> Vector<'a> {
        assert!(number < self.columns(), "a column that isn't there");
        Vector {
            // SAFETY: the column is there, and lives as long as its chunk.
            raw: unsafe { ffi::duckdb_data_chunk_get_vector(self.raw, number as ffi::idx_t) },
            rows: self.rows,
            life: PhantomData,
        }
    }
}

/// Values of one type. Those of rows that are null mean nothing.
pub enum Values<'a> {
    I8(&'a [i8]),
    I16(&'a [i16]),
    I32(&'a [i32]),
    I64(&'a [i64]),
    U8(&'a [u8]),
    U16(&'a [u16]),
    U32(&'a [u32]),
    U64(&'a [u64]),
    Huge(&'a [ffi::duckdb_hugeint]),
    UnsignedHuge(&'a [ffi::duckdb_uhugeint]),
    F64(&'a [f64]),
    Text(Strings<'a>),
    Blob(Strings<'a>),
    /// As hugeints whose highest bit is turned over, which sorts them like their text.
    Uuid(&'a [ffi::duckdb_hugeint]),
    /// Fields by name.
    Struct(Vec<(String, Vector<'a>)>),
    /// Nulls of no type.
    Nothing,
    /// A type that nobody here asks for, by its SQL name.
    Other(&'static str),
}

/// Texts or blobs.
#[derive(Clone, Copy)]
pub struct Strings<'a>(&'a [ffi::duckdb_string_t]);

impl<'a> Strings<'a> {
    /// The bytes of a row that isn't null.
    pub fn get(self, row: usize) -> &'a [u8] {
        /// Strings of up to so many bytes lie in their slot.
        const INLINED_MAX: usize = 12;
        let slot = &self.0[row];
        // SAFETY: both forms begin with the length; short strings lie in the slot, others where it points to, as
        // long as the vector is there.
        unsafe {
            let length = slot.value.inlined.length as usize;
            let start = if length <= INLINED_MAX {
                (&raw const slot.value.inlined.inlined).cast()
            } else {
                slot.value.pointer.ptr.cast_const().cast()
            };
            std::slice::from_raw_parts(start, length)
        }
    }
}

/// Which rows of a vector are there: a bit a row, or all of them.
#[derive(Clone, Copy)]
pub struct Validity<'a>(Option<&'a [u64]>);

impl Validity<'_> {
    pub fn is_valid(self, row: usize) -> bool {
        self.0
            .is_none_or(|bits| bits[row / 64] >> (row % 64) & 1 == 1)
    }

    /// How many of those rows are there.
    pub fn count(self, rows: std::ops::Range<usize>) -> usize {
        match self.0 {
            None => rows.len(),
            Some(_) => rows.filter(|&row| self.is_valid(row)).count(),
        }
    }
}

/// A column of a chunk, or a field of one.
#[derive(Clone, Copy)]
pub struct Vector<'a> {
    raw: ffi::duckdb_vector,
    rows: usize,
    life: PhantomData<&'a ()>,
}

impl<'a> Vector<'a> {
    fn logical_type(&self) -> LogicalType {
        // SAFETY: the vector lives; the type is ours to destroy.
        LogicalType(unsafe { ffi::duckdb_vector_get_column_type(self.raw) })
    }

    pub fn validity(&self) -> Validity<'a> {
        // SAFETY: the mask has a bit for every row, or isn't there.
        let mask = unsafe { ffi::duckdb_vector_get_validity(self.raw) };
        let words = self.rows.div_ceil(64);
        Validity((!mask.is_null()).then(|| {
            // SAFETY: see above; it lives as long as its vector.
            unsafe { std::slice::from_raw_parts(mask.cast_const(), words) }
        }))
    }

    /// Its values, by its type.
    pub fn values(&self) -> Values<'a> {
        let logical = self.logical_type();
        let mut kind = logical.kind();
        if kind == ffi::DUCKDB_TYPE_DUCKDB_TYPE_DECIMAL {
            match logical.decimal() {
                (stored, 0) => kind = stored,
                _ => return Values::Other("DECIMAL with places behind the point"),
            }
        }
        // SAFETY: each arm reads what its type is stored as.
        unsafe {
            match kind {
                ffi::DUCKDB_TYPE_DUCKDB_TYPE_TINYINT => Values::I8(self.slice()),
                ffi::DUCKDB_TYPE_DUCKDB_TYPE_SMALLINT => Values::I16(self.slice()),
                ffi::DUCKDB_TYPE_DUCKDB_TYPE_INTEGER => Values::I32(self.slice()),
                ffi::DUCKDB_TYPE_DUCKDB_TYPE_BIGINT => Values::I64(self.slice()),
                ffi::DUCKDB_TYPE_DUCKDB_TYPE_UTINYINT => Values::U8(self.slice()),
                ffi::DUCKDB_TYPE_DUCKDB_TYPE_USMALLINT => Values::U16(self.slice()),
                ffi::DUCKDB_TYPE_DUCKDB_TYPE_UINTEGER => Values::U32(self.slice()),
                ffi::DUCKDB_TYPE_DUCKDB_TYPE_UBIGINT => Values::U64(self.slice()),
                ffi::DUCKDB_TYPE_DUCKDB_TYPE_HUGEINT => Values::Huge(self.slice()),
                ffi::DUCKDB_TYPE_DUCKDB_TYPE_UHUGEINT => Values::UnsignedHuge(self.slice()),
                ffi::DUCKDB_TYPE_DUCKDB_TYPE_DOUBLE => Values::F64(self.slice()),
                ffi::DUCKDB_TYPE_DUCKDB_TYPE_VARCHAR => Values::Text(Strings(self.slice())),
                ffi::DUCKDB_TYPE_DUCKDB_TYPE_BLOB => Values::Blob(Strings(self.slice())),
                ffi::DUCKDB_TYPE_DUCKDB_TYPE_UUID => Values::Uuid(self.slice()),
                ffi::DUCKDB_TYPE_DUCKDB_TYPE_STRUCT => self.fields(&logical),
                ffi::DUCKDB_TYPE_DUCKDB_TYPE_SQLNULL => Values::Nothing,
                other => Values::Other(name_of(other)),
            }
        }
    }

    /// # Safety
    /// The vector is flat and its values are stored as `T`.
    unsafe fn slice<T>(&self) -> &'a [T] {
        if self.rows == 0 {
            return &[];
        }
        // SAFETY: the vector lives.
        let data: *const T = unsafe { ffi::duckdb_vector_get_data(self.raw) }.cast();
        assert!(
            data.is_aligned() && !data.is_null(),
            "a vector without values"
        );
        // SAFETY: a flat vector has a value for each row of its chunk; the rest is the caller's.
        unsafe { std::slice::from_raw_parts(data, self.rows) }
    }

    fn fields(&self, logical: &LogicalType) -> Values<'a> {
        let names = logical.field_names().into_iter().enumerate();
        let fields = names.map(|(number, name)| {
            let field = Vector {
                // SAFETY: the field is there, and lives as long as its STRUCT.
                raw: unsafe { ffi::duckdb_struct_vector_get_child(self.raw, number as ffi::idx_t) },
                rows: self.rows,
                life: PhantomData,
            };
            (name, field)
        });
        Values::Struct(fields.collect())
    }
}

/// The SQL name of a type that can't be used.
fn name_of(kind: ffi::DUCKDB_TYPE) -> &'static str {
    match kind {
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_BOOLEAN => "BOOLEAN",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_FLOAT => "FLOAT",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_DOUBLE => "DOUBLE",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_DATE => "DATE",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_TIME => "TIME",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_INTERVAL => "INTERVAL",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_ENUM => "ENUM",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_LIST => "LIST",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_ARRAY => "ARRAY",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_MAP => "MAP",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_UNION => "UNION",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_BIT => "BIT",
        ffi::DUCKDB_TYPE_DUCKDB_TYPE_TIMESTAMP
        | ffi::DUCKDB_TYPE_DUCKDB_TYPE_TIMESTAMP_S
        | ffi::DUCKDB_TYPE_DUCKDB_TYPE_TIMESTAMP_MS
        | ffi::DUCKDB_TYPE_DUCKDB_TYPE_TIMESTAMP_NS
        | ffi::DUCKDB_TYPE_DUCKDB_TYPE_TIMESTAMP_TZ => "TIMESTAMP",
        _ => "of a type that is no ID",
    }
}
