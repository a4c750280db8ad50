//! Users, organisations, teams and apps (fact G1.5).

use serde_json::Value;

use super::page::{Paging, array};
use super::{Call, Handled, not_found, shapes};
use crate::sandbox::state::{AccountKind, Grant, Permission, Repo, Team};
use crate::sandbox::wire::Response;

pub(super) fn viewer(call: &Call<'_>) -> Handled {
    if matches!(call.caller.grant, Grant::Installation(_)) {
        return Err(Response::github_error(403, "Resource not accessible by integration"));
    }
    let account = call.people.account(&call.caller.login).ok_or_else(not_found)?;
    Ok(Response::json(200, &shapes::private_user(account)))
}

pub(super) fn by_id(call: &Call<'_>, id: &str) -> Handled {
    let account = id.parse().ok().and_then(|id: u64| call.people.accounts.get(&id)).ok_or_else(not_found)?;
    Ok(Response::json(200, &shapes::public_user(account)))
}

pub(super) fn by_login(call: &Call<'_>, login: &str) -> Handled {
    let account = call.people.account(login).ok_or_else(not_found)?;
    Ok(Response::json(200, &shapes::public_user(account)))
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
    Ok(Response::json(200, &shapes::organization(account, with_plan)))
}

/// A team that the caller can see: a secret one only as a member or an owner (fact G2.10).
fn visible<'a>(call: &Call<'a>, org: &str, slug: &str) -> Result<&'a Team, Response> {
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
    Ok(Response::json(200, &shapes::team_full(call.people, team, account)))
}

/// Members, those of child teams included.
pub(super) fn members(call: &Call<'_>, org: &str, slug: &str) -> Handled {
    let team = visible(call, org, slug)?;
    let below = call.people.teams.values().filter(|child| call.people.lineage(child.id).any(|ancestor| ancestor.id == team.id));
    let logins: std::collections::BTreeSet<&String> = below.flat_map(|child| &child.members).collect();
    let members: Vec<Value> = logins.into_iter().map(|login| shapes::login(call.people, login)).collect();
    Ok(array(call, members, Paging::LINKED))
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
    if call.request.header("accept").is_some_and(|accept| accept.contains("repository+json")) {
        return Ok(Response::json(200, &shapes::repository(call.people, repo, permission)));
    }
    Ok(Response::empty(204))
}

pub(super) fn app(call: &Call<'_>, slug: &str) -> Handled {
    let app = call.people.apps.iter().find(|app| app.slug == slug).ok_or_else(not_found)?;
    Ok(Response::json(200, &shapes::app(call.people, app)))
}
