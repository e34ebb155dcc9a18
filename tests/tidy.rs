//! The house's own rules, each with what to do when it is broken.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Module → the modules of the crate that it may import. ARCHITECTURE.md shows the same table.
const FLOORS: [(&str, &[&str]); 25] = [
    ("error", &[]),
    ("key", &["error"]),
    ("policy", &["error"]),
    ("hash", &["key", "error", "id"]),
    ("id", &["error"]),
    ("estimate", &[]),
    ("spelling", &["hash", "id", "error"]),
    ("sketch", &["spelling", "hash", "key", "id", "error"]),
    ("exact", &["hash", "id", "error"]),
    ("textbook", &["sketch", "hash", "key", "id", "error"]),
    ("private", &["error"]),
    ("segments", &["error"]),
    ("reader", &["id", "error"]),
    ("filter", &["error"]),
    ("remote", &["error"]),
    (
        "scan",
        &["filter", "reader", "remote", "segments", "id", "error"],
    ),
    ("storage", &["remote", "error"]),
    (
        "format",
        &[
            "segments", "sketch", "spelling", "hash", "key", "policy", "id", "error",
        ],
    ),
    ("compare", &["sketch", "estimate", "id", "error"]),
    (
        "analysis",
        &["compare", "sketch", "estimate", "id", "error"],
    ),
    (
        "report",
        &[
            "analysis", "compare", "spelling", "estimate", "textbook", "segments", "policy", "id",
            "error",
        ],
    ),
    ("picture", &["report", "error"]),
    ("page", &["picture", "report"]),
    ("generate", &["storage", "error"]),
    (
        "engine",
        &[
            "report", "analysis", "compare", "spelling", "estimate", "format", "filter", "private",
            "segments", "sketch", "hash", "key", "policy", "exact", "textbook", "scan", "storage",
            "id", "error",
        ],
    ),
];

/// Where files may be touched.
const EDGE: [&str; 18] = [
    "remote/absent.rs",
    "remote/object.rs",
    "remote/reader.rs",
    "remote/profile.rs",
    "remote/write.rs",
    "exact/spill.rs",
    "scan/store.rs",
    "scan/spool.rs",
    "scan/stdin.rs",
    "scan/place/data.rs",
    "scan/place/folder.rs",
    "scan/place/list.rs",
    "scan/delta/log.rs",
    "scan/iceberg/versions.rs",
    "scan/tables.rs",
    "storage.rs",
    "engine/keyfile.rs",
    "engine/limits.rs",
];

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file under a folder of the repository, with its text.
fn sources(folder: &str) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root().join(folder)];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.insert(path.strip_prefix(root()).unwrap().to_owned(), text);
            }
        }
    }
    assert!(!found.is_empty());
    found
}

/// The lines above a file's own tests.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| *line != "#[cfg(test)]")
        .map(|(i, l)| (i + 1, l))
}

#[track_caller]
fn none(broken: &[String], remedy: &str) {
    assert!(broken.is_empty(), "{remedy}:\n{}", broken.join("\n"));
}

fn module_of(path: &Path) -> String {
    let name = path
        .components()
        .nth(1)
        .unwrap()
        .as_os_str()
        .to_string_lossy();
    name.trim_end_matches(".rs").to_owned()
}

#[test]
fn modules_import_from_lower_floors_only() {
    let floors: BTreeMap<&str, &[&str]> = FLOORS.into();
    let mut broken = Vec::new();
    for (path, text) in sources("src") {
        let module = module_of(&path);
        if ["lib", "main", "cli"].contains(&&*module) {
            continue;
        }
        let Some(allowed) = floors.get(&*module) else {
            broken.push(format!("{}: module {module} has no floor", path.display()));
            continue;
        };
        for (number, line) in code(&text).filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for part in line.split("crate::").skip(1) {
                let name: String = part
                    .chars()
                    .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                    .collect();
                if !name.is_empty() && name != module && !allowed.contains(&&*name) {
                    broken.push(format!(
                        "{}:{number}: {module} imports {name}",
                        path.display()
                    ));
                }
            }
        }
    }
    none(
        &broken,
        "a module imports from lower floors only: move the code or pass the data in",
    );
}

#[test]
fn the_architecture_shows_the_floors_that_are_tested() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for (module, allowed) in FLOORS {
        let names: Vec<String> = allowed.iter().map(|name| format!("`{name}`")).collect();
        let names = if names.is_empty() {
            "–".to_owned()
        } else {
            names.join(", ")
        };
        let row = format!("| `{module}` | {names} |");
        assert!(text.contains(&row), "ARCHITECTURE.md lacks the row\n{row}");
    }
}

#[test]
fn files_begin_with_what_they_know_and_stay_readable() {
    let mut broken = Vec::new();
    for folder in ["src", "tests", "benches", "examples", "duckdb/src"] {
        for (path, text) in sources(folder) {
            if !text.starts_with("//! ") {
                broken.push(format!("{}:1: no `//!` line", path.display()));
            }
            let lines = code(&text)
                .filter(|(_, line)| !line.trim().is_empty())
                .count();
            if lines > FILE_LINES_MAX {
                broken.push(format!("{}: {lines} lines", path.display()));
            }
        }
    }
    none(
        &broken,
        "every file says in its first line what it knows, and fits 500 lines",
    );
}

#[test]
fn functions_fit_a_screen() {
    let mut broken = Vec::new();
    for (path, text) in sources("src") {
        let mut open: Option<(usize, String)> = None;
        for (number, line) in text.lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let is_function = line
                .trim_start()
                .trim_start_matches("pub ")
                .starts_with("fn ")
                || (line.contains(" fn ") && line.trim_end().ends_with(['{', '(']));
            // A method that a trait asks for has no body.
            let is_function = is_function && !line.ends_with(';');
            if open.is_none() && is_function && !line.trim_start().starts_with("//") {
                open = Some((number, " ".repeat(indent) + "}"));
            } else if let Some((start, _)) = open.take_if(|(_, end)| line == *end) {
                let length = number - start + 1;
                if length > FUNCTION_LINES_MAX {
                    broken.push(format!("{}:{}: {length} lines", path.display(), start + 1));
                }
            }
        }
    }
    none(
        &broken,
        "a function fits 70 lines: cut it into pure, nameable steps",
    );
}

#[test]
fn errors_leave_flags_to_the_command_line() {
    let mut broken = Vec::new();
    for (path, text) in sources("src") {
        let inside = path.strip_prefix("src").unwrap();
        // What reports print is for the terminal.
        if inside.starts_with("cli") || inside.starts_with("report") {
            continue;
        }
        for (number, line) in code(&text) {
            let flags = line.match_indices("--").filter(|(at, _)| {
                let after = line[at + 2..].chars().next();
                after.is_some_and(|c| c.is_ascii_lowercase())
            });
            // Those of other programs are theirs.
            let is_comment = line.trim_start().starts_with("//") || line.contains("aws configure");
            if !is_comment && line.contains('"') && flags.count() > 0 {
                broken.push(format!("{}:{number}", path.display()));
            }
        }
    }
    none(
        &broken,
        "name a Setting in the message or hint: each face words it (error/phrase.rs)",
    );
}

#[test]
fn leftovers_and_shortcuts_stay_out() {
    let banned = [
        ("todo!", "finish it"),
        ("dbg!", "remove it"),
        ("FIXME", "mend it"),
        (
            "unsafe ",
            "only hash/kernel, the Snappy kernel, the marks of delimited text, the keys of spelling and cli/memory.rs may be unsafe",
        ),
        (".unwrap()", "return an error"),
        ("panic!(", "return an error"),
        (
            "println!(",
            "only the cli prints, through its print and warn",
        ),
    ];
    let mut broken = Vec::new();
    for (path, text) in sources("src") {
        let inside = path
            .strip_prefix("src")
            .unwrap()
            .to_string_lossy()
            .into_owned();
        if inside.ends_with("tests.rs") {
            continue;
        }
        for (number, line) in code(&text) {
            for (word, remedy) in banned {
                let may_be_unsafe = inside.starts_with("hash/kernel/")
                    || [
                        "scan/snappy/kernel.rs",
                        "reader/delimited/marks.rs",
                        "reader/glance.rs",
                        "spelling/keys.rs",
                        "cli/memory.rs",
                    ]
                    .contains(&&*inside);
                if line.contains(word) && !(word == "unsafe " && may_be_unsafe) {
                    broken.push(format!("{}:{number}: {word}: {remedy}", path.display()));
                }
            }
            if line.contains("std::fs") && !EDGE.contains(&&*inside) {
                broken.push(format!(
                    "{}:{number}: files are touched in {EDGE:?}",
                    path.display()
                ));
            }
        }
        let name = path.file_stem().unwrap().to_string_lossy();
        if ["utils", "helpers", "misc", "common"].contains(&&*name) {
            broken.push(format!("{}: name it after its idea", path.display()));
        }
    }
    none(&broken, "leftovers and shortcuts");
}

/// Riddles that were in the docs, with what says the same in plain words.
const RIDDLES: [(&str, &str); 15] = [
    (
        "None of them: everything",
        "If empty, all rows are one segment.",
    ),
    ("/// Of |", "name the number: Half the width of … of |A|"),
    ("/// By counting.", "The numbers are exact …"),
    ("Counted, not estimated", "The numbers are exact …"),
    ("How many aren't 0", "Number of registers that are not zero"),
    (
        "Everything that is stored",
        "All sketches that were read from files",
    ),
    (
        "What the values of a column are as IDs",
        "Converts the values of one column to canonical IDs …",
    ),
    (
        "One walk over two sketches",
        "Compares two sketches in one pass …",
    ),
    ("The truth, in users", "Exact number of users"),
    (
        "Nothing crashes it",
        "Every known kind of bad input is refused …",
    ),
    (
        "a hundred questions",
        "so that later questions need not read the data again",
    ),
    (
        "Pick precision and k",
        "Choose the sketch size for a wanted precision",
    ),
    (
        "Each test in a process of its own",
        "Every test ran in its own process",
    ),
    (
        "rows reach Python through a socket",
        "Spark sends rows to Python through a socket …",
    ),
    (
        "whoever",
        "name who it is: the caller, the reader, a program",
    ),
];

/// Rooms whose texts haven't been gone through yet.
const UNREAD: [&str; 9] = [
    "src/id/",
    "src/spelling/",
    "src/format/",
    "src/hash/",
    "src/page/",
    "src/scan/parquet/",
    "src/reader/delimited/",
    "docs/performance.md",
    "docs/identity.md",
];

#[test]
fn riddles_stay_out_of_docs_help_and_comments() {
    let mut texts: BTreeMap<PathBuf, String> = sources("src");
    texts.extend(sources("examples"));
    texts.extend(sources("python/src"));
    texts.extend(sources("duckdb/src"));
    texts.extend(sources("xtask/src"));
    for folder in ["", "docs", "python/package/overlap"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if matches!(path.extension(), Some(kind) if ["md", "py", "pyi"].iter().any(|it| kind == *it))
            {
                let text = std::fs::read_to_string(&path).unwrap();
                texts.insert(path.strip_prefix(root()).unwrap().to_owned(), text);
            }
        }
    }
    assert!(texts.contains_key(Path::new("docs/guide.md")) && texts.len() > 200);
    let mut broken = Vec::new();
    for (path, text) in &texts {
        if UNREAD.iter().any(|room| path.starts_with(room)) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            for (riddle, better) in RIDDLES {
                if line.to_lowercase().contains(&riddle.to_lowercase()) {
                    let place = path.display();
                    broken.push(format!("{place}:{}: {riddle}: {better}", number + 1));
                }
            }
        }
    }
    none(
        &broken,
        "a sentence has a subject and a verb, and says the thing itself",
    );
}
