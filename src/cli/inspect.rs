//! `overlap inspect`.

use super::args::{self, FormatArgs, ImageArgs};
use super::key::KeyArgs;
use super::text::TextArgs;
use overlap::report::InspectReport;
use overlap::{Confidence, IdSelection, Result, Side};
use std::ffi::OsString;

#[derive(clap::Args)]
pub struct Args {
    /// Sketch files or data files, folders of them, or patterns; - reads a file from standard input, @FILE
    /// reads a list of paths with one a line, @- such a list from standard input
    #[arg(required = true, value_name = "[NAME=]PATH")]
    inputs: Vec<OsString>,

    /// Confidence of the intervals in percent, such as 90, 95 or 99.7
    #[arg(long, value_name = "PERCENT", default_value = "95", value_parser = args::confidence)]
    confidence: Confidence,

    #[command(flatten)]
    text: TextArgs,

    #[command(flatten)]
    images: ImageArgs,

    #[command(flatten)]
    key: KeyArgs,

    #[command(flatten)]
    format: FormatArgs,
}

pub fn run(args: &Args) -> Result<()> {
    let key = args.key.key()?;
    let sides = Side::from_arguments(&args.inputs)?;
    let mut files = Vec::new();
    for side in sides {
        let data = IdSelection {
            format: args.text.format(),
            text: args.text.options().of_side(&side.name),
            ..IdSelection::default()
        };
        let images = args.images.columns();
        let report = overlap::inspect(&side.files, &images, &data, key.as_ref(), args.confidence)?;
        files.extend(report.files);
    }
    let confidence = args.confidence;
    let report = InspectReport { confidence, files };
    super::answer(&args.format, |format| report.render(format))
}
