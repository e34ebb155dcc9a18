//! Rows 81 to 83: folders of table formats, whose deleted rows must not be counted.

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
fn row_81_a_delta_table_is_refused_by_name() {
    refused_however_it_is_named("_delta_log/00000000000000000000.json", "Delta");
}

#[test]
fn row_82_a_hudi_table_is_refused_by_name() {
    refused_however_it_is_named(".hoodie/hoodie.properties", "Hudi");
}

#[test]
fn row_83_an_iceberg_table_is_refused_by_name() {
    refused_however_it_is_named("metadata/v1.metadata.json", "Iceberg");
}
