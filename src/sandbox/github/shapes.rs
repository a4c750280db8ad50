//! GitHub's objects as JSON, with every key that its API description requires.
//!
//! Addresses in bodies name the real service, as nobody may follow them (fact G2.13).

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::Call;
use crate::sandbox::state::{
    Account, AccountKind, App, BranchPattern, CustomRule, Environment, People, Permission, Plan, PolicyMode, Repo, ReviewerRef, Secret,
    Team, Variable, Visibility,
};
use crate::sandbox::switches::{AnswerOrder, DeletedReviewer};

const API: &str = "https://api.github.com";
const WEB: &str = "https://github.com";
/// When everything that has no date of its own was made.
const LONG_AGO: &str = "2020-01-01T00:00:00Z";

pub(super) fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub(super) fn node(kind: &str, id: u64) -> String {
    format!("{kind}_{}", base64(&id.to_be_bytes()).trim_end_matches('='))
}

pub(super) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().enumerate().fold(0_u32, |bits, (place, byte)| bits | u32::from(*byte) << (16 - 8 * place));
        for place in 0..4_usize {
            let index = (bits >> (18 - 6 * place)) & 63;
            let letter = ALPHABET.get(index as usize).copied().unwrap_or(b'=');
            text.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

/// All that is not unreserved is encoded.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn encoded(name: &str) -> String {
    utf8_percent_encode(name, SEGMENT).to_string()
}

/// The value with more keys; both are objects.
fn and(mut value: Value, more: Value) -> Value {
    if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
        value.extend(more);
    }
    value
}

/// `simple-user`.
pub(super) fn account(account: &Account) -> Value {
    let (login, kind) = (&account.login, account.kind.as_str());
    let url = format!("{API}/users/{}", encoded(login));
    json!({
        "login": login, "id": account.id, "node_id": node("U", account.id), "type": kind, "user_view_type": "public", "site_admin": false,
        "avatar_url": format!("https://avatars.githubusercontent.com/u/{}?v=4", account.id), "gravatar_id": "",
        "html_url": format!("{WEB}/{}", encoded(login)), "url": url,
        "events_url": format!("{url}/events{{/privacy}}"), "followers_url": format!("{url}/followers"),
        "following_url": format!("{url}/following{{/other_user}}"), "gists_url": format!("{url}/gists{{/gist_id}}"),
        "organizations_url": format!("{url}/orgs"), "received_events_url": format!("{url}/received_events"),
        "repos_url": format!("{url}/repos"), "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{url}/subscriptions"),
    })
}

/// `simple-user` of a login; an account that nobody knows any more is GitHub's `ghost`.
pub(super) fn login(people: &People, login: &str) -> Value {
    let ghost = Account {
        id: 10137,
        login: "ghost".to_owned(),
        kind: AccountKind::User,
        plan: Plan::Free,
        owners: std::collections::BTreeSet::new(),
        members: std::collections::BTreeSet::new(),
    };
    account(people.account(login).unwrap_or(&ghost))
}

/// `public-user`.
pub(super) fn public_user(user: &Account) -> Value {
    let more = json!({
        "name": user.login, "company": null, "blog": "", "location": null, "email": null, "hireable": null, "bio": null,
        "public_repos": 1, "public_gists": 0, "followers": 0, "following": 0, "created_at": LONG_AGO, "updated_at": LONG_AGO,
    });
    and(account(user), more)
}

/// `private-user`: what an account sees of itself.
pub(super) fn private_user(user: &Account) -> Value {
    let more = json!({
        "user_view_type": "private", "private_gists": 0, "total_private_repos": 1, "owned_private_repos": 1, "disk_usage": 1,
        "collaborators": 1, "two_factor_authentication": true,
        "plan": {"name": user.plan.as_str(), "space": 976_562_499, "collaborators": 0, "private_repos": 9999},
    });
    and(public_user(user), more)
}

/// `team-organization`, and with the plan `organization-full`.
pub(super) fn organization(org: &Account, with_plan: bool) -> Value {
    let url = format!("{API}/orgs/{}", org.login);
    let shape = json!({
        "login": org.login, "id": org.id, "node_id": node("O", org.id), "url": url, "repos_url": format!("{url}/repos"),
        "events_url": format!("{url}/events"), "hooks_url": format!("{url}/hooks"), "issues_url": format!("{url}/issues"),
        "members_url": format!("{url}/members{{/member}}"), "public_members_url": format!("{url}/public_members{{/member}}"),
        "avatar_url": format!("https://avatars.githubusercontent.com/u/{}?v=4", org.id), "description": "", "name": org.login,
        "html_url": format!("{WEB}/{}", org.login), "has_organization_projects": true, "has_repository_projects": true,
        "public_repos": 1, "public_gists": 0, "followers": 0, "following": 0, "type": "Organization",
        "created_at": LONG_AGO, "updated_at": LONG_AGO, "archived_at": null,
    });
    let seats = org.members.len().max(1);
    let plan = json!({"plan": {
        "name": org.plan.as_str(), "space": 976_562_499, "private_repos": 999_999, "filled_seats": seats, "seats": seats
    }});
    if with_plan { and(shape, plan) } else { shape }
}

/// `team`; `permission` is the team's in a repository, or its default.
pub(super) fn team(people: &People, team: &Team, permission: &str) -> Value {
    let parent = team.parent.and_then(|parent| people.teams.get(&parent));
    and(team_simple(team, permission), json!({"parent": parent.map(|parent| team_simple(parent, "pull"))}))
}

fn team_simple(team: &Team, permission: &str) -> Value {
    let Team { id, org, slug, name, secret, .. } = team;
    let url = format!("{API}/organizations/{org}/team/{id}");
    json!({
        "id": id, "node_id": node("T", *id), "url": url, "html_url": format!("{WEB}/orgs/{org}/teams/{slug}"), "name": name, "slug": slug,
        "description": null, "privacy": if *secret { "secret" } else { "closed" }, "notification_setting": "notifications_enabled",
        "permission": permission, "members_url": format!("{url}/members{{/member}}"), "repositories_url": format!("{url}/repos"),
        "type": "organization",
    })
}

/// `team-full`.
pub(super) fn team_full(people: &People, it: &Team, org: &Account) -> Value {
    let more = json!({
        "created_at": LONG_AGO, "updated_at": LONG_AGO, "members_count": it.members.len(), "repos_count": 1,
        "organization": organization(org, false),
    });
    and(team(people, it, "pull"), more)
}

/// `integration`.
pub(super) fn app(people: &People, app: &App) -> Value {
    json!({
        "id": app.id, "slug": app.slug, "node_id": node("A", app.id), "owner": login(people, &app.owner), "name": app.slug, "description": "",
        "external_url": format!("https://{}.example.com", app.slug), "html_url": format!("{WEB}/apps/{}", app.slug),
        "created_at": LONG_AGO, "updated_at": LONG_AGO, "permissions": {"actions": "read", "deployments": "write", "metadata": "read"},
        "events": ["deployment_protection_rule"],
    })
}

/// An App as the custom-rule endpoints show it.
pub(super) fn rule_app(app: &App) -> Value {
    json!({"id": app.id, "node_id": node("A", app.id), "slug": app.slug, "integration_url": format!("{API}/apps/{}", app.slug)})
}

/// `deployment-protection-rule`.
pub(super) fn custom_rule(rule: &CustomRule, app: &App) -> Value {
    json!({"id": rule.id, "node_id": node("GA", rule.id), "enabled": rule.enabled, "app": rule_app(app)})
}

/// `deployment-branch-policy`.
pub(super) fn branch_policy(pattern: &BranchPattern) -> Value {
    json!({"id": pattern.id, "node_id": node("DBP", pattern.id), "name": pattern.name, "type": pattern.kind.as_str()})
}

/// `actions-variable`.
pub(super) fn variable(name: &str, variable: &Variable) -> Value {
    let Variable { value, created_at, updated_at } = variable;
    json!({"name": name, "value": value, "created_at": date(*created_at), "updated_at": date(*updated_at)})
}

/// `actions-secret`.
pub(super) fn secret(name: &str, secret: &Secret) -> Value {
    json!({"name": name, "created_at": date(secret.created_at), "updated_at": date(secret.updated_at)})
}

/// The five keys that name an environment elsewhere.
pub(super) fn environment_head(repo: &Repo, environment: &Environment) -> Value {
    let Environment { id, name, created_at, updated_at, .. } = environment;
    json!({
        "id": id, "node_id": node("EN", *id), "name": name,
        // As recorded: the name is raw in one and encoded in the other (fact G2.13).
        "url": format!("{API}/repos/{}/environments/{name}", repo.name),
        "html_url": format!("{WEB}/{}/deployments/activity_log?environments_filter={}", repo.name, encoded(name)),
        "created_at": date(*created_at), "updated_at": date(*updated_at),
    })
}

/// `environment`: a rule that is not configured has no entry (fact G1.1).
pub(super) fn environment(call: &Call<'_>, repo: &Repo, environment: &Environment) -> Value {
    let ids = environment.rule_ids;
    let mut rules = Vec::new();
    if environment.wait_timer > 0 {
        let timer = environment.wait_timer;
        rules.push(json!({"id": ids.wait_timer, "node_id": node("GA", ids.wait_timer), "type": "wait_timer", "wait_timer": timer}));
    }
    let reviewers = reviewers(call, &environment.reviewers);
    if !reviewers.is_empty() {
        rules.push(json!({
            "id": ids.required_reviewers, "node_id": node("GA", ids.required_reviewers), "type": "required_reviewers",
            "prevent_self_review": environment.prevent_self_review, "reviewers": reviewers,
        }));
    }
    if environment.policy.is_some() {
        rules.push(json!({"id": ids.branch_policy, "node_id": node("GA", ids.branch_policy), "type": "branch_policy"}));
    }
    if call.switches.answer_order == AnswerOrder::Reversed {
        rules.reverse();
    }
    let policy = environment
        .policy
        .map(|mode| json!({"protected_branches": mode == PolicyMode::Protected, "custom_branch_policies": mode == PolicyMode::Custom}));
    let gate = json!({"can_admins_bypass": environment.can_admins_bypass, "protection_rules": rules, "deployment_branch_policy": policy});
    and(environment_head(repo, environment), gate)
}

/// Reviewers with their accounts and teams.
pub(super) fn reviewers(call: &Call<'_>, reviewers: &[ReviewerRef]) -> Vec<Value> {
    let people = call.people;
    let shape = |reviewer: &ReviewerRef| {
        let (kind, shape) = match reviewer {
            ReviewerRef::User(id) => ("User", people.accounts.get(id).map(account)),
            ReviewerRef::Team(id) => ("Team", people.teams.get(id).map(|it| team(people, it, "pull"))),
        };
        let shown = shape.is_some() || call.switches.deleted_reviewer == DeletedReviewer::Null;
        shown.then(|| json!({"type": kind, "reviewer": shape}))
    };
    let mut all: Vec<Value> = reviewers.iter().filter_map(shape).collect();
    if call.switches.answer_order == AnswerOrder::Reversed {
        all.reverse();
    }
    all
}

/// `full-repository`; it also has every key of `minimal-repository` and `team-repository`.
pub(super) fn repository(people: &People, repo: &Repo, role: Permission) -> Value {
    let url = format!("{API}/repos/{}", repo.name);
    let web = format!("{WEB}/{}", repo.name);
    let mut shape = Map::new();
    for (key, tail) in REPOSITORY_URLS {
        shape.insert((*key).to_owned(), format!("{url}{tail}").into());
    }
    let more = json!({
        "id": repo.id, "node_id": node("R", repo.id), "name": repo.name.name(), "full_name": repo.name.to_string(),
        "owner": login(people, repo.name.owner()), "private": repo.visibility != Visibility::Public, "visibility": repo.visibility.as_str(),
        "archived": repo.archived, "disabled": repo.disabled, "default_branch": repo.default_branch, "html_url": web, "description": null,
        "fork": false, "url": url, "clone_url": format!("{web}.git"), "git_url": format!("git://github.com/{}.git", repo.name),
        "ssh_url": format!("git@github.com:{}.git", repo.name), "svn_url": web, "mirror_url": null, "homepage": null, "language": null,
        "license": null,
    });
    let counts = json!({
        "forks": 0, "forks_count": 0, "open_issues": 0, "open_issues_count": 0, "stargazers_count": 0, "watchers": 0,
        "watchers_count": 0, "network_count": 0, "subscribers_count": 0, "size": 1, "has_issues": true, "has_projects": true,
        "has_wiki": true, "has_pages": false, "has_downloads": true, "has_discussions": false,
        "pushed_at": LONG_AGO, "created_at": LONG_AGO, "updated_at": LONG_AGO, "permissions": permissions(role),
    });
    and(and(Value::Object(shape), more), counts)
}

/// The five booleans of a role.
pub(super) fn permissions(role: Permission) -> Value {
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
