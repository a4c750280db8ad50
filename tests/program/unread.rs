//! The result of each command when nothing it asks for can be read: never a success, never a token, always a next step.

use std::fmt::Write as _;

use gatectl::sandbox::{Api, Effect, Fault, Response, Scenario};

use super::run::{KEY, TOKEN};
use super::served::Served;
use gatectl_test_support::assert_golden;

const TOML: &str = r#"
version = 1
[github]
repository = "acme/shop"
[environments.production]
reviewers = [{ user = "alice", id = 501 }]
deployment_branch_policy = "protected"
[heroku.config.shop-prod]
TIER = "prod"
[freeze]
heroku_app = "shop-prod"
environments = ["production"]
"#;

/// A gated world with a run that waits for alice, whose token is in use; and the run.
fn world() -> (Served, String) {
    let world = Served::rehearsal(Scenario::Gated, TOML);
    let run = world.sandbox.with(|state| {
        let run = state.start_run("acme/shop", ".github/workflows/deploy.yml", "workflow_dispatch", "refs/heads/main", "bob", "production");
        state.github.viewer = "alice".to_owned();
        run.unwrap().to_string()
    });
    (world, run)
}

const COMMANDS: [&[&str]; 13] = [
    &["plan"],
    &["apply", "--auto-approve"],
    &["verify"],
    &["explain", "--ref", "refs/heads/main"],
    &["import", "acme/shop"],
    &["pending"],
    &["approve", "RUN", "--auto-approve"],
    &["evidence"],
    &["freeze", "status"],
    &["freeze", "check", "--environment", "production"],
    &["freeze", "on", "--reason", "trouble"],
    &["freeze", "off", "--reason", "over", "--auto-approve"],
    &["freeze", "override", "--reason", "urgent", "--for", "1h"],
];

const APIS: [Api; 2] = [Api::GitHub, Api::Heroku];

type Make = fn(Api) -> Fault;

const FAULTS: [(&str, Make); 8] = [
    ("reset", |_| Fault::new(Effect::Reset)),
    ("hang", |_| Fault::new(Effect::Hang)),
    ("502", |_| Fault::before(Response::html(502, "<h1>Bad Gateway</h1>"))),
    ("page", |_| Fault::before(Response::html(200, "<h1>Sign in</h1>"))),
    ("401", |api| said(api, 401, "unauthorized", "Bad credentials")),
    ("403", |api| said(api, 403, "forbidden", "Resource not accessible by personal access token")),
    ("404", |api| said(api, 404, "not_found", "Not Found")),
    ("limit", |api| match api {
        Api::GitHub => Fault::before(Response::primary_limit(403, 3600)),
        Api::Heroku => Fault::before(Response::heroku_limit()),
    }),
];

fn said(api: Api, status: u16, id: &str, message: &str) -> Fault {
    Fault::before(match api {
        Api::GitHub => Response::github_error(status, message),
        Api::Heroku => Response::heroku_error(status, id, message),
    })
}

/// The exit codes of one command, fault by fault.
fn codes(command: &[&str]) -> Vec<Option<i32>> {
    let one = |(name, fault): &(&str, Make)| {
        let (world, run) = world();
        world.sandbox.with(|state| state.faults.extend(APIS.map(|api| fault(api).api(api))));
        let mut args: Vec<&str> = command.iter().map(|word| if *word == "RUN" { run.as_str() } else { word }).collect();
        args.extend(["--timeout", "2s"]);
        let ran = world.run(&args);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!all.contains(TOKEN) && !all.contains(KEY), "{command:?}, {name}: a token is shown: {all}");
        assert!(!all.trim().is_empty(), "{command:?}, {name}: nothing is said");
        assert_eq!(world.sandbox.with(|state| state.log.writes.len()), 0, "{command:?}, {name}: {all}");
        ran.code
    };
    FAULTS.iter().map(one).collect()
}

#[test]
fn nothing_that_cannot_be_read_is_a_success() {
    let table: Vec<_> = std::thread::scope(|scope| {
        let all: Vec<_> = COMMANDS.iter().map(|command| (command, scope.spawn(|| codes(command)))).collect();
        all.into_iter().map(|(command, codes)| (command, codes.join().unwrap())).collect()
    });
    let names: Vec<&str> = FAULTS.iter().map(|(name, _)| *name).collect();
    let mut text = format!("Exit codes if every request meets this fault, by command.\n\n{:<20}{:>7}\n", "", names.join("  "));
    for (command, codes) in &table {
        let words: Vec<&str> = command.iter().take_while(|word| !word.starts_with('-')).copied().collect();
        let codes: Vec<String> = codes.iter().map(|code| code.map_or("-".to_owned(), |code| code.to_string())).collect();
        let cells: String = names.iter().zip(&codes).map(|(name, code)| format!("{code:>width$}  ", width = name.len())).collect();
        let _ = writeln!(text, "{:<20}{}", words.join(" "), cells.trim_end());
        assert!(codes.iter().all(|code| code != "0"), "{}: {codes:?}", words.join(" "));
    }
    assert_golden("program/unread.txt", &text);
}

#[test]
fn explain_says_why_it_cannot_decide() {
    let explain = ["explain", "--ref", "refs/heads/main"];
    let (world, _) = world();
    let well = world.run(&explain);
    assert_eq!(well.code, Some(0), "{}{}", well.stdout, well.stderr);
    for (path, fault, code, words) in [
        ("*/branches*", said(Api::GitHub, 403, "", "Resource not accessible by personal access token"), 4, "403"),
        ("*/environments", said(Api::GitHub, 500, "", "Server Error"), 1, "500"),
    ] {
        world.sandbox.with(|state| state.faults = vec![fault.path(path)]);
        let ran = world.run(&explain);
        assert!(ran.code == Some(code) && ran.stdout.contains("unknown") && ran.stdout.contains(words), "{:?} {}", ran.code, ran.stdout);
    }
}

#[test]
fn an_approval_names_the_credentials_that_the_freeze_wants() {
    for (status, code) in [(401, 4), (403, 4), (503, 1)] {
        let (world, run) = world();
        world.sandbox.with(|state| state.faults.push(said(Api::Heroku, status, "id", "no").api(Api::Heroku)));
        let ran = world.run(&["approve", &run, "--auto-approve"]);
        assert_eq!(ran.code, Some(code), "{status}: {}", ran.stderr);
        for words in ["nothing was approved", "could not be determined", &status.to_string(), "--ignore-unreachable-freeze"] {
            assert!(ran.stderr.replace("\n    ", " ").contains(words), "{words}: {}", ran.stderr);
        }
    }
}

#[test]
fn a_long_wait_shows_in_a_log_and_a_short_or_quiet_one_does_not() {
    let waits = |seconds: u64, args: &[&str]| {
        let (world, _) = world();
        world
            .sandbox
            .with(|state| state.faults.push(Fault::before(Response::secondary_limit(429, Some(seconds))).api(Api::GitHub).times(1)));
        let ran = world.run(args);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        ran.stderr
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let said = waits(4, &["plan"]);
            assert!(said.starts_with("waiting for the secondary rate limit of 127.0.0.1") && said.lines().count() == 1, "{said}");
            assert!(said.contains(" UTC; ") && said.contains("--timeout"), "{said}");
        });
        scope.spawn(|| assert_eq!(waits(4, &["plan", "-q"]), ""));
        scope.spawn(|| assert_eq!(waits(1, &["plan"]), ""));
    });
}
