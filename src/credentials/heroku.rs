//! Heroku's token.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::cli::Tool;
use super::{Listener, ProcessEnv, Search, file, first_set, netrc};
use crate::http::{Endpoint, Token};

/// The machine name under which the Heroku CLI stores its token.
const MACHINE: &str = "api.heroku.com";

/// Looks for a token for this endpoint: `HEROKU_API_KEY`, then `~/.netrc` (or `$NETRC`), then `heroku auth:token`.
///
/// The tool takes seconds to start, so it comes last; it also runs if the server refuses a netrc's token, which may be stale.
pub fn heroku(env: &ProcessEnv, endpoint: &Endpoint, listener: &Arc<dyn Listener>) -> Search {
    let missing = (
        "there is no Heroku token",
        "set HEROKU_API_KEY, or log in with `heroku login`; plan needs the scope read-protected, apply write-protected",
    );
    let search = Search::new(env, listener, missing);
    if let Some(token) = first_set(env, &["HEROKU_API_KEY"]) {
        return search.with_token(Some(token));
    }
    if env.get("HEROKU_API_TOKEN").is_some() {
        listener.warn("HEROKU_API_TOKEN is not read, as the Heroku CLI does not read it either; set HEROKU_API_KEY");
    }
    let tool = Tool {
        name: "heroku",
        args: vec!["auth:token".to_owned()],
        variables: &["NETRC", "HEROKU_HOST", "HEROKU_API_URL", "HEROKU_DATA_DIR", "NODE_EXTRA_CA_CERTS"],
        timeout: Duration::from_secs(10),
        source: "`heroku auth:token`",
    };
    search.with_token(from_netrc(env, endpoint, listener.as_ref())).with_tool(tool)
}

fn from_netrc(env: &ProcessEnv, endpoint: &Endpoint, listener: &dyn Listener) -> Option<Token> {
    let path = netrc_path(env)?;
    let netrc = match file::read(&path) {
        Ok(Some(netrc)) => netrc,
        Ok(None) => {
            let mut sealed = path.into_os_string();
            sealed.push(".gpg");
            let sealed = PathBuf::from(sealed);
            if sealed.is_file() {
                listener.warn(&format!("{} is not read; set HEROKU_API_KEY", sealed.display()));
            }
            return None;
        }
        Err(warning) => {
            listener.warn(&warning);
            return None;
        }
    };
    let local = || if endpoint.is_loopback() { netrc::password(&netrc.text, MACHINE) } else { None };
    let password = netrc::password(&netrc.text, endpoint.host()).or_else(local)?;
    netrc.warning.iter().for_each(|warning| listener.warn(warning));
    Some(Token::new(&password, path.display().to_string()))
}

fn netrc_path(env: &ProcessEnv) -> Option<PathBuf> {
    if let Some(path) = env.get("NETRC") {
        return Some(PathBuf::from(path));
    }
    let home = env.get("HOME").or_else(|| env.get("USERPROFILE"))?;
    Some(PathBuf::from(home).join(if cfg!(windows) { "_netrc" } else { ".netrc" }))
}
