//! How good the estimates are: RMSE, bias and coverage over a grid of sizes and overlaps, against
//! rivals and the Cramér–Rao bound. Writes `docs/accuracy.md`.
//!
//! `cargo bench --bench accuracy -- [TRIALS]`; seeded, minutes on two cores.

mod draw; // counts from the sketches' exact distributions
mod grid; // the cells and what is measured in each
mod rivals; // other estimators on the same or equally many bytes
mod write; // docs/accuracy.md

fn main() {
    // `cargo test --benches` runs benches too, with flags of its own.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let trials = arguments
        .iter()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(2_000);
    let start = std::time::Instant::now();
    let report = grid::run(trials);
    let text = write::document(&report, trials);
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/accuracy.md");
    if arguments.iter().any(|argument| argument == "--dry") {
        print!("{text}");
    } else {
        std::fs::write(&path, text).expect("docs/ is writable");
    }
    eprintln!(
        "{trials} trials a cell, {:.0} s",
        start.elapsed().as_secs_f64()
    );
}
