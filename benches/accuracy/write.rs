//! The report as `docs/accuracy.md`.

use crate::grid::{Cell, Error, Report, SKETCH};
use crate::many::{self, Structure};
use crate::small::Row;
use overlap::{PairSizes, SketchSize, expected_error};
use std::fmt::Write;

/// The page on large sets, rivals and sizes.
pub fn grid(report: &Report, trials: u64) -> String {
    let mut out = HEAD.replace("TRIALS", &trials.to_string());
    out += "\n## The grid: |A| = 10^9\n\n";
    out += "| B : A | x / B | bound % | RMSE / bound | bias / RMSE | covered at 95 % | at 99.7 % | width / bound |\n";
    out += "|---|---|---:|---:|---:|---:|---:|---:|\n";
    report.free.iter().for_each(|cell| row(&mut out, cell));
    out += "\nBoth sizes known (one row a user), |A| = |B| = 10^9:\n\n";
    out += "| B : A | x / B | bound % | RMSE / bound | bias / RMSE | covered at 95 % | at 99.7 % | width / bound |\n";
    out += "|---|---|---:|---:|---:|---:|---:|---:|\n";
    report.known.iter().for_each(|cell| row(&mut out, cell));
    out += RIVALS;
    for cell in report.free.iter().filter(|cell| cell.parts.x > 0) {
        rivals_row(&mut out, cell);
    }
    out += &sizes_table();
    out
}

fn row(out: &mut String, cell: &Cell) {
    let share = share_name(cell.share);
    let [usual, high] = cell.coverage.map(|share| share * 100.0);
    if cell.parts.x == 0 {
        let _ = writeln!(
            out,
            "| 1:{} | 0 | – | – | – | {usual:.1} | {high:.2} | – |",
            cell.ratio
        );
        return;
    }
    let _ = writeln!(
        out,
        "| 1:{} | {share} | {:.2} | {:.2} | {:+.2} | {usual:.1} | {high:.2} | {:.2} |",
        cell.ratio,
        cell.bound * 100.0,
        cell.joint.rmse / cell.bound,
        cell.joint.bias / cell.joint.rmse,
        cell.width
    );
}

/// The page on two to eight sides.
pub fn many(
    drawn: &[many::Row],
    trials: u64,
    [hashed, unique]: [&[many::Row]; 2],
    hashed_trials: u64,
) -> String {
    let mut out = MANY
        .replace("HASHED", &hashed_trials.to_string())
        .replace("TRIALS", &trials.to_string());
    many_tables(&mut out, "##", drawn);
    out += "\n## Sketches of IDs that were hashed\n";
    many_tables(&mut out, "###", hashed);
    out += "\n## Sketches of IDs that were hashed, with one row a user\n";
    many_tables(&mut out, "###", unique);
    out
}

fn many_tables(out: &mut String, level: &str, rows: &[many::Row]) {
    for rows in rows.chunk_by(|a, b| many_key(a) == many_key(b)) {
        let family = rows[0].family;
        let sizes = match family.users {
            [a, b, _] if a == b => format!("all sides of {a} users"),
            [a, b, c] => format!("sides of {a}, {b}, {c} users, and so on"),
        };
        let _ = writeln!(
            out,
            "\n{level} p = {}, k = {}: {sizes}\n\n{MANY_HEAD}",
            family.precision, family.k
        );
        out.extend(rows.iter().map(many_row));
    }
}

fn many_key(row: &many::Row) -> (u8, usize, [u64; 3]) {
    (row.family.precision, row.family.k, row.family.users)
}

/// One line of a table.
pub fn many_row(row: &many::Row) -> String {
    let structure = match row.family.structure {
        Structure::Core(share) => format!("{} % in all", share * 100.0),
        Structure::Union(share) => format!("{} % in all, one is the union", share * 100.0),
        Structure::Nested => "nested".to_owned(),
    };
    let mut out = format!("| {} | {structure} |", row.family.sides);
    for kind in &row.kinds {
        let covered = kind
            .coverage()
            .map_or("–".to_owned(), |share| format!("{share:.1}"));
        let _ = write!(out, " {covered} |");
    }
    let [rmse, width] = row.kinds[0].beside_alone();
    let _ = write!(out, " {rmse:.2} | {width:.2} |");
    for kind in &row.kinds[..2] {
        let bound = kind.beside_bound();
        let bound = bound.map_or("–".to_owned(), |ratio| format!("{ratio:.2}"));
        let _ = write!(out, " {bound} |");
    }
    out + "\n"
}

/// The page on small sets.
pub fn small(rows: &[Row], trials: u64) -> String {
    let mut out = SMALL.replace("TRIALS", &trials.to_string());
    rows.iter().for_each(|row| small_row(&mut out, row));
    out
}

fn small_row(out: &mut String, row: &Row) {
    let [usual, high] = row.coverage.map(|share| share * 100.0);
    let shape = format!("{}, {}, {}", row.parts.a, row.parts.b, row.parts.x);
    let size = format!("p = {}, k = {}", row.sketch.precision, row.sketch.k);
    let relative = if row.parts.x > 0 {
        format!(
            "{:.2} | {:.2} | {:.2}",
            row.bound * 100.0,
            row.rmse / row.bound,
            row.width
        )
    } else {
        "– | – | –".into()
    };
    let _ = writeln!(
        out,
        "| {shape} | {size} | {:.3} | {relative} | {usual:.1} | {high:.2} |",
        row.theta
    );
}

fn rivals_row(out: &mut String, cell: &Cell) {
    let percent = |error: &Error| format!("{:.2}", error.rmse * 100.0);
    let same: Vec<String> = cell.same_sketch.iter().map(percent).collect();
    let bytes: Vec<String> = cell.same_bytes.iter().map(percent).collect();
    let best = cell
        .same_bytes
        .iter()
        .map(|error| error.rmse)
        .fold(f64::INFINITY, f64::min);
    let _ = writeln!(
        out,
        "| 1:{} | {} | **{}** | {} | {} | {:.2} | {:.2} |",
        cell.ratio,
        share_name(cell.share),
        percent(&cell.joint),
        same.join(" | "),
        bytes.join(" | "),
        cell.joint.rmse / cell.same_bytes[2].rmse,
        cell.joint.rmse / best
    );
}

fn share_name(share: f64) -> String {
    if share > 0.0 && share < 0.001 {
        format!("{share:.4}")
    } else {
        format!("{share:.3}")
    }
}

/// What p and k buy, from the same code as `overlap bounds`.
fn sizes_table() -> String {
    let mut out = String::from(SIZES);
    for precision in [12, 14, 16, 18, 20] {
        let sketch = SketchSize::balanced(precision);
        let error = |a: f64, b: f64, x: f64| {
            let sizes = PairSizes {
                only_a: a - x,
                only_b: b - x,
                overlap: x,
                known: [false; 2],
            };
            expected_error(&sizes, sketch)
        };
        let single = error(1e9, 1e9, 1e7).a * 100.0;
        let overlaps: Vec<String> = [
            (1e9, 1e7),
            (1e9, 1e8),
            (1e9, 5e8),
            (1e8, 1e7),
            (1e8, 9e7),
            (1e7, 5e6),
        ]
        .into_iter()
        .map(|(b, x)| format!("{:.2}", error(1e9, b, x).overlap * 100.0))
        .collect();
        let _ = writeln!(
            out,
            "| {precision} | {} | {:.0} KB | {single:.2} | {} |",
            sketch.k,
            sketch.stored_bytes() / 1000.0,
            overlaps.join(" | ")
        );
    }
    out += SHARES;
    let budget = SKETCH.stored_bytes();
    for precision in [13, 14, 15, 16, 17, 18] {
        let registers = 0.75 * f64::from(precision).exp2();
        let k = ((budget - registers) / 2.7) as u64;
        let sketch = SketchSize { precision, k };
        let errors: Vec<f64> = SHARE_CASES
            .into_iter()
            .map(|(b, x)| {
                let sizes = PairSizes {
                    only_a: 1e9 - x,
                    only_b: b - x,
                    overlap: x,
                    known: [false; 2],
                };
                expected_error(&sizes, sketch).overlap * 100.0
            })
            .collect();
        let mean = (errors.iter().map(|error| error.ln()).sum::<f64>() / errors.len() as f64).exp();
        let cells: Vec<String> = errors.iter().map(|error| format!("{error:.2}")).collect();
        let share = registers / budget * 100.0;
        let _ = writeln!(
            out,
            "| {precision} | {k} | {share:.0} % | {} | {mean:.2} |",
            cells.join(" | ")
        );
    }
    out
}

const SHARE_CASES: [(f64, f64); 6] = [
    (1e9, 2e6),
    (1e9, 2e7),
    (1e9, 1e8),
    (1e9, 6.7e8),
    (1e7, 5e6),
    (1e6, 9e5),
];

const HEAD: &str = "# Accuracy

Measured 2026-11-23 by `cargo bench --bench accuracy -- grid` (seeded; TRIALS trials a cell), which writes this page. Sketches of the default
size (p = 16, k = 65,536), their counts drawn from the sketches' exact distributions. RMSE and bias are those of the overlap relative
to the truth; *bound* is the Cramér–Rao bound, the smallest standard deviation that any unbiased estimator can have on the same
sketches; *width* is half the 95 % interval over 1.96 times the bound. x / B = 0 is the cell without a common user: its interval is an
upper bound only, and must hold 0. How often the events happen to which `--break-even` gives a probability is on
[a page of its own](accuracy-gain.md).
";

const SMALL: &str = "# Accuracy of small sets

Measured 2026-11-23 by `cargo bench --bench accuracy -- small` (TRIALS trials a row), which writes this page. Real hashes of
consecutive integers, every trial its own. A good part of the users is sampled here (θ), and the sets are fixed: so is the bound, that
of a fixed population. RMSE, bound and width (half the 95 % interval over 1.96 bounds) are those of the overlap.

| only A, only B, both | sketch | θ | bound % | RMSE / bound | width / bound | covered at 95 % | at 99.7 % |
|---|---|---:|---:|---:|---:|---:|---:|
";

const RIVALS: &str = "
## Against rivals

RMSE of the overlap in %. *IE*: inclusion–exclusion of three HyperLogLogs by maximum likelihood; *MH*: Jaccard similarity of the k
smallest hashes times the union of HyperLogLogs; *θ*: matches over θ, as DataSketches intersects. First with the same p and k, then
with as many stored bytes as ours (register 6 bits, our hash 2.7 bytes; IE all in registers, rounded to a power of two; MH a tenth in registers and
8 bytes a hash; θ 6 bytes a hash, as DataSketches' compressed form needs).

| B : A | x / B | joint | IE | MH | θ | IE, bytes | MH, bytes | θ, bytes | joint / θ | joint / best |
|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|
";

const SIZES: &str = "
## What p and k buy

Relative standard deviation in % (the bound; half a 95 % interval is 1.96 times that), |A| = 10^9, bytes of a stored sketch. From the
code behind `overlap bounds`.

| p | k | stored | size | B 10^9, x 10^7 | 10^9, 10^8 | 10^9, 5·10^8 | 10^8, 10^7 | 10^8, 9·10^7 | 10^7, 5·10^6 |
|---|---|---:|---:|---:|---:|---:|---:|---:|---:|
";

const SHARES: &str = "
## Which share of the bytes the registers take

The same bytes as the default, split otherwise; bounds in % for |A| = 10^9 and B, x as in the head.

| p | k | registers | B 10^9, x 2·10^6 | 10^9, 2·10^7 | 10^9, 10^8 | 10^9, 6.7·10^8 | 10^7, 5·10^6 | 10^6, 9·10^5 | geometric mean |
|---|---|---:|---:|---:|---:|---:|---:|---:|---:|
";

const MANY: &str = "# Accuracy of two to eight sides

Measured 2026-11-28 by `cargo bench --bench accuracy -- many TRIALS` (seeded), which writes this page. Each row is a family of sides;
the columns say how many percent of the 95 % intervals hold the truth: of the sides, of the overlap and the union of every two, of the
union of all, of three formulas (`(a | b) - last`, `last - a`, users of just one of a and b), of the exclusive regions that have users,
and of those that have none (whose intervals are upper bounds). With N trials a percentage of 95 has a standard error of 21.8 / √N;
numbers of one trial depend on each other.

*RMSE / alone* is the error of a side's size over that of the side asked alone, *width / alone* the same of the intervals: below 1 a
side is known better for standing beside others. The last two columns are RMSE over the Cramér–Rao bound, the smallest standard
deviation that an unbiased estimator can have on such sketches, of sides and of overlaps (those that have users). The bound knows which
regions have users; the estimator doesn't, but it never says less than 0, so that its errors may be below the bound.

First TRIALS trials a row with sketches drawn from their exact distributions, then HASHED trials a row with IDs that are hashed, two rows a user.
Last the same with one row a user. There the rows, a bound that no side exceeds, are the truth: half of all sides would come out larger and are cut there,
which makes each alone better by a third. Beside others it profits less, so that its error is up to half larger than alone, and the union, which only ever
loses by such cuts, is held less often. `--unique` makes such sides exact.
";

const MANY_HEAD: &str = "\
| sides | structure | sides | overlaps | unions of two | union of all | formulas | regions | empty regions | RMSE / alone | width / alone | RMSE / bound, sides | overlaps |
|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|";
