//! `gatectl verify`: the workflow files and the live state, joined into a verdict.

use std::collections::{BTreeMap, BTreeSet};

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
use crate::workflows::freeze_check::FreezeFacts;
use crate::workflows::resolve::Files;

use super::runs::freeze_guard::FreezeGuard;
use super::statics::{self, Checkout};
use super::wiring::{Needs, Wiring};
use super::{Session, called, output};

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
    let question = Question::new(session, &config, wiring.repository()?, Checkout::of(session, &config), asked);
    let on_disk = question.on_disk(args)?.filter(|files| session.global.sandbox.is_none() || any_declared(&config, files));
    let seen = session.read("reading the live state", question.look(&wiring, on_disk)).await?;

    let mut report = question.report(&seen);
    output::scope().repeat_in_findings(report.environments.iter_mut().flat_map(|one| &mut one.findings));
    if let Some(path) = &args.check.sarif {
        session.write_file(
            path,
            &sarif::render(report.findings().into_iter().map(|(_, finding)| finding), |finding| session.place(&config, finding)),
        )?;
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
    let asked = config.desired.github.environments.keys().cloned().collect();
    let question = Question::new(session, config, repository, Checkout::at(session.directory.clone(), session, config), asked);
    let (live, files) = question.inspect(reader, scope, None, Some(listed)).await;
    question.report(&Observed { live, files, in_checkout: false, guard: None })
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

/// One repository, and what is asked about it.
struct Question<'a> {
    session: &'a Session,
    config: &'a Config,
    repository: &'a RepoName,
    /// Where its files are on disk, and what they are checked against.
    checkout: Checkout,
    asked: BTreeSet<EnvName>,
}

impl<'a> Question<'a> {
    fn new(session: &'a Session, config: &'a Config, repository: &'a RepoName, mut checkout: Checkout, asked: BTreeSet<EnvName>) -> Self {
        checkout.facts.repository = Some(repository.clone());
        Self { session, config, repository, checkout, asked }
    }

    /// The files of the checkout; `None` if GitHub must be asked: with `--remote`, or if this is not a checkout of the repository.
    fn on_disk(&self, args: &VerifyArgs) -> anyhow::Result<Option<Files>> {
        if let Some(folder) = &args.check.workflows {
            return statics::in_named(folder, Some(self.repository)).map(Some);
        }
        let elsewhere = config::origin(&self.checkout.root).is_some_and(|origin| origin.repository != *self.repository);
        if args.remote || elsewhere { Ok(None) } else { self.checkout.files() }
    }

    /// Reads everything at once. Without a token only the checkout is known.
    async fn look(&self, wiring: &Wiring, on_disk: Option<Files>) -> Observed<'a> {
        let guard = async {
            let policy = self.config.desired.freeze.as_ref()?;
            Some(FreezeGuard::read(policy, wiring.store(&policy.store).as_ref(), self.session.now()).await)
        };
        let in_checkout = on_disk.is_some();
        let github = async {
            match wiring.github() {
                Ok(reader) => self.inspect(&reader, Scope::Whole, on_disk, None).await,
                Err(error) => (Inspection::unreachable(&error.unknown()), on_disk.ok_or(error.unknown())),
            }
        };
        let ((live, files), guard) = tokio::join!(github, guard);
        Observed { live, files, in_checkout, guard }
    }

    /// Reads the live state and, unless only the rules are judged, the workflow files: of the checkout, or else of the default branch.
    async fn inspect(
        &self,
        reader: &Reader,
        scope: Scope,
        on_disk: Option<Files>,
        listed: Option<&Result<Repository, Unknown>>,
    ) -> (Inspection, Result<Files, Unknown>) {
        let want = &self.config.desired;
        let workflows = want.workflows.iter().map(|expectation| expectation.file.trim_start_matches("./")).collect();
        let judges_workflows = scope == Scope::Whole;
        let interest = InspectionScope { want: &want.github, environments: &self.asked, workflows: &workflows, judges_workflows, listed };
        let files = async {
            let files = match (scope, on_disk) {
                (Scope::Live, _) => return Ok(Files::default()),
                (Scope::Whole, Some(files)) => files,
                (Scope::Whole, None) => called::on_github(reader, self.repository).await?,
            };
            Ok(called::with_called(reader, &self.checkout.facts, files).await)
        };
        tokio::join!(inspect(reader, self.repository, interest), files)
    }

    fn report(&self, seen: &Observed<'_>) -> VerifyReport {
        let Self { session, config, checkout: Checkout { root, facts }, asked, .. } = self;
        let Observed { live, files, guard, .. } = seen;
        let mut facts = facts.clone();
        if let Ok(repository) = &live.repository {
            facts.default_branch.clone_from(&repository.default_branch);
        }
        let checked = files.as_ref().map(|files| statics::narrow(check_live(files, &facts, live), asked));
        let expected = facts.expectations.iter().flat_map(|one| one.expect.environments().cloned()).collect();
        let mut compensations = match (files, &config.desired.freeze) {
            (Ok(files), Some(policy)) => {
                let file = statics::in_repository(session, config, root);
                let holds = |path: &str| seen.in_checkout.then(|| root.join(path).is_file());
                compensations(asked, files, &facts, FreezeFacts { policy, config: Some(&file), holds: &holds })
            }
            (Ok(_) | Err(_), _) => BTreeMap::new(),
        };
        for (name, freeze) in &mut compensations {
            freeze.weaknesses.extend(guard.as_ref().and_then(|guard| open(guard, name, session.now())));
        }
        let mut report = judge(Case {
            repository: self.repository,
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
