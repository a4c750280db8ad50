//! Where an API lives. An [`Endpoint`] is by construction a place that a token may be sent to.

use std::fmt;
use std::net::IpAddr;

use http::Uri;

use super::Target;

/// The API that is spoken: which headers a request carries and how refusals are worded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// GitHub's REST API.
    GitHub,
    /// Heroku's platform API.
    Heroku,
}

impl Dialect {
    /// Where its operator says whether it is down.
    #[must_use]
    pub const fn status_page(self) -> &'static str {
        match self {
            Self::GitHub => "https://www.githubstatus.com",
            Self::Heroku => "https://status.heroku.com",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GitHub => "GitHub",
            Self::Heroku => "Heroku",
        })
    }
}

/// The base address of an API: https, or plain http on loopback; without user name, query or fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    dialect: Dialect,
    /// `https://ghe.example.com:8443`.
    origin: String,
    /// Without the brackets of IPv6, in lower case.
    host: String,
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

/// The domains of Heroku's own servers, as its CLI lists them; a Heroku token goes nowhere else.
const HEROKU_DOMAINS: [&str; 4] = ["heroku.com", "herokai.com", "herokuspace.com", "herokudev.com"];

impl Endpoint {
    /// GitHub's public API.
    pub const GITHUB: &str = "https://api.github.com";
    /// Heroku's public API.
    pub const HEROKU: &str = "https://api.heroku.com";

    /// Reads a GitHub API address, such as `https://ghe.example.com/api/v3`; a trailing slash means nothing.
    ///
    /// # Errors
    /// When it is not such an address, or plain http beyond loopback.
    pub fn github(url: &str) -> Result<Self, EndpointError> {
        let endpoint = Self::parse(Dialect::GitHub, url.trim())?;
        if matches!(endpoint.host.as_str(), "github.com" | "www.github.com") {
            return Err(EndpointError(format!("github.com serves pages, not the API; write {}", Self::GITHUB)));
        }
        Ok(endpoint)
    }

    /// The API of the GitHub that people know by this host: `github.com`, `acme.ghe.com`, or a GitHub Enterprise Server.
    ///
    /// # Errors
    /// When it is not a host.
    pub fn of_web_host(host: &str) -> Result<Self, EndpointError> {
        let host = host.trim().to_ascii_lowercase();
        if host.contains('/') {
            return Err(EndpointError("GH_HOST must be a host alone, such as github.example.com".to_owned()));
        }
        match host.as_str() {
            "github.com" | "api.github.com" => Self::github(Self::GITHUB),
            host if host.ends_with(".ghe.com") => Self::github(&format!("https://api.{}", host.trim_start_matches("api."))),
            host if is_loopback(host.split(':').next().unwrap_or_default()) => Self::github(&format!("http://{host}")),
            host => Self::github(&format!("https://{host}/api/v3")),
        }
    }

    /// Reads what `HEROKU_HOST` holds: a URL, or a host. As in the Heroku CLI, a bare `heroku.com` means `https://api.heroku.com`;
    /// a bare loopback host means plain http.
    ///
    /// # Errors
    /// When it is not such an address, or not a server of Heroku nor on loopback.
    pub fn heroku(host: &str) -> Result<Self, EndpointError> {
        let host = host.trim();
        let endpoint = if host.contains("://") {
            Self::parse(Dialect::Heroku, host)?
        } else {
            let local = Self::parse(Dialect::Heroku, &format!("http://{host}"));
            match local {
                Ok(endpoint) => endpoint,
                Err(_) if host.starts_with("api.") => Self::parse(Dialect::Heroku, &format!("https://{host}"))?,
                Err(_) => Self::parse(Dialect::Heroku, &format!("https://api.{host}"))?,
            }
        };
        let within = |domain: &str| endpoint.host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        if endpoint.is_loopback() || HEROKU_DOMAINS.into_iter().any(within) {
            return Ok(endpoint);
        }
        Err(EndpointError(format!(
            "{} is not a server of Heroku; HEROKU_HOST takes {}, one of their subdomains, or a loopback address",
            endpoint.host,
            HEROKU_DOMAINS.join(", ")
        )))
    }

    /// Which API this is.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The host alone, in lower case, without port or brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether it is on this very machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }

    /// The host under which people know this GitHub: `github.com` for `api.github.com`, as `gh` wants it.
    #[must_use]
    pub fn web_host(&self) -> &str {
        match self.host.strip_prefix("api.") {
            Some(web) if web == "github.com" || web.ends_with(".ghe.com") => web,
            _ => &self.host,
        }
    }

    /// GitHub's documented limit; a server of one's own has whatever its admin set, which only its refusals tell (fact G2.11).
    pub(super) fn points_per_minute(&self) -> Option<u32> {
        let cloud = self.dialect == Dialect::GitHub && self.web_host() != self.host;
        cloud.then_some(900)
    }

    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    pub(super) fn is_tls(&self) -> bool {
        self.tls
    }

    pub(super) fn url(&self, target: &Target) -> String {
        format!("{}{}{target}", self.origin, self.prefix)
    }

    fn parse(dialect: Dialect, url: &str) -> Result<Self, EndpointError> {
        // A wrong address may hold a password, so it is never quoted back.
        let refuse =
            |why: &str| Err(EndpointError(format!("the {dialect} API address {why}; write it as https://HOST or https://HOST/PATH")));
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
        Ok(Self { dialect, origin, host, prefix: uri.path().trim_end_matches('/').to_owned(), tls })
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

    proptest! {
        #[test]
        fn an_address_that_is_read_is_tls_or_loopback_and_reads_back_as_itself(text in "(https?://)?[a-z0-9.:@/\\[\\]%?#-]{0,30}") {
            for endpoint in [Endpoint::github(&text), Endpoint::heroku(&text)].into_iter().flatten() {
                let shown = endpoint.to_string();
                prop_assert!(endpoint.is_loopback() || shown.starts_with("https://"), "{}", shown);
                prop_assert!(!shown.contains('@'));
                prop_assert_eq!(Endpoint::parse(endpoint.dialect(), &shown), Ok(endpoint));
            }
        }
    }

    #[test]
    fn a_path_prefix_is_kept_with_or_without_a_trailing_slash() {
        for base in ["https://ghe.example.com/api/v3", "https://ghe.example.com/api/v3/", " https://GHE.example.com/api/v3 "] {
            let endpoint = Endpoint::github(base).unwrap();
            assert_eq!(endpoint.url(&Target::new(["api", "v3", "x"])), "https://ghe.example.com/api/v3/api/v3/x");
        }
        assert_eq!(Endpoint::github("http://[::1]:80").unwrap().url(&Target::new(["x"])), "http://[::1]:80/x");
    }

    #[test]
    fn plain_http_is_for_loopback_alone() {
        for local in ["http://127.0.0.1:1", "http://127.9.9.9", "http://[::1]:1", "http://localhost:1/"] {
            assert!(Endpoint::github(local).unwrap().is_loopback(), "{local}");
            assert!(Endpoint::heroku(local).unwrap().is_loopback(), "{local}");
        }
        for remote in ["http://api.github.com", "http://localhost.evil.com", "http://10.0.0.1", "http://127.0.0.1.evil.com", "http://[::2]"]
        {
            assert!(Endpoint::github(remote).is_err(), "{remote}");
            assert!(Endpoint::heroku(remote).is_err(), "{remote}");
        }
    }

    #[test]
    fn what_is_no_api_address_is_refused_and_never_quoted() {
        for bad in [
            "",
            "api.github.com",
            "https://",
            "ftp://x",
            "https://u:hunter2@x",
            "https://x?hunter2",
            "https://x#hunter2",
            "https://github.com",
        ] {
            let error = Endpoint::github(bad).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_heroku_host_is_read_as_the_heroku_cli_reads_it() {
        let origin = |text: &str| Endpoint::heroku(text).unwrap().to_string();
        assert_eq!(origin("heroku.com"), Endpoint::HEROKU);
        assert_eq!(origin("api.heroku.com"), Endpoint::HEROKU);
        assert_eq!(origin("https://api.staging.herokudev.com/"), "https://api.staging.herokudev.com");
        assert_eq!(origin("127.0.0.1:99"), "http://127.0.0.1:99");
        for foreign in ["evil.com", "https://evilheroku.com", "https://heroku.com.evil.com"] {
            assert!(Endpoint::heroku(foreign).is_err(), "{foreign}");
        }
    }

    #[test]
    fn a_host_of_githubs_pages_leads_to_its_api() {
        let api = |host: &str| Endpoint::of_web_host(host).map(|endpoint| endpoint.to_string());
        assert_eq!(api("GitHub.com").unwrap(), Endpoint::GITHUB);
        assert_eq!(api("acme.ghe.com").unwrap(), "https://api.acme.ghe.com");
        assert_eq!(api("ghe.example.com").unwrap(), "https://ghe.example.com/api/v3");
        assert_eq!(api("127.0.0.1:99").unwrap(), "http://127.0.0.1:99");
        for bad in ["https://ghe.example.com", "ghe.example.com/api/v3", "user@ghe.example.com", ""] {
            assert!(api(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn gh_knows_the_public_api_by_its_web_host() {
        assert_eq!(Endpoint::github(Endpoint::GITHUB).unwrap().web_host(), "github.com");
        assert_eq!(Endpoint::github("https://api.acme.ghe.com").unwrap().web_host(), "acme.ghe.com");
        assert_eq!(Endpoint::github("https://ghe.example.com/api/v3").unwrap().web_host(), "ghe.example.com");
        let points = |url: &str| Endpoint::github(url).unwrap().points_per_minute();
        assert_eq!((points(Endpoint::GITHUB), points("https://api.acme.ghe.com")), (Some(900), Some(900)));
        assert_eq!(points("https://ghe.example.com/api/v3"), None);
    }
}
