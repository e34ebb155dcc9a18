//! Sketches from one form into another.

use super::inputs::stored_files;
use super::store::{ensure_no_input, file_name, unless_for_exchange, write_sketches_with};
use crate::error::{Error, ErrorKind, Result, Setting};
use crate::format::{FileNotes, ImageColumns, SketchTable, datasketches};
use crate::key::Key;
use crate::segments::{NULL_IN_PATHS, Segments};
use crate::storage::{create_folder, output_error, write_atomically};
use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::{DataType, Field};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A job that writes stored sketches in another form.
#[derive(Clone, Debug)]
pub struct ConvertRequest {
    /// Sketch tables and images; `NAME.theta` and `NAME.hll` of one folder are one sketch.
    pub files: Vec<PathBuf>,
    /// Columns of images in tables of other programs.
    pub images: ImageColumns,
    /// The key of keyed sketches, which another file of them needs.
    pub key: Option<Key>,
    /// What to write.
    pub to: ConvertTo,
}

/// The form that sketches are converted into.
#[derive(Clone, Debug)]
pub enum ConvertTo {
    /// A `.theta` and a `.hll` image of every sketch, into this folder.
    DataSketches(PathBuf),
    /// One sketch table: this file.
    Table(PathBuf),
}

/// Converts sketch files; returns the files that were written.
///
/// # Errors
/// Those of [`super::read_sketches`]; [`ErrorKind::Incomparable`] if a sketch's hash isn't
/// DataSketches', [`ErrorKind::Usage`] if two sketches would go into one file or the output is an
/// input, [`ErrorKind::Output`] if it can't be written.
pub fn convert(request: &ConvertRequest) -> Result<Vec<String>> {
    let files = stored_files(&request.files);
    let read = files.iter().map(|file| {
        let table = file.read(&request.images, request.key.as_ref())?;
        let table =
            unless_for_exchange(table).map_err(|e| e.with("file", file.path().display()))?;
        Ok((file_name(file.path()), table))
    });
    let tables: Vec<(String, SketchTable)> = read.collect::<Result<_>>()?;
    match &request.to {
        ConvertTo::DataSketches(folder) => to_images(&tables, folder, &request.files),
        ConvertTo::Table(output) => {
            ensure_no_input(output, &request.files)?;
            let notes = FileNotes {
                key: request.key.clone(),
                ..FileNotes::default()
            };
            write_sketches_with(&one_table(tables)?, &notes, output)?;
            Ok(vec![output.display().to_string()])
        }
    }
}

fn to_images(
    tables: &[(String, SketchTable)],
    folder: &Path,
    inputs: &[PathBuf],
) -> Result<Vec<String>> {
    let mut images: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    for (name, table) in tables {
        for (row, sketch) in table.values().iter().enumerate() {
            let name = match &table.cells(row)[..] {
                [] => name.clone(),
                values => format!("{name}-{}", as_file_name(values)),
            };
            let located = |e: Error| e.with("sketch", &name);
            let theta = datasketches::encode_theta(sketch).map_err(located)?;
            let hll = datasketches::encode_hll(sketch).map_err(located)?;
            for (image, extension) in [(theta, "theta"), (hll, "hll")] {
                let path = folder.join(format!("{name}.{extension}"));
                images.extend(image.map(|image| (path, image)));
            }
        }
    }
    // All is known before the first file is written.
    let mut seen = BTreeSet::new();
    for (path, _) in &images {
        ensure_no_input(path, inputs)?;
        if !seen.insert(path) {
            return Err(Error::usage("two sketches would be written into it")
                .with("file", path.display())
                .hint("convert them one file at a time, into folders of their own"));
        }
    }
    create_folder(folder)?;
    for (path, image) in &images {
        write_atomically(path, |out| {
            out.write_all(image)
                .map_err(|e| output_error(&e).with("file", path.display()))
        })?;
    }
    Ok(images
        .iter()
        .map(|(path, _)| path.display().to_string())
        .collect())
}

/// A segment's values as part of a file's name, different for different values: what might mean
/// something in a path is written as URLs do, and null as in hive-style paths.
fn as_file_name(values: &[Option<String>]) -> String {
    let encoded = |value: &Option<String>| match value {
        Some(value) => value.chars().map(percent_encoded).collect(),
        None => NULL_IN_PATHS.to_owned(),
    };
    let values: Vec<String> = values.iter().map(encoded).collect();
    values.join(",")
}

fn percent_encoded(c: char) -> String {
    if c.is_alphanumeric() || "-_.=".contains(c) {
        return c.into();
    }
    let mut bytes = [0; 4];
    let bytes = c.encode_utf8(&mut bytes).bytes();
    bytes.map(|byte| format!("%{byte:02X}")).collect()
}

/// One file's table as it is; of several files, a sketch each, one table with their names.
fn one_table(mut tables: Vec<(String, SketchTable)>) -> Result<SketchTable> {
    if tables.len() == 1 {
        return tables.pop().map(|(_, table)| table).ok_or_else(no_files);
    }
    let mut names = Vec::new();
    let mut sketches = Vec::new();
    // As `Segments::group` would have them.
    tables.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (name, table) in tables {
        if table.values().len() != 1 {
            return Err(
                Error::usage(format!("{name} holds more than one sketch")).hint([
                    "convert it alone, or merge with ".into(),
                    Setting::By.into(),
                ]),
            );
        }
        names.push(name);
        sketches.extend(table.into_values());
    }
    let field = Arc::new(Field::new("name", DataType::Utf8, false));
    let column: ArrayRef = Arc::new(StringArray::from(names));
    Segments::new(vec![field], vec![column], sketches)
}

fn no_files() -> Error {
    Error::new(ErrorKind::Usage, "no sketch file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_segments_have_different_file_names() {
        let name = |values: &[Option<&str>]| {
            let values: Vec<Option<String>> = values.iter().map(|v| v.map(str::to_owned)).collect();
            as_file_name(&values)
        };
        assert_eq!(name(&[Some("T-1"), Some("2026-11-23")]), "T-1,2026-11-23");
        assert_eq!(name(&[Some("Zürich West")]), "Zürich%20West");
        let texts = ["a,b", "a/b", "a_b", "a%2Cb", "null", "", "..", "a", "b"];
        let mut names: Vec<String> = texts.iter().map(|text| name(&[Some(text)])).collect();
        names.extend([name(&[None]), name(&[Some("a"), Some("b")])]);
        let different: BTreeSet<&String> = names.iter().collect();
        assert_eq!(different.len(), names.len(), "{names:?}");
        assert!(
            names.iter().all(|name| !name.contains(['/', ' '])),
            "{names:?}"
        );
    }
}
