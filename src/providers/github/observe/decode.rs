//! What an answer about an environment means, read strictly: what is not fully understood is unknown (law 1).
//!
//! Pure. Owns the meaning of the wire shapes. Must not send requests. Tested here, and over HTTP by `tests/reconcile/undecodable.rs`.

use serde::Deserialize as _;
use serde_json::Value;

use crate::model::{EnvName, RepoName, Unknown};

use super::super::live::{LiveEnvironment, LiveReviewer, PolicyMode, Repository, Visibility};
use super::wire;

/// Words of GitHub for kinds of accounts; any other makes its environment unknown.
const ACCOUNT_KINDS: [&str; 4] = ["User", "Bot", "Organization", "Mannequin"];

/// The types of an environment's rules; custom ones have a list of their own (fact G1.1). Any other makes its environment unknown.
const RULE_TYPES: [&str; 3] = ["required_reviewers", "wait_timer", "branch_policy"];

/// The account that GitHub shows in place of deleted ones.
const GHOST: &str = "ghost";

/// The suffix of logins of GitHub Apps.
const APP_LOGIN: &str = "[bot]";

/// One entry of an organization's list of repositories: its name, and the rest as far as it is understood.
///
/// # Errors
/// If it has no usable name: then the list proves nothing.
pub(in crate::providers::github) fn listed(value: &Value) -> Result<(RepoName, Result<Repository, String>), String> {
    let name = value.get("full_name").and_then(Value::as_str).ok_or("a repository has no `full_name`")?;
    let name = RepoName::parse(name).map_err(|error| error.to_string())?;
    let found = wire::Repository::deserialize(value).map_err(|error| format!("{name}: {error}"));
    Ok((name.clone(), found.and_then(|found| repository(name, found))))
}

/// A repository, as it and its organization's list describe it.
///
/// # Errors
/// If it does not say who can see it: it decides which rules the billing plan enforces (fact G2.3), so it is not guessed.
pub(super) fn repository(name: RepoName, found: wire::Repository) -> Result<Repository, String> {
    let visibility = match (found.visibility.as_deref(), found.private) {
        (Some("public"), Some(false) | None) | (None, Some(false)) => Visibility::Public,
        (Some("internal"), Some(true) | None) => Visibility::Internal,
        (Some("private"), None) | (None, Some(true)) => Visibility::Private,
        // An unknown word counts as private.
        (Some(word), Some(true)) if word != "public" => Visibility::Private,
        (said, private) => {
            return Err(format!("the repository's visibility is unclear: `visibility` is {said:?} and `private` is {private:?}"));
        }
    };
    Ok(Repository {
        name,
        visibility,
        archived: found.archived,
        in_organization: found.owner.kind == "Organization",
        default_branch: found.default_branch,
        admin: found.permissions.and_then(|permissions| permissions.admin),
    })
}

/// One entry of the list of environments: its name, and the rest as far as it is understood.
///
/// # Errors
/// If it has no usable name: then the list proves nothing.
pub(super) fn entry(value: &Value) -> Result<(EnvName, Result<LiveEnvironment, Unknown>), String> {
    let name = value.get("name").and_then(Value::as_str).ok_or("an environment has no `name`")?;
    let name = EnvName::new(name).map_err(|error| error.to_string())?;
    let environment = environment(&name, value).map_err(|reason| not_understood(&name, &reason));
    Ok((name, environment))
}

fn not_understood(name: &EnvName, reason: &str) -> Unknown {
    Unknown::new(
        format!("GitHub's description of `{name}` is not fully understood: {reason}"),
        "it is neither judged nor written; check it in the repository's settings, and look for a newer gatectl",
    )
}

fn environment(name: &EnvName, value: &Value) -> Result<LiveEnvironment, String> {
    let one: wire::WireEnvironment = serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
    let rules = one.protection_rules.ok_or("`protection_rules` is missing or null")?;
    let of_kind = |kind: &str| -> Result<Option<&wire::Rule>, String> {
        let mut all = rules.iter().filter(|rule| rule.kind == kind);
        let first = all.next();
        if all.next().is_some() { Err(format!("it has more than one `{kind}` rule")) } else { Ok(first) }
    };
    if let Some(rule) = rules.iter().find(|rule| !RULE_TYPES.contains(&rule.kind.as_str())) {
        return Err(format!("it has a rule of type `{}`", rule.kind));
    }
    // A rule that is not configured has no entry (fact G1.1).
    let (mut reviewers, mut prevent_self_review) = (Vec::new(), false);
    if let Some(rule) = of_kind("required_reviewers")? {
        let entries = rule.reviewers.as_ref().ok_or("its `required_reviewers` rule has no list `reviewers`")?;
        reviewers = entries.iter().map(reviewer).collect::<Result<Vec<_>, _>>()?;
        prevent_self_review = rule.prevent_self_review.ok_or("its `required_reviewers` rule has no flag `prevent_self_review`")?;
    }
    let wait_timer = match of_kind("wait_timer")? {
        Some(rule) => rule.wait_timer.ok_or("its `wait_timer` rule has no number of minutes")?,
        None => 0,
    };
    let policy = match one.deployment_branch_policy.ok_or("`deployment_branch_policy` is missing")? {
        Some(flags) => match (flags.protected_branches, flags.custom_branch_policies) {
            (false, true) => PolicyMode::Selected,
            (true, false) => PolicyMode::Protected,
            // GitHub never has the two equal (fact G2.6), so their meaning is open.
            _ => return Err("the two flags of `deployment_branch_policy` are equal".to_owned()),
        },
        None if of_kind("branch_policy")?.is_some() => {
            return Err("it lists a `branch_policy` rule, and `deployment_branch_policy` is null".to_owned());
        }
        None => PolicyMode::All,
    };
    reviewers.sort();
    reviewers.dedup();
    Ok(LiveEnvironment {
        name: name.clone(),
        id: one.id,
        reviewers,
        prevent_self_review,
        can_admins_bypass: one.can_admins_bypass,
        wait_timer,
        policy,
        patterns: None,
        protection_rules: None,
        variables: None,
        secrets: None,
    })
}

/// A reviewer whose kind and identity are certain. A PUT sends ids by kind: the wrong kind is another person.
fn reviewer(entry: &Value) -> Result<LiveReviewer, String> {
    let entry: wire::ReviewerEntry = serde_json::from_value(entry.clone()).map_err(|error| format!("a reviewer: {error}"))?;
    let Some(shown) = entry.reviewer else {
        return Err(format!("a reviewer of type `{}` is null, which can happen when an account is deleted", entry.kind));
    };
    if shown.id == 0 {
        return Err(format!("a reviewer of type `{}` has id 0", entry.kind));
    }
    let slug = || shown.slug.clone().filter(|slug| !slug.is_empty()).ok_or_else(|| format!("the {} {} has no slug", entry.kind, shown.id));
    let node_says = |prefix: &str| shown.node_id.as_deref().is_some_and(|node| node.starts_with(prefix));
    match entry.kind.as_str() {
        "User" => {
            let login = shown.login.filter(|login| !login.is_empty()).ok_or_else(|| format!("the user {} has no login", shown.id))?;
            if shown.slug.is_some() {
                return Err(format!("the reviewer {} is described both as a user and as a team", shown.id));
            }
            if login == GHOST {
                return Err("the reviewer `ghost` stands for a deleted account".to_owned());
            }
            let kind = shown.kind.ok_or_else(|| format!("the reviewer `{login}` has no type"))?;
            if !ACCOUNT_KINDS.contains(&kind.as_str()) {
                return Err(format!("the reviewer `{login}` is of type `{kind}`"));
            }
            if login.ends_with(APP_LOGIN) && kind != "Bot" {
                return Err(format!("the reviewer `{login}` is named like an app and not of type `Bot`"));
            }
            Ok(LiveReviewer::User { login, id: shown.id, kind })
        }
        "Team" => {
            let slug = slug()?;
            // What an enterprise team looks like (fact G2.5).
            if shown.login.is_some() || slug.contains(':') || node_says("ET_") {
                return Err(format!("the team `{slug}` (id {}) is not described as a team of the organization", shown.id));
            }
            Ok(LiveReviewer::Team { slug, id: shown.id })
        }
        "BusinessTeam" => Ok(LiveReviewer::EnterpriseTeam { slug: slug()?, id: shown.id }),
        other => Err(format!("a reviewer (id {}) is of type `{other}`", shown.id)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with_rules(rules: Value) -> Value {
        json!({"id": 1, "name": "production", "protection_rules": rules, "deployment_branch_policy": null})
    }

    fn with_reviewers(reviewers: Value) -> Value {
        with_rules(json!([{"type": "required_reviewers", "prevent_self_review": true, "reviewers": reviewers}]))
    }

    fn decoded(value: &Value) -> Result<LiveEnvironment, Unknown> {
        entry(value).unwrap().1
    }

    #[test]
    fn what_is_understood_is_read_as_what_it_is() {
        let value = with_reviewers(json!([
            {"type": "Team", "reviewer": {"id": 7, "slug": "sre", "node_id": "T_x"}},
            {"type": "User", "reviewer": {"id": 1, "login": "alice", "type": "User"}},
            {"type": "BusinessTeam", "reviewer": {"id": 9, "slug": "ent:platform", "node_id": "ET_x"}},
            {"type": "User", "reviewer": {"id": 3, "login": "ci[bot]", "type": "Bot"}},
        ]));
        let environment = decoded(&value).unwrap();
        assert_eq!(environment.reviewers.len(), 4);
        assert!(environment.reviewers.contains(&LiveReviewer::EnterpriseTeam { slug: "ent:platform".to_owned(), id: 9 }));
        assert!(environment.prevent_self_review);
        assert!(decoded(&with_rules(json!([]))).unwrap().reviewers.is_empty());
    }

    #[test]
    fn a_reviewer_that_is_not_fully_understood_makes_the_environment_unknown() {
        let user = |more: Value| {
            let mut user = json!({"id": 1, "login": "alice", "type": "User"});
            user.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({"type": "User", "reviewer": user})
        };
        let entries = [
            json!({"type": "User", "reviewer": null}),
            json!({"type": "User"}),
            json!({"reviewer": {"id": 1, "login": "alice", "type": "User"}}),
            json!({"type": null, "reviewer": {"id": 1, "login": "alice", "type": "User"}}),
            json!({"type": "Role", "reviewer": {"id": 1003}}),
            json!({"type": "EnterpriseTeam", "reviewer": {"id": 4, "slug": "all"}}),
            json!({"type": "Integration", "reviewer": {"id": 4, "slug": "an-app"}}),
            json!({"type": "Bot", "reviewer": {"id": 4, "login": "ci[bot]", "type": "Bot"}}),
            json!({"type": "User", "reviewer": {"id": 4, "login": "ci[bot]"}}),
            json!({"type": "User", "reviewer": {"id": 4}}),
            json!({"type": "User", "reviewer": {"id": 4, "login": "alice"}}),
            user(json!({"type": null})),
            json!({"type": "Team", "reviewer": {"id": 4, "name": "Only a name"}}),
            json!({"type": "Team", "reviewer": {"id": 4, "slug": "ent:all", "node_id": "ET_x"}}),
            json!({"type": "Team", "reviewer": {"id": 4, "slug": "ent:all"}}),
            json!({"type": "Team", "reviewer": {"id": 4, "slug": "all", "node_id": "ET_x"}}),
            json!({"type": "Team", "reviewer": {"id": 4, "slug": "all", "login": "alice"}}),
            json!({"type": "Team", "reviewer": {"id": 4, "login": "alice", "type": "User"}}),
            json!({"type": "BusinessTeam", "reviewer": null}),
            json!("alice"),
            user(json!({"login": ""})),
            user(json!({"login": "ghost"})),
            user(json!({"id": 0})),
            user(json!({"id": "1"})),
            user(json!({"type": "Agent"})),
            user(json!({"slug": "alice"})),
        ];
        for entry in entries {
            let unknown = decoded(&with_reviewers(json!([entry.clone()]))).expect_err(&entry.to_string());
            assert!(unknown.reason.contains("`production`"), "{}", unknown.reason);
            if let Some(kind) = entry.get("type").and_then(Value::as_str).filter(|kind| !["User", "Team"].contains(kind)) {
                assert!(unknown.reason.contains(kind), "the raw type is named: {}", unknown.reason);
            }
        }
    }

    #[test]
    fn who_sees_a_repository_is_read_only_from_words_that_agree() {
        let of = |visibility: Value, private: Value, owner: &str| {
            let found = json!({"full_name": "acme/shop", "visibility": visibility, "private": private, "archived": false,
                "default_branch": "main", "owner": {"type": owner}});
            listed(&found).unwrap().1.map(|found| (found.visibility, found.in_organization)).ok()
        };
        for (visibility, private, want) in [
            (json!("public"), json!(false), Some(Visibility::Public)),
            (json!("public"), Value::Null, Some(Visibility::Public)),
            (Value::Null, json!(false), Some(Visibility::Public)),
            (json!("internal"), json!(true), Some(Visibility::Internal)),
            (json!("private"), json!(true), Some(Visibility::Private)),
            (Value::Null, json!(true), Some(Visibility::Private)),
            (json!("a new word"), json!(true), Some(Visibility::Private)),
            (json!("public"), json!(true), None),
            (json!("private"), json!(false), None),
            (json!("a new word"), json!(false), None),
            (json!("a new word"), Value::Null, None),
            (Value::Null, Value::Null, None),
        ] {
            assert_eq!(of(visibility.clone(), private.clone(), "Organization"), want.map(|want| (want, true)), "{visibility} {private}");
            assert_eq!(of(visibility, private, "User"), want.map(|want| (want, false)));
        }
    }

    #[test]
    fn a_list_that_is_missing_is_not_an_empty_one() {
        let without = |key: &str| {
            let mut value = with_rules(json!([]));
            value.as_object_mut().unwrap().remove(key);
            value
        };
        let policy = |policy: Value| json!({"id": 1, "name": "production", "protection_rules": [], "deployment_branch_policy": policy});
        let cases = [
            without("protection_rules"),
            with_rules(Value::Null),
            with_rules(json!([{"type": "required_reviewers"}])),
            with_rules(json!([{"type": "required_reviewers", "prevent_self_review": true, "reviewers": null}])),
            with_rules(json!([{"type": "required_reviewers", "reviewers": []}])),
            with_rules(json!([{"type": "required_reviewers", "prevent_self_review": null, "reviewers": []}])),
            without("deployment_branch_policy"),
            with_rules(json!([{"type": "quorum"}])),
            with_rules(json!([{"type": "wait_timer"}])),
            with_rules(json!([{"type": "wait_timer", "wait_timer": -1}])),
            with_rules(json!([{"type": "wait_timer", "wait_timer": 1}, {"type": "wait_timer", "wait_timer": 2}])),
            with_rules(json!([{"id": 3}])),
            with_rules(json!([{"type": "branch_policy"}])),
            policy(json!({})),
            policy(json!({"protected_branches": true})),
            policy(json!({"protected_branches": true, "custom_branch_policies": true})),
            policy(json!("all")),
        ];
        for value in cases {
            assert!(decoded(&value).is_err(), "{value}");
        }
        assert!(entry(&json!({"id": 1, "protection_rules": []})).is_err(), "without a name the list itself proves nothing");
    }
}
