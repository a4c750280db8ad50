//! The emulator of a rehearsal: what it is built from, and the way to it.

use anyhow::Context as _;

use crate::config::Config;
use crate::desired::fleet::{Fleet, Members};
use crate::desired::github::Desired;
use crate::model::RepoName;
use crate::sandbox::{Member, Sandbox, Scenario, Setup, State, fleet_names};

/// Starts the emulator.
pub(super) async fn start(scenario: Scenario, setup: &Setup) -> anyhow::Result<Sandbox> {
    Sandbox::start(State::rehearsal(scenario, setup)).await.context("starting the built-in emulator")
}

/// The repository with what gate.toml declares for it.
pub(super) fn setup_of(repository: RepoName, config: &Config) -> Setup {
    let setup = Setup::new(repository, &config.desired.github, &config.desired.heroku).in_real_time();
    let setup = setup.with_expectations(&config.desired.workflows);
    match &config.desired.freeze {
        Some(freeze) => setup.with_freeze(freeze),
        None => setup,
    }
}

/// Repositories that a pattern stands for in the emulator: more than fit one page.
const REHEARSED: usize = 120;

/// An organization with repositories that the fleet file matches, each with what is declared for it.
pub(super) fn fleet_setup(config: &Config, fleet: &Fleet) -> anyhow::Result<Setup> {
    let patterns: Vec<String> = match &fleet.members {
        Members::Named(patterns) => patterns.iter().map(ToString::to_string).collect(),
        Members::WithProperties(_) => vec!["svc-*".to_owned()],
    };
    let mut names = fleet_names(&patterns.iter().map(String::as_str).collect::<Vec<_>>(), REHEARSED);
    // Each table has a repository that it matches.
    let tables = fleet.only.iter().map(|only| &only.repositories).chain(fleet.except.iter().map(|except| &except.repositories));
    let unmatched = tables.filter(|pattern| !names.iter().any(|name| pattern.matches(name)));
    let stand_ins: Vec<String> = unmatched.map(|pattern| pattern.text().replace(['*', '?'], "x")).collect();
    names.extend(stand_ins);
    let member = |name: &String| {
        let repository = RepoName::parse(&format!("{}/{name}", fleet.organization)).ok()?;
        let only = fleet.only.iter().find(|only| only.repositories.matches(name));
        let environments = only.map_or(&config.desired.github.environments, |only| &only.environments).clone();
        let properties = match &fleet.members {
            Members::Named(_) => Default::default(),
            Members::WithProperties(properties) => properties.clone(),
        };
        Some(Member { repository, environments, properties })
    };
    let mut members = names.iter().filter_map(member);
    let first = members.next().context("the fleet file names no repository that the emulator can have")?;
    let github = Desired { environments: first.environments, ..Desired::default() };
    Ok(Setup::new(first.repository, &github, &config.desired.heroku).in_real_time().with_fleet(members.collect()))
}
