//! `overlap estimate`.

use super::args::{FormatArgs, SketchArgs, SourceArgs, UniqueArgs};
use super::progress::Bar;
use overlap::Result;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    sources: SourceArgs,
    #[command(flatten)]
    sketch: SketchArgs,
    #[command(flatten)]
    unique: UniqueArgs,
    /// Also the users of a set formula over the sides' names, such as "(shop & pay) - bank"; may be
    /// given more than once
    #[arg(long, value_name = "FORMULA")]
    expr: Vec<String>,
    /// Also how often users come: 1+ to 10+ reach and mean rows a user of each side
    #[arg(long)]
    frequency: bool,
    #[command(flatten)]
    format: FormatArgs,
}

pub fn run(args: &Args) -> Result<()> {
    let mut request = args.sketch.request(args.sources.sources()?)?;
    request.unique = args.unique.unique();
    request.formulas.clone_from(&args.expr);
    request.frequency = args.frequency;
    let report = overlap::estimate(&request, &Bar::new())?;
    super::warn(&report.warnings);
    super::print(&report.render(args.format.format()))
}
