//! What is refused before anything is read or written, and how a program learns that there is no result.

use gatectl::sandbox::Scenario;

use super::run::run;
use super::served::Served;

const TOML: &str = "version = 1\n[github]\nrepository = \"acme/shop\"\n[environments.production]\nwait_timer = 5\n";

#[test]
fn a_saved_plan_never_replaces_what_is_not_one() {
    let world = Served::rehearsal(Scenario::NoRules, TOML);
    std::fs::create_dir_all(world.dir.path().join(".github/workflows")).unwrap();
    let workflow = world.dir.path().join(".github/workflows/deploy.yml");
    std::fs::write(&workflow, "on: push\n").unwrap();
    for out in ["gate.toml", ".github/workflows/deploy.yml", "/dev/null"] {
        let ran = world.run(&["plan", "--out", out]);
        assert_eq!(ran.code, Some(1), "{out}: {}", ran.stdout);
        assert!(ran.stderr.contains("would replace"), "{}", ran.stderr);
    }
    assert_eq!(std::fs::read_to_string(world.dir.path().join("gate.toml")).unwrap(), TOML);
    assert_eq!(std::fs::read_to_string(&workflow).unwrap(), "on: push\n");
    for _ in 0..2 {
        let ran = world.run(&["plan", "--out", "gate.plan"]);
        assert_eq!(ran.code, Some(0), "a plan may replace a plan: {}", ran.stderr);
    }
}

#[test]
fn apply_of_a_gate_file_says_what_apply_takes() {
    let world = Served::rehearsal(Scenario::NoRules, TOML);
    let ran = world.run(&["apply", "gate.toml", "--auto-approve"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("apply takes a saved plan") && ran.stderr.contains("run `gatectl apply`"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("--out gate.toml"), "no hint that overwrites the file: {}", ran.stderr);
}

#[test]
fn a_command_that_stops_before_it_has_a_result_says_so_in_json() {
    let world = Served::rehearsal(Scenario::NoRules, TOML);
    for args in [
        &["plan", "-c", "missing.toml"][..],
        &["apply", "gate.toml", "--auto-approve"],
        &["apply"],
        &["plan", "--environment", "nowhere"],
        &["approve", "1", "--environment", "nowhere", "--auto-approve"],
    ] {
        let args = [args, &["--format", "json"]].concat();
        let ran = world.run(&args);
        assert_ne!(ran.code, Some(0), "{}", ran.args);
        let value: serde_json::Value =
            serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{}: {error}: {}", ran.args, ran.stdout));
        assert_eq!(value["format_version"], "1.1");
        let said = |key: &str| value["error"][key].as_str().is_some_and(|text| !text.is_empty());
        assert!(said("message") && said("hint"), "{}", ran.stdout);
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_or_a_device_is_no_gate_file_and_no_plan() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for args in [["validate", "-c", "pipe"], ["validate", "-c", "/dev/zero"]] {
        let ran = run(directory.path(), &args, &[]);
        assert!(ran.code == Some(1) && ran.stderr.contains("not a regular file"), "{}", ran.stderr);
    }
    let ran = run(directory.path(), &["apply", "pipe"], &[]);
    assert!(ran.code == Some(1) && ran.stderr.contains("not a regular file"), "{}", ran.stderr);
    let ran = run(directory.path(), &["evidence", "-R", "acme/shop", "--audit-log", "pipe"], &[("GH_TOKEN", "x")]);
    assert!(ran.code == Some(1) && ran.stderr.contains("Name a regular file"), "{}", ran.stderr);
    // Neither does what a checkout or a run brings along.
    std::fs::write(directory.path().join("gate.toml"), "version = 1\n[environments.production]\n").unwrap();
    std::fs::create_dir_all(directory.path().join(".git")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(directory.path().join(".git/config")).status().unwrap().success());
    let ran = run(directory.path(), &["check"], &[("GITHUB_EVENT_PATH", pipe.to_str().unwrap())]);
    assert!(ran.code == Some(1) && ran.stderr.contains("there are no workflow files"), "{}", ran.stderr);
    let ran = run(directory.path(), &["plan"], &[("GH_TOKEN", "x")]);
    assert!(ran.code == Some(1) && ran.stderr.contains("--repo"), "{}", ran.stderr);
    std::fs::create_dir(directory.path().join(".github")).unwrap();
    std::os::unix::fs::symlink("workflows", directory.path().join(".github/workflows")).unwrap();
    let ran = run(directory.path(), &["check"], &[]);
    assert!(ran.code == Some(1) && ran.stderr.contains("cannot be listed"), "a link to itself: {}", ran.stderr);
}

#[test]
fn an_empty_gate_file_is_explained_and_import_writes_whole_files_only() {
    let world = Served::rehearsal(Scenario::Gated, TOML);
    std::fs::write(world.dir.path().join("empty.toml"), "").unwrap();
    let ran = world.run(&["plan", "-c", "empty.toml"]);
    assert!(ran.code == Some(1) && ran.stderr.contains("import OWNER/REPO --out"), "{}", ran.stderr);

    let taken = world.run(&["import", "acme/shop", "--out", "gate.toml"]);
    assert!(taken.code == Some(1) && taken.stderr.contains("--update"), "{}", taken.stderr);
    let ran = world.run(&["import", "acme/shop", "--out", "empty.toml"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{}", ran.stderr);
    assert!(std::fs::read_to_string(world.dir.path().join("empty.toml")).unwrap().contains("[environments.production]"));
}

#[test]
fn the_emulator_does_not_take_another_one_for_its_scenario() {
    let dir = tempfile::tempdir().unwrap();
    let ran = run(dir.path(), &["sandbox", "--sandbox=gated"], &[]);
    assert!(ran.code == Some(1) && ran.stderr.contains("--scenario gated"), "{}", ran.stderr);
}

#[test]
fn an_archived_repository_is_refused_before_any_write() {
    let world = Served::rehearsal(Scenario::NoRules, TOML);
    world.sandbox.with(|state| state.repo("acme/shop").unwrap().archived = true);
    let ran = world.run(&["apply", "--auto-approve"]);
    assert!(ran.code == Some(1) && ran.stderr.contains("archived"), "{}", ran.stderr);
    assert_eq!(world.sandbox.with(|state| state.log.write_requests().count()), 0);
}

#[test]
fn a_slip_in_the_name_of_an_environment_is_named_before_it_is_created() {
    let world = Served::rehearsal(Scenario::Gated, TOML);
    let slip = world.dir.path().join("slip.toml");
    let text = TOML.replace("environments.production", "environments.prodcution");
    std::fs::write(&slip, &text).unwrap();
    for args in [&["plan", "-c", "slip.toml"][..], &["apply", "-c", "slip.toml", "--auto-approve"]] {
        let ran = world.run(args);
        assert!(ran.code == Some(1) && ran.stdout.contains("did you mean `production`?"), "{}", ran.stdout);
        assert!(!ran.stdout.contains("(create)"), "{}", ran.stdout);
    }
    assert_eq!(world.sandbox.with(|state| state.log.write_requests().count()), 0);
    std::fs::write(&slip, format!("{text}[environments.production]\n")).unwrap();
    let ran = world.run(&["apply", "-c", "slip.toml", "--auto-approve"]);
    assert!(ran.code == Some(0) && ran.stdout.contains("(create)"), "both are meant: {}{}", ran.stdout, ran.stderr);
}

#[test]
fn a_name_that_neither_gate_toml_nor_github_has_is_refused_by_every_command() {
    let toml = format!("{TOML}[environments.canary]\n[freeze]\ngithub = \"acme/shop\"\nenvironments = [\"production\", \"canary\"]\n");
    let world = Served::rehearsal(Scenario::Gated, &toml);
    world.sandbox.with(|state| {
        let repo = state.repo("acme/shop").unwrap();
        let docs = gatectl::sandbox::Environment { id: 99, name: "docs".to_owned(), ..repo.environment("production").unwrap().clone() };
        repo.insert(docs);
    });
    for (args, live) in [
        (&["plan"][..], false),
        (&["verify"], false),
        (&["check", "--workflows", "."], false),
        (&["explain", "--ref", "refs/heads/main"], false),
        (&["freeze", "status"], false),
        (&["pending"], true),
        (&["reject", "--stale", "--auto-approve"], true),
        (&["evidence"], true),
    ] {
        let refused = if live { "acme/shop has no environment `zz`" } else { "gate.toml declares no environment `zz`" };
        let ran = world.run(&[args, &["--environment", "zz"]].concat());
        assert!(ran.code == Some(1) && ran.stderr.contains(refused) && ran.stderr.contains("production"), "{args:?}: {}", ran.stderr);
        if live {
            for name in ["docs", "production"] {
                let ran = world.run(&[args, &["--environment", name]].concat());
                assert_eq!(ran.code, Some(0), "{args:?} {name}: {}", ran.stderr);
            }
        }
    }
    for args in [&["freeze", "off", "--reason", "x", "--auto-approve"][..], &["freeze", "override", "--for", "1h", "--reason", "x"]] {
        let ran = world.run(&[args, &["--environment", "canary"]].concat());
        assert!(ran.code == Some(1) && ran.stderr.contains("--environment cannot limit it"), "{args:?}: {}", ran.stderr);
    }
    let ran = world.run(&["freeze", "on", "--reason", "x", "--environment", "canary"]);
    assert!(ran.code == Some(0) && ran.stderr.contains("--environment cannot limit it"), "{}", ran.stderr);
}
