//! The paths of requests to GitHub.

use crate::http::Target;
use crate::model::{EnvName, RepoName};

/// `/repos/{owner}/{repo}`.
pub fn repo_target(repo: &RepoName) -> Target {
    Target::new(["repos", repo.owner(), repo.name()])
}

/// `/repos/{owner}/{repo}/environments/{name}`; always built here, never taken from an answer's `url` (fact G2.13).
pub fn environment_target(repo: &RepoName, name: &EnvName) -> Target {
    repo_target(repo).join("environments").join(name.as_str())
}
