//! Files of JSON lines: which keys their records have, and what the IDs are written as.

use super::file::IdKind;
use super::{IdSelection, names};
use crate::error::{Error, Result};
use crate::id::{Cast, IdDomain};
use crate::reader::{
    BlockSizes, Blocks, JsonLines, Kind, LineCutter, Nulls, Survey, Values, id_is_bool, id_is_list,
};
use std::io::{self, Read};

/// How much is looked at for the names of the columns. All is looked at for the first ID.
const HEAD_BYTES: usize = 64 << 10;

/// Whether a text begins like an object, or like a list of JSON values, which is refused as such. A
/// GUID in braces does not.
pub(super) fn begins_like_one(head: &[u8]) -> bool {
    match head.trim_ascii_start() {
        [b'{', behind @ ..] => matches!(behind.trim_ascii_start(), [] | [b'"' | b'\'' | b'}', ..]),
        [b'[', behind @ ..] => matches!(
            behind.trim_ascii_start(),
            [b'{' | b'"' | b'[' | b']' | b'0'..=b'9', ..]
        ),
        _ => false,
    }
}

/// What the records of a stream say: where the IDs are, and what they are.
///
/// # Errors
/// [`crate::ErrorKind::Input`] with the line of what is no object, and for IDs that can't identify a
/// user; [`crate::ErrorKind::Usage`] if the ID column can't be told.
pub(super) fn look_over(
    stream: Box<dyn Read + Send>,
    explain: &dyn Fn(&io::Error) -> Error,
    id: Option<&str>,
    selection: &IdSelection,
) -> Result<(JsonLines, IdKind)> {
    let mut blocks = Blocks::new(stream, Box::new(LineCutter), b'\n', sizes(selection));
    let (mut survey, mut buffer) = (Survey::default(), Vec::new());
    // The column, once it was seen; its first value may come much later.
    let mut found: Option<String> = None;
    while let Some(block) = blocks.next(&mut buffer, explain)? {
        survey.add(&buffer[..block.len], &block, id)?;
        let (names, paths) = survey.columns();
        if found.is_none() && !survey.is_empty() {
            match names::find_name(&names, &leaves(&paths), id) {
                Ok(column) => found = Some(names[column].clone()),
                // A key that is named may come later.
                Err(_) if id.is_some() => {}
                Err(_) => return Err(unfound(&survey, id)),
            }
        }
        let at = found.as_ref().and_then(|name| position(&names, name));
        if at.is_some_and(|at| survey.kind(&paths[at]).0 != Kind::Null) {
            break;
        }
    }
    if survey.is_empty() {
        return Err(Error::input("holds no record"));
    }
    let (names, paths) = survey.columns();
    let wanted = found.as_deref().or(id);
    let id =
        names::find_name(&names, &leaves(&paths), wanted).map_err(|_| unfound(&survey, wanted))?;
    let (kind, line) = survey.kind(&paths[id]);
    let (values, kind) = values_of(kind, selection.cast)
        .map_err(|e| e.with("column", &names[id]).with("line", line))?;
    let json = JsonLines {
        names,
        paths,
        id,
        values,
        nulls: Nulls::new(&selection.text.nulls),
        limits: selection.limits,
    };
    Ok((json, kind))
}

/// The records in the first block of a stream, and whether they are all.
///
/// # Errors
/// [`crate::ErrorKind::Input`] with the line of what is no object.
pub(super) fn first_records(
    stream: Box<dyn Read + Send>,
    explain: &dyn Fn(&io::Error) -> Error,
    selection: &IdSelection,
) -> Result<(Survey, bool)> {
    let mut blocks = Blocks::new(stream, Box::new(LineCutter), b'\n', sizes(selection));
    let (mut survey, mut buffer) = (Survey::default(), Vec::new());
    while let Some(block) = blocks.next(&mut buffer, explain)? {
        survey.add(&buffer[..block.len], &block, None)?;
        if !survey.is_empty() {
            let whole = blocks.next(&mut buffer, explain)?.is_none();
            return Ok((survey, whole));
        }
    }
    Err(Error::input("holds no record"))
}

fn sizes(selection: &IdSelection) -> BlockSizes {
    BlockSizes {
        block: HEAD_BYTES,
        record_max: selection.limits.value_bytes_max.max(BlockSizes::RECORD),
        total_max: u64::MAX,
    }
}

/// The error for a column that can't be told: keys that are data aren't listed.
fn unfound(survey: &Survey, wanted: Option<&str>) -> Error {
    let find = |(names, paths): (Vec<String>, Vec<Vec<String>>)| {
        names::find_name(&names, &leaves(&paths), wanted).err()
    };
    let error = find(survey.shown()).or_else(|| find(survey.columns()));
    error.unwrap_or_else(|| Error::usage("the id column isn't known"))
}

fn leaves(paths: &[Vec<String>]) -> Vec<&str> {
    paths
        .iter()
        .map(|path| path.last().map_or("", String::as_str))
        .collect()
}

fn position(names: &[String], name: &str) -> Option<usize> {
    names.iter().position(|other| other == name)
}

/// What IDs are whose first is of this kind.
fn values_of(kind: Kind, cast: Option<IdDomain>) -> Result<(Values, IdKind)> {
    match (kind, cast) {
        (Kind::Null, _) => Ok((Values::Strings, IdKind::AllNull)),
        (Kind::Text, None) => Ok((Values::Strings, IdKind::Untyped)),
        (Kind::Number, None) => Ok((Values::Numbers, IdKind::Known(IdDomain::Integer))),
        (Kind::Text, Some(IdDomain::Binary)) => Ok((Values::Strings, IdKind::Untyped)),
        (Kind::Number, Some(to @ IdDomain::Binary)) => {
            Cast::check(IdDomain::Integer, to)?;
            Ok((Values::Numbers, IdKind::Untyped))
        }
        (Kind::Text | Kind::Number, Some(IdDomain::Integer)) => {
            Ok((Values::Whole, IdKind::Untyped))
        }
        (Kind::Text | Kind::Number, Some(_)) => Ok((Values::Either, IdKind::Untyped)),
        (Kind::Bool, _) => Err(id_is_bool()),
        (Kind::Array, _) => Err(id_is_list()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_and_lists_are_json_and_guids_in_braces_are_not() {
        for head in [
            "{\"a\":1}",
            " \n{ \"a\"",
            "{",
            "{}",
            "{'a': 1}",
            "[{",
            "[ \"a\"",
            "[1,",
        ] {
            assert!(begins_like_one(head.as_bytes()), "{head}");
        }
        for head in [
            "",
            "{3F2504E0-4F89-11D3-9A0C-0305E82C3301}\n",
            "[id],x",
            "a,{}",
        ] {
            assert!(!begins_like_one(head.as_bytes()), "{head}");
        }
    }
}
