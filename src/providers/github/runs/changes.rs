//! What a deployment shipped: the commits since the previously deployed one, and the pull requests that brought them. Pure.
//!
//! Owns the walk over commits and the link from a pull request to a commit. Must not send requests. Tested in this file and through
//! `evidence`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::Account;

/// A commit as a list shows it; also the shape of JSON (`docs/schemas/pending.schema.json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Commit {
    /// The full hash.
    pub sha: String,
    /// The first line of the message.
    pub subject: String,
    /// The account behind the author's address, if GitHub knows one.
    #[serde(serialize_with = "login")]
    pub author: Option<Account>,
    /// The commits below it.
    #[serde(skip)]
    pub parents: Vec<String>,
    /// When it was committed, as the commit says.
    #[serde(skip)]
    pub committed_at: Option<Timestamp>,
}

fn login<S: Serializer>(account: &Option<Account>, serializer: S) -> Result<S::Ok, S::Error> {
    account.as_ref().map(|account| &account.login).serialize(serializer)
}

/// A pull request that was merged; also the shape of JSON (`docs/schemas/evidence.schema.json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PullRequest {
    /// The number.
    pub number: u64,
    /// The title.
    pub title: String,
    /// Who opened it.
    pub author: Option<Account>,
    /// Who approved it; `None` if that could not be read.
    #[serde(rename = "reviewers")]
    pub approved_by: Option<Vec<Account>>,
    /// Who merged it; `None` if that is not known.
    pub merged_by: Option<Account>,
    /// When it was merged.
    pub merged_at: Timestamp,
    /// The commit that brought it into its base.
    #[serde(skip)]
    pub merge_commit: String,
}

/// Why it is unknown what a deployment shipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlinked {
    /// No earlier deployment is known to compare with.
    NoEarlierDeployment,
    /// The commits between the two deployments were not found in the history of the newest one.
    OutsideHistory,
    /// The commits or pull requests could not be read.
    Unread,
}

/// What a deployment shipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// How many commits, those of pull requests included.
    pub commits: usize,
    /// The pull requests among them, by number.
    pub pull_requests: Vec<PullRequest>,
    /// Everyone who wrote one of the commits or opened one of the pull requests.
    pub authors: BTreeSet<Account>,
    /// Commits without a known author account.
    pub unnamed_authors: usize,
}

impl Change {
    /// What these commits bring; pull requests are found by the commit that brought each into its base.
    pub fn of<'c>(commits: impl IntoIterator<Item = &'c Commit>, by_merge_commit: &BTreeMap<String, PullRequest>) -> Self {
        let mut change = Self { commits: 0, pull_requests: Vec::new(), authors: BTreeSet::new(), unnamed_authors: 0 };
        for commit in commits {
            change.commits += 1;
            match &commit.author {
                Some(author) => drop(change.authors.insert(author.clone())),
                None => change.unnamed_authors += 1,
            }
            if let Some(pull) = by_merge_commit.get(&commit.sha) {
                change.authors.extend(pull.author.clone());
                change.pull_requests.push(pull.clone());
            }
        }
        change.pull_requests.sort_by_key(|pull| pull.number);
        change
    }
}

/// The known commits and pull requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    commits: BTreeMap<String, Commit>,
    by_merge_commit: BTreeMap<String, PullRequest>,
}

impl Changes {
    /// Joins both lists.
    pub fn new(commits: impl IntoIterator<Item = Commit>, pull_requests: impl IntoIterator<Item = PullRequest>) -> Self {
        Self {
            commits: commits.into_iter().map(|commit| (commit.sha.clone(), commit)).collect(),
            by_merge_commit: pull_requests.into_iter().map(|pull| (pull.merge_commit.clone(), pull)).collect(),
        }
    }

    /// What was deployed with `head` and not yet with `base`.
    ///
    /// # Errors
    /// If the commits in between are not all known.
    pub fn between(&self, base: &str, head: &str) -> Result<Change, Unlinked> {
        let below = self.known_ancestors(base);
        // Without the base itself, the walk would not know where to end.
        if !self.commits.contains_key(base) && base != head {
            return Err(Unlinked::OutsideHistory);
        }
        let (mut open, mut seen, mut new) = (vec![head.to_owned()], BTreeSet::new(), Vec::new());
        while let Some(sha) = open.pop() {
            if below.contains(&sha) || !seen.insert(sha.clone()) {
                continue;
            }
            let commit = self.commits.get(&sha).ok_or(Unlinked::OutsideHistory)?;
            open.extend(commit.parents.iter().cloned());
            new.push(commit);
        }
        Ok(Change::of(new, &self.by_merge_commit))
    }

    /// The pull requests that brought one of the commits, the last merged first: what is worth a request each.
    pub fn pull_requests(&mut self) -> Vec<&mut PullRequest> {
        let brought = self.by_merge_commit.values_mut().filter(|pull| self.commits.contains_key(&pull.merge_commit));
        let mut brought: Vec<&mut PullRequest> = brought.collect();
        brought.sort_by_key(|pull| std::cmp::Reverse((pull.merged_at, pull.number)));
        brought
    }

    fn known_ancestors(&self, sha: &str) -> BTreeSet<String> {
        let (mut open, mut seen) = (vec![sha.to_owned()], BTreeSet::new());
        while let Some(sha) = open.pop() {
            if seen.insert(sha.clone()) {
                open.extend(self.commits.get(&sha).into_iter().flat_map(|commit| commit.parents.iter().cloned()));
            }
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(login: &str) -> Account {
        Account::new(login.to_owned(), None, Some("User"))
    }

    fn commit(sha: &str, parents: &[&str], author: Option<&str>) -> Commit {
        Commit {
            sha: sha.to_owned(),
            parents: parents.iter().map(|&parent| parent.to_owned()).collect(),
            author: author.map(account),
            subject: String::new(),
            committed_at: None,
        }
    }

    fn pull(number: u64, merge_commit: &str, author: &str) -> PullRequest {
        PullRequest {
            number,
            title: format!("change {number}"),
            author: Some(account(author)),
            merge_commit: merge_commit.to_owned(),
            merged_at: Timestamp::UNIX_EPOCH,
            approved_by: None,
            merged_by: None,
        }
    }

    /// a ← b ← d(merge of c) ← e, and c ← a.
    fn history() -> Changes {
        let commits = [
            commit("a", &["root"], Some("ann")),
            commit("b", &["a"], Some("bob")),
            commit("c", &["a"], Some("cat")),
            commit("d", &["b", "c"], Some("dan")),
            commit("e", &["d"], None),
        ];
        Changes::new(commits, [pull(1, "b", "bob"), pull(2, "d", "eve")])
    }

    #[test]
    fn a_range_holds_every_commit_author_and_pull_request_that_is_new() {
        let change = history().between("b", "e").unwrap();
        let numbers: Vec<u64> = change.pull_requests.iter().map(|pull| pull.number).collect();
        let authors: Vec<&str> = change.authors.iter().map(|author| author.login.as_str()).collect();
        assert_eq!((change.commits, numbers, authors, change.unnamed_authors), (3, vec![2], vec!["cat", "dan", "eve"], 1));
        assert_eq!(history().between("e", "e").unwrap().commits, 0);
        assert_eq!(history().between("e", "b").unwrap().commits, 0, "a rollback ships nothing new");
    }

    #[test]
    fn what_is_not_in_the_known_history_is_not_guessed() {
        assert_eq!(history().between("elsewhere", "e"), Err(Unlinked::OutsideHistory));
        assert_eq!(history().between("b", "elsewhere"), Err(Unlinked::OutsideHistory));
        // The walk from `a` runs into `root`, about which nothing is known, unless it is below the base.
        assert_eq!(history().between("a", "b").unwrap().commits, 1);
    }
}
