//! What policies let be said: no answers together say what one hides.

use crate::exchange::Partner;
use serde_json::Value;
use std::collections::BTreeMap;

/// What the reports of some questions say, by what they count.
#[derive(Default)]
struct Said(BTreeMap<String, Option<f64>>);

impl Said {
    fn add(&mut self, report: &Value) {
        assert_eq!(report["schema"], "overlap.release/1");
        for number in report["numbers"].as_array().unwrap() {
            let segment = match &number["segment"] {
                Value::Null => String::new(),
                segment => format!("{}: ", segment[0].as_str().unwrap()),
            };
            let what = segment + number["what"].as_str().unwrap();
            let users = number["users"]["value"].as_f64();
            let word = number["decision"].as_str().unwrap();
            assert_eq!(users.is_some(), word == "said", "{number}");
            assert_eq!(
                number["fewer_than"].is_null(),
                word != "too_few",
                "{number}"
            );
            let before = self.0.insert(what.clone(), users);
            assert!(
                before.is_none_or(|before| before == users),
                "{what} is said twice"
            );
        }
    }
}

/// Whether some of the unknowns follow from what is known: `rows` are sums of cells, with factors.
fn follows(rows: &[Vec<f64>], wanted: &[f64]) -> bool {
    rank(rows) == rank(&[rows, &[wanted.to_vec()]].concat())
}

fn rank(rows: &[Vec<f64>]) -> usize {
    let mut rows = rows.to_vec();
    let mut rank = 0;
    for column in 0..rows.first().map_or(0, Vec::len) {
        let pivot = (rank..rows.len())
            .max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()));
        let Some(pivot) = pivot.filter(|&row| rows[row][column].abs() > 1e-9) else {
            continue;
        };
        rows.swap(rank, pivot);
        for row in rank + 1..rows.len() {
            let factor = rows[row][column] / rows[rank][column];
            for other in column..rows[row].len() {
                rows[row][other] -= factor * rows[rank][other];
            }
        }
        rank += 1;
    }
    rank
}

/// Every sum of small cells must stay unknown, whichever numbers are added and subtracted.
fn ensure_small_cells_stay_unknown(cells: &[f64], known: &[Vec<f64>]) {
    let small: Vec<usize> = (0..cells.len())
        .filter(|&cell| cells[cell] < 50.0)
        .collect();
    assert!(!small.is_empty() && !known.is_empty());
    for chosen in 1..1_usize << small.len() {
        let mut wanted = vec![0.0; cells.len()];
        for (place, &cell) in small.iter().enumerate() {
            wanted[cell] = f64::from(chosen >> place & 1 == 1);
        }
        assert!(!follows(known, &wanted), "{wanted:?} follows");
    }
}

#[test]
fn no_combination_of_all_answers_gives_a_small_region() {
    // Three sides; region by region: a, b, ab, c, ac, bc, abc.
    let cases: [[i64; 7]; 4] = [
        [3_000, 2_000, 30, 2_500, 700, 20, 600],
        [3_000, 2_000, 900, 2_500, 700, 800, 10],
        [4_000, 2_000, 0, 2_500, 0, 0, 0],
        [20, 1_500, 400, 900, 40, 300, 900],
    ];
    for sizes in cases {
        let partner = Partner::new();
        let mut sides = vec![Vec::new(); 3];
        let mut next = 0;
        for (region, &size) in sizes.iter().enumerate() {
            for (side, ids) in sides.iter_mut().enumerate() {
                if (region + 1) >> side & 1 == 1 {
                    ids.extend(next..next + size);
                }
            }
            next += size;
        }
        let files: Vec<String> = ["a", "b", "c"]
            .iter()
            .zip(sides)
            .map(|(name, ids)| {
                let data = partner.data(name, ids);
                let output = format!("{name}.ovs");
                partner.made(&data, &output, &["--round-to", "1"])
            })
            .collect();
        let mut said = Said::default();
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let formulas = [
            "a - b",
            "a & b - c",
            "(a | b) & c",
            "a ^ b",
            "b - (a | c)",
            "a | b",
            "a & b & c",
        ];
        let formulas: Vec<&str> = formulas.iter().flat_map(|text| ["--expr", *text]).collect();
        let json = ["--format", "json"];
        let estimate = [&["estimate"], &files[..], &formulas, &json].concat();
        said.add(&partner.ask(&estimate).json());
        said.add(
            &partner
                .ask(&[&["regions"], &files[..], &json].concat())
                .json(),
        );
        said.add(
            &partner
                .ask(&[&["matrix"], &files[..], &json].concat())
                .json(),
        );
        let row = |holds: &dyn Fn(usize) -> bool| -> Vec<f64> {
            (1..8)
                .map(|mask| f64::from(u8::from(holds(mask))))
                .collect()
        };
        let names = ["a", "b", "c"];
        let known: Vec<Vec<f64>> = (said.0.iter())
            .filter(|(_, users)| users.is_some())
            .map(|(what, users)| {
                let row = match what.strip_prefix("only ") {
                    Some(only) => {
                        let wanted = only.split(" & ").map(|name| {
                            1 << names.iter().position(|known| *known == name).unwrap()
                        });
                        let wanted: usize = wanted.sum();
                        row(&|mask| mask == wanted)
                    }
                    None => {
                        let formula = overlap::Expression::parse(what, &names).unwrap();
                        row(&|mask| formula.holds(mask))
                    }
                };
                // And it is the truth: all users are in the samples.
                let truth: f64 = row.iter().zip(&sizes).map(|(r, &s)| r * s as f64).sum();
                assert_eq!(users.unwrap(), truth, "{what}");
                assert!(truth >= 50.0, "{what}");
                row
            })
            .collect();
        let cells: Vec<f64> = sizes.iter().map(|&size| size as f64).collect();
        ensure_small_cells_stay_unknown(&cells, &known);
    }
}

#[test]
fn no_combination_of_segments_and_totals_gives_a_small_segment() {
    let partner = Partner::new();
    // Ours: 0..4,000. Of their segments both have 1,500, 40 and 800 users.
    let ours = partner.data("a", 0..4_000);
    let theirs = [
        ("x", 0..1_500),
        ("x", 10_000..12_000),
        ("y", 2_000..2_040),
        ("y", 20_000..23_000),
        ("z", 3_000..3_800),
        ("z", 30_000..30_500),
    ];
    let theirs = partner.segments("b", &theirs);
    let theirs = partner.made(&theirs, "b.ovs", &["--by", "tier", "--round-to", "1"]);
    let sides = [format!("a={ours}"), format!("b={theirs}")];
    let sides: Vec<&str> = sides.iter().map(String::as_str).collect();
    let mut said = Said::default();
    let json = ["--format", "json"];
    said.add(
        &partner
            .ask(&[&["estimate"], &sides[..], &json].concat())
            .json(),
    );
    said.add(
        &partner
            .ask(&[&["estimate", "--by", "tier"], &sides[..], &json].concat())
            .json(),
    );
    assert_eq!(said.0["y: a & b"], None);
    // With the total and the other segment it would follow.
    assert_eq!(
        (said.0["a & b"], said.0["x: a & b"], said.0["z: a & b"]),
        (Some(2_340.0), Some(1_500.0), None)
    );
    // Cells: both and new of x, y and z, then our other users.
    let cells = [1_500.0, 2_000.0, 40.0, 3_000.0, 800.0, 500.0, 1_660.0];
    let known: Vec<Vec<f64>> = (said.0.iter())
        .filter(|(_, users)| users.is_some())
        .map(|(what, users)| {
            let (segment, what) = what.split_once(": ").unwrap_or(("xyz", what));
            let of_segment =
                |cell: usize| cell == 6 || segment.contains(&"xyz"[cell / 2..=cell / 2]);
            let holds = |cell: usize| match what {
                "a" => cell.is_multiple_of(2),
                "b" => cell < 6,
                "a & b" => cell.is_multiple_of(2) && cell < 6,
                "a | b" => true,
                "a - b" | "only a" => cell == 6,
                "b - a" | "only b" => cell % 2 == 1,
                other => panic!("{other}"),
            };
            let row: Vec<f64> = (0..7)
                .map(|cell| f64::from(u8::from(holds(cell) && of_segment(cell))))
                .collect();
            let truth: f64 = row.iter().zip(&cells).map(|(r, c)| r * c).sum();
            assert_eq!(users.unwrap(), truth, "{segment} {what}");
            row
        })
        .collect();
    ensure_small_cells_stay_unknown(&cells, &known);
}

#[test]
fn numbers_are_rounded_and_the_strictest_policy_of_all_files_holds() {
    let partner = Partner::new();
    let (a, b) = (partner.data("a", 0..3_333), partner.data("b", 3_000..7_777));
    let strict = partner.made(&a, "a.ovs", &["--min-overlap", "400", "--purpose", "audit"]);
    let coarse = partner.made(&b, "b.ovs", &["--round-to", "100", "--purpose", "billing"]);
    let answer = partner.ask(&["estimate", &strict, &coarse]);
    for word in [
        "3,300",
        "4,800",
        "fewer than 400",
        "audit; billing",
        "withheld",
    ] {
        assert!(answer.stdout.contains(word), "{word}: {}", answer.stdout);
    }
    // The 333 users of both, and what they follow from.
    for number in ["333", "7,777", "7,800", "3,000", "4,444"] {
        assert!(
            !answer.stdout.contains(number),
            "{number}: {}",
            answer.stdout
        );
    }
    for format in ["csv", "markdown", "json"] {
        let answer = partner.ask(&["regions", &strict, &coarse, "--format", format]);
        assert_eq!(answer.code, Some(0), "{answer:?}");
        assert!(
            !answer.stdout.contains("333") && !answer.stdout.contains("4444"),
            "{answer:?}"
        );
    }
    // Data of one's own beside a partner's sketch is limited in the same way.
    let own = partner
        .ask(&["estimate", &a, &coarse, "--format", "json"])
        .json();
    assert_eq!(own["policy"]["min_overlap"], 50);
    assert_eq!(own["numbers"][0]["users"]["value"], 3_300);
}
