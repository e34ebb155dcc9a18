//! `overlap inspect`.

use super::args::{self, FormatArgs, ImageArgs};
use overlap::{Confidence, Result};
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Args {
    /// Sketch files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Confidence of the intervals in percent, such as 90, 95 or 99.7
    #[arg(long, value_name = "PERCENT", default_value = "95", value_parser = args::confidence)]
    confidence: Confidence,

    #[command(flatten)]
    images: ImageArgs,

    #[command(flatten)]
    format: FormatArgs,
}

pub fn run(args: &Args) -> Result<()> {
    let report = overlap::inspect(&args.files, &args.images.columns(), args.confidence)?;
    super::print(&report.render(args.format.format()))
}
