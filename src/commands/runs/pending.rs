//! `gatectl pending`: the deployments that wait for approval.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::cli::PendingArgs;
use crate::exit::Exit;
use crate::http::ApiError;
use crate::model::EnvName;
use crate::providers::github::runs::admit::barred;
use crate::providers::github::runs::queue::{Queue, Waiting};
use crate::providers::github::runs::{Account, Decision, observe, queue};
use crate::render::json;
use crate::views::pending::{PendingReport, Question};

use super::freeze_guard::FreezeGuard;
use super::{RunsContext, Session};
use crate::commands::wiring::Needs;

/// Reads every waiting run and what it would ship, and prints both.
///
/// # Errors
/// When the runs cannot be read.
pub(in crate::commands) async fn run(session: &Session, args: &PendingArgs) -> anyhow::Result<Exit> {
    let site = RunsContext::open(session, session.config_if_any()?, Needs::REPOSITORY_AND_FREEZE).await?;
    let (queue, viewer) = session.read("reading what waits", site.queue()).await??;
    let (waiting, now) = (queue.waiting(), session.now());
    site.refuse_strange(session, |name| waiting.iter().any(|one| one.pending.environment == *name)).await?;
    let refusals = session.unless_stopped(site.refusals(&waiting, &viewer, now)).await?;
    let question = Question {
        environments: &session.global.environment,
        older_than: args.older_than.map(|least| i64::try_from(least.as_secs()).unwrap_or(i64::MAX)),
        refusals: &refusals,
        now,
    };
    let report = PendingReport::new(&queue, &waiting, &question, site.links());
    session.print(&site.config, &report.document(now), || json::to_string(&report))?;
    Ok(report.exit(if args.exit_code { Exit::Pending } else { Exit::Done }))
}

/// How long to wait for the freeze: pending deployments are worth showing without it.
const FREEZE_WITHIN: Duration = Duration::from_secs(10);

/// The owner of the token, if GitHub names one.
pub(super) type Viewer = Result<Account, ApiError>;

/// Why the account behind the token may not approve, by run and environment id.
pub(super) type Refusals = BTreeMap<(u64, u64), String>;

impl RunsContext {
    /// Everything that waits, compared with what is deployed, and the account of the token.
    ///
    /// # Errors
    /// When the lists of runs cannot be read.
    pub(super) async fn queue(&self) -> Result<(Queue, Viewer), ApiError> {
        let (reader, repository) = (&self.reader, &self.repository);
        let (runs, viewer) = tokio::join!(observe::waiting(reader, repository), observe::viewer(reader));
        Ok((queue::observe::queue(reader, repository, runs?).await, viewer))
    }

    /// Why the account may not approve what waits: GitHub's rules first, then the freeze of gate.toml.
    pub(super) async fn refusals(&self, waiting: &[Waiting<'_>], viewer: &Viewer, now: jiff::Timestamp) -> Refusals {
        let strict = self.config.desired.github.no_self_review();
        let mut refusals = Refusals::new();
        let mut free: Vec<(&Waiting<'_>, &EnvName)> = Vec::new();
        for one in waiting {
            let refusal = match viewer {
                Ok(viewer) => barred(one.run, one.pending, Decision::Approved, &strict, viewer).map(|refusal| refusal.to_string()),
                Err(error) if error.message.contains("Resource not accessible by integration") => {
                    Some("GITHUB_TOKEN and App installation tokens cannot review deployments".to_owned())
                }
                Err(error) => Some(format!("the account behind the token is unknown: {error}")),
            };
            match refusal {
                Some(why) => drop(refusals.insert((one.run.id, one.pending.environment_id), why)),
                None => free.push((one, &one.pending.environment)),
            }
        }
        // The store is read only if it can change an answer.
        if let Some(policy) = self.config.desired.freeze.as_ref().filter(|policy| free.iter().any(|(_, name)| policy.covers(name))) {
            let guard =
                tokio::time::timeout(FREEZE_WITHIN, FreezeGuard::read(policy, self.wiring.store(&policy.store).as_ref(), now)).await;
            for (one, name) in free.into_iter().filter(|(_, name)| policy.covers(name)) {
                let why = match &guard {
                    Ok(guard) => guard.holds(name, now).0.map(|closed| closed.why),
                    Err(_) => Some(format!("whether {name} is frozen could not be determined within {} seconds", FREEZE_WITHIN.as_secs())),
                };
                refusals.extend(why.map(|why| ((one.run.id, one.pending.environment_id), why)));
            }
        }
        refusals
    }
}
