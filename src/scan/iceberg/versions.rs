//! Which metadata file of an Iceberg table is the newest.

use super::file_name;
use super::metadata::Metadata;
use crate::error::{Error, Result};
use crate::scan::store;
use flate2::read::MultiGzDecoder;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Metadata is read at once; a larger file is refused.
const METADATA_BYTES_MAX: u64 = 1 << 30;

/// How a metadata file is numbered; the numbers of one way mean nothing to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Numbering {
    /// `v3.metadata.json`: by tables that are nothing but a folder.
    Folder,
    /// `00003-<uuid>.metadata.json`: by catalogs.
    Catalog,
    /// `final.metadata.json`: only its time tells how new it is.
    None,
}

/// The newest metadata of the table in a folder.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if there is none, if it can't be read, or if it can't be told which is
/// the newest.
pub(super) fn newest(root: &Path) -> Result<Metadata> {
    let folder = root.join("metadata");
    let fail = |e: Error| Error::input(format!("metadata/ {}", e.message()));
    let mut files: Vec<(Numbering, u64, PathBuf)> = Vec::new();
    let mut hint = None;
    for entry in store::entries(&folder).map_err(fail)? {
        let path = entry.path;
        let name = path.file_name().and_then(|name| name.to_str());
        if name == Some("version-hint.text") {
            hint = Some(read_hint(&path)?);
        } else if let Some((numbering, number)) = name.and_then(number_of) {
            files.push((numbering, number, path));
        }
    }
    ensure_hinted(hint.as_deref(), &files)?;
    let highest = |numbering: Numbering| {
        let of = files.iter().filter(move |(of, ..)| *of == numbering);
        let last = of.clone().map(|&(_, number, _)| number).max();
        of.filter(move |(_, number, _)| Some(*number) == last)
    };
    let candidates = [Numbering::Folder, Numbering::Catalog, Numbering::None];
    let candidates = candidates.into_iter().flat_map(highest);
    let candidates = candidates.map(|(numbering, _, path)| Ok((*numbering, path, read(path)?)));
    let mut candidates = candidates.collect::<Result<Vec<_>>>()?;
    candidates.sort_by_key(|(.., metadata)| metadata.last_updated_ms);
    let (numbering, path, metadata) = candidates
        .pop()
        .ok_or_else(|| Error::input("its metadata/ holds no metadata file"))?;
    // Two writers that began at once: only the catalog knows which of them won.
    let rival = candidates.into_iter().find(|(of, _, other)| {
        let is_of_one_number = *of == numbering && numbering != Numbering::None;
        let is_as_new = other.last_updated_ms == metadata.last_updated_ms;
        (is_of_one_number || is_as_new) && other.current() != metadata.current()
    });
    match rival {
        None => Ok(metadata),
        Some((_, other, _)) => Err(Error::input(format!(
            "{} and {} both claim to be its newest version",
            file_name(other),
            file_name(path)
        ))),
    }
}

/// What the hint says: a number, or the name of a file.
fn read_hint(path: &Path) -> Result<String> {
    const HINT_BYTES_MAX: u64 = 1 << 12;
    let bytes = store::read_bytes(path, HINT_BYTES_MAX);
    let bytes =
        bytes.map_err(|e| Error::new(e.kind(), format!("version-hint.text {}", e.message())))?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

/// Sees to it that the file is there that the hint names; there may be newer ones.
fn ensure_hinted(hint: Option<&str>, files: &[(Numbering, u64, PathBuf)]) -> Result<()> {
    let Some(hint) = hint.filter(|hint| !hint.is_empty()) else {
        return Ok(());
    };
    let is_hinted = |(_, number, path): &(Numbering, u64, PathBuf)| {
        hint.trim_start_matches('v').parse() == Ok(*number) || file_name(path).starts_with(hint)
    };
    match files.iter().any(is_hinted) {
        true => Ok(()),
        false => Err(Error::input(format!(
            "version-hint.text names version {hint:?}, whose metadata file is missing"
        ))),
    }
}

/// `v3.metadata.json`, `00003-<uuid>.metadata.json`, packed or not.
fn number_of(name: &str) -> Option<(Numbering, u64)> {
    let stem = name
        .strip_suffix(".gz.metadata.json")
        .or_else(|| name.strip_suffix(".metadata.json.gz"))
        .or_else(|| name.strip_suffix(".metadata.json"))?;
    let digits = |text: &str| {
        let all = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        all.then(|| text.parse().ok()).flatten()
    };
    if let Some(number) = stem.strip_prefix('v').and_then(digits) {
        return Some((Numbering::Folder, number));
    }
    let number = stem.split_once('-').and_then(|(number, _)| digits(number));
    Some(match number {
        Some(number) => (Numbering::Catalog, number),
        None => (Numbering::None, 0),
    })
}

fn read(path: &Path) -> Result<Metadata> {
    let name = file_name(path);
    let located = |e: Error| Error::new(e.kind(), format!("{name}: {}", e.message()));
    let bytes = store::read_bytes(path, METADATA_BYTES_MAX).map_err(located)?;
    let bytes = match bytes.starts_with(&[0x1f, 0x8b]) {
        true => unpacked(&bytes).map_err(located)?,
        false => bytes,
    };
    Metadata::parse(&bytes).map_err(located)
}

fn unpacked(packed: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut decoder = MultiGzDecoder::new(packed).take(METADATA_BYTES_MAX + 1);
    let read = decoder.read_to_end(&mut bytes);
    let read = read.map_err(|e| Error::input(format!("can't be unpacked: {e}")))?;
    match read as u64 > METADATA_BYTES_MAX {
        true => Err(Error::new(
            crate::error::ErrorKind::Limit,
            format!("grows to more than {METADATA_BYTES_MAX} bytes"),
        )),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn names_of_metadata_say_their_version() {
        for (name, expected) in [
            ("v3.metadata.json", Some((Numbering::Folder, 3))),
            ("v12.gz.metadata.json", Some((Numbering::Folder, 12))),
            ("v12.metadata.json.gz", Some((Numbering::Folder, 12))),
            (
                "00003-80a083e8-7026.metadata.json",
                Some((Numbering::Catalog, 3)),
            ),
            ("00010-x.gz.metadata.json", Some((Numbering::Catalog, 10))),
            ("latest.metadata.json", Some((Numbering::None, 0))),
            ("v.metadata.json", Some((Numbering::None, 0))),
            ("v3.json", None),
            ("snap-3.avro", None),
        ] {
            assert_eq!(number_of(name), expected, "{name}");
        }
    }

    fn metadata(updated: i64, snapshot: i64) -> String {
        format!(
            r#"{{"format-version":2,"location":"w","last-updated-ms":{updated},"current-snapshot-id":{snapshot},
            "snapshots":[{{"snapshot-id":{snapshot},"timestamp-ms":1,"manifest-list":"w/metadata/l"}}]}}"#
        )
    }

    /// The snapshot of the newest of these files.
    fn newest_of(files: &[(&str, String)]) -> Result<Option<i64>> {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("metadata")).expect("made");
        for (name, text) in files {
            let mut bytes = text.clone().into_bytes();
            if name.contains(".gz") {
                let level = flate2::Compression::fast();
                let mut packer = flate2::write::GzEncoder::new(Vec::new(), level);
                packer.write_all(&bytes).expect("in memory");
                bytes = packer.finish().expect("in memory");
            }
            std::fs::write(folder.path().join("metadata").join(name), bytes).expect("written");
        }
        newest(folder.path()).map(|metadata| metadata.current())
    }

    #[test]
    fn the_highest_number_is_the_newest_and_the_hint_may_be_behind() {
        let (two, ten) = (metadata(2, 2), metadata(10, 10));
        let hint = |text: &str| ("version-hint.text", text.to_owned());
        let found = newest_of(&[
            ("v2.metadata.json", two.clone()),
            ("v10.gz.metadata.json", ten.clone()),
        ]);
        assert_eq!(found, Ok(Some(10)));
        let found = newest_of(&[
            ("00002-a.metadata.json", two.clone()),
            ("00010-b.metadata.json.gz", ten.clone()),
        ]);
        assert_eq!(found, Ok(Some(10)));
        for text in ["2\n", "v2", "10", ""] {
            let files = [
                ("v2.metadata.json", two.clone()),
                ("v10.metadata.json", ten.clone()),
                hint(text),
            ];
            assert_eq!(newest_of(&files), Ok(Some(10)), "{text}");
        }
        // A name without a number is as new as what it says.
        for (name, expected) in [("last", 11), ("first", 1)] {
            let name = format!("{name}.metadata.json");
            let named = metadata(expected, expected);
            let found = newest_of(&[(&name, named), ("v10.metadata.json", ten.clone())]);
            assert_eq!(found, Ok(Some(expected.max(10))), "{name}");
        }
        // A folder that a catalog took over: its numbers begin again.
        let found = newest_of(&[
            ("v2.metadata.json", two.clone()),
            ("00000-a.metadata.json", ten.clone()),
        ]);
        assert_eq!(found, Ok(Some(10)));
        let refused = |files: &[(&str, String)], says: &str| {
            let error = newest_of(files).expect_err(says).to_string();
            assert!(error.contains(says), "{error}");
        };
        refused(
            &[("v2.metadata.json", two.clone()), hint("3")],
            "names version \"3\"",
        );
        refused(
            &[
                ("00002-a.metadata.json", two.clone()),
                ("00002-b.metadata.json", ten),
            ],
            "both claim",
        );
        refused(
            &[
                ("a.metadata.json", metadata(2, 2)),
                ("b.metadata.json", metadata(2, 3)),
            ],
            "both claim",
        );
        refused(&[], "holds no metadata file");
        refused(&[("v1.metadata.json", "{}".into())], "v1.metadata.json: ");
    }
}
