//! `overlap generate`.

use clap::ValueEnum;
use overlap::{Codec, Error, ErrorKind, GenerateOptions, IdKind, Result, generate};
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Args {
    /// The first file
    #[arg(value_name = "A.parquet")]
    path_a: PathBuf,

    /// The second file
    #[arg(value_name = "B.parquet")]
    path_b: PathBuf,

    /// Users of the first file
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    users_a: u64,

    /// Users of the second file
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    users_b: u64,

    /// Users of both
    #[arg(long, value_name = "N", default_value_t = 500_000)]
    overlap: u64,

    /// Kind of IDs: random, sequential, int32, uint64, uuid, hex, email or binary16
    #[arg(long, value_name = "KIND", default_value = "random")]
    ids: IdKind,

    /// Mean number of rows per user; every user has at least one
    #[arg(long, value_name = "MEAN", default_value_t = 1.0)]
    rows_per_user: f64,

    /// How unevenly the other rows are spread over users; 0 is evenly
    #[arg(long, default_value_t = 0.0)]
    skew: f64,

    /// Share of rows without an ID, 0 to below 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    null_share: f64,

    /// Seed of the random numbers; each seed gives other users
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Compression of the pages
    #[arg(long, value_enum, default_value_t = CodecName::None)]
    codec: CodecName,

    /// Dictionary-encode the IDs
    #[arg(long)]
    dictionary: bool,

    /// Rows per row group
    #[arg(long, value_name = "N", default_value_t = 1 << 20)]
    row_group_rows: usize,

    /// Also write the columns city_tier and last_active
    #[arg(long)]
    columns: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum CodecName {
    None,
    Snappy,
    Zstd,
}

pub fn run(args: &Args) -> Result<()> {
    let options = GenerateOptions {
        users_a: args.users_a,
        users_b: args.users_b,
        overlap: args.overlap,
        ids: args.ids,
        rows_per_user: args.rows_per_user,
        skew: args.skew,
        null_share: args.null_share,
        seed: args.seed,
        codec: match args.codec {
            CodecName::None => Codec::None,
            CodecName::Snappy => Codec::Snappy,
            CodecName::Zstd => Codec::Zstd,
        },
        dictionary: args.dictionary,
        row_group_rows: args.row_group_rows,
        columns: args.columns,
    };
    if args.path_a == args.path_b {
        return Err(Error::usage("both files have the same path"));
    }
    let truth = generate(&args.path_a, &args.path_b, &options)?;
    let text = serde_json::to_string_pretty(&truth)
        .map_err(|e| Error::new(ErrorKind::Internal, e.to_string()))?;
    super::print(&(text + "\n"))
}
