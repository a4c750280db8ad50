//! What the verbs do on a fleet file. What they do in one repository is the same code as on its own gate.toml.
//!
//! Owns what a run on a fleet starts from, its progress, and how the list of repositories contradicts the file.
//! Tested by `tests/program/fleet.rs`.

pub(super) mod apply;
pub(super) mod evidence;
pub(super) mod import;
pub(super) mod plan;
mod progress;
pub(super) mod verify;

use std::time::Instant;

use crate::cli::FleetArgs;
use crate::config::Config;
use crate::desired::fleet::{Contradiction, Fleet};
use crate::desired::github::{BranchPolicy, DesiredEnvironment};
use crate::http::Reader;
use crate::model::{Cost, RepoName, RepositoryRow, Requests};
use crate::reconcile::Prune;
use crate::reconcile::fleet::{FleetContext, Member, NoMembers, Part};
use crate::render::Location;

use super::failure::hinted;
use super::session::location;
use super::wiring::Wiring;
use super::{Session, who};
pub(super) use progress::each;

/// What was found in the repositories of a fleet.
pub(super) struct Survey<T> {
    /// By repository, in the order of their names.
    pub(super) found: Vec<(RepoName, T)>,
    /// The repositories that were left alone.
    pub(super) left_alone: Vec<RepositoryRow>,
}

/// A run on a fleet file.
pub(super) struct Run<'r> {
    session: &'r Session,
    config: &'r Config,
    pub(super) wiring: Wiring,
    pub(super) context: FleetContext,
    began: Instant,
}

impl<'r> Run<'r> {
    /// Finds the server and the token, which are the same for all repositories.
    ///
    /// # Errors
    /// If an address is unusable.
    pub(super) async fn open(session: &'r Session, config: &'r Config, part: Part, prune: Prune) -> anyhow::Result<Self> {
        let began = Instant::now();
        let fleet = of(config)?;
        let wiring = Wiring::of_fleet(session, config, fleet).await?;
        let context = FleetContext {
            config: config.path.clone(),
            fleet: fleet.clone(),
            want: config.desired.clone(),
            web: wiring.web.clone(),
            reader: wiring.shared_github(),
            prune,
            part,
            claim: who::declared(session),
            at_once: 2 * usize::from(session.global.parallelism),
        };
        Ok(Self { session, config, wiring, context, began })
    }

    /// The repositories, by the complete list of the organization.
    ///
    /// # Errors
    /// If the list cannot be read, or contradicts the file: every contradiction at its line.
    pub(super) async fn members(&self) -> anyhow::Result<Vec<Member<'_>>> {
        let Self { session, config, .. } = self;
        let listing = format!("listing the repositories of {}", self.context.fleet.organization);
        let members = session.read(&listing, self.context.members()).await?;
        let members = members.map_err(|why| match why {
            NoMembers::Unread(unknown) => unknown.into(),
            NoMembers::Contradicted(all) => contradicted(config, &all),
            NoMembers::NoneNamed(pattern) => hinted(
                format!("--repository {pattern} matches no repository of the fleet"),
                format!("Name one that `[fleet] repositories` of {} matches", config.path),
            ),
        })?;
        self.warn_of_quota(&members);
        Ok(members)
    }

    /// Works on every repository that is not left alone, this many at once; `announce` is told how many there are.
    ///
    /// # Errors
    /// As [`Self::members`]; the first failure of the work, or a stop.
    pub(super) async fn survey<T>(
        &self,
        (what, at_once): (&'static str, usize),
        announce: impl FnOnce(usize),
        work: impl AsyncFn(&Member<'_>, &Reader) -> anyhow::Result<T>,
    ) -> anyhow::Result<Survey<T>> {
        let members = self.members().await?;
        let read: Vec<&Member<'_>> = members.iter().filter(|member| member.is_read()).collect();
        announce(read.len());
        let reader = self.context.reader.clone()?;
        let one = async |member: &Member<'_>| Ok((member.name.clone(), work(member, &reader).await?));
        let found = each(self.session, what, at_once, read, one).await?;
        let today = self.context.today();
        Ok(Survey { found, left_alone: members.iter().filter_map(|member| member.left_alone(today)).collect() })
    }

    /// What was sent so far, what is left of the limit, and the time since the start.
    pub(super) fn cost(&self) -> Cost {
        let (traffic, quota) = (self.wiring.traffic(), self.wiring.quota());
        let requests = Requests {
            sent: traffic.sent(),
            not_modified: traffic.not_modified,
            limit: quota.map(|quota| quota.limit),
            remaining: quota.map(|quota| quota.remaining),
        };
        Cost { requests, elapsed: self.began.elapsed() }
    }

    /// Warns before anything else is read if the rest of this hour's requests may not be enough.
    fn warn_of_quota(&self, members: &[Member<'_>]) {
        let Some(quota) = self.wiring.quota() else { return };
        let needed: usize = members
            .iter()
            .filter(|member| member.is_read())
            .map(|member| requests_for(&self.context.want(member).github.environments))
            .sum();
        if (needed as u64) <= quota.remaining {
            return;
        }
        let then = quota.reset.strftime("%H:%M UTC");
        let what = if self.session.global.wait {
            "this run then waits"
        } else {
            "what cannot be read until then is unknown; --wait waits for it, and --shard K/N or --repository reads less"
        };
        self.session.warn([format!(
            "this run needs up to {needed} requests, and {} of {} are left until {then}: {what}",
            quota.remaining, quota.limit
        )]);
    }
}

/// The requests for a repository in which nothing differs, if nothing is cached: the environments, and the lists of each.
fn requests_for<'a>(environments: impl IntoIterator<Item = (&'a crate::model::EnvName, &'a DesiredEnvironment)>) -> usize {
    let of = |environment: &DesiredEnvironment| match environment.gate() {
        Some(gate) => {
            usize::from(matches!(gate.deployment_branch_policy, Some(BranchPolicy::Selected(_))))
                + usize::from(gate.protection_rules.is_some())
                + usize::from(!gate.variables.is_empty())
                + usize::from(!gate.secrets.is_empty())
        }
        None => 0,
    };
    1 + environments.into_iter().map(|(_, environment)| of(environment)).sum::<usize>()
}

/// Which part of the fleet the flags name.
pub(super) fn part(args: &FleetArgs) -> Part {
    Part { repositories: args.repository.clone(), shard: args.shard }
}

/// The `[fleet]` table of a fleet file.
///
/// # Errors
/// If the file is for one repository.
fn of(config: &Config) -> anyhow::Result<&Fleet> {
    config.desired.fleet.as_ref().ok_or_else(|| anyhow::anyhow!("{} is not a fleet file", config.path))
}

/// Every contradiction at its place in the file.
fn contradicted(config: &Config, all: &[Contradiction]) -> anyhow::Error {
    let line = |one: &Contradiction| {
        let Location { file, line, col } = location(config, &one.key);
        format!("{file}:{line}:{col}: {}", one.message)
    };
    let mut hints: Vec<&str> = all.iter().map(|one| one.hint.as_str()).collect();
    hints.dedup();
    hinted(all.iter().map(line).collect::<Vec<_>>().join("\n"), hints.join("\n"))
}
