//! `gatectl validate`: the file, and what it expects of the workflows, offline.

use std::io::Write as _;

use crate::cli::ValidateArgs;
use crate::config::Config;
use crate::desired::fleet::{Exception, Fleet};
use crate::exit::Exit;
use crate::findings::{Code, Verdict, verdict};
use crate::model::Severity;
use crate::render::{Block, Document, Finding, Role, Section, json};
use crate::views::verdict::{Jobs, check_document};
use crate::views::words::count;
use crate::workflows::check::{CheckReport, check};

use super::Session;
use super::failure::of_gate_file;
use super::session::location;
use super::statics::{self, Checkout};

/// Validates each named file, or the current one. All are read, even if one is invalid; the worst result decides.
///
/// # Errors
/// Every problem of the file, if it is the only one.
pub(super) fn run(session: &Session, args: &ValidateArgs) -> anyhow::Result<Exit> {
    match args.files.as_slice() {
        [] => file(session),
        [path] => file(&session.about_file(path)),
        paths => {
            let mut worst = Exit::Done;
            for path in paths {
                let exit = file(&session.about_file(path)).unwrap_or_else(|error| {
                    // The result of the others still counts; nothing can be done about a closed stream.
                    let _ = anstream::stderr().write_all(super::explain(&error).as_bytes());
                    super::exit_of(&error)
                });
                // An invalid file outranks an expectation that does not hold.
                worst = if exit == Exit::Done || worst == Exit::Error { worst } else { exit };
            }
            Ok(worst)
        }
    }
}

/// Reads one gate.toml and checks the workflows of its checkout if it declares any.
fn file(session: &Session) -> anyhow::Result<Exit> {
    let config = session.any_file(&session.global.environment)?;
    if let Some(fleet) = &config.desired.fleet {
        let (document, valid) = of_fleet(session, &config, fleet);
        print(session, &config, &document, valid, None)?;
        return Ok(if valid { Exit::Done } else { Exit::Error });
    }
    let whole = session.config(&[])?;
    let checked = workflows(session, &whole)?;
    let expected = !whole.desired.workflows.is_empty();
    let report = checked.as_ref().filter(|_| expected);
    print(session, &config, &of_repository(&config, report, expected), true, report)?;
    Ok(if report.is_none_or(|report| report.verdict == Verdict::Gated) { Exit::Done } else { Exit::NotGated })
}

/// Prints whether a file is valid, and what was checked besides.
fn print(session: &Session, config: &Config, document: &Document, valid: bool, report: Option<&CheckReport>) -> anyhow::Result<()> {
    session.print(config, document, || {
        json::to_string(&serde_json::json!({
            "format_version": json::FORMAT_VERSION,
            "valid": valid,
            "config": config.path,
            "workflows": report.map(|report| report.verdict),
            "findings": report.map_or(&[][..], |report| &report.findings),
            "warnings": config.warnings,
        }))
    })
}

/// A fleet file has no workflow expectations; what it has is exceptions, and those that ended are errors. Whether none has ended.
fn of_fleet(session: &Session, config: &Config, fleet: &Fleet) -> (Document, bool) {
    let today = jiff::tz::TimeZone::UTC.to_datetime(session.now()).date();
    let ended: Vec<&Exception> = fleet.except.iter().filter(|except| except.has_expired(today)).collect();
    let finding = |except: &&Exception| {
        let place = location(config, &["fleet", "except", except.repositories.text(), "until"]);
        let message =
            format!("the exception for \"{}\" ended on {}: {} (owner {})", except.repositories, except.until, except.reason, except.owner);
        let fix = "Remove the `except` table so that the repository is managed, or set a later `until`";
        Block::Finding(Finding::at(Severity::Error, "gate-toml", place, message, fix))
    };
    let (headline, tone) = if ended.is_empty() {
        let valid = format!(
            "{} is valid: a fleet of {}, {}, {}, {}.",
            config.path,
            fleet.organization,
            count(config.desired.github.environments.len(), "environment"),
            count(fleet.only.len(), "`only` table"),
            count(fleet.except.len(), "exception"),
        );
        (valid, Role::Added)
    } else {
        (format!("{}: {} ended.", config.path, count(ended.len(), "exception")), Role::Failure)
    };
    let sections = Section::of(ended.iter().map(finding).collect()).into_iter().collect();
    (document(config, sections, headline, tone, Vec::new()), ended.is_empty())
}

/// What the workflow files say; `None` if there is no checkout to look at.
fn workflows(session: &Session, config: &Config) -> anyhow::Result<Option<CheckReport>> {
    let checkout = Checkout::of(session, config);
    let Some(files) = checkout.files()? else { return Ok(None) };
    let mut report = statics::narrow(check(&files, &checkout.facts), &statics::asked(session, config)?);
    // A gate.toml without expectations is valid; `check` is the command that asks for proof.
    report.findings.retain(|finding| finding.code != Code::NothingDeclared);
    report.verdict = verdict(&report.findings);
    Ok(Some(report))
}

fn of_repository(config: &Config, report: Option<&CheckReport>, expected: bool) -> Document {
    let want = &config.desired;
    let vars: usize = want.heroku.config.values().map(std::collections::BTreeMap::len).sum();
    let valid = format!(
        "{} is valid: {}, {}, {}, {}.",
        config.path,
        count(want.github.environments.len(), "environment"),
        count(want.workflows.len(), "workflow expectation"),
        count(vars, "config var"),
        if want.freeze.is_some() { "a freeze" } else { "no freeze" },
    );
    match report {
        Some(report) => {
            let checked = check_document(report, Jobs::Omitted);
            let sections = checked.sections.into_iter().filter(|section| section.fold.is_none()).collect();
            let next = checked.next.into_iter().map(|next| next.replace("gatectl check", "gatectl validate")).collect();
            document(config, sections, format!("{valid} {}", checked.headline), checked.tone, next)
        }
        None if expected => {
            let text = "The workflow expectations were not checked: this is not a checkout of the repository, or it has no workflow files.";
            document(
                config,
                vec![Section::text(text)],
                valid,
                Role::Alert,
                vec!["Next: run it in a checkout, or `gatectl check --workflows DIR`.".to_owned()],
            )
        }
        None => document(config, Vec::new(), valid, Role::Added, Vec::new()),
    }
}

/// The result, with what is allowed but probably not intended.
fn document(config: &Config, mut sections: Vec<Section>, headline: String, tone: Role, next: Vec<String>) -> Document {
    let finding = |warning| Block::Finding(of_gate_file(Severity::Warning, &config.path, warning));
    sections.extend(Section::of(config.warnings.iter().map(finding).collect()));
    Document { name: "validate", sections, headline, tone, next, ..Document::default() }
}
