//! How a run is named: by its id, or by the address of its page.

use std::fmt;
use std::str::FromStr;

use crate::model::RepoName;

/// A run as somebody names it: `30433642`, or `https://github.com/OWNER/REPO/actions/runs/30433642`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRef {
    /// The database id.
    pub id: u64,
    /// Where the address says that it is: `https://HOST` and the repository.
    pub place: Option<(String, RepoName)>,
}

impl FromStr for RunRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("`{text}` is no run: give its id, or the address of its page, https://HOST/OWNER/REPO/actions/runs/ID");
        match run_id(text) {
            Some(id) => Ok(Self { id, place: None }),
            None => page(text).map(|(host, repository, id)| Self { id, place: Some((host, repository)) }).ok_or_else(bad),
        }
    }
}

impl fmt::Display for RunRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}

/// The run of this repository that a log's address leads to.
///
/// That the statuses of a job's deployment lead to `…/actions/runs/ID/job/ID` is what several public projects rely on; the
/// documentation says only that `log_url` is the address of the deployment's output.
#[must_use]
pub fn run_of_link(link: &str, repository: &RepoName) -> Option<u64> {
    page(link).filter(|(_, named, _)| named == repository).map(|(_, _, id)| id)
}

fn page(text: &str) -> Option<(String, RepoName, u64)> {
    let (scheme, rest) = text.split_once("://").filter(|(scheme, _)| ["https", "http"].contains(scheme))?;
    let path = rest.split(['?', '#']).next()?;
    let mut parts = path.split('/');
    let (host, owner, name) = (parts.next()?, parts.next()?, parts.next()?);
    if host.is_empty() || (parts.next()?, parts.next()?) != ("actions", "runs") {
        return None;
    }
    let repository = RepoName::parse(&format!("{owner}/{name}")).ok()?;
    Some((format!("{scheme}://{}", host.to_ascii_lowercase()), repository, run_id(parts.next()?)?))
}

/// A positive number without a sign.
fn run_id(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|id| plain && *id > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_run_is_named_by_id_or_page() {
        let repository = RepoName::parse("o/r").unwrap();
        assert_eq!("42".parse::<RunRef>().unwrap(), RunRef { id: 42, place: None });
        for tail in ["", "/", "/job/7", "/attempts/2", "?pr=1", "#summary"] {
            let run: RunRef = format!("https://GitHub.com/o/r/actions/runs/42{tail}").parse().unwrap();
            assert_eq!(run, RunRef { id: 42, place: Some(("https://github.com".to_owned(), repository.clone())) });
        }
        for bad in [
            "",
            "0",
            "+1",
            "-1",
            "1.5",
            "#1",
            "https://github.com/o/r/runs/1",
            "https://github.com/o/r/actions/runs/",
            "o/r/actions/runs/1",
        ] {
            assert!(bad.parse::<RunRef>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_log_leads_to_a_run_of_its_own_repository_only() {
        let repository = RepoName::parse("O/R").unwrap();
        assert_eq!(run_of_link("https://github.com/o/r/actions/runs/42/job/7", &repository), Some(42));
        for other in ["https://github.com/o/other/actions/runs/42", "https://ci.example.com/42", "", "https:///o/r/actions/runs/1"] {
            assert_eq!(run_of_link(other, &repository), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(https://)?[a-z0-9/?#:. é-]{0,60}") {
            let _ = text.parse::<RunRef>();
        }
    }
}
