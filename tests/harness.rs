//! Runs the binary and writes the files that tests need.

use arrow::array::{ArrayRef, RecordBatch};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::file::metadata::{
    ColumnChunkMetaData, FileMetaData, ParquetMetaDataBuilder, ParquetMetaDataWriter,
    RowGroupMetaData,
};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::SchemaDescriptor;
use serde_json::Value;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

/// What the binary answered.
#[derive(Debug)]
pub struct Answer {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Answer {
    /// The answer as JSON, of a run that must have succeeded.
    pub fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{self:?}");
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// Asserts the exit code, and that stderr says each of `words` and nothing of a panic.
    #[track_caller]
    pub fn fails(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        for word in words {
            assert!(
                self.stderr.contains(word),
                "{word:?} is not in {}",
                self.stderr
            );
        }
        assert_eq!(self.stdout, "");
    }
}

/// The names and users of the sides, or segments, of a report.
pub fn users_of_sides(report: &Value) -> Vec<(String, u64)> {
    let side = |side: &Value| {
        let users = side["users"]["value"].as_f64().unwrap().round();
        (side["name"].as_str().unwrap().to_owned(), users as u64)
    };
    report["sides"]
        .as_array()
        .unwrap()
        .iter()
        .map(side)
        .collect()
}

pub fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_overlap"))
}

/// Runs `overlap` with arguments.
pub fn overlap<S: AsRef<OsStr>>(arguments: &[S]) -> Answer {
    let output = command()
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Answer {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A folder that is gone when the test is.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn bytes(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().into()
    }

    /// A Parquet file of one column `user_id`.
    pub fn ids(&self, name: &str, ids: ArrayRef) -> String {
        self.batch(name, &[("user_id", ids)], WriterProperties::default())
    }

    /// A Parquet file of named columns, all of which may be null.
    pub fn batch(
        &self,
        name: &str,
        columns: &[(&str, ArrayRef)],
        properties: WriterProperties,
    ) -> String {
        let columns = columns
            .iter()
            .map(|(name, array)| (*name, Arc::clone(array), true));
        let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        self.write(name, &batch, properties)
    }

    /// A Parquet file of one column `user_id` that can't be null.
    pub fn required(&self, name: &str, ids: &ArrayRef, properties: WriterProperties) -> String {
        let columns = [("user_id", Arc::clone(ids), false)];
        let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        self.write(name, &batch, properties)
    }

    fn write(&self, name: &str, batch: &RecordBatch, properties: WriterProperties) -> String {
        let mut bytes = Vec::new();
        let mut writer =
            ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
        writer.write(batch).unwrap();
        writer.close().unwrap();
        self.bytes(name, &bytes)
    }
}

/// A file whose one column chunk consists of just these pages, whatever they say.
pub struct RawFile<'a> {
    /// Such as `OPTIONAL INT64 user_id;`.
    pub column: &'a str,
    pub pages: Vec<Page>,
    pub rows: i64,
    /// What the footer says of the dictionary page, if not its offset.
    pub dictionary_offset: Option<Option<i64>>,
    /// What the pages are said to be compressed with.
    pub codec: Compression,
    /// What each page is said to be long when it is decompressed, if not its length.
    pub uncompressed: Option<usize>,
    /// The other file in which the column is said to be.
    pub file_path: Option<String>,
}

impl<'a> RawFile<'a> {
    /// Pages that are what they seem.
    pub fn plain(column: &'a str, pages: Vec<Page>, rows: i64) -> Self {
        Self {
            column,
            pages,
            rows,
            dictionary_offset: None,
            codec: Compression::UNCOMPRESSED,
            uncompressed: None,
            file_path: None,
        }
    }
}

impl RawFile<'_> {
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = TrackedWrite::new(Vec::new());
        out.write_all(b"PAR1").unwrap();
        let (mut dictionary, mut data) = (None, None);
        for page in &self.pages {
            let is_data = !matches!(page, Page::DictionaryPage { .. });
            let length = self.uncompressed.unwrap_or(page.buffer().len());
            let page = CompressedPage::new(page.clone(), length);
            let at = SerializedPageWriter::new(&mut out)
                .write_page(page)
                .unwrap()
                .offset;
            let first = if is_data { &mut data } else { &mut dictionary };
            first.get_or_insert(i64::try_from(at).unwrap());
        }
        let dictionary = self.dictionary_offset.unwrap_or(dictionary);
        self.with_footer(out.into_inner().unwrap(), dictionary, data)
    }

    /// The footer behind a column chunk.
    pub fn with_footer(
        &self,
        mut bytes: Vec<u8>,
        dictionary: Option<i64>,
        data: Option<i64>,
    ) -> Vec<u8> {
        let schema = parse_message_type(&format!("message m {{ {} }}", self.column)).unwrap();
        let schema = Arc::new(SchemaDescriptor::new(Arc::new(schema)));
        let size = i64::try_from(bytes.len()).unwrap() - 4;
        let chunk = ColumnChunkMetaData::builder(schema.column(0))
            .set_num_values(self.rows)
            .set_compression(self.codec)
            .set_total_compressed_size(size)
            .set_total_uncompressed_size(size)
            .set_dictionary_page_offset(dictionary)
            .set_data_page_offset(data.unwrap_or(4));
        let chunk = match &self.file_path {
            Some(path) => chunk.set_file_path(path.clone()),
            None => chunk,
        };
        let chunk = chunk.build().unwrap();
        let group = RowGroupMetaData::builder(Arc::clone(&schema))
            .set_num_rows(self.rows)
            .set_total_byte_size(size)
            .set_column_metadata(vec![chunk])
            .build()
            .unwrap();
        let file = FileMetaData::new(2, self.rows, None, None, schema, None);
        let metadata = ParquetMetaDataBuilder::new(file)
            .set_row_groups(vec![group])
            .build();
        ParquetMetaDataWriter::new(&mut bytes, &metadata)
            .finish()
            .unwrap();
        bytes
    }
}

/// Where a Parquet file's footer begins.
pub fn footer_start(bytes: &[u8]) -> usize {
    let tail = bytes.len() - 8;
    let length = u32::from_le_bytes(bytes[tail..tail + 4].try_into().unwrap());
    tail - length as usize
}

/// The data that the repository ships.
pub fn data(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data")
        .join(name);
    path.to_str().unwrap().into()
}

/// Users of a side, or of the whole, in a JSON report.
pub fn users(report: &Value, pointer: &str) -> u64 {
    report
        .pointer(&format!("{pointer}/value"))
        .and_then(Value::as_u64)
        .unwrap()
}

/// The exact users of one file: rows, nulls, users; and everything else that it answers agrees.
#[track_caller]
pub fn count(path: &str) -> (u64, u64, u64) {
    let report = overlap(&["exact", path, "--format", "json"]).json();
    let side = &report["sides"][0];
    let number = |name: &str| side[name].as_u64().unwrap();
    let counted = (number("rows"), number("nulls"), users(side, "/users"));
    let estimate = overlap(&["estimate", path, "--format", "json"]).json();
    assert_eq!(
        users(&estimate["sides"][0], "/users"),
        counted.2,
        "estimate and exact disagree"
    );
    crate::detectors::never_silently_wrong(path);
    counted
}
