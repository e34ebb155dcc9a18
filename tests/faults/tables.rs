//! Rows 81, 82 and 126: folders of table formats, whose deleted rows must not be counted.

use crate::harness::{Folder, overlap};
use arrow::array::{ArrayRef, Int64Array};
use std::sync::Arc;

/// A folder with two data files and what makes it a table.
fn table(marker: &str) -> Folder {
    let folder = Folder::new();
    for (name, users) in [("a", 0..300), ("b", 200..400)] {
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(users));
        std::fs::create_dir_all(folder.path("table/day=1")).unwrap();
        folder.ids(&format!("table/day=1/{name}.parquet"), ids);
    }
    let marker = folder.path(&format!("table/{marker}"));
    std::fs::create_dir_all(marker.parent().unwrap()).unwrap();
    std::fs::write(marker, b"{}").unwrap();
    folder
}

fn refused_however_it_is_named(marker: &str, name: &str) {
    let folder = table(marker);
    let root = folder.path("table").display().to_string();
    let list = folder.bytes("live.txt", format!("{root}/day=1/b.parquet\n").as_bytes());
    for side in [
        root.clone(),
        format!("{root}/day=1"),
        format!("{root}/day=1/a.parquet"),
        format!("{root}/*/*.parquet"),
    ] {
        let answer = overlap(&["estimate", &side]);
        answer.fails(3, &[name, "--files", "deleted or rewritten"]);
    }
    let users = |arguments: &[&str]| {
        overlap(arguments).json()["union"]["value"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(users(&["exact", &root, "--files", "--format", "json"]), 400);
    let live = format!("@{list}");
    assert_eq!(users(&["exact", &live, "--files", "--format", "json"]), 200);
}

#[test]
fn row_81_a_delta_table_is_its_live_files_however_it_is_named() {
    let folder = table("_delta_log/00000000000000000000.json");
    let root = folder.path("table").display().to_string();
    let commit = |version: u64, text: &str| {
        let path = folder.path(&format!("table/_delta_log/{version:020}.json"));
        std::fs::write(path, text).unwrap();
    };
    let protocol = r#"{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}"#;
    let both = r#"{"add":{"path":"day=1/a.parquet"}}
{"add":{"path":"day=1/b.parquet"}}"#;
    commit(0, &format!("{protocol}\n{both}\n"));
    commit(1, r#"{"remove":{"path":"day=1/a.parquet"}}"#);
    let users = |side: &str| {
        let answer = overlap(&["exact", side, "--format", "json"]);
        answer.json()["union"]["value"].as_u64().unwrap()
    };
    for side in ["", "/day=1", "/day=1/b.parquet", "/*/*.parquet"] {
        assert_eq!(users(&format!("{root}{side}")), 200, "{side}");
    }
    let dead = format!("{root}/day=1/a.parquet");
    overlap(&["estimate", &dead]).fails(3, &["newest version", "Delta", "--files"]);
    commit(3, "{}");
    overlap(&["estimate", &root]).fails(3, &["Delta", "lacks version 2", "--files"]);
    commit(3, "{}");
    commit(2, r#"{"add":{"path":"day=1/gone.parquet"}}"#);
    overlap(&["estimate", &root]).fails(3, &["day=1/gone.parquet is missing", "--files"]);
    let vector = r#"{"storageType":"u","pathOrInlineDv":"ab^-aqEH.-t@S}K{vb[*k^","sizeInBytes":40,"cardinality":1}"#;
    let add = format!(r#"{{"add":{{"path":"day=1/a.parquet","deletionVector":{vector}}}}}"#);
    commit(2, &add);
    let words = ["deletion vector", ".bin is missing", "--files"];
    overlap(&["estimate", &root]).fails(3, &words);
}

/// Written by deltalake 1.6.6: users 0 to 299 and 300 to 499, those below 100 deleted, a checkpoint, the
/// commits before it gone.
#[test]
fn row_81_a_checkpoint_says_which_files_are_live() {
    let answer = overlap(&["exact", "tests/delta", "--format", "json"]).json();
    assert_eq!(answer["union"]["value"], 400);
    let as_they_lie = overlap(&["exact", "tests/delta", "--files", "--format", "json"]).json();
    assert_eq!(as_they_lie["union"]["value"], 500);
}

#[test]
fn row_82_a_hudi_table_is_refused_by_name() {
    refused_however_it_is_named(".hoodie/hoodie.properties", "Hudi");
}

#[test]
fn row_126_an_emptied_delta_table_is_no_user_and_dead_files_are_named() {
    let folder = table("_delta_log/00000000000000000000.json");
    let root = folder.path("table").display().to_string();
    let protocol = r#"{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}"#;
    let commit = |version: u64, text: &str| {
        let path = folder.path(&format!("table/_delta_log/{version:020}.json"));
        std::fs::write(path, text).unwrap();
    };
    let exact = |side: &str| {
        let report = overlap(&["exact", side, "--format", "json"]).json();
        let passed_over = report["sides"][0]["passed_over"].as_array().unwrap().len();
        (report["union"]["value"].as_u64().unwrap(), passed_over)
    };
    let both = r#"{"add":{"path":"day=1/a.parquet"}}
{"add":{"path":"day=1/b.parquet"}}"#;
    commit(0, &format!("{protocol}\n{both}\n"));
    commit(1, r#"{"remove":{"path":"day=1/a.parquet"}}"#);
    assert_eq!(exact(&root), (200, 1));
    let answer = overlap(&["exact", &root]);
    assert!(answer.stdout.contains("a.parquet)"), "{}", answer.stdout);
    commit(2, r#"{"remove":{"path":"day=1/b.parquet"}}"#);
    for side in ["", "/day=1", "/*/*.parquet"] {
        assert_eq!(exact(&format!("{root}{side}")), (0, 2), "{side}");
    }
    // Vacuumed: no file is left, and none is missing.
    std::fs::remove_dir_all(folder.path("table/day=1")).unwrap();
    assert_eq!(exact(&root), (0, 0));
    overlap(&["exact", &root, "--files"]).fails(3, &["no data file"]);
    overlap(&["exact", &root, "--as-of", "1"]).fails(3, &["day=1/b.parquet is missing"]);
}
