//! `gatectl check`: the workflow files against gate.toml, offline.

use crate::cli::CheckArgs;
use crate::exit::Exit;
use crate::findings::Verdict;
use crate::render::json;
use crate::views::diagnostic::Hinted;
use crate::views::sarif;
use crate::views::verdict::check_document;
use crate::workflows::check::check;

use super::statics::{self, Checkout};
use super::{Session, output};

/// Reads the files, resolves every job, prints.
///
/// # Errors
/// When gate.toml or the folder of workflows cannot be read.
pub(super) fn run(session: &Session, args: &CheckArgs) -> anyhow::Result<Exit> {
    let config = session.config(&[])?;
    let asked = statics::asked(session, &config)?;
    let checkout = Checkout::of(session, &config);
    let files = match &args.workflows {
        Some(folder) => statics::in_named(folder, checkout.facts.repository.as_ref())?,
        None => checkout.files()?.ok_or_else(|| {
            Hinted::new(
                format!("there are no workflow files: {} has no {}", checkout.root.display(), statics::FOLDER),
                "run it in a checkout of the repository, or name the folder with --workflows DIR",
            )
        })?,
    };
    let mut report = statics::narrow(check(&files, &checkout.facts), &asked);
    output::scope().repeat_in_findings(report.findings.iter_mut());
    if let Some(path) = &args.sarif {
        session.write_file(path, &sarif::render(&report.findings, |finding| session.place(&config, finding)))?;
    }
    session.print(&config, &check_document(&report, statics::jobs(session)), || json::to_string(&report))?;
    Ok(if report.verdict == Verdict::Gated { Exit::Done } else { Exit::NotGated })
}
