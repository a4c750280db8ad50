//! GitHub's token.

use std::sync::Arc;
use std::time::Duration;

use super::cli::Tool;
use super::{Listener, ProcessEnv, Search, first_set};
use crate::http::Endpoint;

const PUBLIC: [&str; 2] = ["GH_TOKEN", "GITHUB_TOKEN"];
const ENTERPRISE: [&str; 4] = ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"];
/// Variables that say that a host is the user's own.
const NAMED_BY: [&str; 3] = ["GH_HOST", "GITHUB_API_URL", "GITHUB_SERVER_URL"];

/// Looks for a token for this endpoint: `GH_TOKEN`, `GITHUB_TOKEN` (on an enterprise host after `GH_ENTERPRISE_TOKEN` and
/// `GITHUB_ENTERPRISE_TOKEN`), then `gh auth token`.
///
/// A gate.toml may come from anyone's pull request, and with it `github.api_url`. So the variables' tokens go to GitHub, to
/// loopback, and to hosts that the environment itself names; `gh` binds each token to its host and may always be asked.
pub fn github(env: &ProcessEnv, endpoint: &Endpoint, listener: &Arc<dyn Listener>) -> Search {
    let missing = (
        "there is no GitHub token",
        "set GH_TOKEN, or log in with `gh auth login`; plan needs `Actions: read` and `Metadata: read`, apply `Administration: write` (fine-grained), or `repo` (classic). To try without an account: --sandbox",
    );
    let search = Search::new(env, listener, missing);
    let host = endpoint.web_host();
    let public = host == "github.com" || host.ends_with(".ghe.com");
    let names: &[&str] = if public { &PUBLIC } else { &ENTERPRISE };
    if let Some(token) = first_set(env, names) {
        if is_trusted(env, endpoint) {
            return search.with_token(Some(token));
        }
        listener.warn(&format!(
            "{} is not sent to {host}, which only gate.toml names; set GH_HOST={host} to say that it is yours, or run `gh auth login --hostname {host}`",
            token.source()
        ));
    }
    // Without the variables that hold tokens, which `gh` would take before its own store.
    search.with_tool(Tool {
        name: "gh",
        args: ["auth", "token", "--hostname", host].map(str::to_owned).to_vec(),
        variables: &["GH_CONFIG_DIR"],
        timeout: Duration::from_secs(3),
        source: "`gh auth token`",
    })
}

/// Whether credentials may be sent there: to GitHub, to this machine, or to a host that the environment itself names.
pub(super) fn is_trusted(env: &ProcessEnv, endpoint: &Endpoint) -> bool {
    let host = endpoint.web_host();
    host == "github.com" || host.ends_with(".ghe.com") || endpoint.is_loopback() || named(env, endpoint)
}

fn named(env: &ProcessEnv, endpoint: &Endpoint) -> bool {
    let host_of = |value: &str| {
        let value = value.trim();
        let authority = value.split_once("://").map_or(value, |(_, rest)| rest).split('/').next().unwrap_or_default().to_ascii_lowercase();
        authority.split_once(':').map_or(authority.clone(), |(host, _)| host.to_owned())
    };
    NAMED_BY.iter().filter_map(|name| env.get(name)).map(host_of).any(|host| host == endpoint.host() || host == endpoint.web_host())
}
