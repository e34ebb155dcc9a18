//! `overlap regions`.

use super::args::{FormatArgs, QuestionArgs};
use super::progress::Bar;
use overlap::Result;
use overlap::report::RegionsReport;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    question: QuestionArgs,
    /// List only the N largest regions, and sum up the others [default: all for up to eight sides, 20 for
    /// more]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    top: Option<u32>,
    #[command(flatten)]
    format: FormatArgs,
}

pub fn run(args: &Args) -> Result<()> {
    let mut request = args.question.request()?;
    request.top = args.top.and_then(|top| usize::try_from(top).ok());
    let answer = overlap::ask_regions(&request, &Bar::new())?;
    let render = |report: &RegionsReport, format| report.render(format);
    super::answer_or_release(&args.format, answer, |report| &report.warnings, render)
}
