//! Counting and estimating the same files: how far apart are they, and what does the textbook say?
//!
//! `cargo run --example exact_or_estimate`

use overlap::{ExactMemory, Result, Silent, SketchRequest, Sources, verify};

/// Verifies the estimate of the two sample files and prints the errors.
///
/// # Errors
/// Those of reading files, and of counting them.
pub fn main() -> Result<()> {
    let sources = Sources::new(&["data/shop.parquet", "data/pay.parquet"])?;
    let report = verify(
        &SketchRequest::new(sources),
        &ExactMemory::default(),
        &Silent,
    )?;
    for check in report.checks() {
        let error = |users: f64| check.textbook_error(users).unwrap_or(f64::NAN) * 100.0;
        println!(
            "{:<12} {:>9} users; estimate {:+.2} %, HyperLogLog++ {:+.2} %, MinHash {:+.2} %",
            check.measure,
            check.truth,
            check.relative_error() * 100.0,
            error(check.plus),
            error(check.minhash),
        );
        assert!(check.relative_error().abs() < 0.02);
    }
    Ok(())
}
