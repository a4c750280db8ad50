//! Who changed what was deployed: commits and pull requests by list, reviews and mergers one by one, within an allowance.
//!
//! Owns the requests and how many there may be. What they do not reach stays unknown.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use jiff::Timestamp;

use super::super::changes::{Changes, Commit, PullRequest};
use super::super::target::PER_PAGE;
use super::super::{Account, Deployment, wire};
use crate::http::{ApiError, Reader};
use crate::model::RepoName;
use crate::providers::github::target::repo_target;

/// Pages beyond one for each hundred deployments: for runs, commits and pull requests that belong to no deployment.
const SPARE_PAGES: usize = 2;

/// The request allowance for who changed what, promised by `docs/evidence.md`.
pub(super) struct Allowance {
    /// Pages of each list.
    pub(super) pages: usize,
    /// Requests in all.
    requests: usize,
}

impl Allowance {
    /// The allowance for this many deployments.
    pub(super) const fn of(deployments: usize) -> Self {
        Self { pages: deployments / PER_PAGE + SPARE_PAGES, requests: deployments + deployments / 50 + 10 }
    }
}

/// The commits below a deployed one and the merged pull requests, back to the oldest deployment; then reviews and mergers, as far as
/// the allowance goes. What it does not reach stays unknown.
pub(super) async fn changes(
    reader: &Reader,
    repo: &RepoName,
    head: &str,
    oldest: &Deployment,
    allowance: &Allowance,
) -> Result<Changes, ApiError> {
    let pages = allowance.pages;
    let commits = async {
        let target = repo_target(repo).join("commits").query("sha", head).query("per_page", PER_PAGE);
        let mut found: Vec<Commit> = Vec::new();
        for page in 1..=pages {
            let (listed, has_next) = reader.get_page::<Vec<wire::WireCommit>>(&target.clone().query("page", page)).await?;
            let full = listed.len() >= PER_PAGE;
            found.extend(listed.into_iter().map(Commit::from));
            if found.iter().any(|commit| commit.sha == oldest.sha) || !(has_next || full) {
                break;
            }
        }
        Ok::<_, ApiError>(found)
    };
    let (commits, merged, mergers) = tokio::join!(
        commits,
        merged_pull_requests(reader, repo, oldest.created_at, pages),
        mergers(reader, repo, oldest.created_at, pages)
    );
    let mut changes = Changes::new(commits?, merged?.pulls);
    // Three lists were read; the rest of the allowance goes to reviews first.
    let (requests, mut asked) = (allowance.requests.saturating_sub(3 * pages), 0);
    let mut wanted = changes.pull_requests();
    for pull in &mut wanted {
        pull.merged_by = mergers.get(&pull.merge_commit).cloned();
    }
    let pull_target = |number: u64| repo_target(repo).join("pulls").join(&number.to_string());
    let answers = join_all(wanted.iter().take(requests).map(|pull| async move {
        let target = pull_target(pull.number).join("reviews").query("per_page", PER_PAGE);
        // Only one page is read: with a next one, later reviews are not known.
        reader.get_page::<Vec<wire::WireReview>>(&target).await.ok().filter(|(_, has_next)| !has_next).map(|(listed, _)| listed)
    }))
    .await;
    for (pull, reviews) in wanted.iter_mut().zip(answers) {
        pull.approved_by = reviews.map(wire::WireReview::approvers);
        asked += 1;
    }
    let unnamed = wanted.into_iter().filter(|pull| pull.merged_by.is_none()).take(requests.saturating_sub(asked));
    join_all(unnamed.map(|pull| async move {
        let answer = reader.get_json::<wire::WireMerged>(&pull_target(pull.number)).await;
        pull.merged_by = answer.ok().and_then(wire::WireMerged::by);
    }))
    .await;
    Ok(changes)
}

/// Who merged what since a moment, by the commit that each merge brought (fact G1.8). What cannot be read is not known.
async fn mergers(reader: &Reader, repo: &RepoName, since: Timestamp, pages: usize) -> BTreeMap<String, Account> {
    let target = repo_target(repo).join("activity").query("activity_type", "pr_merge").query("per_page", PER_PAGE);
    let mut found = BTreeMap::new();
    let mut next = target.clone();
    for _ in 0..pages {
        let Ok((listed, cursor)) = reader.get_cursor_page::<Vec<wire::WireActivity>>(&next).await else { break };
        let passed = listed.last().is_none_or(|last| last.timestamp < since);
        found.extend(listed.into_iter().filter_map(wire::WireActivity::by));
        match cursor {
            Some(cursor) if !passed => next = target.clone().query("after", cursor),
            _ => break,
        }
    }
    found
}

/// Pull requests that were merged, the last updated first.
pub(in crate::providers::github::runs) struct MergedLately {
    pub(in crate::providers::github::runs) pulls: Vec<PullRequest>,
    /// Whether these are all that were updated since then.
    pub(in crate::providers::github::runs) complete: bool,
}

/// Reads the merged pull requests that were updated since a moment, within a budget of pages.
pub(in crate::providers::github::runs) async fn merged_pull_requests(
    reader: &Reader,
    repo: &RepoName,
    since: Timestamp,
    budget: usize,
) -> Result<MergedLately, ApiError> {
    let target = repo_target(repo).join("pulls").query("state", "closed").query("sort", "updated").query("direction", "desc");
    let mut pulls: Vec<PullRequest> = Vec::new();
    for page in 1..=budget {
        let target = target.clone().query("per_page", PER_PAGE).query("page", page);
        let (listed, has_next) = reader.get_page::<Vec<wire::WirePull>>(&target).await?;
        let full = listed.len() >= PER_PAGE;
        let passed = listed.last().is_some_and(|last| last.updated_at() < since);
        pulls.extend(listed.into_iter().filter_map(wire::WirePull::merged));
        if passed || !(has_next || full) {
            return Ok(MergedLately { pulls, complete: true });
        }
    }
    Ok(MergedLately { pulls, complete: false })
}
