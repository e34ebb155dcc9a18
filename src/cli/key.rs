//! `overlap key`, and how every other command is given a key: by a file or a descriptor, never as an argument or
//! in the environment, where other programs can see it.

use clap::{Args, Subcommand};
use overlap::{Key, Result, read_key, read_key_descriptor, write_key};
use std::path::PathBuf;

const KEYS: &str = "Keys";

/// The key that IDs are hashed with.
#[derive(Args)]
pub struct KeyArgs {
    /// Hash IDs with the secret key in this file, which `overlap key new` makes: who doesn't have the key can't
    /// find out whether somebody is in a sketch. Both sides need the same key, and files written with it get a tag
    #[arg(long, value_name = "FILE", help_heading = KEYS)]
    key_file: Option<PathBuf>,

    /// Read the key from this open file descriptor instead, such as a pipe
    #[arg(long, value_name = "N", help_heading = KEYS, conflicts_with = "key_file")]
    key_fd: Option<u32>,
}

impl KeyArgs {
    /// The key that was named, if one was.
    pub fn key(&self) -> Result<Option<Key>> {
        match (&self.key_file, self.key_fd) {
            (Some(path), _) => read_key(path).map(Some),
            (None, Some(descriptor)) => read_key_descriptor(descriptor).map(Some),
            (None, None) => Ok(None),
        }
    }
}

#[derive(Args)]
pub struct KeyCommand {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Make a new secret key of the system's randomness, in a file that only its owner can read
    New {
        /// File to write. One that is there is never replaced
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Print the fingerprint of a key, which says which key it is and gives nothing of it away
    Fingerprint {
        /// File that holds the key
        #[arg(
            value_name = "FILE",
            required_unless_present = "key_fd",
            conflicts_with = "key_fd"
        )]
        file: Option<PathBuf>,
        /// Read the key from this open file descriptor instead
        #[arg(long, value_name = "N")]
        key_fd: Option<u32>,
    },
}

pub fn run(command: &KeyCommand) -> Result<()> {
    match &command.task {
        Task::New { output } => {
            let key = Key::generate()?;
            write_key(&key, output)?;
            super::print(&format!("{}\n", key.fingerprint()))
        }
        Task::Fingerprint { file, key_fd } => {
            let args = KeyArgs {
                key_file: file.clone(),
                key_fd: *key_fd,
            };
            let key = args.key()?;
            super::print(&key.map_or_else(String::new, |key| format!("{}\n", key.fingerprint())))
        }
    }
}
