//! Text files, delimited or JSON lines: what the beginning says, and the stream behind it.

use super::file::IdKind;
use super::filtered::{self, FileFilter};
use super::header::{ensure_no_name, id_column, names_of};
use super::json;
use super::live::partitions_of_path;
use super::locate::{Formed, Lines, Unwatched, asked_columns, line_of, stopping};
use super::store::{self, Identity, InputFile, Sequential};
use super::{IdSelection, InputFormat};
use crate::error::{Error, ErrorKind, Result, Setting};
use crate::filter::{RowFault, Type};
use crate::id::{Cast, IdBatch, IdDomain, IdSink, Normal, PageChecks, Tally};
use crate::reader::{
    BatchFault, BlockSizes, Delimited, Dialect, Failure, Form, Layout, Nulls, Packing, PageCounter,
    RowsRead, TextFormat, TextStream, Watch, explain, head_of, looks_like_text, recognise, text_of,
};
use arrow::array::{Array, ArrayRef, RecordBatch};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How much of a text is looked at to find its delimiter and its columns.
pub(super) const HEAD_BYTES: usize = 64 << 10;

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
    formed: Formed,
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
        packing: Option<Packing>,
        path: &Path,
        id: Option<&str>,
        selection: &IdSelection,
        counter: &Arc<PageCounter>,
    ) -> Result<Self> {
        let located = |e: Error| e.with("file", path.display());
        let identity = file.identity();
        let (text, kind) = look_over(file, packing, id, selection).map_err(located)?;
        let checked = selection.limits.ensure_no_checksums(text.format_name());
        checked.map_err(located)?;
        let filter = selection.filter.as_ref().map(|filter| {
            FileFilter::new(filter, text.names(), &partitions_of_path(path), |_| {
                Ok(Type::Untyped)
            })
        });
        let filter = filter.transpose().map_err(located)?;
        Ok(Self {
            filter,
            path: path.to_owned(),
            canonical: store::canonical(path).unwrap_or_else(|_| path.to_owned()),
            identity,
            packing,
            text,
            kind,
            cast: selection.cast,
            counter: Arc::clone(counter),
            formed: Formed::default(),
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

    /// Says which file of its side it is, and how its IDs come to one form.
    pub(super) fn bring_to_form(&mut self, file: usize, normal: Option<Arc<Normal>>) {
        self.formed = Formed { file, normal };
    }

    /// The format, of which IDs that can't be read are found again.
    fn lines(&self) -> Lines<'_> {
        Lines {
            text: &*self.text,
            path: self.path.display().to_string(),
            formed: &self.formed,
            cast: self.cast,
            filter: self.filter.as_ref(),
            counter: &self.counter,
        }
    }

    /// The line of the first ID that isn't fine, of rows that its filter takes.
    pub(super) fn find(
        &self,
        form: Form,
        is_fine: &mut dyn FnMut(&dyn Array) -> bool,
    ) -> Option<u64> {
        let form = self.cast.map_or(form, |_| Form::Text);
        let asked = asked_columns(self.filter.as_ref(), self.text.names());
        let mut take = stopping(self.filter.as_ref(), is_fine);
        let stream = self.stream();
        let read = stream.rows(&*self.text, form, &asked, &mut take, &Unwatched);
        line_of(&read.err()?.error)
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
    pub(super) fn stored_bytes(&self) -> u64 {
        self.identity.len()
    }

    /// How much work it is, in bytes of text.
    pub(super) fn text_bytes(&self) -> u64 {
        /// Text is so much longer than what it is packed into, about.
        const PACKED: u64 = 4;
        match self.packing {
            None => self.stored_bytes(),
            Some(_) => self.stored_bytes().saturating_mul(PACKED),
        }
    }

    /// The stream of one scan.
    pub(super) fn stream(&self) -> TextStream {
        let (path, identity) = (self.path.clone(), self.identity.clone());
        let opener = move || {
            let file = InputFile::open(&path)?;
            file.ensure_unchanged(&identity)?;
            Ok(Box::new(Sequential::new(file)) as Box<dyn io::Read + Send>)
        };
        let sizes = BlockSizes {
            block: BlockSizes::BLOCK,
            record_max: self.text.limits().value_bytes_max.max(BlockSizes::RECORD),
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
        let text = &self.lines();
        let read = match self.cast {
            None => stream.ids(text, form, sink, watch),
            Some(IdDomain::Text) => stream.ids(text, Form::Text, sink, watch),
            Some(to) => {
                let mut cast = Casting {
                    cast: Cast::new(to, false),
                    sink,
                };
                stream.ids(text, Form::Text, &mut cast, watch)
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
            return self.finish(stream.rows(&self.lines(), form, &beside, &mut take, watch));
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
        self.finish(stream.rows(&self.lines(), form, &columns, &mut take, watch))
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
            InputFile::open(&self.path).and_then(|file| file.ensure_unchanged(&self.identity));
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
    if is_json(&head, selection.format) {
        let all = Box::new(io::Cursor::new(head).chain(stream));
        let explain = |e: &io::Error| explain(packing, e);
        let (json, kind) = json::look_over(all, &explain, id, selection)?;
        return Ok((Box::new(json), kind));
    }
    let dialect = dialect_of(&mut *stream, (head, whole), packing, selection)?;
    let delimited = delimited(dialect, id, selection)?;
    Ok((Box::new(delimited), IdKind::Untyped))
}

/// Whether a text is JSON lines: said to be, or by its beginning.
pub(super) fn is_json(head: &[u8], named: Option<InputFormat>) -> bool {
    match named {
        None => json::begins_like_one(head),
        Some(format) => format == InputFormat::JsonLines,
    }
}

/// How the records behind the beginning of a stream are written.
pub(super) fn dialect_of(
    stream: &mut dyn io::Read,
    (mut head, mut whole): (Vec<u8>, bool),
    packing: Option<Packing>,
    selection: &IdSelection,
) -> Result<Dialect> {
    loop {
        // A record that is too long is refused when it is read.
        let is_long = head.len() > selection.limits.value_bytes_max.max(BlockSizes::RECORD);
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

pub(super) fn check_is_text(head: &[u8], packing: Option<Packing>) -> Result<()> {
    if let Some(packing) = packing {
        let outer = packing.name();
        if head.starts_with(b"PAR1") {
            return Err(Error::input(format!("a Parquet file inside of {outer}"))
                .hint("unpack it first: Parquet is read from its end"));
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

/// Whether a file may be text, packed or not, by its first bytes.
pub(super) fn may_be_text(head: &[u8]) -> bool {
    let utf16 = matches!(head, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let is_packed = Packing::of(head).is_some();
    !head.starts_with(b"PAR") && (utf16 || is_packed || looks_like_text(text))
}
