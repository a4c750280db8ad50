//! Runs the binary with nothing of the caller's environment, and looks for secrets in whatever it prints.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use gatectl::sandbox::State;
use serde_json::Value;

/// The GitHub token of every run that has one.
pub(crate) const TOKEN: &str = "canary-github-0123456789";
/// The same for Heroku.
pub(crate) const KEY: &str = "canary-heroku-0123456789";
/// The value of a config var that no gate.toml names.
pub(crate) const UNDECLARED: &str = "canary-postgres-0123456789";

/// The world with a secret beside whatever is declared of each app.
pub(crate) fn with_canaries(mut state: State) -> State {
    for app in state.heroku.apps.values_mut() {
        app.config.insert("DATABASE_URL".to_owned(), UNDECLARED.to_owned());
    }
    state
}

/// The repository, for its gate.toml, examples and documents.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The result of one run.
pub(crate) struct Ran {
    pub(crate) args: String,
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A command in a directory, with an empty environment and the given variables.
pub(crate) fn command(dir: &Path, args: &[&str], vars: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatectl"));
    // An unreachable home: a token of the person who runs the tests is never found.
    command.args(args).current_dir(dir).env_clear().env("HOME", "/nonexistent").env("PATH", "/nonexistent");
    command.envs(vars.iter().copied());
    command
}

/// Runs to the end.
pub(crate) fn run(dir: &Path, args: &[&str], vars: &[(&str, &str)]) -> Ran {
    Ran::new(args, command(dir, args, vars).output().unwrap())
}

/// Nothing that gatectl writes, wherever it does, holds one of these.
pub(crate) fn holds_no_secret(text: &str, about: &str) {
    for secret in [TOKEN, KEY, UNDECLARED] {
        assert!(!text.contains(secret), "{about} leaks {secret}: {text}");
    }
}

/// Runs in the repository itself.
pub(crate) fn gatectl(args: &[&str]) -> Ran {
    run(&root(), args, &[])
}

impl Ran {
    /// Takes what a run printed. No run of the suite may print a secret, whether it succeeds, fails or panics.
    pub(crate) fn new(args: &[&str], output: Output) -> Self {
        let Output { status, stdout, stderr } = output;
        let ran = Self {
            args: args.join(" "),
            code: status.code(),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        };
        for (stream, text) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
            holds_no_secret(text, &format!("{stream} of {}", ran.args));
        }
        super::suggestions::hold(args, &ran.stdout, &ran.stderr);
        ran
    }

    /// Everything that a person sees, for a golden file.
    pub(crate) fn transcript(&self, args: &[&str]) -> String {
        let code = self.code.map_or("signal".to_owned(), |code| code.to_string());
        format!("$ gatectl {}\n{}--- stderr\n{}--- exit {code}\n", args.join(" "), self.stdout, self.stderr)
    }
}

/// Holds JSON against a schema of the repository.
pub(crate) fn assert_valid(schema: &str, value: &Value) {
    let text = std::fs::read_to_string(root().join(schema)).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert_eq!(errors, Vec::<String>::new(), "{value:#}");
}
