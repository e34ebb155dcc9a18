//! All that a sketch file discloses.

use super::inputs;
use crate::compare::set_counts;
use crate::error::{Error, Result};
use crate::estimate::{Confidence, estimate_set};
use crate::format::{ImageColumns, registers_blob, sample_blob};
use crate::hash::HashScheme;
use crate::report::{
    InspectReport, InspectedFile, InspectedRegisters, InspectedSample, InspectedSketch,
};
use crate::scan::file_bytes;
use crate::sketch::{Sketch, SketchOptions};
use std::path::Path;

/// Reads sketch files and says everything that they tell.
///
/// # Errors
/// Those of [`super::read_sketches`], and [`crate::ErrorKind::Input`] if there is no file at all.
pub fn inspect<P: AsRef<Path>>(
    paths: &[P],
    images: &ImageColumns,
    confidence: Confidence,
) -> Result<InspectReport> {
    if paths.is_empty() {
        return Err(Error::input("there is no sketch file in it"));
    }
    let mut files = Vec::new();
    for path in paths.iter().map(AsRef::as_ref) {
        let table = inputs::read_file(path, images)?;
        let sketches = table.values().iter().enumerate();
        let sketches = sketches
            .map(|(row, sketch)| describe(table.cells(row), sketch, confidence))
            .collect();
        files.push(InspectedFile {
            file: path.display().to_string(),
            bytes: file_bytes(path)?,
            segment_columns: table.names(),
            sketches,
        });
    }
    Ok(InspectReport { confidence, files })
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
        id_type: sketch.domain(),
        tally: sketch.tally(),
        users: estimate_set(&set_counts(sketch), confidence),
        registers,
        sample,
    }
}

/// Theta images of other programs don't tell their k and are read with the largest there is.
fn tells_k(hash: HashScheme, k: usize) -> bool {
    hash != HashScheme::Murmur3 || k < *SketchOptions::K_RANGE.end()
}
