//! Arrow IPC: files (Feather) and streams, by record batches.

mod messages;

pub(super) use messages::may_be_arrow;

use super::arrow::{ArrowIds, id_domain};
use super::filtered::{self, FileFilter};
use super::live::partitions_of_path;
use super::parquet::guarded;
use super::store::{self, Identity, InputFile, Sequential};
use super::{IdSelection, names};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::Type;
use crate::id::{Cast, IdDomain, IdSink, Tally};
use crate::reader::{Packing, PageCounter, ReadLimits};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, make_array};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use arrow::ipc::reader::FileDecoder;
use messages::{Batch, Contents, corrupt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// An Arrow file or stream whose messages were found.
#[derive(Debug)]
pub(super) struct IpcFile {
    pub(super) path: PathBuf,
    /// The path without links and detours: equal for the same file.
    pub(super) canonical: PathBuf,
    /// Of the file whose messages are read.
    identity: Identity,
    contents: Contents,
    /// The file whose messages are read, if it was unpacked.
    unpacked: Option<InputFile>,
    id: Leaf,
    pub(super) cast: Option<IdDomain>,
    limits: ReadLimits,
    /// The decoder that was used last.
    decoder: Mutex<Option<(Key, Arc<FileDecoder>)>>,
    /// Which of its rows are taken.
    pub(super) filter: Option<FileFilter>,
    counter: Arc<PageCounter>,
}

/// What an Arrow file or stream holds; of a packed one, of what is inside.
#[derive(Debug)]
pub(super) struct IpcContents {
    contents: Contents,
    /// What is inside of a packed file.
    unpacked: Option<InputFile>,
}

impl IpcContents {
    /// Finds the messages of a file. A packed one is unpacked into a temporary file: messages are found
    /// from the end, and read in any order.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] for what is no Arrow file or isn't whole, [`ErrorKind::Limit`] for what grows
    /// too much when it is unpacked, [`ErrorKind::Output`] if there is no room for it.
    pub(super) fn open(
        file: &InputFile,
        packing: Option<Packing>,
        limits: &ReadLimits,
    ) -> Result<Self> {
        let unpack = |packing: Packing| {
            let stream = packing.unpack(Box::new(Sequential::new(file.again()?)))?;
            let bytes_max = file.len().saturating_mul(limits.ratio_max);
            let what = format!("an Arrow file inside of {}", packing.name());
            let explain = |e: &std::io::Error| packing.corrupt(e);
            let bytes_max = bytes_max.max(ReadLimits::RATIO_BYTES_MIN);
            let unpacked = file.unpacked(&what, stream, bytes_max, &explain)?;
            file.ensure_unchanged(&file.identity())?;
            Ok::<_, Error>(unpacked)
        };
        let unpacked = packing.map(unpack).transpose()?;
        let contents = guarded(|| messages::contents(unpacked.as_ref().unwrap_or(file)))?;
        Ok(Self { contents, unpacked })
    }

    /// Whether it is a stream, not a file with a footer.
    pub(super) const fn is_stream(&self) -> bool {
        self.contents.is_stream
    }

    pub(super) fn rows(&self) -> u64 {
        self.contents.batches.iter().map(|batch| batch.rows).sum()
    }

    /// The dotted paths of its columns, and their types.
    pub(super) fn columns(&self) -> (Vec<String>, Vec<DataType>) {
        let leaves = leaves_of(&self.contents.schema).into_iter();
        leaves
            .map(|leaf| (leaf.name, leaf.field.data_type().clone()))
            .unzip()
    }
}

/// Rows whose IDs are pushed at a time.
const PUSHED_ROWS: usize = 1 << 16;

/// What a decoder is for: how many dictionaries it knows, and which columns it reads.
type Key = (usize, Vec<usize>);

/// A column without columns below it.
#[derive(Clone, Debug)]
struct Leaf {
    name: String,
    /// The column, and below it the numbers of fields.
    path: Vec<usize>,
    field: FieldRef,
}

impl IpcFile {
    /// Opens a file and finds its ID column.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] if it isn't a whole Arrow file or stream with IDs of a supported type,
    /// [`ErrorKind::Usage`] if the ID column can't be told.
    pub(super) fn open(
        file: &InputFile,
        packing: Option<Packing>,
        path: &Path,
        id: Option<&str>,
        selection: &IdSelection,
        counter: &Arc<PageCounter>,
    ) -> Result<Self> {
        let located = |e: Error| e.with("file", path.display());
        let checked = selection.limits.ensure_no_checksums("Arrow IPC");
        checked.map_err(located)?;
        let contents = IpcContents::open(file, packing, &selection.limits).map_err(located)?;
        let IpcContents { contents, unpacked } = contents;
        let leaves = leaves_of(&contents.schema);
        let names: Vec<String> = leaves.iter().map(|leaf| leaf.name.clone()).collect();
        let ends: Vec<&String> = leaves.iter().map(|leaf| leaf.field.name()).collect();
        let found = names::find_name(&names, &ends, id).map_err(located)?;
        let id = leaves[found].clone();
        let domain = id_domain(id.field.data_type(), selection.cast).and_then(|domain| {
            match (domain, selection.cast) {
                (Some(own), Some(wanted)) => Cast::check(own, wanted),
                _ => Ok(()),
            }
        });
        domain.map_err(|e| located(e.with("column", &id.name)))?;
        let filter = selection.filter.as_ref().map(|filter| {
            FileFilter::new(filter, &names, &partitions_of_path(path), |leaf| {
                Ok(Type::of(leaves[leaf].field.data_type()))
            })
        });
        let filter = filter.transpose().map_err(located)?;
        Ok(Self {
            filter,
            counter: Arc::clone(counter),
            path: path.to_owned(),
            canonical: store::canonical(path).unwrap_or_else(|_| path.to_owned()),
            identity: unpacked.as_ref().unwrap_or(file).identity(),
            contents,
            unpacked,
            id,
            cast: selection.cast,
            limits: selection.limits,
            decoder: Mutex::new(None),
        })
    }

    /// The domain in which its IDs arrive; `None` if its type says that all are null.
    pub(super) fn domain(&self) -> Option<IdDomain> {
        let own = id_domain(self.id.field.data_type(), self.cast)
            .ok()
            .flatten();
        own.map(|own| self.cast.unwrap_or(own))
    }

    /// The field of the ID column.
    pub(super) fn id_field(&self) -> &Field {
        &self.id.field
    }

    pub(super) fn column_name(&self) -> String {
        self.id.name.clone()
    }

    /// The names of the columns that aren't nested.
    pub(super) fn flat_columns(&self) -> Vec<String> {
        let fields = self.contents.schema.fields().iter();
        let flat = fields.filter(|field| !field.data_type().is_nested());
        flat.map(|field| field.name().clone()).collect()
    }

    pub(super) fn locate(&self, error: Error) -> Error {
        error
            .with("file", self.path.display())
            .with("column", &self.id.name)
    }

    pub(super) fn rows(&self) -> u64 {
        self.contents.batches.iter().map(|batch| batch.rows).sum()
    }

    /// Of every record batch its bytes, about those of the ID column, and its rows.
    pub(super) fn batches(&self) -> impl Iterator<Item = (u64, u64)> {
        let columns = self.contents.schema.fields().len().max(1) as u64;
        let batches = self.contents.batches.iter();
        batches.map(move |batch| {
            let bytes = u64::try_from(batch.block.bodyLength()).unwrap_or(0);
            (bytes / columns, batch.rows)
        })
    }

    /// Pushes the IDs of a record batch.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] with file and column for what can't be decoded, and those of the sink.
    pub(super) fn ids(&self, number: usize, sink: &mut dyn IdSink) -> Result<Tally> {
        let mut read = || {
            let rows = self.read(number, &[self.id.path[0]])?;
            let mut ids = self.ids_of(rows.column(0))?;
            if sink.counts_repeats() {
                ids = unpacked(&ids)?;
            }
            let mut pushed = ArrowIds::new(&self.id.field, self.cast);
            let mut tally = Tally::default();
            // A record batch may be a whole file.
            for start in (0..ids.len()).step_by(PUSHED_ROWS) {
                let some = ids.slice(start, PUSHED_ROWS.min(ids.len() - start));
                tally += pushed.push(&some, sink)?;
            }
            Ok(tally)
        };
        read().map_err(|e| self.locate(e).with("record batch", number))
    }

    /// Hands the rows of a record batch on: the IDs, and the columns of these names.
    ///
    /// # Errors
    /// Those of [`Self::ids`] and of `take`.
    pub(super) fn rows_of(
        &self,
        number: usize,
        names: &[&str],
        take: &mut dyn FnMut(&ArrayRef, RecordBatch) -> Result<()>,
    ) -> Result<()> {
        let mut read = || {
            let schema = &self.contents.schema;
            let mut beside = Vec::with_capacity(names.len());
            for name in names {
                let found = schema.index_of(name);
                beside.push(found.map_err(|e| Error::new(ErrorKind::Internal, e.to_string()))?);
            }
            // The filter's columns first: the others may not be wanted.
            let taken = self.taken(number)?;
            if taken.as_ref().is_some_and(|taken| taken.true_count() == 0) {
                return Ok(());
            }
            let mut columns = beside.clone();
            columns.push(self.id.path[0]);
            let (rows, place) = self.read_each(number, columns)?;
            let ids = unpacked(&self.ids_of(rows.column(place(self.id.path[0])))?)?;
            let beside: Vec<usize> = beside.into_iter().map(place).collect();
            let beside = rows.project(&beside).map_err(corrupt)?;
            match &taken {
                None => take(&ids, beside),
                Some(taken) => {
                    let (ids, beside) = filtered::only(taken, &ids, beside)?;
                    take(&ids, beside)
                }
            }
        };
        read().map_err(|e| self.locate(e).with("record batch", number))
    }

    /// Which rows of a record batch the filter takes; `None` without a filter.
    fn taken(&self, number: usize) -> Result<Option<BooleanArray>> {
        let Some(filter) = &self.filter else {
            return Ok(None);
        };
        let all = leaves_of(&self.contents.schema);
        let named = |name: &String| all.iter().find(|leaf| leaf.name == *name);
        let leaves: Vec<&Leaf> = filter.names().iter().filter_map(named).collect();
        let roots = leaves.iter().map(|leaf| leaf.path[0]).collect();
        let (rows, place) = self.read_each(number, roots)?;
        let of = |leaf: &&Leaf| Self::leaf_of(rows.column(place(leaf.path[0])), leaf);
        let columns = leaves.iter().map(of).collect::<Result<Vec<_>>>()?;
        let taken = filter.taken(&columns, rows.num_rows(), &self.counter);
        taken.map(Some).map_err(|fault| fault.error)
    }

    /// Columns of a record batch, each once, and where each of them is.
    fn read_each(
        &self,
        number: usize,
        mut columns: Vec<usize>,
    ) -> Result<(RecordBatch, impl Fn(usize) -> usize + use<>)> {
        columns.sort_unstable();
        columns.dedup();
        let rows = self.read(number, &columns)?;
        let place = move |column| columns.binary_search(&column).unwrap_or(0);
        Ok((rows, place))
    }

    /// The columns of a record batch.
    fn read(&self, number: usize, columns: &[usize]) -> Result<RecordBatch> {
        let batch = &self.contents.batches[number];
        let opened;
        let file = match &self.unpacked {
            Some(unpacked) => unpacked,
            None => {
                opened = InputFile::open(&self.path)?;
                &opened
            }
        };
        file.ensure_unchanged(&self.identity)?;
        let rows = guarded(|| {
            let decoder = self.decoder(file, batch, columns)?;
            let schema = &self.contents.schema;
            let columns = Some((schema, columns));
            let bytes = messages::load(file, &batch.block, columns, &self.limits)?;
            let read = decoder.read_record_batch(&batch.block, &bytes);
            read.map_err(corrupt)?
                .ok_or_else(|| corrupt("a message without rows"))
        })?;
        file.ensure_unchanged(&self.identity)?;
        match rows.num_rows() as u64 == batch.rows {
            true => Ok(rows),
            false => Err(corrupt("a record batch of another length")),
        }
    }

    /// A decoder that knows the dictionaries before a record batch.
    fn decoder(
        &self,
        file: &InputFile,
        batch: &Batch,
        columns: &[usize],
    ) -> Result<Arc<FileDecoder>> {
        let key: Key = (batch.dictionaries, columns.to_vec());
        let poisoned = |_| Error::new(ErrorKind::Internal, "a thread panicked while it read");
        if let Some((known, decoder)) = &*self.decoder.lock().map_err(poisoned)?
            && *known == key
        {
            return Ok(Arc::clone(decoder));
        }
        let schema = Arc::new(self.contents.schema.clone());
        let mut decoder =
            FileDecoder::new(schema, self.contents.version).with_projection(columns.to_vec());
        for dictionary in self.contents.dictionaries_at(batch.dictionaries) {
            let bytes = messages::load(file, &dictionary.block, None, &self.limits)?;
            let read = decoder.read_dictionary(&dictionary.block, &bytes);
            read.map_err(corrupt)?;
        }
        let decoder = Arc::new(decoder);
        *self.decoder.lock().map_err(poisoned)? = Some((key, Arc::clone(&decoder)));
        Ok(decoder)
    }

    /// The IDs in a column, below which they may lie.
    fn ids_of(&self, column: &ArrayRef) -> Result<ArrayRef> {
        let ids = Self::leaf_of(column, &self.id)?;
        longest(&ids).map_or(Ok(()), |bytes| self.limits.check_value(bytes))?;
        Ok(ids)
    }

    /// The values of a leaf in a column, below which they may lie.
    fn leaf_of(column: &ArrayRef, leaf: &Leaf) -> Result<ArrayRef> {
        let mut values = Arc::clone(column);
        for &field in &leaf.path[1..] {
            let parent = values.as_struct_opt();
            let parent = parent.ok_or_else(|| corrupt("a column of another type"))?;
            let below = parent.column(field).to_data();
            // Where the parent is null, so is the value.
            let nulls = NullBuffer::union(parent.nulls(), below.nulls());
            let masked = below.into_builder().nulls(nulls).build().map_err(corrupt)?;
            values = make_array(masked);
        }
        Ok(values)
    }
}

/// IDs of a dictionary as often as they come; others as they are.
fn unpacked(ids: &ArrayRef) -> Result<ArrayRef> {
    match ids.data_type() {
        DataType::Dictionary(_, values) => cast(ids, values).map_err(corrupt),
        _ => Ok(Arc::clone(ids)),
    }
}

/// The bytes of the longest text or binary value.
fn longest(ids: &ArrayRef) -> Option<usize> {
    match ids.data_type() {
        DataType::Utf8 => ids.as_string::<i32>().iter().flatten().map(str::len).max(),
        DataType::LargeUtf8 => ids.as_string::<i64>().iter().flatten().map(str::len).max(),
        DataType::Utf8View => ids.as_string_view().iter().flatten().map(str::len).max(),
        DataType::Binary => ids
            .as_binary::<i32>()
            .iter()
            .flatten()
            .map(<[u8]>::len)
            .max(),
        DataType::LargeBinary => ids
            .as_binary::<i64>()
            .iter()
            .flatten()
            .map(<[u8]>::len)
            .max(),
        DataType::BinaryView => ids.as_binary_view().iter().flatten().map(<[u8]>::len).max(),
        DataType::Dictionary(_, _) => longest(ids.as_any_dictionary().values()),
        _ => None,
    }
}

/// The columns of a schema without columns below them, by dotted paths.
fn leaves_of(schema: &Schema) -> Vec<Leaf> {
    fn add(name: String, path: Vec<usize>, field: &FieldRef, leaves: &mut Vec<Leaf>) {
        let DataType::Struct(fields) = field.data_type() else {
            let field = Arc::clone(field);
            return leaves.push(Leaf { name, path, field });
        };
        for (number, below) in fields.iter().enumerate() {
            let path = path.iter().copied().chain([number]).collect();
            add(format!("{name}.{}", below.name()), path, below, leaves);
        }
    }
    let mut leaves = Vec::new();
    for (number, field) in schema.fields().iter().enumerate() {
        add(field.name().clone(), vec![number], field, &mut leaves);
    }
    leaves
}
