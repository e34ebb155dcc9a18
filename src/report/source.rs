//! Where the numbers come from: the ID column of every side, and what was passed over.

use super::{FilterReport, SideReport, SourceReport, number};
use std::fmt::Write;

impl SideReport {
    /// Where its numbers come from.
    #[must_use]
    pub fn source(&self) -> SourceReport {
        SourceReport {
            name: self.name.clone(),
            column: self.column.clone(),
            passed_over: self.passed_over.clone(),
            filter: self
                .filter
                .clone()
                .map(|condition| FilterReport::new(condition, &self.pages)),
            profile: self.profile.clone(),
            held: self.held.then_some(self.users.value as u64),
        }
    }
}

pub(super) fn of_sides(sides: &[SideReport]) -> Vec<SourceReport> {
    sides.iter().map(SideReport::source).collect()
}

/// `id column: user_id`, as a line, and one for the filter of each side; nothing of sketches alone.
pub(super) fn columns(sources: &[SourceReport]) -> String {
    let columns = match column_names(sources) {
        names if names.is_empty() => names,
        names => format!("id column: {names}\n"),
    };
    let lines = profiles(sources)
        .chain(filters(sources))
        .chain(held(sources));
    lines.fold(columns, |text, line| text + &line + "\n")
}

/// `ids of shop: email/1+sha256`, of each side whose IDs were brought to one form.
fn profiles(sources: &[SourceReport]) -> impl Iterator<Item = String> {
    let formed = sources.iter().filter(|source| !source.profile.is_none());
    formed.map(|source| format!("ids of {}: {}", source.name, source.profile.text()))
}

/// `payapp: 500,000 users held whole, what it shares with others is exact`, of each side for which it is so.
fn held(sources: &[SourceReport]) -> impl Iterator<Item = String> {
    let of_side = |source: &SourceReport| {
        let users = number::whole(source.held? as f64);
        let name = &source.name;
        Some(format!(
            "{name}: {users} users held whole, so that what it shares with others is exact"
        ))
    };
    sources.iter().filter_map(of_side)
}

/// `shop where active: 240,000 rows, 61,020 of them taken`, of each side with a filter.
fn filters(sources: &[SourceReport]) -> impl Iterator<Item = String> {
    let whole = |count: u64| number::whole(count as f64);
    let of_side = move |source: &SourceReport| {
        let filter = source.filter.as_ref()?;
        let unread = match filter.files_unread {
            0 => String::new(),
            1 => "; 1 file not read, by its path".into(),
            files => format!("; {} files not read, by their paths", whole(files)),
        };
        let condition = filter.condition.trim().replace(char::is_control, " ");
        Some(format!(
            "{} where {}: {} rows, {} of them taken{unread}",
            source.name,
            condition,
            whole(filter.rows),
            whole(filter.taken)
        ))
    };
    sources.iter().filter_map(of_side)
}

/// `user_id`, or `uid of shop, user_id of pay`; nothing of sketches alone.
pub(super) fn column_names(sources: &[SourceReport]) -> String {
    let of_side = |source: &SourceReport| {
        let column = source.column.as_ref()?;
        Some((column.clone(), source.name.clone()))
    };
    let read: Vec<(String, String)> = sources.iter().filter_map(of_side).collect();
    match &read[..] {
        [] => String::new(),
        [(first, _), rest @ ..]
            if read.len() == sources.len() && rest.iter().all(|(column, _)| column == first) =>
        {
            first.clone()
        }
        _ => {
            let each = read
                .iter()
                .map(|(column, side)| format!("{column} of {side}"));
            each.collect::<Vec<_>>().join(", ")
        }
    }
}

/// `2 paths passed over (README.md, LICENSE)`, as the last line says it; `None` if there are none.
pub(super) fn passed_over(sources: &[SourceReport]) -> Option<String> {
    const SHOWN: usize = 5;
    let mut paths: Vec<&String> = sources
        .iter()
        .flat_map(|source| &source.passed_over)
        .collect();
    // A folder may be more than one side.
    paths.sort();
    paths.dedup();
    if paths.is_empty() {
        return None;
    }
    let count = number::whole(paths.len() as f64);
    let what = if paths.len() == 1 { "path" } else { "paths" };
    let mut text = format!("{count} {what} passed over (");
    for (i, path) in paths.iter().take(SHOWN).enumerate() {
        let comma = if i == 0 { "" } else { ", " };
        // Writing to a String can't fail.
        let _ = write!(text, "{comma}{path}");
    }
    if paths.len() > SHOWN {
        let _ = write!(
            text,
            " and {} more",
            number::whole((paths.len() - SHOWN) as f64)
        );
    }
    text.push(')');
    Some(text)
}

/// The lines of a document: the ID column, and what was passed over.
pub(super) fn markdown(sources: &[SourceReport]) -> String {
    let columns = columns(sources);
    let passed = passed_over(sources);
    let lines = columns.lines().chain(passed.as_deref());
    lines
        .map(|line| format!("\n{}\n", super::markdown::cell(line.trim_end())))
        .collect()
}

/// The ID column of a side, or of a side's segment (`shop/tier-1`), for a field of its own; empty of
/// sketches and of what is of no side.
pub(super) fn column_of<'a>(sources: &'a [SourceReport], name: &str) -> &'a str {
    let is_segment = |source: &&SourceReport| {
        let rest = name.strip_prefix(source.name.as_str());
        rest.is_some_and(|rest| rest.starts_with('/'))
    };
    let source = match sources {
        [only] if !name.is_empty() => Some(only),
        _ => {
            let same = sources.iter().find(|source| source.name == name);
            same.or_else(|| {
                sources
                    .iter()
                    .filter(is_segment)
                    .max_by_key(|s| s.name.len())
            })
        }
    };
    source
        .and_then(|source| source.column.as_deref())
        .unwrap_or("")
}
