//! `overlap sketch` and `overlap merge`: one job under the two names that people look for.

use super::args::StoreArgs;
use super::progress::Bar;
use overlap::Result;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    store: StoreArgs,
}

pub fn run(args: &Args) -> Result<()> {
    let report = overlap::store(&args.store.request()?, &Bar::new())?;
    super::warn(&report.warnings);
    super::print(&match args.store.json() {
        true => report.json(),
        false => report.text(),
    })
}
