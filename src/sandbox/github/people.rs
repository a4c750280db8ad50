//! Users, organizations, teams and apps (fact G1.5).

use std::collections::BTreeSet;

use super::page::{Paging, array};
use super::{Call, Handled, not_found};
use crate::sandbox::state::{AccountKind, Grant, Permission, Repo, Team};
use crate::sandbox::wire::Response;

pub(super) fn viewer(call: &Call<'_>) -> Handled {
    call.need_person()?;
    let account = call.people.account(&call.caller.login).ok_or_else(not_found)?;
    Ok(Response::json(200, &call.shapes.private_user(account)))
}

pub(super) fn by_id(call: &Call<'_>, id: &str) -> Handled {
    let account = id.parse().ok().and_then(|id: u64| call.people.accounts.get(&id)).ok_or_else(not_found)?;
    Ok(Response::json(200, &call.shapes.public_user(account)))
}

pub(super) fn by_login(call: &Call<'_>, login: &str) -> Handled {
    let account = call.people.account(login).ok_or_else(not_found)?;
    Ok(Response::json(200, &call.shapes.public_user(account)))
}

/// The plan shows only to owners whose token may see it (fact G1.5).
pub(super) fn organization(call: &Call<'_>, org: &str) -> Handled {
    let account = call.people.account(org).filter(|account| account.kind == AccountKind::Organization).ok_or_else(not_found)?;
    let owner = account.owners.iter().any(|owner| owner.eq_ignore_ascii_case(&call.caller.login));
    let with_plan = match &call.caller.grant {
        Grant::Classic(scopes) => owner && scopes.contains("admin:org"),
        Grant::FineGrained(areas) => owner && areas.contains_key("organization_plan"),
        Grant::Installation(areas) => areas.contains_key("organization_plan"),
    };
    Ok(Response::json(200, &call.shapes.organization(account, with_plan)))
}

/// A team that the caller can see: a secret one only as a member or an owner (fact G2.10).
pub(super) fn visible<'a>(call: &Call<'a>, org: &str, slug: &str) -> Result<&'a Team, Response> {
    call.need_members()?;
    let account = call.people.account(org).ok_or_else(not_found)?;
    let team = call.people.team(org, slug).ok_or_else(not_found)?;
    let is = |login: &String| login.eq_ignore_ascii_case(&call.caller.login);
    let owner = account.owners.iter().any(is);
    let inside = owner || team.members.iter().any(is) || (!team.secret && account.members.iter().any(is));
    if inside || matches!(call.caller.grant, Grant::Installation(_)) { Ok(team) } else { Err(not_found()) }
}

pub(super) fn team(call: &Call<'_>, org: &str, slug: &str) -> Handled {
    let team = visible(call, org, slug)?;
    let account = call.people.account(org).ok_or_else(not_found)?;
    Ok(Response::json(200, &call.shapes.team_full(team, account)))
}

/// Members, those of child teams included.
pub(super) fn members(call: &Call<'_>, org: &str, slug: &str) -> Handled {
    let team = visible(call, org, slug)?;
    let below = call.people.teams.values().filter(|child| call.people.lineage(child.id).any(|ancestor| ancestor.id == team.id));
    let logins: BTreeSet<&String> = below.flat_map(|child| &child.members).collect();
    Ok(array(call, logins.into_iter().collect(), Paging::LINKED, |login| call.shapes.login(login)))
}

/// 204 or 404; the whole repository with the team's permissions under the repository media type.
pub(super) fn team_repository(call: &Call<'_>, org: &str, slug: &str, repo: Option<&Repo>) -> Handled {
    let team = visible(call, org, slug)?;
    let repo = repo.ok_or_else(not_found)?;
    call.see(repo)?;
    let permission = repo.team_permission(call.people, team.id);
    if permission == Permission::None {
        return Err(not_found());
    }
    if call.wants("repository") {
        return Ok(Response::json(200, &call.shapes.repository(repo, permission)));
    }
    Ok(Response::empty(204))
}

pub(super) fn app(call: &Call<'_>, slug: &str) -> Handled {
    let app = call.people.apps.iter().find(|app| app.slug == slug).ok_or_else(not_found)?;
    Ok(Response::json(200, &call.shapes.app(app)))
}

/// Members of an organization: all of them, to its own members.
pub(super) fn organization_members(call: &Call<'_>, org: &str, rest: &[&str]) -> Handled {
    call.need_members()?;
    let account = call.people.account(org).filter(|account| account.kind == AccountKind::Organization).ok_or_else(not_found)?;
    let all: BTreeSet<&String> = account.owners.iter().chain(&account.members).collect();
    match rest {
        [] => Ok(array(call, all.into_iter().collect(), Paging::LINKED, |login| call.shapes.login(login))),
        [login, ..] if all.iter().any(|member| member.eq_ignore_ascii_case(login)) => Ok(Response::empty(204)),
        _ => Err(not_found()),
    }
}

/// The teams that the caller can see.
pub(super) fn teams(call: &Call<'_>, org: &str) -> Handled {
    call.need_members()?;
    let all = call.people.teams.values().filter(|team| team.org.eq_ignore_ascii_case(org) && visible(call, org, &team.slug).is_ok());
    Ok(array(call, all.collect(), Paging::LINKED, |team| call.shapes.team(team, "pull")))
}

pub(super) fn membership(call: &Call<'_>, org: &str, slug: &str, login: &str) -> Handled {
    let team = visible(call, org, slug)?;
    let below = call.people.teams.values().filter(|child| call.people.lineage(child.id).any(|ancestor| ancestor.id == team.id));
    let member = below.flat_map(|child| &child.members).any(|member| member.eq_ignore_ascii_case(login));
    if member { Ok(Response::json(200, &call.shapes.membership(team, login))) } else { Err(not_found()) }
}

/// The repositories that a team has access to, and that the caller can see.
pub(super) fn team_repositories(call: &Call<'_>, org: &str, slug: &str, repos: &[Repo]) -> Handled {
    let team = visible(call, org, slug)?;
    let permission = |repo: &Repo| repo.team_permission(call.people, team.id);
    let all = repos.iter().filter(|repo| permission(repo) > Permission::None && call.see(repo).is_ok());
    Ok(array(call, all.collect(), Paging::LINKED, |repo| call.shapes.repository(repo, permission(repo))))
}
