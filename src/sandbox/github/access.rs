//! Who may do what (facts G2.9 and G2.10).

use std::collections::BTreeMap;

use super::{Call, not_found};
use crate::sandbox::state::{AccountKind, Grant, Level, Permission, Repo, Visibility};
use crate::sandbox::switches::NonAdminWrite;
use crate::sandbox::wire::Response;

/// What a call needs: of the token, and of the person behind it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Need {
    area: &'static str,
    level: Level,
    role: Permission,
}

impl Need {
    pub(super) const ACTIONS: Self = Self { area: "actions", level: Level::Read, role: Permission::Read };
    pub(super) const ADMINISTRATION: Self = Self { area: "administration", level: Level::Write, role: Permission::Admin };
    pub(super) const ADMINISTRATION_READ: Self = Self { area: "administration", level: Level::Read, role: Permission::Admin };
    pub(super) const CONTENTS: Self = Self { area: "contents", level: Level::Read, role: Permission::Read };
    pub(super) const DEPLOYMENTS: Self = Self { area: "deployments", level: Level::Read, role: Permission::Read };
    pub(super) const ENVIRONMENTS_READ: Self = Self { area: "environments", level: Level::Read, role: Permission::Write };
    pub(super) const ENVIRONMENTS_WRITE: Self = Self { area: "environments", level: Level::Write, role: Permission::Write };
    pub(super) const DEPLOYMENTS_WRITE: Self = Self { area: "deployments", level: Level::Write, role: Permission::Write };
    pub(super) const PULLS: Self = Self { area: "pull_requests", level: Level::Read, role: Permission::Read };
    pub(super) const VARIABLES_READ: Self = Self { area: "actions_variables", level: Level::Read, role: Permission::Write };
    pub(super) const VARIABLES_WRITE: Self = Self { area: "actions_variables", level: Level::Write, role: Permission::Write };
    pub(super) const SECRETS: Self = Self { area: "secrets", level: Level::Read, role: Permission::Write };
}

impl Call<'_> {
    /// The caller's permission in a repository; an installation has what it was granted.
    pub(super) fn role(&self, repo: &Repo) -> Permission {
        match self.caller.grant {
            Grant::Installation(_) => Permission::Admin,
            Grant::Classic(_) | Grant::FineGrained(_) => repo.permission(self.people, &self.caller.login),
        }
    }

    /// A private repository is hidden from those who cannot see it.
    pub(super) fn see(&self, repo: &Repo) -> Result<(), Response> {
        let by_token = match &self.caller.grant {
            Grant::Classic(scopes) => repo.visibility == Visibility::Public || scopes.contains("repo"),
            Grant::FineGrained(_) | Grant::Installation(_) => true,
        };
        if by_token && self.role(repo) >= Permission::Read { Ok(()) } else { Err(not_found()) }
    }

    /// What a call needs, of the token first, then of the person.
    pub(super) fn need(&self, repo: &Repo, need: Need) -> Result<(), Response> {
        let open = repo.visibility == Visibility::Public && need.role == Permission::Read;
        let granted = match &self.caller.grant {
            Grant::Classic(scopes) => {
                let scope = scopes.contains("repo") || (repo.visibility == Visibility::Public && scopes.contains("public_repo"));
                return if open || scope { self.need_role(repo, need) } else { Err(self.lacks_rights()) };
            }
            Grant::FineGrained(areas) | Grant::Installation(areas) => areas.get(need.area).is_some_and(|level| *level >= need.level),
        };
        if open || granted { self.need_role(repo, need) } else { Err(self.not_accessible(need.area, need.level)) }
    }

    /// The refusal of a token that was granted areas, but not this one.
    fn not_accessible(&self, area: &str, level: Level) -> Response {
        let token = if matches!(self.caller.grant, Grant::Installation(_)) { "integration" } else { "personal access token" };
        Response::github_error(403, &format!("Resource not accessible by {token}"))
            .with("x-accepted-github-permissions", format!("{area}={}", level.as_str()))
    }

    /// What a GitHub App may not do.
    pub(super) fn need_person(&self) -> Result<(), Response> {
        match self.caller.grant {
            Grant::Installation(_) => Err(Response::github_error(403, "Resource not accessible by integration")),
            Grant::Classic(_) | Grant::FineGrained(_) => Ok(()),
        }
    }

    fn need_role(&self, repo: &Repo, need: Need) -> Result<(), Response> {
        if self.role(repo) >= need.role { Ok(()) } else { Err(self.lacks_rights()) }
    }

    fn lacks_rights(&self) -> Response {
        match self.switches.non_admin_write {
            NonAdminWrite::Forbidden => Response::github_error(403, "Must have admin rights to Repository."),
            NonAdminWrite::NotFound => not_found(),
        }
    }

    /// What an organization's settings need: an owner, and a token that may see or change this area.
    pub(super) fn need_organization(&self, org: &str, area: &str) -> Result<(), Response> {
        let account = self.people.account(org).filter(|account| account.kind == AccountKind::Organization).ok_or_else(not_found)?;
        let level = if self.request.reads() { Level::Read } else { Level::Write };
        let owner = account.owners.iter().any(|owner| owner.eq_ignore_ascii_case(&self.caller.login));
        let within = |areas: &BTreeMap<String, Level>| areas.get(area).is_some_and(|granted| *granted >= level);
        match &self.caller.grant {
            Grant::Classic(scopes) if owner && scopes.contains("admin:org") => Ok(()),
            Grant::Classic(_) => Err(Response::github_error(403, "Must have admin rights to Organization.")),
            Grant::FineGrained(areas) if owner && within(areas) => Ok(()),
            Grant::Installation(areas) if within(areas) => Ok(()),
            Grant::FineGrained(_) | Grant::Installation(_) => Err(self.not_accessible(area, level)),
        }
    }

    /// What reading about teams needs: the organization's side of a token.
    pub(super) fn need_members(&self) -> Result<(), Response> {
        match &self.caller.grant {
            Grant::Classic(scopes) if ["read:org", "write:org", "admin:org"].iter().any(|&scope| scopes.contains(scope)) => Ok(()),
            Grant::Classic(_) => Err(not_found()),
            Grant::FineGrained(areas) | Grant::Installation(areas) if areas.contains_key("members") => Ok(()),
            Grant::FineGrained(_) | Grant::Installation(_) => Err(self.not_accessible("members", Level::Read)),
        }
    }
}
