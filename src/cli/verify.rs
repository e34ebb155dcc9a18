//! `overlap verify`.

use super::args::{FormatArgs, MemoryArgs, SketchArgs, SourceArgs, UniqueArgs};
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
    #[command(flatten)]
    memory: MemoryArgs,
    #[command(flatten)]
    format: FormatArgs,
}

pub fn run(args: &Args) -> Result<()> {
    let mut request = args.sketch.request(args.sources.sources()?)?;
    request.unique = args.unique.unique();
    let report = overlap::verify(&request, args.memory.limit_bytes(), &Bar::new())?;
    super::warn(&report.estimate.warnings);
    super::print(&report.render(args.format.format()))
}
