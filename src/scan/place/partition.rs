//! What the names of folders say of the rows in them: `day=2026-11-23/`.

use crate::error::{Error, ErrorKind, Setting};
use crate::scan::names::USUAL_NAMES;
use crate::segments::NULL_IN_PATHS;
use std::path::Path;

/// The hive-style partitions of a path, `NAME=VALUE` each, outermost first.
pub(in crate::scan) fn partitions(path: &Path) -> Vec<(String, Option<String>)> {
    let folders = path.parent().into_iter().flat_map(Path::components);
    let folders = folders.filter_map(|folder| folder.as_os_str().to_str()?.split_once('='));
    let value = |text: &str| (text != NULL_IN_PATHS).then(|| percent_decoded(text));
    folders
        .map(|(name, text)| (percent_decoded(name), value(text)))
        .collect()
}

/// The error for an ID column that isn't in a file, where a folder of its path is called so.
pub(in crate::scan) fn explain_partition(error: Error, path: &Path, id: Option<&str>) -> Error {
    if error.kind() != ErrorKind::Usage {
        return error;
    }
    let is_id = |name: &str| match id {
        Some(id) => name == id,
        None => USUAL_NAMES.contains(&name),
    };
    let partitions = partitions(path);
    let Some((name, _)) = partitions.iter().find(|(name, _)| is_id(name)) else {
        return error;
    };
    Error::usage(format!(
        "{name} is the name of a folder ({name}=…) and no column: its value is the same for all rows below it"
    ))
    .with("file", path.display())
    .hint([
        "name a column of the files with ".into(),
        Setting::Id.into(),
        ", or export the ids as a column".into(),
    ])
}

/// `%3A` → `:`; what isn't such an escape stands as it is.
pub(in crate::scan) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        let escaped = (*byte == b'%').then(|| tail.first_chunk::<2>()).flatten();
        let digits = escaped.and_then(|hex| std::str::from_utf8(hex).ok());
        let decoded = digits.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(decoded.unwrap_or(*byte));
        rest = if decoded.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_called_as_the_id_column_is_named() {
        let missing = || Error::usage("no column uid");
        let path = Path::new("lake/uid=4711/a.parquet");
        for id in [Some("uid"), None] {
            let text = explain_partition(missing(), path, id).to_string();
            assert!(text.contains("name of a folder"), "{text}");
            assert!(
                !text.contains("4711") || text.contains("lake/uid=4711/a.parquet"),
                "{text}"
            );
        }
        for (path, id) in [
            (path, Some("user")),
            (Path::new("lake/a.parquet"), Some("uid")),
        ] {
            assert_eq!(explain_partition(missing(), path, id), missing());
        }
    }

    #[test]
    fn partitions_are_read_from_the_path() {
        let path = Path::new(
            "lake/day=2026-11-23/city=Z%C3%BCrich%20West/x=__HIVE_DEFAULT_PARTITION__/a=b.parquet",
        );
        let found = partitions(path);
        let expected = [
            ("day", Some("2026-11-23")),
            ("city", Some("Zürich West")),
            ("x", None),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.map(str::to_owned)));
        assert_eq!(found, expected);
        assert_eq!(percent_decoded("100%"), "100%");
        assert_eq!(percent_decoded("%zz%4"), "%zz%4");
    }
}
