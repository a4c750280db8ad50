//! The repository itself, its branches, rulesets, and who has access (fact G1.5).

use serde_json::{Value, json};

use super::access::Need;
use super::environments::Offer;
use super::page::{Paging, array};
use super::{Call, Handled, not_found, shapes};
use crate::sandbox::state::{Permission, RefType, Repo, Ruleset};
use crate::sandbox::wire::{Response, fnv};

const UPGRADE: &str = "Upgrade to GitHub Pro or make this repository public to enable this feature.";

pub(super) fn get(call: &Call<'_>, repo: &Repo) -> Handled {
    Ok(Response::json(200, &shapes::repository(call.people, repo, call.role(repo))))
}

pub(super) fn branches(call: &Call<'_>, repo: &Repo) -> Handled {
    call.need(repo, Need::CONTENTS)?;
    let wanted = call.request.param("protected");
    let mut all = Vec::new();
    for branch in &repo.branches {
        let protected = repo.protects(&branch.name, call.switches.rulesets);
        if wanted.as_deref().is_none_or(|wanted| wanted == protected.to_string()) {
            let sha = sha(&branch.name);
            let url = format!("https://api.github.com/repos/{}", repo.name);
            all.push(json!({
                "name": branch.name, "commit": {"sha": sha, "url": format!("{url}/commits/{sha}")}, "protected": protected,
                "protection": {"enabled": protected}, "protection_url": format!("{url}/branches/{}/protection", branch.name),
            }));
        }
    }
    Ok(array(call, all, Paging::LINKED))
}

/// 40 hexadecimal digits that follow from a name.
pub(super) fn sha(name: &str) -> String {
    let hash = fnv(name.as_bytes());
    format!("{hash:016x}{hash:016x}{:08x}", hash & 0xffff_ffff)
}

pub(super) fn rulesets(call: &Call<'_>, repo: &Repo) -> Handled {
    offered(call, repo)?;
    let targets = call.request.param("targets");
    let wanted = |set: &&Ruleset| targets.as_deref().is_none_or(|targets| targets.split(',').any(|target| target == set.target.as_str()));
    let shape = |set: &Ruleset| {
        json!({
            "id": set.id, "name": set.name, "target": set.target.as_str(), "source_type": "Repository", "source": repo.name.to_string(),
            "enforcement": if set.active { "active" } else { "disabled" }, "node_id": shapes::node("RRS", set.id),
        })
    };
    Ok(array(call, repo.rulesets.iter().filter(wanted).map(shape).collect(), Paging::PLAIN))
}

/// Active rules of a branch, which need not exist.
pub(super) fn branch_rules(call: &Call<'_>, repo: &Repo, branch: &str) -> Handled {
    offered(call, repo)?;
    let active = repo.rulesets.iter().filter(|set| set.active && set.target == RefType::Branch && set.covers.contains(branch));
    let shape = |set: &Ruleset| json!({"type": "deletion", "ruleset_source_type": "Repository", "ruleset_source": repo.name.to_string(), "ruleset_id": set.id});
    Ok(array(call, active.map(shape).collect(), Paging::PLAIN))
}

/// Rulesets do not exist for private repositories of Free accounts (fact G1.5).
fn offered(call: &Call<'_>, repo: &Repo) -> Result<(), Response> {
    if Offer::of(call, repo) == Offer::Free { Err(Response::github_error(403, UPGRADE)) } else { Ok(()) }
}

pub(super) fn teams(call: &Call<'_>, repo: &Repo) -> Handled {
    let shape = |(id, permission): (&u64, &Permission)| {
        let word = match permission {
            Permission::None | Permission::Read => "pull",
            Permission::Write => "push",
            other => other.role(),
        };
        Some(shapes::team(call.people, call.people.teams.get(id)?, word))
    };
    Ok(array(call, repo.teams.iter().filter_map(shape).collect(), Paging::LINKED))
}

pub(super) fn permission(call: &Call<'_>, repo: &Repo, login: &str) -> Handled {
    if call.role(repo) < Permission::Write {
        return Err(Response::github_error(403, "Must have push access to view collaborator permission."));
    }
    let account = call.people.account(login).ok_or_else(not_found)?;
    let permission = repo.permission(call.people, login);
    let mut user = shapes::account(account);
    if let Value::Object(user) = &mut user {
        user.insert("permissions".to_owned(), shapes::permissions(permission));
        user.insert("role_name".to_owned(), permission.role().into());
    }
    Ok(Response::json(200, &json!({"permission": permission.legacy(), "role_name": permission.role(), "user": user})))
}
