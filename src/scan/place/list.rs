//! Lists of paths, and what a single path stands for.

use super::{Found, address, folder, percent_decoded};
use crate::error::{Error, Result};
use crate::remote;
use crate::scan::{stdin, store};
use std::io::Read;
use std::path::{Path, PathBuf};

/// `@LIST` → the path of the list; anything that exists as it stands is a path.
pub(super) fn list(path: &Path) -> Option<&Path> {
    let list = path.to_str()?.strip_prefix('@')?;
    (!list.is_empty() && !path.exists()).then(|| Path::new(list))
}

pub(super) fn is_glob(path: &Path) -> bool {
    path.to_str()
        .is_some_and(|text| text.contains(['*', '?', '[']))
}

/// A list that lies in a store is read at once; a larger one is refused.
const LIST_BYTES_MAX: u64 = 64 << 20;

/// The files of a list of paths, one a line, which are relative to the folder in which the program runs.
/// Blank lines are none, and lines that begin with `#` are comments.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if it or a path in it can't be read, [`crate::ErrorKind::Usage`] for a
/// list of nothing.
pub(super) fn read_list(list: &Path) -> Result<Found> {
    let located = |e: Error| e.with("list", list.display());
    let mut bytes = Vec::new();
    let read = match list.to_str() {
        _ if remote::is_address(list) => {
            bytes = store::read_bytes(list, LIST_BYTES_MAX)?;
            Ok(())
        }
        Some(stdin::NAME) => std::io::stdin().read_to_end(&mut bytes).map(|_| ()),
        _ => std::fs::read(list).map(|read| bytes = read),
    };
    read.map_err(|e| located(Error::input(store::describe(&e))))?;
    let text = decoded(&bytes).map_err(located)?;
    let mut found = Found::default();
    let addresses = text.lines().map(|line| PathBuf::from(line.trim_end()));
    let addresses = addresses.filter(|path| remote::can_be_listed(path) && !is_glob(path));
    remote::open_all(&addresses.collect::<Vec<_>>());
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') && !Path::new(line).exists() {
            continue;
        }
        let located = |e: Error| located(e.with("line", number + 1));
        let path = path_of_line(line).map_err(located)?;
        found.extend(expand(&path).map_err(located)?);
    }
    if found.files.is_empty() {
        return Err(located(Error::usage("names no file")));
    }
    Ok(found)
}

/// Text in UTF-8, or in UTF-16 as Windows writes it.
fn decoded(bytes: &[u8]) -> Result<String> {
    type Unit = fn([u8; 2]) -> u16;
    let utf16 = |bytes: &[u8], unit: Unit| {
        let (units, odd) = bytes.as_chunks::<2>();
        let units = units.iter().map(|&pair| unit(pair));
        let text: std::result::Result<String, _> = char::decode_utf16(units).collect();
        text.ok().filter(|_| odd.is_empty())
    };
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        _ => String::from_utf8(bytes.to_vec()).ok(),
    };
    text.ok_or_else(|| {
        Error::input("is no list of paths: it isn't text in UTF-8 or UTF-16")
            .hint("a list is a text file with one path a line; data is named without @")
    })
}

/// A line as a path: as it stands if there is such a file, else without quotes or as a `file:` address.
fn path_of_line(line: &str) -> Result<PathBuf> {
    let path = PathBuf::from(line);
    if path.exists() {
        return Ok(path);
    }
    if let Some(inner) = line
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        return Ok(PathBuf::from(inner));
    }
    if line.starts_with("~/") {
        return Err(Error::input(format!("{line}: no such file"))
            .hint("only shells know ~: write the path in full"));
    }
    plain(&path)
}

/// A path without what must not be shown of it; one that is written as a `file:` address, as a path.
pub(super) fn plain(path: &Path) -> Result<PathBuf> {
    let local = path.to_str().and_then(local_of_address);
    match local.filter(|_| !path.exists()) {
        Some(local) => Ok(local),
        None => remote::sheltered(path),
    }
}

/// The path that a `file:` address names.
fn local_of_address(text: &str) -> Option<PathBuf> {
    let (scheme, rest) = text.split_once(':')?;
    if !scheme.eq_ignore_ascii_case("file") {
        return None;
    }
    let local = rest
        .strip_prefix("//localhost/")
        .map(|rest| format!("/{rest}"));
    let local = local.unwrap_or_else(|| rest.strip_prefix("//").unwrap_or(rest).to_owned());
    Some(PathBuf::from(percent_decoded(&local)))
}

/// The files that a path stands for.
///
/// # Errors
/// Those of [`folder::files_below`] and [`folder::files_matching`].
pub(super) fn expand(path: &Path) -> Result<Found> {
    if remote::is_address(path) {
        return address::expand(path);
    }
    if !stdin::is_named(path) && path.is_dir() {
        return folder::files_below(path);
    }
    if path.exists() || !is_glob(path) {
        // A file that isn't there is reported when it is opened.
        return Ok(Found {
            files: vec![path.to_owned()],
            ..Found::default()
        });
    }
    folder::files_matching(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_other_systems_are_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let (one, two) = (
            folder.path().join("a b.parquet"),
            folder.path().join("c.parquet"),
        );
        for path in [&one, &two] {
            std::fs::write(path, b"PAR1").expect("written");
        }
        let (a, b) = (one.display().to_string(), two.display().to_string());
        let uri = format!("file://{}\nfile:{b}\n", a.replace(' ', "%20"));
        let utf16: Vec<u8> = [0xfeff_u16]
            .into_iter()
            .chain(format!("{a}\r\n{b}").encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        for bytes in [
            format!("{a}\r\n{b}\r\n").into_bytes(),
            format!("\u{feff}{a}\n{b}").into_bytes(),
            format!("\n# live files\n{a}\n\n{b}").into_bytes(),
            format!("\"{a}\"\n\"{b}\"\n").into_bytes(),
            uri.into_bytes(),
            utf16,
        ] {
            let list = folder.path().join("list.txt");
            std::fs::write(&list, &bytes).expect("written");
            let found = read_list(&list).expect("a list");
            assert_eq!(found.files, [one.clone(), two.clone()]);
        }
    }

    #[test]
    fn what_is_no_path_is_refused_with_its_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let list = folder.path().join("list.txt");
        for (text, says) in [
            ("\nhdfs://name/a.parquet\n", "address"),
            ("\n~/x.parquet\n", "~"),
        ] {
            std::fs::write(&list, text).expect("written");
            let error = read_list(&list).expect_err("no path").to_string();
            assert!(error.contains(says) && error.contains("line"), "{error}");
        }
        std::fs::write(&list, "\n").expect("written");
        let error = read_list(&list).expect_err("empty");
        assert_eq!(error.kind(), crate::ErrorKind::Usage);
    }
}
