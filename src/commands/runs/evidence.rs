//! `gatectl evidence`: who approved the deployments of a period, and which had no approval.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};

use crate::cli::{EvidenceArgs, Format, Since};
use crate::commands::failure::hinted;
use crate::commands::output::replace_file;
use crate::config::Config;
use crate::desired::github::DesiredEnvironment;
use crate::exit::Exit;
use crate::files;
use crate::http::Reader;
use crate::model::{Cause, EnvName};
use crate::providers::github::runs::Links;
use crate::providers::github::runs::audit::AuditLog;
use crate::providers::github::runs::evidence::Measure;
use crate::providers::github::runs::observe::{self, Extent};
use crate::render::{Document, csv, html, json};

use super::{RunsContext, Session};
use crate::commands::wiring::Needs;
use crate::views::diagnostic::Hinted;
use crate::views::evidence::{EvidenceReport, Header, Query, Repository};
use crate::views::evidence_page;

/// Reads what was deployed and who approved it, and prints the evidence.
///
/// # Errors
/// When no repository or token is found, the audit log cannot be read, or nothing can be printed.
pub(in crate::commands) async fn run(session: &Session, args: &EvidenceArgs) -> anyhow::Result<Exit> {
    let config = session.config_if_any()?;
    Session::refuse_fleet_flags(&args.fleet, &config.path)?;
    let site = RunsContext::open(session, config, Needs::REPOSITORY).await?;
    let log = args.audit_log.as_deref().map(audit_log).transpose()?;
    session.progress.phase("reading deployments, runs and reviews");
    let report = gather(session, args, &site.reader, site.links(), &site.config, log.as_deref()).await?;
    site.refuse_strange(session, |name| report.may_have(name)).await?;
    if let Some(dir) = &args.out {
        write_all(dir, [json::to_string(&report), csv(&report.records()), evidence_page(&report)])?;
        session.progress.phase("evidence written");
    }
    if args.csv {
        session.warn(report.unread().map(|unknown| format!("{}; {}", unknown.reason, unknown.hint)));
        session.write(&csv(&report.records()))?;
    } else if session.global.format == Format::Html {
        session.write(&evidence_page(&report))?;
    } else {
        session.print(&site.config, &Document::from(&report), || json::to_string(&report))?;
    }
    Ok(exit(&report, args.require_approved))
}

/// Reads what was deployed from one repository, and judges it.
///
/// # Errors
/// When the period is empty, or the user asked to stop.
pub(in crate::commands) async fn gather(
    session: &Session,
    args: &EvidenceArgs,
    reader: &Reader,
    links: Links<'_>,
    config: &Config,
    log: Option<&str>,
) -> anyhow::Result<EvidenceReport> {
    let repository = links.repository;
    let environments = environments(config, &session.global.environment);
    let now = session.now();
    let extent = extent(args, now)?;
    let audit = log.map(|text| AuditLog::parse(text, repository)).transpose().map_err(|error| cut_off(args, error))?;
    let read = async {
        let history = observe::history(reader, repository, &environments, extent);
        tokio::join!(history, observe::viewer(reader), observe::repository_id(reader, repository))
    };
    let (history, by, id) = session.unless_stopped(read).await?;
    let header = Header {
        generated_at: now,
        gatectl: env!("CARGO_PKG_VERSION"),
        by: by.ok(),
        host: reader.endpoint().to_string(),
        repository: Repository { name: repository.clone(), id: id.ok() },
        query: query(args, extent, environments),
    };
    let approvals = approvals(config);
    let measure = Measure { approvals: Some(&approvals), audit: audit.as_ref() };
    Ok(EvidenceReport::new(header, &history, measure, links))
}

/// How many people must have approved, for the environments that declare it.
pub(super) fn approvals(config: &Config) -> BTreeMap<EnvName, u32> {
    let declared = |environment: &DesiredEnvironment| environment.gate()?.approvals;
    config.desired.github.environments.iter().filter_map(|(name, environment)| Some((name.clone(), declared(environment)?))).collect()
}

/// The largest audit log that is read, in bytes.
const MAX_AUDIT_LOG: u64 = 512 * 1024 * 1024;

/// The text of an audit log.
pub(in crate::commands) fn audit_log(path: &Path) -> anyhow::Result<String> {
    files::read_text(path, MAX_AUDIT_LOG).map_err(|error| {
        let hint = match error.kind() {
            ErrorKind::InvalidInput | ErrorKind::IsADirectory | ErrorKind::FileTooLarge => {
                "Name a regular file of at most 512 MiB; split a larger one by month"
            }
            _ => "Name a file of JSON lines that GitHub exported or streamed",
        };
        let message = format!("the audit log {} cannot be read", path.display());
        anyhow::Error::new(error).context(Hinted::new(message, hint))
    })
}

/// Why an audit log that is one array is not read: its events would be lost, and bypasses with them.
fn cut_off(args: &EvidenceArgs, error: serde_json::Error) -> anyhow::Error {
    let file = args.audit_log.as_deref().unwrap_or(Path::new("-")).display();
    let message = format!("the audit log {file} is not a whole JSON array; it may be cut off");
    anyhow::Error::new(error).context(Hinted::new(message, "Export it again, or name a file of JSON lines"))
}

/// Writes the evidence as JSON, CSV and HTML, each file whole or not at all, and the sums last: sums that fit prove that all is there.
pub(in crate::commands) fn write_all(dir: &Path, texts: [String; 3]) -> anyhow::Result<()> {
    let cannot = || Hinted::new(format!("{} could not be written", dir.display()), "Name a directory that you may write to");
    std::fs::create_dir_all(dir).with_context(cannot)?;
    let files = ["evidence.json", "evidence.csv", "evidence.html"].into_iter().zip(&texts);
    let sums: String = files.clone().map(|(name, text)| format!("{}  {name}\n", html::sha256(text))).collect();
    for (name, text) in files.chain([("SHA256SUMS", &sums)]) {
        replace_file(&dir.join(name), text.as_bytes(), None).with_context(cannot)?;
    }
    Ok(())
}

/// The environments that were named; else those of gate.toml with reviewers; else `production`.
pub(super) fn environments(config: &Config, named: &[EnvName]) -> Vec<EnvName> {
    let mut chosen: Vec<EnvName> = if named.is_empty() {
        let reviewers = |environment: &DesiredEnvironment| Some(environment.gate()?.reviewers.as_ref()?.len());
        let gated = |environment: &DesiredEnvironment| reviewers(environment).is_some_and(|reviewers| reviewers > 0);
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

fn extent(args: &EvidenceArgs, now: Timestamp) -> anyhow::Result<Extent> {
    let moment = |since: Since| match since {
        Since::At(then) => then,
        Since::Ago(ago) => {
            let ago = SignedDuration::try_from(ago).unwrap_or(SignedDuration::MAX);
            now.checked_sub(ago).unwrap_or(Timestamp::MIN)
        }
    };
    let Some(since) = args.since.map(moment) else { return Ok(Extent::Last(usize::from(args.last))) };
    let until = args.until.map(moment);
    let empty = match until {
        _ if since > now => format!("--since {since} is in the future"),
        Some(until) if until <= since => format!("--until {until} is not after --since {since}"),
        _ => return Ok(Extent::Since(since, until)),
    };
    Err(hinted(format!("the period is empty: {empty}"), "Give --until a later time than --since, and --since one that has passed"))
}

fn query(args: &EvidenceArgs, extent: Extent, environments: Vec<EnvName>) -> Query {
    let (last, since, until) = match extent {
        Extent::Last(last) => (Some(last), None, None),
        Extent::Since(since, until) => (None, Some(since), until),
    };
    let audit_log = args.audit_log.as_ref().map(|path| path.display().to_string());
    Query { environments, last, since, until, audit_log, allow: args.allow.clone() }
}

/// Unreadable data decides first; otherwise a report is a success, unless approvals are required.
pub(in crate::commands) fn exit(report: &EvidenceReport, require_approved: bool) -> Exit {
    let read = if require_approved && !report.all_approved() { Exit::NotGated } else { Exit::Done };
    Cause::common(report.unread().map(|unknown| unknown.cause)).map_or(read, Exit::from)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    #[test]
    fn a_period_has_no_end_but_the_one_that_is_given_and_is_never_empty() {
        let now: Timestamp = "2026-07-10T12:00:00Z".parse().unwrap();
        let asked = |words: &str| {
            let Command::Evidence(args) = Cli::try_parse_from(format!("gatectl evidence {words}").split(' ')).unwrap().command else {
                panic!("not evidence")
            };
            extent(&args, now).map_err(|error| error.to_string())
        };
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(asked("--since 24h").unwrap(), Extent::Since(at("2026-07-09T12:00:00Z"), None), "GitHub's clock may be ahead");
        let ended = Extent::Since(at("2026-07-01T00:00:00Z"), Some(at("2026-08-01T00:00:00Z")));
        assert_eq!(asked("--since 2026-07-01T00:00:00Z --until 2026-08-01T00:00:00Z").unwrap(), ended);
        for words in ["--since 2026-07-02 --until 2026-07-01", "--since 2027-01-01", "--since 2027-01-01 --until 2027-02-01"] {
            assert!(asked(words).unwrap_err().contains("the period is empty"), "{words}");
        }
    }
}
