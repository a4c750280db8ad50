//! The commands about runs and freezes, workflow files, and what `import` writes, fed with hostile texts.

use std::collections::BTreeMap;

use gatectl::sandbox::{Environment, Fault, Response, ReviewerRef, Scenario, State};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::harmless::{FORMATS, is_harmless, is_only_text};
use super::hostile;
use super::run::{Ran, command, run};
use super::served::Served;
use super::terminal::on_terminal;
use gatectl_test_support::NASTY;

const GATE: &str = r#"version = 1
[github]
repository = "acme/shop"
[environments.production]
reviewers = [{ user = "alice", id = 501 }]
[freeze]
heroku_app = "shop-prod"
environments = ["production"]
"#;

const ID: &str = "7f0b1a3e-5b1e-4a55-8a3e-0d6f4c2b1a90";

/// What the app of the freeze holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Held {
    Frozen,
    Overridden,
    /// Not frozen, beside an override that has ended: an approval goes through, with a warning.
    Ended,
    Malformed,
}

const HELD: [Held; 4] = [Held::Frozen, Held::Ended, Held::Overridden, Held::Malformed];

impl Held {
    fn vars(self, text: &str) -> BTreeMap<String, String> {
        let at = |offset| (Timestamp::now() + SignedDuration::from_secs(offset)).to_string();
        let freeze = json!({"v": 1, "id": ID, "reason": text, "by": text, "at": at(-600), "kind": "manual", "ref": text}).to_string();
        let over = |until| json!({"v": 1, "id": ID, "reason": text, "by": text, "until": at(until), "freeze_id": ID}).to_string();
        let (flag, record, override_flag, override_record) = match self {
            Self::Frozen => ("true", freeze, "0", String::new()),
            Self::Overridden => ("true", freeze, "1", over(600)),
            Self::Ended => ("false", freeze, "1", over(-300)),
            Self::Malformed => (text, text.to_owned(), text, text.to_owned()),
        };
        let vars = [
            ("DEPLOY_FREEZE", flag),
            ("DEPLOY_FREEZE_INFO", &record),
            ("DEPLOY_FREEZE_OVERRIDE", override_flag),
            ("DEPLOY_FREEZE_OVERRIDE_INFO", &override_record),
        ];
        vars.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }
}

/// The world of the gate, with a run that was approved and one that waits, before anyone has an odd name.
fn world() -> (Served, State) {
    let world = Served::rehearsal(Scenario::Gated, GATE);
    let state = world.sandbox.with(|state| {
        state.now.0 = Timestamp::now();
        for actor in ["bob", "alice"] {
            let run = state.start_run("acme/shop", ".github/workflows/deploy.yml", "push", "refs/heads/main", actor, "production").unwrap();
            if actor == "bob" {
                state.release_run("acme/shop", run, Some("alice"));
                state.finish_run("acme/shop", run, "success");
            }
        }
        state.deploy_over_api("acme/shop", "production", &"0".repeat(40), "bob", None);
        state.clone()
    });
    (world, state)
}

/// Puts one text into every place of the world that others write; returns the run that waits.
fn infect(state: &mut State, text: &str, held: Held) -> u64 {
    let now = state.now.tick();
    let mut ids = state.github.ids.clone();
    state.github.people.accounts.get_mut(&501).unwrap().login = text.to_owned();
    state.github.viewer = text.to_owned();
    state.heroku.viewer = text.to_owned();
    let app = state.heroku.apps.get_mut("shop-prod").unwrap();
    app.config.extend(held.vars(text));
    app.release(&format!("Set DEPLOY_FREEZE, DEPLOY_FREEZE_OVERRIDE config vars {text}"), text, now);
    let repo = state.repo("acme/shop").unwrap();
    repo.collaborators.insert(text.to_owned(), gatectl::sandbox::Permission::Admin);
    if (1..256).contains(&text.chars().count()) {
        let mut other = Environment::ungated(&mut ids, text, true, now);
        other.reviewers.push(ReviewerRef::User(501));
        repo.insert(other);
    }
    for run in &mut repo.runs {
        for place in [&mut run.path, &mut run.event, &mut run.head_branch, &mut run.actor, &mut run.triggering_actor] {
            text.clone_into(place);
        }
        for approval in &mut run.approvals {
            (approval.user, approval.comment) = (text.to_owned(), text.to_owned());
        }
    }
    for deployment in &mut repo.deployments {
        (deployment.git_ref, deployment.creator) = (text.to_owned(), text.to_owned());
    }
    let deployed: Vec<String> = repo.runs.iter().map(|run| run.head_sha.clone()).collect();
    for commit in repo.commits.values_mut() {
        (commit.message, commit.author) = (text.to_owned(), Some(text.to_owned()));
    }
    for sha in deployed {
        repo.merge(&mut ids, &sha, &[text]);
    }
    let run = repo.runs.iter().find(|run| run.status == "waiting").unwrap().id;
    state.github.ids = ids;
    state.add_job("acme/shop", run, text);
    run
}

/// Every command that shows what is in this world; those that change it come last.
fn commands(run: u64) -> Vec<Vec<String>> {
    let all = format!(
        "verify
verify --sarif found.sarif
verify --remote
import acme/shop
explain --environment production --ref refs/heads/main
pending
evidence
evidence --environment production --csv
freeze status
freeze check
approve {run} --environment production --auto-approve
approve {run} --auto-approve --ignore-unreachable-freeze
reject {run} --auto-approve
freeze on --reason why
freeze on --reason why --replace
freeze override --for 1h --reason why
freeze off --reason why --auto-approve
freeze override --revoke
plan
apply --auto-approve --allow-weaken --while-frozen"
    );
    all.lines().map(|line| line.split(' ').map(str::to_owned).collect()).collect()
}

/// Runs one command in one format, traced, with or without colors, and looks at everything that it leaves.
fn look(world: &Served, verb: &[&str], format: &str, color: &str, about: &str) -> Ran {
    let summary = world.dir.path().join("summary");
    drop(std::fs::remove_file(&summary));
    let args = [verb, &["--format", format, "-vv", "--color", color]].concat();
    let ran = world.run_with(&args, &[("GITHUB_STEP_SUMMARY", summary.to_str().unwrap())]);
    is_harmless(&ran, format, about);
    let document = !ran.stdout.is_empty() && !verb.contains(&"--csv") && !verb.contains(&"import");
    if document && format == "json" {
        drop(serde_json::from_str::<Value>(&ran.stdout).unwrap_or_else(|e| panic!("{about}: {e}: {}", ran.stdout)));
    }
    if document && format == "markdown" {
        is_only_text(&ran.stdout, about);
    }
    if let Ok(summary) = std::fs::read_to_string(&summary) {
        is_only_text(&summary, about);
    }
    let sarif = world.dir.path().join("found.sarif");
    if let Ok(text) = std::fs::read_to_string(&sarif) {
        std::fs::remove_file(&sarif).unwrap();
        drop(serde_json::from_str::<Value>(&text).unwrap());
        assert_eq!(text.chars().find(|c| c.is_control() && *c != '\n'), None, "{about}: {text}");
    }
    ran
}

/// Each text through each command; each command in each format, with and without colors, as the texts go round.
fn go_round(part: usize) {
    let (world, clean) = world();
    for (n, nasty) in NASTY.iter().enumerate().filter(|(n, _)| n % 3 == part) {
        let held = HELD[(n / 3) % 4];
        let run = world.sandbox.with(|state| {
            *state = clean.clone();
            infect(state, nasty, held)
        });
        for (m, verb) in commands(run).iter().enumerate() {
            let verb: Vec<&str> = verb.iter().map(String::as_str).collect();
            let color = ["never", "always"][(n / 12 + m) % 2];
            look(&world, &verb, FORMATS[(n / 3 + m) % 4], color, nasty);
        }
    }
}

#[test]
fn a_third_of_all_that_is_live_is_only_ever_text() {
    go_round(0);
}

#[test]
fn another_third_is_only_ever_text() {
    go_round(1);
}

#[test]
fn the_last_third_is_only_ever_text() {
    go_round(2);
}

#[test]
fn a_world_full_of_odd_names_is_verified_and_imported() {
    let world = hostile::world(NASTY);
    for verb in [&["verify"][..], &["explain", "--environment", "production", "--ref", "refs/tags/v1"], &["pending"], &["evidence"]] {
        hostile::check(&world, verb, "a full world");
    }
    for color in ["never", "always"] {
        is_harmless(&world.run(&["import", "acme/shop", "-vv", "--color", color]), "human", "import");
    }
    is_harmless(&world.run(&["import", "--update", "-vv"]), "human", "import --update");
    let gate = std::fs::read_to_string(world.dir.path().join("gate.toml")).unwrap();
    assert!(!gate.contains('\u{1b}'), "{gate}");
}

#[test]
fn what_a_server_says_is_only_ever_text_to_every_command() {
    let (world, clean) = world();
    for (n, nasty) in NASTY.iter().enumerate() {
        let run = clean.github.repos[0].runs[0].id;
        let body = json!({"message": nasty, "errors": [nasty, {"message": nasty}], "id": nasty, "url": nasty});
        let header: String = nasty.chars().filter(|c| (' '..='~').contains(c)).collect();
        let mut response = Response::json([403, 404, 422, 301, 401, 409, 400][n % 7], &body);
        for name in ["location", "request-id", "x-github-sso", "x-accepted-github-permissions", "warning-message", "x-heroku-warning"] {
            response = response.with(name, header.clone());
        }
        for (m, verb) in commands(run).iter().enumerate().filter(|(m, _)| m % 4 == n % 4) {
            world.sandbox.with(|state| {
                *state = clean.clone();
                // Some are refused at once, others later.
                state.faults = vec![Fault::before(response.clone()).from(u32::try_from(n / 4 % 4).unwrap() + 1)];
            });
            let verb: Vec<&str> = verb.iter().map(String::as_str).collect();
            look(&world, &verb, FORMATS[(n / 4 + m / 4) % 4], ["always", "never"][n / 4 % 2], nasty);
        }
    }
}

#[test]
fn a_terminal_gets_no_byte_that_gatectl_did_not_make() {
    let (world, clean) = world();
    for (n, nasty) in
        ["\u{1b}[35mred", "\u{1b}]0;title\u{7}", "evil\u{202e}gnp", "a\n::set-output name=x::y", "\u{9b}2J"].iter().enumerate()
    {
        for held in HELD {
            let run = world.sandbox.with(|state| {
                *state = clean.clone();
                infect(state, nasty, held)
            });
            let approve = ["approve", &run.to_string(), "--environment", "production", "--auto-approve"].map(str::to_owned).to_vec();
            let other = commands(run)[(n * 4 + held as usize) % 20].clone();
            // A terminal has its own line ends, as CSV does.
            for verb in [approve, other].iter().filter(|verb| !verb.contains(&"--csv".to_owned())) {
                let args: Vec<&str> = verb.iter().map(String::as_str).chain(["--color", "always", "-vv"]).collect();
                let Some((code, shown)) = on_terminal(world.dir.path(), &args, &world.vars(), &[]) else { return };
                let ran = Ran { args: args.join(" "), code, stdout: shown.replace("\r\n", "\n"), stderr: String::new() };
                is_harmless(&ran, "human", nasty);
            }
        }
    }
}

#[test]
fn floods_of_runs_and_freezes_stay_where_they_are() {
    let floods = ["\u{1b}[2J::error::x ".repeat(6_250), "x".repeat(100_000)];
    let (world, clean) = world();
    for (n, held) in HELD.into_iter().enumerate() {
        let run = world.sandbox.with(|state| {
            *state = clean.clone();
            infect(state, &floods[n % 2], held)
        });
        for (m, verb) in commands(run).iter().enumerate().filter(|(m, _)| m % 2 == n / 2) {
            let verb: Vec<&str> = verb.iter().map(String::as_str).collect();
            // Data is whole in JSON and CSV, and as gate.toml.
            if !verb.contains(&"--csv") && verb[0] != "import" {
                look(&world, &verb, ["human", "markdown", "github"][m % 3], "never", "a flood");
            }
        }
    }
}

/// A workflow file with a text wherever one can be.
fn workflow(text: &str) -> String {
    // Every JSON is YAML.
    json!({
        "name": text,
        "on": {"push": {"branches": [text, "main"]}, "workflow_dispatch": {"inputs": {"environment": {"default": text, "description": text}}}},
        "env": {"A": text},
        "jobs": {
            text: {"runs-on": "x", "environment": text, "steps": [{"run": text, "name": text}]},
            "deploy": {"runs-on": "x", "if": text, "needs": [text], "environment": {"name": format!("${{{{ {text} }}}}"), "url": text}, "steps": [{"uses": text}]},
            "called": {"uses": format!("./{text}"), "with": {"a": text}},
            "legs": {"runs-on": "x", "strategy": {"matrix": {"e": [text, "b"]}}, "environment": "${{ matrix.e }}", "steps": [{"run": "heroku releases"}]}
        }
    })
    .to_string()
}

#[test]
fn a_workflow_file_is_only_ever_text() {
    let toml = |text: &str| toml_edit::Value::from(text).to_string().trim().to_owned();
    for (n, nasty) in NASTY.iter().enumerate() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join(".github/workflows");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("deploy.yml"), workflow(nasty)).unwrap();
        std::fs::write(folder.join("raw.yml"), format!("on: push\njobs:\n  {nasty}: {nasty}\n")).unwrap();
        let when = format!("{{ event = \"workflow_dispatch\", inputs = {{ environment = {} }} }}", toml(nasty));
        let gate = format!(
            "version = 1\n[github]\nrepository = \"acme/shop\"\n[environments.production]\nreviewers = [{{ user = \"alice\", id = 501 }}]\n\
             [[workflows]]\nfile = \".github/workflows/deploy.yml\"\nenvironment = \"production\"\nwhen = {when}\n"
        );
        std::fs::write(dir.path().join("gate.toml"), gate).unwrap();
        for (m, verb) in [&["check", "--sarif", "found.sarif"][..], &["verify", "--sandbox=gated", "-vv"], &["validate"]].iter().enumerate()
        {
            let format = FORMATS[(n + m) % 4];
            let ran = run(dir.path(), &[*verb, &["--format", format, "--color", ["never", "always"][n / 4 % 2]]].concat(), &[]);
            is_harmless(&ran, format, nasty);
            if format == "markdown" {
                is_only_text(&ran.stdout, nasty);
            }
        }
        let sarif = std::fs::read_to_string(dir.path().join("found.sarif")).unwrap_or_default();
        assert_eq!(sarif.chars().find(|c| c.is_control() && *c != '\n'), None, "{nasty}: {sarif}");
    }
}

#[test]
fn an_argument_that_is_refused_is_only_ever_text() {
    let dir = tempfile::tempdir().unwrap();
    for nasty in NASTY.iter().filter(|nasty| !nasty.is_empty()) {
        for args in [
            &["plan", "-R", nasty][..],
            &["approve", nasty],
            &["plan", "--environment", nasty],
            &["plan", "--config", nasty],
            &["evidence", "--since", nasty],
            &["freeze", "off", "--id", nasty, "--reason", nasty],
            &["explain", "--ref", nasty, "--offline"],
            &["plan", nasty],
            &[nasty],
        ] {
            for color in ["never", "always"] {
                let args = [args, &["--color", color]].concat();
                let vars: &[(&str, &str)] = if color == "always" { &[("CLICOLOR_FORCE", "1")] } else { &[] };
                let output = command(dir.path(), &args, vars).output().unwrap();
                let mut ran = Ran::new(&args, output);
                ran.args = format!("--color {color}");
                is_harmless(&ran, "human", &format!("{args:?}"));
            }
        }
    }
}
