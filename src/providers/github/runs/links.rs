//! Addresses of pages, built here and never taken from an answer (fact G2.13).

use crate::http::Target;
use crate::model::{EnvName, RepoName};

/// The web page of a repository.
#[derive(Debug, Clone, Copy)]
pub struct Links<'a> {
    /// `https://github.com`.
    pub web: &'a str,
    /// The repository.
    pub repository: &'a RepoName,
}

impl Links<'_> {
    /// The page of a run.
    pub fn run(&self, id: u64) -> String {
        self.page(["actions", "runs", &id.to_string()])
    }

    /// GitHub's own log of an environment's deployments: who approved, and when.
    pub fn activity_log(&self, environment: &EnvName) -> String {
        let page = self.target(["deployments", "activity_log"]).query("environments_filter", environment);
        format!("{}{page}", self.web)
    }

    /// What changed between two commits.
    pub fn compare(&self, base: &str, head: &str) -> String {
        self.page(["compare", &format!("{base}...{head}")])
    }

    /// One commit.
    pub fn commit(&self, sha: &str) -> String {
        self.page(["commit", sha])
    }

    fn page<'s>(&self, tail: impl IntoIterator<Item = &'s str>) -> String {
        format!("{}{}", self.web, self.target(tail))
    }

    fn target<'s>(&self, tail: impl IntoIterator<Item = &'s str>) -> Target {
        tail.into_iter().fold(Target::new([self.repository.owner(), self.repository.name()]), |target, part| target.join(part))
    }
}
