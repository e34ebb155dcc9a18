//! The report as Markdown tables.

use super::number::{fraction, percent, percent_interval, rows, whole, whole_interval};
use super::table::{frequency_rows, quality_text};
use super::{EstimateReport, VerifyReport, number, source};
use crate::estimate::Estimate;
use std::fmt::Write;

pub(super) fn render(report: &EstimateReport) -> String {
    let level = report.confidence.level() * 100.0;
    let mut out = format!("| side | rows | nulls | users | {level} % interval |\n");
    out += "|---|---:|---:|---:|---:|\n";
    for side in &report.sides {
        let tally = side.tally;
        let (rows, nulls) = (rows(tally.map(|t| t.rows)), rows(tally.map(|t| t.nulls)));
        let (users, interval) = (whole(side.users.value), whole_interval(&side.users));
        row(&mut out, &[&side.name, &rows, &nulls, &users, &interval]);
    }
    for pair in &report.pairs {
        let (a, b) = (report.name(pair.a), report.name(pair.b));
        let numbers = &pair.estimate;
        let _ = write!(
            out,
            "\n| {} and {} | value | {level} % interval |\n",
            cell(a),
            cell(b)
        );
        out += "|---|---:|---:|\n";
        for (name, users) in [
            ("overlap".to_owned(), &numbers.overlap),
            (format!("only {a}"), &numbers.only_a),
            (format!("only {b}"), &numbers.only_b),
            ("union".to_owned(), &numbers.union),
        ] {
            row(
                &mut out,
                &[&name, &whole(users.value), &whole_interval(users)],
            );
        }
        for (name, share) in [
            (format!("share of {a}"), &numbers.share_of_a),
            (format!("share of {b}"), &numbers.share_of_b),
            (format!("reach that {a} gains"), &numbers.gain_a),
            (format!("reach that {b} gains"), &numbers.gain_b),
        ] {
            row(
                &mut out,
                &[&name, &percent(share), &percent_interval(share)],
            );
        }
        let jaccard = &numbers.jaccard;
        row(
            &mut out,
            &[
                "Jaccard",
                &fraction(jaccard.value, jaccard),
                &fractions(jaccard),
            ],
        );
        row(&mut out, &["quality", &quality_text(pair), ""]);
    }
    if report.pairs.len() != 1 {
        let _ = writeln!(out, "\nUnion of all: {}", users(&report.union));
    }
    if let Some(sentence) = report.break_even_sentence() {
        let _ = writeln!(out, "\n{}", cell(&sentence));
    }
    for formula in &report.formulas {
        let _ = writeln!(out, "\n{}: {}", formula.text, users(&formula.users));
    }
    if let Some(rows) = frequency_rows(report) {
        let _ = write!(out, "\n{}", table(&rows));
    }
    if let Some(segments) = &report.segments {
        out += &segments.markdown(report.confidence, report.all_new());
    }
    out + &source::markdown(&source::of_sides(&report.sides))
}

/// A number of users, and its interval unless it is exact: `1,234 (1,230 – 1,240)`.
fn users(users: &Estimate) -> String {
    match whole_interval(users) {
        exact if exact.is_empty() => whole(users.value),
        interval => format!("{} ({interval})", whole(users.value)),
    }
}

/// Rows under a header, the first column flush left.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let mut out = String::new();
    for (i, cells) in rows.iter().enumerate() {
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        row(&mut out, &cells);
        if i == 0 {
            out += &format!("|---|{}\n", "---:|".repeat(cells.len().saturating_sub(1)));
        }
    }
    out
}

pub(super) fn render_verify(report: &VerifyReport) -> String {
    let level = report.estimate.confidence.level() * 100.0;
    let mut out = format!("| measure | estimate | {level} % interval | truth | error | inside |\n");
    out += "|---|---:|---:|---:|---:|---|\n";
    for check in report.checks() {
        let error = format!("{:+.2} %", check.relative_error() * 100.0);
        row(
            &mut out,
            &[
                &check.measure,
                &whole(check.estimate.value),
                &whole_interval(&check.estimate),
                &whole(check.truth as f64),
                &error,
                if check.is_inside() { "yes" } else { "no" },
            ],
        );
    }
    out += &textbook(report);
    out + &source::markdown(&source::of_sides(&report.estimate.sides))
}

/// What textbook methods would have said.
fn textbook(report: &VerifyReport) -> String {
    let mut out = String::from("\n| measure | HyperLogLog++ | error | MinHash | error |\n");
    out += "|---|---:|---:|---:|---:|\n";
    for check in report.checks() {
        let error = |users| {
            let error = check.textbook_error(users);
            error.map_or_else(|| "–".into(), |error| format!("{:+.2} %", error * 100.0))
        };
        let (plus, minhash) = (check.plus, check.minhash);
        row(
            &mut out,
            &[
                &check.measure,
                &whole(plus),
                &error(plus),
                &whole(minhash),
                &error(minhash),
            ],
        );
    }
    let (ours, plus, minhash) = (report.sketch_bytes, report.plus.bytes, report.minhash.bytes);
    row(
        &mut out,
        &[
            &format!("sketches ({} of the estimate)", number::bytes(ours)),
            &number::bytes(plus),
            "",
            &number::bytes(minhash),
            "",
        ],
    );
    out
}

fn fractions(estimate: &Estimate) -> String {
    if estimate.lower == estimate.upper {
        return String::new();
    }
    format!(
        "{} – {}",
        fraction(estimate.lower, estimate),
        fraction(estimate.upper, estimate)
    )
}

fn row(out: &mut String, cells: &[&str]) {
    let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

/// A side's name may hold what Markdown takes for the end of a cell.
pub(super) fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
