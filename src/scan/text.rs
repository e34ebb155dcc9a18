//! Text files, delimited or JSON lines: what the beginning says, and the stream behind it.

use super::file::IdKind;
use super::filtered::{self, FileFilter};
use super::json;
use super::live::partitions_of_path;
use super::names::{self, USUAL_NAMES};
use super::store::{Identity, InputFile, Sequential};
use super::{IdSelection, InputFormat};
use crate::error::{Error, ErrorKind, Result, Setting};
use crate::filter::{RowFault, Type};
use crate::id::{Cast, IdBatch, IdDomain, IdSink, PageChecks, Tally};
use crate::reader::{
    BatchFault, BlockSizes, Delimited, Dialect, Failure, Form, Layout, Nulls, Packing, PageCounter,
    RowsRead, TextFormat, TextStream, Watch, explain, head_of, looks_like_text, recognise, text_of,
};
use arrow::array::{ArrayRef, RecordBatch};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How much of a text is looked at to find its delimiter and its columns.
const HEAD_BYTES: usize = 64 << 10;

/// A text file whose first records were looked at.
#[derive(Debug)]
pub(super) struct TextFile {
    pub(super) path: PathBuf,
    /// The path without links and detours: equal for the same file.
    pub(super) canonical: PathBuf,
    identity: Identity,
    packing: Option<Packing>,
    text: Box<dyn TextFormat>,
    kind: IdKind,
    /// The domain asked for, into which the text is read.
    cast: Option<IdDomain>,
    counter: Arc<PageCounter>,
    /// Text after which no more is read.
    bytes_max: u64,
    /// Which of its rows are taken.
    pub(super) filter: Option<FileFilter>,
}

impl TextFile {
    /// Opens a file and finds its ID column.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if it isn't delimited text, [`crate::ErrorKind::Usage`] if delimiter or
    /// ID column can't be told.
    pub(super) fn open(
        file: InputFile,
        path: &Path,
        id: Option<&str>,
        selection: &IdSelection,
        counter: &Arc<PageCounter>,
    ) -> Result<Self> {
        let located = |e: Error| e.with("file", path.display());
        let identity = file.identity();
        let mut magic = [0; 8];
        let read = file.read_at(&mut magic, 0);
        let read = read.map_err(|e| located(explain(None, &e)))?;
        let packing = Packing::of(&magic[..read]);
        let (text, kind) = look_over(file, packing, id, selection).map_err(located)?;
        let filter = selection.filter.as_ref().map(|filter| {
            FileFilter::new(filter, text.names(), &partitions_of_path(path), |_| {
                Ok(Type::Untyped)
            })
        });
        let filter = filter.transpose().map_err(located)?;
        Ok(Self {
            filter,
            path: path.to_owned(),
            canonical: path.canonicalize().unwrap_or_else(|_| path.to_owned()),
            identity,
            packing,
            text,
            kind,
            cast: selection.cast,
            counter: Arc::clone(counter),
            bytes_max: u64::MAX,
        })
    }

    /// What it says about the domain of its IDs.
    pub(super) fn kind(&self) -> IdKind {
        match (self.kind, self.cast) {
            (IdKind::AllNull, _) => IdKind::AllNull,
            (_, Some(cast)) => IdKind::Known(cast),
            (kind, None) => kind,
        }
    }

    pub(super) fn column_name(&self) -> String {
        self.text.id_name()
    }

    /// The names of its columns.
    pub(super) fn columns(&self) -> &[String] {
        self.text.names()
    }

    pub(super) fn cast(&self) -> Option<IdDomain> {
        self.cast
    }

    pub(super) fn locate(&self, error: Error) -> Error {
        error
            .with("file", self.path.display())
            .with("column", self.column_name())
    }

    /// Bytes of the file, compressed or not.
    pub(super) const fn stored_bytes(&self) -> u64 {
        self.identity.len()
    }

    /// How much work it is, in bytes of text.
    pub(super) const fn text_bytes(&self) -> u64 {
        /// Text is so much longer than what it is packed into, about.
        const PACKED: u64 = 4;
        match self.packing {
            None => self.stored_bytes(),
            Some(_) => self.stored_bytes().saturating_mul(PACKED),
        }
    }

    /// Reads no more than about so much of it.
    pub(super) const fn keep_first(&mut self, bytes: u64) {
        self.bytes_max = bytes;
    }

    /// The stream of one scan.
    pub(super) fn stream(&self) -> TextStream {
        let (path, identity) = (self.path.clone(), self.identity);
        let opener = move || {
            let file = InputFile::open(&path)?;
            file.ensure_unchanged(identity)?;
            Ok(Box::new(Sequential::new(file)) as Box<dyn io::Read + Send>)
        };
        let sizes = BlockSizes {
            block: BlockSizes::BLOCK,
            record_max: self.text.limits().value_bytes_max.max(BlockSizes::BLOCK),
            total_max: self.bytes_max,
        };
        TextStream::new(Box::new(opener), self.packing, sizes)
    }

    /// Pushes the IDs of all blocks that this thread gets.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] with file, column and line for whatever isn't delimited text.
    pub(super) fn ids(
        &self,
        stream: &TextStream,
        form: Form,
        sink: &mut dyn IdSink,
        watch: &dyn Watch,
    ) -> Result<Tally, Failure> {
        let read = match self.cast {
            None => stream.ids(&*self.text, form, sink, watch),
            Some(IdDomain::Text) => stream.ids(&*self.text, Form::Text, sink, watch),
            Some(to) => {
                let mut cast = Casting {
                    cast: Cast::new(to, false),
                    sink,
                };
                stream.ids(&*self.text, Form::Text, &mut cast, watch)
            }
        };
        self.finish(read)
    }

    /// Hands the rows of all blocks that this thread gets on, columns beside the IDs.
    ///
    /// # Errors
    /// Those of [`Self::ids`] and of `take`.
    pub(super) fn rows(
        &self,
        stream: &TextStream,
        form: Form,
        names: &[&str],
        take: &mut dyn FnMut(&ArrayRef, RecordBatch) -> Result<()>,
        watch: &dyn Watch,
    ) -> Result<Tally, Failure> {
        let own = self.text.names();
        let position = |name: &str| own.iter().position(|column| column == name);
        let beside: Vec<usize> = names.iter().filter_map(|name| position(name)).collect();
        let Some(filter) = &self.filter else {
            let mut take = |ids: &ArrayRef, rows| Ok(take(ids, rows)?);
            return self.finish(stream.rows(&*self.text, form, &beside, &mut take, watch));
        };
        let asked = filter.names().iter().filter_map(|name| position(name));
        let columns: Vec<usize> = beside.iter().copied().chain(asked).collect();
        let places: Vec<usize> = (0..beside.len()).collect();
        let mut take = |ids: &ArrayRef, rows: RecordBatch| {
            let asked = &rows.columns()[places.len()..];
            let taken = filter.taken(asked, ids.len(), &self.counter);
            let taken = taken.map_err(|RowFault { row, error }| {
                let row = Some(row);
                BatchFault { row, error }
            })?;
            let beside = rows.project(&places);
            let beside = beside.map_err(|e| Error::new(ErrorKind::Internal, e.to_string()))?;
            let (ids, beside) = filtered::only(&taken, ids, beside)?;
            Ok(take(&ids, beside)?)
        };
        self.finish(stream.rows(&*self.text, form, &columns, &mut take, watch))
    }

    fn finish(&self, read: Result<RowsRead, Failure>) -> Result<Tally, Failure> {
        let failure = |failure: Failure| Failure {
            error: self.locate(failure.error),
            ..failure
        };
        let read = read.map_err(failure)?;
        self.counter.add(PageChecks {
            named_nulls: read.named_nulls,
            ..PageChecks::default()
        });
        let unchanged =
            InputFile::open(&self.path).and_then(|file| file.ensure_unchanged(self.identity));
        unchanged.map_err(|error| {
            failure(Failure {
                block: u64::MAX,
                error,
            })
        })?;
        Ok(read.tally)
    }
}

/// Brings text into the domain that was asked for.
struct Casting<'a> {
    cast: Cast,
    sink: &'a mut dyn IdSink,
}

impl IdSink for Casting<'_> {
    fn push(&mut self, batch: IdBatch<'_>) -> Result<()> {
        self.cast.push(batch, self.sink)
    }

    fn counts_repeats(&self) -> bool {
        self.sink.counts_repeats()
    }
}

/// What the beginning of a file says about the rest.
fn look_over(
    file: InputFile,
    packing: Option<Packing>,
    id: Option<&str>,
    selection: &IdSelection,
) -> Result<(Box<dyn TextFormat>, IdKind)> {
    let mut stream = text_of(Box::new(Sequential::new(file)), packing)?;
    let (head, whole) = head_of(&mut *stream, HEAD_BYTES).map_err(|e| explain(packing, &e))?;
    if selection.format.is_none() {
        check_is_text(&head, packing)?;
    }
    let is_json = match selection.format {
        None => json::begins_like_one(&head),
        Some(format) => format == InputFormat::JsonLines,
    };
    if is_json {
        let all = Box::new(io::Cursor::new(head).chain(stream));
        let explain = |e: &io::Error| explain(packing, e);
        let (json, kind) = json::look_over(all, &explain, id, selection)?;
        return Ok((Box::new(json), kind));
    }
    let dialect = dialect_of(&mut *stream, (head, whole), packing, selection)?;
    let delimited = delimited(dialect, id, selection)?;
    Ok((Box::new(delimited), IdKind::Untyped))
}

/// How the records behind the beginning of a stream are written.
fn dialect_of(
    stream: &mut dyn io::Read,
    (mut head, mut whole): (Vec<u8>, bool),
    packing: Option<Packing>,
    selection: &IdSelection,
) -> Result<Dialect> {
    loop {
        // A record that is too long is refused by whoever reads it.
        let is_long = head.len() > selection.limits.value_bytes_max.max(BlockSizes::BLOCK);
        let dialect = Dialect::of(&head, whole || is_long, &selection.text)?;
        match dialect {
            Some(dialect) => return Ok(dialect),
            None if whole || is_long => {
                return Err(Error::input("holds no record, not even a header"));
            }
            None => {}
        }
        let (more, ended) = head_of(stream, head.len()).map_err(|e| explain(packing, &e))?;
        head.extend(more);
        whole = ended;
    }
}

fn delimited(dialect: Dialect, id: Option<&str>, selection: &IdSelection) -> Result<Delimited> {
    let no_header = selection.text.no_header;
    let names = names_of(&dialect, no_header)?;
    let id = id_column(&names, id, no_header)?;
    if no_header {
        ensure_no_name(&dialect.first[id])?;
    }
    let layout = Layout {
        delimiter: dialect.delimiter,
        found: dialect.found,
        line_end: dialect.line_end,
        width: names.len(),
        id,
    };
    Ok(Delimited {
        layout,
        names,
        header: (!no_header).then_some(dialect.first),
        nulls: Nulls::new(&selection.text.nulls),
        limits: selection.limits,
    })
}

fn check_is_text(head: &[u8], packing: Option<Packing>) -> Result<()> {
    if let Some(packing) = packing {
        let outer = packing.name();
        if head.starts_with(b"PAR1") {
            return Err(Error::input(format!("a Parquet file inside of {outer}"))
                .hint("unpack it first: Parquet is read from its end"));
        }
        if head.starts_with(b"ARROW1") {
            return Err(Error::input(format!("an Arrow file inside of {outer}"))
                .hint("unpack it first: its record batches are found from its end"));
        }
        if let Some(error) = recognise::refused(head) {
            return Err(error);
        }
        if Packing::of(head).is_some() || !head.is_empty() && !looks_like_text(head) {
            return Err(
                Error::input(format!("holds no text inside of {outer}")).hint([
                    "unpack it first, or say what it is with ".into(),
                    Setting::InputFormat.into(),
                ]),
            );
        }
    }
    recognise::refused(head).map_or(Ok(()), Err)
}

/// The names of the columns: the first record, or numbers from 1.
fn names_of(dialect: &Dialect, no_header: bool) -> Result<Vec<String>> {
    if no_header {
        let numbers = 1..=dialect.first.len();
        return Ok(numbers.map(|number| number.to_string()).collect());
    }
    let name = |field: &Vec<u8>| {
        String::from_utf8(field.clone()).map_err(|_| {
            Error::input("names of columns that aren't UTF-8")
                .with("line", 1)
                .hint("export it as UTF-8: iconv -f LATIN1 -t UTF-8")
        })
    };
    dialect.first.iter().map(name).collect()
}

/// The name of a column must not be counted as somebody's ID.
fn ensure_no_name(first: &[u8]) -> Result<()> {
    let mut names = USUAL_NAMES.iter();
    match names.find(|name| first.eq_ignore_ascii_case(name.as_bytes())) {
        None => Ok(()),
        Some(name) => Err(Error::usage(format!(
            "the first line was said to be data, but says {name}"
        ))
        .hint([
            "leave out ".into(),
            Setting::NoHeader.into(),
            ", or name the sides without a header with it".into(),
        ])),
    }
}

/// Which of the columns holds the IDs.
fn id_column(names: &[String], wanted: Option<&str>, no_header: bool) -> Result<usize> {
    if no_header {
        return numbered_column(names.len(), wanted);
    }
    if let [only] = names {
        // The first of a list of IDs must not be taken for a name, nor a name for an ID.
        let is_name = wanted.map_or(USUAL_NAMES.contains(&only.as_str()), |wanted| {
            wanted == only
        });
        return match is_name {
            true => Ok(0),
            // What is near a name is no ID: it can be shown.
            false if is_near(names, wanted) => names::find_name(names, names, wanted),
            false => Err(one_column(wanted)),
        };
    }
    match names::find_name(names, names, wanted) {
        // The message would list the columns, which may be somebody's IDs.
        Err(_) if names.iter().any(|name| looks_like_data(name)) && !is_near(names, wanted) => {
            Err(Error::usage(match wanted {
                Some(wanted) => format!("no column {wanted}"),
                None => format!("no column is called {}", USUAL_NAMES.join(", ")),
            })
            .hint([
                "the first record looks like data, not like names: if it is, say so with ".into(),
                Setting::NoHeader.into(),
                " and name the column by its number, such as ".into(),
                Setting::Id.to("1"),
            ]))
        }
        found => found,
    }
}

fn is_near(names: &[String], wanted: Option<&str>) -> bool {
    let usual = USUAL_NAMES.iter().copied();
    let mut near = usual.filter(|_| wanted.is_none()).chain(wanted);
    near.any(|wanted| names.iter().any(|name| names::is_near(name, wanted)))
}

/// Numbers, addresses and long texts are no names of columns; the empty one may be an index.
fn looks_like_data(name: &str) -> bool {
    const NAME_CHARACTERS_MAX: usize = 64;
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    name.len() > NAME_CHARACTERS_MAX
        || name.contains('@')
        || name.trim().parse::<f64>().is_ok()
        || digits >= 6
        || (name.len() >= 16 && name.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-'))
}

fn one_column(wanted: Option<&str>) -> Error {
    let text = match wanted {
        Some(wanted) => format!("one column, whose first line isn't {wanted}"),
        None => format!(
            "one column, whose first line is none of {}",
            USUAL_NAMES.join(", ")
        ),
    };
    Error::usage(text).hint([
        "if its first line is an id, say ".into(),
        Setting::NoHeader.into(),
        "; if it is the column's name, name it with ".into(),
        Setting::Id.into(),
    ])
}

fn numbered_column(width: usize, wanted: Option<&str>) -> Result<usize> {
    let number = match wanted {
        None if width == 1 => Some(1),
        None => None,
        Some(wanted) => wanted.parse().ok(),
    };
    let index = number.and_then(|number: usize| number.checked_sub(1));
    match index.filter(|&index| index < width) {
        Some(index) => Ok(index),
        None => {
            let text = match wanted {
                Some(_) => format!("columns without names are called 1 to {width}"),
                None => format!("any of {width} columns may be the id column"),
            };
            Err(Error::usage(text).hint([
                "name the id column by its number, such as ".into(),
                Setting::Id.to("1"),
            ]))
        }
    }
}

/// Whether a file may be delimited text, by its first bytes.
pub(super) fn may_be_text(head: &[u8], format: Option<InputFormat>) -> bool {
    match format {
        Some(format) => matches!(format, InputFormat::Delimited | InputFormat::JsonLines),
        None => {
            let utf16 = matches!(head, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
            let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
            !head.starts_with(b"PAR")
                && (utf16 || Packing::of(head).is_some() || looks_like_text(text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn column(names: &[&str], wanted: Option<&str>, no_header: bool) -> Result<usize> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        id_column(&names, wanted, no_header)
    }

    #[test]
    fn a_list_of_ids_needs_a_word_on_its_first_line() {
        assert_eq!(column(&["user_id"], None, false), Ok(0));
        assert_eq!(column(&["customer"], Some("customer"), false), Ok(0));
        for (first, wanted) in [
            ("4711", None),
            ("customer", None),
            ("4711", Some("user_id")),
        ] {
            let error = column(&[first], wanted, false).expect_err(first);
            assert_eq!(error.kind(), ErrorKind::Usage);
            assert!(!error.to_string().contains("4711"), "{error}");
        }
        assert_eq!(column(&["1"], None, true), Ok(0));
    }

    #[test]
    fn columns_without_names_are_numbered_from_1() {
        assert_eq!(column(&["1", "2"], Some("2"), true), Ok(1));
        for wanted in [None, Some("0"), Some("3"), Some("user_id")] {
            let error = column(&["1", "2"], wanted, true).expect_err("no such number");
            assert_eq!(error.kind(), ErrorKind::Usage);
        }
    }

    #[test]
    fn a_first_record_of_data_is_never_shown() {
        for first in [
            "4711",
            "ann@example.com",
            "00112233-4455-6677-8899-aabbccddeeff",
        ] {
            let error = column(&[first, "x"], None, false).expect_err(first);
            assert!(!error.to_string().contains(first), "{error}");
            assert!(error.to_string().contains("no_header"), "{error}");
        }
        let error = column(&["customer", "x"], None, false).expect_err("unusual");
        assert!(error.to_string().contains("customer"), "{error}");
    }
}
