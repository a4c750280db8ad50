//! `gatectl verify`: the workflow files and the live state, joined into a verdict.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;

use super::failure::hinted;
use crate::cli::{Format, VerifyArgs};
use crate::config::{self, Config};
use crate::exit::Exit;
use crate::findings::{Code, Finding, Verdict};
use crate::http::Reader;
use crate::model::{EnvName, RepoName, Unknown};
use crate::providers::github::inspect::{InspectionScope, inspect};
use crate::providers::github::inspection::Inspection;
use crate::providers::github::live::Repository;
use crate::render::json;
use crate::verify::{Case, VerifyReport, check_live, compensations, judge};
use crate::views::fleet_verdict::Scope;
use crate::views::verdict::verify_document;
use crate::views::{sarif, verdict_page};
use crate::workflows::facts::Facts;
use crate::workflows::freeze_check::FreezeFacts;
use crate::workflows::resolve::Files;

use super::runs::freeze_guard::FreezeGuard;
use super::wiring::{Needs, Wiring};
use super::{Session, called, output, statics};

/// Observes, judges, prints.
///
/// # Errors
/// When gate.toml or a named folder cannot be read, or nothing is declared. What GitHub does not answer is a verdict: unknown.
pub(super) async fn run(session: &Session, args: &VerifyArgs) -> anyhow::Result<Exit> {
    let config = session.config(&[])?;
    Session::refuse_fleet_flags(&args.fleet, &config.path)?;
    if args.live_only {
        return Err(hinted(
            format!("--live-only is for a fleet, and {} is for one repository", config.path),
            "Leave it out: the workflow files of one repository are few",
        ));
    }
    let asked = statics::asked(session, &config)?;
    if asked.is_empty() {
        return Err(hinted(
            format!("{} declares no environment: there is nothing to verify", config.path),
            "declare one, such as [environments.production] with `reviewers`",
        ));
    }
    let wiring = Wiring::of(session, &config, Needs::REPOSITORY_AND_FREEZE).await?;
    let repository = wiring.repository()?;
    let checkout = Checkout { root: &statics::root(session, &config), repository };
    let on_disk = on_disk(args, checkout)?.filter(|files| session.global.sandbox.is_none() || any_declared(&config, files));

    let facts = Facts { repository: Some(repository.clone()), ..statics::facts(session, &config, checkout.root) };
    session.progress.phase("reading the live state");
    let seen = session.unless_stopped(look(&wiring, &config, checkout, &asked, on_disk, &facts, session.now())).await?;

    let mut report = report(session, &config, checkout, &asked, &seen);
    output::scope().repeat_in_findings(report.environments.iter_mut().flat_map(|one| &mut one.findings));
    if let Some(path) = &args.check.sarif {
        session.write_file(path, &sarif::render(&distinct(&report), |finding| session.place(&config, finding)))?;
    }
    if session.global.format == Format::Html {
        session.write(&verdict_page(&report))?;
    } else {
        session.print(&config, &verify_document(&report, statics::jobs(session)), || json::to_string(&report))?;
    }
    Ok(match report.verdict {
        Verdict::Gated => Exit::Done,
        Verdict::Compensated if args.accept_compensated => Exit::Done,
        Verdict::Compensated | Verdict::Unknown | Verdict::Ungated => Exit::NotGated,
    })
}

/// The verdict on one repository of a fleet: its own file would have no more than these environments.
pub(super) async fn of_member(
    session: &Session,
    reader: &Reader,
    config: &Config,
    repository: &RepoName,
    listed: &Result<Repository, Unknown>,
    scope: Scope,
) -> VerifyReport {
    let asked: BTreeSet<EnvName> = config.desired.github.environments.keys().cloned().collect();
    let interest = InspectionScope {
        want: &config.desired.github,
        environments: &asked,
        workflows: &BTreeSet::new(),
        judges_workflows: scope == Scope::Whole,
        listed: Some(listed),
    };
    let checkout = Checkout { root: &session.directory, repository };
    let facts = Facts { repository: Some(repository.clone()), ..statics::facts(session, config, checkout.root) };
    let files = async {
        match scope {
            Scope::Whole => Ok(called::with_called(reader, &facts, called::on_github(reader, repository).await?).await),
            Scope::Live => Ok(Files::default()),
        }
    };
    let (live, files) = tokio::join!(inspect(reader, repository, interest), files);
    let observed = Observed { live, files, in_checkout: false, guard: None };
    report(session, config, checkout, &asked, &observed)
}

/// Which repository it is, on disk and on GitHub.
#[derive(Clone, Copy)]
struct Checkout<'a> {
    root: &'a Path,
    repository: &'a RepoName,
}

/// The files of the checkout; `None` if GitHub must be asked: with `--remote`, or if this is not a checkout of the repository.
fn on_disk(args: &VerifyArgs, checkout: Checkout<'_>) -> anyhow::Result<Option<Files>> {
    if let Some(folder) = &args.check.workflows {
        return statics::in_named(folder, Some(checkout.repository)).map(Some);
    }
    let elsewhere = config::origin(checkout.root).is_some_and(|origin| origin.repository != *checkout.repository);
    if args.remote || elsewhere { Ok(None) } else { statics::in_checkout(checkout.root, Some(checkout.repository)) }
}

/// Whether the checkout has any workflow that gate.toml declares. If it has none, as when the sample is rehearsed in any
/// directory, the emulator's repository is the one that gate.toml is about.
fn any_declared(config: &Config, files: &Files) -> bool {
    config.desired.workflows.iter().any(|expectation| files.get(&expectation.file).is_some())
}

/// Everything that was inspected.
struct Observed<'c> {
    live: Inspection,
    files: Result<Files, Unknown>,
    /// Whether the files are those of the checkout.
    in_checkout: bool,
    /// The freeze, if gate.toml declares one.
    guard: Option<FreezeGuard<'c>>,
}

async fn look<'c>(
    wiring: &Wiring,
    config: &'c Config,
    checkout: Checkout<'_>,
    asked: &BTreeSet<EnvName>,
    on_disk: Option<Files>,
    facts: &Facts,
    now: Timestamp,
) -> Observed<'c> {
    let guard = async {
        let policy = config.desired.freeze.as_ref()?;
        Some(FreezeGuard::read(policy, wiring.store(&policy.store).as_ref(), now).await)
    };
    let in_checkout = on_disk.is_some();
    let github = async {
        let reader = match wiring.github() {
            Ok(reader) => reader,
            Err(error) => {
                let unknown = error.unknown();
                return (Inspection::unreachable(&unknown), on_disk.ok_or(unknown));
            }
        };
        let workflows = config.desired.workflows.iter().map(|expectation| expectation.file.trim_start_matches("./")).collect();
        let interest = InspectionScope {
            want: &config.desired.github,
            environments: asked,
            workflows: &workflows,
            judges_workflows: true,
            listed: None,
        };
        let files = async {
            match on_disk {
                Some(files) => Ok(called::with_called(&reader, facts, files).await),
                None => Ok(called::with_called(&reader, facts, called::on_github(&reader, checkout.repository).await?).await),
            }
        };
        tokio::join!(inspect(&reader, checkout.repository, interest), files)
    };
    let ((live, files), guard) = tokio::join!(github, guard);
    Observed { live, files, in_checkout, guard }
}

fn report(session: &Session, config: &Config, checkout: Checkout<'_>, asked: &BTreeSet<EnvName>, seen: &Observed<'_>) -> VerifyReport {
    let Observed { live, files, guard, .. } = seen;
    let mut facts = statics::facts(session, config, checkout.root);
    facts.repository = Some(checkout.repository.clone());
    if let Ok(repository) = &live.repository {
        facts.default_branch.clone_from(&repository.default_branch);
    }
    let checked = files.as_ref().map(|files| statics::narrow(check_live(files, &facts, live), asked));
    let expected = facts.expectations.iter().flat_map(|one| one.expect.environments().cloned()).collect();
    let mut compensations = match (files, &config.desired.freeze) {
        (Ok(files), Some(policy)) => {
            let file = statics::in_repository(session, config, checkout.root);
            let holds = |path: &str| seen.in_checkout.then(|| checkout.root.join(path).is_file());
            compensations(asked, files, &facts, FreezeFacts { policy, config: Some(&file), holds: &holds })
        }
        (Ok(_) | Err(_), _) => BTreeMap::new(),
    };
    for (name, freeze) in &mut compensations {
        freeze.weaknesses.extend(guard.as_ref().and_then(|guard| open(guard, name, session.now())));
    }
    let mut report = judge(Case {
        repository: checkout.repository,
        want: &config.desired.github,
        asked,
        live,
        workflows: checked.as_ref().map_err(|unknown| *unknown),
        expected: &expected,
        compensations: &compensations,
    });
    for one in &mut report.environments {
        let left = guard.iter().flat_map(|guard| guard.leftovers(&one.name, session.now()));
        one.findings.extend(left.map(|left| Finding::new(Code::StaleFreeze, left.message).fix(left.command).about(&one.name)));
    }
    report
}

/// A note that a freeze lets deploys through today, or may.
fn open(guard: &FreezeGuard<'_>, name: &EnvName, now: Timestamp) -> Option<Finding> {
    match guard.holds(name, now).0 {
        None => Some(Finding::new(
            Code::FreezeOpen,
            format!("deploys to {name} are not frozen right now: their freeze check lets them through"),
        )),
        Some(closed) if closed.undetermined.is_some() => Some(Finding::new(Code::FreezeOpen, closed.why)),
        Some(_) => None,
    }
}

/// Each finding once; those about every environment are in the report of each.
fn distinct(report: &VerifyReport) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    for finding in report.environments.iter().flat_map(|one| &one.findings) {
        if !all.contains(finding) {
            all.push(finding.clone());
        }
    }
    all
}
