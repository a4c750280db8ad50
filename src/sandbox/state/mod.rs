//! The emulated worlds as plain data.
//!
//! Everything is public and may be changed at any time, also while the server runs: that is how tests simulate another writer.
//! Tested in `sandbox/tests/`.

mod environment;
mod git;
mod github;
mod heroku;
mod people;
mod runs;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::faults::Fault;
use super::log::{Log, Snapshot};
use super::switches::{Reads, Switches};
use super::wire::{Api, Request, Response};

pub use environment::{BranchPattern, CustomRule, Environment, PolicyMode, RefType, RuleIds, Secret, Variable};
pub(super) use git::derived_sha;
pub use git::{Commit, Merged, Pull, Review};
pub use github::{
    Branch, GitHub, Ids, Installation, Organization, OrganizationVariable, PropertyValue, Readers, Repo, Ruleset, Visibility,
};
pub(super) use heroku::uuid;
pub use heroku::{Heroku, HerokuApp, HerokuToken, Release};
pub use people::{Account, AccountKind, App, Grant, Level, People, Permission, Plan, ReviewerRef, Team, Token};
pub use runs::{Approval, Deployment, DeploymentStatus, Pending, Run};

/// Both worlds, how they behave, and what happened to them.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// GitHub.
    pub github: GitHub,
    /// Heroku.
    pub heroku: Heroku,
    /// How the unsettled points behave.
    pub switches: Switches,
    /// The faults.
    pub faults: Vec<Fault>,
    /// The delay before each request is processed.
    pub latency: Duration,
    /// Requests and answers.
    pub log: Log,
    /// The clock of both services.
    pub now: Now,
    past: Option<Past>,
}

/// The time of day in the emulated worlds: what the clock shows, and what moves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now(pub Timestamp, Clock);

/// What moves the clock of the emulated worlds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clock {
    /// Every write, by a second.
    Writes,
    /// The time of this machine.
    Machine,
}

impl Default for Now {
    /// A fixed moment, so that answers are the same in every run.
    fn default() -> Self {
        Self(Timestamp::from_second(1_767_225_600).unwrap_or_default(), Clock::Writes)
    }
}

impl Now {
    /// The time of this machine.
    pub fn real() -> Self {
        Self(Timestamp::now(), Clock::Machine)
    }

    /// A clock that shows an earlier moment and moves with writes only: for what happened before.
    #[must_use]
    pub(in crate::sandbox) fn before(self, by: SignedDuration) -> Self {
        Self(self.0.checked_sub(by).unwrap_or(self.0), Clock::Writes)
    }

    /// The same clock at a later moment.
    #[must_use]
    pub(in crate::sandbox) fn after(self, by: SignedDuration) -> Self {
        Self(self.0.checked_add(by).unwrap_or(self.0), self.1)
    }

    /// What the clock shows at a write.
    pub fn tick(&mut self) -> Timestamp {
        self.0 = match self.1 {
            Clock::Writes => self.0.checked_add(SignedDuration::from_secs(1)).unwrap_or(self.0),
            Clock::Machine => Timestamp::now(),
        };
        self.0
    }
}

/// The worlds before the last write, and which paths have already been read since.
#[derive(Debug, Clone)]
struct Past {
    github: GitHub,
    heroku: Heroku,
    read: BTreeMap<String, u32>,
}

impl State {
    /// Answers one request and applies it; no faults, no delay.
    pub fn answer(&mut self, api: Api, request: &Request) -> Response {
        let mut stale = None;
        if self.switches.reads == Reads::OnceStale {
            if !request.reads() {
                self.past = Some(Past { github: self.github.clone(), heroku: self.heroku.clone(), read: BTreeMap::new() });
            } else if let Some(past) = &mut self.past {
                let seen = past.read.entry(request.path.clone()).or_default();
                *seen += 1;
                stale = (*seen == 1).then_some(past);
            }
        }
        let (github, heroku) = match stale {
            Some(past) => (&mut past.github, &mut past.heroku),
            None => (&mut self.github, &mut self.heroku),
        };
        match api {
            Api::GitHub => super::github::answer(github, &self.switches, &mut self.now, request),
            Api::Heroku => super::heroku::answer(heroku, &self.switches, &mut self.now, request),
        }
    }

    /// Every environment's gate and every app's config vars, as they are now.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot_of(None)
    }

    /// The same with the gates of one repository only.
    pub(super) fn snapshot_of(&self, repository: Option<&str>) -> Snapshot {
        let wanted = |repo: &&Repo| repository.is_none_or(|repository| repo.name.to_string() == repository);
        let gates = self.github.repos.iter().filter(wanted).flat_map(|repo| {
            repo.environments.values().map(move |environment| (format!("{}/{}", repo.name, environment.name), environment.clone()))
        });
        let config = self.heroku.apps.values().map(|app| (app.name.clone(), app.config.clone()));
        Snapshot { gates: gates.collect(), config: config.collect() }
    }

    /// The repository that a request names, if there is more than one: the only one that it can change.
    pub(super) fn named_by(&self, api: Api, request: &Request) -> Option<String> {
        let segments = request.segments().filter(|_| api == Api::GitHub && self.github.repos.len() > 1)?;
        let [first, owner, name, ..] = segments.as_slice() else { return None };
        let named = self.github.repos.iter().find(|repo| first == "repos" && repo.is(owner, name))?;
        Some(named.name.to_string())
    }

    /// The repository of this name, ignoring case.
    pub fn repo(&mut self, name: &str) -> Option<&mut Repo> {
        let (owner, own) = name.split_once('/')?;
        self.github.repos.iter_mut().find(|repo| repo.is(owner, own))
    }

    /// The same, and the next ids.
    pub(in crate::sandbox) fn repo_with_ids(&mut self, name: &str) -> Option<(&mut Repo, &mut Ids)> {
        let (owner, own) = name.split_once('/')?;
        Some((self.github.repos.iter_mut().find(|repo| repo.is(owner, own))?, &mut self.github.ids))
    }
}
