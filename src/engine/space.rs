//! May the IDs of all sides meet? Columns that are planned and sketches that are stored, before anything is read.

use super::inputs::stored_files;
use super::request::Sources;
use crate::error::{Error, ErrorKind, Phrase, Result, Setting};
use crate::format::SketchTable;
use crate::hash::{HashScheme, merge_schemes};
use crate::id::{IdDomain, Profile, ensure_one_profile, merge_domains};
use crate::key::Key;
use crate::scan::{Plan, SidePlan};
use crate::sketch::Sketch;

/// Sees to it that stored sketches are of what is asked for: their IDs are gone and can't be brought to another
/// form any more.
pub(super) fn ensure_as_asked(
    sources: &Sources,
    plan: &Plan,
    tables: &[Vec<SketchTable>],
) -> Result<()> {
    for (side, tables) in plan.sides.iter().zip(tables) {
        for (file, table) in stored_files(&side.foreign).iter().zip(tables) {
            for sketch in table.values() {
                // What another program made doesn't tell.
                let Some(domain) = sketch.domain() else {
                    continue;
                };
                let checked = ensure_cast(sources.id.cast, domain)
                    .and_then(|()| ensure_rules(&side.profile, sketch.profile()));
                checked.map_err(|e| e.with("file", file.path().display()))?;
            }
        }
    }
    Ok(())
}

fn ensure_cast(asked: Option<IdDomain>, domain: IdDomain) -> Result<()> {
    match asked {
        Some(asked) if asked != domain => Err(Error::new(
            ErrorKind::Incomparable,
            format!("a sketch of {domain} ids, which can't be read as {asked} any more"),
        )
        .hint([
            "sketch the data again with ".into(),
            Setting::Cast.to(asked.name()),
        ])),
        _ => Ok(()),
    }
}

fn ensure_rules(asked: &Profile, profile: &Profile) -> Result<()> {
    if asked.is_none() || asked == profile {
        return Ok(());
    }
    let text = format!(
        "a sketch of ids {}, which can't be brought to {} any more",
        profile.shown(),
        asked.shown()
    );
    Err(Error::new(ErrorKind::Incomparable, text).hint([
        "sketch the data again with ".into(),
        Setting::Normalize.into(),
        " and ".into(),
        Setting::Digest.into(),
    ]))
}

/// Whether the IDs of a side's data, if it has any, can be those of a sketch.
fn ensure_one_space(side: &SidePlan, sketch: &Sketch, way_out: WayOut<'_>) -> Result<()> {
    let (Some(domain), Some(stored)) = (side.domain, sketch.domain()) else {
        return Ok(());
    };
    if domain == stored {
        return ensure_one_profile(&side.profile, sketch.profile());
    }
    merge_domains(Some(domain), Some(stored))
        .map(|_| ())
        .map_err(|error| error.hint(way_out(side, sketch)))
}

/// What brings the data of a side to a stored sketch of another kind of IDs.
pub(super) type WayOut<'a> = &'a dyn Fn(&SidePlan, &Sketch) -> Phrase;

/// The hash of data: that of the key, if there is one.
pub(super) fn hash_of(sources: &Sources, asked: HashScheme) -> Result<HashScheme> {
    match &sources.key {
        None => Ok(asked),
        Some(_) if asked.is_murmur3() => Err(Error::usage([
            "a key has a hash of its own, and excludes ".into(),
            Setting::Hash.to(asked.name()),
        ])
        .hint(["leave out ".into(), Setting::Hash.into()])),
        Some(key) => Ok(HashScheme::Keyed(key.fingerprint())),
    }
}

/// Whether a stored sketch was made with the key that was named, if one was.
pub(super) fn ensure_of_key(sketch: &Sketch, key: Option<&Key>) -> Result<()> {
    match key {
        None => Ok(()),
        Some(key) => merge_schemes(HashScheme::Keyed(key.fingerprint()), sketch.hash()).map(|_| ()),
    }
}

/// Whether everything can be compared with everything; the hash of the sketches. `asked` is the hash of
/// data, which stored sketches overrule unless it takes a key that isn't there.
pub(super) fn check_comparable(
    plan: &Plan,
    tables: &[Vec<SketchTable>],
    asked: HashScheme,
    way_out: WayOut<'_>,
) -> Result<Option<HashScheme>> {
    let mut first: Option<(&Sketch, String)> = None;
    for (side, tables) in plan.sides.iter().zip(tables) {
        for (file, table) in stored_files(&side.foreign).iter().zip(tables) {
            let path = file.path();
            for sketch in table.values() {
                ensure_one_space(side, sketch, way_out)
                    .map_err(|e| e.with("file", path.display()))?;
                let Some((first, named)) = &first else {
                    first = Some((sketch, path.display().to_string()));
                    continue;
                };
                first
                    .ensure_comparable(sketch)
                    .map_err(|e| e.with("file", path.display()).with("beside", named))?;
            }
        }
    }
    let Some((first, named)) = first else {
        return Ok(None);
    };
    for side in plan.sides.iter().filter(|side| side.file_count() > 0) {
        if matches!(first.hash(), HashScheme::Keyed(_)) {
            merge_schemes(asked, first.hash())
                .map_err(|e| e.with("side", &side.name).with("beside", named.clone()))?;
        }
        ensure_one_space(side, first, way_out)
            .map_err(|e| e.with("side", &side.name).with("beside", named.clone()))?;
    }
    Ok(Some(first.hash()))
}
