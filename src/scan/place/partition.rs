//! What the names of folders say of the rows in them: `day=2026-11-23/`.

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
