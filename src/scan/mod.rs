//! From inputs to batches of canonical IDs.
//!
//! Plans first (open every footer, find the columns, check that the sides can be compared), then
//! reads. Pushes into whatever [`IdSink`](crate::id::IdSink) it is given; must not know hashes,
//! sketches or estimates.

mod arrow;
mod column;
mod delta;
mod describe;
mod divide;
mod file;
mod filtered;
mod header;
mod iceberg;
mod ipc;
mod json;
mod live;
mod locate;
mod names;
mod parquet;
mod place;
mod queue;
mod rows;
mod schedule;
mod segments;
pub mod snappy;
mod spelling;
mod spool;
mod stdin;
mod store;
mod tables;
mod text;
mod version;
mod whole;

pub use self::parquet::{is_decoding, read_parquet};
pub use arrow::ArrowIds;
pub use describe::describe;
pub use divide::{Divider, SegmentLimits};
pub(crate) use locate::first_unreadable;
pub use locate::{find, first_rows};
pub use names::USUAL_NAMES;
pub use place::Side;
pub use schedule::{SideScan, pool, scan};
pub use segments::{has_segment_columns, scan_by};
pub use spelling::Spelling;
pub use store::{file_bytes, is_same_file, read_bytes};
pub use tables::live_files;
pub use version::AsOf;

use crate::error::{Error, ErrorKind, Result, Setting};
use crate::filter::RowFilter;
use crate::id::{IdDomain, Normal, NullCounts, PageChecks, Profile, ensure_one_profile};
use crate::reader::{Form, PageCounter, ReadLimits, TextOptions};
use crate::remote;
use ::parquet::schema::types::SchemaDescriptor;
use file::{DataFile, IdKind};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tables::{Belongs, Tables};

/// Which column holds the IDs, and in which form they are wanted.
#[derive(Clone, Debug, Default)]
pub struct IdSelection {
    /// The column of every side that isn't named below, as a dotted path; `None` looks for the
    /// only one of [`USUAL_NAMES`].
    pub column: Option<String>,
    /// The column of single sides, by the side's name.
    pub column_of_side: BTreeMap<String, String>,
    /// The domain into which all IDs are brought (`--as`).
    pub cast: Option<IdDomain>,
    /// The format of all data files; `None` recognises it by their bytes.
    pub format: Option<InputFormat>,
    /// How delimited text is read.
    pub text: TextOptions,
    /// Limits of what files may ask for.
    pub limits: ReadLimits,
    /// Reads files of Delta, Hudi and Iceberg tables as they lie, deleted and rewritten rows
    /// included, instead of the live files alone (Delta, Iceberg) or refusing them (Hudi).
    pub as_they_lie: bool,
    /// The version of the tables of every side that isn't named below; `None` is the newest.
    pub as_of: Option<AsOf>,
    /// The version of the tables of single sides, by the side's name.
    pub as_of_of_side: BTreeMap<String, AsOf>,
    /// How the IDs of every side that isn't named below come to one form.
    pub normal: Spelling,
    /// How the IDs of single sides come to one form, by the side's name. What is missing here is taken from
    /// `normal`.
    pub normal_of_side: BTreeMap<String, Spelling>,
    /// Which rows of every side are taken; `None` takes all.
    pub filter: Option<RowFilter>,
    /// Which rows of single sides are taken, by the side's name: those that `filter` takes as well.
    pub filter_of_side: BTreeMap<String, RowFilter>,
}

impl IdSelection {
    /// Which rows of a side are taken.
    fn filter_of(&self, side: &str) -> Option<RowFilter> {
        let own = self.filter_of_side.get(side).cloned();
        match (self.filter.clone(), own) {
            (Some(all), Some(own)) => Some(all.and(own)),
            (all, own) => all.or(own),
        }
    }
}

/// The format of a data file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputFormat {
    /// Apache Parquet.
    Parquet,
    /// Delimited text: CSV, TSV, any other delimiter, or one ID a line; compressed or not.
    Delimited,
    /// JSON lines: an object a line; compressed or not.
    JsonLines,
    /// Arrow IPC, as a file (Feather) or a stream.
    Arrow,
}

/// Receives the progress of a scan. All methods do nothing by default.
pub trait Progress: Sync {
    /// The scan begins; `total_bytes` are to be read.
    fn start(&self, total_bytes: u64) {
        let _ = total_bytes;
    }
    /// So many more bytes were read.
    fn advance(&self, bytes: u64) {
        let _ = bytes;
    }
    /// The scan is over.
    fn finish(&self) {}
    /// Whether to stop: asked before every row group, and every part of a large one.
    fn cancelled(&self) -> bool {
        false
    }
}

/// A [`Progress`] that ignores everything and never stops a scan.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {}

/// Identifies files that hold sketches rather than IDs. The caller reads those.
#[derive(Clone, Copy)]
pub struct Foreign<'a> {
    /// By the name of the file, which then isn't opened.
    pub by_path: &'a dyn Fn(&Path) -> bool,
    /// By the columns of a Parquet file.
    pub by_schema: &'a dyn Fn(&SchemaDescriptor) -> bool,
}

/// Everything that is known before the first value is read.
#[derive(Debug, Default)]
pub struct Plan {
    /// The sides, in the order given.
    pub sides: Vec<SidePlan>,
}

/// One side of a [`Plan`].
#[derive(Debug)]
pub struct SidePlan {
    /// Its name.
    pub name: String,
    /// The ID column's dotted path, as it can be shown; several where its files differ.
    pub column: String,
    /// The domain of its IDs in their normal form; `None` if its columns say that all is null.
    pub domain: Option<IdDomain>,
    /// How its IDs come to one form.
    pub profile: Profile,
    /// Files that were named twice and are read once.
    pub repeated: Vec<String>,
    /// What lies in its folders and holds no data, and files that are no longer in their table.
    pub passed_over: Vec<String>,
    /// Files that hold something other than IDs.
    pub foreign: Vec<PathBuf>,
    /// Which of its rows are taken, as it was typed; `None` takes all.
    pub filter: Option<String>,
    /// What IDs of files without types are read as.
    form: Form,
    normal: Option<Arc<Normal>>,
    files: Vec<DataFile>,
    counter: Arc<PageCounter>,
}

impl SidePlan {
    /// How many files of IDs are read.
    #[must_use]
    pub const fn file_count(&self) -> usize {
        self.files.len()
    }

    /// How many pages were read so far, and how many of them checked: the same of every clone, to be
    /// asked when the scan is over.
    pub fn page_checks(&self) -> impl Fn() -> PageChecks + use<> {
        let counter = Arc::clone(&self.counter);
        move || counter.get()
    }

    /// Whether rules bring its IDs to one form.
    pub(crate) const fn has_rules(&self) -> bool {
        self.normal.is_some()
    }

    /// Rows in the footers; `None` if a file has none.
    #[must_use]
    pub fn rows(&self) -> Option<u64> {
        self.files.iter().map(DataFile::rows).sum()
    }

    /// Rows that its filter takes, if that is known before they are read: by partitions and statistics.
    pub(crate) fn rows_taken(&self) -> Option<u64> {
        self.files.iter().map(DataFile::rows_taken).sum()
    }

    /// Compares the nulls that were read with those of the statistics, where all row groups have them.
    fn check_nulls(&self, read: u64) {
        let told: Option<u64> = self.files.iter().map(DataFile::null_count).sum();
        if let Some(told) = told.filter(|&told| told != read) {
            self.counter.note(NullCounts { told, read });
        }
    }

    /// Whether both sides read the very same files.
    #[must_use]
    pub fn has_files_of(&self, other: &Self) -> bool {
        let paths = |side: &Self| -> HashSet<PathBuf> {
            let data = side.files.iter().map(|file| file.canonical().to_owned());
            let foreign = side.foreign.iter().map(|path| store::canonical(path));
            data.chain(foreign.filter_map(std::result::Result::ok))
                .collect()
        };
        paths(self) == paths(other)
    }
}

impl SidePlan {
    /// Reads files without types as `form`.
    fn settle(&mut self, form: Form) -> Result<()> {
        self.form = form;
        let (mut domain, mut first) = (None, None);
        for file in &self.files {
            let Some(now) = file.domain(form) else {
                continue;
            };
            let (before, first) = (
                *domain.get_or_insert(now),
                first.get_or_insert_with(|| file.path().display()),
            );
            if before != now {
                return Err(file.locate(Error::input(format!(
                    "holds {now} ids, but {first} of the same side {before} ids"
                ))));
            }
        }
        self.domain = match (&self.normal, domain) {
            (Some(normal), Some(domain)) => Some(
                normal
                    .domain(domain)
                    .map_err(|e| e.with("side", &self.name))?,
            ),
            (_, domain) => domain,
        };
        Ok(())
    }
}

impl Plan {
    /// Opens every footer of every side. Whether the sides can meet is only known when they are
    /// [settled](Self::settle).
    ///
    /// # Errors
    /// [`ErrorKind::Input`] for a file that can't be read or whose IDs are of an unsupported type,
    /// [`ErrorKind::Usage`] if the ID column can't be told.
    pub fn open(sides: &[Side], id: &IdSelection, foreign: Foreign<'_>) -> Result<Self> {
        check_side_names(sides, id)?;
        let opened = sides.iter().map(|side| plan_side(side, id, foreign));
        let opened = opened.collect::<Result<Vec<_>>>();
        remote::forget();
        let sides = opened?;
        let mut plan = Self { sides };
        spelling::settle(&mut plan.sides, id)?;
        Ok(plan)
    }

    /// The first two sides whose IDs are of different kinds, once they are settled.
    pub(crate) fn unlike(&self) -> Option<[&SidePlan; 2]> {
        let mut known = self.sides.iter().filter(|side| side.domain.is_some());
        let first = known.next()?;
        known
            .find(|side| side.domain != first.domain)
            .map(|other| [first, other])
    }

    /// The first side whose files hold different kinds of IDs.
    pub(crate) fn mixed(&self) -> Option<&SidePlan> {
        let is_mixed = |side: &&SidePlan| {
            let mut kinds = side.files.iter().filter_map(|file| file.domain(side.form));
            let first = kinds.next();
            kinds.any(|kind| Some(kind) != first)
        };
        self.sides.iter().find(is_mixed)
    }

    /// The sides that are wanted, and the others.
    pub(crate) fn divided(self, wanted: &[bool]) -> (Self, Self) {
        let (mut these, mut others) = (Self::default(), Self::default());
        for (side, wanted) in self.sides.into_iter().zip(wanted) {
            let plan = if *wanted { &mut these } else { &mut others };
            plan.sides.push(side);
        }
        (these, others)
    }

    /// Runs what reads data again that was counted before.
    pub(crate) fn uncounted<T>(&self, run: impl FnOnce() -> T) -> T {
        let counted: Vec<PageChecks> = self.sides.iter().map(|side| side.counter.get()).collect();
        let done = run();
        for (side, counted) in self.sides.iter().zip(&counted) {
            side.counter.set_back(counted);
        }
        done
    }

    /// Settles what IDs without types are, beside whatever else they meet: integers if anything holds
    /// integers, else text.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] if a file holds another kind of IDs than its side's other files,
    /// [`ErrorKind::Incomparable`] if two sides hold different kinds. The way out is left to the caller, who can try it.
    pub fn settle(&mut self, beside: &[IdDomain]) -> Result<()> {
        // IDs that are brought to one form are text before.
        let plain = self.sides.iter().filter(|side| side.normal.is_none());
        let known = plain.flat_map(|side| &side.files);
        let mut known = known.filter_map(|file| match file.kind() {
            IdKind::Known(domain) => Some(domain),
            IdKind::AllNull | IdKind::Untyped => None,
        });
        let is_integer = |domain: IdDomain| domain == IdDomain::Integer;
        let form = match known.any(is_integer) || beside.iter().copied().any(is_integer) {
            true => Form::Integers,
            false => Form::Text,
        };
        for side in &mut self.sides {
            side.settle(match side.normal {
                Some(_) => Form::Text,
                None => form,
            })?;
        }
        check_comparable(self)
    }
}

fn check_side_names(sides: &[Side], id: &IdSelection) -> Result<()> {
    let named = id.column_of_side.keys().map(|name| (Setting::Id, name));
    let bare = id.text.no_header_of.iter();
    let named = named.chain(bare.map(|name| (Setting::NoHeader, name)));
    let dated = id.as_of_of_side.keys().map(|name| (Setting::AsOf, name));
    let filtered = id.filter_of_side.keys().map(|name| (Setting::Where, name));
    let spelt = id
        .normal_of_side
        .keys()
        .map(|name| (Setting::Normalize, name));
    for (setting, name) in named.chain(dated).chain(filtered).chain(spelt) {
        if !sides.iter().any(|side| side.name == *name) {
            let names: Vec<&str> = sides.iter().map(|side| side.name.as_str()).collect();
            return Err(Error::usage([
                setting.into(),
                format!(" names a side {name} that isn't there").into(),
            ])
            .hint(format!("the sides are {}", names.join(", "))));
        }
    }
    Ok(())
}

fn plan_side(side: &Side, id: &IdSelection, foreign: Foreign<'_>) -> Result<SidePlan> {
    let column = id.column_of_side.get(&side.name).or(id.column.as_ref());
    let id = &IdSelection {
        text: id.text.of_side(&side.name),
        filter: id.filter_of(&side.name),
        ..id.clone()
    };
    let show = |path: &PathBuf| path.display().to_string();
    let mut plan = SidePlan {
        name: side.name.clone(),
        column: String::new(),
        domain: None,
        repeated: side.repeated.iter().map(show).collect(),
        passed_over: side.passed_over.iter().map(show).collect(),
        foreign: Vec::new(),
        filter: id.filter.as_ref().map(RowFilter::text),
        form: Form::Text,
        normal: None,
        profile: Profile::default(),
        files: Vec::new(),
        counter: Arc::default(),
    };
    remote::open_all(&side.files);
    let as_of = id.as_of_of_side.get(&side.name).copied().or(id.as_of);
    let (mut seen, mut tables) = (HashSet::new(), Tables::new(as_of));
    for folder in side.tables.iter().filter(|_| !id.as_they_lie) {
        tables.open(folder)?;
    }
    for path in &side.files {
        let live = match id.as_they_lie {
            true => None,
            false => match tables.place(path, (foreign.by_path)(path))? {
                Belongs::ToNone => None,
                Belongs::Live(file) => Some(file),
                Belongs::NotLive => {
                    plan.passed_over.push(show(path));
                    continue;
                }
            },
        };
        let file = match (foreign.by_path)(path) {
            true => None,
            false => {
                let column = column.map(String::as_str);
                let opened =
                    DataFile::open(path, live, column, id, foreign.by_schema, &plan.counter);
                opened.map_err(|error| explained(error, path, column))?
            }
        };
        let canonical = store::canonical(path).unwrap_or_else(|_| path.clone());
        if !seen.insert(canonical) {
            plan.repeated.push(path.display().to_string());
            continue;
        }
        let Some(file) = file else {
            plan.foreign.push(path.clone());
            continue;
        };
        file.count_unread(&plan.counter);
        plan.files.push(file);
    }
    tables.ensure_table(&plan.name)?;
    if plan.files.is_empty() && plan.foreign.is_empty() {
        tables.ensure_empty(&plan.name)?;
    }
    plan.column = columns_of(&plan.files);
    Ok(plan)
}

/// Why a file can't be opened: a request that failed, or a partition that was taken for a column.
fn explained(error: Error, path: &Path, column: Option<&str>) -> Error {
    let error = remote::request_fault(path).unwrap_or(error);
    place::explain_partition(error, path, column)
}

/// The ID columns of some files, each once.
fn columns_of(files: &[DataFile]) -> String {
    let mut columns: Vec<String> = Vec::new();
    for name in files.iter().map(DataFile::column_name) {
        let name = names::shown(&name);
        if !columns.contains(&name) {
            columns.push(name);
        }
    }
    columns.join(", ")
}

fn check_comparable(plan: &Plan) -> Result<()> {
    let told = |side: &SidePlan| match side.domain {
        Some(domain) => format!("{domain} ids (column {})", side.column),
        None => "no ids".into(),
    };
    if let Some([first, other]) = plan.unlike() {
        let text = format!(
            "{} holds {}, but {} {}",
            first.name,
            told(first),
            other.name,
            told(other)
        );
        return Err(Error::new(ErrorKind::Incomparable, text));
    }
    let mut known = plan.sides.iter().filter(|side| side.domain.is_some());
    let Some(first) = known.next() else {
        return Ok(());
    };
    for side in known {
        ensure_one_profile(&first.profile, &side.profile)
            .map_err(|e| e.with("side", &side.name).with("beside", &first.name))?;
    }
    Ok(())
}
