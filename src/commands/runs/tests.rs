//! The real client against the emulator over loopback; what is printed, against what was agreed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Parser;
use serde_json::Value;

use super::pending::Refusals;
use super::review::{OnUndetermined, ReviewInput, Reviewable, ids, unchanged};
use jiff::Timestamp;

use super::*;
use crate::cli::Cli;
use crate::config;
use crate::exit::Exit;
use crate::model::EnvName;
use crate::model::shell_word;
use crate::progress::{Mode, Progress};
use crate::providers::github::runs::Decision;
use crate::providers::github::runs::admit::{ReviewRequest, Which};
use crate::providers::github::runs::evidence::Measure;
use crate::providers::github::runs::observe::{self, Extent};
use crate::render::{Document, Style, csv, human, json};
use crate::sandbox::{Api, Fault, Grant, Level, Response, ReviewerRef, Sandbox, Scenario, Setup, State, Token};
use crate::stop::Stop;
use crate::views::evidence::{EvidenceReport, Header, Query, Repository};
use crate::views::pending::{PendingReport, Question};
use crate::views::review::ReviewReport;

const REPO: &str = "raxx-app/TradeMasterAPI";
const DEPLOY: &str = ".github/workflows/deploy.yml";
const APP: &str = "raxx-console-prod";

mod quarter;

/// A gated world, a session in it, and a reviewer's token.
struct Stage {
    sandbox: Sandbox,
    session: Session,
    config: Config,
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
        let site = RunsContext::open(&session, &config, Needs { github: true, heroku: false, freeze: true }).await.unwrap();
        Self { sandbox, session, config, site }
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
        let refusals: Refusals = self.site.refusals(&self.config, &waiting, &viewer, now).await;
        PendingReport::new(&queue, &waiting, &Question { environments, older_than, refusals: &refusals, now }, self.site.links())
    }

    async fn evidence(&self, extent: Extent) -> EvidenceReport {
        self.evidence_by(extent, Measure::default()).await
    }

    async fn evidence_by(&self, extent: Extent, measure: Measure<'_>) -> EvidenceReport {
        let environments = evidence::environments(&self.config, &[]);
        let history = observe::history(&self.site.reader, &self.site.repository, &environments, extent).await;
        let header = Header {
            generated_at: "2026-01-01T00:00:00Z".parse().unwrap(),
            gatectl: "0.0.0",
            by: None,
            host: "https://api.github.com".to_owned(),
            repository: Repository { name: self.site.repository.clone(), id: Some(1) },
            query: Query { environments, last: Some(20), since: None, until: None, audit_log: None, allow: Vec::new() },
        };
        EvidenceReport::new(header, &history, measure, self.site.links())
    }

    async fn look(&self, request: &ReviewRequest, runs: &[u64]) -> anyhow::Result<Reviewable> {
        self.input(request, runs, OnUndetermined::Refuse).look(Timestamp::now()).await
    }

    fn input<'a>(&'a self, request: &'a ReviewRequest, runs: &'a [u64], rule: OnUndetermined) -> ReviewInput<'a> {
        ReviewInput { site: &self.site, config: &self.config, request, runs, rule }
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

#[tokio::test]
async fn evidence_tells_every_story_apart() {
    let stage = Stage::new(stories).await;
    let report = stage.evidence(Extent::Last(20)).await;
    let seen = value(&report, "evidence");
    let standings: Vec<&str> =
        seen["environments"][0]["deployments"].as_array().unwrap().iter().map(|one| one["standing"].as_str().unwrap()).collect();
    assert_eq!(
        standings,
        [
            "waiting",
            "not-provable", // its run was deleted
            "not-provable", // made over the API, and pointing at an approved run of the same commit
            "not-provable", // made over the API
            "not-provable", // the second attempt, and the first
            "not-provable",
            "no-approval",
            "self-approved",
            "approved",
        ]
    );
    assert_eq!(seen["environments"][0]["deployments"][8]["approved_by"][0]["login"], "MooseQuest");
    assert!(!report.all_approved());
    assert_eq!((evidence::exit(&report, false), evidence::exit(&report, true)), (Exit::Done, Exit::NotGated));
    assert_golden("evidence.txt", &shown(&Document::from(&report)));
    assert_golden("evidence.csv", &csv(&report.records()));
    let last = stage.evidence(Extent::Last(1)).await;
    assert_eq!((last.unread().count(), value(&last, "evidence")["summary"]["waiting"].as_u64()), (0, Some(1)));
    let since: Timestamp = seen["environments"][0]["deployments"][2]["created_at"].as_str().unwrap().parse().unwrap();
    let since = value(&stage.evidence(Extent::Between(since, Timestamp::MAX)).await, "evidence");
    assert_eq!(since["environments"][0]["deployments"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn how_far_back_one_looks_makes_nothing_approved() {
    let stage = Stage::new(|state| {
        let run = state.start_run(REPO, DEPLOY, "workflow_dispatch", "refs/heads/main", "sandbox-admin", "production").unwrap();
        state.release_run(REPO, run, Some("MooseQuest"));
        state.add_job(REPO, run, "production");
        state.release_run(REPO, run, None);
        state.finish_run(REPO, run, "success");
    })
    .await;
    for last in 1..4 {
        let seen = value(&stage.evidence(Extent::Last(last)).await, "evidence");
        assert_eq!((&seen["summary"]["approved"], &seen["summary"]["not-provable"]), (&0.into(), &last.min(2).into()), "{last}");
    }
    let older = shown(&Document::from(&stage.evidence(Extent::Last(1)).await));
    assert!(older.contains("\n1 older deployment exists: use --last N"), "{older}");
}

#[tokio::test]
async fn no_evidence_is_not_approval() {
    let stage = Stage::new(|_| {}).await;
    let report = stage.evidence(Extent::Last(10)).await;
    assert_eq!((evidence::exit(&report, false), evidence::exit(&report, true)), (Exit::Done, Exit::NotGated));
    let text = shown(&Document::from(&report));
    assert!(text.contains("No evidence") && !text.contains("approved"), "{text}");
}

#[tokio::test]
async fn deployments_that_could_not_be_read_are_not_none() {
    let stage = Stage::new(stories).await;
    stage.sandbox.with(|state| state.faults.push(Fault::before(Response::github_error(500, "Server Error")).path("*/deployments")));
    let report = stage.evidence(Extent::Last(10)).await;
    let text = shown(&Document::from(&report)).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(evidence::exit(&report, false), Exit::Error);
    assert!(text.contains("the deployments to production could not be read"), "{text}");
    assert!(!text.contains("No evidence") && !text.contains("spelling"), "{text}");
}

#[tokio::test]
async fn evidence_reads_every_page() {
    let stage = Stage::new(|state| {
        for _ in 0..130 {
            state.deploy_over_api(REPO, "production", "beef", "mallory", None);
        }
        state.deploy_over_api(REPO, "preview", "beef", "mallory", None);
    })
    .await;
    for (extent, expected) in [(Extent::Last(1000), 130), (Extent::Last(120), 120), (Extent::Between(Timestamp::MIN, Timestamp::MAX), 130)]
    {
        assert_eq!(value(&stage.evidence(extent).await, "evidence")["summary"]["not-provable"], expected);
    }
}

#[tokio::test]
async fn what_a_token_may_not_read_is_unknown_by_name() {
    let stage = Stage::new(stories).await;
    let grant = |areas: &[(&str, Level)]| {
        let token = Token::fine_grained("sandbox-admin", areas);
        stage.sandbox.with(|state| {
            state.repo(REPO).unwrap().visibility = crate::sandbox::Visibility::Private;
            state.github.tokens = [("token".to_owned(), token.clone())].into();
        });
    };
    grant(&[("deployments", Level::Read)]);
    let report = stage.evidence(Extent::Last(20)).await;
    assert_eq!(evidence::exit(&report, false), Exit::Credentials);
    assert!(value(&report, "evidence")["summary"]["approved"] == 0);
    let text = shown(&Document::from(&report)).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("Actions: read"), "the permission is named: {text}");
    grant(&[("actions", Level::Read)]);
    let report = stage.evidence(Extent::Last(20)).await;
    assert_eq!((evidence::exit(&report, true), report.unread().count()), (Exit::Credentials, 1));
    assert!(!report.all_approved());
}

#[tokio::test]
async fn pending_shows_what_waits_and_for_whom() {
    let stage = Stage::new(stories).await;
    let report = stage.pending().await;
    let seen = value(&report, "pending");
    assert_eq!(seen["pending"].as_array().unwrap().len(), 1);
    assert_eq!((&seen["pending"][0]["you_may_approve"], &seen["pending"][0]["reviewers"][0]), (&true.into(), &"MooseQuest".into()));
    assert_golden("pending.txt", &shown(&report.document(stage.now())));
    let other = stage.pending_of(&[EnvName::new("staging").unwrap()], None).await;
    assert_eq!(value(&other, "pending")["pending"], serde_json::json!([]));
}

#[tokio::test]
async fn a_run_that_still_works_elsewhere_waits_too() {
    let stage = Stage::new(|_| {}).await;
    let run = stage.start("sandbox-admin");
    stage.sandbox.with(|state| {
        state.add_job(REPO, run, "staging");
    });
    assert_eq!(value(&stage.pending().await, "pending")["pending"][0]["run"], run);
}

#[tokio::test]
async fn what_cannot_be_read_is_not_called_nothing() {
    let stage = Stage::new(|_| {}).await;
    let run = stage.start("sandbox-admin");
    let broken = Response::github_error(403, "Resource not accessible by personal access token");
    stage.sandbox.with(|state| state.faults.push(Fault::before(broken).api(Api::GitHub).path("*/pending_deployments")));
    let report = stage.pending().await;
    let seen = value(&report, "pending");
    assert_eq!((&seen["unknown"][0]["run"], report.exit(Exit::Pending)), (&run.into(), Exit::Credentials));
    assert!(report.document(stage.now()).headline.contains("What 1 run waits for could not be read"));
}

#[tokio::test]
async fn an_approval_is_written_once_and_read_back() {
    let stage = Stage::new(|_| {}).await;
    let runs = [stage.start("sandbox-admin"), stage.start("sandbox-admin")];
    let report = stage.review(&approve(), &runs).await;
    let seen = value(&report, "review");
    assert_eq!((&seen["reviews"][0]["result"], &seen["reviews"][1]["result"]), (&"recorded".into(), &"recorded".into()));
    assert_eq!((&seen["reviews"][0]["user"], &seen["reviews"][0]["comment"]), (&"MooseQuest".into(), &"ship it".into()));
    assert_eq!((report.exit(), stage.posts()), (Exit::Done, 2));
    let again = stage.look(&approve(), &runs).await.unwrap_err().to_string();
    assert!(again.contains("approved by MooseQuest"), "{again}");
    assert_golden("approve.txt", &shown(&Document::from(&report)));
}

#[tokio::test]
async fn a_record_that_shows_late_is_waited_for() {
    let stage = Stage::new(|state| state.switches.reads = crate::sandbox::Reads::OnceStale).await;
    let run = stage.start("sandbox-admin");
    let report = stage.review(&approve(), &[run]).await;
    assert_eq!((&value(&report, "review")["reviews"][0]["result"], stage.posts()), (&"recorded".into(), 1));
}

#[tokio::test]
async fn a_rejection_ends_the_run() {
    let stage = Stage::new(|_| {}).await;
    let run = stage.start("sandbox-admin");
    let report = stage.review(&request(Decision::Rejected), &[run]).await;
    assert_eq!((report.exit(), &value(&report, "review")["decision"]), (Exit::Done, &"rejected".into()));
    assert_eq!(value(&stage.evidence(Extent::Last(1)).await, "evidence")["summary"]["rejected"], 1);
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_reading() {
    for (fault, posts, result) in [
        (Fault::after(Response::html(502, "Bad Gateway")), 1, "recorded"),
        (Fault::before(Response::html(502, "Bad Gateway")), 1, "failed"),
    ] {
        let stage = Stage::new(|_| {}).await;
        let run = stage.start("sandbox-admin");
        stage.sandbox.with(|state| state.faults.push(fault.method("POST").path("*/pending_deployments")));
        let report = stage.review(&approve(), &[run]).await;
        let seen = value(&report, "review");
        assert_eq!((seen["reviews"][0]["result"].as_str(), stage.posts()), (Some(result), posts));
        if result == "failed" {
            assert!(seen["reviews"][0]["hint"].as_str().unwrap().contains("did not take effect"));
            assert_eq!(report.exit(), Exit::Error);
        }
    }
}

#[tokio::test]
async fn who_may_not_approve_is_told_why_and_nothing_is_written() {
    let stage = Stage::new(|_| {}).await;
    let run = stage.start("MooseQuest");
    let refusal = |request: ReviewRequest| {
        let stage = &stage;
        async move { stage.look(&request, &[run]).await.unwrap_err() }
    };
    assert!(stage.look(&approve(), &[run]).await.unwrap().admitted[0].own);
    let pinned = ReviewRequest { commit: Some("abcdef0".parse().unwrap()), ..approve() };
    assert!(refusal(pinned).await.to_string().contains("not abcdef0"));
    stage.sandbox.with(|state| state.repo(REPO).unwrap().environment_mut("production").unwrap().prevent_self_review = true);
    assert!(refusal(approve()).await.to_string().contains("prevents self-review"));
    stage.sandbox.with(|state| state.github.viewer = "sandbox-admin".to_owned());
    assert!(refusal(approve()).await.to_string().contains("its reviewers are: MooseQuest"));
    let robot = Token { login: "robot[bot]".to_owned(), grant: Grant::Installation([("actions".to_owned(), Level::Read)].into()) };
    stage.sandbox.with(|state| state.github.tokens = [("token".to_owned(), robot.clone())].into());
    let error = refusal(approve()).await;
    assert_eq!(crate::commands::exit_of(&error), Exit::Credentials);
    let told = crate::commands::explain(&error);
    assert!(told.contains("GITHUB_TOKEN and App installation tokens cannot"), "{told}");
    assert_eq!(stage.posts(), 0);
}

#[tokio::test]
async fn nothing_is_approved_into_a_freeze() {
    let frozen = |vars: &'static [(&'static str, &'static str)]| {
        move |state: &mut State| {
            let app = state.heroku.apps.get_mut(APP).unwrap();
            app.config.extend(vars.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        }
    };
    let stage = Stage::new(frozen(&[("DEPLOY_FREEZE", "true")])).await;
    let runs = [stage.start("sandbox-admin")];
    let error = crate::commands::explain(&stage.look(&approve(), &runs).await.unwrap_err());
    assert!(error.contains("production is frozen") && error.contains("gatectl freeze off"), "{error}");
    assert!(stage.input(&approve(), &runs, OnUndetermined::Warn).look(Timestamp::now()).await.is_err(), "the flag opens no freeze");
    assert!(stage.look(&request(Decision::Rejected), &runs).await.is_ok());
    stage.sandbox.with(frozen(&[("DEPLOY_FREEZE", "false")]));
    assert!(stage.look(&approve(), &runs).await.is_ok());
    for response in [Response::heroku_error(403, "forbidden", "no"), Response::heroku_error(404, "not_found", "no")] {
        stage.sandbox.with(|state| state.faults = vec![Fault::before(response).api(Api::Heroku)]);
        let error = stage.look(&approve(), &runs).await.unwrap_err().to_string();
        assert!(error.contains("could not be determined"), "{error}");
        let seen = stage.input(&approve(), &runs, OnUndetermined::Warn).look(Timestamp::now()).await.unwrap();
        assert!(seen.warnings.iter().any(|warning| warning.contains("could not be determined")));
    }
    assert_eq!(stage.posts(), 0);
}

#[tokio::test]
async fn one_refusal_stops_all() {
    let stage = Stage::new(|_| {}).await;
    let runs = [stage.start("sandbox-admin"), stage.start("sandbox-admin")];
    stage.sandbox.with(|state| state.release_run(REPO, runs[1], Some("MooseQuest")));
    assert!(stage.look(&approve(), &runs).await.unwrap_err().to_string().contains("no longer waits"));
    assert_eq!(stage.posts(), 0);
}

#[tokio::test]
async fn several_environments_of_a_run_are_reviewed_by_name() {
    let gate = include_str!("../../../gate.toml").replace(
        "[[workflows]]\nfile = \".github/workflows/deploy-heroku.yml\"",
        "[environments.eu]\nreviewers = [{ user = \"MooseQuest\" }]\n\n[[workflows]]\nfile = \".github/workflows/deploy-heroku.yml\"",
    );
    let stage = Stage::of(&gate, |_| {}).await;
    let run = stage.start("sandbox-admin");
    stage.sandbox.with(|state| state.add_job(REPO, run, "eu"));
    assert!(stage.look(&approve(), &[run]).await.unwrap_err().to_string().contains("several environments"));
    let eu = ReviewRequest { environments: Which::Named(vec![EnvName::new("EU").unwrap()]), ..approve() };
    stage.review(&eu, &[run]).await;
    let waits = value(&stage.pending().await, "pending");
    assert_eq!((&waits["pending"][0]["environment"], waits["pending"].as_array().unwrap().len()), (&"production".into(), 1));
    stage.sandbox.with(|state| {
        state.release_run(REPO, run, None);
        state.finish_run(REPO, run, "success");
    });
    let seen = value(&stage.evidence(Extent::Last(5)).await, "evidence");
    let standing = |at: usize| seen["environments"][at]["deployments"][0]["standing"].as_str().unwrap().to_owned();
    assert_eq!((standing(0), standing(1)), ("approved".to_owned(), "no-approval".to_owned()), "a review of one is none of the other");
}

#[tokio::test]
async fn what_changed_since_it_was_shown_is_not_reviewed() {
    let stage = Stage::new(|_| {}).await;
    let run = [stage.start("sandbox-admin")];
    let shown = stage.look(&approve(), &run).await.unwrap();
    assert!(unchanged(&shown.admitted, &stage.look(&approve(), &run).await.unwrap().admitted).is_ok());
    stage.sandbox.with(|state| state.rerun(REPO, run[0], "sandbox-admin"));
    assert!(unchanged(&shown.admitted, &stage.look(&approve(), &run).await.unwrap().admitted).is_err());
}

#[test]
fn a_run_of_another_place_is_refused() {
    let repository = RepoName::parse("o/r").unwrap();
    let ids = |runs: &[&str]| ids(&runs.iter().map(|run| run.parse().unwrap()).collect::<Vec<_>>(), &repository, "https://github.com");
    assert_eq!(ids(&["7", "https://github.com/O/R/actions/runs/8/job/1", "7"]).unwrap(), [7, 8]);
    assert!(ids(&["https://github.com/o/other/actions/runs/8"]).is_err());
    assert!(ids(&["https://ghe.example.com/o/r/actions/runs/8"]).is_err());
}

#[test]
fn the_environments_of_evidence_are_named_declared_or_production() {
    let parse = |text: &str| config::parse("gate.toml", text).unwrap();
    let name = |name: &str| EnvName::new(name).unwrap();
    let gate = parse("version = 1\n[environments.live]\nreviewers = [{ user = \"a\" }]\n[environments.open]\nwait_timer = 1\n");
    assert_eq!(evidence::environments(&gate, &[]), [name("live")]);
    assert_eq!(evidence::environments(&gate, &[name("x"), name("X")]), [name("x")]);
    assert_eq!(evidence::environments(&parse("version = 1\n"), &[]), [name("production")]);
}

#[test]
fn a_name_from_outside_is_one_word_of_a_command() {
    for (name, word) in
        [("production", "production"), ("a b", "'a b'"), ("x;rm -rf ~", "'x;rm -rf ~'"), ("it's", "'it'\\''s'"), ("", "''"), ("-x", "'-x'")]
    {
        assert_eq!(shell_word(name), word);
    }
}

#[tokio::test]
async fn a_team_reviews_through_its_members() {
    let stage = Stage::new(|state| {
        let team = state.github.add_team("raxx-app", "sre", None);
        state.github.people.teams.get_mut(&team).unwrap().members.insert("MooseQuest".to_owned());
        state.repo(REPO).unwrap().environment_mut("production").unwrap().reviewers = vec![ReviewerRef::Team(team)];
    })
    .await;
    let run = stage.start("sandbox-admin");
    assert_eq!(value(&stage.pending().await, "pending")["pending"][0]["reviewers"][0], "team sre");
    assert!(matches!(stage.review(&approve(), &[run]).await.exit(), Exit::Done));
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

#[tokio::test]
async fn pending_shows_what_would_ship_and_what_is_out_of_date() {
    let mut runs = [0; 3];
    let mut next = 0;
    let stage = Stage::new(|state| {
        runs = overtaken(state);
        state.github.add_account("ann", Some(77), crate::sandbox::AccountKind::User);
        let now = state.now.tick();
        let mut ids = state.github.ids.clone();
        let repo = state.repo(REPO).unwrap();
        repo.commit("main", &"a".repeat(40), "ann", "Fix <b>the</b> cart | @everyone", now);
        repo.merge(&mut ids, &"a".repeat(40), &["MooseQuest"]);
        state.github.ids = ids;
        next = state.start_run(REPO, DEPLOY, "push", "refs/heads/main", "sandbox-admin", "production").unwrap();
        (0..7200).for_each(|_| {
            state.now.tick();
        });
    })
    .await;
    let report = stage.pending().await;
    let seen = value(&report, "pending");
    let [old, new] = [&seen["pending"][0], &seen["pending"][1]];
    assert_eq!((&old["run"], &new["run"]), (&runs[1].into(), &next.into()));
    assert_eq!((&old["overtaken"], &old["ships"]["relation"], &old["newer_waiting_run"]), (&true.into(), &"behind".into(), &next.into()));
    assert_eq!((&new["overtaken"], &new["ships"]["commit_count"]), (&false.into(), &2.into()));
    assert_eq!(new["ships"]["pull_requests"][0]["title"], "Fix <b>the</b> cart | @everyone");
    assert_eq!((&new["ships"]["complete"], &new["deployed"]["sha"]), (&true.into(), &commit_of(&stage, runs[2]).into()));
    assert!(new["age_seconds"].as_i64().unwrap() >= 7200 && new["waiting_since_exact"] == true, "{new}");
    assert_eq!(seen["stale_runs"], serde_json::json!([runs[1]]));
    assert_golden("pending-stale.txt", &shown(&report.document(stage.now())));
    let long = stage.pending_of(&[], Some(7_000)).await;
    assert_eq!((value(&long, "pending")["pending"].as_array().unwrap().len(), long.exit(Exit::Pending)), (2, Exit::Pending));
    let none = stage.pending_of(&[], Some(1_000_000)).await;
    assert_eq!((none.exit(Exit::Pending), report.exit(Exit::Done)), (Exit::Done, Exit::Done));
    assert!(none.document(stage.now()).headline.contains("Nothing waits for approval for that long"));
}

#[tokio::test]
async fn pending_says_why_you_may_not_approve() {
    let stage = Stage::new(|_| {}).await;
    stage.start("MooseQuest");
    let why = async |stage: &Stage| value(&stage.pending().await, "pending")["pending"][0]["you_may_not_because"].clone();
    assert_eq!(why(&stage).await, Value::Null);
    let app = APP.to_owned();
    stage.sandbox.with(|state| drop(state.heroku.apps.get_mut(&app).unwrap().config.insert("DEPLOY_FREEZE".to_owned(), "true".to_owned())));
    assert!(why(&stage).await.as_str().unwrap().contains("production is frozen"));
    stage.sandbox.with(|state| state.repo(REPO).unwrap().environment_mut("production").unwrap().prevent_self_review = true);
    assert!(why(&stage).await.as_str().unwrap().contains("you started it"));
    stage.sandbox.with(|state| state.github.viewer = "sandbox-admin".to_owned());
    assert!(why(&stage).await.as_str().unwrap().contains("its reviewers are: MooseQuest"));
    let robot = Token {
        login: "robot[bot]".to_owned(),
        grant: Grant::Installation(
            [
                ("actions".to_owned(), Level::Read),
                ("deployments".to_owned(), Level::Read),
                ("contents".to_owned(), Level::Read),
                ("pull_requests".to_owned(), Level::Read),
            ]
            .into(),
        ),
    };
    stage.sandbox.with(|state| state.github.tokens = [("token".to_owned(), robot.clone())].into());
    assert!(why(&stage).await.as_str().unwrap().contains("GITHUB_TOKEN and App installation tokens"));
}

#[tokio::test]
async fn what_would_ship_is_unknown_if_it_cannot_be_read_and_nothing_is_called_stale() {
    let mut runs = [0; 3];
    let stage = Stage::new(|state| runs = overtaken(state)).await;
    for path in ["*/deployments", "*/statuses", "*/compare/*"] {
        stage.sandbox.with(|state| state.faults = vec![Fault::before(Response::github_error(500, "Server Error")).path(path).from(1)]);
        let seen = value(&stage.pending().await, "pending");
        let one = &seen["pending"][0];
        assert_eq!((&one["run"], &one["overtaken"], &one["ships"]), (&runs[1].into(), &Value::Null, &Value::Null), "{path}");
        assert!(one["ships_unknown"].as_str().unwrap().contains("Server Error"), "{path}: {one}");
        assert_eq!(seen["stale_runs"], serde_json::json!([]), "{path}");
    }
}

#[tokio::test]
async fn a_comparison_of_more_commits_than_are_read_says_so() {
    let stage = Stage::new(|state| {
        overtaken(state);
        let now = state.now.tick();
        let repo = state.repo(REPO).unwrap();
        for n in 0..312 {
            repo.commit("main", &format!("{n:040x}"), "ann", &format!("Change {n}"), now);
        }
        state.start_run(REPO, DEPLOY, "push", "refs/heads/main", "sandbox-admin", "production").unwrap();
    })
    .await;
    let seen = value(&stage.pending().await, "pending");
    let ships = &seen["pending"][1]["ships"];
    assert_eq!((&ships["commit_count"], ships["commits"].as_array().unwrap().len(), &ships["complete"]), (&313.into(), 300, &false.into()));
}

fn stale_args(line: &[&str]) -> crate::cli::ReviewArgs {
    let parsed = Cli::try_parse_from([&["gatectl", "reject", "--stale"], line].concat()).unwrap();
    let crate::cli::Command::Reject(args) = parsed.command else { panic!("another command") };
    args.review
}

#[tokio::test]
async fn what_a_newer_deployment_has_overtaken_is_rejected_and_nothing_else() {
    let (mut runs, mut next) = ([0; 3], 0);
    let stage = Stage::new(|state| {
        runs = overtaken(state);
        next = state.start_run(REPO, DEPLOY, "push", "refs/heads/main", "sandbox-admin", "production").unwrap();
    })
    .await;
    let reject = async |line: &[&str]| stale::reject_stale(&stage.session, &stage.config, &stage.site, &stale_args(line)).await;
    let asked = reject(&[]).await.unwrap_err();
    assert!(crate::commands::explain(&asked).contains("--auto-approve") && stage.posts() == 0, "it asks, and there is no terminal");
    assert_eq!(reject(&["--auto-approve"]).await.unwrap(), Exit::Done);
    let run = |id: u64| stage.sandbox.with(|state| state.repo(REPO).unwrap().runs.iter().find(|known| known.id == id).unwrap().clone());
    assert_eq!((run(runs[1]).conclusion.as_deref(), run(next).status.as_str(), stage.posts()), (Some("failure"), "waiting", 1));
    assert!(run(runs[1]).approvals[0].comment.contains("overtaken by a newer deployment"));
    assert_eq!(reject(&["--auto-approve"]).await.unwrap(), Exit::Done, "nothing is left to reject");
    assert_eq!(stage.posts(), 1);
}

#[tokio::test]
async fn what_is_not_known_to_be_overtaken_and_what_you_may_not_reject_is_left_alone() {
    let stage = Stage::new(|state| {
        overtaken(state);
    })
    .await;
    let reject = async || stale::reject_stale(&stage.session, &stage.config, &stage.site, &stale_args(&["--auto-approve"])).await.unwrap();
    stage.sandbox.with(|state| state.faults = vec![Fault::before(Response::github_error(500, "Server Error")).path("*/compare/*").from(1)]);
    assert_eq!((reject().await, stage.posts()), (Exit::Done, 0));
    stage.sandbox.with(|state| {
        state.faults.clear();
        state.github.viewer = "sandbox-admin".to_owned();
    });
    assert_eq!((reject().await, stage.posts()), (Exit::Error, 0), "not a reviewer");
}

#[tokio::test]
async fn an_answer_about_another_run_or_repository_is_never_approved() {
    for (key, other) in
        [("id", serde_json::json!(1)), ("repository", serde_json::json!({"full_name": "raxx-app/other"})), ("repository", Value::Null)]
    {
        let stage = Stage::new(|_| {}).await;
        let run = stage.start("sandbox-admin");
        let path = format!("/repos/{REPO}/actions/runs/{run}");
        let target = crate::http::Target::new(path.trim_start_matches('/').split('/'));
        let mut answer: Value = stage.site.reader.get_json(&target).await.unwrap();
        answer[key] = other;
        stage.sandbox.with(|state| state.faults.push(Fault::before(Response::json(200, &answer)).method("GET").path(&path)));
        let error = stage.look(&approve(), &[run]).await.unwrap_err().to_string();
        assert!(error.contains("the answer is about run"), "{key}: {error}");
        assert_eq!(stage.posts(), 0);
    }
}

#[tokio::test]
async fn a_wait_without_a_deployment_record_is_at_least_that_long_and_never_stale() {
    let mut runs = [0; 3];
    let stage = Stage::new(|state| {
        runs = overtaken(state);
        let waits = runs[1];
        state.repo(REPO).unwrap().deployments.retain(|made| made.run != Some(waits));
    })
    .await;
    let report = stage.pending().await;
    let seen = value(&report, "pending");
    let one = &seen["pending"][0];
    assert_eq!((&one["run"], &one["waiting_since_exact"], &one["overtaken"]), (&runs[1].into(), &false.into(), &Value::Null));
    assert!(one["overtaken_unknown"].as_str().unwrap().contains("record was not found"), "{one}");
    assert!(shown(&report.document(stage.now())).contains("has waited at least"));
    let exit = stale::reject_stale(&stage.session, &stage.config, &stage.site, &stale_args(&["--auto-approve"])).await.unwrap();
    assert_eq!((exit, stage.posts()), (Exit::Done, 0));
}

#[tokio::test]
async fn deleted_accounts_and_odd_answers_make_nothing_known() {
    let mut next = 0;
    let stage = Stage::new(|state| {
        overtaken(state);
        next = state.start_run(REPO, DEPLOY, "push", "refs/heads/main", "sandbox-admin", "production").unwrap();
        for commit in state.repo(REPO).unwrap().commits.values_mut() {
            commit.author = None;
        }
    })
    .await;
    let sha = commit_of(&stage, next);
    let pulls = serde_json::json!([
        {"number": 7, "title": "t", "user": null, "merge_commit_sha": sha, "merged_at": "2026-01-01T00:09:00Z", "updated_at": "2026-01-01T00:09:00Z"},
        {"number": 8, "title": "closed", "user": null, "merge_commit_sha": null, "merged_at": null, "updated_at": "2026-01-01T00:09:00Z"},
    ]);
    stage.sandbox.with(|state| state.faults = vec![Fault::before(Response::json(200, &pulls)).path("*/pulls").from(1)]);
    let seen = value(&stage.pending().await, "pending");
    let ships = &seen["pending"][1]["ships"];
    assert_eq!(
        (&ships["unnamed_authors"], &ships["pull_requests"][0]["author"], ships["pull_requests"].as_array().unwrap().len()),
        (&1.into(), &Value::Null, 1)
    );
    for (status, ahead_by, commits) in [("ahead", 0, 0), ("sideways", 1, 0), ("behind", 1, 0), ("ahead", 2, 0)] {
        let commits = vec![serde_json::json!({"sha": "x", "parents": []}); commits];
        let base = seen["pending"][1]["deployed"]["sha"].as_str().unwrap();
        let odd = serde_json::json!({"status": status, "ahead_by": ahead_by, "base_commit": {"sha": base}, "commits": commits});
        stage.sandbox.with(|state| state.faults = vec![Fault::before(Response::json(200, &odd)).path("*/compare/*").from(1)]);
        let seen = value(&stage.pending().await, "pending");
        assert_eq!((&seen["pending"][1]["ships"], &seen["stale_runs"]), (&Value::Null, &serde_json::json!([])), "{status} {ahead_by}");
    }
}
