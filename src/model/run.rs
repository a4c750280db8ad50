//! How runs and commits are named on the command line.

use std::fmt;
use std::str::FromStr;

use super::RepoName;

/// A run as a user names it: `30433642`, or `https://github.com/OWNER/REPO/actions/runs/30433642`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRef {
    /// The database id.
    pub id: u64,
    /// What its address names: `https://HOST` and the repository.
    pub place: Option<(String, RepoName)>,
}

impl FromStr for RunRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("`{text}` is not a run ID or run URL: write the ID, or https://HOST/OWNER/REPO/actions/runs/ID");
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

/// A commit, or the first seven or more digits of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitPin(String);

impl CommitPin {
    /// Whether this is that commit.
    pub fn is(&self, sha: &str) -> bool {
        sha.to_ascii_lowercase().starts_with(&self.0)
    }
}

impl FromStr for CommitPin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // 40 digits of SHA-1, 64 of SHA-256.
        if (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(format!("`{text}` names no commit: give all of its hexadecimal digits, or at least the first seven"))
        }
    }
}

impl fmt::Display for CommitPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
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
    fn a_commit_is_named_by_its_first_digits_whatever_their_case() {
        let pin: CommitPin = "3F2a1b0".parse().unwrap();
        assert!(pin.is("3f2A1B0cdd") && !pin.is("3f2a1b1cdd") && !pin.is("3f2a1b"));
        for bad in ["", "3f2a1b", "HEAD", "3f2a1bg", "main1234"] {
            assert!(bad.parse::<CommitPin>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(https://)?[a-z0-9/?#:. é-]{0,60}") {
            let _ = text.parse::<RunRef>();
        }
    }
}
