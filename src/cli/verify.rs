//! `overlap verify`.

use super::args::{FormatArgs, MemoryArgs, QuestionArgs};
use super::progress::Bar;
use overlap::Result;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    question: QuestionArgs,
    #[command(flatten)]
    memory: MemoryArgs,
    #[command(flatten)]
    format: FormatArgs,
}

pub fn run(args: &Args) -> Result<()> {
    let request = args.question.request()?;
    let report = overlap::verify(&request, &args.memory.memory(), &Bar::new())?;
    super::warn(&report.estimate.warnings);
    super::answer(&args.format, |format| report.render(format))
}
