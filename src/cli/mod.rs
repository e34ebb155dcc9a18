//! The commands, and their order in `--help`.

mod args;
mod bounds;
mod convert;
mod diagnose;
mod estimate;
mod exact;
mod generate;
mod inspect;
pub mod memory;
mod progress;
mod regions;
mod sides;
#[cfg(unix)]
mod signals;
mod spelling;
mod store;
mod text;
mod verify;

use clap::{Parser, Subcommand};
use overlap::{Error, ErrorKind, Piece, Result, Setting, report::Warning};
use std::ffi::OsString;
use std::io::{self, Write};

/// An error in the words of the command line.
pub fn worded(error: &Error) -> String {
    error.worded(in_flags)
}

/// A piece of a sentence: settings are flags.
fn in_flags(piece: &Piece) -> String {
    let flag = |setting: Setting| match setting {
        Setting::Cast => "--as".to_owned(),
        _ => format!("--{}", setting.name().replace('_', "-")),
    };
    match piece {
        Piece::Text(text) => text.clone(),
        Piece::Setting(setting, None) => flag(*setting),
        Piece::Setting(setting, Some(value)) => format!("{} {value}", flag(*setting)),
    }
}

/// How many users do two platforms share, and how many do they reach together?
#[derive(Parser)]
#[command(name = "overlap", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Estimate users, overlap and union of Parquet and CSV exports, with intervals
    Estimate(estimate::Args),
    /// The same report by exact counting
    Exact(exact::Args),
    /// Both, side by side: estimate, truth, error, cost
    Verify(verify::Args),
    /// All exclusive regions of up to eight sides: who is in just these and no others
    Regions(regions::Args),
    /// Every two of many sides (or segments): overlap, shares, Jaccard
    Matrix(sides::MatrixArgs),
    /// The reach of ever more sides together; which partner adds most new users next
    Reach(sides::ReachArgs),
    /// Day by day: daily, cumulative and trailing reach, who comes again, overlap
    Trend(sides::TrendArgs),
    /// Sketch data into a file, once, to be asked a hundred questions later
    Sketch(store::Args),
    /// Merge sketches (and data) into one file: days into a month, regions into a country
    Merge(store::Args),
    /// How IDs are written: why two sides share fewer users than they should, and what mends it
    Diagnose(diagnose::Args),
    /// All that a sketch file discloses
    Inspect(inspect::Args),
    /// Sketches into the form of Apache DataSketches and back
    Convert(convert::Args),
    /// The error to expect of an overlap, before anything is read
    Bounds(bounds::Args),
    /// Write a pair of Parquet files with known users and overlap
    Generate(generate::Args),
}

const EXIT_CODES: &str = "Exit codes: 0 ok, 1 a bug, 2 usage, 3 input unreadable or unsupported, \
4 sides can't be compared, 5 refused by policy, 6 output can't be written, 7 a limit was reached, \
130 and 143 interrupted.";

/// Runs what was typed (the program's name first); the exit code of a success or of clap's own messages.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Result<u8> {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(message) => {
            // Help goes to stdout, errors to stderr; either may be closed.
            let _ = message.print();
            return Ok(u8::try_from(message.exit_code()).unwrap_or(2));
        }
    };
    #[cfg(unix)]
    signals::watch();
    match cli.command {
        Command::Estimate(args) => estimate::run(&args),
        Command::Exact(args) => exact::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Regions(args) => regions::run(&args),
        Command::Matrix(args) => sides::matrix(&args),
        Command::Reach(args) => sides::reach(&args),
        Command::Trend(args) => sides::trend(&args),
        Command::Sketch(args) | Command::Merge(args) => store::run(&args),
        Command::Convert(args) => convert::run(&args),
        Command::Diagnose(args) => diagnose::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Bounds(args) => bounds::run(&args),
        Command::Generate(args) => generate::run(&args),
    }?;
    Ok(0)
}

/// Writes the answer to stdout. Whoever closed the pipe has read enough.
fn print(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(Error::new(
            ErrorKind::Output,
            format!("standard output can't be written: {e}"),
        )),
        _ => Ok(()),
    }
}

/// Tells what the reader should know, on stderr.
fn warn(warnings: &[Warning]) {
    for warning in warnings {
        let text = warning.phrase().worded(in_flags);
        let _ = writeln!(io::stderr(), "overlap: warning: {text}");
    }
}
