//! `overlap matrix`, `overlap reach` and `overlap trend`: questions about many sides.

use super::args::{FormatArgs, SidesArgs};
use super::progress::Bar;
use clap::ValueEnum;
use overlap::report::MatrixReport;
use overlap::{ReachOrder, Result};

#[derive(clap::Args)]
pub struct MatrixArgs {
    #[command(flatten)]
    sides: SidesArgs,
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(clap::Args)]
pub struct ReachArgs {
    #[command(flatten)]
    sides: SidesArgs,
    /// Order of the sides: as they were given, or each time the one that adds the most new users
    #[arg(long, value_enum, default_value_t = Order::Given)]
    order: Order,
    /// Side to begin with; the others add to its reach
    #[arg(long, value_name = "SIDE")]
    base: Option<String>,
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Clone, Copy, ValueEnum)]
enum Order {
    Given,
    Greedy,
}

#[derive(clap::Args)]
pub struct TrendArgs {
    #[command(flatten)]
    sides: SidesArgs,
    /// Lengths of the trailing windows in days
    #[arg(long, value_name = "DAYS", value_delimiter = ',', default_value = "7,28", value_parser = clap::value_parser!(u16).range(1..=3660))]
    windows: Vec<u16>,
    #[command(flatten)]
    format: FormatArgs,
}

pub fn matrix(args: &MatrixArgs) -> Result<()> {
    let answer = overlap::ask_matrix(&args.sides.request()?, &Bar::new())?;
    let render = |report: &MatrixReport, format| report.render(format);
    super::answer_or_release(&args.format, answer, |report| &report.warnings, render)
}

pub fn reach(args: &ReachArgs) -> Result<()> {
    let order = match args.order {
        Order::Given => ReachOrder::Given,
        Order::Greedy => ReachOrder::Greedy,
    };
    let report = overlap::reach(
        &args.sides.request()?,
        order,
        args.base.as_deref(),
        &Bar::new(),
    )?;
    super::warn(&report.warnings);
    super::answer(&args.format, |format| report.render(format))
}

pub fn trend(args: &TrendArgs) -> Result<()> {
    let report = overlap::trend(&args.sides.request()?, &args.windows, &Bar::new())?;
    super::warn(&report.warnings);
    super::answer(&args.format, |format| report.render(format))
}
