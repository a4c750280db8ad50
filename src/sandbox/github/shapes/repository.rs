//! Repositories, their branches and rulesets.

use serde_json::{Map, Value, json};

use super::{LONG_AGO, Shapes, and, encoded_path, node};
use crate::sandbox::state::{Branch, Commit, Permission, PropertyValue, Repo, Ruleset, Visibility};

impl Shapes<'_> {
    /// `full-repository`; it also has every key of `repository`, `minimal-repository` and `team-repository`.
    pub(in crate::sandbox::github) fn repository(self, repo: &Repo, role: Permission) -> Value {
        let url = format!("{}/repos/{}", self.api, repo.name);
        let web = format!("{}/{}", self.web, repo.name);
        let mut shape = Map::new();
        for (key, tail) in REPOSITORY_URLS {
            shape.insert((*key).to_owned(), format!("{url}{tail}").into());
        }
        let properties: Map<String, Value> = repo.properties.iter().map(|(name, it)| (name.clone(), value(it))).collect();
        let more = json!({
            "id": repo.id, "node_id": node("R", repo.id), "name": repo.name.name(), "full_name": repo.name.to_string(),
            "owner": self.login(repo.name.owner()), "private": repo.visibility != Visibility::Public, "visibility": repo.visibility.as_str(),
            "archived": repo.archived, "disabled": repo.disabled, "default_branch": repo.default_branch, "html_url": web, "description": null,
            "fork": false, "url": url, "clone_url": format!("{web}.git"), "git_url": format!("{web}.git").replacen("http", "git", 1),
            "ssh_url": format!("git@{}:{}.git", self.host(), repo.name), "svn_url": web, "mirror_url": null, "homepage": null, "language": null,
            "license": null, "custom_properties": properties,
        });
        let counts = json!({
            "forks": 0, "forks_count": 0, "open_issues": 0, "open_issues_count": 0, "stargazers_count": 0, "watchers": 0,
            "watchers_count": 0, "network_count": 0, "subscribers_count": 0, "size": 1, "has_issues": true, "has_projects": true,
            "has_wiki": true, "has_pages": false, "has_downloads": true, "has_discussions": false,
            "pushed_at": LONG_AGO, "created_at": LONG_AGO, "updated_at": LONG_AGO, "permissions": permissions(role),
        });
        and(and(Value::Object(shape), more), counts)
    }

    /// `custom-property-value`s.
    pub(in crate::sandbox::github) fn properties(self, repo: &Repo) -> Value {
        repo.properties.iter().map(|(name, it)| json!({"property_name": name, "value": value(it)})).collect()
    }

    /// `short-branch`.
    pub(in crate::sandbox::github) fn branch(self, repo: &Repo, branch: &Branch) -> Value {
        let protected = repo.protects(&branch.name, self.switches.rulesets);
        let sha = repo.head(&branch.name);
        let url = format!("{}/repos/{}", self.api, repo.name);
        json!({
            "name": branch.name, "commit": {"sha": sha, "url": format!("{url}/commits/{sha}")}, "protected": protected,
            "protection": {"enabled": protected}, "protection_url": format!("{url}/branches/{}/protection", encoded_path(&branch.name)),
        })
    }

    /// `branch-with-protection`.
    pub(in crate::sandbox::github) fn branch_whole(self, repo: &Repo, branch: &Branch, commit: &Commit) -> Value {
        let place = encoded_path(&branch.name);
        let (api, web) = (format!("{}/repos/{}", self.api, repo.name), format!("{}/{}", self.web, repo.name));
        let links = json!({"self": format!("{api}/branches/{place}"), "html": format!("{web}/tree/{place}")});
        and(self.branch(repo, branch), json!({"commit": self.commit(repo, commit), "_links": links}))
    }

    /// `branch-protection`, with no field except that it exists.
    pub(in crate::sandbox::github) fn branch_protection(self, repo: &Repo, branch: &str) -> Value {
        let url = format!("{}/repos/{}/branches/{}/protection", self.api, repo.name, encoded_path(branch));
        let off = json!({"enabled": false});
        json!({
            "url": url, "enforce_admins": {"url": format!("{url}/enforce_admins"), "enabled": false}, "required_linear_history": off,
            "allow_force_pushes": off, "allow_deletions": off,
        })
    }

    /// What a list of rulesets shows of each.
    pub(in crate::sandbox::github) fn ruleset(self, repo: &Repo, set: &Ruleset) -> Value {
        json!({
            "id": set.id, "name": set.name, "target": set.target.as_str(), "source_type": "Repository", "source": repo.name.to_string(),
            "enforcement": if set.active { "active" } else { "disabled" }, "node_id": node("RRS", set.id),
        })
    }
}

fn value(value: &PropertyValue) -> Value {
    match value {
        PropertyValue::One(text) => json!(text),
        PropertyValue::Many(texts) => json!(texts),
    }
}

/// The five booleans of a role.
pub(in crate::sandbox::github) fn permissions(role: Permission) -> Value {
    json!({
        "admin": role >= Permission::Admin, "maintain": role >= Permission::Maintain, "push": role >= Permission::Write,
        "triage": role >= Permission::Triage, "pull": role >= Permission::Read,
    })
}

const REPOSITORY_URLS: &[(&str, &str)] = &[
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
];
