//! What the documentation shows is what the program does: commands of guide and recipes are run, and
//! their outputs compared; figures in README.md are those of docs/performance.md.

use crate::harness::{Folder, data, overlap};
use std::path::Path;
use std::process::Command;

/// A fenced block of a document.
struct Block {
    line: usize,
    language: String,
    text: String,
    /// Whether only blank lines stand between the block before and this one.
    follows: bool,
}

fn document(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The fenced blocks of a document by its sections (`## `), of which those before the first are one.
fn sections(text: &str) -> Vec<Vec<Block>> {
    let mut sections = vec![Vec::new()];
    let mut open: Option<Block> = None;
    let mut follows = false;
    for (number, line) in text.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                open = Some(Block {
                    line: number + 1,
                    language: language.to_owned(),
                    text: String::new(),
                    follows,
                });
            }
            (Some(_), Some(_)) => {
                sections.last_mut().unwrap().extend(open.take());
                follows = true;
            }
            (Some(block), None) => block.text += &format!("{line}\n"),
            (None, None) => {
                if line.starts_with("## ") {
                    sections.push(Vec::new());
                }
                follows &= line.is_empty();
            }
        }
    }
    sections
}

/// Whether an output is what a document shows: a line `…` stands for any lines, `…` within a line for
/// any characters.
fn is_shown(shown: &str, found: &str) -> bool {
    fn lines_agree(shown: &[&str], found: &[&str]) -> bool {
        match (shown.split_first(), found) {
            (None, _) => found.is_empty(),
            (Some((&"…", rest)), _) => {
                (0..=found.len()).any(|skip| lines_agree(rest, &found[skip..]))
            }
            (Some((line, rest)), [first, others @ ..]) => {
                line_agrees(line, first) && lines_agree(rest, others)
            }
            _ => false,
        }
    }
    fn line_agrees(shown: &str, found: &str) -> bool {
        match shown.split_once('…') {
            None => shown == found,
            Some((before, after)) => found.strip_prefix(before).is_some_and(|rest| {
                let mut ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
                ends.any(|at| line_agrees(after, &rest[at..]))
            }),
        }
    }
    let (shown, found): (Vec<_>, Vec<_>) = (shown.lines().collect(), found.lines().collect());
    lines_agree(&shown, &found)
}

/// A folder with a copy of `data/`.
fn folder() -> Folder {
    let folder = Folder::new();
    for name in ["shop.parquet", "pay.parquet"] {
        folder.bytes(&format!("data/{name}"), &std::fs::read(data(name)).unwrap());
    }
    folder
}

/// Runs `script` in a folder, with the program first on the path.
#[track_caller]
fn run(script: &str, folder: &Folder, place: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_overlap"));
    let path = std::env::join_paths(
        [program.parent().unwrap().to_owned()]
            .into_iter()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", script])
        .current_dir(folder.path("."))
        .env("PATH", path.unwrap())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{place}: {script}\n{stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs the blocks of shell commands in their order, and compares the output that stands below each.
/// Returns how many there were.
#[track_caller]
fn run_all(name: &str, blocks: &[Block], folder: &Folder) -> usize {
    let mut count = 0;
    for (at, block) in blocks.iter().enumerate() {
        if block.language != "sh" {
            continue;
        }
        count += 1;
        let found = run(&block.text, folder, &format!("{name}:{}", block.line));
        let below = blocks.get(at + 1);
        if let Some(shown) = below.filter(|below| below.language == "text" && below.follows) {
            assert!(
                is_shown(&shown.text, &found),
                "{name}:{}: should show\n{found}",
                shown.line
            );
        }
    }
    count
}

#[test]
fn the_guide_shows_what_its_commands_print() {
    let blocks: Vec<Block> = sections(&document("docs/guide.md"))
        .into_iter()
        .flatten()
        .collect();
    let count = run_all("docs/guide.md", &blocks, &folder());
    assert!(count > 15, "{count} blocks of commands");
}

#[test]
fn the_page_of_keys_shows_what_its_commands_print() {
    let blocks: Vec<Block> = sections(&document("docs/keys.md"))
        .into_iter()
        .flatten()
        .collect();
    let count = run_all("docs/keys.md", &blocks, &folder());
    assert!(count > 3, "{count} blocks of commands");
}

#[test]
fn private_overlap_is_what_its_page_shows() {
    let blocks: Vec<Block> = sections(&document("docs/private.md"))
        .into_iter()
        .flatten()
        .collect();
    let count = run_all("docs/private.md", &blocks, &folder());
    assert_eq!(count, 4);
}

#[test]
fn sketches_with_noise_are_what_their_page_shows() {
    let blocks: Vec<Block> = sections(&document("docs/noise.md"))
        .into_iter()
        .flatten()
        .collect();
    let count = run_all("docs/noise.md", &blocks, &folder());
    assert_eq!(count, 4);
}

#[test]
fn each_recipe_runs_in_a_folder_of_its_own() {
    let mut recipes = 0;
    for blocks in sections(&document("docs/recipes.md")) {
        recipes += usize::from(run_all("docs/recipes.md", &blocks, &folder()) > 0);
    }
    assert!(recipes >= 4, "{recipes} recipes with commands");
}

/// `python/tests/test_recipes.py` runs these.
#[test]
fn recipes_in_python_are_there_to_be_run() {
    let recipes = sections(&document("docs/recipes.md"));
    let python = recipes.iter().flatten();
    let python = python.filter(|block| block.language == "python");
    assert!(python.count() >= 3);
}

#[test]
fn an_output_with_gaps_is_told_from_another() {
    assert!(is_shown("a\n…\nd\n", "a\nb\nc\nd\n"));
    assert!(is_shown("a … z\n", "a 12 z\n"));
    assert!(is_shown("…\n", ""));
    assert!(!is_shown("a\n…\nd\n", "a\nb\n"));
    assert!(!is_shown("a … z\n", "a 12 y\n"));
    assert!(!is_shown("a\n", "a\nb\n"));
}

#[test]
fn the_readme_is_short_and_its_figures_are_measured() {
    let readme = document("README.md");
    let lines = readme.lines().count();
    assert!(lines <= 150, "{lines} lines: move details into docs/");
    let measured = document("docs/performance.md");
    let table = readme.split_once("## How it compares").unwrap().1;
    let rows: Vec<&str> = table.lines().filter(|row| row.starts_with("| `")).collect();
    let mut compared = 0;
    for row in rows {
        let (name, ratio) = row[2..row.len() - 2].split_once(" | ").unwrap();
        if !name.contains(": ") {
            continue;
        }
        let found = measured
            .lines()
            .find(|line| line.starts_with(&format!("| {name} |")));
        let found = found.unwrap_or_else(|| panic!("docs/performance.md has no row {name}"));
        assert!(
            found.contains(&format!(" {ratio} |")),
            "README.md says {ratio} of\n{found}"
        );
        compared += 1;
    }
    assert!(compared >= 6, "{compared} rows compared");
}

/// The cells of the first line of every table in a report, with sides called A and B.
fn headings(report: &str) -> Vec<String> {
    let mut headings = Vec::new();
    let mut is_first = true;
    for line in report.lines() {
        let is_table = line.contains("  ") && !line.contains(": ");
        if is_first && is_table {
            let cells = line.split("  ").map(str::trim);
            let cells = cells.filter(|cell| !cell.is_empty());
            headings.extend(cells.map(|cell| cell.replace("shop", "A").replace("pay", "B")));
        }
        is_first = line.is_empty();
    }
    headings
}

#[test]
fn the_glossary_has_every_heading() {
    let glossary = document("docs/glossary.md");
    let words: Vec<String> = glossary
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
        .flat_map(|cell| cell.split(", "))
        .map(str::to_lowercase)
        .collect();
    let (shop, pay) = (data("shop.parquet"), data("pay.parquet"));
    let (shop, pay) = (format!("shop={shop}"), format!("pay={pay}"));
    let again = shop.replace("shop=", "C=");
    let folder = Folder::new();
    let stored = folder.path("shop.ovs").to_str().unwrap().to_owned();
    overlap(&["sketch", &shop, "-o", &stored]);
    let bounds = "bounds --size-a 1e6 --size-b 1e6 --overlap 1e5";
    let mut commands: Vec<Vec<&str>> = vec![bounds.split(' ').collect()];
    for command in [
        "estimate", "exact", "verify", "regions", "matrix", "reach", "diagnose",
    ] {
        commands.push(vec![command, &shop, &pay]);
        commands.push(vec![command, &shop, &pay, &again]);
    }
    commands.push(vec!["estimate", &shop, &pay, "--frequency"]);
    commands.push(vec!["estimate", &shop, &pay, "--by", "city_tier"]);
    let days = [
        "--by",
        "last_active",
        "--where",
        "last_active >= '2026-12-20'",
    ];
    commands.push([&["trend", &shop, &pay], &days[..]].concat());
    commands.push(vec!["inspect", &stored]);
    commands.push(vec!["inspect", &shop[5..]]);
    let mut seen = 0;
    for command in commands {
        let answer = overlap(&command);
        assert_eq!(answer.code, Some(0), "{answer:?}");
        for heading in headings(&answer.stdout) {
            // Sides and segment columns are called whatever they are called; so are levels.
            let is_name = ["A", "B", "C", "A & B", "A & C", "B & C", "city_tier"];
            let word = heading.replace("95 % interval", "interval").to_lowercase();
            assert!(
                is_name.contains(&heading.as_str()) || words.contains(&word),
                "docs/glossary.md lacks {heading:?}, a heading of {command:?}"
            );
            seen += 1;
        }
    }
    assert!(seen > 60, "{seen} headings");
}
