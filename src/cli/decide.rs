//! What was typed about the number of new users that is enough.

use clap::Args;
use overlap::report::{BreakEven, Price};
use overlap::{Error, Result};

/// How many new users are enough.
#[derive(Args)]
pub struct DecideArgs {
    /// Also show how likely it is that the second of two sides has more than this number of users whom the
    /// first doesn't have, such as 85000 or 2e6; with --by for every segment
    #[arg(long, value_name = "USERS", value_parser = users, help_heading = DECIDE)]
    break_even: Option<u64>,

    /// Cost of winning the new users; the number for --break-even is then this divided by
    /// --value-per-new-user
    #[arg(long, value_name = "AMOUNT", value_parser = amount, requires = "value_per_new_user",
          conflicts_with = "break_even", help_heading = DECIDE)]
    cost: Option<f64>,

    /// Value of one new user, in the currency of --cost
    #[arg(long, value_name = "AMOUNT", value_parser = amount, requires = "cost", help_heading = DECIDE)]
    value_per_new_user: Option<f64>,
}

const DECIDE: &str = "Decide";

impl DecideArgs {
    /// The number that was typed, or that follows from the price.
    pub fn break_even(&self) -> Result<Option<BreakEven>> {
        if let Some(users) = self.break_even {
            return Ok(Some(BreakEven::users(users)));
        }
        let (Some(cost), Some(value_per_user)) = (self.cost, self.value_per_new_user) else {
            return Ok(None);
        };
        let price = Price {
            cost,
            value_per_user,
        };
        let break_even = BreakEven::of_price(price).ok_or_else(|| {
            Error::usage("that cost would take more than 1e15 new users to be earned back")
                .hint("look at --cost and --value-per-new-user")
        });
        break_even.map(Some)
    }
}

fn users(text: &str) -> std::result::Result<u64, String> {
    let users = super::bounds::users(text)?;
    // At most 10^15.
    Ok(users as u64)
}

fn amount(text: &str) -> std::result::Result<f64, String> {
    let amount: f64 = text
        .replace([',', '_'], "")
        .parse()
        .map_err(|_| "not a number")?;
    match amount > 0.0 && amount.is_finite() {
        true => Ok(amount),
        false => Err("must be more than 0".into()),
    }
}
