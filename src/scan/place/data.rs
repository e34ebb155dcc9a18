//! Whether a file in a folder holds data: by its name where that says so, else by its first bytes.

use crate::reader::{Packing, looks_like_text};
use crate::remote;
use crate::scan::store::{InputFile, Sequential};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Extensions of compressed files.
pub(super) const PACKED: [&str; 5] = ["gz", "zst", "bz2", "xz", "zstd"];

/// Extensions of data files. A file that isn't what its name says is refused when it is opened.
const DATA: [&str; 19] = [
    "parquet", "parq", "pq", "ovs", "theta", "hll", "puffin", "csv", "tsv", "psv", "jsonl",
    "ndjson", "arrow", "arrows", "feather", "ipc", "orc", "avro", "xlsx",
];

/// What isn't, whatever it holds.
const OTHER: [&str; 26] = [
    "md", "rst", "pdf", "html", "htm", "xml", "yaml", "yml", "toml", "ini", "cfg", "conf", "log",
    "sh", "py", "sql", "r", "ipynb", "png", "jpg", "svg", "sha256", "md5", "sig", "asc", "lock",
];

/// How documents and marks are called that have no extension.
const DOCUMENTS: [&str; 9] = [
    "readme",
    "license",
    "licence",
    "changelog",
    "notice",
    "makefile",
    "manifest",
    "checksums",
    "sha256sums",
];

/// A name, taken apart.
struct Name {
    is_packed: bool,
    /// The path without the extension of what it is packed with.
    inner: PathBuf,
    /// The extension of what is inside, in small letters.
    extension: Option<String>,
}

impl Name {
    fn of(path: &Path) -> Self {
        let extension = |path: &Path| Some(path.extension()?.to_str()?.to_ascii_lowercase());
        let is_packed = is_one_of(&extension(path), &PACKED);
        let inner = match is_packed {
            true => path.with_extension(""),
            false => path.to_owned(),
        };
        Self {
            is_packed,
            extension: extension(&inner),
            inner,
        }
    }
}

fn is_one_of(found: &Option<String>, known: &[&str]) -> bool {
    let found = found.as_ref();
    found.is_some_and(|found| known.contains(&found.as_str()))
}

/// Whether the name of a file says that it holds data.
pub(super) fn is_named(path: &Path) -> bool {
    is_one_of(&Name::of(path).extension, &DATA)
}

/// Whether a file holds data. One that can't be read is taken for data, so that opening it reports the error.
pub(super) fn is_data(path: &Path) -> bool {
    let name = Name::of(path);
    if is_one_of(&name.extension, &DATA) {
        return true;
    }
    let Ok(head) = head(path) else {
        return true;
    };
    let is_other = || {
        let stem = name.inner.file_stem();
        let stem = stem.map(|stem| stem.to_string_lossy().to_lowercase());
        is_one_of(&name.extension, &OTHER) || is_one_of(&stem, &DOCUMENTS)
    };
    if is_binary_format(&head) {
        return true;
    }
    if head.is_empty() || is_other() {
        return false;
    }
    if name.extension.as_deref() == Some("json") {
        return name.is_packed || is_json_lines(&head);
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
    let is_utf16 = matches!(head[..], [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
    is_utf16 || Packing::of(&head).is_some() || looks_like_text(text)
}

fn head(path: &Path) -> std::io::Result<Vec<u8>> {
    /// As much as a line of JSON is looked at.
    const HEAD_BYTES: u64 = 4 << 10;
    let mut head = Vec::new();
    // Anything but a regular file is refused when it is opened; opening a fifo here would wait.
    if remote::is_address(path) {
        let file = InputFile::open(path).map_err(|e| std::io::Error::other(e.to_string()))?;
        Sequential::new(file)
            .take(HEAD_BYTES)
            .read_to_end(&mut head)?;
    } else if path.metadata()?.is_file() {
        File::open(path)?.take(HEAD_BYTES).read_to_end(&mut head)?;
    }
    Ok(head)
}

/// Formats of tables that aren't text, read or refused by name.
fn is_binary_format(head: &[u8]) -> bool {
    let magics: [&[u8]; 7] = [
        b"PAR1",
        b"PARE",
        b"PFA1",
        b"ARROW1",
        b"ORC",
        b"Obj\x01",
        b"SQLite format 3\0",
    ];
    magics.iter().any(|magic| head.starts_with(magic))
}

/// Whether the first line is an object of its own; a document of settings begins with `{` alone.
fn is_json_lines(head: &[u8]) -> bool {
    let mut lines = head.split(|&byte| byte == b'\n');
    let line = lines.find(|line| !line.trim_ascii().is_empty());
    let is_cut = lines.next().is_none();
    line.is_some_and(|line| {
        let line = line.trim_ascii();
        match line.first() {
            Some(b'[') => true,
            Some(b'{') => line.len() > 1 && (is_cut || line.ends_with(b"}")),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_known_by_its_name_or_else_by_its_bytes() {
        let folder = tempfile::tempdir().expect("a folder");
        let is = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).expect("written");
            is_data(&path)
        };
        assert!(is("000000_0", b"PAR1..PAR1"));
        assert!(is("20261126_101500_00042_abcde_0b1c", b"PAR1..PAR1"));
        assert!(is("x.c000", b"PAR1..PAR1"));
        assert!(is("part-1.hive", b"PAR1"));
        assert!(is("README.md", b"PAR1"), "whatever its name");
        assert!(is("part-0000", b"user_id\n1\n"));
        assert!(is("EXPORT.CSV", b""));
        assert!(is("part.csv.gz", b"\x1f\x8b\x08"));
        assert!(is("export_0", b"\x1f\x8b\x08"));
        assert!(is("part.json", b"{\"user_id\":1}\n{\"user_id\":2}\n"));
        assert!(!is("schema.json", b"{\n  \"fields\": []\n}\n"));
        assert!(!is("README.md", b"hello\n"));
        assert!(!is("LICENSE", b"text\n"));
        assert!(!is("picture", b"\x89PNG\x0d\x0a\x1a\x0a\0\0\0"));
        assert!(!is("nothing", b""));
        assert!(is_data(&folder.path().join("gone")));
    }
}
