//! `overlap sketch` and `overlap merge`: one job under the two names that people look for.

use super::args::StoreArgs;
use super::exchange::ExchangeArgs;
use super::progress::Bar;
use overlap::{Policy, Result, StoreRequest};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    store: StoreArgs,
}

/// Those of `overlap sketch`.
#[derive(clap::Args)]
pub struct SketchArgs {
    #[command(flatten)]
    args: Args,
    #[command(flatten)]
    exchange: ExchangeArgs,
}

pub fn sketch(args: &SketchArgs) -> Result<()> {
    store(&args.args, args.exchange.policy()?)
}

pub fn merge(args: &Args) -> Result<()> {
    store(args, None)
}

fn store(args: &Args, exchange: Option<Policy>) -> Result<()> {
    let request = StoreRequest {
        exchange,
        ..args.store.request()?
    };
    let report = overlap::store(&request, &Bar::new())?;
    super::warn(&report.warnings);
    super::print(&match args.store.json() {
        true => report.json(),
        false => report.text(),
    })
}
