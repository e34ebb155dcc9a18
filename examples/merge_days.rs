//! A sketch for each day, merged into the week: the same as a sketch of the whole week.
//!
//! `cargo run --example merge_days`

use arrow::array::Int64Array;
use overlap::{Confidence, Result, Sketch, SketchOptions, estimate_set, set_counts, sketch_array};

/// The users of a day: most of them come on the next day too.
fn users_of_day(day: i64) -> Int64Array {
    Int64Array::from_iter_values(day * 10_000..day * 10_000 + 40_000)
}

/// Merges seven days and prints the users of the week.
///
/// # Errors
/// None: sketches of one size and one kind of ID can always be merged.
pub fn main() -> Result<()> {
    let options = SketchOptions::default();
    let days: Vec<Sketch> = (0..7)
        .map(|day| sketch_array(&users_of_day(day), options))
        .collect::<Result<_>>()?;

    let mut week = Sketch::empty(options);
    for day in &days {
        week.merge(day)?;
    }
    // Merging a day again changes no number of users.
    let before = week.sample().cloned();
    week.merge(&days[3])?;
    assert_eq!(week.sample().cloned(), before);

    let users = estimate_set(&set_counts(&week), Confidence::default());
    println!(
        "{:.0} users in the week ({:.0} to {:.0})",
        users.value, users.lower, users.upper
    );
    assert!(users.lower <= 100_000.0 && 100_000.0 <= users.upper);
    Ok(())
}
