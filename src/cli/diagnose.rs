//! `overlap diagnose`.

use super::args::{self, FormatArgs, SourceArgs};
use super::progress::Bar;
use overlap::{Confidence, DiagnoseRequest, Result};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    sources: SourceArgs,

    /// Confidence of the intervals in percent, such as 90, 95 or 99.7
    #[arg(long, value_name = "PERCENT", default_value = "95", value_parser = args::confidence)]
    confidence: Confidence,

    #[command(flatten)]
    format: FormatArgs,
}

pub fn run(args: &Args) -> Result<()> {
    let request = DiagnoseRequest {
        sources: args.sources.sources()?,
        confidence: args.confidence,
    };
    let report = overlap::diagnose(&request, &Bar::new())?;
    super::warn(&report.warnings);
    super::print(&report.render(args.format.format(), &super::in_flags))
}
