//! `overlap inspect`.

use super::args::{self, FormatArgs, ImageArgs};
use overlap::{Confidence, Result, Side};
use std::ffi::OsString;
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Args {
    /// Sketch files, folders of them (of part files that Spark wrote, say), globs, or @FILE with a
    /// path a line (@- reads standard input)
    #[arg(required = true, value_name = "[NAME=]PATH")]
    inputs: Vec<OsString>,

    /// Confidence of the intervals in percent, such as 90, 95 or 99.7
    #[arg(long, value_name = "PERCENT", default_value = "95", value_parser = args::confidence)]
    confidence: Confidence,

    #[command(flatten)]
    images: ImageArgs,

    #[command(flatten)]
    format: FormatArgs,
}

pub fn run(args: &Args) -> Result<()> {
    let sides = Side::from_arguments(&args.inputs)?;
    let files: Vec<PathBuf> = sides.into_iter().flat_map(|side| side.files).collect();
    let report = overlap::inspect(&files, &args.images.columns(), args.confidence)?;
    super::print(&report.render(args.format.format()))
}
