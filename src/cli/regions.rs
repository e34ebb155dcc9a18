//! `overlap regions`.

use super::args::{FormatArgs, QuestionArgs};
use super::progress::Bar;
use overlap::Result;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    question: QuestionArgs,
    #[command(flatten)]
    format: FormatArgs,
}

pub fn run(args: &Args) -> Result<()> {
    let request = args.question.request()?;
    let report = overlap::estimate_regions_of(&request, &Bar::new())?;
    super::warn(&report.warnings);
    super::print(&report.render(args.format.format()))
}
