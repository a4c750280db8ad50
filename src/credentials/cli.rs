//! Asks a vendor's own command-line tool for its token.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Command;

use super::Environment;
use crate::http::Token;

/// No tool prints a token longer than this, in bytes.
const MAX_OUTPUT: u64 = 16 * 1024;

#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) token: Option<Token>,
    pub(super) warning: Option<String>,
}

/// Runs a tool without a shell and takes the one word that it prints. A missing tool, and one that fails, is no token.
///
/// The tool is looked up on this environment's `PATH`, in absolute folders only: a checkout must not bring its own.
pub(super) async fn token(env: &Environment, tool: &str, args: &[&str], without: &[&str], timeout: Duration, source: &str) -> Answer {
    let (Some(program), Some(path)) = (find(env, tool), env.get("PATH")) else { return Answer::default() };
    let mut command = Command::new(program);
    command.args(args).env("PATH", path).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    for name in without {
        command.env_remove(name);
    }
    let Ok(mut child) = command.spawn() else { return Answer::default() };
    let Some(stdout) = child.stdout.take() else { return Answer::default() };
    let run = async {
        let mut text = String::new();
        stdout.take(MAX_OUTPUT).read_to_string(&mut text).await.ok()?;
        child.wait().await.ok()?.success().then_some(text)
    };
    let Ok(output) = tokio::time::timeout(timeout, run).await else {
        let warning = format!("{source} did not answer within {} s and was stopped", timeout.as_secs());
        return Answer { token: None, warning: Some(warning) };
    };
    match output.as_deref().map(str::trim) {
        None | Some("") => Answer::default(),
        Some(word) if word.split_whitespace().count() == 1 => Answer { token: Some(Token::new(word, source)), warning: None },
        Some(_) => Answer { token: None, warning: Some(format!("{source} printed something other than a token; it is not used")) },
    }
}

fn find(env: &Environment, tool: &str) -> Option<PathBuf> {
    let name = format!("{tool}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(env.get("PATH")?)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(&name))
        .find(|file| file.is_file())
}
