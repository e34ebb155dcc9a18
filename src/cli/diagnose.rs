//! `overlap diagnose`.

use super::args::{self, FormatArgs, SourceArgs};
use super::progress::Bar;
use overlap::report::shell_word;
use overlap::{Confidence, DiagnoseRequest, Result};
use std::ffi::OsString;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    sources: SourceArgs,

    /// Confidence of the intervals in percent, such as 90, 95 or 99.7
    #[arg(long, value_name = "PERCENT", default_value = "95", value_parser = args::confidence)]
    confidence: Confidence,

    /// Show IDs that are likely placeholders, instead of only what they look like and where the first
    /// stands
    #[arg(long)]
    show_values: bool,

    #[command(flatten)]
    format: FormatArgs,
}

/// `typed` are the words behind the program's name.
pub fn run(args: &Args, typed: &[OsString]) -> Result<()> {
    let request = DiagnoseRequest {
        sources: args.sources.sources()?,
        confidence: args.confidence,
        show_values: args.show_values,
    };
    let mut report = overlap::diagnose(&request, &Bar::new())?;
    if let [pair] = &mut report.pairs[..] {
        let settings = pair.settings(&super::in_flags);
        pair.command = settings.and_then(|settings| command(typed, &settings));
    }
    super::warn(&report.warnings);
    super::print(&report.render(args.format.format(), &super::in_flags))
}

/// What was typed, as the command that counts under `settings`; `None` if the settings would be said twice, or
/// something isn't text.
fn command(typed: &[OsString], settings: &str) -> Option<String> {
    let words: Vec<&str> = typed
        .iter()
        .map(|word| word.to_str())
        .collect::<Option<_>>()?;
    let flag = |word: &str| word.split('=').next().unwrap_or(word).to_owned();
    let is_said =
        |word: &&str| word.starts_with("--") && settings.split(' ').any(|set| set == flag(word));
    if words.iter().any(is_said) {
        return None;
    }
    let mut command = String::from("overlap");
    let mut is_value = false;
    let mut is_command = true;
    for word in words {
        let skipped = std::mem::take(&mut is_value);
        match word {
            _ if skipped => continue,
            "--show-values" => continue,
            "--format" => is_value = true,
            word if word.starts_with("--format=") => continue,
            "diagnose" if std::mem::take(&mut is_command) => command += " estimate",
            word => {
                command.push(' ');
                command += &shell_word(word);
            }
        }
    }
    Some(format!("{command} {settings}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(typed: &str, settings: &str) -> Option<String> {
        let typed: Vec<OsString> = typed.split(' ').map(Into::into).collect();
        command(&typed, settings)
    }

    #[test]
    fn what_was_typed_becomes_the_command_that_counts() {
        let found = of(
            "diagnose a.csv b=diagnose --id x --format json --where y>1 --show-values",
            "--normalize lower",
        );
        let expected = "overlap estimate a.csv b=diagnose --id x --where 'y>1' --normalize lower";
        assert_eq!(found.as_deref(), Some(expected));
        assert_eq!(of("diagnose a b --as string", "--as integer"), None);
        assert_eq!(
            of("diagnose a b --normalize=trim", "--normalize lower"),
            None
        );
    }
}
