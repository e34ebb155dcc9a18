//! Opens a job's inputs: reads sketch files, and plans the scan of data files.

use super::exchange::{ensure_not_over, refused_by_policy};
use super::kinds;
use super::reading::with_key;
use super::request::Sources;
use super::side_report;
use super::space::{check_comparable, ensure_as_asked, ensure_of_key, hash_of};
use crate::compare::set_counts;
use crate::error::{Error, Result, Setting};
use crate::estimate::{SetCounts, rough_size};
use crate::format::{
    ImageColumns, SketchTable, check_tag, datasketches, is_sketch_table, read_puffin, read_table,
    sketch_of_field, told_filter as filter_told_by, told_policy,
};
use crate::hash::HashScheme;
use crate::id::{IdDomain, PageChecks};
use crate::key::Key;
use crate::policy::Policy;
use crate::report::SideReport;
use crate::scan::{self, Foreign, Plan, SidePlan};
use crate::segments::Segments;
use crate::sketch::{Sketch, SketchOptions, Sketcher};
use std::path::{Path, PathBuf};

/// Sides whose sketches are read and whose data is planned, and all of which can be compared.
pub(super) struct Inputs {
    pub(super) plan: Plan,
    /// The tables of each side.
    pub(super) tables: Vec<Vec<SketchTable>>,
    /// Size and hash for sketches of data. The hash is that of the sketches beside it.
    pub(super) options: SketchOptions,
    pub(super) key: Option<Key>,
    /// The policy of all stored sketches together, if one of them has one.
    pub(super) policy: Option<Policy>,
}

impl Inputs {
    /// Opens every footer and reads every sketch.
    ///
    /// # Errors
    /// Those of [`Self::open_any`], and [`crate::ErrorKind::Refused`] if a sketch has a policy.
    pub(super) fn open(sources: &Sources, options: SketchOptions) -> Result<Self> {
        let inputs = Self::open_any(sources, options)?;
        match inputs.policy {
            None => Ok(inputs),
            Some(_) => Err(refused_by_policy()),
        }
    }

    /// Likewise, for questions whose answers honour policies.
    ///
    /// # Errors
    /// Those of [`Plan::open`], [`Plan::settle`] and [`read_table`], and [`crate::ErrorKind::Incomparable`] if two
    /// sketches, or a sketch and a column, can't be compared.
    pub(super) fn open_any(sources: &Sources, options: SketchOptions) -> Result<Self> {
        sources.check()?;
        let options = options.with_hash(hash_of(sources, options.hash())?);
        let mut plan = plan(sources)?;
        let images = ImageColumns {
            utf16: options.hash() == HashScheme::Murmur3Utf16,
            ..sources.images.clone()
        };
        let tables = plan.sides.iter().map(|side| {
            let id = &sources.id;
            let column = id.column_of_side.get(&side.name).or(id.column.as_ref());
            // Other files of the side may call their column by a name.
            let field = column.and_then(|column| column.parse().ok());
            let files = stored_files(&side.foreign);
            let tables = files
                .iter()
                .map(|file| file.read_field(&images, sources.key.as_ref(), field));
            tables.collect::<Result<Vec<_>>>()
        });
        let tables: Vec<Vec<(SketchTable, Option<Policy>)>> = tables.collect::<Result<_>>()?;
        let policies = tables.iter().flatten();
        let policies = policies.filter_map(|(_, policy)| policy.clone());
        let policy = policies.reduce(|all, policy| all.and(&policy));
        let tables: Vec<Vec<SketchTable>> = tables
            .into_iter()
            .map(|tables| tables.into_iter().map(|(table, _)| table).collect())
            .collect();
        // Text without types meets stored integers as integers.
        let stored = tables.iter().flatten().flat_map(SketchTable::values);
        let domains: Vec<_> = stored.filter_map(Sketch::domain).collect();
        settle(&mut plan, &domains)?;
        ensure_as_asked(sources, &plan, &tables)?;
        let hash = check_comparable(&plan, &tables, options.hash(), &|side, sketch| {
            kinds::way_to_sketch(sources, side, sketch)
        })?;
        Ok(Self {
            plan,
            tables,
            options: options.with_hash(hash.unwrap_or(options.hash())),
            key: sources.key.clone(),
            policy,
        })
    }

    /// A sketcher of data.
    pub(super) fn sketcher(&self) -> Sketcher {
        with_key(Sketcher::new(self.options), self.key.as_ref())
    }

    /// The sides as far as they are known before they are read.
    pub(super) fn side_plans(&self) -> Vec<SideReport> {
        self.plan.sides.iter().map(side_report).collect()
    }

    /// Asks, once everything is read, how many pages of each side there were.
    pub(super) fn page_checks(&self) -> impl Fn(usize) -> PageChecks + use<> {
        let sides: Vec<_> = self.plan.sides.iter().map(SidePlan::page_checks).collect();
        move |side| sides[side]()
    }
}

/// Columns by which sides are divided into segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Division {
    /// Columns that divide each side into segments: of sketch tables, of data files, or of hive-style
    /// paths. If empty, all rows are one segment.
    pub by: Vec<String>,
    /// The largest number of segments of a side; more are refused.
    pub segments_max: usize,
}

impl Division {
    /// The default of [`Self::segments_max`]: at the default size, a gigabyte of sketches in memory for
    /// each thread.
    pub const SEGMENTS_MAX: usize = 10_000;

    /// Segments by the values of some columns.
    #[must_use]
    pub const fn by(columns: Vec<String>) -> Self {
        Self {
            by: columns,
            segments_max: Self::SEGMENTS_MAX,
        }
    }
}

impl Inputs {
    /// All sketches that were read from files.
    pub(super) fn stored(&self) -> impl Iterator<Item = &Sketch> {
        self.tables.iter().flatten().flat_map(SketchTable::values)
    }

    /// Each side alone.
    pub(super) fn into_sides(self) -> Vec<Self> {
        let (options, key) = (self.options, self.key);
        let sides = self.plan.sides.into_iter().zip(self.tables);
        let alone = |(side, tables)| Self {
            plan: Plan { sides: vec![side] },
            tables: vec![tables],
            options,
            key: key.clone(),
            policy: None,
        };
        sides.map(alone).collect()
    }

    /// Whether all files of all sides have the columns `by`.
    pub(super) fn divides(&self, by: &[String]) -> Result<bool> {
        let mut tables = self.tables.iter().flatten();
        if !tables.all(|table| by.iter().all(|name| table.names().contains(name))) {
            return Ok(false);
        }
        scan::has_segment_columns(&self.plan, by)
    }
}

/// Plans a scan and refuses sketches, for exact counting.
///
/// # Errors
/// [`crate::ErrorKind::Usage`] if a side holds sketches.
pub(super) fn plan_of_data(sources: &Sources) -> Result<Plan> {
    sources.check()?;
    let plan = plan(sources)?;
    match plan.sides.iter().flat_map(|side| &side.foreign).next() {
        None => Ok(plan),
        Some(path) => Err(
            Error::usage("holds sketches, but counting needs the ids themselves")
                .with("file", path.display())
                .hint("overlap estimate takes sketches"),
        ),
    }
}

pub(super) fn plan(sources: &Sources) -> Result<Plan> {
    let foreign = Foreign {
        by_path: &|path| Image::of(path).is_some(),
        by_schema: &|schema| is_sketch_table(schema, &sources.images),
    };
    let mut plan = Plan::open(&sources.sides, &sources.id, foreign)?;
    settle(&mut plan, &[])?;
    for side in plan.sides.iter().filter(|side| side.filter.is_some()) {
        if let Some(path) = side.foreign.first() {
            return Err(filter_of_sketches(&side.name, path));
        }
    }
    Ok(plan)
}

/// Settles what the IDs are; of kinds that can't meet it is said what brings them together.
fn settle(plan: &mut Plan, beside: &[IdDomain]) -> Result<()> {
    plan.settle(beside)
        .map_err(|error| kinds::with_way_out(plan, error))
}

/// A sketch has no rows any more, and a filter that part of a side ignores would be a wrong count.
fn filter_of_sketches(side: &str, path: &Path) -> Error {
    Error::usage([
        format!("{side} holds sketches, of which ").into(),
        Setting::Where.into(),
        " can't take rows any more".into(),
    ])
    .with("file", path.display())
    .hint("filter when the data is sketched, or name the sides that the condition is for")
}

/// Which image of Apache DataSketches a file is or holds, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Image {
    Theta,
    Hll,
    /// A Puffin file, in which Iceberg keeps the theta sketches of columns.
    Puffin,
}

impl Image {
    fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?;
        match extension.to_ascii_lowercase().as_str() {
            "theta" => Some(Self::Theta),
            "hll" => Some(Self::Hll),
            // Trino and Spark call them .stats.
            "puffin" | "stats" => Some(Self::Puffin),
            _ => None,
        }
    }
}

/// Whether a file is an image of Apache DataSketches or holds some, by its name.
pub(super) fn is_image(path: &Path) -> bool {
    Image::of(path).is_some()
}

/// A table of sketches, or the images of one sketch.
#[derive(Clone, Debug)]
pub(super) struct StoredFile {
    /// Its path, or that of its first image.
    path: PathBuf,
    theta: Option<PathBuf>,
    hll: Option<PathBuf>,
}

/// Sketch files; `NAME.theta` and `NAME.hll` in one folder are two images of one sketch.
pub(super) fn stored_files(paths: &[PathBuf]) -> Vec<StoredFile> {
    let mut files: Vec<StoredFile> = Vec::new();
    for path in paths {
        let image = Image::of(path);
        let twin = files.iter_mut().find(|file| {
            let free = match image {
                Some(Image::Theta) => file.theta.is_none() && file.hll.is_some(),
                Some(Image::Hll) => file.hll.is_none() && file.theta.is_some(),
                Some(Image::Puffin) | None => false,
            };
            free && file.path.with_extension("") == path.with_extension("")
        });
        let theta = (image == Some(Image::Theta)).then(|| path.clone());
        let hll = (image == Some(Image::Hll)).then(|| path.clone());
        match twin {
            Some(file) => {
                file.theta = file.theta.take().or(theta);
                file.hll = file.hll.take().or(hll);
            }
            None => files.push(StoredFile {
                path: path.clone(),
                theta,
                hll,
            }),
        }
    }
    files
}

impl StoredFile {
    /// An HLL image has at most 2^21 registers, and a theta image of more hashes than the largest k
    /// is refused.
    const IMAGE_BYTES_MAX: u64 = 8 * (1 << 24) + (1 << 10);

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The sketches in it. With a key, they are made with it, and the file has the key's tag.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if it isn't whole and valid, or as somebody with the key wrote it,
    /// [`crate::ErrorKind::Incomparable`] if its sketches are of another key, or of none.
    pub(super) fn read(
        &self,
        images: &ImageColumns,
        key: Option<&Key>,
    ) -> Result<(SketchTable, Option<Policy>)> {
        let read = |path: &PathBuf| scan::read_bytes(path, Self::IMAGE_BYTES_MAX);
        let (theta, hll) = (
            self.theta.as_ref().map(read).transpose()?,
            self.hll.as_ref().map(read).transpose()?,
        );
        if theta.is_none() && hll.is_none() {
            return match Image::of(&self.path) {
                Some(Image::Puffin) => self.read_columns(key).map(|table| (table, None)),
                _ => read_sketches(&self.path, images, key),
            };
        }
        let hash = images.hash();
        let sketch = datasketches::decode_of(hash, theta.as_deref(), hll.as_deref());
        let sketch = sketch.and_then(|sketch| {
            ensure_consistent(&sketch)?;
            ensure_of_key(&sketch, key)?;
            Ok(sketch)
        });
        let sketch = sketch.map_err(|e| e.with("file", self.path.display()))?;
        Ok((Segments::whole(sketch)?, None))
    }
}

impl StoredFile {
    /// The sketches in it, of a Puffin file that of one column: the field with this ID, or the only one.
    ///
    /// # Errors
    /// Those of [`Self::read`], and [`crate::ErrorKind::Usage`] if it has no such field, or several and none is named.
    fn read_field(
        &self,
        images: &ImageColumns,
        key: Option<&Key>,
        field: Option<i64>,
    ) -> Result<(SketchTable, Option<Policy>)> {
        let (table, policy) = self.read(images, key)?;
        if Image::of(&self.path) != Some(Image::Puffin) {
            return Ok((table, policy));
        }
        let sketch = sketch_of_field(table, field);
        let sketch = sketch.map_err(|e| e.with("file", self.path.display()))?;
        Ok((Segments::whole(sketch)?, policy))
    }

    /// The sketches of all columns of a Puffin file.
    fn read_columns(&self, key: Option<&Key>) -> Result<SketchTable> {
        let bytes = scan::read_bytes(&self.path, Self::IMAGE_BYTES_MAX)?;
        let table = read_puffin(&bytes).and_then(|table| {
            let mut sketches = table.values().iter();
            sketches.try_for_each(|sketch| ensure_of_key(sketch, key))?;
            Ok(table)
        });
        table.map_err(|e| e.with("file", self.path.display()))
    }
}

/// The sketches of one file of any kind.
pub(super) fn read_file(
    path: &Path,
    images: &ImageColumns,
    key: Option<&Key>,
) -> Result<(SketchTable, Option<Policy>)> {
    let files = stored_files(&[path.to_owned()]);
    let tables = files.iter().map(|file| file.read(images, key));
    tables
        .collect::<Result<Vec<_>>>()?
        .pop()
        .ok_or_else(|| Error::usage("no sketch file"))
}

/// The condition (`--where`) that a sketch file records; `None` of an image.
pub(super) fn told_filter(path: &Path) -> Result<Option<String>> {
    match is_image(path) {
        true => Ok(None),
        false => scan::read_parquet(path, filter_told_by),
    }
}

/// The sketches of one Parquet file.
fn read_sketches(
    path: &Path,
    images: &ImageColumns,
    key: Option<&Key>,
) -> Result<(SketchTable, Option<Policy>)> {
    let (table, policy) = scan::read_parquet(path, |source| {
        let table = read_table(source.clone(), images)?;
        let mut sketches = table.values().iter();
        sketches.try_for_each(|sketch| ensure_of_key(sketch, key))?;
        if let Some(key) = key {
            check_tag(&source, key)?;
        }
        let policy = told_policy(source)?;
        policy.as_ref().map_or(Ok(()), ensure_not_over)?;
        Ok((table, policy))
    })?;
    for (row, sketch) in table.values().iter().enumerate() {
        ensure_consistent(sketch).map_err(|e| e.with("file", path.display()).with("row", row))?;
    }
    Ok((table, policy))
}

/// Sees to it that registers and sample can be of one set: parts that were mixed up, or made up, are
/// each plausible alone. Files are checked when they are read; blobs that come otherwise, and record
/// batches, are not.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if what they say is 100 times apart, or just one of them is empty.
pub fn ensure_consistent(sketch: &Sketch) -> Result<()> {
    /// Two estimates of one set never differ by this factor: each is within a factor of a few.
    const FACTOR: f64 = 100.0;
    let SetCounts {
        sample: Some(sample),
        registers: Some(registers),
        ..
    } = set_counts(sketch)
    else {
        return Ok(());
    };
    let by_sample = sample.hashes as f64 / sample.theta;
    let by_registers = rough_size(&registers);
    // A sample that isn't the set may have missed a few by chance, even all of a small set.
    let missed = if sample.theta < 1.0 { 4.0 } else { 0.0 };
    let by_sample_most = (sample.hashes as f64 + missed) / sample.theta;
    let too_many = by_sample + 1.0 > FACTOR * (by_registers + 1.0);
    let too_few = FACTOR * (by_sample_most + 1.0) < by_registers + 1.0;
    let one_empty = (by_sample == 0.0 && sample.theta == 1.0) != (by_registers == 0.0);
    if one_empty || too_many || too_few {
        return Err(Error::input(format!(
            "corrupt sketch: about {by_registers:.0} users by its registers, {by_sample:.0} by its sample"
        )));
    }
    Ok(())
}
