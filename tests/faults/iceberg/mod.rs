//! Rows 83 and 120 to 126: what the metadata of an Iceberg table says of its files.

mod table;

use crate::harness::overlap;
use arrow::array::{ArrayRef, Int64Array, StringArray};
use serde_json::json;
use std::sync::Arc;
use table::{Entry, LOCATION, Table, entry};

fn segment(name: &str, users: u64) -> (String, u64) {
    (name.to_owned(), users)
}

/// Users 0 to 99 were written first, then replaced by 50 to 249, 200 of them in another file.
fn rewritten() -> Table {
    let table = Table::new();
    table.users("data/tier=a/old.parquet", 0..100);
    table.users("data/tier=a/new.parquet", 50..250);
    table.users("data/tier=b/more.parquet", 200..300);
    table.manifest("m1.avro", &[entry("data/tier=a/old.parquet", 100)]);
    table.list("l1.avro", &[("m1.avro", 1)]);
    let removed = Entry {
        status: 2,
        ..entry("data/tier=a/old.parquet", 100)
    };
    let added = Entry {
        status: 1,
        ..entry("data/tier=a/new.parquet", 200)
    };
    table.manifest("m2.avro", &[removed, added]);
    table.manifest("m3.avro", &[entry("data/tier=b/more.parquet", 100)]);
    table.list("l2.avro", &[("m2.avro", 1), ("m3.avro", 1)]);
    table.metadata(1, &[(1, "l1.avro")], &[]);
    table.metadata(2, &[(1, "l1.avro"), (2, "l2.avro")], &[]);
    table
}

#[test]
fn row_83_an_iceberg_table_is_its_live_files_however_it_is_named() {
    let table = rewritten();
    assert_eq!(
        table.exact("{}"),
        (250, 300, 1),
        "the file that was replaced is named"
    );
    assert_eq!(table.exact("{}/data/tier=a"), (200, 200, 1));
    assert_eq!(table.exact("{}/data/tier=b"), (100, 100, 0));
    assert_eq!(table.exact("{}/data/tier=b/more.parquet"), (100, 100, 0));
    for glob in ["{}/data/*/*.parquet", "{}/**/*.parquet", "{}/*", "{}/**/*"] {
        assert_eq!(table.exact(glob), (250, 300, 1), "{glob}");
    }
    assert_eq!(table.exact("{} --files"), (300, 400, 0));
    let says = [
        "none of the files",
        "newest version of the Iceberg table",
        "--files",
    ];
    table.refused("exact {}/data/tier=a/old.parquet", 3, &says);
    let answer = overlap(&["exact", &table.root()]);
    assert!(answer.stdout.contains("old.parquet)"), "{}", answer.stdout);
}

#[test]
fn row_120_columns_are_known_by_their_field_ids_whatever_files_call_them() {
    let table = Table::new();
    let ids =
        |users: std::ops::Range<i64>| -> ArrayRef { Arc::new(Int64Array::from_iter_values(users)) };
    let texts = |value: &str| -> ArrayRef { Arc::new(StringArray::from(vec![value; 100])) };
    // An older file, from before the columns had their names; `user_id` was dropped since.
    table.file(
        "data/renamed.parquet",
        &[
            ("uid", Some(1), ids(0..100)),
            ("user_id", Some(9), ids(500..600)),
            ("class", Some(2), texts("a")),
        ],
    );
    // From before there was a tier.
    table.file("data/older.parquet", &[("user_id", Some(1), ids(100..200))]);
    // Brought in from elsewhere, without IDs.
    table.file(
        "data/foreign.parquet",
        &[("Kunde", None, ids(200..300)), ("tier", None, texts("b"))],
    );
    let files =
        ["renamed", "older", "foreign"].map(|name| entry(&format!("data/{name}.parquet"), 100));
    table.holds(&files, &[]);
    let says = ["foreign.parquet", "no field IDs", "none of them"];
    table.refused("exact {}", 3, &says);
    let mapping = r#"[{"field-id":1,"names":["user_id","Kunde"]},{"field-id":2,"names":["tier"]}]"#;
    let mapping = json!({"schema.name-mapping.default": mapping});
    table.holds(&files, &[("properties", mapping.clone())]);
    assert_eq!(table.exact("{}"), (300, 300, 0));
    let tiers = table.segments("{} --by tier");
    assert_eq!(
        tiers,
        [segment("null", 100), segment("a", 100), segment("b", 100)]
    );
    table.refused("exact {} --id Kunde", 2, &["no column Kunde"]);
    // A default of a column that was added since is read as that, which version 3 allows.
    let column = |id: i32, name: &str, of: &str| json!({"id": id, "name": name, "type": of});
    let mut tier = column(2, "tier", "string");
    tier["initial-default"] = json!("none");
    let fields = json!([column(1, "user_id", "long"), tier]);
    let schemas = json!([{"schema-id": 0, "fields": fields}]);
    let change = [
        ("properties", mapping),
        ("schemas", schemas),
        // A value of a partition would come before the default.
        ("partition-specs", json!([{"spec-id": 0, "fields": []}])),
        ("format-version", json!(3)),
    ];
    table.holds(&files, &change);
    let tiers = table.segments("{} --by tier");
    assert_eq!(
        tiers,
        [segment("a", 100), segment("b", 100), segment("none", 100)]
    );
    // The users' own column is newer than a file.
    table.file("data/before.parquet", &[("tier", Some(2), texts("a"))]);
    table.holds(&[entry("data/before.parquet", 100)], &[]);
    let says = [
        "before.parquet",
        "before its table had the column user_id",
        "--files",
    ];
    table.refused("exact {}", 3, &says);
    table.refused("exact {} --id user_id", 3, &says);
}

#[test]
fn row_121_partitions_are_what_the_metadata_says_and_text_stays_text() {
    let table = Table::new();
    let ids =
        |users: std::ops::Range<i64>| -> ArrayRef { Arc::new(Int64Array::from_iter_values(users)) };
    let of = |name: &str, tier| Entry {
        tier,
        ..entry(&format!("data/{name}"), 100)
    };
    table.file(
        "data/tier=9/one.parquet",
        &[("user_id", Some(1), ids(0..100))],
    );
    table.file(
        "data/tier=9/two.parquet",
        &[("user_id", Some(1), ids(100..200))],
    );
    table.file("data/none.parquet", &[("user_id", Some(1), ids(200..300))]);
    // What a file holds itself comes before the value of its partition.
    table.users("data/tier=9/own.parquet", 300..400);
    let files = [
        of("tier=9/one.parquet", Some("01")),
        of("tier=9/two.parquet", Some("1")),
        of("none.parquet", None),
        of("tier=9/own.parquet", Some("1")),
    ];
    table.holds(&files, &[]);
    let expected = [("null", 100), ("01", 100), ("1", 100), ("a", 50), ("b", 50)];
    let expected = expected.map(|(name, users)| segment(name, users));
    assert_eq!(table.segments("{} --by tier"), expected);
    // Folders above the table may be partitions; those in it are its own affair.
    table.refused("matrix {} --by day", 2, &["no column day"]);
}

#[test]
fn row_122_a_table_is_read_as_of_a_snapshot_or_a_time() {
    let table = rewritten();
    for first in ["1", "1970-01-02", "1970-01-02T23:59:59Z", "table=1"] {
        assert_eq!(
            table.exact(&format!("{{}} --as-of {first}")),
            (100, 100, 2),
            "{first}"
        );
    }
    for second in ["2", "1970-01-03", "2026-11-01"] {
        assert_eq!(
            table.exact(&format!("{{}} --as-of {second}")).0,
            250,
            "{second}"
        );
    }
    table.refused(
        "exact {} --as-of 3",
        2,
        &["--as-of", "Iceberg", "no snapshot 3: the current one is 2"],
    );
    table.refused("exact {} --as-of 1970-01-01", 2, &["doesn't go back"]);
    table.refused("exact {} --as-of 1 --files", 2, &["--files"]);
    table.refused(
        "exact {}/data/tier=b --as-of 1",
        3,
        &["in that version of the Iceberg table"],
    );
    // Of a snapshot its own schema is read: then the column had another name.
    let column = |name: &str| json!([{"id": 1, "name": name, "type": "long"}]);
    let schemas = json!([{"schema-id": 0, "fields": column("user_id")}, {"schema-id": 1, "fields": column("kunde")}]);
    let change = [("schemas", schemas), ("current-schema-id", json!(1))];
    table.metadata(3, &[(1, "l1.avro"), (2, "l2.avro")], &change);
    assert_eq!(table.exact("{} --id kunde").0, 250);
    assert_eq!(table.exact("{} --as-of 2").0, 250);
    std::fs::remove_file(table.0.path("table/data/tier=a/old.parquet")).unwrap();
    assert_eq!(table.exact("{} --as-of 2").0, 250);
    table.refused("exact {} --as-of 1", 3, &["old.parquet is missing"]);
}

#[test]
fn row_123_what_is_not_read_is_refused_by_name_with_the_way_out() {
    let table = Table::new();
    table.users("data/a.parquet", 0..100);
    let a = entry("data/a.parquet", 100);
    let beside = |content: i64, format: &'static str| Entry {
        content,
        format,
        ..entry("data/d", 1)
    };
    for (file, says) in [
        (beside(1, "PARQUET"), "position delete files"),
        (beside(2, "PARQUET"), "equality delete files"),
        (beside(1, "PUFFIN"), "deletion vectors"),
        (beside(3, "PARQUET"), "unknown content, 3"),
        (beside(0, "ORC"), "data files of orc"),
        (beside(0, "avro"), "data files of avro"),
    ] {
        table.holds(&[a.clone(), file.clone()], &[]);
        for side in ["{}", "{}/data", "{}/data/a.parquet", "{}/data/*.parquet"] {
            table.refused(
                &format!("exact {side}"),
                3,
                &["Iceberg table", says, "m.avro", "--files"],
            );
        }
        if file.content > 0 && file.content < 3 {
            table.refused("exact {}", 3, &["rewrite_data_files"]);
        }
        // One that is no longer in the table deletes nothing.
        table.holds(&[a.clone(), Entry { status: 2, ..file }], &[]);
        assert_eq!(table.exact("{}").0, 100);
    }
    for (name, value, says) in [
        ("format-version", json!(4), "format version 4"),
        ("encryption-keys", json!([{"key-id": "k"}]), "encrypted"),
    ] {
        table.holds(std::slice::from_ref(&a), &[(name, value)]);
        table.refused("exact {}", 3, &["v1.metadata.json", says, "--files"]);
    }
}

#[test]
fn row_124_metadata_that_is_cut_missing_or_contradicts_itself_is_refused() {
    let table = rewritten();
    let refused = |says: &[&str]| table.refused("exact {}", 3, &[says, &["--files"]].concat());
    let path = |name: &str| table.0.path(&format!("table/metadata/{name}"));
    for name in ["l2.avro", "m2.avro"] {
        let whole = std::fs::read(path(name)).unwrap();
        for end in [0, 3, 40, whole.len() / 2, whole.len() - 1] {
            std::fs::write(path(name), &whole[..end]).unwrap();
            refused(&[name, "of its metadata", "Avro file"]);
        }
        for at in (0..whole.len()).step_by(7) {
            let mut flipped = whole.clone();
            flipped[at] ^= 0x10;
            std::fs::write(path(name), flipped).unwrap();
            let code = overlap(&["exact", &table.root()]).code;
            assert!(
                [Some(0), Some(2), Some(3)].contains(&code),
                "{name} {at}: {code:?}"
            );
        }
        std::fs::remove_file(path(name)).unwrap();
        refused(&[name, "is missing"]);
        std::fs::write(path(name), whole).unwrap();
    }
    let both = [(1, "l1.avro"), (2, "l2.avro")];
    let main = json!({"main": {"snapshot-id": 1, "type": "branch"}});
    for (name, value, says) in [
        (
            "current-snapshot-id",
            json!(7),
            "lacks the current snapshot 7",
        ),
        ("refs", main, "main branch isn't at its current snapshot"),
        ("current-schema-id", json!(7), "lacks the schema 7"),
        ("location", json!(null), "no metadata of an Iceberg table"),
    ] {
        let snapshots = json!([{"snapshot-id": 2, "timestamp-ms": 1, "manifest-list": format!("{LOCATION}/metadata/l2.avro")}]);
        table.metadata(2, &both, &[(name, value), ("snapshots", snapshots)]);
        refused(&[says]);
    }
    let counted = json!([{"snapshot-id": 2, "timestamp-ms": 1, "summary": {"total-data-files": "3"},
        "manifest-list": format!("{LOCATION}/metadata/l2.avro")}]);
    table.metadata(2, &both, &[("snapshots", counted)]);
    refused(&["counts 3 data files, but its manifests name 2"]);
    table.metadata(2, &both, &[]);
    table.list("l2.avro", &[("m2.avro", 2), ("m3.avro", 1)]);
    refused(&[
        "m2.avro",
        "names 1 live files, but the list of manifests says 2",
    ]);
    table.list("l2.avro", &[("m3.avro", 1), ("m3.avro", 1)]);
    refused(&["more.parquet is there twice"]);
    table.list("l2.avro", &[("m2.avro", 1), ("m3.avro", 1)]);
    assert_eq!(table.exact("{}").0, 250);
    table.users("data/tier=b/more.parquet", 200..299);
    table.refused(
        "exact {}",
        3,
        &["more.parquet", "holds 99 rows, but its table says 100"],
    );
    std::fs::remove_file(table.0.path("table/data/tier=b/more.parquet")).unwrap();
    refused(&["tier=b/more.parquet is missing"]);
    // The files that are left are no table of their own.
    table.refused(
        "exact {}/data/tier=a",
        3,
        &["tier=b/more.parquet is missing"],
    );
    table.0.bytes("table/metadata/version-hint.text", b"9");
    refused(&["names version \"9\""]);
    table.0.bytes("table/metadata/v2.metadata.json", b"{");
    table.0.bytes("table/metadata/version-hint.text", b"2");
    refused(&["v2.metadata.json"]);
}

#[test]
fn row_125_a_table_is_read_where_it_lies_now_and_never_beyond_its_folder() {
    for (location, at) in [
        ("file:///warehouse/n/t", "file:/warehouse/n/t"),
        ("/warehouse/n/t/", "/warehouse/n/t"),
        ("s3a://warehouse/n/t", LOCATION),
        // The table was moved once more than its metadata knows.
        ("s3://elsewhere/t", LOCATION),
    ] {
        let table = Table::new();
        table.users("data/a b%20c.parquet", 0..100);
        let file = Entry {
            path: format!("{at}/data/a b%20c.parquet"),
            ..entry("", 100)
        };
        table.holds(&[file], &[("location", json!(location))]);
        // The list of manifests is named by the table's first place.
        let list = format!("{at}/metadata/list.avro");
        table.manifest(
            "m.avro",
            &[Entry {
                path: format!("{at}/data/a b%20c.parquet"),
                ..entry("", 100)
            }],
        );
        let snapshots = json!([{"snapshot-id": 1, "timestamp-ms": 1, "manifest-list": list}]);
        let manifests = json!([{"snapshot-id": 1, "timestamp-ms": 1, "manifests": [format!("{at}/metadata/m.avro")]}]);
        if at == LOCATION {
            table.metadata(
                1,
                &[(1, "list.avro")],
                &[("location", json!(location)), ("snapshots", snapshots)],
            );
            assert_eq!(table.exact("{}").0, 100, "{location}");
        }
        if location != "s3://elsewhere/t" {
            // Tables of version 1 may have no list.
            let change = [
                ("location", json!(location)),
                ("snapshots", manifests),
                ("format-version", json!(1)),
            ];
            table.metadata(1, &[(1, "list.avro")], &change);
            assert_eq!(table.exact("{}").0, 100, "{location}");
        }
    }
    let table = Table::new();
    let outside = table
        .0
        .ids("outside.parquet", Arc::new(Int64Array::from(vec![1])));
    table.users("data/a.parquet", 0..100);
    for path in [outside, format!("{LOCATION}/../outside.parquet")] {
        table.holds(
            &[
                entry("data/a.parquet", 100),
                Entry {
                    path,
                    ..entry("", 1)
                },
            ],
            &[],
        );
        table.refused(
            "exact {}",
            3,
            &["outside.parquet lies outside the table's folder", "--files"],
        );
    }
    table.holds(
        &[Entry {
            path: "s3://other/b.parquet".into(),
            ..entry("", 1)
        }],
        &[],
    );
    table.refused("exact {}", 3, &["s3://other/b.parquet is missing"]);
    table.list("list.avro", &[("../../m.avro", 1)]);
    table.refused("exact {}", 3, &["m.avro of its metadata is missing"]);
    table.0.bytes("m.avro", b"Obj\x01");
    table.refused(
        "exact {}",
        3,
        &["m.avro of its metadata lies outside the table's folder"],
    );
}

#[test]
fn row_126_an_emptied_iceberg_table_is_no_user() {
    let table = Table::new();
    table.metadata(1, &[], &[]);
    assert_eq!(table.exact("{}"), (0, 0, 0), "nothing was ever written");
    table.refused("exact {} --files", 3, &["no data file"]);
    table.refused("inspect {}", 3, &["there is no file in it"]);
    table.users("data/a.parquet", 0..100);
    assert_eq!(table.exact("{}"), (0, 0, 1));
    table.manifest(
        "m.avro",
        &[Entry {
            status: 2,
            ..entry("data/a.parquet", 100)
        }],
    );
    table.list("list.avro", &[("m.avro", 0)]);
    table.metadata(2, &[(1, "list.avro")], &[]);
    for side in ["{}", "{}/data", "{}/data/*.parquet", "{}/data/a.parquet"] {
        assert_eq!(table.exact(side), (0, 0, 1), "{side}");
    }
    let other = table
        .0
        .ids("other.parquet", Arc::new(Int64Array::from(vec![1, 2])));
    let report = table.ask(&format!("estimate {{}} {other}"));
    assert_eq!(report["union"]["value"], 2);
    // A table whose files are gone isn't empty.
    std::fs::remove_dir_all(table.0.path("table/data")).unwrap();
    assert_eq!(table.exact("{}"), (0, 0, 0));
    table.holds(
        &[entry("data/a.parquet", 100)],
        &[("last-updated-ms", json!(9))],
    );
    std::fs::remove_file(table.0.path("table/metadata/v2.metadata.json")).unwrap();
    table.refused("exact {}", 3, &["data/a.parquet is missing"]);
}
