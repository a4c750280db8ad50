//! One file, many repositories: which ones, and the sum of their plans and applies.
//!
//! Each repository is planned and applied by [`Context`], like a single one. Owns the order of repositories, and how their results
//! become one. Memory grows with what differs, not with the number of repositories. Tested in `tests/reconcile/fleet.rs`.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use futures_util::stream;
use jiff::civil::Date;
use serde_json::json;

use crate::apply::{ReadBack, RetryDelays, StepResult};
use crate::desired::Desired;
use crate::desired::fleet::{Contradiction, Exception, Fleet, Listed, Members, NamePattern, Shard, Standing};
use crate::desired::github::DesiredEnvironment;
use crate::freeze::Claim;
use crate::http::{ErrorKind, Reader};
use crate::model::{Address, ApplyReport, Draft, EnvName, FleetPlan, Invalid, Plan, RepoName, RepositoryResult, RepositoryRow, Unknown};
use crate::providers::github::live::Repository;
use crate::providers::github::organization;
use crate::providers::{Clients, Op};
use crate::stop::Stop;

use super::{Applied, Context, Planned, Prune, RepositoryAccess, fingerprint};

/// The reading client of an organization, and what its repositories are compared with.
#[derive(Debug, Clone)]
pub struct FleetContext {
    /// gate.toml as the user named it.
    pub config: String,
    /// Which repositories.
    pub fleet: Fleet,
    /// The declaration for each without an `only` table.
    pub want: Desired,
    /// Where their pages are.
    pub web: String,
    /// The client, or why there is none.
    pub reader: Result<Reader, Unknown>,
    /// Whether undeclared environments are deleted (`--prune`).
    pub prune: Prune,
    /// Which part of the fleet this run is about.
    pub part: Part,
    /// Who acts, and when.
    pub claim: Claim,
    /// How many repositories are read concurrently.
    pub at_once: usize,
}

/// A part of a fleet, by name and by shard; the whole, if neither is given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part {
    /// Only repositories that one of these matches.
    pub repositories: Vec<NamePattern>,
    /// Only repositories of this shard.
    pub shard: Option<Shard>,
}

impl Part {
    fn holds(&self, name: &str) -> bool {
        let named = self.repositories.is_empty() || self.repositories.iter().any(|pattern| pattern.matches(name));
        named && self.shard.is_none_or(|shard| shard.holds(name))
    }
}

/// A repository of the fleet.
#[derive(Debug, Clone)]
pub struct Member<'f> {
    /// Its name.
    pub name: RepoName,
    /// As the organization's list describes it.
    listed: Result<Repository, Unknown>,
    standing: Standing<'f>,
}

impl Member<'_> {
    /// As the organization's list describes it.
    pub fn listed(&self) -> &Result<Repository, Unknown> {
        &self.listed
    }

    /// The row of one that is left alone; none if its environments are read. An exception that ended is an error.
    pub fn left_alone(&self, today: Date) -> Option<RepositoryRow> {
        let (result, reason) = match self.standing {
            Standing::Declared(_) => return None,
            Standing::Archived => (RepositoryResult::Archived, None),
            Standing::Excepted(except) if except.has_expired(today) => (RepositoryResult::Invalid, Some(ended(except))),
            Standing::Excepted(except) => (RepositoryResult::Excepted, Some(except.to_string())),
        };
        Some(RepositoryRow { name: self.name.clone(), result, reason })
    }

    /// Whether its environments are read: an archived or excepted repository is left alone.
    pub fn is_read(&self) -> bool {
        matches!(self.standing, Standing::Declared(_))
    }
}

/// Why the members of a fleet are not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoMembers {
    /// A list could not be read to its end.
    Unread(Unknown),
    /// The list contradicts the file.
    Contradicted(Vec<Contradiction>),
    /// No repository matches `--repository` or `--shard`.
    NoneNamed(String),
}

/// The plan of one repository that has something to write.
#[derive(Debug, Clone)]
pub struct Pending {
    /// Its name.
    pub name: RepoName,
    /// The context that planned it.
    pub context: Context,
    /// The plan.
    pub planned: Planned,
}

/// The result of planning a fleet.
#[derive(Debug, Clone)]
pub struct FleetPlanned {
    /// What is shown.
    pub shown: FleetPlan<Op>,
    /// What is written, in the order of their names; empty if only a plan was requested.
    pub pending: Vec<Pending>,
}

impl FleetContext {
    /// The members of this part of the fleet, in the order of their names.
    ///
    /// # Errors
    /// [`NoMembers`].
    pub async fn members(&self) -> Result<Vec<Member<'_>>, NoMembers> {
        let reader = self.reader.as_ref().map_err(|unknown| NoMembers::Unread(unknown.clone()))?;
        let organization = &self.fleet.organization;
        let selected = async {
            match &self.fleet.members {
                Members::Named(_) => Ok(None),
                Members::WithProperties(wanted) => organization::with_properties(reader, organization, wanted).await.map(Some),
            }
        };
        let (repositories, selected) = tokio::join!(organization::repositories(reader, organization), selected);
        let (repositories, selected) = (repositories.map_err(NoMembers::Unread)?, selected.map_err(NoMembers::Unread)?);
        let list: Vec<Listed<'_>> = repositories
            .iter()
            .map(|(name, repository)| Listed {
                name: name.name(),
                archived: repository.as_ref().is_ok_and(|repository| repository.archived),
                has_properties: selected.as_ref().is_some_and(|selected| selected.contains(&name.name().to_lowercase())),
            })
            .collect();
        let standings = self.fleet.standings(&list).map_err(NoMembers::Contradicted)?;
        for pattern in &self.part.repositories {
            if !standings.iter().any(|(index, _)| list.get(*index).is_some_and(|listed| pattern.matches(listed.name))) {
                return Err(NoMembers::NoneNamed(pattern.to_string()));
            }
        }
        let mut standings: BTreeMap<usize, Standing<'_>> = standings.into_iter().collect();
        let members = repositories.into_iter().enumerate().filter_map(|(index, (name, listed))| {
            let standing = standings.remove(&index).filter(|_| self.part.holds(name.name()))?;
            // Narrowed to environments that are not declared for it, there is nothing to say about it.
            let declared =
                !matches!(standing, Standing::Declared(_)) || !self.environments(standing).is_empty() || self.prune == Prune::Undeclared;
            declared.then_some(Member { name, listed, standing })
        });
        let mut members: Vec<Member<'_>> = members.collect();
        members.sort_by_cached_key(|member| Address::repository(&member.name));
        Ok(members)
    }

    fn environments<'a>(&'a self, standing: Standing<'a>) -> &'a BTreeMap<EnvName, DesiredEnvironment> {
        match standing {
            Standing::Declared(Some(only)) => &only.environments,
            _ => &self.want.github.environments,
        }
    }

    /// The declaration for a member.
    pub fn want(&self, member: &Member<'_>) -> Desired {
        let mut want = self.want.clone();
        want.github.environments.clone_from(self.environments(member.standing));
        want
    }

    /// The context in which a member is planned and applied.
    pub fn context(&self, member: &Member<'_>) -> Context {
        let site = RepositoryAccess {
            repository: member.name.clone(),
            web: self.web.clone(),
            reader: self.reader.clone(),
            listed: Some(member.listed.clone()),
        };
        Context {
            config: self.config.clone(),
            want: self.want(member),
            github: Some(site),
            heroku: None,
            freeze: None,
            prune: self.prune,
            claim: self.claim.clone(),
        }
    }

    /// Observes and plans every member; `see` gets each plan as it arrives, and returns whether to keep it for writing.
    pub async fn plan(&self, members: &[Member<'_>], mut see: impl FnMut(&RepoName, &Planned) -> Keep) -> FleetPlanned {
        let today = self.today();
        let mut rows: Vec<RepositoryRow> = members.iter().filter_map(|member| member.left_alone(today)).collect();
        let mut plans: Vec<Plan<Op>> = rows.iter().filter_map(expired).map(|draft| self.of(draft)).collect();
        let mut fingerprints = BTreeMap::new();
        let mut pending = Vec::new();
        let declared: Vec<&Member<'_>> = members.iter().filter(|member| member.is_read()).collect();
        let mut plans_to_come = stream::iter(declared)
            .map(|member| async move {
                let context = self.context(member);
                // On the heap: many of these run concurrently.
                let planned = Box::pin(context.plan()).await;
                (member, context, planned)
            })
            .buffer_unordered(self.at_once.max(1));
        while let Some((member, context, planned)) = plans_to_come.next().await {
            let result = RepositoryResult::of(&planned.plan);
            rows.push(RepositoryRow { name: member.name.clone(), result, reason: None });
            fingerprints.insert(member.name.to_string(), planned.plan.fingerprint.clone());
            let keep = see(&member.name, &planned);
            if result != RepositoryResult::InSync || !planned.plan.notes.is_empty() || !planned.plan.unmanaged.is_empty() {
                plans.push(planned.plan.clone());
            }
            if keep == Keep::Pending && !planned.plan.is_empty() {
                pending.push(Pending { name: member.name.clone(), context, planned });
            }
        }
        rows.sort_by_cached_key(|row| Address::repository(&row.name));
        pending.sort_by_cached_key(|pending| Address::repository(&pending.name));
        let plan = Plan::merge(self.config.clone(), fingerprint::of(&json!(fingerprints)), plans);
        FleetPlanned { shown: FleetPlan { plan, repositories: rows }, pending }
    }

    /// The day by which exceptions are judged, in UTC.
    pub fn today(&self) -> Date {
        jiff::tz::TimeZone::UTC.to_datetime(self.claim.now).date()
    }

    fn of(&self, draft: Draft<Op>) -> Plan<Op> {
        Plan::assemble(self.config.clone(), String::new(), [draft])
    }
}

/// Whether a plan is kept to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Only what it shows.
    Shown,
    /// With everything needed to write it.
    Pending,
}

/// The message for an expired exception.
fn ended(except: &Exception) -> String {
    let Exception { repositories, reason, owner, until } = except;
    format!("the exception for \"{repositories}\" ended on {until}: {reason} (owner {owner})")
}

/// An expired exception: nothing is planned until the file is changed.
fn expired(row: &RepositoryRow) -> Option<Draft<Op>> {
    let reason = row.reason.clone().filter(|_| row.result == RepositoryResult::Invalid)?;
    let hint = "Remove the `except` table so that the repository is managed, or set a later `until`".to_owned();
    Some(Draft { invalid: vec![(Address::repository(&row.name), Invalid { reason, hint })], ..Draft::default() })
}

/// Performs the plans of several repositories, one at a time; those that weaken nothing come first.
///
/// A repository that fails does not stop the others; refused credentials and a stop by the user do. Dropping the future ends it at once.
pub async fn apply(
    clients: &Clients,
    plan: &Plan<Op>,
    pending: &[Pending],
    stop: &Stop,
    delays: &RetryDelays,
    progress: impl Fn(&RepoName, &str),
) -> Applied {
    let mut order: Vec<&Pending> = pending.iter().collect();
    order.sort_by_key(|pending| pending.planned.plan.changes().any(|change| change.weakens));
    let mut locked_out = false;
    let mut done: BTreeMap<Address, Applied> = BTreeMap::new();
    for pending in order {
        let applied = if stop.is_set() {
            skipped(pending, "interrupted before it was tried")
        } else if locked_out {
            skipped(pending, "the credentials were refused on an earlier repository")
        } else {
            let progress = |what: &str| progress(&pending.name, what);
            Box::pin(pending.context.apply(clients, &pending.planned, stop, delays, progress)).await
        };
        locked_out |= applied.ends.iter().any(|end| matches!(end, StepResult::Failed { kind: ErrorKind::Unauthenticated, .. }));
        done.insert(Address::repository(&pending.name), applied);
    }
    sum(plan, done.into_values(), stop.is_set())
}

/// A repository in which nothing was tried.
fn skipped(pending: &Pending, why: &str) -> Applied {
    let plan = &pending.planned.plan;
    let ends: Vec<StepResult> = plan.steps.iter().map(|_| StepResult::Skipped(why.to_owned())).collect();
    let after = ReadBack { plan: Plan::assemble(plan.config.clone(), String::new(), []), not_kept: BTreeMap::new() };
    let report = crate::apply::report(plan, &ends, &after, true);
    Applied { ends, after: after.plan, report }
}

/// The sum of several repositories' applies, in address order; `plan` is the plan of the whole fleet.
fn sum(plan: &Plan<Op>, applied: impl Iterator<Item = Applied>, interrupted: bool) -> Applied {
    let (mut ends, mut after, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
    let mut converged = plan.invalid.is_empty() && plan.unknown.is_empty();
    for one in applied {
        converged &= one.report.converged;
        ends.extend(one.ends);
        after.push(one.after);
        outcomes.extend(one.report.outcomes);
    }
    // A repository without writes has no report of its own, so its manual steps are added here.
    let untold = plan.manual.iter().filter(|manual| !outcomes.iter().any(|outcome| outcome.address.scope() == manual.address.scope()));
    let untold: Vec<_> = untold.map(crate::apply::by_hand).collect();
    converged &= untold.is_empty();
    outcomes.extend(untold);
    let report = ApplyReport::new(plan, converged, outcomes, interrupted);
    Applied { ends, after: Plan::merge(plan.config.clone(), String::new(), after), report }
}
