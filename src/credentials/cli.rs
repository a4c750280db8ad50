//! Asks a vendor's own command-line tool for its token.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Command;

use super::ProcessEnv;
use crate::http::Token;

/// No tool prints a token longer than this, in bytes.
const MAX_OUTPUT: u64 = 16 * 1024;

/// What every tool needs: where it and its files are, the system's folders, and the way to the network. No variable that holds a token.
const VARIABLES: [&str; 29] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_CACHE_HOME",
    // The keyring.
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    // Windows.
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
    "SystemRoot",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    // The network.
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// A vendor's tool, and how to get its token.
#[derive(Debug, Clone)]
pub(super) struct Tool {
    pub(super) name: &'static str,
    pub(super) args: Vec<String>,
    /// Its own variables that it may see.
    pub(super) variables: &'static [&'static str],
    pub(super) timeout: Duration,
    /// How messages name it.
    pub(super) source: &'static str,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub(super) token: Option<Token>,
    pub(super) warning: Option<String>,
}

impl Tool {
    /// Runs the tool without a shell and takes the one word that it prints. A missing tool, and one that fails, is not a token.
    ///
    /// It is looked up on this environment's `PATH`, in absolute folders only: a checkout must not bring its own.
    pub(super) async fn token(&self, env: &ProcessEnv) -> Answer {
        let Some(program) = find(env, self.name) else { return Answer::default() };
        let mut command = Command::new(program);
        command.args(&self.args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let variables = VARIABLES.iter().chain(self.variables);
        command.env_clear().envs(variables.filter_map(|name| Some((name, env.get(name)?))));
        let Ok(mut child) = command.spawn() else { return Answer::default() };
        let Some(stdout) = child.stdout.take() else { return Answer::default() };
        let run = async {
            let mut text = String::new();
            stdout.take(MAX_OUTPUT).read_to_string(&mut text).await.ok()?;
            child.wait().await.ok()?.success().then_some(text)
        };
        let source = self.source;
        let Ok(output) = tokio::time::timeout(self.timeout, run).await else {
            let warning = format!("{source} did not answer within {} s and was stopped", self.timeout.as_secs());
            return Answer { token: None, warning: Some(warning) };
        };
        match output.as_deref().map(str::trim) {
            None | Some("") => Answer::default(),
            Some(word) if word.split_whitespace().count() == 1 => Answer { token: Some(Token::new(word, source)), warning: None },
            Some(_) => Answer { token: None, warning: Some(format!("{source} printed something other than a token; it is not used")) },
        }
    }
}

fn find(env: &ProcessEnv, tool: &str) -> Option<PathBuf> {
    let name = format!("{tool}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(env.get("PATH")?)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(&name))
        .find(|file| file.is_file())
}
