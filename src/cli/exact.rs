//! `overlap exact`.

use super::args::{FormatArgs, MemoryArgs, SourceArgs};
use super::progress::Bar;
use overlap::{ExactRequest, Result};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    sources: SourceArgs,
    #[command(flatten)]
    memory: MemoryArgs,
    #[command(flatten)]
    format: FormatArgs,
}

pub fn run(args: &Args) -> Result<()> {
    let sources = args.sources.sources()?;
    let request = ExactRequest {
        sources,
        memory: args.memory.memory(),
    };
    let report = overlap::exact(&request, &Bar::new())?;
    super::warn(&report.warnings);
    super::answer(&args.format, |format| report.render(format))
}
