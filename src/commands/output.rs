//! The last step before text leaves the process: suggested commands get the scope of the run, tokens are taken out, and
//! traces are made harmless.
//!
//! Tested in `tests/program/secrets.rs` and `hostile.rs`.

use std::fs::Permissions;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::http::Token;
use crate::render::escape::actions::log_text;
use crate::render::{Style, human};
use crate::views::scope::RunScope;

/// Prints one line on stderr, escaped: callers do not need to.
pub(super) fn to_stderr(line: &str) {
    rendered(&human::line(line));
}

/// Prints what a renderer made, and escaped.
pub(super) fn rendered(text: &str) {
    // Nothing can be done about a closed stderr.
    let _ = writeln!(anstream::stderr(), "{}", without_tokens(text));
}

/// The tokens of this run. A server may echo one as data, such as a name, and data is not altered on the way in, so it is
/// removed at the last step before output.
static TOKENS: Mutex<Vec<Token>> = Mutex::new(Vec::new());

/// Shorter ones would remove plain words from every sentence; no service's token is that short.
const SHORTEST_TOKEN: usize = 16;

/// Keeps a token out of everything that is printed from now on.
pub(super) fn keep_out(token: &Token) {
    if token.len() >= SHORTEST_TOKEN {
        TOKENS.lock().unwrap_or_else(PoisonError::into_inner).push(token.clone());
    }
}

/// What this run is about; set once, before anything is printed.
static SCOPE: OnceLock<RunScope> = OnceLock::new();

/// Sets what suggested commands repeat from now on.
pub(super) fn keep_scope(scope: RunScope) {
    // A second run in one process has the same flags.
    let _ = SCOPE.set(scope);
}

/// What suggested commands repeat.
pub(super) fn scope() -> &'static RunScope {
    SCOPE.get_or_init(RunScope::default)
}

pub(super) fn without_tokens(text: &str) -> String {
    let tokens = TOKENS.lock().unwrap_or_else(PoisonError::into_inner);
    tokens.iter().fold(text.to_owned(), |text, token| token.scrub(&text))
}

/// Defuses lines that an Actions runner would execute; an event arrives in one piece.
struct Disarmed<W>(W);

impl<W: Write> Write for Disarmed<W> {
    fn write(&mut self, event: &[u8]) -> std::io::Result<usize> {
        self.0.write_all(log_text(&String::from_utf8_lossy(event)).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// Prints traces on stderr: each request with `-v`, its headers with `-vv`; only gatectl's own, which are redacted.
pub fn trace(verbose: u8) {
    use tracing_subscriber::filter::{LevelFilter, Targets};
    use tracing_subscriber::prelude::*;
    let level = match verbose {
        0 => return,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let layer = tracing_subscriber::fmt::layer().with_writer(|| Disarmed(std::io::stderr())).without_time().with_target(false);
    let layer = layer.with_ansi(Style::stderr().color).with_filter(Targets::new().with_target("gatectl", level));
    tracing_subscriber::registry().with(layer).init();
}

/// Prints to stdout what a program gets in place of a result.
pub(super) fn result(text: &str) {
    // Nothing can be done about a closed stdout.
    let _ = anstream::stdout().write_all(without_tokens(text).as_bytes());
}

/// Writes a file whole or not at all; readable by its owner only if no permissions are given.
pub(super) fn replace_file(path: &Path, bytes: &[u8], permissions: Option<Permissions>) -> std::io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(bytes)?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
