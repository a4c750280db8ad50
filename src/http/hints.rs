//! The next step after a failure, from what the server said about it. Pure.

use http::{HeaderMap, Method, StatusCode};

use super::answer::{ErrorResponse, bounded};
use super::{Dialect, Endpoint, ErrorKind};

/// GitHub's header that names the grants it would accept.
pub(super) const ACCEPTED_PERMISSIONS: &str = "x-accepted-github-permissions";

/// What a hint may depend on besides the answer.
pub(super) struct HintContext<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) method: &'a Method,
    /// Where the token came from; `None` when there is none.
    pub(super) token_source: Option<&'a str>,
    /// The proxy in between, if any.
    pub(super) proxy: Option<String>,
}

/// The hint for an answer that is not a success.
pub(super) fn for_refusal(asked: &HintContext<'_>, status: StatusCode, headers: &HeaderMap, refusal: &ErrorResponse) -> Option<String> {
    let dialect = asked.endpoint.dialect();
    match (&refusal.kind, dialect) {
        (ErrorKind::Malformed, _) => Some(between(asked)),
        (ErrorKind::Unauthenticated, _) => Some(unauthenticated(asked)),
        (ErrorKind::Forbidden, Dialect::GitHub) => Some(github_forbidden(asked, headers)),
        (ErrorKind::Forbidden, Dialect::Heroku) => Some(heroku_forbidden(asked, refusal.id.as_deref())),
        (ErrorKind::NotFound, _) => Some(not_found(asked, headers)),
        (ErrorKind::Moved(Some(to)), Dialect::GitHub) if to.starts_with(asked.endpoint.origin()) || to.starts_with('/') => {
            Some(format!("it was renamed or transferred and now answers at {to}; write its new name in gate.toml"))
        }
        (ErrorKind::Moved(Some(to)), _) => Some(format!("it points to {to}, where no token is sent; {}", between(asked))),
        (ErrorKind::Moved(None), _) => {
            Some(format!("redirects are never followed with a token; check the address {} and the names in gate.toml", asked.endpoint))
        }
        (ErrorKind::Server, _) if status == StatusCode::NETWORK_AUTHENTICATION_REQUIRED => Some(between(asked)),
        (ErrorKind::Server, Dialect::GitHub) => Some("see https://www.githubstatus.com, and run again".to_owned()),
        (ErrorKind::Server, Dialect::Heroku) => Some("see https://status.heroku.com, and run again".to_owned()),
        (ErrorKind::Transport, _) if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED => Some(proxy_hint(asked)),
        (ErrorKind::Transport, _) => Some(format!("the connection to {} broke off: run again", asked.endpoint.host())),
        (ErrorKind::Conflict, _) => Some("something else is changing it right now: run again".to_owned()),
        (_, Dialect::Heroku) => heroku_other(status, refusal.id.as_deref()).or_else(|| Some(refused(dialect))),
        (_, Dialect::GitHub) => Some(refused(dialect)),
    }
}

/// The hint for a request that has no whole answer; `why` is the network's own account.
pub(super) fn for_fault(asked: &HintContext<'_>, why: &str) -> String {
    let host = asked.endpoint.host();
    let why = why.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| why.contains(word));
    if says(&["proxy", "tunnel"]) {
        return proxy_hint(asked);
    }
    if says(&["dns error", "lookup address"]) {
        return format!("the name {host} does not resolve: check its spelling, the network and, behind a proxy, HTTPS_PROXY");
    }
    if says(&["unknownissuer", "badsignature", "no usable tls certificates"]) {
        return format!(
            "{host} shows a certificate that this system does not trust: add its issuer to the system store, or name it in SSL_CERT_FILE"
        );
    }
    if says(&["certificate"]) {
        return format!("{host} shows a certificate that does not hold: check the host name, and this machine's clock");
    }
    if says(&["tls", "corrupt message", "handshake"]) {
        return format!("{host} does not speak TLS as expected: check the address and its port");
    }
    if asked.endpoint.is_loopback() {
        return format!("is something listening at {}? `gatectl sandbox` prints the addresses that it serves", asked.endpoint);
    }
    match &asked.proxy {
        Some(_) => proxy_hint(asked),
        None => format!("check the connection to {host}, and run again; a slow network may need a longer --timeout"),
    }
}

/// The permissions of `a=write,b=read; c=read` in the words of GitHub's settings page: `,` is and, `;` is or.
pub(super) fn permissions(header: &str) -> Option<String> {
    let one = |grant: &str| {
        let (name, level) = grant.trim().split_once('=')?;
        let name = name.trim().replace('_', " ");
        let mut letters = name.chars();
        let first = letters.next()?.to_uppercase();
        Some(format!("{first}{}: {}", letters.as_str(), level.trim()))
    };
    let all = |set: &str| set.split(',').map(one).collect::<Option<Vec<_>>>().map(|grants| grants.join(" and "));
    let sets: Option<Vec<_>> = header.split(';').filter(|set| !set.trim().is_empty()).map(all).collect();
    sets.filter(|sets| !sets.is_empty()).map(|sets| bounded(&sets.join(", or "), 300))
}

fn unauthenticated(asked: &HintContext<'_>) -> String {
    let dialect = asked.endpoint.dialect();
    let ways = match dialect {
        Dialect::GitHub => "set GH_TOKEN or GITHUB_TOKEN, or run `gh auth login`",
        Dialect::Heroku => "set HEROKU_API_KEY, or run `heroku login`",
    };
    match asked.token_source {
        Some(source) => format!("{dialect} refused the token from {source}: it is mistyped, expired or revoked; renew it there, or {ways}"),
        None => format!("no token was found: {ways}"),
    }
}

fn github_forbidden(asked: &HintContext<'_>, headers: &HeaderMap) -> String {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim).filter(|text| !text.is_empty());
    if let Some(url) = header("x-github-sso").and_then(sso_url) {
        return format!("the organization asks for single sign-on: authorize the token at {url}");
    }
    let Some(source) = asked.token_source else { return unauthenticated(asked) };
    if let Some(needed) = header(ACCEPTED_PERMISSIONS).and_then(permissions) {
        return format!(
            "the token from {source} needs the repository permission {needed}; a classic token needs `repo`, and its account the right role"
        );
    }
    if let Some(scopes) = headers.get("x-oauth-scopes").and_then(|value| value.to_str().ok()) {
        let has = if scopes.trim().is_empty() { "none" } else { scopes.trim() };
        let accepted = header("x-accepted-oauth-scopes").unwrap_or("repo");
        return format!(
            "the token from {source} has the scopes: {}; accepted are: {}; writing also needs an account that is admin of the repository",
            bounded(has, 200),
            bounded(accepted, 200)
        );
    }
    let needed = if *asked.method == Method::GET {
        "Actions: read (environments) or Environments: read (variables and secrets)"
    } else {
        "Administration: write (the permission called Environments does not suffice)"
    };
    format!("the token from {source} lacks a right: GitHub usually asks for {needed}")
}

fn sso_url(header: &str) -> Option<String> {
    let url = header.split(';').find_map(|part| part.trim().strip_prefix("url="))?;
    url.starts_with("https://").then(|| bounded(url, 300))
}

fn heroku_forbidden(asked: &HintContext<'_>, id: Option<&str>) -> String {
    match id {
        Some("two_factor") => {
            "the account asks for a second factor: use a token of `heroku authorizations:create`, or authorize the app first".to_owned()
        }
        Some("suspended") => "the account or app is suspended: see https://dashboard.heroku.com/account".to_owned(),
        _ => {
            let scope = if *asked.method == Method::GET { "read-protected" } else { "write-protected" };
            let source = asked.token_source.unwrap_or("nowhere");
            format!(
                "the token (from {source}) needs the scope `{scope}` and, in a team, the right to operate the app: `heroku authorizations:create -s {scope}`"
            )
        }
    }
}

fn heroku_other(status: StatusCode, id: Option<&str>) -> Option<String> {
    match (status.as_u16(), id) {
        (402, _) => Some("the account has an open bill: see https://dashboard.heroku.com/account/billing".to_owned()),
        (406, _) => Some("the server does not serve version 3 of the platform API: check HEROKU_HOST".to_owned()),
        (_, Some("verification_needed")) => Some("Heroku wants the account verified: see https://heroku.com/verify".to_owned()),
        _ => None,
    }
}

fn refused(dialect: Dialect) -> String {
    format!("{dialect} understood and refuses, in the words above: correct what they name in gate.toml; -v shows each request")
}

fn not_found(asked: &HintContext<'_>, headers: &HeaderMap) -> String {
    let needed = headers.get(ACCEPTED_PERMISSIONS).and_then(|value| value.to_str().ok()).and_then(permissions);
    match (asked.token_source, needed) {
        (None, _) => format!("missing, or hidden without a token: {}", unauthenticated(asked)),
        (Some(source), Some(needed)) => format!("missing, or hidden from the token from {source}; seeing it takes {needed}"),
        (Some(source), None) => format!("missing, or hidden from the token from {source}: check the name, and what the token may see"),
    }
}

fn between(asked: &HintContext<'_>) -> String {
    match &asked.proxy {
        Some(proxy) => format!(
            "something other than the API answered: check the proxy {proxy}, the network's sign-in page, and the address {}",
            asked.endpoint
        ),
        None => format!("something other than the API answered: check for a network's sign-in page, and the address {}", asked.endpoint),
    }
}

fn proxy_hint(asked: &HintContext<'_>) -> String {
    match &asked.proxy {
        Some(proxy) => format!("check the proxy {proxy} (HTTPS_PROXY, ALL_PROXY), or exempt {} by NO_PROXY", asked.endpoint.host()),
        None => "check HTTPS_PROXY, ALL_PROXY and NO_PROXY".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn permissions_are_named_as_on_the_settings_page() {
        assert_eq!(permissions("administration=write").unwrap(), "Administration: write");
        assert_eq!(
            permissions("actions=read,environments=read; organization_administration=write").unwrap(),
            "Actions: read and Environments: read, or Organization administration: write"
        );
        for odd in ["", ";", "x", "=", "a=b,"] {
            assert_eq!(permissions(odd), None, "{odd}");
        }
    }

    proptest! {
        #[test]
        fn any_permissions_header_is_survived(text in "[ -~é]{0,80}") {
            let _ = permissions(&text);
        }
    }
}
