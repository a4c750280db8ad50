//! Environments, their rules, variables and secrets.

use serde_json::{Value, json};

use super::{Shapes, and, date, encoded, node};
use crate::sandbox::state::{
    App, BranchPattern, CustomRule, Environment, OrganizationVariable, PolicyMode, Repo, ReviewerRef, Secret, Variable,
};
use crate::sandbox::switches::{AnswerOrder, DeletedReviewer};

impl Shapes<'_> {
    /// An App as the custom-rule endpoints show it.
    pub(in crate::sandbox::github) fn rule_app(self, app: &App) -> Value {
        let url = format!("{}/apps/{}", self.api, app.slug);
        json!({"id": app.id, "node_id": node("A", app.id), "slug": app.slug, "integration_url": url})
    }

    /// `deployment-protection-rule`.
    pub(in crate::sandbox::github) fn custom_rule(self, rule: &CustomRule, app: &App) -> Value {
        json!({"id": rule.id, "node_id": node("GA", rule.id), "enabled": rule.enabled, "app": self.rule_app(app)})
    }

    /// `deployment-branch-policy`.
    pub(in crate::sandbox::github) fn branch_policy(self, pattern: &BranchPattern) -> Value {
        json!({"id": pattern.id, "node_id": node("DBP", pattern.id), "name": pattern.name, "type": pattern.kind.as_str()})
    }

    /// `actions-variable`.
    pub(in crate::sandbox::github) fn variable(self, name: &str, variable: &Variable) -> Value {
        let Variable { value, created_at, updated_at } = variable;
        json!({"name": name, "value": value, "created_at": date(*created_at), "updated_at": date(*updated_at)})
    }

    /// `organization-actions-variable`.
    pub(in crate::sandbox::github) fn organization_variable(self, name: &str, held: &OrganizationVariable) -> Value {
        and(self.variable(name, &held.variable), json!({"visibility": held.readers.as_str()}))
    }

    /// `actions-secret`.
    pub(in crate::sandbox::github) fn secret(self, name: &str, secret: &Secret) -> Value {
        json!({"name": name, "created_at": date(secret.created_at), "updated_at": date(secret.updated_at)})
    }

    /// The keys that name an environment elsewhere.
    pub(in crate::sandbox::github) fn environment_head(self, repo: &Repo, environment: &Environment) -> Value {
        let Environment { id, name, created_at, updated_at, .. } = environment;
        json!({
            "id": id, "node_id": node("EN", *id), "name": name,
            // As recorded: the name is raw in one and encoded in the other (fact G2.13).
            "url": format!("{}/repos/{}/environments/{name}", self.api, repo.name),
            "html_url": format!("{}/{}/deployments/activity_log?environments_filter={}", self.web, repo.name, encoded(name)),
            "created_at": date(*created_at), "updated_at": date(*updated_at),
        })
    }

    /// `environment`: a rule that is not configured has no entry (fact G1.1).
    pub(in crate::sandbox::github) fn environment(self, repo: &Repo, environment: &Environment) -> Value {
        let ids = environment.rule_ids;
        let mut rules = Vec::new();
        if environment.wait_timer > 0 {
            let timer = environment.wait_timer;
            rules.push(json!({"id": ids.wait_timer, "node_id": node("GA", ids.wait_timer), "type": "wait_timer", "wait_timer": timer}));
        }
        let reviewers = self.reviewers(&environment.reviewers);
        if !reviewers.is_empty() {
            rules.push(json!({
                "id": ids.required_reviewers, "node_id": node("GA", ids.required_reviewers), "type": "required_reviewers",
                "prevent_self_review": environment.prevent_self_review, "reviewers": reviewers,
            }));
        }
        if environment.policy.is_some() {
            rules.push(json!({"id": ids.branch_policy, "node_id": node("GA", ids.branch_policy), "type": "branch_policy"}));
        }
        if self.switches.answer_order == AnswerOrder::Reversed {
            rules.reverse();
        }
        let policy = environment
            .policy
            .map(|mode| json!({"protected_branches": mode == PolicyMode::Protected, "custom_branch_policies": mode == PolicyMode::Custom}));
        let gate =
            json!({"can_admins_bypass": environment.can_admins_bypass, "protection_rules": rules, "deployment_branch_policy": policy});
        and(self.environment_head(repo, environment), gate)
    }

    /// Reviewers with their accounts and teams.
    pub(in crate::sandbox::github) fn reviewers(self, reviewers: &[ReviewerRef]) -> Vec<Value> {
        let people = self.people;
        let shape = |reviewer: &ReviewerRef| {
            let (kind, shape) = match reviewer {
                ReviewerRef::User(id) => ("User", people.accounts.get(id).map(|it| self.account(it))),
                ReviewerRef::Team(id) => ("Team", people.teams.get(id).map(|it| self.team(it, "pull"))),
            };
            let shown = shape.is_some() || self.switches.deleted_reviewer == DeletedReviewer::Null;
            shown.then(|| json!({"type": kind, "reviewer": shape}))
        };
        let mut all: Vec<Value> = reviewers.iter().filter_map(shape).collect();
        if self.switches.answer_order == AnswerOrder::Reversed {
            all.reverse();
        }
        all
    }
}
