//! What gatectl says about likely mistakes: the right tip, the right reason, and no line of a file that is not the repository's.

use gatectl::sandbox::{Fault, Level, Response, Scenario, Token};

use super::run::{TOKEN, run};
use super::served::Served;

const GATE: &str =
    "version = 1\n[github]\nrepository = \"acme/shop\"\n[environments.production]\nreviewers = [{ user = \"alice\", id = 501 }]\n";

fn here(gate: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("gate.toml"), gate).unwrap();
    dir
}

/// A run that waits for production, as GitHub spells it.
fn start(world: &Served) {
    world.sandbox.with(|state| {
        let live = state.repo("acme/shop").unwrap().environment("production").unwrap().name.to_string();
        state.start_run("acme/shop", ".github/workflows/deploy.yml", "push", "refs/heads/main", "bob", &live).unwrap();
    });
}

#[test]
fn what_other_tools_call_by_another_name_gets_a_tip() {
    let dir = here(GATE);
    for (args, tip) in [
        (&["plan", "--sandbox", "gated"][..], "'--sandbox=gated'"),
        (&["apply", "--sandbox", "gated"], "'--sandbox=gated'"),
        (&["apply", "--yes"], "'--auto-approve'"),
        (&["apply", "--dry-run"], "`gatectl plan`"),
        (&["plan", "--json"], "'--format json'"),
        (&["apply", "-auto-approve"], "'--auto-approve'"),
        (&["plan", "-e", "production"], "'--environment NAME'"),
    ] {
        let ran = run(dir.path(), args, &[]);
        assert_eq!(ran.code, Some(64), "{args:?}");
        assert!(ran.stderr.contains("tip: ") && ran.stderr.contains(tip) && !ran.stderr.contains("as a value"), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn a_hint_about_requests_comes_only_after_a_request() {
    let dir = here(GATE);
    let ran = run(dir.path(), &["apply", "missing.plan"], &[]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("missing.plan") && ran.stderr.contains("hint: ") && !ran.stderr.contains("-v"), "{}", ran.stderr);
}

#[test]
fn an_error_with_two_places_has_no_escaped_marker() {
    let dir = here("version = 1\n[environments.production]\nwait_timer = 1\n\n[environments.Production]\nwait_timer = 2\n");
    let ran = run(dir.path(), &["validate"], &[]);
    assert_eq!(ran.code, Some(1));
    let places: Vec<&str> = ran.stderr.lines().filter(|line| line.trim_start().starts_with("-->")).collect();
    assert_eq!(places.len(), 2, "{}", ran.stderr);
    assert!(!ran.stderr.contains("\\u{3a}") && !ran.stderr.contains(":::"), "{}", ran.stderr);
}

#[test]
fn a_name_that_looks_encoded_is_warned_of() {
    let policy = "deployment_branch_policy = { branches = [\"release%2F*\", \"100%\"] }";
    let dir = here(&format!(
        "version = 1\n[environments.\"need%2Fencoding\"]\nwait_timer = 1\n[environments.\"50% off\"]\nwait_timer = 1\n{policy}\n"
    ));
    let ran = run(dir.path(), &["validate"], &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("gate.toml:2:15") && ran.stdout.contains("need/encoding"), "{}", ran.stdout);
    assert!(ran.stdout.contains("gate.toml:6:42") && ran.stdout.contains("release/*"), "{}", ran.stdout);
    assert_eq!(ran.stdout.matches("percent-encoded").count(), 2, "{}", ran.stdout);
}

#[test]
fn a_refused_media_type_shows_the_servers_words() {
    for answer in [
        Response::github_error(406, "Must accept 'application/json', says the mirror"),
        Response { status: 406, headers: vec![("content-type".to_owned(), "text/plain".to_owned())], body: b"says the mirror".to_vec() },
    ] {
        let world = Served::rehearsal(Scenario::Gated, GATE);
        world.sandbox.with(|state| state.faults.push(Fault::before(answer.clone()).path("/repos/acme/shop/environments")));
        let ran = world.run(&["plan"]);
        assert_eq!(ran.code, Some(1), "{}", ran.stdout);
        assert!(ran.stdout.contains("406") && ran.stdout.contains("says the mirror"), "{}", ran.stdout);
        assert!(!ran.stdout.contains("correct that in gate.toml"), "{}", ran.stdout);
    }
}

#[test]
fn explain_and_verify_of_a_named_repository_need_no_gate_toml() {
    let world = Served::rehearsal(Scenario::Gated, &format!("{GATE}deployment_branch_policy = {{ branches = [\"v*\"] }}\n"));
    world.sandbox.with(|state| drop(state.repo("acme/shop").unwrap().files.remove("gate.toml")));
    let elsewhere = tempfile::tempdir().unwrap();
    let ask = |args: &[&str]| run(elsewhere.path(), &[args, &["-R", "acme/shop"]].concat(), &world.vars());
    let tag = ask(&["explain", "--environment", "production", "--ref", "refs/tags/v1"]);
    assert_eq!(tag.code, Some(0), "{}{}", tag.stdout, tag.stderr);
    assert!(tag.stdout.contains("the branch pattern `v*` would"), "{}", tag.stdout);
    let unnamed = ask(&["explain", "--ref", "refs/tags/v1"]);
    assert_eq!(unnamed.code, Some(1));
    assert!(unnamed.stderr.contains("--environment NAME"), "{}", unnamed.stderr);
    let verified = ask(&["verify", "--environment", "production", "--format", "json"]);
    let verdict: serde_json::Value = serde_json::from_str(&verified.stdout).unwrap_or_else(|_| panic!("{}", verified.stderr));
    assert_eq!(verdict["environments"][0]["name"], "production", "{}", verified.stdout);
    assert_ne!(verified.code, Some(1), "{}", verified.stderr);
}

#[cfg(unix)]
#[test]
fn a_gate_toml_that_links_out_of_the_repository_is_not_read_in_ci() {
    let dir = tempfile::tempdir().unwrap();
    let repo = dir.path().join("repo");
    std::fs::create_dir_all(repo.join(".git")).unwrap();
    std::fs::write(dir.path().join("secret"), "canary = of the machine\n").unwrap();
    std::os::unix::fs::symlink("../secret", repo.join("gate.toml")).unwrap();
    for args in [&["validate"][..], &["validate", "gate.toml"], &["plan", "-c", "gate.toml"], &["check"]] {
        let ran = run(&repo, args, &[("CI", "true"), ("GH_TOKEN", "x")]);
        assert_eq!(ran.code, Some(1), "{args:?}");
        assert!(ran.stderr.contains("leads out of the repository") && !ran.stderr.contains("canary"), "{args:?}: {}", ran.stderr);
    }
    let at_home = run(&repo, &["validate"], &[]);
    assert!(at_home.stderr.contains("canary"), "a person may link what they like: {}", at_home.stderr);
    std::fs::remove_file(repo.join("gate.toml")).unwrap();
    std::fs::write(repo.join("real.toml"), GATE).unwrap();
    std::os::unix::fs::symlink("real.toml", repo.join("gate.toml")).unwrap();
    assert_eq!(run(&repo, &["validate"], &[("CI", "true")]).code, Some(0), "a link within the repository is read");
}

#[test]
fn evidence_finds_an_environment_that_is_spelled_otherwise_live() {
    use gatectl::sandbox::DeploymentFilter;
    for filter in [DeploymentFilter::Folded, DeploymentFilter::Exact] {
        let world = Served::rehearsal(Scenario::Gated, &GATE.replace("environments.production", "environments.Production"));
        std::fs::write(world.dir.path().join("gate.toml"), GATE).unwrap();
        world.sandbox.with(|state| state.switches.deployment_filter = filter);
        start(&world);
        let ran = world.run(&["evidence", "--format", "json"]);
        let found: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
        let deployments = found["environments"][0]["deployments"].as_array().unwrap();
        assert!(!deployments.is_empty(), "{filter:?}: {}", ran.stdout);
    }
}

#[test]
fn a_repository_written_as_its_clone_address_ends_is_refused_with_its_name() {
    let dir = here(&GATE.replace("acme/shop", "acme/shop.git"));
    let ran = run(dir.path(), &["validate"], &[]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("gate.toml:3:14") && ran.stderr.contains("write \"acme/shop\""), "{}", ran.stderr);
    let flag = run(dir.path(), &["plan", "-R", "acme/shop.git"], &[]);
    assert_eq!(flag.code, Some(64));
    assert!(flag.stderr.contains("write acme/shop"), "{}", flag.stderr);
}

/// The block of an output that begins with this: an entry of a plan up to its blank line, or an error with its hint.
fn block<'t>(text: &'t str, begins: &str) -> Vec<&'t str> {
    let lines = text.lines().skip_while(|line| !line.starts_with(begins));
    if begins == "error:" { lines.filter(|line| !line.is_empty()).collect() } else { lines.take_while(|line| !line.is_empty()).collect() }
}

#[test]
fn the_commonest_mistakes_are_one_short_block_with_a_command() {
    let missing = tempfile::tempdir().unwrap();
    std::fs::create_dir(missing.path().join(".git")).unwrap();
    std::fs::write(missing.path().join(".git/config"), "[remote \"origin\"]\n\turl = git@github.com:acme/shop.git\n").unwrap();
    let world = |gate: &str| {
        let world = Served::rehearsal(Scenario::NoRules, GATE);
        std::fs::write(world.dir.path().join("gate.toml"), gate).unwrap();
        world
    };
    let unprivileged = world(GATE);
    unprivileged.sandbox.with(|state| {
        let token = Token::fine_grained("sandbox-admin", &[("metadata", Level::Read)]);
        state.github.tokens.insert(TOKEN.to_owned(), token);
    });
    let wrong = world(&GATE.replace("acme/shop", "acme/shp"));
    let typo = world(&GATE.replace("\"alice\", id = 501", "\"alicee\""));
    for (ran, begins, command) in [
        (run(here(GATE).path(), &["plan"], &[]), "?", "`gh auth login`"),
        (run(missing.path(), &["plan"], &[]), "error:", "`gatectl import acme/shop --out gate.toml`"),
        (wrong.run(&["plan"]), "?", "`gh repo view acme/shp`"),
        (typo.run(&["plan"]), "!", "`gh api 'search/users?q=alicee' --jq '.items[].login'`"),
        (unprivileged.run(&["plan"]), "?", "`unset GH_TOKEN && gh auth login`"),
    ] {
        let text = format!("{}{}", ran.stdout, ran.stderr);
        let block = block(&text, begins);
        assert!((2..=6).contains(&block.len()) && block.iter().any(|line| line.contains(command)), "{command}: {block:#?}\n{text}");
        assert_eq!(text.lines().filter(|line| line.starts_with(begins)).count(), 1, "{text}");
    }
}

#[test]
fn a_suggested_command_of_the_github_cli_goes_to_the_host_of_the_run() {
    let dir = here(&GATE.replace("[github]\n", "[github]\napi_url = \"https://ghe.example.com/api/v3\"\n"));
    let ran = run(dir.path(), &["plan"], &[]);
    assert!(ran.stdout.contains("`gh auth login --hostname ghe.example.com`"), "{}", ran.stdout);
}
