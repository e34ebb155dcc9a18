//! `overlap report`: one page that shows everything.

use super::args::{DivisionArgs, QuestionArgs};
use super::progress::Bar;
use overlap::report::FullReport;
use overlap::{Division, Error, FullRequest, Result, page, read_report, write_file};
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    question: QuestionArgs,
    /// Show a report that was written as JSON instead, by this command, estimate, exact, regions, matrix,
    /// reach or trend
    #[arg(long, value_name = "FILE", conflicts_with = "inputs")]
    from: Option<PathBuf>,
    /// Also the users of a set formula over the sides' names, such as "(shop & pay) - bank"; may be
    /// given more than once
    #[arg(long, value_name = "FORMULA")]
    expr: Vec<String>,
    #[command(flatten)]
    division: DivisionArgs,
    /// Also reach over time, by the column of the day or by year,month,day; data is read a second time
    #[arg(long, value_name = "COLUMN[,COLUMN]", value_delimiter = ',')]
    day: Vec<String>,
    /// Lengths of the trailing windows of --day in days
    #[arg(long, value_name = "DAYS", value_delimiter = ',', default_value = "7,28", value_parser = clap::value_parser!(u16).range(1..=3660))]
    windows: Vec<u16>,
    /// The page to write, an HTML file; it appears whole or not at all, and never over an input
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Print the report as JSON (overlap.report/1) too
    #[arg(long)]
    json: bool,
}

impl Args {
    fn request(&self) -> Result<FullRequest> {
        let mut question = self.question.request()?;
        question.formulas.clone_from(&self.expr);
        question.division = self.division.division();
        let trend = (!self.day.is_empty()).then(|| {
            let division = Division {
                by: self.day.clone(),
                segments_max: question.division.segments_max,
            };
            (division, self.windows.clone())
        });
        Ok(FullRequest { question, trend })
    }
}

pub fn run(args: &Args) -> Result<()> {
    let (report, sources) = match &args.from {
        Some(file) => (read_report(file)?, None),
        None => {
            let request = args.request()?;
            let report = overlap::full_report(&request, &Bar::new())?;
            (report, Some(request.question.sources))
        }
    };
    if args
        .from
        .as_ref()
        .is_some_and(|from| overlap::is_same_file(from, &args.output))
    {
        return Err(Error::usage("is an input and an output")
            .with("file", args.output.display())
            .hint("write to another file"));
    }
    let bytes = write_file(
        &args.output,
        page::page(&report).as_bytes(),
        sources.as_ref(),
    )?;
    warn(&report);
    match args.json {
        true => super::print(&(report.to_json() + "\n")),
        false => super::print(&format!("{}: {bytes} bytes\n", args.output.display())),
    }
}

fn warn(report: &FullReport) {
    super::warn_texts(report.warnings.iter().map(|warning| warning.text.as_str()));
}
