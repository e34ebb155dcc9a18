//! `overlap bounds`.

use super::args::{FormatArgs, confidence};
use overlap::report::BoundsReport;
use overlap::{Confidence, Error, PairSizes, Result, SketchOptions, SketchSize};

#[derive(clap::Args)]
pub struct Args {
    /// Number of users of the first side, such as 1e9
    #[arg(long, value_name = "USERS", value_parser = users)]
    size_a: f64,

    /// Number of users of the second side
    #[arg(long, value_name = "USERS", value_parser = users)]
    size_b: f64,

    /// Number of users of both sides, or their share of the smaller side, such as 2%
    #[arg(long, value_name = "USERS|SHARE%", value_parser = overlap_arg)]
    overlap: Overlap,

    /// Each user has one row, so that both sizes are known
    #[arg(long)]
    unique: bool,

    /// log2 of the number of registers [default: several]
    #[arg(long, value_name = "P", requires = "k")]
    precision: Option<u8>,

    /// Hashes in the sample [default: several]
    #[arg(long, value_name = "K", requires = "precision")]
    k: Option<usize>,

    /// Confidence of the intervals in percent
    #[arg(long, value_name = "PERCENT", default_value = "95", value_parser = confidence)]
    confidence: Confidence,

    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Clone, Copy)]
enum Overlap {
    Users(f64),
    Share(f64),
}

pub fn run(args: &Args) -> Result<()> {
    let smaller = args.size_a.min(args.size_b);
    let overlap = match args.overlap {
        Overlap::Users(users) => users,
        Overlap::Share(share) => (share * smaller).round(),
    };
    if overlap > smaller {
        return Err(Error::usage(format!(
            "an overlap of {overlap} is more than the smaller side has ({smaller})"
        )));
    }
    let sketches = match (args.precision, args.k) {
        (Some(precision), Some(k)) => {
            let options = SketchOptions::new(precision, k)?;
            vec![SketchSize {
                precision: options.precision().get(),
                k: options.k() as u64,
            }]
        }
        // The default in the middle, four times fewer and more to either side.
        _ => [12, 14, 16, 18, 20, 22].map(SketchSize::balanced).to_vec(),
    };
    let sizes = PairSizes {
        only_a: args.size_a - overlap,
        only_b: args.size_b - overlap,
        overlap,
        known: [args.unique; 2],
    };
    let report = BoundsReport {
        sizes,
        confidence: args.confidence,
        sketches,
    };
    super::answer(&args.format, |format| report.render(format))
}

pub(super) fn users(text: &str) -> std::result::Result<f64, String> {
    let users: f64 = text
        .replace([',', '_'], "")
        .parse()
        .map_err(|_| "not a number")?;
    if (0.0..=1e15).contains(&users) {
        Ok(users.round())
    } else {
        Err("must be 0 to 1e15 users".into())
    }
}

fn overlap_arg(text: &str) -> std::result::Result<Overlap, String> {
    let Some(percent) = text.trim().strip_suffix('%') else {
        return users(text).map(Overlap::Users);
    };
    let percent: f64 = percent.trim().parse().map_err(|_| "not a number")?;
    if (0.0..=100.0).contains(&percent) {
        Ok(Overlap::Share(percent / 100.0))
    } else {
        Err("must be 0 to 100 %".into())
    }
}
