//! Runs the binary with nothing of the caller's environment.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The repository, for its gate.toml, examples and documents.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What one run came to.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A command in a directory, with an empty environment and the given variables.
pub(crate) fn command(dir: &Path, args: &[&str], vars: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatectl"));
    // An unreachable home: no token of the one who runs the tests is ever found.
    command.args(args).current_dir(dir).env_clear().env("HOME", "/nonexistent").env("PATH", "/nonexistent");
    command.envs(vars.iter().copied());
    command
}

/// Runs to the end.
pub(crate) fn run(dir: &Path, args: &[&str], vars: &[(&str, &str)]) -> Ran {
    let Output { status, stdout, stderr } = command(dir, args, vars).output().unwrap();
    Ran { code: status.code(), stdout: String::from_utf8(stdout).unwrap(), stderr: String::from_utf8(stderr).unwrap() }
}

/// Runs in the repository itself.
pub(crate) fn gatectl(args: &[&str]) -> Ran {
    run(&root(), args, &[])
}

impl Ran {
    /// Everything that a person sees, for a golden file.
    pub(crate) fn transcript(&self, args: &[&str]) -> String {
        let code = self.code.map_or("signal".to_owned(), |code| code.to_string());
        format!("$ gatectl {}\n{}--- stderr\n{}--- exit {code}\n", args.join(" "), self.stdout, self.stderr)
    }
}
