//! The report as CSV: one measure a line, so that any number of sides fits one header.

use super::{EstimateReport, VerifyReport, source};
use crate::estimate::Estimate;
use std::fmt::Write;

/// Lines of measures of a side, of a pair, or of all.
pub(super) struct Lines {
    text: String,
    /// Whether there is a column of segments. It is empty in rows that belong to no segment.
    segments: bool,
    /// The ID column of the side whose measures come.
    column: String,
    /// The segment whose measures come; empty for those of no segment.
    segment: String,
}

impl Lines {
    fn new(segments: bool) -> Self {
        let segment = if segments { "segment," } else { "" };
        let text = format!("measure,a,b,{segment}value,lower,upper,id_column\n");
        Self {
            text,
            segments,
            column: String::new(),
            segment: String::new(),
        }
    }

    fn line(&mut self, measure: &str, a: &str, b: &str, estimate: &Estimate) {
        let segment = std::mem::take(&mut self.segment);
        self.of_segment(&segment, measure, a, b, estimate);
        self.segment = segment;
    }

    pub(super) fn of_segment(
        &mut self,
        segment: &str,
        measure: &str,
        a: &str,
        b: &str,
        estimate: &Estimate,
    ) {
        let Estimate {
            value,
            lower,
            upper,
        } = estimate;
        let segment = match self.segments {
            true => quoted(segment) + ",",
            false => String::new(),
        };
        let (a, b) = (quoted(a), quoted(b));
        // Writing to a String can't fail.
        let _ = writeln!(
            self.text,
            "{measure},{a},{b},{segment}{value},{lower},{upper},{}",
            quoted(&self.column)
        );
    }
}

pub(super) fn render(report: &EstimateReport) -> String {
    let mut out = Lines::new(report.segments.is_some());
    numbers(report, &mut out);
    for formula in &report.formulas {
        out.line("formula", &formula.text, "", &formula.users);
    }
    if let Some(segments) = &report.segments {
        segments.csv(&mut out);
    }
    out.text
}

/// Reports that are each of one segment, one below the other.
pub(super) fn render_by_segment<'a>(
    reports: impl Iterator<Item = (&'a str, &'a EstimateReport)>,
) -> String {
    let mut out = Lines::new(true);
    for (segment, report) in reports {
        segment.clone_into(&mut out.segment);
        numbers(report, &mut out);
    }
    out.text
}

/// Every number of the sides, their pairs and their union.
fn numbers(report: &EstimateReport, out: &mut Lines) {
    for side in &report.sides {
        let counted = |value: u64| Estimate::exact(value as f64);
        out.column = side.column.clone().unwrap_or_default();
        if let Some(tally) = side.tally {
            out.line("rows", &side.name, "", &counted(tally.rows));
            out.line("nulls", &side.name, "", &counted(tally.nulls));
        }
        if let Some(filter) = side.source().filter {
            let rows = counted(filter.rows);
            out.line("rows_before_filter", &side.name, &filter.condition, &rows);
        }
        out.line("users", &side.name, "", &side.users);
        if let Some(frequency) = &side.frequency {
            out.line("mean_rows", &side.name, "", &frequency.mean);
            for (i, users) in frequency.reach.iter().enumerate() {
                out.line(&format!("users_{}_plus", i + 1), &side.name, "", users);
            }
        }
    }
    out.column.clear();
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
            out.line(measure, a, b, estimate);
        }
    }
    if let (Some(break_even), Some(pair)) = (&report.break_even, report.pairs.first()) {
        break_even.csv(out, report.name(pair.a), report.name(pair.b));
    }
    out.line("union", "", "", &report.union);
}

pub(super) fn render_verify(report: &VerifyReport) -> String {
    let mut out = String::from(
        "measure,estimate,lower,upper,truth,relative_error,inside,hyperloglogplus,\
         hyperloglogplus_error,minhash,minhash_error,id_column\n",
    );
    let columns = source::column_names(&source::of_sides(&report.estimate.sides));
    let columns = quoted(&columns);
    for check in report.checks() {
        let Estimate {
            value,
            lower,
            upper,
        } = check.estimate;
        let (truth, error, inside) = (check.truth, check.relative_error(), check.is_inside());
        let measure = quoted(&check.measure);
        let textbook = [check.plus, check.minhash].map(|users| {
            let error = check.textbook_error(users);
            let error = error.map_or_else(String::new, |error| error.to_string());
            format!("{users},{error}")
        });
        let [plus, minhash] = textbook;
        let _ = writeln!(
            out,
            "{measure},{value},{lower},{upper},{truth},{error},{inside},{plus},{minhash},{columns}"
        );
    }
    out
}

/// A field as RFC 4180 wants it.
pub(super) fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
