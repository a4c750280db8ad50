//! Accounts, organizations, teams, Apps.

use serde_json::{Value, json};

use super::{LONG_AGO, Shapes, and, encoded, node, permissions};
use crate::sandbox::state::{Account, AccountKind, App, Permission, Plan, Team};

impl Shapes<'_> {
    /// `simple-user`.
    pub(in crate::sandbox::github) fn account(self, account: &Account) -> Value {
        let (login, kind) = (&account.login, account.kind.as_str());
        let url = format!("{}/users/{}", self.api, encoded(login));
        json!({
            "login": login, "id": account.id, "node_id": node("U", account.id), "type": kind, "user_view_type": "public", "site_admin": false,
            "avatar_url": format!("{}/avatars/u/{}?v=4", self.web, account.id), "gravatar_id": "",
            "html_url": format!("{}/{}", self.web, encoded(login)), "url": url,
            "events_url": format!("{url}/events{{/privacy}}"), "followers_url": format!("{url}/followers"),
            "following_url": format!("{url}/following{{/other_user}}"), "gists_url": format!("{url}/gists{{/gist_id}}"),
            "organizations_url": format!("{url}/orgs"), "received_events_url": format!("{url}/received_events"),
            "repos_url": format!("{url}/repos"), "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
            "subscriptions_url": format!("{url}/subscriptions"),
        })
    }

    /// `simple-user` of a login; an account that does not exist any more is GitHub's `ghost`.
    pub(in crate::sandbox::github) fn login(self, login: &str) -> Value {
        let ghost = Account {
            id: 10137,
            login: "ghost".to_owned(),
            kind: AccountKind::User,
            plan: Plan::Free,
            owners: std::collections::BTreeSet::new(),
            members: std::collections::BTreeSet::new(),
        };
        self.account(self.people.account(login).unwrap_or(&ghost))
    }

    /// `public-user`.
    pub(in crate::sandbox::github) fn public_user(self, user: &Account) -> Value {
        let more = json!({
            "name": user.login, "company": null, "blog": "", "location": null, "email": null, "hireable": null, "bio": null,
            "public_repos": 1, "public_gists": 0, "followers": 0, "following": 0, "created_at": LONG_AGO, "updated_at": LONG_AGO,
        });
        and(self.account(user), more)
    }

    /// `private-user`: what an account sees of itself.
    pub(in crate::sandbox::github) fn private_user(self, user: &Account) -> Value {
        let more = json!({
            "user_view_type": "private", "private_gists": 0, "total_private_repos": 1, "owned_private_repos": 1, "disk_usage": 1,
            "collaborators": 1, "two_factor_authentication": true,
            "plan": {"name": user.plan.as_str(), "space": 976_562_499, "collaborators": 0, "private_repos": 9999},
        });
        and(self.public_user(user), more)
    }

    /// `team-organization`, and with the plan `organization-full`.
    pub(in crate::sandbox::github) fn organization(self, org: &Account, with_plan: bool) -> Value {
        let url = format!("{}/orgs/{}", self.api, org.login);
        let shape = json!({
            "login": org.login, "id": org.id, "node_id": node("O", org.id), "url": url, "repos_url": format!("{url}/repos"),
            "events_url": format!("{url}/events"), "hooks_url": format!("{url}/hooks"), "issues_url": format!("{url}/issues"),
            "members_url": format!("{url}/members{{/member}}"), "public_members_url": format!("{url}/public_members{{/member}}"),
            "avatar_url": format!("{}/avatars/u/{}?v=4", self.web, org.id), "description": "", "name": org.login,
            "html_url": format!("{}/{}", self.web, org.login), "has_organization_projects": true, "has_repository_projects": true,
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
    pub(in crate::sandbox::github) fn team(self, team: &Team, permission: &str) -> Value {
        let parent = team.parent.and_then(|parent| self.people.teams.get(&parent));
        and(self.team_simple(team, permission), json!({"parent": parent.map(|parent| self.team_simple(parent, "pull"))}))
    }

    fn team_simple(self, team: &Team, permission: &str) -> Value {
        let Team { id, org, slug, name, secret, .. } = team;
        let url = format!("{}/orgs/{org}/teams/{slug}", self.api);
        json!({
            "id": id, "node_id": node("T", *id), "url": url, "html_url": format!("{}/orgs/{org}/teams/{slug}", self.web), "name": name,
            "slug": slug, "description": null, "privacy": if *secret { "secret" } else { "closed" },
            "notification_setting": "notifications_enabled", "permission": permission, "members_url": format!("{url}/members{{/member}}"),
            "repositories_url": format!("{url}/repos"), "type": "organization",
        })
    }

    /// `team-full`.
    pub(in crate::sandbox::github) fn team_full(self, team: &Team, org: &Account) -> Value {
        let more = json!({
            "created_at": LONG_AGO, "updated_at": LONG_AGO, "members_count": team.members.len(), "repos_count": 1,
            "organization": self.organization(org, false),
        });
        and(self.team(team, "pull"), more)
    }

    /// `team-membership`.
    pub(in crate::sandbox::github) fn membership(self, team: &Team, login: &str) -> Value {
        let url = format!("{}/orgs/{}/teams/{}/memberships/{}", self.api, team.org, team.slug, encoded(login));
        json!({"url": url, "role": "member", "state": "active"})
    }

    /// `integration`.
    pub(in crate::sandbox::github) fn app(self, app: &App) -> Value {
        json!({
            "id": app.id, "slug": app.slug, "node_id": node("A", app.id), "owner": self.login(&app.owner), "name": app.slug, "description": "",
            "external_url": format!("https://{}.example.com", app.slug), "html_url": format!("{}/apps/{}", self.web, app.slug),
            "created_at": LONG_AGO, "updated_at": LONG_AGO,
            "permissions": {"actions": "read", "deployments": "write", "metadata": "read"}, "events": ["deployment_protection_rule"],
        })
    }

    /// `collaborator`.
    pub(in crate::sandbox::github) fn collaborator(self, account: &Account, permission: Permission) -> Value {
        and(self.account(account), json!({"permissions": permissions(permission), "role_name": permission.role()}))
    }
}
