//! Which partner adds the most new users to a shop, and which after that?
//!
//! `cargo run --example reach_of_partners`

use arrow::array::Int64Array;
use overlap::{Confidence, ReachOrder, Result, Sketch, SketchOptions, reach_of, sketch_array};

/// Orders three partners by the users that they add, and prints the growing reach.
///
/// # Errors
/// None: integers can always be sketched and compared.
pub fn main() -> Result<()> {
    let sides = [
        ("shop", 0..100_000),
        ("bank", 90_000..120_000),
        ("hotel", 50_000..180_000),
        ("radio", 170_000..190_000),
    ];
    let sketches: Vec<Sketch> = sides
        .iter()
        .map(|(_, users)| {
            let ids = Int64Array::from_iter_values(users.clone());
            sketch_array(&ids, SketchOptions::default())
        })
        .collect::<Result<_>>()?;

    let sketches: Vec<&Sketch> = sketches.iter().collect();
    let shop = Some(0);
    let steps = reach_of(&sketches, ReachOrder::Greedy, shop, Confidence::default())?;
    for step in &steps {
        println!(
            "{:<6} adds {:>7.0} users: {:>7.0} in all",
            sides[step.side].0, step.added.value, step.reach.value
        );
    }
    let order: Vec<&str> = steps.iter().map(|step| sides[step.side].0).collect();
    assert_eq!(order, ["shop", "hotel", "radio", "bank"]);
    Ok(())
}
