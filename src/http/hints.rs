//! The next step after a failure, from what the server said about it. Pure.

use http::{HeaderMap, Method, StatusCode};

use super::answer::ErrorResponse;
use super::api::Refused;
use super::{Endpoint, ErrorKind};

/// What a hint may depend on besides the answer.
pub(super) struct HintContext<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) method: &'a Method,
    /// The path of the request.
    pub(super) path: &'a str,
    /// The source of the token; `None` if there is no token.
    pub(super) token_source: Option<&'a str>,
    /// The proxy in between, if any.
    pub(super) proxy: Option<String>,
}

/// The hint for an answer that is not a success: the API's own, else what holds for every API.
pub(super) fn for_refusal(asked: &HintContext<'_>, status: StatusCode, headers: &HeaderMap, response: &ErrorResponse) -> String {
    let (origin, token_source, method, path) = (asked.endpoint.origin(), asked.token_source, asked.method, asked.path);
    let refused = Refused { origin, token_source, method, path, status, headers, response };
    (asked.endpoint.api().hint)(&refused).unwrap_or_else(|| general(asked, status, &response.kind))
}

fn general(asked: &HintContext<'_>, status: StatusCode, kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::Malformed => between(asked),
        ErrorKind::Unauthenticated => unauthenticated(asked),
        ErrorKind::Forbidden => match asked.token_source {
            Some(source) => format!("the token from {source} lacks a permission that {} requires", asked.endpoint.api()),
            None => unauthenticated(asked),
        },
        ErrorKind::NotFound => match asked.token_source {
            Some(source) => {
                format!("not found, or the token from {source} has no access to it. Check the name and the token's repository access")
            }
            None => format!("not found without a token: {}", unauthenticated(asked)),
        },
        ErrorKind::Moved(Some(to)) => format!("it points to {to}, and tokens are not sent there; {}", between(asked)),
        ErrorKind::Moved(None) => {
            format!("redirects are never followed with a token; check the address {} and the names in gate.toml", asked.endpoint)
        }
        ErrorKind::Server if status == StatusCode::NETWORK_AUTHENTICATION_REQUIRED => between(asked),
        ErrorKind::Server => format!("see {}, and run again", asked.endpoint.api().status_page),
        ErrorKind::Transport if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED => proxy_hint(asked),
        ErrorKind::Transport => format!("the connection to {} was lost: run again", asked.endpoint.host()),
        // The API takes what gatectl accepts.
        _ if status == StatusCode::NOT_ACCEPTABLE => between(asked),
        ErrorKind::Conflict => "something else is changing it right now: run again".to_owned(),
        _ => format!(
            "{} understood the request and refused it for the reason above: correct that in gate.toml; -v shows each request",
            asked.endpoint.api()
        ),
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
            "{host} presents a certificate that this system does not trust: add its issuer to the system store, or name it in SSL_CERT_FILE"
        );
    }
    if says(&["certificate"]) {
        return format!("{host} presents an invalid certificate: check the host name, and this machine's clock");
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

fn unauthenticated(asked: &HintContext<'_>) -> String {
    let api = asked.endpoint.api();
    let ways = api.sign_in;
    match asked.token_source {
        Some(source) => format!("{api} refused the token from {source}: it is mistyped, expired or revoked; renew it there, or {ways}"),
        None => format!("no token was found: {ways}"),
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
        Some(proxy) => format!("check the proxy {proxy} (HTTPS_PROXY, ALL_PROXY), or exempt {} with NO_PROXY", asked.endpoint.host()),
        None => "check HTTPS_PROXY, ALL_PROXY and NO_PROXY".to_owned(),
    }
}
