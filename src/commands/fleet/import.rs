//! `gatectl import --fleet ORG`: the live gates of an organization → one fleet file.

use crate::cli::ImportArgs;
use crate::commands::failure::hinted;
use crate::config::{self, Config, LoadError};
use crate::exit::Exit;
use crate::import::{self, Source};
use crate::model::{Address, Cause, RepoName, Unknown};
use crate::providers::github::live::Live;
use crate::providers::github::{observe, organization};

use super::super::import::{create, taken, told};
use super::super::wiring::Wiring;
use super::super::{Session, fleet};
use super::each;

/// Reads every repository of the organization that is not archived, and writes the file that most of them agree with.
///
/// # Errors
/// If the repositories cannot be listed, or none has an environment.
pub(in crate::commands) async fn run(session: &Session, args: &ImportArgs, organization: &str) -> anyhow::Result<Exit> {
    if let Some(out) = args.out.as_deref().filter(|out| taken(out)) {
        return Err(hinted(format!("{} exists: nothing was read or written", out.display()), "Name a new file"));
    }
    let config = config(session, organization)?;
    let wiring = Wiring::of_fleet(session, &config, fleet::of(&config)?).await?;
    let reader = wiring.shared_github()?;
    let listing = format!("listing the repositories of {organization}");
    let listed = session.read(&listing, organization::repositories(&reader, organization)).await??;
    let names = listed.into_iter().filter(|(_, repository)| !repository.as_ref().is_ok_and(|repository| repository.archived));
    let names: Vec<_> = names.map(|(name, _)| name).collect();
    let only = &session.global.environment;
    let read = async |name: RepoName| {
        let live = Box::pin(observe::everything(&reader, &name, only)).await;
        Ok((name, live))
    };
    let live = each(session, "reading", 2 * usize::from(session.global.parallelism), names, read).await?;

    let api_url = wiring.api_url();
    let mut unread: Vec<(Address, Unknown)> = Vec::new();
    let mut sources = Vec::new();
    for (name, Live { environments, protected_branches, .. }) in &live {
        match environments {
            Ok(environments) => sources.push(Source {
                repository: name,
                api_url: api_url.as_deref(),
                only,
                environments,
                protected_branches: protected_branches.as_ref(),
            }),
            Err(unknown) => unread.push((Address::repository(name), unknown.clone())),
        }
    }
    if sources.iter().all(|source| source.environments.is_empty()) {
        let unknown = Unknown {
            reason: format!("no repository of {organization} has an environment that could be read"),
            hint: "Check that the token can read the repositories' environments (Actions: read)".to_owned(),
            cause: Cause::common(unread.iter().map(|(_, unknown)| unknown.cause)).unwrap_or_default(),
        };
        return Err(unknown.into());
    }
    let imported = import::render_fleet(organization, &sources);
    match &args.out {
        Some(out) => create(session, out, &imported.text)?,
        None => session.write(&imported.text)?,
    }
    unread.extend(imported.unknown);
    Ok(told(session, &unread))
}

/// What is known before anything is asked: the organization. The emulator is built from the current fleet file.
fn config(session: &Session, organization: &str) -> anyhow::Result<Config> {
    if session.global.sandbox.is_some()
        && let Some(config) = session.fleet_file(&[])?
    {
        return Ok(config);
    }
    let text = format!("version = 1\n[fleet]\norganization = {}\nrepositories = [\"*\"]\n", serde_json::Value::from(organization));
    Ok(config::parse(config::FILE_NAME, &text).map_err(LoadError::Problems)?)
}
