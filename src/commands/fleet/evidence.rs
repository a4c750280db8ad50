//! `gatectl evidence` on a fleet file: the evidence of each repository, as `evidence` has it for one.

use crate::cli::{EvidenceArgs, Format};
use crate::config::Config;
use crate::exit::Exit;
use crate::http::Reader;
use crate::providers::github::runs::Links;
use crate::reconcile::Prune;
use crate::reconcile::fleet::Member;
use crate::render::{Document, csv, json};
use crate::views::{FleetEvidence, evidence_page, fleet_evidence_page};

use super::super::Session;
use super::super::runs::evidence;
use super::{Run, Survey, part};

/// Reads what was deployed from every repository and who approved it, and prints the evidence.
///
/// # Errors
/// If the list of repositories cannot be read or contradicts the file, or nothing can be printed.
pub(in crate::commands) async fn run(session: &Session, args: &EvidenceArgs, config: &Config) -> anyhow::Result<Exit> {
    let log = args.audit_log.as_deref().map(evidence::audit_log).transpose()?;
    let run = Run::open(session, config, part(&args.fleet), Prune::Nothing).await?;
    let gather = async |member: &Member<'_>, reader: &Reader| {
        let mut own = config.clone();
        own.desired.github.environments = run.context.want(member).github.environments;
        let links = Links { web: &run.context.web, repository: &member.name };
        Box::pin(evidence::gather(session, args, reader, links, &own, log.as_deref())).await
    };
    // Each has many requests of its own.
    let Survey { found: reports, left_alone } = run.survey(("reading deployments", 8), |_| {}, gather).await?;
    let fleet = FleetEvidence { reports: &reports, left_alone: &left_alone, requests: run.cost().requests };
    if let Some(dir) = &args.out {
        for (name, report) in &reports {
            let texts = [json::to_string(report), csv(&report.records()), evidence_page(report)];
            evidence::write_all(&dir.join(name.name()), texts)?;
        }
        evidence::write_all(dir, [fleet.json(), csv(&fleet.records()), fleet_evidence_page(fleet)])?;
    }
    if args.csv {
        let unread = reports.iter().flat_map(|(_, report)| report.unread());
        session.warn(unread.map(|unknown| format!("{}; {}", unknown.reason, unknown.hint)));
        session.write(&csv(&fleet.records()))?;
    } else if session.global.format == Format::Html {
        session.write(&fleet_evidence_page(fleet))?;
    } else {
        session.print(config, &Document::from(fleet), || fleet.json())?;
    }
    // If not all could be read, that comes first.
    let exits: Vec<Exit> = reports.iter().map(|(_, report)| evidence::exit(report, args.require_approved)).collect();
    let worst = [Exit::Error, Exit::Credentials, Exit::NotGated].into_iter().find(|exit| exits.contains(exit));
    Ok(match worst {
        Some(exit) => exit,
        // An exception that ended is an error until someone decides.
        None if fleet.has_invalid() => Exit::Error,
        None if reports.is_empty() && args.require_approved => Exit::NotGated,
        None => Exit::Done,
    })
}
