//! How IDs are written, as CSV: one measure a line.

use super::csv::quoted;
use super::{DiagnoseReport, DiagnosedSide};
use crate::estimate::Estimate;

/// Sides first, then every two of them.
pub(super) fn render(report: &DiagnoseReport) -> String {
    let mut out = String::from("measure,what,a,b,value,lower,upper\n");
    let mut line = |measure: &str, what: &str, [a, b]: [&str; 2], estimate: &Estimate| {
        let Estimate {
            value,
            lower,
            upper,
        } = estimate;
        let (what, a, b) = (quoted(what), quoted(a), quoted(b));
        out += &format!("{measure},{what},{a},{b},{value},{lower},{upper}\n");
    };
    for side in &report.sides {
        of_side(side, &mut line);
    }
    for pair in &report.pairs {
        let names = [pair.a, pair.b].map(|side| report.sides[side].name.as_str());
        for rung in &pair.rungs {
            line("overlap", rung.reading.name(), names, &rung.overlap);
        }
        for rung in &pair.digests {
            let side = &report.sides[rung.side].name;
            let what = match &*rung.rules {
                "" => format!("{} of {side}", rung.digest),
                rules => format!("{} of {side} after {rules}", rung.digest),
            };
            line("overlap", &what, names, &rung.overlap);
        }
        for id in &pair.shared_placeholders {
            line(
                "shared_placeholder",
                &id.form,
                names,
                &Estimate::exact(id.share),
            );
        }
    }
    out
}

fn of_side(side: &DiagnosedSide, line: &mut impl FnMut(&str, &str, [&str; 2], &Estimate)) {
    let names = [side.name.as_str(), ""];
    let counted = |value: u64| Estimate::exact(value as f64);
    if let Some(tally) = side.tally {
        line("rows", "", names, &counted(tally.rows));
        line("nulls", "", names, &counted(tally.nulls));
    }
    line("users", "", names, &side.users);
    let share = |count: u64| Estimate::exact(count as f64 / side.profile.ids.max(1) as f64);
    for (shape, count) in &side.profile.shapes {
        line("share_of_ids", &shape.words(), names, &share(*count));
    }
    for (mark, count) in &side.profile.marks {
        line("share_of_ids", mark.words(), names, &share(*count));
    }
    for placeholder in &side.frequent {
        let id = &placeholder.id;
        line("placeholder", &id.form, names, &Estimate::exact(id.share));
    }
}
