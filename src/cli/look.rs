//! Colours, bars and line widths for terminals. Pipes and files get the text as it is.

use super::columns::{fitted, wrapped};
use clap::{Args, ValueEnum};
use overlap::report::Format;
use std::io::{self, IsTerminal};
use std::sync::OnceLock;

/// How the answer looks.
#[derive(Args)]
pub struct LookArgs {
    /// When to use colours; auto uses them on a terminal unless NO_COLOR is set, and elsewhere if
    /// CLICOLOR_FORCE is set
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = When::Auto, global = true, help_heading = OUTPUT)]
    color: When,

    /// Print no warnings and no progress bar; errors are still printed
    #[arg(short, long, global = true, help_heading = OUTPUT)]
    quiet: bool,
}

const OUTPUT: &str = "Output";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum When {
    #[default]
    Auto,
    Always,
    Never,
}

/// What was typed, for all that is printed: set once, before anything is.
static CHOSEN: OnceLock<(When, bool)> = OnceLock::new();

impl LookArgs {
    /// From now on everything looks so.
    pub fn choose(&self) {
        let _ = CHOSEN.set((self.color, self.quiet));
    }
}

fn chosen() -> (When, bool) {
    CHOSEN.get().copied().unwrap_or_default()
}

/// Whether warnings and progress are unwanted.
pub fn is_quiet() -> bool {
    chosen().1
}

fn is_colored(is_terminal: bool) -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_forced =
        std::env::var_os("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0");
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    match chosen().0 {
        When::Always => true,
        When::Never => false,
        When::Auto if is_set("NO_COLOR") => false,
        When::Auto => is_forced || (is_terminal && !is_dumb),
    }
}

#[derive(Clone, Copy)]
enum Paint {
    Bold,
    Dim,
    Red,
    Green,
    Yellow,
}

impl Paint {
    fn around(self, text: &str) -> String {
        let code = match self {
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Red => "31",
            Self::Green => "32",
            Self::Yellow => "33",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// The beginning of a line on standard error: `overlap:` and what follows it.
pub fn prefix(word: &str) -> String {
    if !is_colored(io::stderr().is_terminal()) {
        return word.to_owned();
    }
    match word.contains("warning") {
        true => Paint::Yellow.around(word),
        false => Paint::Red.around(word),
    }
}

/// A report as standard output is to get it.
pub fn shown(text: String, format: Format) -> String {
    if format != Format::Table {
        return text;
    }
    let is_terminal = io::stdout().is_terminal();
    let width = terminal_size::terminal_size().filter(|_| is_terminal);
    let width = width.map(|(width, _)| usize::from(width.0));
    dressed(&text, width, is_colored(is_terminal))
}

/// The text with lines that fit the width, with bars, and with colours.
fn dressed(text: &str, width: Option<usize>, is_colored: bool) -> String {
    if width.is_none() && !is_colored {
        return text.to_owned();
    }
    let lines: Vec<&str> = text.lines().collect();
    let mut out = String::with_capacity(text.len() * 2);
    for block in lines.chunk_by(|a, b| a.is_empty() == b.is_empty()) {
        let (rows, prose) = block.split_at(rows_of_table(block));
        let mut tables = match width {
            _ if rows.is_empty() => Vec::new(),
            Some(width) => fitted(rows, width),
            None => vec![rows.iter().map(|&line| line.to_owned()).collect()],
        };
        let mut prose: Vec<String> = match width {
            Some(width) => prose.iter().flat_map(|line| wrapped(line, width)).collect(),
            None => prose.iter().map(|&line| line.to_owned()).collect(),
        };
        for table in &mut tables {
            if let Some(width) = width {
                bars(table, width);
            }
            if is_colored {
                let rows = table.len();
                paint(table, rows);
            }
        }
        if is_colored {
            paint(&mut prose, 0);
        }
        let tables: Vec<String> = tables.iter().map(|table| table.join("\n") + "\n").collect();
        out += &tables.join("\n");
        for line in prose {
            out += &line;
            out.push('\n');
        }
    }
    out
}

/// How many lines of a block are a table: a header, which names no sentence, and rows whose cells are
/// two blanks apart.
fn rows_of_table(block: &[&str]) -> usize {
    let is_row = |line: &&&str| line.trim_start().contains("  ");
    let rows = block.iter().take_while(is_row).count();
    if rows < 2 { 0 } else { rows }
}

/// A bar beside every row that ends in a share, if there is room for it.
fn bars(lines: &mut [String], width: usize) {
    const CELLS: usize = 20;
    let shares: Vec<Option<f64>> = lines.iter().map(|line| last_share(line)).collect();
    let longest = lines.iter().map(|line| line.chars().count()).max();
    let longest = longest.unwrap_or(0);
    // The header has no share, and one row alone needs no picture.
    if shares.iter().flatten().count() < 2 || longest + 2 + CELLS > width {
        return;
    }
    for (line, share) in lines.iter_mut().zip(shares) {
        let Some(share) = share.filter(|&share| share > 0.0) else {
            continue;
        };
        let blanks = longest + 2 - line.chars().count();
        line.extend(std::iter::repeat_n(' ', blanks));
        *line += &bar(share, CELLS);
    }
}

/// The share at the end of a line, such as `+12.29 %`, from 0 to 1.
fn last_share(line: &str) -> Option<f64> {
    let number = line.strip_suffix(" %")?.rsplit("  ").next()?;
    let share: f64 = number.trim().trim_start_matches('+').parse().ok()?;
    Some((share / 100.0).clamp(0.0, 1.0))
}

/// A bar of eighths of a cell.
fn bar(share: f64, cells: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (share * (8 * cells) as f64).round().max(1.0) as usize;
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

/// Headers bold, how good the overlap is in its colour, what is said of the method dim.
fn paint(lines: &mut [String], rows: usize) {
    const ASIDE: [&str; 4] = [
        "id column",
        "nothing skipped",
        "rows not recorded",
        "new: users of",
    ];
    for (i, line) in lines.iter_mut().enumerate() {
        if i == 0 && rows > 0 {
            *line = Paint::Bold.around(line);
        } else if ASIDE.iter().any(|aside| line.starts_with(aside)) {
            *line = Paint::Dim.around(line);
        } else if let Some(quality) = line.strip_prefix("overlap: ") {
            let paint = match quality.split(' ').next() {
                Some("exact" | "good") => Paint::Green,
                Some("fair") => Paint::Yellow,
                _ => Paint::Red,
            };
            *line = format!("overlap: {}", paint.around(quality));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "\
only in           users  95 % interval  of union
a                   100       90 – 110    50.0 %
a & b & c & d        50        40 – 60    25.0 %
all                 200      190 – 210

id column: user_id
nothing skipped; no page carries a checksum; estimated with p = 16
";

    #[test]
    fn without_a_terminal_nothing_changes() {
        assert_eq!(dressed(REPORT, None, false), REPORT);
    }

    #[test]
    fn a_bar_stands_beside_each_share_where_there_is_room() {
        let text = dressed(REPORT, Some(80), false);
        assert!(text.contains("50.0 %  ██████████\n"), "{text}");
        assert!(text.contains("25.0 %  █████\n"), "{text}");
        assert!(text.contains("190 – 210\n"), "{text}");
        assert!(!dressed(REPORT, Some(60), false).contains('█'));
    }

    #[test]
    fn every_line_fits_a_narrow_terminal() {
        let text = dressed(REPORT, Some(44), false);
        assert!(text.contains("a & b &…& d "), "{text}");
        assert!(
            text.lines().all(|line| line.chars().count() <= 44),
            "{text}"
        );
        let words = |text: &str| text.split_whitespace().count();
        assert!(words(&text) > words(REPORT) - 6, "{text}");
    }

    #[test]
    fn colours_change_no_letter() {
        let text = dressed(REPORT, None, true);
        let mut plain = String::new();
        for (i, part) in text.split('\x1b').enumerate() {
            plain += match i {
                0 => part,
                _ => part.split_once('m').expect("a colour").1,
            };
        }
        assert_eq!(plain, REPORT);
        assert!(text.starts_with("\x1b[1monly in"), "{text}");
    }

    #[test]
    fn bars_are_as_long_as_their_shares() {
        assert_eq!(bar(1.0, 20).chars().count(), 20);
        assert_eq!(bar(0.5, 20), "█".repeat(10));
        assert_eq!(bar(1e-9, 20), "▏");
        assert_eq!(last_share("T4  100  +12.29 %"), Some(0.1229));
        assert_eq!(last_share("overlap  5  30.96 % of shop"), None);
        assert_eq!(last_share("a  < 0.1 %"), None);
    }
}
