//! The real client against the emulator over loopback; what is printed, against what was agreed.

mod quarter;
mod reviewed;
mod shipping;
mod standings;
mod waiting;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Parser;
use jiff::Timestamp;
use serde_json::Value;

use super::pending::Refusals;
use super::review::{OnUndetermined, ReviewInput, Reviewable, ids};
use super::*;
use crate::cli::Cli;
use crate::config;
use crate::exit::Exit;
use crate::model::EnvName;
use crate::progress::{Mode, Progress};
use crate::providers::github::runs::Decision;
use crate::providers::github::runs::admit::{ReviewRequest, Which};
use crate::providers::github::runs::evidence::Measure;
use crate::providers::github::runs::observe::{self, Extent};
use crate::render::{Document, Style, csv, human, json};
use crate::sandbox::{Api, Fault, Grant, Level, Response, Sandbox, Scenario, Setup, State, Token};
use crate::stop::Stop;
use crate::views::evidence::{EvidenceReport, Header, Query, Repository};
use crate::views::pending::{PendingReport, Question};
use crate::views::review::ReviewReport;

const REPO: &str = "raxx-app/TradeMasterAPI";
const DEPLOY: &str = ".github/workflows/deploy.yml";
const APP: &str = "raxx-console-prod";

/// A gated world, a session in it, and a reviewer's token.
struct Stage {
    sandbox: Sandbox,
    session: Session,
    site: RunsContext,
}

impl Stage {
    async fn new(prepare: impl FnOnce(&mut State)) -> Self {
        Self::of(include_str!("../../../gate.toml"), prepare).await
    }

    async fn of(gate: &str, prepare: impl FnOnce(&mut State)) -> Self {
        let config = config::parse("gate.toml", gate).unwrap();
        let want = &config.desired;
        let setup = Setup::new(RepoName::parse(REPO).unwrap(), &want.github, &want.heroku);
        let setup = want.freeze.iter().fold(setup, |setup, freeze| setup.with_freeze(freeze));
        let mut state = State::rehearsal(Scenario::Gated, &setup);
        state.github.viewer = "MooseQuest".to_owned();
        prepare(&mut state);
        let sandbox = Sandbox::start(state).await.unwrap();
        let session = Session {
            global: Cli::try_parse_from(["gatectl", "pending", "--timeout", "60s", "-q"]).unwrap().global,
            env: [
                ("GITHUB_API_URL", sandbox.github_url()),
                ("HEROKU_HOST", sandbox.heroku_url()),
                ("GH_TOKEN", "token"),
                ("HEROKU_API_KEY", "key"),
                ("CI", "1"),
            ]
            .into_iter()
            .collect(),
            directory: PathBuf::from("/"),
            progress: Arc::new(Progress::new(Mode::Hidden)),
            stop: Stop::default(),
            remote: None,
            wrote: Arc::default(),
        };
        let site = RunsContext::open(&session, config, Needs::REPOSITORY_AND_FREEZE).await.unwrap();
        Self { sandbox, session, site }
    }

    fn start(&self, actor: &str) -> u64 {
        self.sandbox.with(|state| state.start_run(REPO, DEPLOY, "workflow_dispatch", "refs/heads/main", actor, "production").unwrap())
    }

    /// The present of the emulated world.
    fn now(&self) -> Timestamp {
        self.sandbox.with(|state| state.now.0)
    }

    async fn pending(&self) -> PendingReport {
        self.pending_of(&[], None).await
    }

    async fn pending_of(&self, environments: &[EnvName], older_than: Option<i64>) -> PendingReport {
        let (queue, viewer) = self.site.queue().await.unwrap();
        let (waiting, now) = (queue.waiting(), self.now());
        let refusals: Refusals = self.site.refusals(&waiting, &viewer, now).await;
        PendingReport::new(&queue, &waiting, &Question { environments, older_than, refusals: &refusals, now }, self.site.links())
    }

    async fn evidence(&self, extent: Extent) -> EvidenceReport {
        self.evidence_by(extent, Measure::default()).await
    }

    async fn evidence_by(&self, extent: Extent, measure: Measure<'_>) -> EvidenceReport {
        let environments = evidence::environments(&self.site.config, &[]);
        let history = observe::history(&self.site.reader, &self.site.repository, &environments, extent).await;
        let header = Header {
            generated_at: "2026-01-01T00:00:00Z".parse().unwrap(),
            gatectl: "0.0.0",
            by: None,
            host: "https://api.github.com".to_owned(),
            repository: Repository { name: self.site.repository.clone(), id: Some(1) },
            query: Query {
                environments,
                last: Some(20),
                since: None,
                until: None,
                audit_log: measure.audit.map(|_| "audit.jsonl".to_owned()),
                allow: Vec::new(),
            },
        };
        EvidenceReport::new(header, &history, measure, self.site.links())
    }

    async fn look(&self, request: &ReviewRequest, runs: &[u64]) -> anyhow::Result<Reviewable> {
        self.input(request, runs, OnUndetermined::Refuse).look(Timestamp::now()).await
    }

    fn input<'a>(&'a self, request: &'a ReviewRequest, runs: &'a [u64], rule: OnUndetermined) -> ReviewInput<'a> {
        ReviewInput { site: &self.site, request, runs, rule }
    }

    /// Looks and writes.
    async fn review(&self, request: &ReviewRequest, runs: &[u64]) -> ReviewReport {
        let input = self.input(request, runs, OnUndetermined::Refuse);
        let seen = input.look(Timestamp::now()).await.unwrap();
        let ended = input.submit(&self.session, &seen, "ship it").await.unwrap();
        ReviewReport::new(request.decision, &seen.viewer.login, &ended, self.site.links())
    }

    /// The reviews that GitHub was sent.
    fn posts(&self) -> usize {
        self.sandbox.with(|state| state.log.exchanges.iter().filter(|exchange| exchange.method == "POST").count())
    }
}

fn request(decision: Decision) -> ReviewRequest {
    ReviewRequest { decision, environments: Which::TheOne, commit: None, no_self_review: Vec::new() }
}

fn approve() -> ReviewRequest {
    request(Decision::Approved)
}

fn value(report: &impl serde::Serialize, schema: &str) -> Value {
    let value: Value = serde_json::from_str(&json::to_string(report)).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/schemas/{schema}.schema.json"));
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert_eq!(errors, Vec::<String>::new());
    value
}

/// Compares with `tests/golden/runs/NAME`; `GATECTL_BLESS=1` writes the file instead.
fn assert_golden(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/runs").join(name);
    if std::env::var_os("GATECTL_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, actual).unwrap();
        return;
    }
    assert_eq!(actual, std::fs::read_to_string(&path).unwrap_or_default(), "{name}: GATECTL_BLESS=1 accepts this");
}

fn shown(document: &Document) -> String {
    human::render(document, Style::PLAIN)
}

/// Every story that evidence distinguishes, oldest first.
fn stories(state: &mut State) {
    let start = |state: &mut State, actor: &str| {
        state.start_run(REPO, DEPLOY, "workflow_dispatch", "refs/heads/main", actor, "production").unwrap()
    };
    let through = |state: &mut State, actor: &str, reviewer: Option<&str>| {
        let run = start(state, actor);
        // People look before they approve.
        (0..60).for_each(|_| {
            state.now.tick();
        });
        state.release_run(REPO, run, reviewer);
        state.finish_run(REPO, run, "success");
        run
    };
    let approved = through(state, "sandbox-admin", Some("MooseQuest"));
    through(state, "MooseQuest", Some("MooseQuest"));
    through(state, "sandbox-admin", None);
    let again = through(state, "sandbox-admin", Some("MooseQuest"));
    state.rerun(REPO, again, "sandbox-admin");
    state.release_run(REPO, again, None);
    state.finish_run(REPO, again, "success");
    let sha = state.repo(REPO).unwrap().runs.iter().find(|run| run.id == approved).unwrap().head_sha.clone();
    state.deploy_over_api(REPO, "production", &sha, "mallory", None);
    state.deploy_over_api(REPO, "production", &sha, "mallory", Some(approved));
    let deleted = through(state, "sandbox-admin", Some("MooseQuest"));
    state.repo(REPO).unwrap().runs.retain(|run| run.id != deleted);
    start(state, "sandbox-admin");
}

/// A production with a history: 1 is deployed, then 2 waits, and 3 is deployed since.
fn overtaken(state: &mut State) -> [u64; 3] {
    let start = |state: &mut State, actor: &str| {
        let run = state.start_run(REPO, DEPLOY, "push", "refs/heads/main", actor, "production").unwrap();
        (0..60).for_each(|_| {
            state.now.tick();
        });
        run
    };
    let through = |state: &mut State, actor: &str| {
        let run = start(state, actor);
        state.release_run(REPO, run, Some("MooseQuest"));
        state.finish_run(REPO, run, "success");
        run
    };
    [through(state, "sandbox-admin"), start(state, "sandbox-admin"), through(state, "sandbox-admin")]
}

fn commit_of(stage: &Stage, run: u64) -> String {
    stage.sandbox.with(|state| state.repo(REPO).unwrap().runs.iter().find(|known| known.id == run).unwrap().head_sha.clone())
}

fn stale_args(line: &[&str]) -> crate::cli::ReviewArgs {
    let parsed = Cli::try_parse_from([&["gatectl", "reject", "--stale"], line].concat()).unwrap();
    let crate::cli::Command::Reject(args) = parsed.command else { panic!("another command") };
    args.review
}
