//! Who the declared reviewers are: ids, and whether they can see the repository.
//!
//! Owns the lookups. GitHub stores ids, takes whoever it is given, and drops those without access in silence
//! (fact G2.5), so every name is looked up before it is written.

use serde::Deserialize;

use crate::http::{ApiError, ErrorKind, Reader, Target};
use crate::model::{Cause, RepoName, Unknown};

use super::live::{Access, Actor};
use super::observe::repo_target;
use super::strictness::ActorId;
use crate::desired::github::Reviewer;

/// Looks a declared reviewer up.
///
/// # Errors
/// [`Unknown`] when the account or team cannot be found, is no person or team, or has another id than gate.toml pins.
pub async fn resolve(reader: &Reader, repo: &RepoName, reviewer: &Reviewer) -> Result<Actor, Unknown> {
    match reviewer {
        Reviewer::User { login, id } => user(reader, repo, login, *id).await,
        Reviewer::Team { org, slug, id } => team(reader, repo, org.as_deref().unwrap_or(repo.owner()), slug, *id).await,
    }
}

#[derive(Deserialize)]
struct Permission {
    permission: String,
    user: Option<Account>,
}

#[derive(Deserialize)]
struct Account {
    id: u64,
    login: String,
    #[serde(rename = "type", default)]
    kind: String,
}

#[derive(Deserialize)]
struct Team {
    id: u64,
    slug: String,
}

/// One request tells id, kind and access of a person; only when GitHub does not let us ask that, the account is asked for by itself.
async fn user(reader: &Reader, repo: &RepoName, login: &str, pinned: Option<u64>) -> Result<Actor, Unknown> {
    let target = repo_target(repo).join("collaborators").join(login).join("permission");
    let (account, access) = match reader.get_json::<Permission>(&target).await {
        Ok(Permission { permission, user: Some(account) }) => (account, if permission == "none" { Access::None } else { Access::Granted }),
        Ok(Permission { user: None, .. }) => (account(reader, login, pinned).await?, Access::Unknown(unreadable(login))),
        // GitHub's answer for an account that is not a collaborator is not documented beyond "404": no proof either way.
        Err(error) if error.kind == ErrorKind::NotFound => (account(reader, login, pinned).await?, Access::Unknown(unreadable(login))),
        // Another request would meet the same limit, and the same stop.
        Err(error) if matches!(error.kind, ErrorKind::RateLimited | ErrorKind::Interrupted) => return Err(error.unknown()),
        Err(error) => (account(reader, login, pinned).await?, Access::Unknown(error.unknown())),
    };
    if account.kind != "User" {
        return Err(Unknown {
            reason: format!("`{login}` is not a person but a GitHub account of type {}", account.kind),
            hint: "GitHub lets only people and teams approve: name somebody else in `reviewers`".to_owned(),
            cause: Cause::Other,
        });
    }
    if let Some(pinned) = pinned.filter(|pinned| *pinned != account.id) {
        return Err(mismatch(reader, login, pinned, account.id).await);
    }
    Ok(Actor { id: ActorId::User(account.id), name: account.login, access })
}

async fn account(reader: &Reader, login: &str, pinned: Option<u64>) -> Result<Account, Unknown> {
    match reader.get_json::<Account>(&Target::new(["users", login])).await {
        Ok(account) => Ok(account),
        Err(error) if error.kind == ErrorKind::NotFound => Err(match pinned {
            Some(id) => renamed(reader, login, id, &error).await,
            None => Unknown {
                reason: format!("there is no account `{login}` that this token can see ({error})"),
                hint: format!(
                    "check the spelling of `{login}`; accounts managed by an enterprise are visible only to tokens of that enterprise"
                ),
                cause: Cause::Other,
            },
        }),
        Err(error) => Err(error.unknown()),
    }
}

/// The login is gone: the pinned id tells whether the account was renamed.
async fn renamed(reader: &Reader, login: &str, id: u64, error: &ApiError) -> Unknown {
    match reader.get_json::<Account>(&Target::new(["user", &id.to_string()])).await {
        Ok(now) => Unknown {
            reason: format!("`{login}` no longer exists: the account with the pinned id {id} is now called `{}`", now.login),
            hint: format!("if that is the same person, write `user = \"{}\"` with the same id", now.login),
            cause: Cause::Other,
        },
        Err(_) => Unknown {
            reason: format!("there is no account `{login}` and none with the pinned id {id} that this token can see ({error})"),
            hint: "name a reviewer who still has an account".to_owned(),
            cause: Cause::Other,
        },
    }
}

/// The login exists and belongs to somebody else than the pinned account.
async fn mismatch(reader: &Reader, login: &str, pinned: u64, found: u64) -> Unknown {
    let pinned_now = reader.get_json::<Account>(&Target::new(["user", &pinned.to_string()])).await;
    let whose = match pinned_now {
        Ok(account) => format!("the pinned account {pinned} is now called `{}`", account.login),
        Err(_) => format!("no account with the pinned id {pinned} can be seen"),
    };
    Unknown {
        reason: format!("`{login}` is another account than the one that gate.toml pins: it has id {found}, and {whose}"),
        hint: format!(
            "do not approve this by changing the id before you know who `{login}` is today: a login that was given up can be registered by anybody"
        ),
        cause: Cause::Other,
    }
}

async fn team(reader: &Reader, repo: &RepoName, org: &str, slug: &str, pinned: Option<u64>) -> Result<Actor, Unknown> {
    let target = Target::new(["orgs", org, "teams", slug]);
    let access = target.clone().join("repos").join(repo.owner()).join(repo.name());
    let (team, access) = tokio::join!(reader.get_json::<Team>(&target), reader.get(&access));
    let team = team.map_err(|error| match error.kind {
        ErrorKind::NotFound => Unknown {
            reason: format!("there is no team `{org}/{slug}` that this token can see ({error})"),
            hint: "check organisation and slug; a secret team is visible only to its members and to owners, and a token needs `read:org` (classic) or `Members: read`. Repositories of a person have no teams".to_owned(),
            cause: Cause::Credentials,
        },
        _ => error.unknown(),
    })?;
    if let Some(pinned) = pinned.filter(|pinned| *pinned != team.id) {
        return Err(Unknown {
            reason: format!("team `{org}/{slug}` has id {}, gate.toml pins {pinned}: it was deleted and made anew, or renamed", team.id),
            hint: "look at who is in the team today before you change the id".to_owned(),
            cause: Cause::Other,
        });
    }
    let access = match access {
        // The documented proof of access; any other success is something else than GitHub's answer (fact G1.5).
        Ok(reply) if reply.status == 204 => Access::Granted,
        Ok(reply) => Access::Unknown(reader.malformed(&target, format!("{} where 204 was expected", reply.status)).unknown()),
        Err(error) if error.kind == ErrorKind::NotFound => Access::None,
        Err(error) => Access::Unknown(error.unknown()),
    };
    Ok(Actor { id: ActorId::Team(team.id), name: format!("{org}/{}", team.slug), access })
}

fn unreadable(login: &str) -> Unknown {
    Unknown {
        reason: format!("GitHub did not say whether `{login}` can see the repository"),
        hint: "a token of somebody with push access may ask".to_owned(),
        cause: Cause::Credentials,
    }
}
