//! One file that shows a report in a browser: the answer, pictures, tables, formulas to try, and the
//! report itself. It asks the network for nothing.
//!
//! Made by `maud`, which escapes every text and checks tags when it is compiled; names of sides stand
//! in `bdi`, so that no letter of theirs turns others round. The page's own script and style are the
//! only ones that its Content-Security-Policy lets run.

mod sections;
mod tables;
mod words;

#[cfg(test)]
mod tests;

use crate::picture::{DARK, LIGHT};
use crate::report::FullReport;
use base64::{Engine, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("page.css");

/// The page of a report, as HTML.
#[must_use]
pub fn page(report: &FullReport) -> String {
    let style = format!("{LIGHT}@media screen and (prefers-color-scheme:dark){{{DARK}}}{STYLE}");
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        digest(&style),
        digest(SCRIPT)
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                meta name="generator" content={ "overlap " (report.version) };
                title { (words::title(report)) }
                style { (PreEscaped(&style)) }
            }
            body {
                a.skip href="#answer" { "Skip to the answer" }
                (body(report))
                script type="application/json" id="report-json" { (PreEscaped(data(report))) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

fn body(report: &FullReport) -> Markup {
    html! {
        header {
            h1 { (sections::heading(report)) }
        }
        main {
            (sections::answer(report))
            (sections::pictures(report))
            (sections::ask(report))
            (sections::method(report))
        }
        footer {
            p {
                "Made by overlap " (report.version) ". This file asks the network for nothing, and it holds no ID: "
                "only the numbers on this page and what they follow from. "
                button.screen #save type="button" hidden { "Save the report as JSON" }
            }
        }
    }
}

/// The report as JSON in which nothing ends the element that it stands in.
fn data(report: &FullReport) -> String {
    report.to_json().replace('<', "\\u003c")
}

/// What a Content-Security-Policy calls a text by.
fn digest(text: &str) -> String {
    format!(
        "sha256-{}",
        STANDARD.encode(Sha256::digest(text.as_bytes()))
    )
}
