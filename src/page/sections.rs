//! The parts of a page, from the answer to the method.

use super::words::{self, Sentence, Word};
use crate::picture::PictureKind;
use crate::report::number::{percent, percent_interval, rows, whole, whole_interval};
use crate::report::{FullReport, Number, SidePart};
use maud::{Markup, PreEscaped, html};

pub(super) fn heading(report: &FullReport) -> Markup {
    const NAMED: usize = 3;
    let count = report.sides.len();
    html! {
        @for (i, side) in report.sides.iter().take(NAMED).enumerate() {
            @if i > 0 { @if i + 1 == count { " and " } @else { ", " } }
            bdi { (shown(&side.name)) }
        }
        @if count > NAMED { " and " (count - NAMED) " more" }
        ": how many users, and how many of them together?"
    }
}

/// A name as a page shows it: not longer than anybody reads, and never nothing.
pub(super) fn shown(name: &str) -> String {
    const MOST: usize = 120;
    let is_blank = name.chars().all(|c| c.is_whitespace() || c.is_control());
    match name.char_indices().nth(MOST) {
        _ if is_blank => format!("{name:?}"),
        None => name.to_owned(),
        Some((end, _)) => format!("{}…", &name[..end]),
    }
}

fn sentence(sentence: &Sentence) -> Markup {
    html! {
        p {
            @for word in &sentence.0 {
                @match word {
                    Word::Plain(text) => (text),
                    Word::Name(name) => bdi { (shown(name)) },
                    Word::Strong(text) => strong { (text) },
                }
            }
        }
    }
}

pub(super) fn answer(report: &FullReport) -> Markup {
    html! {
        section #answer aria-label="The answer" {
            (cards(report))
            div.answer { @for it in &words::answer(report) { (sentence(it)) } }
            @for formula in &report.formulas {
                p { code { (formula.formula) } ": " strong { (words::users(&formula.users)) } " users." }
            }
            @if !report.warnings.is_empty() {
                h2 { "What to be careful about" }
                ul.warnings { @for warning in &report.warnings { li { (warning.text) } } }
            }
        }
    }
}

/// The numbers that people look for first.
fn cards(report: &FullReport) -> Markup {
    const SIDES: usize = 4;
    let sides = report
        .sides
        .iter()
        .filter_map(|side| Some((side, side.users?)));
    let shared = match &report.pairs[..] {
        [pair] if report.sides.len() == 2 => Some(pair.overlap),
        _ => None,
    };
    html! {
        ul.cards {
            @if report.sides.len() <= SIDES {
                @for (side, users) in sides { (card(&html! { "on " bdi { (shown(&side.name)) } }, &users)) }
            }
            @if let Some(overlap) = shared { (card(&html! { "on both" }, &overlap)) }
            @if let Some(union) = &report.union { (card(&html! { "together" }, union)) }
        }
    }
}

fn card(what: &Markup, users: &Number) -> Markup {
    html! {
        li { (what) b { (whole(users.value)) } span.dim { (limits(users)) } }
    }
}

fn limits(users: &Number) -> String {
    match users.is_exact() {
        true => "exact".into(),
        false => whole_interval(&users.estimate()),
    }
}

pub(super) fn pictures(report: &FullReport) -> Markup {
    html! {
        @for kind in PictureKind::ALL {
            @if kind.is_on_page(report) {
                section.behind {
                    h2 { (kind.heading()) }
                    @if kind == PictureKind::Matrix && PictureKind::Jaccard.is_in(report) {
                        (heat_maps(report))
                    } @else {
                        (figure(report, kind))
                    }
                    (super::tables::of(report, kind))
                }
            }
        }
    }
}

/// The heat map of shares and that of Jaccard, of which the reader chooses; style alone shows the
/// chosen one, so that no script is needed.
fn heat_maps(report: &FullReport) -> Markup {
    html! {
        fieldset.choice.screen {
            legend { "Darker squares mean more" }
            label { input #by-share type="radio" name="heat-map" checked; " of the row's users" }
            label { input #by-jaccard type="radio" name="heat-map"; " of the users of either (Jaccard)" }
        }
        div.by-share { (figure(report, PictureKind::Matrix)) }
        div.by-jaccard { (figure(report, PictureKind::Jaccard)) }
    }
}

/// A picture in a form for wide screens and one for narrow ones.
fn figure(report: &FullReport, kind: PictureKind) -> Markup {
    let name = kind.name();
    let wide = kind.inline(report, kind.wide(report), &format!("{name}-wide"));
    let narrow = kind
        .narrow(report)
        .map(|size| kind.inline(report, size, &format!("{name}-narrow")));
    let class = if narrow.is_some() { "wide" } else { "scroll" };
    html! {
        figure {
            @if narrow.is_some() {
                div class=(class) { (PreEscaped(wide)) }
            } @else {
                div class=(class) tabindex="0" role="group" aria-label=(kind.heading()) { (PreEscaped(wide)) }
            }
            @if let Some(narrow) = narrow { div.narrow { (PreEscaped(narrow)) } }
            figcaption { (kind.caption()) }
        }
    }
}

/// Formulas over the sides, answered in the page.
pub(super) fn ask(report: &FullReport) -> Markup {
    if report.fit.is_none() {
        return html! {};
    }
    html! {
        noscript {
            p.note { "Formulas such as (a | b) - c are answered here if scripts are allowed; the command "
                code { "overlap estimate" } " answers them too." }
        }
        section.screen #ask hidden aria-label="Ask it yourself" {
            h2 { "Ask it yourself" }
            div.ask {
                label for="formula" { "Users of a set formula" }
                input #formula type="text" autocomplete="off" spellcheck="false" aria-describedby="formula-help";
                output for="formula" aria-live="polite" {}
                fieldset.picks {
                    legend { "or choose who counts" }
                    @for (i, side) in report.sides.iter().enumerate() {
                        label for={ "pick-" (i) } {
                            bdi { (shown(&side.name)) }
                            select id={ "pick-" (i) } {
                                option value="" selected { "doesn't matter" }
                                option value="all" { "must be on it" }
                                option value="any" { "on any of these" }
                                option value="none" { "must not be on it" }
                            }
                        }
                    }
                }
                fieldset #parts hidden { legend { "or a part of the circles" } }
                p.note #formula-help {
                    code { "&" } " both, " code { "|" } " either, " code { "-" } " without, " code { "^" }
                    " one but not both, with parentheses. Names with other characters than letters, digits, _ and . "
                    "stand in double quotes. The answer is the one that overlap estimate gives."
                }
            }
        }
    }
}

pub(super) fn method(report: &FullReport) -> Markup {
    html! {
        section.behind {
            h2 { "Where the numbers come from" }
            (inputs(report))
            h3 { "Method" }
            @for text in words::method(report) { p { (text) } }
            h3 { "What the numbers do not say" }
            ul {
                @for text in words::LIMITS { li { (text) } }
            }
        }
    }
}

fn inputs(report: &FullReport) -> Markup {
    let filters = report
        .sides
        .iter()
        .filter_map(|side| Some((side, side.filter.as_ref()?)));
    html! {
        div.scroll tabindex="0" role="group" aria-label="Inputs" {
            table {
                thead { tr {
                    th scope="col" { "side" } th scope="col" { "ID column" } th scope="col" { "files" }
                    th scope="col" { "rows" } th scope="col" { "nulls" } th scope="col" { "users" }
                    th scope="col" { "limits" }
                } }
                tbody { @for side in &report.sides { (input(side)) } }
            }
        }
        @for (side, filter) in filters {
            p { bdi { (shown(&side.name)) } " takes the rows where " code { (filter.condition) } ": "
                (whole(filter.taken as f64)) " of " (whole(filter.rows as f64)) "." }
        }
        @for side in report.sides.iter().filter(|side| side.held_whole) {
            p { bdi { (shown(&side.name)) } " was held whole: all of its users were looked for in the other sides, so that what it \
                shares with them is exact." }
        }
        @for side in report.sides.iter().filter(|side| !side.passed_over.is_empty()) {
            p { "Not read of " bdi { (shown(&side.name)) } ": " (side.passed_over.len())
                " paths that hold no data, such as " code { (side.passed_over[0]) } "." }
        }
    }
}

fn input(side: &SidePart) -> Markup {
    let users = side.users.map(|users| whole(users.value));
    html! {
        tr {
            th scope="row" { bdi { (shown(&side.name)) } }
            td { (side.column.as_deref().unwrap_or("–")) }
            td { @if side.files > 0 { (side.files) } @else { "–" } }
            td { (rows(side.rows)) }
            td { (rows(side.nulls)) }
            td { (users.as_deref().unwrap_or("–")) }
            td { @if let Some(users) = &side.users { (limits(users)) } }
        }
    }
}

/// A share with its limits, as a cell has it.
pub(super) fn share(number: &Number) -> String {
    let estimate = number.estimate();
    match number.is_exact() {
        true => percent(&estimate),
        false => format!("{} ({})", percent(&estimate), percent_interval(&estimate)),
    }
}
