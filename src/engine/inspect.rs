//! All that a file discloses, of sketches or of data.

use super::{inputs, inspect_message};
use crate::compare::set_counts;
use crate::error::{Error, Result};
use crate::estimate::{Confidence, estimate_set};
use crate::format::{
    ImageColumns, has_tag, is_sketch_table, registers_blob, sample_blob, spelling_blob,
};
use crate::hash::HashScheme;
use crate::key::Key;
use crate::report::{
    FileTag, InspectReport, InspectedColumn, InspectedData, InspectedFile, InspectedFrequent,
    InspectedRegisters, InspectedSample, InspectedSketch, InspectedSpelling,
};
use crate::scan::{self, IdSelection, file_bytes};
use crate::sketch::{Sketch, SketchOptions};
use parquet::schema::types::SchemaDescriptor;
use std::path::Path;

/// Reads sketch files and reports everything that they disclose; of data files their format and columns.
/// `data` says how data is read where its bytes don't show it; with a `key` sketches must be made with it.
///
/// # Errors
/// Those of [`super::read_sketches`], and [`crate::ErrorKind::Input`] for files that are neither sketches
/// nor data, or if there is no file at all.
pub fn inspect<P: AsRef<Path>>(
    paths: &[P],
    images: &ImageColumns,
    data: &IdSelection,
    key: Option<&Key>,
    confidence: Confidence,
) -> Result<InspectReport> {
    if paths.is_empty() {
        return Err(Error::input("there is no file in it"));
    }
    let mut files = Vec::new();
    for path in paths.iter().map(AsRef::as_ref) {
        if let Some(message) = inspect_message::read(path)? {
            files.push(InspectedFile {
                message: Some(message),
                ..file_alone(path)?
            });
            continue;
        }
        if let Some(facts) = data_facts(path, images, data)? {
            files.push(InspectedFile {
                data: Some(facts),
                ..file_alone(path)?
            });
            continue;
        }
        let (table, policy) = inputs::read_file(path, images, key)?;
        let tag = tag(path, table.values(), key)?;
        let sketches = table.values().iter().enumerate();
        let sketches = sketches
            .map(|(row, sketch)| {
                let described = describe(table.cells(row), sketch, confidence);
                match &policy {
                    None => described,
                    Some(policy) => described.under(policy),
                }
            })
            .collect();
        files.push(InspectedFile {
            segment_columns: table.names(),
            filter: inputs::told_filter(path)?,
            tag,
            policy: policy.clone(),
            sketches,
            ..file_alone(path)?
        });
    }
    Ok(InspectReport { confidence, files })
}

/// A file of which only name and size are known yet.
fn file_alone(path: &Path) -> Result<InspectedFile> {
    Ok(InspectedFile {
        file: path.display().to_string(),
        bytes: file_bytes(path)?,
        segment_columns: Vec::new(),
        filter: None,
        tag: None,
        policy: None,
        sketches: Vec::new(),
        data: None,
        message: None,
    })
}

/// What is known of the tag of a file of keyed sketches. With the key the file was read, and its tag is right.
fn tag(path: &Path, sketches: &[Sketch], key: Option<&Key>) -> Result<Option<FileTag>> {
    let is_keyed = |sketch: &Sketch| matches!(sketch.hash(), HashScheme::Keyed(_));
    if !sketches.iter().any(is_keyed) {
        return Ok(None);
    }
    if key.is_some() {
        return Ok(Some(FileTag::Right));
    }
    let has_tag = scan::read_parquet(path, |source| has_tag(&source))?;
    Ok(Some(match has_tag {
        true => FileTag::Unchecked,
        false => FileTag::Missing,
    }))
}

/// Format and columns of a data file; `None` if it holds sketches, or was said to.
fn data_facts(
    path: &Path,
    images: &ImageColumns,
    data: &IdSelection,
) -> Result<Option<InspectedData>> {
    if images.theta.is_some() || images.hll.is_some() || inputs::is_image(path) {
        return Ok(None);
    }
    let is_foreign = |schema: &SchemaDescriptor| is_sketch_table(schema, images);
    let Some(facts) = scan::describe(path, data, &is_foreign)? else {
        return Ok(None);
    };
    let columns = facts.columns.into_iter().map(|column| InspectedColumn {
        name: column.name,
        kind: column.kind,
        may_be_id: column.may_be_id,
    });
    let (delimiter, header) = match facts.text {
        Some(text) => (text.delimiter, text.header),
        None => (None, None),
    };
    Ok(Some(InspectedData {
        format: facts.format.into(),
        compression: facts.compression,
        delimiter,
        header,
        rows: facts.rows,
        id: facts.id,
        columns: columns.collect(),
    }))
}

fn describe(
    segment: Vec<Option<String>>,
    sketch: &Sketch,
    confidence: Confidence,
) -> InspectedSketch {
    let registers = sketch.registers().map(|registers| InspectedRegisters {
        precision: registers.precision().get(),
        set: registers
            .registers()
            .iter()
            .filter(|&&rank| rank > 0)
            .count(),
        blob_bytes: registers_blob(sketch).map_or(0, |blob| blob.len()),
    });
    let sample = sketch.sample().map(|sample| InspectedSample {
        k: Some(sample.k()).filter(|&k| tells_k(sketch.hash(), k)),
        hashes: sample.hashes().len(),
        theta: sample.sampled_share(),
        blob_bytes: sample_blob(sketch).map_or(0, |blob| blob.len()),
    });
    InspectedSketch {
        segment,
        hash: sketch.hash().name(),
        fingerprint: sketch.hash().fingerprint(),
        is_keyed: matches!(sketch.hash(), HashScheme::Keyed(_)),
        id_type: sketch.domain(),
        profile: sketch.profile().clone(),
        tally: sketch.tally(),
        users: estimate_set(&set_counts(sketch), confidence),
        registers,
        sample,
        spelling: sketch.spelling().and_then(|spelling| {
            let frequent = spelling.frequent.ids().iter();
            Some(InspectedSpelling {
                users: spelling.loose.len(),
                frequent: frequent
                    .map(|id| InspectedFrequent {
                        form: id.form.clone(),
                        share_of_rows: id.share,
                    })
                    .collect(),
                blob_bytes: spelling_blob(sketch)?.len(),
            })
        }),
    }
}

/// Theta images of other programs don't record their k and are read with the largest possible one.
fn tells_k(hash: HashScheme, k: usize) -> bool {
    !hash.is_murmur3() || k < *SketchOptions::K_RANGE.end()
}
