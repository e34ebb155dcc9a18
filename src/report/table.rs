//! The report for a person at a terminal.

use super::number::{self, fraction, percent, percent_interval, whole, whole_interval};
use super::{
    EstimateReport, Method, PairReport, Quality, RunCost, SideReport, SourceReport, VerifyReport,
    source,
};
use crate::estimate::{Confidence, Estimate, FREQUENCY_MAX};
use crate::id::{PageChecks, Tally};
use std::fmt::Write;

pub(super) fn render(report: &EstimateReport) -> String {
    let mut out = align(&side_rows(&report.sides, report.confidence));
    out.push('\n');
    match &report.pairs[..] {
        [] => {}
        [pair] => {
            out += &align(&pair_rows(report, pair));
            out.push('\n');
            out += &sentences(report, pair);
        }
        pairs => {
            out += &align(&matrix_rows(report, pairs));
            out.push('\n');
            let _ = writeln!(out, "union of all {}", interval_text(&report.union));
        }
    }
    out += &frequencies(report);
    for formula in &report.formulas {
        let _ = writeln!(out, "{}: {}", formula.text, interval_text(&formula.users));
    }
    out += &footer(&report.sides, report.method);
    if let Some(segments) = &report.segments {
        out += &segments.table(report.confidence, report.all_new());
    }
    out
}

pub(super) fn render_verify(report: &VerifyReport) -> String {
    let mut rows = vec![cells([
        "",
        "estimate",
        &level(report.estimate.confidence),
        "truth",
        "error",
        "inside",
    ])];
    for check in report.checks() {
        rows.push(vec![
            check.measure.clone(),
            whole(check.estimate.value),
            whole_interval(&check.estimate),
            whole(check.truth as f64),
            format!("{:+.2} %", check.relative_error() * 100.0),
            if check.is_inside() { "yes" } else { "NO" }.into(),
        ]);
    }
    let sources = source::of_sides(&report.estimate.sides);
    let passed = source::passed_over(&sources).map(|text| text + "\n");
    align(&rows)
        + "\n"
        + &textbook(report)
        + "\n"
        + &costs(report)
        + "\n"
        + &source::columns(&sources)
        + &passed.unwrap_or_default()
}

/// What textbook methods would have said.
fn textbook(report: &VerifyReport) -> String {
    let mut rows = vec![cells(["", "HyperLogLog++", "error", "MinHash", "error"])];
    for check in report.checks() {
        let error = |users| {
            let error = check.textbook_error(users);
            error.map_or_else(|| "–".into(), |error| format!("{:+.2} %", error * 100.0))
        };
        rows.push(vec![
            check.measure.clone(),
            whole(check.plus),
            error(check.plus),
            whole(check.minhash),
            error(check.minhash),
        ]);
    }
    align(&rows)
        + "HyperLogLog++ (p = 16): overlap = A + B − union\nMinHash (k as in the estimate): overlap = Jaccard × union\n"
}

fn costs(report: &VerifyReport) -> String {
    let row = |name: &str, cost: Option<&RunCost>, sketches: Option<u64>| {
        let dash = || "–".to_owned();
        let memory = |cost: &RunCost| {
            let bytes = cost.peak_memory_bytes;
            bytes.map_or_else(|| "unknown".into(), mebibytes)
        };
        vec![
            name.to_owned(),
            cost.map_or_else(dash, |cost| format!("{:.3}", cost.seconds)),
            cost.map_or_else(dash, |cost| whole(cost.rows_per_second())),
            cost.map_or_else(dash, memory),
            sketches.map_or_else(dash, number::bytes),
        ]
    };
    let (plus, minhash) = (report.plus.bytes, report.minhash.bytes);
    align(&[
        cells(["", "seconds", "rows/s", "peak memory", "sketches"]),
        row(
            "estimate",
            Some(&report.estimate_cost),
            Some(report.sketch_bytes),
        ),
        row("HyperLogLog++", Some(&report.plus_cost), Some(plus)),
        row("MinHash", None, Some(minhash)),
        row("exact", Some(&report.exact_cost), None),
    ])
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", whole((bytes >> 20) as f64))
}

pub(super) fn level(confidence: Confidence) -> String {
    format!("{} % interval", confidence.level() * 100.0)
}

fn cells<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

pub(super) fn side_rows(sides: &[SideReport], confidence: Confidence) -> Vec<Vec<String>> {
    // Numbers that were counted have no interval to name.
    let counted = sides
        .iter()
        .all(|side| side.users.lower == side.users.upper);
    let level = if counted {
        String::new()
    } else {
        level(confidence)
    };
    let mut rows = vec![cells(["", "rows", "nulls", "users", &level])];
    for side in sides {
        rows.push(vec![
            side.name.clone(),
            number::rows(side.tally.map(|tally| tally.rows)),
            number::rows(side.tally.map(|tally| tally.nulls)),
            whole(side.users.value),
            whole_interval(&side.users),
        ]);
    }
    rows
}

fn pair_rows(report: &EstimateReport, pair: &PairReport) -> Vec<Vec<String>> {
    let (a, b) = (report.name(pair.a), report.name(pair.b));
    let numbers = &pair.estimate;
    let row = |name: String, estimate: &Estimate, note: String| {
        vec![name, whole(estimate.value), whole_interval(estimate), note]
    };
    let level = if pair.estimate.exact {
        String::new()
    } else {
        level(report.confidence)
    };
    let shares = format!(
        "{} of {a}, {} of {b}",
        percent(&numbers.share_of_a),
        percent(&numbers.share_of_b)
    );
    vec![
        cells(["", "users", &level, ""]),
        row("overlap".into(), &numbers.overlap, shares),
        row(format!("only {a}"), &numbers.only_a, String::new()),
        row(format!("only {b}"), &numbers.only_b, String::new()),
        row("union".into(), &numbers.union, String::new()),
    ]
}

fn sentences(report: &EstimateReport, pair: &PairReport) -> String {
    let (a, b) = (report.name(pair.a), report.name(pair.b));
    let numbers = &pair.estimate;
    let mut out = String::new();
    for (to, from, gain) in [(a, b, &numbers.gain_a), (b, a, &numbers.gain_b)] {
        let interval = in_parentheses(&percent_interval(gain));
        let _ = writeln!(
            out,
            "+{} reach for {to} from {from}{interval}",
            percent(gain)
        );
    }
    let jaccard = &numbers.jaccard;
    let number = |value| fraction(value, jaccard);
    let interval = if jaccard.lower == jaccard.upper {
        String::new()
    } else {
        format!(" ({} – {})", number(jaccard.lower), number(jaccard.upper))
    };
    let _ = writeln!(out, "Jaccard {}{interval}", number(jaccard.value));
    let _ = writeln!(out, "overlap: {}", quality_text(pair));
    if let Some(sentence) = report.break_even_sentence() {
        let _ = writeln!(out, "{sentence}");
    }
    out
}

fn in_parentheses(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!(" ({text})")
    }
}

/// The quality word with the figure behind it: `good (± 1.3 %)`.
pub(super) fn quality_text(pair: &PairReport) -> String {
    let overlap = &pair.estimate.overlap;
    match pair.quality() {
        Quality::Exact => "exact".into(),
        Quality::NotResolvable => {
            format!(
                "not resolvable: {} – {}",
                whole(overlap.lower),
                whole(overlap.upper)
            )
        }
        quality => format!(
            "{} (± {:.1} %)",
            quality.word(),
            overlap.relative_half_width() * 100.0
        ),
    }
}

pub(super) fn interval_text(estimate: &Estimate) -> String {
    whole(estimate.value) + &in_parentheses(&whole_interval(estimate))
}

fn matrix_rows(report: &EstimateReport, pairs: &[PairReport]) -> Vec<Vec<String>> {
    let interval = level(report.confidence);
    let header = [
        "a", "b", "overlap", &interval, "of a", "of b", "union", "Jaccard", "quality",
    ];
    let mut rows = vec![cells(header)];
    for pair in pairs {
        let numbers = &pair.estimate;
        rows.push(vec![
            report.name(pair.a).into(),
            report.name(pair.b).into(),
            whole(numbers.overlap.value),
            whole_interval(&numbers.overlap),
            percent(&numbers.share_of_a),
            percent(&numbers.share_of_b),
            whole(numbers.union.value),
            fraction(numbers.jaccard.value, &numbers.jaccard),
            quality_text(pair),
        ]);
    }
    rows
}

/// Users by rows, a column a side.
fn frequencies(report: &EstimateReport) -> String {
    let rows = frequency_rows(report);
    rows.map_or_else(String::new, |rows| format!("\n{}\n", align(&rows)))
}

/// Users by rows of every side that was asked for them, under a header; `None` of no side.
pub(super) fn frequency_rows(report: &EstimateReport) -> Option<Vec<Vec<String>>> {
    let asked: Vec<_> = report
        .sides
        .iter()
        .filter_map(|side| {
            side.frequency
                .as_ref()
                .map(|frequency| (&side.name, frequency))
        })
        .collect();
    if asked.is_empty() {
        return None;
    }
    let mut header = vec!["rows".to_owned()];
    let mut mean = vec!["mean".to_owned()];
    for (name, frequency) in &asked {
        header.extend([(*name).clone(), level(report.confidence)]);
        let Estimate {
            value,
            lower,
            upper,
        } = frequency.mean;
        let interval = if lower == upper {
            String::new()
        } else {
            format!("{lower:.3} – {upper:.3}")
        };
        mean.extend([format!("{value:.3}"), interval]);
    }
    let mut rows = vec![header, mean];
    for at_least in 0..FREQUENCY_MAX {
        let mut row = vec![format!("{}+", at_least + 1)];
        for (_, frequency) in &asked {
            let users = &frequency.reach[at_least];
            row.extend([whole(users.value), whole_interval(users)]);
        }
        rows.push(row);
    }
    Some(rows)
}

/// The size of the sketches: `p = 16, k = 65,536`.
pub(super) fn sketch_size(precision: Option<u8>, k: Option<usize>) -> String {
    let precision = precision.map(|precision| format!("p = {precision}"));
    let k = k.map(|k| format!("k = {}", whole(k as f64)));
    let known: Vec<String> = precision.into_iter().chain(k).collect();
    match known[..] {
        [] => "theta sketches".into(),
        _ => known.join(", "),
    }
}

/// The last line about some sides.
pub(super) fn footer(sides: &[SideReport], method: Method) -> String {
    let tally = sides.iter().map(|side| side.tally).sum();
    let unique = sides.iter().filter(|side| side.unique);
    let unique: Vec<&str> = unique.map(|side| side.name.as_str()).collect();
    let known = match unique[..] {
        [] => Note::None,
        _ => Note::Known(format!("one row a user in {}", unique.join(", "))),
    };
    let mut pages = PageChecks::default();
    sides.iter().for_each(|side| pages += side.pages.clone());
    last_line(tally, known, &pages, method, &source::of_sides(sides))
}

/// A further remark of the last line about rows.
pub(super) enum Note {
    None,
    /// Something that was known before the rows were read.
    Known(String),
    /// Some rows, as the text says, are in no number.
    LeftOut(String),
}

/// Which column was read; what was skipped, what was known before, and how the numbers came about.
pub(super) fn last_line(
    tally: Option<Tally>,
    note: Note,
    pages: &PageChecks,
    method: Method,
    sources: &[SourceReport],
) -> String {
    let passed = source::passed_over(sources);
    let skipped = match (tally.map(|tally| tally.nulls), &passed) {
        (None, _) if matches!(method, Method::NoisyCount { .. }) => "rows not given".into(),
        (None, _) => "rows not recorded".into(),
        (Some(0), None) if !matches!(note, Note::LeftOut(_)) => "nothing skipped".into(),
        (Some(0), _) => "no row without an id".into(),
        (Some(nulls), _) => format!("{} rows without an id skipped", whole(nulls as f64)),
    };
    let note = match note {
        Note::None => String::new(),
        Note::Known(text) => format!("; {text}"),
        Note::LeftOut(text) => format!("; {text} left out"),
    };
    let passed = passed.map_or_else(String::new, |text| format!("; {text}"));
    let how = match method {
        Method::Sketch {
            precision,
            k,
            joint,
        } => {
            let size = sketch_size(precision, k);
            let apart = if joint {
                ""
            } else {
                ", every number by itself"
            };
            format!("estimated with {size}{apart}")
        }
        Method::Exact => "counted exactly".into(),
        Method::NoisyCount { millionths } => format!(
            "counted, with noise of epsilon {} for all numbers together",
            millionths as f64 / 1e6
        ),
    };
    format!(
        "{}{skipped}{note}{passed}{}; {how}\n",
        source::columns(sources),
        checksums(pages)
    )
}

/// How many pages were checked by their checksums; empty for sketches.
pub(super) fn checksums(checks: &PageChecks) -> String {
    match (checks.checked, checks.pages) {
        (_, 0) => String::new(),
        (0, _) => "; no page carries a checksum".into(),
        (checked, pages) => {
            let (checked, pages) = (whole(checked as f64), whole(pages as f64));
            format!("; {checked} of {pages} pages checked")
        }
    }
}

/// Columns two blanks apart; the first is flush left, the last too if it holds prose.
pub(super) fn align(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
    };
    let widths: Vec<usize> = (0..columns)
        .map(|column| width(column).unwrap_or(0))
        .collect();
    let is_number = |cell: &String| {
        cell.is_empty() || cell.starts_with(|c: char| c.is_ascii_digit() || "+-–".contains(c))
    };
    let last_cells = || {
        rows.iter()
            .skip(1)
            .filter_map(|row| row.get(columns.checked_sub(1)?))
    };
    let ends_in_prose = last_cells().any(|cell| !is_number(cell));
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = widths[column];
            let is_prose = column + 1 == columns && ends_in_prose && !is_number(cell);
            let _ = if column == 0 || is_prose {
                write!(line, "{cell:<width$}  ")
            } else {
                write!(line, "{cell:>width$}  ")
            };
        }
        out += line.trim_end();
        out.push('\n');
    }
    out
}
