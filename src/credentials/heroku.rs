//! Heroku's token.

use std::path::PathBuf;
use std::time::Duration;

use super::{Environment, Found, cli, first_set, netrc};
use crate::http::{Endpoint, Token};

/// The machine name under which the Heroku CLI stores its token.
const MACHINE: &str = "api.heroku.com";

/// Looks for a token for this endpoint: `HEROKU_API_KEY`, then `heroku auth:token`, then `~/.netrc` (or `$NETRC`).
pub async fn heroku(env: &Environment, endpoint: &Endpoint) -> Found {
    let mut found = Found { token: first_set(env, &["HEROKU_API_KEY"]), warnings: Vec::new() };
    if found.token.is_some() {
        return found;
    }
    if env.get("HEROKU_API_TOKEN").is_some() {
        found.warnings.push("HEROKU_API_TOKEN is not read, as the Heroku CLI does not read it either; set HEROKU_API_KEY".to_owned());
    }
    let answer = cli::token(env, "heroku", &["auth:token"], &[], Duration::from_secs(10), "`heroku auth:token`").await;
    found.warnings.extend(answer.warning);
    found.token = answer.token;
    if found.token.is_none() {
        from_netrc(env, endpoint, &mut found);
    }
    found
}

fn from_netrc(env: &Environment, endpoint: &Endpoint, found: &mut Found) {
    let Some(path) = netrc_path(env) else { return };
    let file = match netrc::read(&path) {
        Ok(Some(file)) => file,
        Ok(None) => {
            let mut sealed = path.into_os_string();
            sealed.push(".gpg");
            let sealed = PathBuf::from(sealed);
            if sealed.is_file() {
                found.warnings.push(format!("{} is not read; set HEROKU_API_KEY", sealed.display()));
            }
            return;
        }
        Err(warning) => return found.warnings.push(warning),
    };
    let password = file.password(endpoint.host()).or_else(|| if endpoint.is_loopback() { file.password(MACHINE) } else { None });
    if let Some(password) = password {
        found.token = Some(Token::new(&password, path.display().to_string()));
        found.warnings.extend(file.warning.clone());
    }
}

fn netrc_path(env: &Environment) -> Option<PathBuf> {
    if let Some(path) = env.get("NETRC") {
        return Some(PathBuf::from(path));
    }
    let home = env.get("HOME").or_else(|| env.get("USERPROFILE"))?;
    Some(PathBuf::from(home).join(if cfg!(windows) { "_netrc" } else { ".netrc" }))
}
