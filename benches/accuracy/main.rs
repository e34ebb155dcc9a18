//! How good the estimates are: RMSE, bias and coverage, against rivals and the Cramér–Rao bound.
//!
//! `cargo bench --bench accuracy -- grid` writes `docs/accuracy.md` (a quarter of an hour on two
//! cores), `… -- small` writes `docs/accuracy-small.md` (a minute), `… -- gain 2000`
//! `docs/accuracy-gain.md`, `… -- many` `docs/accuracy-many.md`
//! (two to eight sides; an hour and a half with 2,000 trials), `… -- noise 400` prints the table of
//! `docs/noise.md`; seeded. A number sets the trials a cell, `--dry` prints instead of writing.

mod draw; // counts from the sketches' exact distributions
mod gain; // probabilities beside frequencies
mod grid; // the cells of large sets and what is measured in each
mod many; // two to eight sides
mod noise; // sketches with noise
mod rivals; // other estimators on the same or equally many bytes
mod small; // small sets, by real hashes
mod write; // the pages

use many::Sketches;

fn main() {
    // `cargo test --benches` runs benches too, with flags of its own.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    let trials = arguments
        .iter()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(2_500);
    let start = std::time::Instant::now();
    if has("small") {
        page(
            "docs/accuracy-small.md",
            &write::small(&small::run(trials), trials),
            has("--dry"),
        );
    }
    if has("gain") {
        let text = gain::page(&gain::run(trials), trials);
        page("docs/accuracy-gain.md", &text, has("--dry"));
    }
    if has("many") {
        page("docs/accuracy-many.md", &many_page(trials), has("--dry"));
    }
    if has("noise") {
        print!("{}", noise::run(trials));
    }
    if has("grid") {
        page(
            "docs/accuracy.md",
            &write::grid(&grid::run(trials), trials),
            has("--dry"),
        );
    }
    eprintln!(
        "{trials} trials a cell, {:.0} s",
        start.elapsed().as_secs_f64()
    );
}

fn many_page(trials: u64) -> String {
    const HASHED_TRIALS: u64 = 60;
    // Twice, so that the number of rows, which bounds the users, tells nothing of them; and once.
    let [hashed, unique] = [2, 1].map(|rows| {
        many::run(
            many::hashed_families(),
            HASHED_TRIALS,
            Sketches::Hashed { rows },
        )
    });
    let drawn = many::run(many::families(), trials, Sketches::Drawn);
    write::many(&drawn, trials, [&hashed, &unique], HASHED_TRIALS)
}

fn page(path: &str, text: &str, is_dry: bool) {
    if is_dry {
        print!("{text}");
        return;
    }
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::write(&path, text).expect("docs/ is writable");
}
