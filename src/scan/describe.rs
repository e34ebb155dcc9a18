//! What a data file is, as far as its beginning or its footer tells: no value is counted.

use super::arrow::id_domain;
use super::column::{IdType, type_name};
use super::header::{hides_its_names, names_of};
use super::ipc::IpcContents;
use super::names::{self, may_be_users};
use super::parquet::metadata_of;
use super::store::{InputFile, Sequential};
use super::text::{self, HEAD_BYTES, check_is_text, dialect_of};
use super::{IdSelection, file, json};
use crate::error::{Error, Result};
use crate::reader::{Kind, Packing, delimiter_name, explain, head_of, text_of};
use parquet::file::metadata::RowGroupMetaData;
use parquet::schema::types::SchemaDescriptor;
use std::io::{self, Read as _};
use std::path::Path;

/// What a data file says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFacts {
    /// The format, as people call it.
    pub format: &'static str,
    /// What the file, or the pages and buffers in it, are compressed with; empty if with nothing.
    pub compression: Vec<String>,
    /// What is known of text.
    pub text: Option<TextFacts>,
    /// Rows, if they are known without reading all of the file.
    pub rows: Option<u64>,
    /// The columns; of JSON lines those that the first records have.
    pub columns: Vec<ColumnFacts>,
    /// The column that is read where none is named; `None` if one has to be named.
    pub id: Option<String>,
}

/// How the records of delimited text are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFacts {
    /// What separates the fields, in a word; `None` if every line is one field.
    pub delimiter: Option<String>,
    /// Whether the first record is the names of the columns; `None` if that can't be told.
    pub header: Option<bool>,
}

/// A column of a data file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnFacts {
    /// Its dotted path, or its number, as it can be shown.
    pub name: String,
    /// What it holds: the type that is stored, or what the first values of text look like.
    pub kind: String,
    /// Whether its name and its type are those of IDs.
    pub may_be_id: bool,
}

impl ColumnFacts {
    fn new(name: &str, kind: String, can_be_id: bool) -> Self {
        Self {
            name: names::shown(name),
            kind,
            may_be_id: can_be_id && may_be_users(name),
        }
    }
}

/// Looks at a data file; `None` if `is_foreign` says of its schema that it holds something other than
/// IDs.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if it can't be read or is of no format that is read,
/// [`crate::ErrorKind::Usage`] if its delimiter isn't clear.
pub fn describe(
    path: &Path,
    selection: &IdSelection,
    is_foreign: &dyn Fn(&SchemaDescriptor) -> bool,
) -> Result<Option<DataFacts>> {
    let located = |e: Error| e.with("file", path.display());
    let file = InputFile::open(path)?;
    let format = file::format_of(&file, selection.format).map_err(located)?;
    match format {
        file::Format::Text(packing) => of_text(file, packing, selection).map(Some),
        file::Format::Arrow(packing) => of_arrow(&file, packing, selection).map(Some),
        file::Format::Parquet => return of_parquet(path, is_foreign),
    }
    .map_err(located)
}

fn of_parquet(
    path: &Path,
    is_foreign: &dyn Fn(&SchemaDescriptor) -> bool,
) -> Result<Option<DataFacts>> {
    let metadata = metadata_of(path)?;
    let schema = metadata.file_metadata().schema_descr();
    if is_foreign(schema) {
        return Ok(None);
    }
    let groups = metadata.row_groups();
    let chunks = groups.iter().flat_map(RowGroupMetaData::columns);
    let mut compression = Vec::new();
    for codec in chunks.map(|chunk| format!("{:?}", chunk.compression())) {
        let codec = codec.split('(').next().unwrap_or_default().to_lowercase();
        if codec != "uncompressed" && !compression.contains(&codec) {
            compression.push(codec);
        }
    }
    let paths: Vec<String> = schema.columns().iter().map(|c| c.path().string()).collect();
    let can_be_ids: Vec<bool> = schema
        .columns()
        .iter()
        .map(|c| IdType::of(c, None).is_ok())
        .collect();
    let columns = schema.columns().iter().zip(&paths).zip(&can_be_ids);
    let rows: i64 = groups.iter().map(RowGroupMetaData::num_rows).sum();
    Ok(Some(DataFacts {
        format: "Parquet",
        compression,
        text: None,
        rows: u64::try_from(rows).ok(),
        columns: columns
            .map(|((column, name), &can)| ColumnFacts::new(name, type_name(column), can))
            .collect(),
        id: taken_unasked(&paths, &can_be_ids),
    }))
}

fn of_arrow(
    file: &InputFile,
    packing: Option<Packing>,
    selection: &IdSelection,
) -> Result<DataFacts> {
    let contents = IpcContents::open(file, packing, &selection.limits)?;
    let (paths, types) = contents.columns();
    let can_be_ids: Vec<bool> = types.iter().map(|t| id_domain(t, None).is_ok()).collect();
    let columns = paths.iter().zip(&types).zip(&can_be_ids);
    Ok(DataFacts {
        format: match contents.is_stream() {
            true => "Arrow stream",
            false => "Arrow file",
        },
        compression: packing
            .map(|packing| packing.name().into())
            .into_iter()
            .collect(),
        text: None,
        rows: Some(contents.rows()),
        columns: columns
            .map(|((name, own), &can)| ColumnFacts::new(name, own.to_string(), can))
            .collect(),
        id: taken_unasked(&paths, &can_be_ids),
    })
}

fn of_text(
    file: InputFile,
    packing: Option<Packing>,
    selection: &IdSelection,
) -> Result<DataFacts> {
    let mut stream = text_of(Box::new(Sequential::new(file)), packing)?;
    let (head, whole) = head_of(&mut *stream, HEAD_BYTES).map_err(|e| explain(packing, &e))?;
    if selection.format.is_none() {
        check_is_text(&head, packing)?;
    }
    let compression = packing
        .map(|packing| packing.name().into())
        .into_iter()
        .collect();
    if text::is_json(&head, selection.format) {
        let all = Box::new(io::Cursor::new(head).chain(stream));
        return of_json(all, packing, compression, selection);
    }
    let dialect = dialect_of(&mut *stream, (head.clone(), whole), packing, selection)?;
    let no_header = selection.text.no_header;
    let survey = dialect.survey(&head, whole, !no_header);
    let own = names_of(&dialect, no_header)?;
    // A name that may be the ID of a user isn't shown.
    let hidden = !no_header && hides_its_names(&own);
    let names = match hidden {
        true => (1..=own.len()).map(|number| number.to_string()).collect(),
        false => own,
    };
    let can_be_ids = vec![true; names.len()];
    let id = match (hidden, no_header) {
        (true, _) => None,
        (false, true) => (names.len() == 1).then(|| names[0].clone()),
        (false, false) => taken_unasked(&names, &can_be_ids),
    };
    let columns = names.iter().zip(&survey.kinds);
    Ok(DataFacts {
        format: "delimited text",
        compression,
        text: Some(TextFacts {
            delimiter: dialect.delimiter.map(delimiter_name),
            header: (!hidden).then_some(!no_header),
        }),
        rows: (survey.whole && !hidden).then_some(survey.records),
        columns: columns
            .map(|(name, kind)| ColumnFacts::new(name, kind_name(*kind).into(), true))
            .collect(),
        id,
    })
}

fn of_json(
    stream: Box<dyn io::Read + Send>,
    packing: Option<Packing>,
    compression: Vec<String>,
    selection: &IdSelection,
) -> Result<DataFacts> {
    let explain = |e: &io::Error| explain(packing, e);
    let (survey, whole) = json::first_records(stream, &explain, selection)?;
    let (names, paths) = survey.shown();
    let kinds: Vec<Kind> = paths.iter().map(|path| survey.kind(path).0).collect();
    let can_be_ids: Vec<bool> = kinds
        .iter()
        .map(|kind| !matches!(kind, Kind::Bool | Kind::Array))
        .collect();
    let columns = names.iter().zip(&kinds).zip(&can_be_ids);
    Ok(DataFacts {
        format: "JSON lines",
        compression,
        text: None,
        rows: whole.then_some(survey.records()),
        columns: columns
            .map(|((name, kind), &can)| ColumnFacts::new(name, kind_name(*kind).into(), can))
            .collect(),
        id: taken_unasked(&names, &can_be_ids),
    })
}

const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "only nulls so far",
        Kind::Bool => "true or false",
        Kind::Number => "numbers",
        Kind::Text => "text",
        Kind::Array => "a list",
    }
}

/// The column that is read where none is named.
fn taken_unasked(paths: &[String], can_be_ids: &[bool]) -> Option<String> {
    let found = names::find_name(paths, paths, None).ok()?;
    can_be_ids[found].then(|| names::shown(&paths[found]))
}
