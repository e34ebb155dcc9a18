//! The largest exclusive regions of more than eight sides, from their common sample.

use crate::harness::{Folder, overlap};
use arrow::array::{ArrayRef, Int64Array};
use overlap::id::IdBatch;
use overlap::{Confidence, Sketch, SketchOptions, largest_regions};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The sides that a user is in, of `sides`: a few large regions and many small ones.
fn sides_of(user: i64, sides: i64) -> Vec<i64> {
    match user % 100 {
        0..50 => vec![user % 3],
        50..80 => vec![0, sides - 1],
        80..90 => (0..sides).collect(),
        _ => {
            let (one, other) = (user / 100 % sides, user / 700 % sides);
            if one == other {
                vec![one]
            } else {
                vec![one.min(other), one.max(other)]
            }
        }
    }
}

fn ids(side: i64, users: std::ops::Range<i64>, sides: i64) -> Vec<i64> {
    users
        .filter(|&user| sides_of(user, sides).contains(&side))
        .collect()
}

fn truth(users: std::ops::Range<i64>, sides: i64) -> BTreeMap<Vec<i64>, u64> {
    let mut truth = BTreeMap::new();
    for user in users {
        *truth.entry(sides_of(user, sides)).or_default() += 1;
    }
    truth
}

fn files(folder: &Folder, users: i64, sides: i64) -> Vec<String> {
    (0..sides)
        .map(|side| {
            let ids: ArrayRef = Arc::new(Int64Array::from(ids(side, 0..users, sides)));
            format!("s{side}={}", folder.ids(&format!("s{side}.parquet"), ids))
        })
        .collect()
}

fn ask(files: &[String], more: &[&str]) -> Vec<String> {
    let mut arguments = vec!["regions".to_owned()];
    arguments.extend(files.iter().cloned());
    arguments.extend(more.iter().map(|&text| text.to_owned()));
    arguments
}

fn listed(report: &Value) -> Vec<(Vec<i64>, [u64; 3])> {
    let region = |region: &Value| {
        let name = |name: &Value| name.as_str().unwrap()[1..].parse().unwrap();
        let end = |end: &str| region["users"][end].as_u64().unwrap();
        (
            region["sides"]
                .as_array()
                .unwrap()
                .iter()
                .map(name)
                .collect(),
            ["value", "lower", "upper"].map(end),
        )
    };
    report["regions"]
        .as_array()
        .unwrap()
        .iter()
        .map(region)
        .collect()
}

#[test]
fn whole_samples_are_counted_and_the_rest_is_summed_up() {
    let folder = Folder::new();
    let (users, sides) = (3_000, 9);
    let files = files(&folder, users, sides);
    let report = overlap(&ask(&files, &["--format", "json", "--top", "5"])).json();
    let truth = truth(0..users, sides);
    let found = listed(&report);
    assert_eq!(found.len(), 5);
    for (sides, numbers) in &found {
        assert_eq!(numbers, &[truth[sides]; 3], "{sides:?}");
    }
    let mut sizes: Vec<u64> = truth.values().copied().collect();
    sizes.sort_by(|a, b| b.cmp(a));
    let listed_sizes: Vec<u64> = found.iter().map(|(_, [value, ..])| *value).collect();
    assert_eq!(listed_sizes, sizes[..5]);
    assert_eq!(report["rest"]["regions"], truth.len() - 5);
    assert_eq!(
        report["rest"]["users"]["value"],
        sizes[5..].iter().sum::<u64>()
    );
    assert_eq!(report["rest"]["unseen_most"], 0);
    assert_eq!(report["union"]["value"], users);
    assert_eq!(report["method"]["joint"], false);
}

#[test]
fn the_table_says_what_is_missing_and_which_command_answers() {
    let folder = Folder::new();
    let files = files(&folder, 60_000, 12);
    let size = ["--k", "500", "--precision", "8"];
    let table = overlap(&ask(&files, &size)).stdout;
    for words in [
        "smaller regions aren't listed",
        "saw no user has at most",
        "overlap matrix",
    ] {
        assert!(table.contains(words), "{words}: {table}");
    }
    let csv = overlap(&ask(&files, &["--format", "csv", "--top", "3"])).stdout;
    assert_eq!(csv.lines().count(), 5, "{csv}");
    assert!(csv.lines().last().unwrap().starts_with(','), "{csv}");
    let markdown = overlap(&ask(&files, &["--format", "markdown"])).stdout;
    assert!(markdown.contains("aren't listed"), "{markdown}");
}

#[test]
fn of_few_sides_the_largest_come_first_and_add_up_to_the_union() {
    let folder = Folder::new();
    let files = files(&folder, 20_000, 4);
    let size = ["--k", "500", "--precision", "8", "--format", "json"];
    let all = overlap(&ask(&files, &size)).json();
    let mut top = size.to_vec();
    top.extend(["--top", "3"]);
    let report = overlap(&ask(&files, &top)).json();
    assert!(all.get("rest").is_none());
    assert_eq!(report["union"], all["union"]);
    let found = listed(&report);
    assert!(found.is_sorted_by(|a, b| a.1[0] >= b.1[0]));
    let every: BTreeMap<_, _> = listed(&all).into_iter().collect();
    assert!(
        found
            .iter()
            .all(|(sides, numbers)| &every[sides] == numbers)
    );
    let sum: u64 = found.iter().map(|(_, [value, ..])| value).sum();
    let rest = report["rest"]["users"]["value"].as_u64().unwrap();
    assert_eq!(sum + rest, report["union"]["value"].as_u64().unwrap());
}

#[test]
fn a_side_without_a_sample_is_refused_with_a_way_out() {
    let hll = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/datasketches/hll8-integers-100000-compact.bin"
    );
    let folder = Folder::new();
    let image = folder.bytes("one.hll", &std::fs::read(hll).unwrap());
    let mut arguments = files(&folder, 1_000, 9);
    arguments.push(format!("image={image}"));
    overlap(&ask(&arguments, &[])).fails(4, &["HLL sketch alone", "leave that side out"]);
    overlap(&ask(&arguments, &["--top", "0"])).fails(2, &["--top"]);
}

/// 150 families of twelve sides, real hashes: the five large regions of each, chosen beforehand.
#[test]
fn intervals_hold_the_truth_of_large_regions() {
    let (users, sides) = (20_000, 12);
    let options = SketchOptions::new(8, 400).unwrap();
    let (mut inside, mut all) = (0, 0);
    for trial in 0..150 {
        let range = trial * users..(trial + 1) * users;
        let sketch = |side| {
            let ids = ids(side, range.clone(), sides);
            Sketch::of(IdBatch::Integers(&ids), options).unwrap()
        };
        let sketches: Vec<Sketch> = (0..sides).map(sketch).collect();
        let every: Vec<&Sketch> = sketches.iter().collect();
        let largest = largest_regions(&every, 1_000, Confidence::default()).unwrap();
        let truth = truth(range, sides);
        let large: [Vec<i64>; 5] = [vec![0], vec![1], vec![2], vec![0, 11], (0..12).collect()];
        for region in large {
            let truth = truth[&region] as f64;
            let places: Vec<usize> = region.iter().map(|&side| side as usize).collect();
            let found = largest.regions.iter().find(|(sides, _)| *sides == places);
            let users = found
                .map(|(_, users)| *users)
                .expect("a large region is seen");
            inside += i32::from((users.lower..=users.upper).contains(&truth));
            all += 1;
        }
    }
    // The binomial noise of the share is 0.8 %.
    assert!(
        f64::from(inside) >= 0.93 * f64::from(all),
        "{inside} of {all}"
    );
}
