//! `overlap estimate`.

use super::args::{DivisionArgs, FormatArgs, QuestionArgs};
use super::decide::DecideArgs;
use super::progress::Bar;
use overlap::Result;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    question: QuestionArgs,
    /// Also the users of a set formula over the sides' names, such as "(shop & pay) - bank"; may be
    /// given more than once
    #[arg(long, value_name = "FORMULA")]
    expr: Vec<String>,
    /// Also how often users come: 1+ to 10+ reach and mean rows a user of each side
    #[arg(long)]
    frequency: bool,
    #[command(flatten)]
    division: DivisionArgs,
    #[command(flatten)]
    decide: DecideArgs,
    #[command(flatten)]
    format: FormatArgs,
}

pub fn run(args: &Args) -> Result<()> {
    let mut request = args.question.request()?;
    request.formulas.clone_from(&args.expr);
    request.frequency = args.frequency;
    request.break_even = args.decide.break_even()?;
    request.division = args.division.division();
    let report = overlap::estimate(&request, &Bar::new())?;
    super::warn(&report.warnings);
    super::answer(&args.format, |format| report.render(format))
}
