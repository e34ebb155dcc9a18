//! `overlap report`: one page that shows everything, and `overlap plot`: one picture of it.

use super::args::{DivisionArgs, QuestionArgs};
use super::decide::DecideArgs;
use super::progress::Bar;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use overlap::page::page;
use overlap::picture::{PictureKind, Size};
use overlap::report::FullReport;
use overlap::{
    Division, Error, FullRequest, Result, Sources, full_report, is_same_file, read_report,
    write_file,
};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    content: ContentArgs,
    /// HTML file to write. It is written whole or not at all, and never over an input
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Also print the report as JSON (overlap.report/1)
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub struct PlotArgs {
    /// Kind of picture
    #[arg(value_parser = kinds())]
    kind: PictureKind,
    #[command(flatten)]
    content: ContentArgs,
    /// File to write, .svg or .png. It is written whole or not at all, and never over an input
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Width and height in pixels
    #[arg(long, value_name = "WxH", default_value = "1600x900", value_parser = size)]
    size: Size,
}

/// The pictures by their names, each with what it shows.
fn kinds() -> impl TypedValueParser<Value = PictureKind> {
    let value = |kind: PictureKind| PossibleValue::new(kind.name()).help(kind.shows());
    PossibleValuesParser::new(PictureKind::ALL.map(value))
        .try_map(|name| PictureKind::of_name(&name).ok_or("no such picture"))
}

/// What a page or a picture shows.
#[derive(clap::Args)]
struct ContentArgs {
    #[command(flatten)]
    question: QuestionArgs,
    /// Show a report that was saved as JSON by report, estimate, exact, regions, matrix, reach or trend,
    /// instead of reading data
    #[arg(long, value_name = "FILE", conflicts_with = "inputs")]
    from: Option<PathBuf>,
    /// Also estimate the users of a set formula over the sides' names, such as "(shop & pay) - bank"; may
    /// be given several times
    #[arg(long, value_name = "FORMULA")]
    expr: Vec<String>,
    #[command(flatten)]
    division: DivisionArgs,
    #[command(flatten)]
    decide: DecideArgs,
    /// Also show reach over time, by the column of the day or by year,month,day. The data is read twice
    #[arg(long, value_name = "COLUMN[,COLUMN]", value_delimiter = ',')]
    day: Vec<String>,
    /// Lengths of the trailing windows of --day in days
    #[arg(long, value_name = "DAYS", value_delimiter = ',', default_value = "7,28", value_parser = clap::value_parser!(u16).range(1..=3660))]
    windows: Vec<u16>,
}

impl ContentArgs {
    /// The report, and the sources that must not be written over.
    fn report(&self, output: &Path) -> Result<(FullReport, Option<Sources>)> {
        let Some(from) = &self.from else {
            let request = self.request()?;
            let report = full_report(&request, &Bar::new())?;
            return Ok((report, Some(request.question.sources)));
        };
        if is_same_file(from, output) {
            return Err(Error::usage("is an input and an output")
                .with("file", output.display())
                .hint("write to another file"));
        }
        Ok((read_report(from)?, None))
    }

    fn request(&self) -> Result<FullRequest> {
        let mut question = self.question.request()?;
        question.formulas.clone_from(&self.expr);
        question.division = self.division.division();
        question.break_even = self.decide.break_even()?;
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
    let (report, sources) = args.content.report(&args.output)?;
    let bytes = write_file(&args.output, page(&report).as_bytes(), sources.as_ref())?;
    warn(&report);
    super::print(&match args.json {
        true => report.to_json() + "\n",
        false => format!("{}: {bytes} bytes\n", args.output.display()),
    })
}

pub fn plot(args: &PlotArgs) -> Result<()> {
    let kind = args.kind;
    let extension = args.output.extension().and_then(|it| it.to_str());
    let is_png = match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("svg") => false,
        Some("png") => true,
        _ => {
            return Err(Error::usage("is neither an .svg nor a .png file")
                .with("file", args.output.display())
                .hint("end its name with .svg or .png"));
        }
    };
    let (report, sources) = args.content.report(&args.output)?;
    if !kind.is_in(&report) {
        let hint = match kind {
            PictureKind::Segments => "name two sides, and the segment columns with --by",
            PictureKind::Trend => "name the column of the day with --day",
            _ => "name other sides, or another picture",
        };
        let text = format!("a {} picture needs {}", kind.name(), kind.needs());
        return Err(Error::usage(text).hint(hint));
    }
    let svg = kind.svg(&report, args.size);
    let picture = match is_png {
        true => overlap::picture::png(&svg)?,
        false => svg.into_bytes(),
    };
    let bytes = write_file(&args.output, &picture, sources.as_ref())?;
    warn(&report);
    super::print(&format!("{}: {bytes} bytes\n", args.output.display()))
}

fn warn(report: &FullReport) {
    super::warn_texts(report.warnings.iter().map(|warning| warning.text.as_str()));
}

/// `1600x900`.
fn size(text: &str) -> std::result::Result<Size, String> {
    const RANGE: std::ops::RangeInclusive<u32> = 200..=10_000;
    let sides = text.split_once(['x', 'X', '×']);
    let side = |text: &str| text.trim().parse().ok().filter(|side| RANGE.contains(side));
    match sides.and_then(|(width, height)| Some((side(width)?, side(height)?))) {
        Some((width, height)) => Ok(Size::of(f64::from(width), f64::from(height))),
        None => Err("not a size such as 1600x900, each side from 200 to 10000 pixels".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_have_two_sides() {
        let found = size("1600x900").expect("a size");
        assert_eq!((found.width, found.height), (1600.0, 900.0));
        for text in ["1600", "x", "10x10", "1600x-9", "99999x900"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
