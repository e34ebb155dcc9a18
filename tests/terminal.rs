//! What a terminal gets beside the report's text; completions, man pages, the version.

use crate::cli::shop_and_pay;
use crate::harness::{Folder, command, data, overlap};
use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};

/// Runs a command on a terminal of so many columns; all that the terminal got.
fn on_a_terminal(mut command: Command, columns: u16) -> String {
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let size = Winsize {
        ws_row: 24,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let name = ptsname(&controller, Vec::new()).unwrap();
    let flags = OFlags::RDWR | OFlags::NOCTTY;
    let user = rustix::fs::open(&*name, flags, rustix::fs::Mode::empty()).unwrap();
    tcsetwinsize(&user, size).unwrap();
    let user = File::from(user);
    command
        .stdin(Stdio::null())
        .stdout(user.try_clone().unwrap())
        .stderr(user);
    let mut child = command.spawn().unwrap();
    // The command holds the terminal open as long as it lives.
    drop(command);
    let (mut out, mut part) = (Vec::new(), [0; 4096]);
    let mut controller = File::from(controller);
    // A terminal that everybody has closed is an error on Linux, and the end elsewhere.
    while let Ok(count @ 1..) = controller.read(&mut part) {
        out.extend(&part[..count]);
    }
    child.wait().unwrap();
    String::from_utf8(out).unwrap().replace("\r\n", "\n")
}

fn ask(arguments: &[&str], columns: u16, variables: &[(&str, &str)]) -> String {
    let mut command = command();
    command.args(shop_and_pay(arguments));
    for name in ["NO_COLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.env("TERM", "xterm").envs(variables.iter().copied());
    on_a_terminal(command, columns)
}

/// The text without colours.
fn plain(text: &str) -> String {
    let parts = text.split('\x1b').enumerate();
    parts
        .map(|(i, part)| {
            if i == 0 {
                part
            } else {
                part.split_once('m').unwrap().1
            }
        })
        .collect()
}

#[test]
fn a_terminal_gets_colours_unless_it_is_told_otherwise() {
    let text = overlap(&shop_and_pay(&["estimate", "--k", "65536"])).stdout;
    assert!(!text.contains('\x1b'));
    let colored = ask(&["estimate", "--k", "65536", "--quiet"], 200, &[]);
    assert!(colored.contains("\x1b[32mgood"), "{colored}");
    assert!(plain(&colored).ends_with(&text), "{colored}");
    for (more, variables) in [
        (
            &["estimate", "--k", "65536", "--quiet", "--color", "never"][..],
            &[][..],
        ),
        (
            &["estimate", "--k", "65536", "--quiet"],
            &[("NO_COLOR", "1")],
        ),
        (
            &["estimate", "--k", "65536", "--quiet"],
            &[("TERM", "dumb")],
        ),
    ] {
        assert!(
            !ask(more, 200, variables).contains("\x1b[3"),
            "{more:?} {variables:?}"
        );
    }
}

#[test]
fn elsewhere_colours_are_for_those_who_force_them() {
    let plain_text = overlap(&shop_and_pay(&["estimate", "--k", "65536"])).stdout;
    let run = |more: &[&str], variables: &[(&str, &str)]| {
        let mut command = command();
        command.args(shop_and_pay(more)).env_remove("NO_COLOR");
        let output = command.envs(variables.iter().copied()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let forced = run(&["estimate", "--k", "65536"], &[("CLICOLOR_FORCE", "1")]);
    assert!(forced.contains("\x1b[32mgood"));
    assert_eq!(plain(&forced), plain_text);
    assert_eq!(
        plain(&run(
            &["estimate", "--k", "65536", "--color", "always"],
            &[]
        )),
        plain_text
    );
    assert_eq!(
        run(&["estimate", "--k", "65536"], &[("CLICOLOR_FORCE", "0")]),
        plain_text
    );
    assert_eq!(
        run(
            &["estimate", "--k", "65536"],
            &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]
        ),
        plain_text
    );
    for format in ["json", "csv", "markdown"] {
        let arguments = [
            "estimate", "--k", "65536", "--format", format, "--color", "always",
        ];
        assert!(!run(&arguments, &[]).contains('\x1b'), "{format}");
    }
}

#[test]
fn tables_fit_the_width_and_shares_have_bars_where_there_is_room() {
    let wide = ask(&["regions", "--quiet", "--color", "never"], 120, &[]);
    assert!(wide.contains("█████"), "{wide}");
    let narrow = ask(&["regions", "--quiet", "--color", "never"], 50, &[]);
    assert!(!narrow.contains('█'), "{narrow}");
    let fits = |line: &str| line.chars().count() <= 50;
    let report = narrow.lines().skip_while(|line| !line.contains("rows"));
    assert!(
        report.clone().count() > 5 && report.clone().all(fits),
        "{narrow}"
    );
}

/// Long names of so many sides that share users, with their files.
fn long_sides(folder: &Folder, count: u32) -> Vec<String> {
    let side = |i: u32| {
        let lines: String = (40 * i..40 * i + 90 + i)
            .map(|id| format!("u{id}\n"))
            .collect();
        let path = folder.bytes(&format!("{i}.csv"), format!("id\n{lines}").as_bytes());
        format!("The very long name of a platform that nobody can remember, number {i}={path}")
    };
    (0..count).map(side).collect()
}

/// What looks like a number of users or a share.
fn numbers(text: &str) -> Vec<String> {
    let is_number = |word: &&str| {
        let mut chars = word.chars();
        chars.clone().any(|c| c.is_ascii_digit())
            && chars.all(|c| c.is_ascii_digit() || ",.+".contains(c))
    };
    let words = text
        .split_whitespace()
        .map(|word| word.trim_end_matches([',', ':']));
    let mut found: Vec<String> = words.filter(is_number).map(str::to_owned).collect();
    found.sort();
    found
}

#[test]
fn wide_tables_of_many_sides_fit_and_lose_no_number() {
    let folder = Folder::new();
    for (command_name, count) in [
        ("matrix", 40),
        ("matrix", 8),
        ("regions", 8),
        ("estimate", 3),
        ("estimate", 2),
        ("reach", 9),
    ] {
        let sides = long_sides(&folder, count);
        let words: Vec<&str> = [
            &command_name,
            &"--k",
            &"64",
            &"--precision",
            &"6",
            &"--quiet",
            &"--color",
            &"never",
        ]
        .into_iter()
        .copied()
        .chain(sides.iter().map(String::as_str))
        .collect();
        let whole = overlap(&words).stdout;
        // Names and texts repeat numbers of their own; figures with a comma or a point don't.
        let figures = |text: &str| -> Vec<String> {
            let mut all = numbers(text);
            all.retain(|number| number.contains(['.', ',']));
            all.dedup();
            all
        };
        for width in [120, 80, 60] {
            let mut command = command();
            command.args(&words).env("TERM", "xterm");
            let shown = on_a_terminal(command, width);
            let widest = shown
                .lines()
                .map(|line| line.chars().count())
                .max()
                .unwrap();
            assert!(
                widest <= usize::from(width),
                "{command_name} of {count} at {width}: {widest}\n{shown}"
            );
            assert_eq!(
                figures(&shown),
                figures(&whole),
                "{command_name} of {count} at {width}\n{shown}"
            );
        }
    }
}

#[test]
fn quiet_says_no_warning_but_every_error() {
    let same = data("pay.parquet");
    let (a, b) = (format!("a={same}"), format!("b={same}"));
    assert!(
        overlap(&["estimate", &a, &b])
            .stderr
            .contains("the same files")
    );
    let quiet = overlap(&["estimate", &a, &b, "--quiet"]);
    assert_eq!((quiet.code, quiet.stderr.as_str()), (Some(0), ""));
    overlap(&["-q", "estimate", "nothing.parquet"]).fails(3, &["nothing.parquet"]);
}

#[test]
fn every_shell_gets_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = overlap(&["completions", shell]);
        assert_eq!(script.code, Some(0));
        for word in ["regions", "break-even"] {
            assert!(script.stdout.contains(word), "{shell}: {word}");
        }
    }
    overlap(&["completions", "tcsh"]).fails(2, &["tcsh"]);
}

#[test]
fn every_command_gets_a_man_page() {
    let folder = Folder::new();
    let pages = folder.path("man1");
    let path = pages.display().to_string();
    overlap(&["man", &path]).fails(6, &["man pages can't be written", "man1"]);
    std::fs::create_dir(&pages).unwrap();
    assert_eq!(overlap(&["man", &path]).code, Some(0));
    let help = overlap(&["--help"]).stdout;
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands = commands.take_while(|line| !line.is_empty());
    let named = commands.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let mut count = 0;
    for command in named.map(|line| line.split_whitespace().next().unwrap()) {
        if command != "help" {
            let page = std::fs::read_to_string(pages.join(format!("overlap-{command}.1")));
            assert!(page.unwrap().contains(".SH"), "{command}");
            count += 1;
        }
    }
    assert!(count >= 15, "{help}");
    assert!(pages.join("overlap.1").is_file());
}

#[test]
fn the_short_version_is_one_line_and_the_long_one_names_the_commit() {
    let version = concat!("overlap ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(overlap(&["-V"]).stdout, version);
    let long = overlap(&["--version"]).stdout;
    assert!(long.starts_with(version), "{long}");
    assert!(
        long.contains("\ncommit: ") && long.contains("\nfeatures: "),
        "{long}"
    );
    let features = long.lines().last().unwrap();
    assert_eq!(features.contains("png"), cfg!(feature = "png"), "{long}");
}
