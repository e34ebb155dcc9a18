//! The report of `overlap estimate`, from a program: sides, options, warnings, any format.
//!
//! `cargo run --example estimate_files`

use overlap::report::Format;
use overlap::{Result, Silent, SketchRequest, Sources, estimate};

/// Estimates the overlap of the two sample files and prints the report.
///
/// # Errors
/// Those of reading files.
pub fn main() -> Result<()> {
    let mut sources = Sources::new(&["shop=data/shop.parquet", "pay=data/pay.parquet"])?;
    sources.id.column = Some("user_id".into());
    // Only some rows of one side; the condition is SQL.
    sources.filter_side("pay", "city_tier IN ('T4', 'T5')")?;

    let request = SketchRequest {
        formulas: vec!["pay - shop".into()],
        ..SketchRequest::new(sources)
    };
    let report = estimate(&request, &Silent)?;
    for warning in &report.warnings {
        eprintln!("warning: {}", warning.text());
    }
    print!("{}", report.render(Format::Markdown));

    // Or take the numbers themselves.
    let new_users = report.formulas[0].users;
    assert!(new_users.lower > 0.0 && new_users.upper < report.sides[1].users.upper);
    Ok(())
}
