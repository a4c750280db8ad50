//! Observe and plan over all providers: what `plan`, `apply` and reading back share.
//!
//! Owns which client answers which question. Must not look for servers or tokens: it receives clients that cannot write (law 2).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::apply::Mismatch;
use crate::desired::Desired;
use crate::desired::freeze::Policy;
use crate::freeze::{Claim, FlagTimes, FreezeVars, Keys};
use crate::http::Reader;
use crate::model::{Address, AddressKind, Answer, Draft, EnvName, Plan, RepoName, Step, Unknown};
use crate::providers::{Op, freeze_store, github, heroku};

use super::{compensation, fingerprint};

/// The reading clients and what they read. A provider that no declaration needs may be missing.
#[derive(Debug, Clone)]
pub struct Context {
    /// gate.toml as the user named it.
    pub config: String,
    /// The declared state, narrowed by `--environment`.
    pub want: Desired,
    /// GitHub, when an environment is declared.
    pub github: Option<RepositoryAccess>,
    /// Heroku, when a config var is declared; or why it cannot be asked.
    pub heroku: Option<Result<Reader, Unknown>>,
    /// The store of the freeze, when one is declared; or why it cannot be asked.
    pub freeze: Option<Result<Reader, Unknown>>,
    /// Whether undeclared environments are deleted (`--prune`).
    pub prune: Prune,
    /// The actor and time for the record if a declared freeze must be set.
    pub claim: Claim,
}

/// A repository and where it is.
#[derive(Debug, Clone)]
pub struct RepositoryAccess {
    /// The declared name.
    pub repository: RepoName,
    /// Where its pages are.
    pub web: String,
    /// The client, or why there is none.
    pub reader: Result<Reader, Unknown>,
    /// What its organization's list says about it, if it is one of a fleet: then it is not requested separately.
    pub listed: Option<Result<github::live::Repository, Unknown>>,
}

/// What happens to environments that gate.toml does not declare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prune {
    /// They are left alone (law 5).
    Nothing,
    /// They are deleted, as `--prune` asks; except the one that GitHub Pages makes for itself (fact G2.8).
    Undeclared,
}

/// Everything that was observed.
#[derive(Debug, Clone)]
pub struct Observed {
    github: Option<github::live::Live>,
    heroku: heroku::live::Live,
    /// `None` if it was read with the declared config vars of its app.
    freeze: Option<Answer<FreezeVars>>,
    /// How old a flag of the freeze is that has no record.
    flags_written: FlagTimes,
}

/// A plan with what it was made from.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The plan.
    pub plan: Plan<Op>,
    /// The live state that it was made from.
    pub observed: Observed,
    /// The freeze; none if gate.toml declares none.
    pub freeze: Option<Answer<FreezeVars>>,
    /// Environments that `compensates` is for: they gain a first reviewer, and GitHub's billing plan may refuse that.
    pub refusable: BTreeSet<EnvName>,
    /// The live state, address by address: what a saved plan is compared with when it is applied.
    pub basis: BTreeMap<Address, Value>,
    /// What of it could not be read: the plan's unknowns, and a freeze that the plan does without.
    pub unread: BTreeMap<Address, Unknown>,
    /// Whether GitHub refuses every write, since the repository is archived.
    pub archived: bool,
    /// The fingerprint of what gate.toml declares, address by address.
    pub declared: BTreeMap<Address, String>,
}

impl Context {
    /// Observes and plans.
    pub async fn plan(&self) -> Planned {
        let observed = self.observe(None).await;
        self.plan_from(observed)
    }

    /// Observes what was written, and plans again; state that these writes cannot change is taken from `before`.
    pub(super) async fn plan_again(&self, before: &Observed) -> Planned {
        let observed = self.observe(Some(before)).await;
        self.plan_from(observed)
    }

    /// The same context, narrowed to a set of addresses: read-back reads only what was written.
    #[must_use]
    pub fn narrowed(&self, addresses: &BTreeSet<Address>) -> Self {
        let mut context = self.clone();
        if let Some(repository_access) = &self.github {
            let covered = |name: &EnvName| addresses.contains(&Address::environment(&repository_access.repository, name));
            context.want.github.environments.retain(|name, _| covered(name));
            for address in addresses {
                // A pruned environment must be absent, although the file does not say so.
                if let AddressKind::Environment(name) = address.kind()
                    && !context.want.github.environments.contains_key(name)
                {
                    context.want.github.environments.insert(name.clone(), crate::desired::github::DesiredEnvironment::Absent);
                }
            }
            if context.want.github.environments.is_empty() {
                context.github = None;
            }
        }
        context.prune = Prune::Nothing;
        context.want.freeze = self.want.freeze.clone().filter(|freeze| addresses.contains(&freeze.store.address()));
        // One request writes all declared vars of an app.
        context.want.heroku.config.retain(|app, vars| vars.keys().any(|key| addresses.contains(&Address::config(app, key))));
        if context.want.heroku.config.is_empty() {
            context.heroku = None;
        }
        context
    }

    /// The environments of a run that leaves others out.
    fn limited_to(&self) -> BTreeSet<EnvName> {
        let github = &self.want.github;
        if github.left_out.is_empty() { BTreeSet::new() } else { github.environments.keys().cloned().collect() }
    }

    async fn observe(&self, before: Option<&Observed>) -> Observed {
        let github = async {
            let repository_access = self.github.as_ref()?;
            let want = &self.want.github;
            Some(match (&repository_access.reader, before.and_then(|before| before.github.as_ref())) {
                (Ok(reader), None) => match &repository_access.listed {
                    None => github::observe::observe(reader, &repository_access.repository, want).await,
                    Some(listed) => github::observe::observe_listed(reader, &repository_access.repository, want, listed.clone()).await,
                },
                (Ok(reader), Some(before)) => github::observe::again(reader, &repository_access.repository, want, before).await,
                (Err(unknown), _) => github::live::Live::unreachable(unknown),
            })
        };
        let mut keys: BTreeMap<String, BTreeSet<String>> =
            self.want.heroku.config.iter().map(|(app, vars)| (app.clone(), vars.keys().cloned().collect())).collect();
        let policy = self.want.freeze.as_ref();
        // One answer holds all vars of an app: a freeze that is kept in one costs no extra request if the app is read anyway.
        let beside = policy.and_then(|policy| Some((policy, keys.get_mut(policy.store.app()?)?)));
        let is_beside = beside.is_some();
        if let Some((policy, keys)) = beside {
            keys.extend(Keys::of(policy).all().map(str::to_owned));
        }
        let freeze = async {
            let keys = Keys::of(policy.filter(|_| !is_beside)?);
            Some(match &self.freeze {
                Some(Ok(reader)) => match freeze_store::access::read(reader, &keys).await {
                    Ok(vars) => Answer::Present(vars),
                    // Even a missing store does not prove that there is no freeze (law 1).
                    Err(error) => Answer::Unknown(error.unknown()),
                },
                Some(Err(unknown)) => Answer::Unknown(unknown.clone()),
                None => Answer::Unknown(not_read(&keys)),
            })
        };
        let heroku = async {
            match &self.heroku {
                None => heroku::live::Live::default(),
                Some(Ok(reader)) => heroku::live::observe(reader, &keys).await,
                Some(Err(unknown)) => heroku::live::Live { config: keys.keys().map(|app| (app.clone(), Err(unknown.clone()))).collect() },
            }
        };
        let (github, heroku, freeze) = tokio::join!(github, heroku, freeze);
        let mut observed = Observed { github, heroku, freeze, flags_written: FlagTimes::default() };
        // Reading back is not about what was forgotten.
        if let (Some(policy), Some(Ok(reader)), None) = (policy, &self.freeze, before)
            && let Answer::Present(vars) = freeze_vars(policy, &observed)
        {
            observed.flags_written = freeze_store::access::flag_times(reader, &Keys::of(policy), &vars, self.claim.now).await;
        }
        observed
    }

    fn plan_from(&self, observed: Observed) -> Planned {
        let mut drafts = Vec::new();
        if let (Some(repository_access), Some(live)) = (&self.github, &observed.github) {
            let mut want = self.want.github.clone();
            if self.prune == Prune::Undeclared {
                github::plan::declare_the_rest_absent(&mut want, live);
                // What to delete is unknown, although no declared address says so.
                if let (true, Some(unknown)) = (want.environments.is_empty(), live.environments.as_ref().err()) {
                    let unknown = live.repository.as_ref().err().unwrap_or(unknown).clone();
                    let address = Address::repository(&repository_access.repository);
                    drafts.push(Draft { unknown: vec![(address, unknown)], ..Draft::default() });
                }
            }
            let freeze_store = self.want.freeze.as_ref().map(|freeze| &freeze.store);
            let context =
                github::plan::PlanContext { repository: &repository_access.repository, web: &repository_access.web, freeze_store };
            drafts.push(github::plan::plan(context, &want, live).map(Op::Github));
        }
        let freeze_override = self
            .want
            .freeze
            .as_ref()
            .and_then(|freeze| Some(heroku::plan::Override { app: freeze.store.app()?, key: &freeze.override_flag }));
        drafts.push(heroku::plan::plan(&self.want.heroku, &observed.heroku, freeze_override).map(Op::Heroku));
        let freeze = self.want.freeze.as_ref().map(|policy| (policy, freeze_vars(policy, &observed)));
        let mut unread = BTreeMap::new();
        if let Some((policy, vars)) = &freeze {
            drafts.push(freeze_store::plan::plan(policy, vars, observed.flags_written, &self.claim).map(Op::Freeze));
            if let Answer::Unknown(unknown) = vars {
                unread.insert(policy.store.address(), unknown.clone());
            }
        }
        let (refusable, note) = compensation::refusable(self.want.freeze.as_ref(), observed.github.as_ref(), &drafts);
        drafts.extend(note);
        let basis: BTreeMap<Address, Value> = drafts.iter_mut().flat_map(|draft| std::mem::take(&mut draft.basis)).collect();
        let fingerprint = fingerprint::of(&json!({"desired": fingerprint::desired(&self.want), "live": basis}));
        let plan = Plan { limited_to: self.limited_to(), ..Plan::assemble(self.config.clone(), fingerprint, drafts) };
        unread.extend(plan.unknown.iter().cloned());
        let declared = fingerprint::declared(&self.want, self.github.as_ref().map(|repository_access| &repository_access.repository));
        let archived =
            observed.github.as_ref().and_then(|live| live.repository.as_ref().ok()).is_some_and(|repository| repository.archived);
        Planned { plan, freeze: freeze.map(|(_, vars)| vars), observed, refusable, basis, unread, archived, declared }
    }
}

impl Observed {
    /// What a step sent and read-back shows differently, even if gate.toml does not declare it (law 5).
    pub(super) fn not_kept(&self, step: &Step<Op>) -> Vec<Mismatch> {
        let ops: Vec<github::ops::Op> =
            step.ops.iter().filter_map(|op| if let Op::Github(op) = op { Some(op.clone()) } else { None }).collect();
        self.github.as_ref().map(|live| github::read_back::not_kept(&ops, live)).unwrap_or_default()
    }
}

/// The freeze's values, as they were observed; what was not requested is unknown.
fn freeze_vars(policy: &Policy, observed: &Observed) -> Answer<FreezeVars> {
    if let Some(vars) = &observed.freeze {
        return vars.clone();
    }
    let keys = Keys::of(policy);
    match policy.store.app().and_then(|app| observed.heroku.config.get(app)) {
        Some(Ok(vars)) => Answer::Present(heroku::freeze::pick(&keys, vars)),
        Some(Err(unknown)) => Answer::Unknown(unknown.clone()),
        None => Answer::Unknown(not_read(&keys)),
    }
}

fn not_read(keys: &Keys) -> Unknown {
    Unknown::new(format!("the freeze of {} was not read", keys.store.name()), "run the command again")
}
