//! Where things are, and the virtual environment under `target/`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

pub type Result<T> = std::result::Result<T, String>;

/// The repository.
pub fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// Where Cargo builds.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(target) => root().join(target),
        None => root().join("target"),
    }
}

/// A command in the repository.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// The same cargo that runs this task.
pub fn cargo() -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs a command to its end and shows which.
pub fn run(command: &mut Command) -> Result<()> {
    let program = Path::new(command.get_program()).file_name();
    let words = program.into_iter().chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    let line = words.join(" ");
    println!("\n$ {line}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{line}: {status}")),
        Err(e) => Err(format!("{line}: {e}")),
    }
}

/// A virtual environment with everything that a list of requirements names; made again when the
/// list changes.
pub struct Python {
    folder: PathBuf,
}

impl Python {
    /// The environment `name` under `target/`.
    pub fn new(name: &str, requirements: &str) -> Result<Self> {
        let python = Self {
            folder: target().join(name),
        };
        let wanted = std::fs::read_to_string(root().join(requirements))
            .map_err(|e| format!("{requirements}: {e}"))?;
        let stamp = python.folder.join("requirements.txt");
        if std::fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
            return Ok(python);
        }
        let system = if cfg!(windows) { "python" } else { "python3" };
        run(command(system)
            .args(["-m", "venv", "--clear"])
            .arg(&python.folder))
        .map_err(|e| {
            format!("{e}\nPython 3.11 or later is needed, with venv: apt-get install python3-venv")
        })?;
        run(python
            .module("pip")
            .args(["install", "--quiet", "--requirement", requirements]))?;
        std::fs::write(&stamp, wanted).map_err(|e| format!("{}: {e}", stamp.display()))?;
        Ok(python)
    }

    /// Its interpreter.
    pub fn command(&self) -> Command {
        let scripts = if cfg!(windows) { "Scripts" } else { "bin" };
        command(self.folder.join(scripts).join("python"))
    }

    /// One of its modules as a program.
    pub fn module(&self, name: &str) -> Command {
        let mut command = self.command();
        command.args(["-m", name]);
        command
    }
}
