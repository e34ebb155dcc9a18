//! Three to eight sides are one fit: whatever is asked about them, and in whatever form, the numbers
//! and intervals are the same and add up.

use crate::harness::{Folder, overlap};
use arrow::array::{ArrayRef, Int64Array};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// Four sides whose samples don't hold them: one within another, one a union of two.
fn sides(folder: &Folder) -> BTreeMap<&'static str, Vec<String>> {
    let users: [Range<i64>; 4] = [0..9_000, 5_000..15_000, 8_000..8_900, 0..15_000];
    let mut data = Vec::new();
    let mut stored = Vec::new();
    for (name, users) in NAMES.into_iter().zip(users) {
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(users.map(|id| id * 7)));
        let path = folder.ids(&format!("{name}.parquet"), ids);
        let sketch = folder.path(&format!("{name}.ovs")).display().to_string();
        let arguments = [
            "sketch",
            &path,
            "-o",
            &sketch,
            "--precision",
            "8",
            "--k",
            "200",
        ];
        assert_eq!(overlap(&arguments).code, Some(0));
        data.push(format!("{name}={path}"));
        stored.push(format!("{name}={sketch}"));
    }
    BTreeMap::from([("data", data), ("sketches", stored)])
}

fn ask(command: &str, sides: &[String], more: &[&str]) -> Value {
    let mut arguments = vec![command, "--format", "json"];
    arguments.extend(sides.iter().map(String::as_str));
    arguments.extend(["--precision", "8", "--k", "200"]);
    arguments.extend(more);
    overlap(&arguments).json()
}

fn value(users: &Value) -> u64 {
    users["value"].as_u64().expect("a number of users")
}

#[test]
fn every_command_says_the_same_of_the_same_sides() {
    let folder = Folder::new();
    let sides = sides(&folder);
    let formulas = [
        "--expr",
        "a & b",
        "--expr",
        "(a | b) - c",
        "--expr",
        "a - b - c - d",
    ];
    let estimate = ask("estimate", &sides["data"], &formulas);
    let stored = ask("estimate", &sides["sketches"], &formulas);
    for key in ["pairs", "union", "formulas"] {
        assert_eq!(estimate[key], stored[key], "{key}");
    }
    let regions = ask("regions", &sides["sketches"], &[]);
    let matrix = ask("matrix", &sides["data"], &[]);
    let reach = ask("reach", &sides["data"], &[]);
    assert_eq!(regions["union"], estimate["union"]);
    assert_eq!(reach["steps"][3]["reach"], estimate["union"]);
    for side in 0..4 {
        let users = &estimate["sides"][side]["users"];
        assert_eq!(&regions["sides"][side]["users"], users);
        assert_eq!(&reach["steps"][side]["users"], users);
        assert_eq!(&matrix["sides"][side]["users"], users);
    }
    for (of_matrix, pair) in matrix["pairs"]
        .as_array()
        .expect("pairs")
        .iter()
        .zip(estimate["pairs"].as_array().expect("pairs"))
    {
        for key in ["overlap", "share_of_a", "share_of_b", "jaccard"] {
            assert_eq!(of_matrix[key], pair[key], "{key}");
        }
    }
    assert_eq!(
        estimate["formulas"][0]["users"],
        estimate["pairs"][0]["overlap"]
    );
    let only_a = regions["regions"].as_array().expect("regions").iter();
    let only_a = only_a
        .clone()
        .find(|region| region["sides"] == serde_json::json!(["a"]));
    assert_eq!(
        estimate["formulas"][2]["users"],
        only_a.expect("of a alone")["users"]
    );
}

#[test]
fn everything_adds_up_to_the_digit() {
    let folder = Folder::new();
    let sides = sides(&folder);
    let estimate = ask("estimate", &sides["data"], &[]);
    let regions = ask("regions", &sides["data"], &[]);
    let regions = regions["regions"].as_array().expect("regions");
    let sum = |wanted: &dyn Fn(&[&str]) -> bool| -> u64 {
        let names = |region: &Value| -> Vec<String> {
            let sides = region["sides"].as_array().expect("sides").iter();
            sides
                .map(|side| side.as_str().expect("a name").to_owned())
                .collect()
        };
        let picked = regions.iter().filter(|region| {
            let names = names(region);
            wanted(&names.iter().map(String::as_str).collect::<Vec<_>>())
        });
        picked.map(|region| value(&region["users"])).sum()
    };
    assert_eq!(sum(&|_| true), value(&estimate["union"]));
    for (side, name) in NAMES.iter().enumerate() {
        let users = value(&estimate["sides"][side]["users"]);
        assert_eq!(sum(&|of| of.contains(name)), users);
    }
    for pair in estimate["pairs"].as_array().expect("pairs") {
        let [a, b] = ["a", "b"].map(|key| pair[key].as_str().expect("a name"));
        let overlap = value(&pair["overlap"]);
        assert_eq!(sum(&|of| of.contains(&a) && of.contains(&b)), overlap);
        let users = |name: &str| {
            let side = NAMES
                .iter()
                .position(|other| *other == name)
                .expect("one of them");
            value(&estimate["sides"][side]["users"])
        };
        assert_eq!(users(a) + users(b) - overlap, value(&pair["union"]));
        assert!(value(&pair["union"]) <= value(&estimate["union"]));
        assert!(pair["overlap"]["upper"].as_u64() <= estimate["union"]["upper"].as_u64());
    }
}
