//! The address of an API. By construction, an [`Endpoint`] is one that a token may be sent to.

use std::fmt;
use std::net::IpAddr;

use http::Uri;

use super::{Api, Target};

/// The base address of an API: https, or plain http on loopback; without user name, query or fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    api: &'static Api,
    /// `https://ghe.example.com:8443`.
    origin: String,
    /// Without the brackets of IPv6, in lower case.
    host: String,
    web_host: String,
    points_per_minute: Option<u32>,
    /// Empty, or `/api/v3`.
    prefix: String,
    tls: bool,
}

/// Why an address is not one of an API, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointError(pub String);

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EndpointError {}

impl Endpoint {
    /// Reads the address of an API; a trailing slash is ignored.
    ///
    /// # Errors
    /// When it is not such an address, or is plain http beyond loopback.
    pub fn new(api: &'static Api, url: &str) -> Result<Self, EndpointError> {
        // A wrong address may hold a password, so it is never quoted back.
        let refuse = |why: &str| Err(EndpointError(format!("the {api} API address {why}; write it as https://HOST or https://HOST/PATH")));
        if url.contains('@') {
            return refuse("must not hold a user name or password");
        }
        if url.contains(['?', '#']) {
            return refuse("must not hold a query or fragment");
        }
        let Ok(uri) = url.parse::<Uri>() else { return refuse("is not a URL") };
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return refuse("is not a complete URL");
        };
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let tls = match scheme {
            "https" => true,
            "http" if is_loopback(&host) => false,
            "http" => return refuse("is plain http, which would show the token to the network (loopback alone may be plain)"),
            _ => return refuse("is neither https nor http"),
        };
        if host.is_empty() {
            return refuse("names no host");
        }
        if authority.port_u16().is_none() && !authority.as_str().ends_with(authority.host()) {
            return refuse("has an invalid port");
        }
        let origin = format!("{scheme}://{}", authority.as_str().to_ascii_lowercase());
        let web_host = host.clone();
        Ok(Self { api, origin, host, web_host, points_per_minute: None, prefix: uri.path().trim_end_matches('/').to_owned(), tls })
    }

    /// The same, if the web host differs from the API host.
    #[must_use]
    pub fn shown_as(self, web_host: &str) -> Self {
        Self { web_host: web_host.to_owned(), ..self }
    }

    /// The same, with the points per minute that its operator documents.
    #[must_use]
    pub fn with_points(self, per_minute: u32) -> Self {
        Self { points_per_minute: Some(per_minute), ..self }
    }

    /// Which API this is.
    pub fn api(&self) -> &'static Api {
        self.api
    }

    /// The host alone, in lower case, without port or brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether it is on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }

    /// The host under which people know this server: `github.com` for `api.github.com`, as `gh` wants it.
    pub fn web_host(&self) -> &str {
        &self.web_host
    }

    /// What its operator documents; any other limit shows only in refusals.
    pub(crate) fn points_per_minute(&self) -> Option<u32> {
        self.points_per_minute
    }

    /// The scheme, host and port.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub(super) fn is_tls(&self) -> bool {
        self.tls
    }

    pub(super) fn url(&self, target: &Target) -> String {
        format!("{}{}{target}", self.origin, self.prefix)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.prefix)
    }
}

/// Whether a host, without brackets, is this very machine: 127.0.0.0/8, ::1 or `localhost`.
pub(super) fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::providers::github::api::{API, endpoint as github};
    use crate::providers::heroku::api::endpoint as heroku;

    proptest! {
        #[test]
        fn an_address_that_is_read_is_tls_or_loopback_and_reads_back_as_itself(text in "(https?://)?[a-z0-9.:@/\\[\\]%?#-]{0,30}") {
            for endpoint in [github(&text), heroku(&text)].into_iter().flatten() {
                let shown = endpoint.to_string();
                prop_assert!(endpoint.is_loopback() || shown.starts_with("https://"), "{}", shown);
                prop_assert!(!shown.contains('@'));
                prop_assert_eq!(Endpoint::new(endpoint.api(), &shown).unwrap().to_string(), shown);
            }
        }
    }

    #[test]
    fn a_path_follows_the_prefix_of_the_address() {
        let url = |base: &str, path: &[&str]| Endpoint::new(&API, base).unwrap().url(&Target::new(path));
        assert_eq!(url("https://ghe.example.com/api/v3/", &["api", "v3", "x"]), "https://ghe.example.com/api/v3/api/v3/x");
        assert_eq!(url("http://[::1]:80", &["x"]), "http://[::1]:80/x");
    }

    #[test]
    fn plain_http_is_for_loopback_alone() {
        for local in ["http://127.0.0.1:1", "http://127.9.9.9", "http://[::1]:1", "http://localhost:1/"] {
            assert!(github(local).unwrap().is_loopback(), "{local}");
            assert!(heroku(local).unwrap().is_loopback(), "{local}");
        }
        for remote in ["http://api.github.com", "http://localhost.evil.com", "http://10.0.0.1", "http://127.0.0.1.evil.com", "http://[::2]"]
        {
            assert!(github(remote).is_err(), "{remote}");
            assert!(heroku(remote).is_err(), "{remote}");
        }
    }
}
