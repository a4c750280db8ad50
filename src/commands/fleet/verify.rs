//! `gatectl verify` on a fleet file: the verdict on each repository, as `verify` has it for one.

use crate::cli::{Format, VerifyArgs};
use crate::commands::failure::hinted;
use crate::config::Config;
use crate::exit::Exit;
use crate::findings::{Code, Verdict};
use crate::http::Reader;
use crate::reconcile::Prune;
use crate::reconcile::fleet::Member;
use crate::render::Document;
use crate::verify::VerifyReport;
use crate::views::fleet_verdict::{FleetVerdict, Scope};
use crate::views::fleet_verdict_page;

use super::super::{Session, verify};
use super::{Run, Survey, part};

/// The minimum of requests for the rules of a repository: environments, protected branches, and what each environment leads to.
const FOR_RULES: usize = 3;
/// The minimum for its workflow files: the folder, and the secrets of three scopes. A file that several repositories have is read once.
const FOR_FILES: usize = 4;

/// Inspects and judges every repository, and prints.
///
/// # Errors
/// If the list of repositories cannot be read or contradicts the file. What GitHub does not answer is a verdict: unknown.
pub(in crate::commands) async fn run(session: &Session, args: &VerifyArgs, config: &Config) -> anyhow::Result<Exit> {
    let refused = [
        (args.check.workflows.is_some(), "--workflows"),
        (args.check.sarif.is_some(), "--sarif"),
        (args.accept_compensated, "--accept-compensated"),
    ];
    if let Some((_, flag)) = refused.into_iter().find(|(given, _)| *given) {
        return Err(hinted(
            format!("{flag} is for one repository, and {} is a fleet file", config.path),
            "Leave it out, or verify the repository's own gate.toml",
        ));
    }
    let scope = if args.live_only { Scope::Live } else { Scope::Whole };
    let run = Run::open(session, config, part(&args.fleet), Prune::Nothing).await?;
    let judge = async |member: &Member<'_>, reader: &Reader| {
        let mut own = config.clone();
        own.desired.github.environments = run.context.want(member).github.environments;
        own.desired.github.repository = Some(member.name.clone());
        Ok(of_a_fleet(Box::pin(verify::of_member(session, reader, &own, &member.name, member.listed(), scope)).await))
    };
    let announce = |repositories| say_cost(session, repositories, scope);
    let Survey { found, left_alone } = run.survey(("verifying", run.context.at_once), announce, judge).await?;
    let reports: Vec<VerifyReport> = found.into_iter().map(|(_, report)| report).collect();
    let verdict = FleetVerdict { reports: &reports, left_alone: &left_alone, scope, cost: run.cost() };
    if session.global.format == Format::Html {
        session.write(&fleet_verdict_page(verdict))?;
    } else {
        session.print(config, &Document::from(verdict), || verdict.json())?;
    }
    Ok(if verdict.verdict() == Verdict::Gated { Exit::Done } else { Exit::NotGated })
}

/// Without the table of jobs, which is only shown for a single repository, and without the advice to declare workflows, which a fleet
/// file cannot.
fn of_a_fleet(mut report: VerifyReport) -> VerifyReport {
    report.workflows.clear();
    for environment in &mut report.environments {
        environment.findings.retain(|finding| finding.code != Code::NothingDeclared);
    }
    report
}

/// Prints the number of requests before it starts.
fn say_cost(session: &Session, repositories: usize, scope: Scope) {
    let (each, what, more) = match scope {
        Scope::Whole => {
            (FOR_RULES + FOR_FILES, "rules and workflow files", ", and one for each different file; --live-only reads the rules alone")
        }
        Scope::Live => (FOR_RULES, "rules", ""),
    };
    session.say(&format!(
        "Reading the {what} of {repositories} repositories: at least {} requests if nothing is cached{more}.",
        each * repositories
    ));
}
