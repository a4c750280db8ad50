//! Commits and pull requests: what a deployment is compared with.

use std::collections::{BTreeSet, VecDeque};

use jiff::Timestamp;

use super::github::{Ids, Repo};
use crate::sandbox::wire::fnv;

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// 40 hexadecimal digits.
    pub sha: String,
    /// The commits it builds on: none for the first one, two for a merge.
    pub parents: Vec<String>,
    /// The author's login; none if no account has the author's address.
    pub author: Option<String>,
    /// The message.
    pub message: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// The database id.
    pub id: u64,
    /// 1, 2, 3, …
    pub number: u64,
    /// The title.
    pub title: String,
    /// The author's login.
    pub author: String,
    /// The branch it goes to.
    pub base: String,
    /// The branch it comes from.
    pub head: String,
    /// Its commits, oldest first.
    pub commits: Vec<String>,
    /// The commit that brought it into its base, and who merged it; none while it is open.
    pub merged: Option<Merged>,
    /// Reviews, oldest first.
    pub reviews: Vec<Review>,
    /// When it was opened.
    pub created_at: Timestamp,
}

/// How a pull request was merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The commit in the base.
    pub sha: String,
    /// The login of the person who merged it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A review of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// The database id.
    pub id: u64,
    /// The reviewer's login.
    pub user: String,
    /// `APPROVED`, `CHANGES_REQUESTED`, `COMMENTED`, `DISMISSED`.
    pub state: String,
    /// The commit that was reviewed.
    pub commit: String,
    /// When.
    pub submitted_at: Timestamp,
}

impl Commit {
    /// The first commit of every repository.
    pub(super) fn first() -> Self {
        Self {
            sha: derived_sha("the first commit"),
            parents: Vec::new(),
            author: None,
            message: "Initial commit".to_owned(),
            created_at: Timestamp::UNIX_EPOCH,
        }
    }
}

impl Repo {
    /// The newest commit of a branch or tag: the first one of the repository, if nothing was added.
    pub fn head(&self, name: &str) -> String {
        self.heads.get(name).cloned().unwrap_or_else(|| Commit::first().sha)
    }

    /// Adds a commit on top of a branch.
    pub fn commit(&mut self, branch: &str, sha: &str, author: &str, message: &str, now: Timestamp) {
        let below = if self.heads.contains_key(branch) { branch } else { &self.default_branch };
        let commit = Commit {
            sha: sha.to_owned(),
            parents: vec![self.head(below)],
            author: Some(author.to_owned()),
            message: message.to_owned(),
            created_at: now,
        };
        self.heads.insert(branch.to_owned(), sha.to_owned());
        self.commits.insert(sha.to_owned(), commit);
    }

    /// Records that a commit of the default branch came with a pull request of its author, which these people approved.
    pub fn merge(&mut self, ids: &mut Ids, sha: &str, approved_by: &[&str]) -> Option<u64> {
        let commit = self.commits.get(sha)?.clone();
        let at = commit.created_at;
        let author = commit.author.unwrap_or_default();
        let number = self.pulls.len() as u64 + 1;
        let review = |user: &&str| Review {
            id: ids.fresh(),
            user: (*user).to_owned(),
            state: "APPROVED".to_owned(),
            commit: sha.to_owned(),
            submitted_at: at,
        };
        let reviews: Vec<Review> = approved_by.iter().map(review).collect();
        let merged = Some(Merged { sha: sha.to_owned(), by: author.clone(), at });
        self.pulls.push(Pull {
            id: ids.fresh(),
            number,
            title: commit.message,
            author,
            base: self.default_branch.clone(),
            head: format!("change-{number}"),
            commits: vec![sha.to_owned()],
            merged,
            reviews,
            created_at: at,
        });
        Some(number)
    }

    /// A commit and what it builds on, nearest first, along all parents.
    pub fn ancestry(&self, sha: &str) -> Vec<&Commit> {
        let mut found = BTreeSet::new();
        let mut all = Vec::new();
        let mut next: VecDeque<&str> = self.commits.get(sha).map(|commit| commit.sha.as_str()).into_iter().collect();
        while let Some(sha) = next.pop_front() {
            let Some(commit) = self.commits.get(sha) else { continue };
            if found.insert(sha) {
                all.push(commit);
                next.extend(commit.parents.iter().map(String::as_str));
            }
        }
        all
    }

    /// The commit that a branch, a tag or a SHA names.
    pub fn resolve(&self, name: &str) -> Option<String> {
        let short = name.strip_prefix("refs/heads/").or_else(|| name.strip_prefix("refs/tags/")).unwrap_or(name);
        let short = short.strip_prefix("heads/").or_else(|| short.strip_prefix("tags/")).unwrap_or(short);
        if short == "HEAD" {
            return Some(self.head(&self.default_branch));
        }
        if self.heads.contains_key(short) || self.branches.iter().any(|branch| branch.name == short) {
            return Some(self.head(short));
        }
        self.commits.get(name).map(|commit| commit.sha.clone())
    }
}

/// 40 hexadecimal digits that follow from a name.
pub(in crate::sandbox) fn derived_sha(name: &str) -> String {
    let hash = fnv(name.as_bytes());
    format!("{hash:016x}{hash:016x}{:08x}", hash & 0xffff_ffff)
}
