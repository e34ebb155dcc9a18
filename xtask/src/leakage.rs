//! What each way of sharing gives away.

use crate::environment::{Result, cargo, run};

/// Runs `benches/leakage.rs`, which measures and puts its table into `docs/PRIVACY.md`; a minute on one core.
pub fn leakage() -> Result<()> {
    run(cargo().args(["test", "--quiet", "--bench", "leakage", "--", "write"]))
}
