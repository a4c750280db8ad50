//! `gatectl evidence`: who approved the last deployments, and which nobody did.

use jiff::{SignedDuration, Timestamp};

use crate::cli::{EvidenceArgs, Since};
use crate::config::Config;
use crate::desired::github::Environment;
use crate::exit::Exit;
use crate::model::{Cause, EnvName};
use crate::providers::github::runs::observe::{self, Extent};
use crate::render::{Document, csv, json};

use super::{Session, Site};
use crate::commands::wiring::Needs;
use crate::views::evidence::Report;

/// Reads what was deployed and who approved it, and prints what that proves.
///
/// # Errors
/// When no repository or token is found, or nothing can be printed.
pub(in crate::commands) async fn run(session: &Session, args: &EvidenceArgs) -> anyhow::Result<Exit> {
    let config = session.config_if_any()?;
    let environments = environments(&config, &session.global.environment);
    let site = Site::open(session, &config, Needs { github: true, heroku: false }).await?;
    session.progress.phase("reading deployments, runs and reviews");
    let extent = extent(args, Timestamp::now());
    let history = session.unless_stopped(observe::history(&site.reader, &site.repository, &environments, extent)).await?;
    site.wiring.trace_traffic();
    let report = Report::new(&history, site.links());
    if args.csv {
        // A table has no place for what could not be read.
        session.warn(&report.unread().map(|unknown| format!("{}; {}", unknown.reason, unknown.hint)).collect::<Vec<_>>());
        session.write(&csv(&report.records()))?;
    } else {
        session.print(&config, &Document::from(&report), || json::to_string(&report))?;
    }
    Ok(exit(&report, args.require_approved))
}

/// The environments that were named; else those of gate.toml with reviewers; else `production`.
pub(super) fn environments(config: &Config, named: &[EnvName]) -> Vec<EnvName> {
    let mut chosen: Vec<EnvName> = if named.is_empty() {
        let gated = |environment: &Environment| match environment {
            Environment::Present(gate) => gate.reviewers.as_ref().is_some_and(|reviewers| !reviewers.is_empty()),
            Environment::Absent => false,
        };
        config.desired.github.environments.iter().filter(|(_, environment)| gated(environment)).map(|(name, _)| name.clone()).collect()
    } else {
        named.to_vec()
    };
    if chosen.is_empty() {
        chosen.extend(EnvName::new("production"));
    }
    chosen.sort();
    chosen.dedup();
    chosen
}

fn extent(args: &EvidenceArgs, now: Timestamp) -> Extent {
    match args.since {
        None => Extent::Last(usize::from(args.last)),
        Some(Since::At(then)) => Extent::Since(then),
        Some(Since::Ago(ago)) => {
            let ago = SignedDuration::try_from(ago).unwrap_or(SignedDuration::MAX);
            Extent::Since(now.checked_sub(ago).unwrap_or(Timestamp::MIN))
        }
    }
}

/// What could not be read at all comes first; a report is a success, unless approvals are required.
pub(super) fn exit(report: &Report, require_approved: bool) -> Exit {
    let mut causes = report.unread().map(|unknown| unknown.cause).peekable();
    if causes.peek().is_some() {
        return if causes.all(|cause| cause == Cause::Credentials) { Exit::Credentials } else { Exit::Error };
    }
    if require_approved && !report.all_approved() { Exit::NotGated } else { Exit::Done }
}
