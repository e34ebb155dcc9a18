//! How many users do two platforms share, and how many do they reach together?
//!
//! `overlap` streams the user-ID columns of two or more Parquet exports (or Arrow arrays) through
//! one 64-bit hash into HyperLogLog registers and a bottom-k MinHash sample, and answers from both
//! with one joint maximum-likelihood fit: |A|, |B|, |A ∩ B| and |A ∪ B|, each with an interval.
//!
//! ```
//! use arrow::array::Int64Array;
//! use overlap::{Confidence, SketchOptions, estimate_sketches, sketch_array};
//!
//! // Two platforms of 150,000 and 100,000 users, 50,000 of them on both.
//! let shop = Int64Array::from_iter_values(0..150_000);
//! let pay = Int64Array::from_iter_values(100_000..200_000);
//!
//! // Each side is sketched where its data lives; sketches merge and travel, IDs don't.
//! let options = SketchOptions::default();
//! let shop = sketch_array(&shop, options)?;
//! let pay = sketch_array(&pay, options)?;
//!
//! let pair = estimate_sketches(&shop, &pay, Confidence::default())?;
//! assert!((pair.overlap.value / 50_000.0 - 1.0).abs() < 0.02);
//! assert!(pair.overlap.lower <= 50_000.0 && 50_000.0 <= pair.overlap.upper);
//! assert_eq!(pair.a.value + pair.b.value - pair.overlap.value, pair.union.value);
//! # Ok::<(), overlap::Error>(())
//! ```
//!
//! # Where to begin
//!
//! | you have | you call |
//! |---|---|
//! | files, and want the report that `overlap estimate` prints | [`estimate()`] |
//! | files, and want sketches | [`sketch_sides`], [`sketch_segments`] |
//! | Arrow arrays or record batches | [`sketch_array`], [`sketch_batches`], [`BatchSketcher`] |
//! | IDs of your own, in batches | [`Sketcher`] |
//! | two sketches | [`estimate_sketches`] |
//! | many sketches | [`regions`], [`compare_all`], [`reach_of`], [`trend_of`], [`largest_regions`] |
//! | files, and want exact numbers | [`exact()`]; [`verify`] compares both |
//! | a sketch that a stranger may have | [`store_noisy`], [`NoisyGrid`] |
//! | exact numbers that may be published | [`exact_noisy`] |
//! | a partner who may see no sketch | [`private_offer`], [`private_answer`], [`private_finish`] |
//! | a sketch to store or to read | [`write_sketches`], [`read_sketches`], [`mod@format`] |
//! | the question which error to expect | [`expected_error`], [`plan`] |
//!
//! Everything that the command line does is one function of this library. The guide, the glossary and
//! the mathematics are in `docs/`; five programs are in `examples/`.

mod analysis;
mod compare;
mod engine;
mod error;
mod estimate;
mod exact;
mod filter;
pub mod format;
mod generate;
mod hash;
pub mod id;
mod key;
pub mod page;
pub mod picture;
mod policy;
mod private;
mod reader;
mod remote;
pub mod report;
mod scan;
mod segments;
mod sketch;
pub mod spelling;
mod storage;
mod textbook;

pub use analysis::{
    Days, Expression, LargestRegions, Matrix, MatrixPair, OtherRegions, OverlapDay, PortableFit,
    ReachOrder, ReachStep, Regions, SegmentGain, SideDay, TrendDay, WindowDay, largest_regions,
    matrix as compare_all, reach as reach_of, regions, segment_gains, trend as trend_of,
};
pub use compare::{
    SampledRegions, grid_counts, pair_counts, region_counts, sampled_regions, set_counts,
    union_counts,
};
pub use engine::{
    Answer, BatchSketcher, Budget, ConvertRequest, ConvertTo, DiagnoseRequest, Division,
    ExactMemory, ExactRequest, FullRequest, NoisyExactRequest, NoisyRequest, PrivateFinishRequest,
    PrivateRequest, PrivateTerms, SidesRequest, SketchRequest, Sources, StoreRequest, Unique,
    ask_estimate, ask_matrix, ask_regions, convert, default_memory_limit, diagnose,
    ensure_consistent, estimate, estimate_regions_of, estimate_sketches, exact, exact_noisy,
    full_report, full_report_of, inspect, matrix, merge_noisy, private_answer, private_answer_of,
    private_finish, private_offer, private_offer_of, reach, read_key, read_key_descriptor,
    read_keyed_sketches, read_report, read_sketches, sketch_array, sketch_batches, sketch_segments,
    sketch_sides, sketch_with_sources, store, store_noisy, trend, verify, write_file, write_key,
    write_sketches, write_sketches_with,
};
pub use error::{Error, ErrorKind, Phrase, Piece, Result, Setting};
pub use estimate::{
    Confidence, Estimate, ExpectedError, ExpectedRegions, FREQUENCY_MAX, FrequencyCounts,
    FrequencyEstimate, GRID_LEVELS, GridCounts, HeldRegion, JointRegisters, ListedPair,
    ListedRegions, NoisyRegions, PairCounts, PairEstimate, PairSizes, RANKS, RegionCounts,
    RegionsEstimate, RegionsFit, RegisterCounts, RegisterSize, SampleCounts, SampleLayer,
    SampledCounts, SetCounts, SetRegisters, SetSample, SketchSize, contradicts, estimate_frequency,
    estimate_grids, estimate_noisy_pair, estimate_pair, estimate_regions, estimate_sampled,
    estimate_set, expected_error, grid_bound, plan, probability_of_gain, unbounded_overlap,
};
pub use exact::{ExactCounter, ExactCounts, ExactOptions, ExactSink};
pub use filter::RowFilter;
pub use generate::{Codec, GenerateOptions, IdKind, Truth, generate};
pub use hash::{
    BatchHasher, DATASKETCHES_SEED, Filter, HashScheme, HashSink, Kernel, Marks, SEED_HASH, SipKey,
    hash_bytes, hash_integer, hash_wide_integer, murmur3_128, sip_bytes, sip_integer,
};
pub use id::{NullCounts, PageChecks, Tally};
pub use key::{KEY_BYTES, Key, KeyId};
pub use policy::{Day, Policy, Released, Sum, release};
#[doc(hidden)] // for the measurement of what files and numbers give away
pub use private::Random;
#[doc(hidden)] // for the fuzzer
pub use reader::{DelimitedIds, delimited_ids};
pub use reader::{Delimiter, ReadLimits, TextOptions};
pub use remote::set_store_options;
#[doc(hidden)] // for the fuzzer and the bench
pub use scan::snappy;
pub use scan::{
    ArrowIds, AsOf, IdSelection, InputFormat, Progress, Side, Silent, Spelling, USUAL_NAMES,
    is_decoding, is_same_file, live_files,
};
pub use segments::Segments;
pub use sketch::{
    BottomK, Grid, GridSketcher, HyperLogLog, NoisyGrid, Precision, RowCounts, Sketch,
    SketchOptions, Sketcher,
};

pub use storage::remove_temporaries;
pub use textbook::{TextbookAnswers, TextbookPair};

/// The README's examples run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
