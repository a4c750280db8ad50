//! The repository itself, its branches, rulesets, and who has access (fact G1.5).

use serde_json::{Value, json};

use super::access::Need;
use super::environments::PlanFeatures;
use super::page::{Paging, array};
use super::{Call, Handled, invalid, not_emulated, not_found, object};
use crate::sandbox::state::{Account, AccountKind, Branch, Permission, RefType, Repo, Ruleset, Team, Visibility};
use crate::sandbox::wire::Response;

const UPGRADE: &str = "Upgrade to GitHub Pro or make this repository public to enable this feature.";

pub(super) fn get(call: &Call<'_>, repo: &Repo) -> Handled {
    Ok(Response::json(200, &call.shapes.repository(repo, call.role(repo))))
}

pub(super) fn branches(call: &Call<'_>, repo: &Repo) -> Handled {
    call.need(repo, Need::CONTENTS)?;
    let wanted = call.request.param("protected");
    let wanted =
        |branch: &&Branch| wanted.as_deref().is_none_or(|wanted| wanted == repo.protects(&branch.name, call.switches.rulesets).to_string());
    Ok(array(call, repo.branches.iter().filter(wanted).collect(), Paging::LINKED, |branch| call.shapes.branch(repo, branch)))
}

/// A branch, whose name may have slashes, or its protection.
pub(super) fn branch(call: &Call<'_>, repo: &Repo, rest: &[&str]) -> Handled {
    call.need(repo, Need::CONTENTS)?;
    let (name, protection) = match rest {
        [name @ .., "protection"] if !name.is_empty() => (name.join("/"), true),
        [_, .., "protection", _] | [_, .., "rename"] => return Err(not_emulated(call.request)),
        name => (name.join("/"), false),
    };
    let absent = || Response::github_error(404, "Branch not found");
    let branch = repo.branches.iter().find(|branch| branch.name == name).ok_or_else(absent)?;
    if protection {
        call.need(repo, Need::ADMINISTRATION_READ)?;
        offered(call, repo)?;
        let unprotected = || Response::github_error(404, "Branch not protected");
        let protected = branch.protected.then(|| call.shapes.branch_protection(repo, &name));
        return Ok(Response::json(200, &protected.ok_or_else(unprotected)?));
    }
    let commit = repo.commits.get(&repo.head(&name)).ok_or_else(not_found)?;
    Ok(Response::json(200, &call.shapes.branch_whole(repo, branch, commit)))
}

pub(super) fn rulesets(call: &Call<'_>, repo: &Repo) -> Handled {
    offered(call, repo)?;
    let targets = call.request.param("targets");
    let wanted = |set: &&Ruleset| targets.as_deref().is_none_or(|targets| targets.split(',').any(|target| target == set.target.as_str()));
    Ok(array(call, repo.rulesets.iter().filter(wanted).collect(), Paging::PLAIN, |set| call.shapes.ruleset(repo, set)))
}

pub(super) fn ruleset(call: &Call<'_>, repo: &Repo, id: &str) -> Handled {
    offered(call, repo)?;
    let set = repo.rulesets.iter().find(|set| set.id.to_string() == id).ok_or_else(not_found)?;
    let mut whole = call.shapes.ruleset(repo, set);
    let prefix = if set.target == RefType::Tag { "refs/tags/" } else { "refs/heads/" };
    let include: Vec<String> =
        set.covers.iter().map(|name| if name.starts_with('~') { name.clone() } else { format!("{prefix}{name}") }).collect();
    whole["conditions"] = json!({"ref_name": {"include": include, "exclude": []}});
    whole["rules"] = set.rules.iter().map(|rule| json!({"type": rule})).collect();
    // Below admin the bypass list is left out.
    if call.role(repo) >= Permission::Admin {
        whole["bypass_actors"] = json!([]);
        whole["current_user_can_bypass"] = json!("never");
    }
    Ok(Response::json(200, &whole))
}

/// Active rules of a branch, which need not exist.
pub(super) fn branch_rules(call: &Call<'_>, repo: &Repo, branch: &str) -> Handled {
    offered(call, repo)?;
    let active = repo.rulesets.iter().filter(|set| set.active && set.target == RefType::Branch && set.covers.contains(branch));
    let shape = |(set, rule): (&Ruleset, &String)| json!({"type": rule, "ruleset_source_type": "Repository", "ruleset_source": repo.name.to_string(), "ruleset_id": set.id});
    Ok(array(call, active.flat_map(|set| set.rules.iter().map(move |rule| (set, rule))).collect(), Paging::PLAIN, shape))
}

/// Rulesets do not exist for private repositories of Free accounts (fact G1.5).
fn offered(call: &Call<'_>, repo: &Repo) -> Result<(), Response> {
    if PlanFeatures::of(call, repo) == PlanFeatures::Free { Err(Response::github_error(403, UPGRADE)) } else { Ok(()) }
}

pub(super) fn teams(call: &Call<'_>, repo: &Repo) -> Handled {
    let all = repo.teams.iter().filter_map(|(id, permission)| Some((call.people.teams.get(id)?, permission))).collect();
    let shape = |(team, permission): (&Team, &Permission)| {
        let word = match permission {
            Permission::None | Permission::Read => "pull",
            Permission::Write => "push",
            other => other.role(),
        };
        call.shapes.team(team, word)
    };
    Ok(array(call, all, Paging::LINKED, shape))
}

pub(super) fn permission(call: &Call<'_>, repo: &Repo, login: &str) -> Handled {
    if call.role(repo) < Permission::Write {
        return Err(Response::github_error(403, "Must have push access to view collaborator permission."));
    }
    let account = call.people.account(login).ok_or_else(not_found)?;
    let permission = repo.permission(call.people, login);
    let user = call.shapes.collaborator(account, permission);
    Ok(Response::json(200, &json!({"permission": permission.legacy(), "role_name": permission.role(), "user": user})))
}

/// Those with access, by any grant; `affiliation=direct` means direct grants.
pub(super) fn collaborators(call: &Call<'_>, repo: &Repo) -> Handled {
    pushes(call, repo, "Must have push access to view repository collaborators.")?;
    let direct = call.request.param("affiliation").is_some_and(|affiliation| affiliation != "all");
    let permission = |account: &Account| if direct { granted(repo, &account.login) } else { repo.permission(call.people, &account.login) };
    let has = |account: &&Account| account.kind == AccountKind::User && permission(account) > Permission::None;
    let public = repo.visibility == Visibility::Public && !direct;
    // Everyone can read a public repository; who may do more is a collaborator.
    let all = call.people.accounts.values().filter(has).filter(|account| !public || permission(account) > Permission::Read).collect();
    Ok(array(call, all, Paging::LINKED, |account| call.shapes.collaborator(account, permission(account))))
}

fn granted(repo: &Repo, login: &str) -> Permission {
    let own = repo.collaborators.iter().find(|(name, _)| name.eq_ignore_ascii_case(login));
    own.map_or(Permission::None, |(_, permission)| *permission)
}

fn pushes(call: &Call<'_>, repo: &Repo, refusal: &str) -> Result<(), Response> {
    if call.role(repo) < Permission::Write { Err(Response::github_error(403, refusal)) } else { Ok(()) }
}

/// Whether an account is a collaborator, and an admin's way to make or unmake one.
pub(super) fn collaborator(call: &mut Call<'_>, repo: &mut Repo, login: &str) -> Handled {
    let account = call.people.account(login);
    match call.request.method.as_str() {
        "GET" => {
            pushes(call, repo, "Must have push access to view repository collaborators.")?;
            let permission = account.map_or(Permission::None, |account| repo.permission(call.people, &account.login));
            if permission > Permission::None { Ok(Response::empty(204)) } else { Err(not_found()) }
        }
        "PUT" => {
            call.need(repo, Need::ADMINISTRATION)?;
            let account = account.ok_or_else(not_found)?;
            let body = object(call.request)?;
            let permission = match body.get("permission").and_then(Value::as_str).unwrap_or("push") {
                "pull" => Permission::Read,
                "triage" => Permission::Triage,
                "push" => Permission::Write,
                "maintain" => Permission::Maintain,
                "admin" => Permission::Admin,
                _ => return Err(invalid("")),
            };
            call.now.tick();
            repo.collaborators.insert(account.login.clone(), permission);
            Ok(Response::empty(204))
        }
        "DELETE" => {
            call.need(repo, Need::ADMINISTRATION)?;
            call.now.tick();
            repo.collaborators.retain(|name, _| !name.eq_ignore_ascii_case(login));
            Ok(Response::empty(204))
        }
        _ => Err(not_emulated(call.request)),
    }
}
