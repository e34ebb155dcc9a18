//! The report as CSV: one measure a line, so that any number of sides fits one header.

use super::{EstimateReport, VerifyReport};
use crate::estimate::Estimate;
use std::fmt::Write;

const HEADER: &str = "measure,a,b,value,lower,upper\n";

pub(super) fn render(report: &EstimateReport) -> String {
    let mut out = String::from(HEADER);
    for side in &report.sides {
        let counted = |value: u64| Estimate::exact(value as f64);
        if let Some(tally) = side.tally {
            line(&mut out, "rows", &side.name, "", &counted(tally.rows));
            line(&mut out, "nulls", &side.name, "", &counted(tally.nulls));
        }
        line(&mut out, "users", &side.name, "", &side.users);
        if let Some(frequency) = &side.frequency {
            line(&mut out, "mean_rows", &side.name, "", &frequency.mean);
            for (i, users) in frequency.reach.iter().enumerate() {
                line(
                    &mut out,
                    &format!("users_{}_plus", i + 1),
                    &side.name,
                    "",
                    users,
                );
            }
        }
    }
    for pair in &report.pairs {
        let (a, b) = (report.name(pair.a), report.name(pair.b));
        let numbers = &pair.estimate;
        for (measure, estimate) in [
            ("overlap", &numbers.overlap),
            ("share_of_a", &numbers.share_of_a),
            ("share_of_b", &numbers.share_of_b),
            ("only_a", &numbers.only_a),
            ("only_b", &numbers.only_b),
            ("pair_union", &numbers.union),
            ("gain_a", &numbers.gain_a),
            ("gain_b", &numbers.gain_b),
            ("jaccard", &numbers.jaccard),
            ("overlap_coefficient", &numbers.overlap_coefficient),
        ] {
            line(&mut out, measure, a, b, estimate);
        }
    }
    line(&mut out, "union", "", "", &report.union);
    for formula in &report.formulas {
        line(&mut out, "formula", &formula.text, "", &formula.users);
    }
    if let Some(segments) = &report.segments {
        segments.csv(&mut out);
    }
    out
}

pub(super) fn render_verify(report: &VerifyReport) -> String {
    let mut out = String::from("measure,estimate,lower,upper,truth,relative_error,inside\n");
    for check in report.checks() {
        let Estimate {
            value,
            lower,
            upper,
        } = check.estimate;
        let (truth, error, inside) = (check.truth, check.relative_error(), check.is_inside());
        let measure = quoted(&check.measure);
        let _ = writeln!(
            out,
            "{measure},{value},{lower},{upper},{truth},{error},{inside}"
        );
    }
    out
}

fn line(out: &mut String, measure: &str, a: &str, b: &str, estimate: &Estimate) {
    let Estimate {
        value,
        lower,
        upper,
    } = estimate;
    // Writing to a String can't fail.
    let _ = writeln!(
        out,
        "{measure},{},{},{value},{lower},{upper}",
        quoted(a),
        quoted(b)
    );
}

/// A field as RFC 4180 wants it.
pub(super) fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
