//! Who the declared reviewers are: ids, and whether they can see the repository.
//!
//! Owns the lookups. GitHub stores ids, accepts every id, and silently drops accounts without access
//! (fact G2.5), so every name is looked up before it is written.

use serde::Deserialize;

use crate::http::{ApiError, ErrorKind, Reader, Target};
use crate::model::{Blocker, Cause, RepoName, Unknown};

use super::live::{Access, Actor, LiveReviewer};
use super::observe::pages;
use super::strictness::ActorId;
use super::target::repo_target;
use crate::desired::github::Reviewer;

/// Looks up a declared reviewer.
///
/// # Errors
/// [`Blocker::Invalid`] if the account or team does not exist, is not one that can approve, or has another id than gate.toml pins;
/// [`Blocker::Unknown`] if that cannot be determined.
pub async fn resolve(reader: &Reader, repo: &RepoName, reviewer: &Reviewer) -> Result<Actor, Blocker> {
    match reviewer {
        Reviewer::User { login, id } => user(reader, repo, login, *id).await,
        Reviewer::Team { org, slug, id } => team(reader, repo, org.as_deref().unwrap_or(repo.owner()), slug, *id).await,
    }
}

/// Looks up who a declared reviewer is; their access to a repository is not checked.
///
/// # Errors
/// As [`resolve`].
pub async fn identify(reader: &Reader, owner: &str, reviewer: &Reviewer) -> Result<Actor, Blocker> {
    match reviewer {
        Reviewer::User { login, id } => person(reader, login, *id, account(reader, login, *id).await?, not_asked()).await,
        Reviewer::Team { org, slug, id } => {
            let org = org.as_deref().unwrap_or(owner);
            let team = reader.get_json::<Team>(&team_target(org, slug)).await;
            known_team(reader, org, slug, *id, team, not_asked()).await
        }
    }
}

/// Whether a reviewer who was looked up can see a repository.
pub async fn access(reader: &Reader, repo: &RepoName, reviewer: &Reviewer, actor: &Actor) -> Access {
    match reviewer {
        Reviewer::User { login, .. } => match reader.get_json::<Permission>(&permission_target(repo, login)).await {
            Ok(Permission { permission, user: Some(account) }) if ActorId::User(account.id) == actor.id => access_of(&permission, login),
            Ok(_) => Access::Unknown(unreadable(login)),
            Err(error) if error.kind == ErrorKind::NotFound => Access::Unknown(unreadable(login)),
            Err(error) => Access::Unknown(error.unknown()),
        },
        Reviewer::Team { org, slug, .. } => team_access(reader, repo, org.as_deref().unwrap_or(repo.owner()), slug).await,
    }
}

/// The access of a reviewer that no write would send: it is not looked up.
fn not_asked() -> Access {
    Access::Unknown(Unknown::new("their access was not looked up, since nothing is to be written", "run the command again"))
}

/// Looks up a reviewer that an environment lists and that is about to be sent along.
///
/// # Errors
/// If the account or team is not found under the listed name and id, or is of a kind that is never sent.
pub async fn resolve_live(reader: &Reader, repo: &RepoName, reviewer: &LiveReviewer) -> Result<Actor, Unknown> {
    let as_declared = match reviewer {
        // Even if its account were a person's: two answers that contradict each other prove nothing.
        LiveReviewer::User { login, kind, .. } if kind != "User" => {
            return Err(Unknown::new(
                format!("`{login}` is not a person: the environment lists it as a {kind}"),
                "remove it from the environment's reviewers",
            ));
        }
        LiveReviewer::User { login, id, .. } => Reviewer::User { login: login.clone(), id: Some(*id) },
        LiveReviewer::Team { slug, id } => Reviewer::Team { org: None, slug: slug.clone(), id: Some(*id) },
        LiveReviewer::EnterpriseTeam { slug, .. } => {
            return Err(Unknown::new(
                format!("the enterprise team `{slug}` cannot be looked up"),
                "make a team of the organization the reviewer",
            ));
        }
    };
    resolve(reader, repo, &as_declared).await.map_err(Blocker::into_unknown)
}

/// Whether an answer about a team's access is the repository itself, which the team may read.
fn shows(body: &serde_json::Value, repo: &RepoName) -> bool {
    let named = body.get("full_name").and_then(serde_json::Value::as_str).and_then(|name| RepoName::parse(name).ok());
    named.as_ref() == Some(repo) && body.pointer("/permissions/pull") != Some(&serde_json::Value::Bool(false))
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
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Team {
    id: u64,
    slug: String,
}

/// What a word of the permission endpoint means; its documented words are these four (fact G1.5).
fn access_of(word: &str, login: &str) -> Access {
    match word {
        "admin" | "write" | "read" => Access::Granted,
        "none" => Access::None,
        other => Access::Unknown(Unknown::new(
            format!("GitHub reports the access of `{login}` as {other:?}, which it does not document"),
            "check for a newer gatectl",
        )),
    }
}

/// One request returns id, kind and access of a person; only if GitHub refuses it, the account is requested separately.
async fn user(reader: &Reader, repo: &RepoName, login: &str, pinned: Option<u64>) -> Result<Actor, Blocker> {
    let (account, access) = match reader.get_json::<Permission>(&permission_target(repo, login)).await {
        Ok(Permission { permission, user: Some(account) }) => (account, access_of(&permission, login)),
        Ok(Permission { user: None, .. }) => (account(reader, login, pinned).await?, Access::Unknown(unreadable(login))),
        // Other requests would fail as well.
        Err(error) if error.kind == ErrorKind::RateLimited => return Err(error.unknown().into()),
        Err(error) => {
            let access = match error.kind {
                // GitHub's answer for an account that is not a collaborator is not documented beyond "404": no proof either way.
                ErrorKind::NotFound => Access::Unknown(unreadable(login)),
                _ => Access::Unknown(error.unknown()),
            };
            (account(reader, login, pinned).await?, access)
        }
    };
    person(reader, login, pinned, account, access).await
}

fn permission_target(repo: &RepoName, login: &str) -> Target {
    repo_target(repo).join("collaborators").join(login).join("permission")
}

/// Checks that an account can be a reviewer: a person, and the pinned account.
async fn person(reader: &Reader, login: &str, pinned: Option<u64>, account: Account, access: Access) -> Result<Actor, Blocker> {
    match account.kind.as_deref() {
        Some("User") => {}
        Some(kind) => {
            return Err(Blocker::invalid(
                format!("`{login}` is not a person: GitHub says its type is {kind}"),
                "name a person or a team in `reviewers`: GitHub lets only those approve",
            ));
        }
        None => return Err(Unknown::new(format!("GitHub does not say whether `{login}` is a person"), "run the command again").into()),
    }
    if let Some(pinned) = pinned.filter(|pinned| *pinned != account.id) {
        return Err(mismatch(reader, login, pinned, account.id).await);
    }
    if pinned.is_none() && !account.login.eq_ignore_ascii_case(login) {
        return Err(about_another(login, &account.login));
    }
    Ok(Actor { id: ActorId::User(account.id), name: account.login, access })
}

async fn account(reader: &Reader, login: &str, pinned: Option<u64>) -> Result<Account, Blocker> {
    match reader.get_json::<Account>(&Target::new(["users", login])).await {
        Ok(account) => Ok(account),
        // The one lone 404 that proves absence: every account answers to an authenticated token (law 1).
        Err(error) if error.kind == ErrorKind::NotFound && reader.is_authenticated() => Err(match pinned {
            Some(id) => renamed(reader, login, id, &error).await,
            None => Blocker::invalid(
                format!("GitHub has no account `{login}` that this token can see"),
                format!(
                    "correct it in gate.toml; `gh api 'search/users?q={login}' --jq '.items[].login'` lists similar ones. Accounts of an \
                     enterprise are visible only to its own tokens"
                ),
            ),
        }),
        Err(error) => Err(error.unknown().into()),
    }
}

/// The login is gone: the pinned id shows whether the account was renamed.
async fn renamed(reader: &Reader, login: &str, id: u64, error: &ApiError) -> Blocker {
    match reader.get_json::<Account>(&Target::new(["user", &id.to_string()])).await {
        Ok(now) => Blocker::invalid(
            format!("`{login}` no longer exists: the account with the pinned id {id} is now called `{}`", now.login),
            format!("if that is the same person, write `user = \"{}\"` with the same id", now.login),
        ),
        Err(other) if other.kind == ErrorKind::NotFound => Blocker::invalid(
            format!("GitHub has no account `{login}` and none with the pinned id {id} that this token can see ({error})"),
            "name a reviewer who still has an account",
        ),
        Err(other) => other.unknown().into(),
    }
}

/// The login exists and belongs to another account than the pinned one.
async fn mismatch(reader: &Reader, login: &str, pinned: u64, found: u64) -> Blocker {
    let pinned_now = reader.get_json::<Account>(&Target::new(["user", &pinned.to_string()])).await;
    let whose = match pinned_now {
        Ok(account) => format!("the pinned account {pinned} is now called `{}`", account.login),
        Err(_) => format!("no account with the pinned id {pinned} can be seen"),
    };
    Blocker::invalid(
        format!("`{login}` is not the account that gate.toml pins: it has id {found}, and {whose}"),
        format!("find out who `{login}` is today before you change the id: anyone can register a login that was given up"),
    )
}

async fn team(reader: &Reader, repo: &RepoName, org: &str, slug: &str, pinned: Option<u64>) -> Result<Actor, Blocker> {
    let target = team_target(org, slug);
    let (team, access) = tokio::join!(reader.get_json::<Team>(&target), team_access(reader, repo, org, slug));
    known_team(reader, org, slug, pinned, team, access).await
}

fn team_target(org: &str, slug: &str) -> Target {
    Target::new(["orgs", org, "teams", slug])
}

/// Checks that a team exists and is the pinned one.
async fn known_team(
    reader: &Reader,
    org: &str,
    slug: &str,
    pinned: Option<u64>,
    team: Result<Team, ApiError>,
    access: Access,
) -> Result<Actor, Blocker> {
    let team = match team {
        Ok(team) => team,
        Err(error) if error.kind == ErrorKind::NotFound => return Err(no_team(reader, org, slug, pinned, &error).await),
        Err(error) => return Err(error.unknown().into()),
    };
    if let Some(pinned) = pinned.filter(|pinned| *pinned != team.id) {
        return Err(Blocker::invalid(
            format!("team `{org}/{slug}` has id {}, and gate.toml pins {pinned}: it was deleted and created again, or renamed", team.id),
            "check who is in the team today before you change the id",
        ));
    }
    if pinned.is_none() && !team.slug.eq_ignore_ascii_case(slug) {
        return Err(about_another(slug, &team.slug));
    }
    Ok(Actor { id: ActorId::Team(team.id), name: format!("{org}/{}", team.slug), access })
}

async fn team_access(reader: &Reader, repo: &RepoName, org: &str, slug: &str) -> Access {
    let target = team_target(org, slug).join("repos").join(repo.owner()).join(repo.name());
    match reader.get(&target).await {
        // Both are documented proofs of access (fact G1.5); any other success is not GitHub's answer.
        Ok(reply) if reply.status == 204 || (reply.status == 200 && shows(&reply.body, repo)) => Access::Granted,
        Ok(reply) => {
            let message = format!("{} but 204, or 200 with the repository, was expected", reply.status);
            Access::Unknown(reader.malformed(&target, message).unknown())
        }
        Err(error) if error.kind == ErrorKind::NotFound => Access::None,
        Err(error) => Access::Unknown(error.unknown()),
    }
}

/// A team that answers 404 does not exist if the list of teams lacks it; a token that cannot read the list proves nothing (law 1).
async fn no_team(reader: &Reader, org: &str, slug: &str, pinned: Option<u64>, error: &ApiError) -> Blocker {
    let unseen = |cause: Cause, why: String| {
        Blocker::Unknown(Unknown {
            reason: format!("whether the team `{org}/{slug}` exists is not known ({why})"),
            hint: "check organization and slug; a secret team is visible only to its members and to owners, and a token needs `read:org` (classic) or the organization permission `Members: read`. A personal account has no teams".to_owned(),
            cause,
        })
    };
    let list = Target::new(["orgs", org, "teams"]);
    let teams: Vec<Team> = match pages::<_, Vec<Team>>(reader, &list, 100).await {
        Ok(teams) => teams,
        Err(_) => return unseen(Cause::Credentials, error.to_string()),
    };
    if teams.iter().any(|team| team.slug.eq_ignore_ascii_case(slug)) {
        return unseen(Cause::Other, format!("the list of teams contains it, but {error}"));
    }
    if let Some((id, now)) = pinned.and_then(|id| Some((id, teams.iter().find(|team| team.id == id)?))) {
        return Blocker::invalid(
            format!("team `{org}/{slug}` no longer exists: the team with the pinned id {id} is now called `{org}/{}`", now.slug),
            format!("if that is the same team, write `team = \"{}\"` with the same id", now.slug),
        );
    }
    Blocker::invalid(
        format!("the organization {org} has no team `{slug}` that this token can see ({error})"),
        "check the slug; a secret team is visible only to its members and to owners of the organization",
    )
}

/// An answer that no pinned id confirms and that has another name than was asked for.
fn about_another(asked: &str, answered: &str) -> Blocker {
    Blocker::Unknown(Unknown::new(
        format!("GitHub was asked about `{asked}` and answered about `{answered}`"),
        format!("if `{answered}` is who is meant, write that name in gate.toml"),
    ))
}

fn unreadable(login: &str) -> Unknown {
    Unknown {
        reason: format!("GitHub did not say whether `{login}` can see the repository"),
        hint: "use a token with push access to the repository".to_owned(),
        cause: Cause::Credentials,
    }
}
