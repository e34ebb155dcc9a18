//! What programs leave beside data, by its name.

/// What a name in a folder says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing: whatever it holds counts.
    None,
    /// A program left it, and it never holds live rows.
    Leftover,
    /// Engines take it for hidden, as it begins with `_` or is called temporary, but its content isn't known.
    Hidden,
}

/// A file. What begins with `.` is hidden on purpose, and so are the marks of Spark, Hadoop, Delta and
/// Databricks.
pub(super) fn of_file(name: &str) -> Kind {
    const NAMES: [&str; 7] = [
        "_success",
        "_metadata",
        "_common_metadata",
        "_manifest",
        "thumbs.db",
        "desktop.ini",
        "_delta_log",
    ];
    const PREFIXES: [&str; 4] = [".", "_committed_", "_started_", "_committed"];
    // What is called temporary may be all the data there is: it is passed over, but named.
    const TEMPORARY: [&str; 2] = [".tmp", ".temp"];
    const SUFFIXES: [&str; 6] = [
        ".crc",
        "._copying_",
        ".crdownload",
        ".partial",
        ".inprogress",
        "~",
    ];
    let lower = name.to_lowercase();
    if NAMES.contains(&lower.as_str())
        || PREFIXES.iter().any(|prefix| lower.starts_with(prefix))
        || SUFFIXES.iter().any(|suffix| lower.ends_with(suffix))
    {
        return Kind::Leftover;
    }
    match TEMPORARY.iter().any(|suffix| lower.ends_with(suffix)) {
        true => Kind::Hidden,
        false => hidden(name),
    }
}

/// A folder. `_key=value` is a partition.
pub(super) fn of_folder(name: &str) -> Kind {
    const NAMES: [&str; 11] = [
        "_temporary",
        "_tmp",
        "_staging",
        "_delta_log",
        "_delta_index",
        "_change_data",
        "_symlink_format_manifest",
        "_impala_insert_staging",
        "__macosx",
        "__pycache__",
        "$recycle.bin",
    ];
    const PREFIXES: [&str; 4] = [".", "_temporary", "_tmp", "_staging"];
    let lower = name.to_lowercase();
    let is_partition = name.contains('=') && !name.starts_with('.');
    if is_partition {
        return Kind::None;
    }
    if NAMES.contains(&lower.as_str()) || PREFIXES.iter().any(|prefix| lower.starts_with(prefix)) {
        return Kind::Leftover;
    }
    hidden(name)
}

fn hidden(name: &str) -> Kind {
    match name.starts_with('_') {
        true => Kind::Hidden,
        false => Kind::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leftovers_are_known_and_partitions_are_none() {
        for name in [
            "_SUCCESS",
            "._SUCCESS.crc",
            ".part-0.parquet.crc",
            ".DS_Store",
            "Thumbs.db",
            "_metadata",
            "_committed_123",
            "_started_123",
            "part-1.parquet._COPYING_",
        ] {
            assert_eq!(of_file(name), Kind::Leftover, "{name}");
        }
        for name in [
            "_temporary",
            ".spark-staging-1",
            ".hive-staging_hive_1",
            "__MACOSX",
            "_delta_log",
        ] {
            assert_eq!(of_folder(name), Kind::Leftover, "{name}");
        }
        for name in ["_year=2026", "day=2026-11-23", "part", "metadata"] {
            assert_eq!(of_folder(name), Kind::None, "{name}");
        }
        assert_eq!(of_folder("_fixed"), Kind::Hidden);
        assert_eq!(of_file("_part-0.parquet"), Kind::Hidden);
        assert_eq!(of_file("part-1.parquet.tmp"), Kind::Hidden);
        assert_eq!(of_file("000000_0"), Kind::None);
    }
}
