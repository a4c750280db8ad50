//! What GitHub's API is like: its headers, limits and permissions, its addresses, and what to do about its refusals. Pure.

use crate::http::{Api, Caching, ClientKind, Endpoint, EndpointError, ErrorKind, RateLimit, Refused, RequestIds};

/// GitHub's REST API. Its documented limits are fact G2.11.
pub static API: Api = Api {
    name: "GitHub",
    status_page: "https://www.githubstatus.com",
    sign_in: "set GH_TOKEN or GITHUB_TOKEN, or run `gh auth login`",
    accept: "application/vnd.github+json",
    client: ClientKind::Octocrab,
    request_ids: RequestIds::OfServer("x-github-request-id"),
    accepted_permissions: Some(ACCEPTED_PERMISSIONS),
    warnings: &[],
    // The values of variables may be secrets, as config vars may.
    caching: Caching::AllBut(&["variables"]),
    rate_limit: RateLimit::Window {
        limit: "x-ratelimit-limit",
        remaining: "x-ratelimit-remaining",
        reset: "x-ratelimit-reset",
        resource: ("x-ratelimit-resource", "core"),
    },
    hint,
};

/// The public API.
pub const PUBLIC: &str = "https://api.github.com";

const ACCEPTED_PERMISSIONS: &str = "x-accepted-github-permissions";

/// What the public API grants per minute; an admin sets the limit of a GitHub Enterprise Server, and only its refusals reveal it.
const POINTS_PER_MINUTE: u32 = 900;

/// Reads a GitHub API address, such as `https://ghe.example.com/api/v3`; a trailing slash is ignored.
///
/// # Errors
/// When it is not such an address, or plain http beyond loopback.
pub fn endpoint(url: &str) -> Result<Endpoint, EndpointError> {
    let endpoint = Endpoint::new(&API, url.trim())?;
    let host = endpoint.host().to_owned();
    if matches!(host.as_str(), "github.com" | "www.github.com") {
        return Err(EndpointError(format!("github.com serves pages, not the API; write {PUBLIC}")));
    }
    Ok(match host.strip_prefix("api.") {
        Some(web) if web == "github.com" || web.ends_with(".ghe.com") => endpoint.shown_as(web).with_points(POINTS_PER_MINUTE),
        _ => endpoint,
    })
}

/// The API of the GitHub that people know by this host: `github.com`, `acme.ghe.com`, or a GitHub Enterprise Server.
///
/// # Errors
/// When it is not a host.
pub fn endpoint_of_web_host(host: &str) -> Result<Endpoint, EndpointError> {
    let host = host.trim().to_ascii_lowercase();
    if host.contains('/') {
        return Err(EndpointError("GH_HOST must be a host alone, such as github.example.com".to_owned()));
    }
    match host.as_str() {
        "github.com" | "api.github.com" => endpoint(PUBLIC),
        cloud if cloud.ends_with(".ghe.com") => endpoint(&format!("https://api.{}", cloud.trim_start_matches("api."))),
        own => endpoint(&format!("http://{own}")).or_else(|_| endpoint(&format!("https://{own}/api/v3"))),
    }
}

fn hint(refused: &Refused<'_>) -> Option<String> {
    let needed = || refused.header(ACCEPTED_PERMISSIONS).and_then(|header| permissions(&header));
    match refused.kind() {
        ErrorKind::Forbidden => forbidden(refused, needed()),
        ErrorKind::NotFound => {
            let (source, needed) = (refused.token_source?, needed()?);
            Some(format!("not found, or the token from {source} has no access to it; reading it needs {needed}"))
        }
        ErrorKind::Moved(Some(to)) if to.starts_with(refused.origin) || to.starts_with('/') => {
            Some(format!("it was renamed or transferred and is now at {to}; write its new name in gate.toml"))
        }
        _ => None,
    }
}

/// The settings page on which the permissions of such a header are granted.
fn owner_of(header: &str) -> &'static str {
    let mut names = header.split([',', ';']).filter_map(|grant| grant.split('=').next()).map(str::trim).filter(|name| !name.is_empty());
    let of_organization = |name: &str| name == "members" || name.starts_with("organization_");
    if names.all(of_organization) { "organization" } else { "repository" }
}

fn forbidden(refused: &Refused<'_>, needed: Option<String>) -> Option<String> {
    if let Some(url) = refused.header("x-github-sso").as_deref().and_then(sso_url) {
        return Some(format!("the organization requires single sign-on: authorize the token at {url}"));
    }
    let source = refused.token_source?;
    if let Some(needed) = needed {
        let whose = refused.header(ACCEPTED_PERMISSIONS).as_deref().map_or("repository", owner_of);
        let role = if refused.reads() { "" } else { " and an account that is admin of the repository" };
        let own = match source {
            "gh auth token" => "; `gh auth refresh --scopes repo` adds it".to_owned(),
            variable if !variable.contains(' ') => format!("; or use your own login: `unset {variable} && gh auth login`"),
            _ => String::new(),
        };
        return Some(format!("the token from {source} needs the {whose} permission {needed} (classic: `repo`){role}{own}"));
    }
    if refused.has_header("x-oauth-scopes") {
        let has = refused.header("x-oauth-scopes").unwrap_or_else(|| "none".to_owned());
        let accepted = refused.header("x-accepted-oauth-scopes").unwrap_or_else(|| "repo".to_owned());
        return Some(format!(
            "the token from {source} has the scopes: {has}; accepted are: {accepted}; writing also needs a repository admin's account"
        ));
    }
    let needed = if refused.reads() && is_team(refused.path) {
        "the organization permission Members: read"
    } else if refused.reads() {
        "Actions: read (environments) or Environments: read (variables and secrets)"
    } else {
        "Administration: write (the permission called Environments is not enough)"
    };
    Some(format!("the token from {source} lacks a permission: GitHub usually requires {needed}"))
}

/// Whether a path is of an organization's teams: `/orgs/ORG/teams/SLUG`, also below `/api/v3`.
fn is_team(path: &str) -> bool {
    path.split_once("/orgs/").and_then(|(_, rest)| rest.split('/').nth(1)) == Some("teams")
}

fn sso_url(header: &str) -> Option<&str> {
    header.split(';').find_map(|part| part.trim().strip_prefix("url=")).filter(|url| url.starts_with("https://"))
}

/// The permissions of `a=write,b=read; c=read` in the words of GitHub's settings page: `,` is and, `;` is or.
fn permissions(header: &str) -> Option<String> {
    let one = |grant: &str| {
        let (name, level) = grant.trim().split_once('=')?;
        let name = name.trim().replace('_', " ");
        let mut letters = name.chars();
        let first = letters.next()?.to_uppercase();
        Some(format!("{first}{}: {}", letters.as_str(), level.trim()))
    };
    let all = |set: &str| set.split(',').map(one).collect::<Option<Vec<_>>>().map(|grants| grants.join(" and "));
    let sets: Option<Vec<_>> = header.split(';').filter(|set| !set.trim().is_empty()).map(all).collect();
    sets.filter(|sets| !sets.is_empty()).map(|sets| sets.join(", or "))
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

    #[test]
    fn a_team_is_told_from_what_belongs_to_a_repository() {
        assert!(is_team("/orgs/acme/teams/sre/members") && is_team("/api/v3/orgs/acme/teams"));
        assert!(!is_team("/orgs/acme") && !is_team("/orgs/teams/repos") && !is_team("/repos/acme/teams/environments"));
    }

    #[test]
    fn a_permission_of_the_organization_is_called_one() {
        for (header, owner) in [
            ("members=read", "organization"),
            ("organization_actions_variables=read; members=read", "organization"),
            ("administration=write", "repository"),
            ("members=read; metadata=read", "repository"),
        ] {
            assert_eq!(owner_of(header), owner, "{header}");
        }
    }

    #[test]
    fn a_path_prefix_is_kept_with_or_without_a_trailing_slash() {
        for base in ["https://ghe.example.com/api/v3", "https://ghe.example.com/api/v3/", " https://GHE.example.com/api/v3 "] {
            assert_eq!(endpoint(base).unwrap().to_string(), "https://ghe.example.com/api/v3");
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
            let error = endpoint(bad).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_host_of_githubs_pages_leads_to_its_api() {
        let api = |host: &str| endpoint_of_web_host(host).map(|endpoint| endpoint.to_string());
        assert_eq!(api("GitHub.com").unwrap(), PUBLIC);
        assert_eq!(api("acme.ghe.com").unwrap(), "https://api.acme.ghe.com");
        assert_eq!(api("ghe.example.com").unwrap(), "https://ghe.example.com/api/v3");
        assert_eq!(api("127.0.0.1:99").unwrap(), "http://127.0.0.1:99");
        for bad in ["https://ghe.example.com", "ghe.example.com/api/v3", "user@ghe.example.com", ""] {
            assert!(api(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn gh_knows_the_public_api_by_its_web_host_and_its_points_are_documented() {
        let known = |url: &str| {
            let endpoint = endpoint(url).unwrap();
            (endpoint.web_host().to_owned(), endpoint.points_per_minute())
        };
        assert_eq!(known(PUBLIC), ("github.com".to_owned(), Some(900)));
        assert_eq!(known("https://api.acme.ghe.com"), ("acme.ghe.com".to_owned(), Some(900)));
        assert_eq!(known("https://ghe.example.com/api/v3"), ("ghe.example.com".to_owned(), None));
    }

    proptest! {
        #[test]
        fn any_permissions_header_is_survived(text in "[ -~é]{0,80}") {
            let _ = permissions(&text);
        }
    }
}
