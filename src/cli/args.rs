//! What the user typed, validated and nothing more.

use super::key::KeyArgs;
use super::spelling::SpellingArgs;
use super::text::TextArgs;
use clap::{Args, ValueEnum};
use overlap::format::ImageColumns;
use overlap::id::IdDomain;
use overlap::report::Format;
use overlap::{
    AsOf, Confidence, Division, Error, ExactMemory, HashScheme, IdSelection, ReadLimits, Result,
    SidesRequest, SketchOptions, SketchRequest, Sources, StoreRequest, Unique, plan,
};
use std::ffi::OsString;
use std::path::PathBuf;

/// Whose data, which column, how many threads.
#[derive(Args)]
pub struct SourceArgs {
    /// The sides: Parquet, CSV, TSV, JSON lines, Arrow or sketch files, folders of such files, or patterns
    /// such as 'pay/*.parquet'; - reads such a file from standard input, @FILE reads a list of paths with
    /// one a line, @- such a list from standard input. Arguments with the same NAME are one side
    #[arg(required = true, value_name = "[NAME=]PATH")]
    inputs: Vec<OsString>,

    /// Column that holds the IDs, as a dotted path (of a Puffin file its field ID), for all sides or for one
    /// [default: the only one of user_id, uid, userid and device_id that is there; id if no other column may
    /// hold users]
    #[arg(long, value_name = "[NAME=]COLUMN")]
    id: Vec<String>,

    /// Read all IDs as one kind: string writes numbers as digits, integer reads digits as numbers, binary
    /// reads hexadecimal text as bytes
    #[arg(long = "as", value_name = "KIND")]
    cast: Option<Kind>,

    /// Read all files in the folders of Delta, Iceberg and Hudi tables, deleted rows included. By default
    /// only the live rows of Delta and Iceberg tables are read, and Hudi tables are refused
    #[arg(long, conflicts_with = "as_of")]
    files: bool,

    /// Read Delta and Iceberg tables as they were at a version (for Iceberg a snapshot ID) or at a time
    /// such as 2026-11-23T12:00:00Z, for all sides or for one
    #[arg(long, value_name = "[NAME=]VERSION|TIME")]
    as_of: Vec<String>,

    /// Count only rows that meet a condition in SQL, such as "country = 'CH' AND day >= current_date -
    /// interval '30 days'", for all sides or for one; may be given several times, and all must hold
    #[arg(long = "where", value_name = "[NAME=]CONDITION")]
    filter: Vec<String>,

    #[command(flatten)]
    spelling: SpellingArgs,

    #[command(flatten)]
    text: TextArgs,

    #[command(flatten)]
    images: ImageArgs,

    #[command(flatten)]
    key: KeyArgs,

    #[command(flatten)]
    limits: LimitArgs,

    /// Number of threads that read and hash [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
}

/// What files may ask for, before they are refused.
// The heading stands at each of them: a `next_help_heading` would go on to whatever comes after.
#[derive(Args)]
pub struct LimitArgs {
    /// Refuse pages without a checksum. By default the report says how many pages were checked
    #[arg(long, help_heading = LIMITS)]
    require_checksums: bool,

    /// Refuse pages larger than this, stored or decompressed [default: 256MiB]
    #[arg(long, value_name = "SIZE", value_parser = bytes, help_heading = LIMITS)]
    max_page: Option<u64>,

    /// Refuse pages of more than 16MiB that are more than N times as large decompressed as stored
    /// [default: 10000]
    #[arg(long, value_name = "N", help_heading = LIMITS)]
    max_ratio: Option<u64>,

    /// Refuse IDs longer than this [default: 16MiB]
    #[arg(long, value_name = "SIZE", value_parser = bytes, help_heading = LIMITS)]
    max_value: Option<u64>,
}

const LIMITS: &str = "Limits";

impl LimitArgs {
    fn limits(&self) -> ReadLimits {
        let default = ReadLimits::default();
        let value = self
            .max_value
            .map(|most| usize::try_from(most).unwrap_or(usize::MAX));
        ReadLimits {
            page_bytes_max: self.max_page.unwrap_or(default.page_bytes_max),
            ratio_max: self.max_ratio.unwrap_or(default.ratio_max),
            value_bytes_max: value.unwrap_or(default.value_bytes_max),
            require_checksums: self.require_checksums,
        }
    }
}

/// Columns of Apache DataSketches' images in Parquet files of other programs.
#[derive(Args)]
pub struct ImageArgs {
    /// Column that holds theta sketches of Apache DataSketches, such as those of Spark's
    /// theta_sketch_agg
    #[arg(long, value_name = "COLUMN")]
    theta_column: Option<String>,

    /// Column that holds HLL sketches of Apache DataSketches, such as those of Spark's hll_sketch_agg
    #[arg(long, value_name = "COLUMN")]
    hll_column: Option<String>,
}

impl ImageArgs {
    /// What was typed.
    pub fn columns(&self) -> ImageColumns {
        ImageColumns {
            theta: self.theta_column.clone(),
            hll: self.hll_column.clone(),
            ..ImageColumns::default()
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Integer,
    String,
    Binary,
}

impl SourceArgs {
    /// The sides that were typed, their files found.
    pub fn sources(&self) -> Result<Sources> {
        let mut sources = Sources::new(&self.inputs)?;
        sources.id = self.id_selection()?;
        for condition in &self.filter {
            sources.filter(condition)?;
        }
        self.spelling.say(&mut sources.id)?;
        sources.images = self.images.columns();
        sources.key = self.key.key()?;
        sources.id.limits = self.limits.limits();
        sources.id.text = self.text.options();
        sources.id.format = self.text.format();
        if let Some(threads) = self.threads {
            sources.threads = usize::from(threads);
        }
        Ok(sources)
    }

    fn id_selection(&self) -> Result<IdSelection> {
        let mut selection = IdSelection {
            cast: self.cast.map(|kind| match kind {
                Kind::Integer => IdDomain::Integer,
                Kind::String => IdDomain::Text,
                Kind::Binary => IdDomain::Binary,
            }),
            as_they_lie: self.files,
            ..IdSelection::default()
        };
        for id in &self.id {
            match id.split_once('=') {
                Some((side, column)) => {
                    selection
                        .column_of_side
                        .insert(side.to_owned(), column.to_owned());
                }
                None => selection.column = Some(id.clone()),
            }
        }
        for as_of in &self.as_of {
            match as_of.split_once('=') {
                Some((side, as_of)) => {
                    let side = side.to_owned();
                    selection.as_of_of_side.insert(side, AsOf::parse(as_of)?);
                }
                None => selection.as_of = Some(AsOf::parse(as_of)?),
            }
        }
        Ok(selection)
    }
}

/// Data and sketches on their way into one sketch file.
#[derive(Args)]
pub struct StoreArgs {
    #[command(flatten)]
    sources: SourceArgs,
    #[command(flatten)]
    size: SizeArgs,
    #[command(flatten)]
    division: DivisionArgs,
    /// File to write, usually .ovs. It is written whole or not at all, and never over an input
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
}

impl StoreArgs {
    /// The job that was typed.
    pub fn request(&self) -> Result<StoreRequest> {
        Ok(StoreRequest {
            sources: self.sources.sources()?,
            options: self.size.options(Confidence::default())?,
            division: self.division.division(),
            output: self.output.clone(),
            exchange: None,
        })
    }

    /// Whether the answer is for programs.
    pub const fn json(&self) -> bool {
        self.json
    }
}

/// A question about many sides, or about the segments of some.
#[derive(Args)]
pub struct SidesArgs {
    #[command(flatten)]
    sources: SourceArgs,
    #[command(flatten)]
    sketch: SketchArgs,
    #[command(flatten)]
    division: DivisionArgs,
}

impl SidesArgs {
    /// The job that was typed.
    pub fn request(&self) -> Result<SidesRequest> {
        Ok(SidesRequest {
            sources: self.sources.sources()?,
            options: self.sketch.options()?,
            confidence: self.sketch.confidence,
            division: self.division.division(),
        })
    }
}

/// How a side is divided into segments.
#[derive(Args)]
pub struct DivisionArgs {
    /// Divide by these columns, with a sketch for each value: columns of the data or of sketch files, or
    /// folders such as day=2026-11-23/
    #[arg(long, value_name = "COLUMN[,COLUMN]", value_delimiter = ',')]
    by: Vec<String>,

    /// Refuse more segments than this. Each segment is a sketch in memory for each thread
    #[arg(long, value_name = "N", default_value_t = Division::SEGMENTS_MAX)]
    max_segments: usize,
}

impl DivisionArgs {
    /// What was typed.
    pub fn division(&self) -> Division {
        let mut by = self.by.clone();
        // Twice the same column divides no further.
        let mut seen = std::collections::HashSet::new();
        by.retain(|column| seen.insert(column.clone()));
        Division {
            by,
            segments_max: self.max_segments,
        }
    }
}

/// A question that sketches answer: whose data, how exactly, what is known.
#[derive(Args)]
pub struct QuestionArgs {
    #[command(flatten)]
    sources: SourceArgs,
    #[command(flatten)]
    sketch: SketchArgs,
    #[command(flatten)]
    unique: UniqueArgs,
}

impl QuestionArgs {
    /// The job that was typed.
    pub fn request(&self) -> Result<SketchRequest> {
        Ok(SketchRequest {
            options: self.sketch.options()?,
            confidence: self.sketch.confidence,
            unique: self.unique.unique(),
            ..SketchRequest::new(self.sources.sources()?)
        })
    }
}

/// How wide the intervals, and how large the sketches of data.
#[derive(Args)]
struct SketchArgs {
    #[command(flatten)]
    size: SizeArgs,

    /// Confidence of the intervals in percent, such as 90, 95 or 99.7
    #[arg(long, value_name = "PERCENT", default_value = "95", value_parser = confidence)]
    confidence: Confidence,
}

impl SketchArgs {
    /// Sizes that nobody asked for may grow: these sketches aren't stored.
    fn options(&self) -> Result<SketchOptions> {
        let options = self.size.options(self.confidence)?;
        Ok(match self.size {
            SizeArgs {
                k: None,
                error: None,
                ..
            } => options.at_hand(),
            _ => options,
        })
    }
}

/// How large the sketches of data are, and through which hash IDs go.
#[derive(Args)]
struct SizeArgs {
    /// Size of the HyperLogLog part of new sketches: 2^P registers, P from 4 to 24. Stored sketches keep
    /// their size, and different sizes are compared at the lowest P [default: 16]
    #[arg(long, value_name = "P")]
    precision: Option<u8>,

    /// Size of the MinHash part of new sketches: K hashes, from 16 to 16777216. Sides of up to K users are
    /// exact. Stored sketches keep their size, and different sizes merge to the smallest K [default: 65536
    /// for sketches that are stored or beside stored ones; for data alone up to 1048576, 128 MB in all]
    #[arg(long, value_name = "K")]
    k: Option<usize>,

    /// Choose the sketch size for a wanted precision: 1% gives ± 1 % on the overlap when two equally large
    /// sides share a tenth of their users. `overlap bounds` shows the error of other overlaps
    #[arg(long, value_name = "PERCENT", value_parser = percent, conflicts_with_all = ["precision", "k"])]
    error: Option<f64>,

    /// Hash of new sketches: xxh3, or murmur3 for sketches that Apache DataSketches can read and merge.
    /// Data beside a stored sketch is hashed as that sketch was
    #[arg(long, value_enum, default_value_t = Hash::Xxh3)]
    hash: Hash,
}

#[derive(Clone, Copy, ValueEnum)]
enum Hash {
    Xxh3,
    Murmur3,
    /// Text as UTF-16, as Druid's and Hive's HLL sketches of text have it
    #[value(name = "murmur3-utf16")]
    Murmur3Utf16,
}

impl SizeArgs {
    fn options(&self, confidence: Confidence) -> Result<SketchOptions> {
        let hash = match self.hash {
            Hash::Xxh3 => HashScheme::Xxh3,
            Hash::Murmur3 => HashScheme::Murmur3,
            Hash::Murmur3Utf16 => HashScheme::Murmur3Utf16,
        };
        self.sizes(confidence)
            .map(|options| options.with_hash(hash))
    }

    fn sizes(&self, confidence: Confidence) -> Result<SketchOptions> {
        /// The overlap that an error is wished for, as a share of two equal sides.
        const REFERENCE_SHARE: f64 = 0.1;
        let default = SketchOptions::default();
        let Some(error) = self.error else {
            return SketchOptions::new(
                self.precision.unwrap_or(default.precision().get()),
                self.k.unwrap_or(default.k()),
            );
        };
        let size = plan(REFERENCE_SHARE, error, confidence.z()).ok_or_else(|| {
            Error::usage(format!(
                "no sketch has an error as small as {} %",
                error * 100.0
            ))
            .hint("use overlap exact, which counts")
        })?;
        let k = usize::try_from(size.k).unwrap_or(usize::MAX);
        SketchOptions::new(size.precision, k)
    }
}

/// A share in percent.
fn percent(text: &str) -> std::result::Result<f64, String> {
    let percent: f64 = text
        .trim_end_matches('%')
        .trim()
        .parse()
        .map_err(|_| "not a number")?;
    if percent > 0.0 && percent <= 100.0 {
        Ok(percent / 100.0)
    } else {
        Err("must be more than 0 and at most 100 percent".into())
    }
}

/// Which sides have one row a user.
#[derive(Args)]
struct UniqueArgs {
    /// Each user has one row, in all sides or in one. The size of the side is then exactly rows − nulls,
    /// and intervals narrow. Ignored with a warning where the data contradict it
    #[arg(
        long,
        value_name = "SIDE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = ""
    )]
    unique: Vec<String>,
}

impl UniqueArgs {
    /// The sides that were named; `--unique` alone names all.
    fn unique(&self) -> Unique {
        match &self.unique[..] {
            [] => Unique::None,
            names if names.iter().any(String::is_empty) => Unique::All,
            names => Unique::Sides(names.iter().cloned().collect()),
        }
    }
}

/// A level in percent.
pub fn confidence(text: &str) -> std::result::Result<Confidence, String> {
    let percent: f64 = text
        .trim_end_matches('%')
        .trim()
        .parse()
        .map_err(|_| "not a number")?;
    Confidence::new(percent / 100.0)
        .ok_or_else(|| "must be more than 50 and less than 100 percent".into())
}

/// In which form the report is written.
#[derive(Args)]
pub struct FormatArgs {
    /// Format of the report
    #[arg(long, value_enum, default_value_t = FormatName::Table)]
    format: FormatName,
}

#[derive(Clone, Copy, ValueEnum)]
enum FormatName {
    Table,
    Json,
    Csv,
    Markdown,
}

impl FormatArgs {
    /// The format that was typed.
    pub const fn format(&self) -> Format {
        match self.format {
            FormatName::Table => Format::Table,
            FormatName::Json => Format::Json,
            FormatName::Csv => Format::Csv,
            FormatName::Markdown => Format::Markdown,
        }
    }
}

/// How much memory exact counting may take, and where it keeps the rest.
#[derive(Args)]
pub struct MemoryArgs {
    /// Memory for exact counting, such as 512MiB or 8GiB. IDs that don't fit go to a temporary file
    /// [default: three quarters of the machine's memory]
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    memory: Option<u64>,

    /// Folder for the temporary file [default: the system's temporary folder]
    #[arg(long, value_name = "DIR")]
    temp_dir: Option<PathBuf>,
}

impl MemoryArgs {
    /// What was typed, or the machine's.
    pub fn memory(&self) -> ExactMemory {
        let limit_bytes = self.memory.unwrap_or_else(overlap::default_memory_limit);
        let temp_dir = self.temp_dir.clone().unwrap_or_else(std::env::temp_dir);
        ExactMemory {
            limit_bytes,
            temp_dir,
        }
    }
}

/// A size: a number with an optional unit, of 1,000 or 1,024.
fn bytes(text: &str) -> std::result::Result<u64, String> {
    const UNITS: [(&str, u64); 10] = [
        ("", 1),
        ("b", 1),
        ("kb", 1_000),
        ("mb", 1_000_000),
        ("gb", 1_000_000_000),
        ("tb", 1_000_000_000_000),
        ("kib", 1 << 10),
        ("mib", 1 << 20),
        ("gib", 1 << 30),
        ("tib", 1 << 40),
    ];
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: f64 = number.parse().map_err(|_| "not a size such as 512MiB")?;
    let unit = unit.trim().to_ascii_lowercase();
    let factor = UNITS
        .iter()
        .find(|(name, _)| *name == unit)
        .map(|(_, factor)| *factor);
    let factor = factor.ok_or("unknown unit: use KiB, MiB, GiB or TiB")?;
    Ok((number * factor as f64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(bytes("512MiB"), Ok(512 << 20));
        assert_eq!(bytes("1.5 gb"), Ok(1_500_000_000));
        assert_eq!(bytes("1024"), Ok(1024));
        assert!(bytes("lots").is_err() && bytes("5 parsecs").is_err() && bytes("-1").is_err());
    }

    #[test]
    fn confidence_is_in_percent() {
        assert_eq!(
            confidence("99.7%"),
            Ok(Confidence::new(0.997).expect("in range"))
        );
        assert!(confidence("0.95").is_err() && confidence("100").is_err());
    }
}
