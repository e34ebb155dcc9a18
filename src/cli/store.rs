//! `overlap sketch` and `overlap merge`: one job under the two names that people look for. With `--epsilon`
//! `overlap sketch` writes a sketch with noise.

use super::args::StoreArgs;
use super::exchange::ExchangeArgs;
use super::noise::{HEADING, LedgerArgs};
use super::progress::Bar;
use overlap::{
    Error, Grid, HashScheme, NoisyRequest, Piece, Policy, Result, Setting, StoreRequest,
};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(clap::Args)]
pub struct SketchArgs {
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    exchange: ExchangeArgs,
    /// Write a differentially private sketch (.ovn) that a stranger may have: a grid of bits, each flipped with
    /// probability 1 / (1 + e^E). E is from 0.01 to 10, smaller is more private. Two such files are compared by
    /// overlap estimate
    #[arg(long, value_name = "E", help_heading = HEADING, conflicts_with_all = ["precision", "k", "error", "by", "for_exchange"])]
    epsilon: Option<f64>,
    /// Number of buckets of the grid: 2^P, P from 10 to 22; the same on both sides [default: 18]
    #[arg(long, value_name = "P", help_heading = HEADING, requires = "epsilon")]
    grid: Option<u8>,
    #[command(flatten)]
    ledger: LedgerArgs,
}

pub fn merge(args: &Args) -> Result<()> {
    let request = args.store.request()?;
    match overlap::merge_noisy(&request)? {
        Some(report) => print(&args.store, || report.json(), || report.text()),
        None => store(&args.store, None),
    }
}

pub fn sketch(args: &SketchArgs) -> Result<()> {
    let Some(epsilon) = args.epsilon else {
        return store(&args.store, args.exchange.policy()?);
    };
    let typed = args.store.request()?;
    if typed.options.hash() != HashScheme::Xxh3 {
        let text: [Piece; 2] = [
            "sketches with noise have no other hash than ".into(),
            Setting::Hash.to("xxh3"),
        ];
        return Err(Error::usage(text).hint(["leave out ".into(), Setting::Hash.into()]));
    }
    let request = NoisyRequest {
        sources: typed.sources,
        precision: args.grid.unwrap_or(Grid::PRECISION),
        epsilon,
        output: typed.output,
        budget: args.ledger.budget(),
    };
    let report = overlap::store_noisy(&request, &Bar::new())?;
    super::warn(&report.warnings);
    print(&args.store, || report.json(), || report.text())
}

fn store(args: &StoreArgs, exchange: Option<Policy>) -> Result<()> {
    let request = StoreRequest {
        exchange,
        ..args.request()?
    };
    let report = overlap::store(&request, &Bar::new())?;
    super::warn(&report.warnings);
    print(args, || report.json(), || report.text())
}

/// Prints what was written in the form that was asked for.
pub(super) fn print(
    args: &StoreArgs,
    json: impl FnOnce() -> String,
    text: impl FnOnce() -> String,
) -> Result<()> {
    super::print(&match args.json() {
        true => json(),
        false => text(),
    })
}
