//! `overlap private`: two companies, no sketch and no third party between them.

use super::args::{FormatArgs, StoreArgs, confidence};
use super::progress::Bar;
use super::store;
use clap::Subcommand;
use overlap::{Confidence, PrivateFinishRequest, PrivateRequest, PrivateTerms, Result};
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    step: Step,
}

#[derive(Subcommand)]
enum Step {
    /// Begin: write your blinded sample to a file for the partner, and a secret file that you keep
    Offer(OfferArgs),
    /// Answer a partner's offer: blind its points once more and add your own
    Answer(AnswerArgs),
    /// End: turn the partner's answer into the result, or read the result; prints users and overlap
    Finish(FinishArgs),
}

#[derive(clap::Args)]
struct OfferArgs {
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    own: OwnArgs,
}

#[derive(clap::Args)]
struct AnswerArgs {
    /// The partner's offer
    #[arg(value_name = "OFFER")]
    offer: PathBuf,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    own: OwnArgs,
}

#[derive(clap::Args)]
struct OwnArgs {
    /// Secret file, which only you may read and which you need for the last step [default: the output's name
    /// with .secret behind it]
    #[arg(long, value_name = "FILE")]
    secret: Option<PathBuf>,
    /// Refuse a side or a segment with fewer users, on either side
    #[arg(long, value_name = "N", default_value_t = PrivateTerms::USERS_MIN)]
    min_users: u64,
    /// Add noise of scale 1/E to the number of common users, so that it hardly depends on any one of them; the same E on
    /// both sides, from 0.01 to 20, smaller is more private. Sizes stay without noise
    #[arg(long, value_name = "E")]
    epsilon: Option<f64>,
}

impl OwnArgs {
    fn request(&self, store: &StoreArgs) -> Result<PrivateRequest> {
        let store = store.request()?;
        Ok(PrivateRequest {
            sources: store.sources,
            options: store.options,
            division: store.division,
            terms: PrivateTerms {
                secret: self.secret.clone(),
                users_min: self.min_users,
                epsilon: self.epsilon,
                ..PrivateTerms::new(store.output)
            },
        })
    }
}

#[derive(clap::Args)]
struct FinishArgs {
    /// The partner's answer, or the result if the offer was the partner's
    #[arg(value_name = "MESSAGE")]
    message: PathBuf,
    /// Your secret file of this run. It takes one answer
    #[arg(long, value_name = "FILE")]
    secret: PathBuf,
    /// File for the result, which the partner needs; only with an answer
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Confidence of the intervals in percent, such as 90, 95 or 99.7
    #[arg(long, value_name = "PERCENT", default_value = "95", value_parser = confidence)]
    confidence: Confidence,
    #[command(flatten)]
    format: FormatArgs,
}

pub fn run(args: &Args) -> Result<()> {
    match &args.step {
        Step::Offer(args) => {
            let request = args.own.request(&args.store)?;
            let report = overlap::private_offer(&request, &Bar::new())?;
            store::print(&args.store, || report.json(), || report.text())
        }
        Step::Answer(args) => {
            let request = args.own.request(&args.store)?;
            let report = overlap::private_answer(&args.offer, &request, &Bar::new())?;
            store::print(&args.store, || report.json(), || report.text())
        }
        Step::Finish(args) => {
            let report = overlap::private_finish(&PrivateFinishRequest {
                message: args.message.clone(),
                secret: args.secret.clone(),
                output: args.output.clone(),
                confidence: args.confidence,
            })?;
            super::warn(report.warnings());
            super::answer(&args.format, |format| report.render(format))
        }
    }
}
