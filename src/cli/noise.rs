//! The ledger of what noise has cost.

use overlap::Budget;
use std::path::PathBuf;

/// The heading of everything about noise.
pub const HEADING: &str = "Noise";

/// Where it is added up what is spent.
#[derive(clap::Args)]
pub struct LedgerArgs {
    /// Ledger that adds up the E of all files and numbers of these users, and refuses more than its budget
    #[arg(long, value_name = "FILE", help_heading = HEADING, requires = "epsilon")]
    budget_file: Option<PathBuf>,
    /// The most that everything in a new ledger may spend together
    #[arg(long, value_name = "E", help_heading = HEADING, requires = "budget_file")]
    budget: Option<f64>,
}

impl LedgerArgs {
    /// The ledger that was typed.
    pub fn budget(&self) -> Option<Budget> {
        let file = self.budget_file.clone()?;
        Some(Budget {
            file,
            total: self.budget,
        })
    }
}
