//! What a sketch for a partner may be used for.

use clap::Args;
use overlap::{Day, Error, Policy, Result};

const EXCHANGE: &str = "Exchange";

/// The policy that travels with a sketch file.
#[derive(Args)]
pub struct ExchangeArgs {
    /// Write sketches for a partner: with a key, without small segments and without numbers of rows, and with a
    /// policy that the partner's overlap honours
    #[arg(long, help_heading = EXCHANGE)]
    for_exchange: bool,

    /// Leave out segments of fewer users [default: 1000]
    #[arg(long, value_name = "N", help_heading = EXCHANGE, requires = "for_exchange")]
    min_users: Option<u64>,

    /// Let the partner see no number of users below this, nor any from which one could be computed [default: 50]
    #[arg(long, value_name = "N", help_heading = EXCHANGE, requires = "for_exchange")]
    min_overlap: Option<u64>,

    /// Round all numbers that the partner sees to multiples of this [default: 10]
    #[arg(long, value_name = "N", help_heading = EXCHANGE, requires = "for_exchange")]
    round_to: Option<u64>,

    /// Answer no question after this day (UTC), such as 2026-12-31
    #[arg(long, value_name = "DATE", help_heading = EXCHANGE, requires = "for_exchange")]
    valid_until: Option<String>,

    /// Say what the sketches may be used for; the partner's reports repeat it
    #[arg(long, value_name = "TEXT", help_heading = EXCHANGE, requires = "for_exchange")]
    purpose: Option<String>,
}

impl ExchangeArgs {
    /// The policy that was typed, if the file is for a partner.
    pub fn policy(&self) -> Result<Option<Policy>> {
        if !self.for_exchange {
            return Ok(None);
        }
        let usual = Policy::default();
        let day =
            |text: &String| Day::parse(text).map_err(|e: Error| e.with("option", "--valid-until"));
        let policy = Policy {
            min_users: self.min_users.unwrap_or(usual.min_users),
            min_overlap: self.min_overlap.unwrap_or(usual.min_overlap),
            round_to: self.round_to.unwrap_or(usual.round_to),
            valid_until: self.valid_until.as_ref().map(day).transpose()?,
            purpose: self.purpose.clone(),
            left_out: 0,
        };
        policy.check()?;
        Ok(Some(policy))
    }
}
