//! Which workflows check the freeze: it stops only those. Of a checkout, or of every repository of a fleet file.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{self, Config};
use crate::desired::Desired;
use crate::freeze::{Keys, Status, WorkflowStatus};
use crate::http::Reader;
use crate::model::{EnvName, RepoName, Unknown};
use crate::providers::github::contents;
use crate::reconcile::Prune;
use crate::reconcile::fleet::{Member, Part};
use crate::workflows::check::compensation;
use crate::workflows::facts::Facts;
use crate::workflows::freeze_check::{FreezeFacts, Proof};
use crate::workflows::resolve::Files;

use super::super::statics::{self, Checkout};
use super::super::{Session, called, fleet};
use super::FreezeTarget;

/// A repository, and the jobs of its workflows that deploy.
type Repository = (RepoName, Result<Vec<WorkflowStatus>, Unknown>);

/// The status with the jobs that deploy. What cannot be read is a warning: it never blocks a freeze.
pub(super) async fn with_jobs(session: &Session, target: &FreezeTarget, part: Part, mut status: Status) -> Status {
    let Some(config) = &target.fleet else { return status.with_workflows(of_checkout(session, target)) };
    let why = match session.stop.unless_set(of_fleet(session, config, part, &target.keys)).await {
        Some(Ok(read)) => return status.with_repositories(read),
        Some(Err(error)) => error.to_string(),
        None => "interrupted".to_owned(),
    };
    status.warnings.push(format!("which repositories check the freeze is unknown: {why}"));
    status
}

/// Every job of a declared workflow of the checkout that deploys to a covered environment. Empty without a checkout, and in a
/// rehearsal, whose workflows are not on this disk.
pub(super) fn of_checkout(session: &Session, target: &FreezeTarget) -> Vec<WorkflowStatus> {
    let (Some(policy), Some(config)) = (&target.policy, &target.config) else { return Vec::new() };
    if session.global.sandbox.is_some() {
        return Vec::new();
    }
    let checkout = Checkout::of(session, config);
    let files = match checkout.files() {
        Ok(files) => files.unwrap_or_default(),
        Err(error) => {
            session.warn([format!("whether the workflows check the freeze is unknown: {error}")]);
            return Vec::new();
        }
    };
    if files.is_empty() {
        return Vec::new();
    }
    let file = statics::in_repository(session, config, &checkout.root);
    let holds = |path: &str| Some(checkout.root.join(path).is_file());
    jobs(&files, &checkout.facts, FreezeFacts { policy, config: Some(&file), holds: &holds }, None)
}

/// Reads the workflow files on the default branch of every repository of a fleet.
async fn of_fleet(session: &Session, config: &Config, part: Part, keys: &Keys) -> anyhow::Result<Vec<Repository>> {
    let run = fleet::Run::open(session, config, part, Prune::Nothing).await?;
    let announce = |n: usize| session.say(&format!("Reading the workflow files of {n} repositories to see which check the freeze."));
    let jobs = async |member: &Member<'_>, reader: &Reader| {
        Ok(Box::pin(of_member(reader, member, run.context.want(member), keys, &session.global.environment)).await)
    };
    Ok(run.survey(("reading workflows", run.context.at_once), announce, jobs).await?.found)
}

/// The jobs of one repository of a fleet. Its own gate.toml counts if it declares this freeze; else what the fleet declares.
async fn of_member(
    reader: &Reader,
    member: &Member<'_>,
    want: Desired,
    keys: &Keys,
    named: &[EnvName],
) -> Result<Vec<WorkflowStatus>, Unknown> {
    let repository = &member.name;
    let (files, file) = tokio::join!(called::on_github(reader, repository), contents::file(reader, repository, config::FILE_NAME));
    let (files, file) = (files?, file.map_err(|error| error.unknown())?);
    // With a file that is broken, `freeze check` refuses every deploy.
    let own = file.and_then(|bytes| config::parse(config::FILE_NAME, &String::from_utf8(bytes).ok()?).ok()).map(|own| own.desired);
    let own = own.filter(|own| own.freeze.as_ref().is_some_and(|freeze| freeze.store.is(&keys.store)));
    let config = own.as_ref().map(|_| config::FILE_NAME);
    let want = own.unwrap_or(want);
    let branch = &member.listed().as_ref().map_err(Clone::clone)?.default_branch;
    let facts = Facts::new(Some(repository.clone()), branch, &want.github, &want.heroku, &want.workflows, &want.verify);
    let files = called::with_called(reader, &facts, files).await;
    let gates = || want.github.environments.iter().filter(|(_, environment)| environment.gate().is_some());
    let mut policy = want.freeze.clone().unwrap_or_else(|| keys.bare_policy(gates().map(|(name, _)| name.clone()).collect()));
    policy.environments.retain(|name| named.is_empty() || named.contains(name));
    Ok(jobs(&files, &facts, FreezeFacts { policy: &policy, config, holds: &|_| None }, Some(repository)))
}

/// Every job that deploys to an environment that the freeze covers, and whether a freeze provably stops it.
fn jobs(files: &Files, facts: &Facts, freeze: FreezeFacts<'_>, repository: Option<&RepoName>) -> Vec<WorkflowStatus> {
    let mut found: BTreeMap<(String, String), WorkflowStatus> = BTreeMap::new();
    let environments: &BTreeSet<EnvName> = &freeze.policy.environments;
    let proofs = environments.iter().flat_map(|name| compensation(files, facts, name, freeze).into_iter().map(move |one| (name, one)));
    // Without a file it says that nothing deploys.
    for (environment, one) in proofs.filter(|(_, one)| !one.file.is_empty()) {
        let gap = match &one.proof {
            Proof::Proven(_) | Proof::AtStart(_) => None,
            Proof::Unproven(pos, why) => Some(format!("line {}: {why}", pos.line)),
            Proof::Earlier(pos, job) => Some(format!("line {}: only the job `{job}` before it checks: the answer may be old", pos.line)),
        };
        let status = WorkflowStatus {
            repository: repository.cloned(),
            only_at_start: matches!(one.proof, Proof::AtStart(_)),
            file: one.file,
            job: one.path,
            environment: environment.clone(),
            gap,
        };
        // Of several scenarios the one that is held least decides.
        let held = found.entry((status.file.clone(), status.job.clone())).or_insert_with(|| status.clone());
        if held.gap.is_none() && (status.gap.is_some() || status.only_at_start) {
            *held = status;
        }
    }
    found.into_values().collect()
}
