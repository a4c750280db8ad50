//! Pull requests and their reviews.

use serde_json::{Value, json};

use super::{Shapes, and, date, node};
use crate::sandbox::state::{Permission, Pull, Repo, Review};

impl Shapes<'_> {
    /// `pull-request-simple`.
    pub(in crate::sandbox::github) fn pull_simple(self, repo: &Repo, pull: &Pull) -> Value {
        let Pull { number, .. } = pull;
        let (api, web) = (format!("{}/repos/{}", self.api, repo.name), format!("{}/{}/pull/{number}", self.web, repo.name));
        let (url, issue, user) = (format!("{api}/pulls/{number}"), format!("{api}/issues/{number}"), self.login(&pull.author));
        let head = pull.commits.last().cloned().unwrap_or_default();
        let (merged_at, closed) = (pull.merged.as_ref().map(|merged| date(merged.at)), pull.merged.is_some());
        let end = |name: &str, sha: &str| {
            let label = format!("{}:{name}", repo.name.owner());
            json!({
                "label": label, "ref": name, "sha": sha, "user": self.login(repo.name.owner()), "repo": self.repository(repo, Permission::Read),
            })
        };
        let links = json!({
            "self": {"href": url}, "html": {"href": web}, "issue": {"href": issue}, "comments": {"href": format!("{issue}/comments")},
            "review_comments": {"href": format!("{url}/comments")}, "review_comment": {"href": format!("{api}/pulls/comments{{/number}}")},
            "commits": {"href": format!("{url}/commits")}, "statuses": {"href": format!("{api}/statuses/{head}")},
        });
        json!({
            "id": pull.id, "node_id": node("PR", pull.id), "number": number, "state": if closed { "closed" } else { "open" }, "locked": false,
            "title": pull.title, "body": null, "user": user, "labels": [], "milestone": null, "assignee": null, "assignees": [],
            "requested_reviewers": [], "requested_teams": [], "draft": false, "auto_merge": null, "author_association": "MEMBER",
            "created_at": date(pull.created_at), "updated_at": merged_at.clone().unwrap_or_else(|| date(pull.created_at)),
            "closed_at": merged_at, "merged_at": merged_at, "merge_commit_sha": pull.merged.as_ref().map(|merged| merged.sha.as_str()),
            "url": url, "html_url": web, "diff_url": format!("{web}.diff"), "patch_url": format!("{web}.patch"), "issue_url": issue,
            "commits_url": format!("{url}/commits"), "review_comments_url": format!("{url}/comments"),
            "review_comment_url": format!("{api}/pulls/comments{{/number}}"), "comments_url": format!("{issue}/comments"),
            "statuses_url": format!("{api}/statuses/{head}"), "_links": links, "head": end(&pull.head, &head),
            "base": end(&pull.base, &repo.head(&pull.base)),
        })
    }

    /// `pull-request`.
    pub(in crate::sandbox::github) fn pull(self, repo: &Repo, pull: &Pull) -> Value {
        let more = json!({
            "merged": pull.merged.is_some(), "merged_by": pull.merged.as_ref().map(|merged| self.login(&merged.by)), "mergeable": null,
            "mergeable_state": "unknown", "rebaseable": null, "comments": 0, "review_comments": 0, "maintainer_can_modify": false,
            "commits": pull.commits.len(), "additions": 1, "deletions": 0, "changed_files": 1,
        });
        and(self.pull_simple(repo, pull), more)
    }

    /// `pull-request-review`.
    pub(in crate::sandbox::github) fn review(self, repo: &Repo, pull: &Pull, review: &Review) -> Value {
        let url = format!("{}/repos/{}/pulls/{}", self.api, repo.name, pull.number);
        let web = format!("{}/{}/pull/{}#pullrequestreview-{}", self.web, repo.name, pull.number, review.id);
        json!({
            "id": review.id, "node_id": node("PRR", review.id), "user": self.login(&review.user), "body": "", "state": review.state,
            "html_url": web, "pull_request_url": url, "_links": {"html": {"href": web}, "pull_request": {"href": url}},
            "submitted_at": date(review.submitted_at), "commit_id": review.commit, "author_association": "MEMBER",
        })
    }
}
