//! The commands, and their order in `--help`; parse, run, print, exit code; quiet on a closed pipe.
//!
//! It sees only the library's public names: the wheel compiles it as well, for its console script.

mod args;
mod bounds;
mod columns;
mod convert;
mod decide;
mod diagnose;
mod estimate;
mod exact;
mod exchange;
mod generate;
mod inspect;
mod key;
mod look;
pub mod memory;
mod noise;
mod private;
mod progress;
mod regions;
mod report;
mod shell;
mod sides;
#[cfg(unix)]
mod signals;
mod spelling;
mod store;
mod text;
mod verify;

use clap::{Parser, Subcommand};
use overlap::report::{Format, Warning};
use overlap::{Answer, Error, ErrorKind, Piece, Result, Setting};
use std::ffi::OsString;
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::sync::OnceLock;

/// Runs what was typed (the program's name first) to its end, and prints what is wrong; the exit code.
pub fn program(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    quiet_decoder_panics();
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| run(arguments)));
    let error = match outcome {
        Ok(Ok(code)) => return code,
        Ok(Err(error)) => error,
        Err(_) => Error::new(ErrorKind::Internal, "a bug in overlap: please report it"),
    };
    // Standard error may be closed: then nothing can be printed.
    let _ = writeln!(io::stderr(), "{}", worded(&error));
    error.kind().exit_code()
}

/// Workers turn a decoder's panic over a corrupt file into an error that names the file; the
/// panic's own message would only be in the way.
fn quiet_decoder_panics() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !overlap::is_decoding() {
            report(info);
        }
    }));
}

/// An error in the words of the command line, as a line for standard error.
fn worded(error: &Error) -> String {
    format!("{} {}", look::prefix("overlap:"), error.worded(in_flags))
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
#[command(name = "overlap", version, long_version = long_version(), max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    look: look::LookArgs,
    /// Option for object stores, such as region=eu-west-1, endpoint=URL, or skip_signature=true for public
    /// data without credentials; may be given several times
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = store_option)]
    store_option: Vec<(String, String)>,
}

fn store_option(text: &str) -> std::result::Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// The text of `--version`; `-V` prints its first line alone. The commit is known if the build named it in
/// `OVERLAP_COMMIT`.
fn long_version() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let commit = option_env!("OVERLAP_COMMIT").unwrap_or("unknown");
        let features = FEATURES.iter().filter(|(_, is_in)| *is_in);
        let features: Vec<&str> = features.map(|(name, _)| *name).collect();
        let features = match features[..] {
            [] => "none".to_owned(),
            _ => features.join(", "),
        };
        let version = env!("CARGO_PKG_VERSION");
        format!("{version}\ncommit: {commit}\nfeatures: {features}")
    })
}

/// The optional features, and whether this program was built with them.
const FEATURES: [(&str, bool); 2] = [
    ("cloud", cfg!(feature = "cloud")),
    ("png", cfg!(feature = "png")),
];

#[derive(Subcommand)]
enum Command {
    /// Estimate users, overlap and union of two or more sides, each number with an interval
    Estimate(estimate::Args),
    /// Count instead of estimating: the same report with exact numbers, or with noise for publication
    Exact(exact::Args),
    /// Compare the estimate with the exact numbers, and with HyperLogLog++ and MinHash
    Verify(verify::Args),
    /// Estimate the users of exactly these sides and no others, for every combination of up to eight
    /// sides, and for the largest combinations of more
    Regions(regions::Args),
    /// Compare every two of many sides or segments: overlap, shares, Jaccard
    Matrix(sides::MatrixArgs),
    /// Show how reach grows with each side, and which partner adds the most new users next
    Reach(sides::ReachArgs),
    /// Show users, reach, returning users and overlap day by day
    Trend(sides::TrendArgs),
    /// Write one HTML page with the answer, pictures, tables, and a field to try formulas
    #[command(mut_arg("inputs", |inputs| inputs.required(false).required_unless_present("from")))]
    Report(report::Args),
    /// Draw one picture of a report for a slide: circles, columns, heat map, curve, segments or trend
    #[command(mut_arg("inputs", |inputs| inputs.required(false).required_unless_present("from")))]
    Plot(report::PlotArgs),
    /// Write sketches of data to a file, so that later questions need not read the data again
    Sketch(store::SketchArgs),
    /// Merge sketches and data into one file, such as days into a month
    Merge(store::Args),
    /// Estimate the overlap with a partner who sees no sketch of yours, and you none of theirs: three messages
    /// as files, nobody in between
    Private(private::Args),
    /// Find out why two sides share fewer users than expected: how their IDs are written, and which
    /// setting brings them together
    Diagnose(diagnose::Args),
    /// Show everything that a sketch file discloses, or the format and columns of a data file
    Inspect(inspect::Args),
    /// Make a secret key for sketches that two parties exchange, or print a key's fingerprint
    Key(key::KeyCommand),
    /// Convert sketches to the form of Apache DataSketches, or back
    Convert(convert::Args),
    /// Show which error to expect of an overlap, before any data is read
    Bounds(bounds::Args),
    /// Write a pair of Parquet files whose users and overlap are known
    Generate(generate::Args),
    /// Print the completion script of a shell
    Completions(shell::CompletionsArgs),
    /// Write man pages of all commands to a folder
    Man(shell::ManArgs),
}

const EXIT_CODES: &str = "Exit codes: 0 ok, 1 a bug, 2 usage, 3 input unreadable or unsupported, \
4 sides can't be compared, 5 refused by policy, 6 output can't be written, 7 a limit was reached, \
130 and 143 interrupted.";

/// Runs what was typed; the exit code of a success or of clap's own messages.
fn run(arguments: impl IntoIterator<Item = OsString>) -> Result<u8> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(message) => {
            // Help goes to stdout, errors to stderr; either may be closed.
            let _ = message.print();
            return Ok(u8::try_from(message.exit_code()).unwrap_or(2));
        }
    };
    cli.look.choose();
    if !cli.store_option.is_empty() {
        overlap::set_store_options(&cli.store_option)?;
    }
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
        Command::Report(args) => report::run(&args),
        Command::Plot(args) => report::plot(&args),
        Command::Sketch(args) => store::sketch(&args),
        Command::Merge(args) => store::merge(&args),
        Command::Key(command) => key::run(&command),
        Command::Private(args) => private::run(&args),
        Command::Convert(args) => convert::run(&args),
        Command::Diagnose(args) => diagnose::run(&args, &arguments[1..]),
        Command::Inspect(args) => inspect::run(&args),
        Command::Bounds(args) => bounds::run(&args),
        Command::Generate(args) => generate::run(&args),
        Command::Completions(args) => shell::completions(&args),
        Command::Man(args) => shell::man(&args),
    }?;
    Ok(0)
}

/// Writes a report to stdout in the form that was asked for, as a terminal wants it if it is one.
fn answer(format: &args::FormatArgs, render: impl Fn(Format) -> String) -> Result<()> {
    let format = format.format();
    print(&look::shown(render(format), format))
}

/// Warnings and report of a question that policies may limit.
fn answer_or_release<T>(
    format: &args::FormatArgs,
    answer: Answer<T>,
    warnings: impl Fn(&T) -> &[Warning],
    render: impl Fn(&T, Format) -> String,
) -> Result<()> {
    match answer {
        Answer::Whole(report) => {
            warn(warnings(&report));
            self::answer(format, |format| render(&report, format))
        }
        Answer::Released(report) => {
            warn(&report.warnings);
            self::answer(format, |format| report.render(format))
        }
    }
}

/// Writes the answer to stdout. A closed pipe is no error: its reader has read enough.
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

/// Prints warnings to stderr.
fn warn(warnings: &[Warning]) {
    let texts = warnings
        .iter()
        .map(|warning| warning.phrase().worded(in_flags));
    warn_texts(texts);
}

fn warn_texts(texts: impl IntoIterator<Item = impl std::fmt::Display>) {
    if look::is_quiet() {
        return;
    }
    for text in texts {
        let prefix = look::prefix("overlap: warning:");
        let _ = writeln!(io::stderr(), "{prefix} {text}");
    }
}
