//! `overlap completions` and `overlap man`: what shells and `man` know of the program.

use clap::CommandFactory;
use clap_complete::Shell;
use overlap::{Error, ErrorKind, Result};
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct CompletionsArgs {
    /// Shell that completes commands and options
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(clap::Args)]
pub struct ManArgs {
    /// Existing folder; overlap.1 and a page for each command are written to it
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub fn completions(args: &CompletionsArgs) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(
        args.shell,
        &mut super::Cli::command(),
        "overlap",
        &mut script,
    );
    super::print(&String::from_utf8_lossy(&script))
}

pub fn man(args: &ManArgs) -> Result<()> {
    let mut command = super::Cli::command();
    // The version's second line is no part of a page's foot.
    command = command.version(env!("CARGO_PKG_VERSION"));
    clap_mangen::generate_to(command, &args.folder).map_err(|e| {
        Error::new(
            ErrorKind::Output,
            format!("man pages can't be written: {e}"),
        )
        .with("folder", args.folder.display())
        .hint("name a folder that is there and may be written to")
    })
}
