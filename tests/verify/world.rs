//! A repository in which nothing is wrong, to plant faults in.

use std::collections::{BTreeMap, BTreeSet};

use gatectl::config::{self, Config};
use gatectl::http::{Proxies, Settings, Stack, Token};
use gatectl::model::{EnvName, RepoName};
use gatectl::providers::github;
use gatectl::providers::github::inspect::{InspectionScope, inspect};
use gatectl::sandbox::{RefType, Repo, Ruleset, Sandbox, Scenario, Setup, State};
use gatectl::verify::{Case, VerifyReport, check_live, compensations, judge};
use gatectl::workflows::check::SourceFile;
use gatectl::workflows::facts::Facts;
use gatectl::workflows::freeze_check::FreezeFacts;
use gatectl::workflows::resolve::Files;

pub(crate) const REPO: &str = "acme/shop";
pub(crate) const ALICE: u64 = 501;
pub(crate) const SRE: u64 = 601;

/// Declares everything that there is to declare.
pub(crate) const GATE: &str = r#"
version = 1
[github]
repository = "acme/shop"
[environments.production]
reviewers = [{ user = "alice", id = 501 }, { team = "sre", id = 601 }]
prevent_self_review = true
can_admins_bypass = false
wait_timer = 10
deployment_branch_policy = { branches = ["main"], tags = ["v*"] }
protection_rules = ["gatekeeper"]
secrets = ["HEROKU_API_KEY"]
[[workflows]]
file = ".github/workflows/deploy.yml"
environment = "production"
when = { event = "push", branch = "main" }
"#;

/// Deploys through the gate.
pub(crate) const DEPLOY: &str = "on: {push: {branches: [main]}}
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: production
    steps: [{run: ./deploy}]
";

pub(crate) fn config(gate: &str) -> Config {
    config::parse("gate.toml", gate).unwrap()
}

/// The world that a gate.toml declares.
pub(crate) fn state(config: &Config) -> State {
    let desired = &config.desired;
    let setup = Setup::new(RepoName::parse(REPO).unwrap(), &desired.github, &desired.heroku);
    let mut state = State::rehearsal(Scenario::Gated, &setup);
    let rules = ["creation", "update"].map(str::to_owned).into_iter().collect();
    let covers = std::iter::once("v*".to_owned()).collect();
    repo(&mut state).rulesets = vec![Ruleset { id: 9, name: "tags".to_owned(), target: RefType::Tag, active: true, covers, rules }];
    state
}

pub(crate) fn repo(state: &mut State) -> &mut Repo {
    state.repo(REPO).unwrap()
}

pub(crate) fn source(name: &str, text: &str) -> SourceFile {
    SourceFile::new(format!(".github/workflows/{name}"), text)
}

/// The verdict of a client with a token that the world knows by this name.
pub(crate) async fn verdict_of(sandbox: &Sandbox, config: &Config, sources: &[SourceFile], token: &str) -> VerifyReport {
    let settings = Settings { attempts: 1, proxies: Proxies::none(), ..Settings::default() };
    let reader =
        Stack::new(settings).reader(&github::api::endpoint(sandbox.github_url()).unwrap(), Some(Token::new(token, "a test"))).unwrap();
    let repository = RepoName::parse(REPO).unwrap();
    let desired = &config.desired;
    let asked: BTreeSet<EnvName> = desired.github.environments.keys().cloned().collect();
    let workflows = desired.workflows.iter().map(|expectation| expectation.file.as_str()).collect();
    let interest =
        InspectionScope { want: &desired.github, environments: &asked, workflows: &workflows, judges_workflows: true, listed: None };
    let live = inspect(&reader, &repository, interest).await;
    let facts = Facts::new(Some(repository.clone()), "main", &desired.github, &desired.heroku, &desired.workflows, &desired.verify);
    let files = Files::new(sources.to_vec(), Some(&repository));
    let checked = check_live(&files, &facts, &live);
    let holds = |_: &str| Some(false);
    let compensations = match &desired.freeze {
        Some(policy) => compensations(&asked, &files, &facts, FreezeFacts { policy, config: Some("gate.toml"), holds: &holds }),
        None => BTreeMap::new(),
    };
    let expected = facts.expectations.iter().flat_map(|one| one.expect.environments().cloned()).collect();
    judge(Case {
        repository: &repository,
        want: &desired.github,
        asked: &asked,
        live: &live,
        workflows: Ok(&checked),
        expected: &expected,
        compensations: &compensations,
    })
}

/// The verdict on the declared world after a change.
pub(crate) async fn verdict(gate: &str, sources: &[SourceFile], change: impl FnOnce(&mut State)) -> VerifyReport {
    let config = config(gate);
    let mut state = state(&config);
    change(&mut state);
    let sandbox = Sandbox::start(state).await.unwrap();
    verdict_of(&sandbox, &config, sources, "test").await
}
