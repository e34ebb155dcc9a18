//! `overlap estimate`.

use super::args::{DivisionArgs, FormatArgs, QuestionArgs};
use super::decide::DecideArgs;
use super::progress::Bar;
use overlap::Result;
use overlap::report::EstimateReport;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    question: QuestionArgs,
    /// Also estimate the users of a set formula over the sides' names, such as "(shop & pay) - bank"; may
    /// be given several times
    #[arg(long, value_name = "FORMULA")]
    expr: Vec<String>,
    /// Also show how often users come: users with at least 1 to 10 rows, and the mean rows per user
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
    let answer = overlap::ask_estimate(&request, &Bar::new())?;
    let render = |report: &EstimateReport, format| report.render(format);
    super::answer_or_release(&args.format, answer, |report| &report.warnings, render)
}
