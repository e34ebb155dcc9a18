//! How much privacy the files and numbers of some users have cost so far: a ledger that adds up and refuses.
//!
//! What is spent is on the disk before anything is released, and one process at a time reads, checks and writes: wherever
//! a process is stopped, the ledger holds at least what was released.

use crate::error::{Error, ErrorKind, Result, Setting};
use crate::storage::{self, read_text, write_bytes};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A ledger, and the most that may be spent.
#[derive(Clone, Debug)]
pub struct Budget {
    /// The ledger; it is begun if it isn't there.
    pub file: PathBuf,
    /// The most that everything together may spend; wanted for a new ledger.
    pub total: Option<f64>,
}

/// A ledger as it stands in its file.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Ledger {
    schema: String,
    budget: f64,
    spent: Vec<Entry>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    epsilon: f64,
    /// The file that was written, or the answer that was given.
    file: String,
}

const SCHEMA: &str = "overlap.budget/1";

impl Budget {
    /// Refuses an ε that the ledger has no room for now: before data is read in vain.
    ///
    /// # Errors
    /// [`ErrorKind::Refused`] if it has none, [`ErrorKind::Usage`] for a new one without a total or another total than
    /// the ledger's, [`ErrorKind::Input`] for a file that is no ledger.
    pub(super) fn ensure_room(&self, epsilon: f64) -> Result<()> {
        self.open(epsilon).map(|_| ())
    }

    /// Enters `what`, which costs ε, and returns what is left. The ledger is on the disk with it when this returns;
    /// nothing may be released before.
    ///
    /// # Errors
    /// Those of [`Self::ensure_room`], and [`ErrorKind::Output`] if the ledger can't be locked or written.
    pub(super) fn spend(&self, epsilon: f64, what: &str) -> Result<f64> {
        let _lock = storage::lock(&self.file)?;
        // Others may have spent since the last look.
        let mut ledger = self.open(epsilon)?;
        ledger.spent.push(Entry {
            epsilon,
            file: what.to_owned(),
        });
        ledger
            .write(self)
            .map_err(|e| e.with("file", self.file.display()))?;
        Ok(ledger.left())
    }

    /// The ledger, which has room for another ε.
    fn open(&self, epsilon: f64) -> Result<Ledger> {
        let ledger = self
            .ledger()
            .map_err(|e| e.with("file", self.file.display()))?;
        let spent = ledger.spent();
        // Sums of decimals are off by less than this.
        const SLACK: f64 = 1e-9;
        if spent + epsilon <= ledger.budget + SLACK {
            return Ok(ledger);
        }
        let (left, total) = ((ledger.budget - spent).max(0.0), ledger.budget);
        let text = format!(
            "the budget of {total} has {} left, less than epsilon {epsilon}",
            rounded(left)
        );
        Err(Error::new(ErrorKind::Refused, text)
            .with("file", self.file.display())
            .hint("use what was made before: everything further tells more of the same users"))
    }

    fn ledger(&self) -> Result<Ledger> {
        const BYTES_MAX: u64 = 1 << 20;
        let is_amount = |amount: f64| amount.is_finite() && amount > 0.0;
        if !self.file.exists() {
            let total = self
                .total
                .filter(|&total| is_amount(total))
                .ok_or_else(|| {
                    Error::usage("a new ledger needs the most that may be spent")
                        .hint(["say it with ".into(), Setting::Budget.into()])
                })?;
            return Ok(Ledger {
                schema: SCHEMA.into(),
                budget: total,
                spent: Vec::new(),
            });
        }
        let text = read_text(&self.file, BYTES_MAX)?;
        let ledger: Option<Ledger> = serde_json::from_str(&text).ok();
        let is_one = |ledger: &Ledger| {
            ledger.schema == SCHEMA
                && is_amount(ledger.budget)
                && ledger.spent.iter().all(|entry| is_amount(entry.epsilon))
        };
        let ledger = ledger.filter(is_one).ok_or_else(|| {
            Error::input("isn't a ledger of epsilons")
                .hint("name the ledger of these users, or a new file")
        })?;
        match self.total {
            Some(total) if total != ledger.budget => Err(Error::usage(format!(
                "the ledger's budget is {}, not {total}",
                ledger.budget
            ))
            .hint(["leave out ".into(), Setting::Budget.into()])),
            _ => Ok(ledger),
        }
    }
}

impl Ledger {
    fn spent(&self) -> f64 {
        self.spent.iter().map(|entry| entry.epsilon).sum()
    }

    /// What is left, as it is printed.
    fn left(&self) -> f64 {
        rounded((self.budget - self.spent()).max(0.0))
    }

    fn write(&self, budget: &Budget) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self).map_err(|e| {
            Error::new(
                ErrorKind::Internal,
                format!("a ledger that is no JSON: {e}"),
            )
        })?;
        text.push('\n');
        write_bytes(&budget.file, text.as_bytes()).map(|_| ())
    }
}

/// To six decimals, as ε is.
fn rounded(amount: f64) -> f64 {
    (amount * 1e6).round() / 1e6
}
