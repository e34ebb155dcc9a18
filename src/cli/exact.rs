//! `overlap exact`. With `--epsilon` the numbers have noise and may be published.

use super::args::{FormatArgs, MemoryArgs, SourceArgs, confidence};
use super::noise::LedgerArgs;
use super::progress::Bar;
use overlap::{Confidence, ExactRequest, NoisyExactRequest, Result};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    sources: SourceArgs,
    #[command(flatten)]
    memory: MemoryArgs,
    #[command(flatten)]
    format: FormatArgs,
    /// Give differentially private numbers that may be published: noise of scale 2/E is added to every
    /// exclusive region of up to eight sides, rows aren't given, and intervals include the noise. E is from
    /// 0.01 to 10, smaller is more private
    #[arg(long, value_name = "E", help_heading = super::noise::HEADING)]
    epsilon: Option<f64>,
    #[command(flatten)]
    ledger: LedgerArgs,
    /// Confidence of the intervals in percent, such as 90, 95 or 99.7 [default: 95]
    #[arg(long, value_name = "PERCENT", value_parser = confidence, help_heading = super::noise::HEADING, requires = "epsilon")]
    confidence: Option<Confidence>,
}

pub fn run(args: &Args) -> Result<()> {
    let sources = args.sources.sources()?;
    let memory = args.memory.memory();
    let report = match args.epsilon {
        None => overlap::exact(&ExactRequest { sources, memory }, &Bar::new())?,
        Some(epsilon) => {
            let request = NoisyExactRequest {
                sources,
                memory,
                epsilon,
                confidence: args.confidence.unwrap_or_default(),
                budget: args.ledger.budget(),
            };
            overlap::exact_noisy(&request, &Bar::new())?
        }
    };
    super::warn(&report.warnings);
    super::answer(&args.format, |format| report.render(format))
}
