//! How many users do two iterators of texts share? For programs whose IDs come from anywhere.
//!
//! `cargo run --example two_iterators`

use overlap::id::{ByteIds, IdBatch, IdSink};
use overlap::{Confidence, Result, Sketch, SketchOptions, Sketcher, Tally, estimate_sketches};

/// Sketches the texts of an iterator in batches, so that they need not lie in memory together.
fn sketch(ids: impl Iterator<Item = String>) -> Result<Sketch> {
    const BATCH: usize = 4096;
    let mut sketcher = Sketcher::new(SketchOptions::default());
    let mut tally = Tally::default();
    let mut ids = ids.peekable();
    while ids.peek().is_some() {
        let batch: Vec<String> = ids.by_ref().take(BATCH).collect();
        let slices: Vec<&[u8]> = batch.iter().map(String::as_bytes).collect();
        sketcher.push(IdBatch::Text(ByteIds::Slices(&slices)))?;
        tally.rows += batch.len() as u64;
    }
    Ok(sketcher.finish(tally))
}

/// Sketches two sides and prints what they share.
///
/// # Errors
/// None: texts can always be sketched and compared.
pub fn main() -> Result<()> {
    // 150,000 and 100,000 users, 50,000 of them on both sides.
    let shop = sketch((0..150_000).map(|i| format!("user-{i}")))?;
    let pay = sketch((100_000..200_000).map(|i| format!("user-{i}")))?;

    let pair = estimate_sketches(&shop, &pay, Confidence::default())?;
    let overlap = pair.overlap;
    println!(
        "{:.0} users on both ({:.0} to {:.0})",
        overlap.value, overlap.lower, overlap.upper
    );
    assert!(overlap.lower <= 50_000.0 && 50_000.0 <= overlap.upper);
    Ok(())
}
