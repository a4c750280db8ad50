//! What Heroku's API is like: its headers and limits, its addresses, and what to do about its refusals. Pure.

use std::time::Duration;

use crate::http::{Api, Caching, ClientKind, Endpoint, EndpointError, ErrorKind, RateLimit, Refused, RequestIds};

/// Heroku's platform API (fact H2.1).
pub static API: Api = Api {
    name: "Heroku",
    status_page: "https://status.heroku.com",
    sign_in: "set HEROKU_API_KEY, or run `heroku login`",
    accept: "application/vnd.heroku+json; version=3",
    client: ClientKind::Plain,
    request_ids: RequestIds::OfClient("request-id"),
    accepted_permissions: None,
    warnings: &["x-heroku-warning", "warning-message"],
    // Responses contain config vars, so they are never cached.
    caching: Caching::Never,
    rate_limit: RateLimit::Refill { remaining: "ratelimit-remaining", every: Duration::from_secs(1) },
    hint,
};

/// The public API.
pub const PUBLIC: &str = "https://api.heroku.com";

/// The domains of Heroku's own servers, as its CLI lists them; a Heroku token goes nowhere else.
const DOMAINS: [&str; 4] = ["heroku.com", "herokai.com", "herokuspace.com", "herokudev.com"];

/// Reads what `HEROKU_HOST` holds: a URL, or a host. As in the Heroku CLI, a bare `heroku.com` means `https://api.heroku.com`;
/// a bare loopback host means plain http.
///
/// # Errors
/// When it is not such an address, or neither a Heroku server nor on loopback.
pub fn endpoint(host: &str) -> Result<Endpoint, EndpointError> {
    let host = host.trim();
    let endpoint = if host.contains("://") {
        Endpoint::new(&API, host)?
    } else {
        match Endpoint::new(&API, &format!("http://{host}")) {
            Ok(local) => local,
            Err(_) if host.starts_with("api.") => Endpoint::new(&API, &format!("https://{host}"))?,
            Err(_) => Endpoint::new(&API, &format!("https://api.{host}"))?,
        }
    };
    let within = |domain: &str| endpoint.host().strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    if endpoint.is_loopback() || DOMAINS.into_iter().any(within) {
        return Ok(endpoint);
    }
    Err(EndpointError(format!(
        "{} is not a Heroku server; HEROKU_HOST takes {}, one of their subdomains, or a loopback address",
        endpoint.host(),
        DOMAINS.join(", ")
    )))
}

fn hint(refused: &Refused<'_>) -> Option<String> {
    let text = match (refused.kind(), refused.status(), refused.id()) {
        (ErrorKind::Forbidden, _, Some("two_factor")) => {
            "the account requires a second factor: use a token from `heroku authorizations:create`, or authorize the app first"
        }
        (ErrorKind::Forbidden, _, Some("suspended")) => "the account or app is suspended: see https://dashboard.heroku.com/account",
        (ErrorKind::Forbidden, ..) => {
            let scope = if refused.reads() { "read-protected" } else { "write-protected" };
            let source = refused.token_source.unwrap_or("nowhere");
            return Some(format!(
                "the token (from {source}) needs the scope `{scope}` and, in a team, permission to operate the app: `heroku authorizations:create -s {scope}`"
            ));
        }
        (ErrorKind::Unprocessable, 402, _) => "the account has an unpaid bill: see https://dashboard.heroku.com/account/billing",
        (ErrorKind::Unprocessable, 406, _) => "the server does not serve version 3 of the platform API: check HEROKU_HOST",
        (ErrorKind::Unprocessable, _, Some("verification_needed")) => {
            "Heroku requires the account to be verified: see https://heroku.com/verify"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heroku_host_is_read_as_the_heroku_cli_reads_it() {
        let origin = |text: &str| endpoint(text).unwrap().to_string();
        assert_eq!(origin("heroku.com"), PUBLIC);
        assert_eq!(origin("api.heroku.com"), PUBLIC);
        assert_eq!(origin("https://api.staging.herokudev.com/"), "https://api.staging.herokudev.com");
        assert_eq!(origin("127.0.0.1:99"), "http://127.0.0.1:99");
        for foreign in ["evil.com", "https://evilheroku.com", "https://heroku.com.evil.com"] {
            assert!(endpoint(foreign).is_err(), "{foreign}");
        }
    }
}
