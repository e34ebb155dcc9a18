//! The numbers behind each picture, as a table.

use super::sections::share;
use crate::picture::PictureKind;
use crate::report::number::{whole, whole_interval};
use crate::report::{FullReport, Number};
use maud::{Markup, html};

/// The table of a picture; folded away where it is long.
pub(super) fn of(report: &FullReport, kind: PictureKind) -> Markup {
    const SHORT: usize = 8;
    let (header, rows) = match kind {
        PictureKind::Venn => regions(report),
    };
    let long = rows.len() > SHORT;
    let table = table(&header, &rows, kind.heading());
    html! {
        @if long {
            details { summary { "The numbers: " (rows.len()) " rows" } (table) }
        } @else { (table) }
    }
}

type Rows = (Vec<String>, Vec<Vec<String>>);

fn table(header: &[String], rows: &[Vec<String>], label: &str) -> Markup {
    html! {
        div.scroll tabindex="0" role="group" aria-label={ "Table: " (label) } {
            table {
                thead { tr { @for cell in header { th scope="col" { (cell) } } } }
                tbody {
                    @for row in rows {
                        tr {
                            @for (i, cell) in row.iter().enumerate() {
                                @if i == 0 { th scope="row" { bdi { (cell) } } } @else { td { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn headers<const N: usize>(titles: [&str; N]) -> Vec<String> {
    titles.map(str::to_owned).to_vec()
}

fn limits(number: &Number) -> String {
    match number.is_exact() {
        true => "exact".into(),
        false => whole_interval(&number.estimate()),
    }
}

fn regions(report: &FullReport) -> Rows {
    let union = report.union.map_or(0.0, |union| union.value);
    let row = |region: &crate::report::RegionPart| {
        vec![
            region.sides.join(" & "),
            whole(region.users.value),
            limits(&region.users),
            share(&region.users.per(union)),
        ]
    };
    let rows = report.regions.iter().map(row).collect();
    (
        headers(["on just these sides", "users", "limits", "of all"]),
        rows,
    )
}
