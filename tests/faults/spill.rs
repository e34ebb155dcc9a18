//! The temporary file of exact counting, and whatever keeps it from being written.

use crate::harness::{Answer, Folder, command, overlap, users};
use std::process::Command;
use std::sync::Arc;

/// Two sides of 2 million users, half of them on both: 28 MB of keys.
struct Pair {
    folder: Folder,
    arguments: Vec<String>,
}

impl Pair {
    fn new() -> Self {
        let folder = Folder::new();
        let side = |name: &str, from: i64| {
            let ids = arrow::array::Int64Array::from_iter_values(from..from + 2_000_000);
            folder.ids(name, Arc::new(ids))
        };
        let [a, b] = [side("a.parquet", 0), side("b.parquet", 1_000_000)];
        let options = "--format json --threads 2 --memory 16MiB --temp-dir";
        let options = options.split(' ').map(String::from);
        let arguments = ["exact".into(), a, b].into_iter().chain(options).collect();
        std::fs::create_dir(folder.path("temp")).unwrap();
        Self { folder, arguments }
    }

    fn count_in(&self, temp_dir: &str) -> Answer {
        let temp_dir = self.folder.path(temp_dir).to_str().unwrap().to_owned();
        overlap(&[&self.arguments[..], &[temp_dir]].concat())
    }

    /// The same after `set_up` in a shell.
    #[cfg(target_os = "linux")]
    fn count_after(&self, set_up: &str) -> std::process::Output {
        let line = format!("{set_up}; exec \"$0\" \"$@\"");
        let mut shell = Command::new("sh");
        shell.args(["-c", &line]).arg(command().get_program());
        shell.args(&self.arguments).arg(self.folder.path("temp"));
        shell.output().unwrap()
    }

    #[track_caller]
    fn assert_nothing_is_left(&self) {
        let left = std::fs::read_dir(self.folder.path("temp")).unwrap();
        assert_eq!(left.count(), 0);
    }
}

#[test]
fn users_beyond_the_memory_limit_are_counted_in_a_file_that_goes_away() {
    let pair = Pair::new();
    let report = pair.count_in("temp").json();
    assert_eq!(users(&report, "/overlap"), 1_000_000);
    assert_eq!(users(&report, "/union"), 3_000_000);
    pair.assert_nothing_is_left();
}

#[test]
fn row_65_a_folder_that_takes_no_file_is_an_output_error_that_names_it() {
    let pair = Pair::new();
    pair.count_in("missing")
        .fails(6, &["missing", "--temp-dir"]);
    pair.count_in("a.parquet")
        .fails(6, &["a.parquet", "--temp-dir"]);
}

#[test]
#[cfg(target_os = "linux")]
fn row_63_a_file_that_finds_no_room_is_an_output_error_and_gone() {
    let pair = Pair::new();
    // 1,024 blocks of 512 bytes; without the signal the write says so.
    let output = pair.count_after("trap '' XFSZ; ulimit -f 1024");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(6), "{stderr}");
    assert!(
        stderr.contains("too large") && stderr.contains("--temp-dir"),
        "{stderr}"
    );
    pair.assert_nothing_is_left();
}

#[test]
fn after_an_error_of_an_input_nothing_is_left() {
    let pair = Pair::new();
    let broken = std::fs::read(pair.folder.path("b.parquet")).unwrap();
    // The last pages of the column, which come after most of the file was counted.
    let mut broken = broken;
    let from = broken.len() - broken.len() / 8;
    let to = broken.len() - 4_096;
    broken[from..to].fill(0xff);
    pair.folder.bytes("b.parquet", &broken);
    pair.count_in("temp").fails(3, &["b.parquet"]);
    pair.assert_nothing_is_left();
}

#[test]
#[cfg(target_os = "linux")]
fn row_73_one_descriptor_is_enough_for_all_parts_and_sides() {
    let pair = Pair::new();
    let output = pair.count_after("ulimit -n 64");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    pair.assert_nothing_is_left();
}
