//! Every command that gatectl suggests stays within what the run was about (law 9), and runs when it is pasted.

use gatectl::sandbox::Scenario;

use super::run::{command, root, run};
use super::served::Served;
use super::suggestions::{KINDS, filled, follow, of_kind, suggestions};

const GATE: &str = "version = 1\n[github]\nrepository = \"acme/shop\"\n[environments.production]\n\
                    reviewers = [{ user = \"alice\", id = 501 }]\n[environments.staging]\nwait_timer = 5\n\
                    [freeze]\nheroku_app = \"shop-control\"\nenvironments = [\"production\"]\n";

/// `suggestions::hold` looks at every run of the suite; here each verb prints with more of a scope than runs usually have.
#[test]
fn a_suggested_command_repeats_the_scope_and_is_understood() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("my gates")).unwrap();
    std::fs::write(dir.path().join("my gates/gate.toml"), GATE).unwrap();
    let limited: [&[&str]; 5] = [
        &["plan", "--prune"],
        &["verify"],
        &["apply", "--auto-approve"],
        &["verify", "--format", "markdown"],
        &["explain", "--ref", "refs/heads/main"],
    ];
    let others: [&[&str]; 3] = [&["freeze", "status"], &["pending"], &["evidence"]];
    let mut seen = std::collections::BTreeSet::new();
    for scenario in ["missing-environment", "no-rules", "wrong-reviewer", "plan-limit", "unprotected-branches", "gated"] {
        let sandbox = format!("--sandbox={scenario}");
        let whole = ["-c", "my gates/gate.toml", sandbox.as_str(), "--environment", "production"];
        let runs = limited.iter().map(|verb| (*verb, &whole[..])).chain(others.iter().map(|verb| (*verb, &whole[..3])));
        for (verb, scope) in runs.filter(|(verb, _)| scenario == "gated" || verb[0] != "pending" && verb[0] != "evidence") {
            let ran = run(dir.path(), &[verb, scope].concat(), &[]);
            seen.extend(suggestions(&format!("{}\n{}", ran.stdout, ran.stderr)));
        }
    }
    assert!(seen.len() >= 14, "{seen:#?}");
}

/// A page, JSON and SARIF are read elsewhere, but their commands are pasted too.
#[test]
fn commands_in_every_format_repeat_the_scope() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("other.toml"), GATE).unwrap();
    let scope = ["-c", "other.toml", "--sandbox=missing-environment", "--environment", "production"];
    let with_scope = "gatectl apply -c other.toml --environment production --sandbox=missing-environment";
    for format in ["human", "json", "markdown", "github", "html"] {
        let ran = run(dir.path(), &[&["verify", "--sarif", "found.sarif", "--format", format], &scope[..]].concat(), &[]);
        let sarif = std::fs::read_to_string(dir.path().join("found.sarif")).unwrap();
        let results = sarif.split_once("\"results\"").unwrap().1.split_once("\"tool\"").unwrap().0;
        for text in [ran.stdout.as_str(), results] {
            let all = text.matches("gatectl apply").count();
            assert!(all > 0 && all == text.matches(with_scope).count(), "{format}: {text}");
        }
    }
}

/// A gate.toml with this wait for staging, and with these reviewers.
fn gate(minutes: u32) -> String {
    GATE.replace("wait_timer = 5", &format!("wait_timer = {minutes}"))
}

#[test]
fn what_verify_and_plan_suggest_closes_the_gate_when_it_is_followed() {
    for (scenario, code, kind) in [
        (Scenario::MissingEnvironment, "environment-missing", "apply"),
        (Scenario::NoRules, "no-reviewers", "apply"),
        (Scenario::WrongReviewer, "undeclared-reviewer", "apply --allow-weaken"),
    ] {
        let world = Served::rehearsal(scenario, GATE);
        let verified = world.run(&["verify", "--environment", "production"]);
        assert!(verified.stdout.contains(&format!("error[{code}")), "{}", verified.stdout);
        let mut applied = follow(&world, &verified.stdout, "apply", &["--auto-approve"]);
        // A new approver is a wider door, which needs consent.
        if kind == "apply --allow-weaken" {
            let planned = world.run(&["plan"]);
            assert!(of_kind(&planned.stdout, kind).is_some(), "{}", planned.stdout);
            applied = follow(&world, &applied.stderr, "apply --allow-weaken --auto-approve", &[]);
        }
        assert_eq!(applied.code, Some(0), "{}{}", applied.stdout, applied.stderr);
        let verified = follow(&world, &verified.stdout, "verify", &[]);
        assert!(!verified.stdout.contains("error["), "{}", verified.stdout);

        let world = Served::rehearsal(scenario, GATE);
        let applied = follow(&world, &world.run(&["plan"]).stdout, kind, &["--auto-approve"]);
        assert_eq!(applied.code, Some(0), "{}{}", applied.stdout, applied.stderr);
        // `apply --dry-run` is another tool's; the tip is a plan.
        let planned = follow(&world, &world.run(&["apply", "--dry-run"]).stderr, "plan", &[]);
        assert!(planned.stdout.contains("No changes"), "{}", planned.stdout);
    }
}

#[test]
fn a_freeze_names_the_commands_that_extend_open_and_end_it() {
    let world = Served::rehearsal(Scenario::Gated, GATE);
    let check = || world.run(&["freeze", "check", "--environment", "production"]);
    let frozen = world.run(&["freeze", "on", "--reason", "an incident"]);
    let again = world.run(&["freeze", "on", "--reason", "once more"]);
    assert_eq!(again.code, Some(1));
    assert_eq!(follow(&world, &again.stderr, "freeze on --replace --reason", &[]).code, Some(0));
    assert_eq!(check().code, Some(7));
    let overridden = follow(&world, &frozen.stdout, "freeze override --for --reason", &[]);
    assert_eq!(overridden.code, Some(0), "{}", overridden.stderr);
    assert_eq!(check().code, Some(0));
    let revoked = follow(&world, &format!("{}\n{}", overridden.stdout, overridden.stderr), "freeze override --revoke", &[]);
    assert_eq!(revoked.code, Some(0), "{}", revoked.stderr);
    let refused = check();
    assert_eq!(refused.code, Some(7));
    let lifted = follow(&world, &refused.stdout, "freeze off --id --reason", &["--auto-approve"]);
    assert_eq!((lifted.code, check().code), (Some(0), Some(0)), "{}", lifted.stderr);
    let nothing = world.run(&["freeze", "override", "--for", "1h", "--reason", "a hotfix"]);
    assert_eq!(nothing.code, Some(1));
    assert!(follow(&world, &nothing.stderr, "freeze status", &[]).stdout.contains("Not frozen"));
    // Set by hand: there is no record, and so no id.
    world.sandbox.with(|state| {
        let app = state.heroku.apps.get_mut("shop-control").unwrap();
        app.config.insert("DEPLOY_FREEZE".to_owned(), "true".to_owned());
    });
    let lifted = follow(&world, &check().stdout, "freeze off --reason", &["--auto-approve"]);
    assert_eq!((lifted.code, check().code), (Some(0), Some(0)), "{}", lifted.stderr);
}

#[test]
fn a_plan_that_github_does_not_support_names_the_freeze_that_stands_in() {
    let world = Served::rehearsal(Scenario::PlanLimit, &format!("{GATE}compensates = true\n"));
    let refused = world.run(&["apply", "--auto-approve"]);
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    let check = follow(&world, &refused.stdout, "freeze check", &["--environment", "production"]);
    assert_eq!(check.code, Some(7), "it froze: {}", check.stdout);
    let world = Served::rehearsal(Scenario::PlanLimit, GATE);
    let refused = world.run(&["apply", "--auto-approve"]);
    assert_eq!(world.run(&["freeze", "check", "--environment", "production"]).code, Some(0));
    assert_eq!(follow(&world, &refused.stdout, "freeze on --reason", &[]).code, Some(0));
    assert_eq!(world.run(&["freeze", "check", "--environment", "production"]).code, Some(7));
}

#[test]
fn a_saved_plan_names_the_command_that_applies_it() {
    let world = Served::rehearsal(Scenario::Gated, GATE);
    let declare = |minutes: u32| std::fs::write(world.dir.path().join("gate.toml"), gate(minutes)).unwrap();
    declare(9);
    let planned = world.run(&["plan", "--out", "gate.plan"]);
    // Stale: gate.toml moved after the plan was saved.
    declare(8);
    let stale = follow(&world, &planned.stderr, "apply PLANFILE", &["--auto-approve"]);
    assert_eq!(stale.code, Some(5), "{}", stale.stderr);
    let planned = follow(&world, &stale.stderr, "plan --out", &[]);
    assert_eq!(planned.code, Some(0), "{}", planned.stderr);
    assert_eq!(follow(&world, &planned.stderr, "apply PLANFILE", &["--auto-approve"]).code, Some(0));
    // Weaker, and without consent.
    declare(1);
    let planned = world.run(&["plan", "--out", "gate.plan"]);
    let refused = follow(&world, &planned.stderr, "apply PLANFILE", &["--auto-approve"]);
    assert_eq!(refused.code, Some(1), "{}", refused.stdout);
    let applied = follow(&world, &refused.stderr, "apply PLANFILE --allow-weaken --auto-approve", &[]);
    assert_eq!(applied.code, Some(0), "{}{}", applied.stdout, applied.stderr);
    assert!(world.run(&["plan"]).stdout.contains("No changes"));
}

#[test]
fn what_waits_names_the_command_that_approves_it_and_the_one_that_rejects_what_is_overtaken() {
    let world = Served::rehearsal(Scenario::Gated, GATE);
    world.sandbox.with(|state| {
        state.github.viewer = "alice".to_owned();
        let mut start = |is_deployed: bool| {
            let run = state.start_run("acme/shop", ".github/workflows/deploy.yml", "push", "refs/heads/main", "bob", "production").unwrap();
            (0..60).for_each(|_| {
                state.now.tick();
            });
            if is_deployed {
                state.release_run("acme/shop", run, Some("alice"));
                state.finish_run("acme/shop", run, "success");
            }
        };
        // The second is overtaken by the third; the last waits.
        [true, false, true, false].into_iter().for_each(&mut start);
    });
    let pending = world.run(&["pending"]);
    let approved = follow(&world, &pending.stdout, "approve --sha", &["--comment", "fine", "--auto-approve"]);
    assert_eq!(approved.code, Some(0), "{}{}", approved.stdout, approved.stderr);
    let rejected = follow(&world, &pending.stdout, "reject --stale", &["--auto-approve"]);
    assert_eq!(rejected.code, Some(0), "{}{}", rejected.stdout, rejected.stderr);
    let unknown = world.run(&["approve", "1", "--auto-approve"]);
    assert_eq!(unknown.code, Some(1), "{}", unknown.stderr);
    assert_eq!(follow(&world, &unknown.stderr, "pending", &[]).code, Some(0), "{}", unknown.stderr);
    let run = of_kind(&pending.stdout, "approve --sha").unwrap();
    let again = world.run(&[&filled(&run).iter().map(String::as_str).collect::<Vec<_>>()[..], &["--auto-approve"]].concat());
    let left = follow(&world, &again.stderr, "pending", &[]);
    assert!(left.stdout.contains("Nothing waits"), "{}", left.stdout);
}

#[test]
fn a_missing_or_wrong_gate_toml_names_the_command_that_writes_or_checks_it() {
    let world = Served::rehearsal(Scenario::Gated, GATE);
    let path = world.dir.path().join("gate.toml");
    std::fs::write(&path, "version = 1\nsurprise = 1\n").unwrap();
    let wrong = world.run(&["plan", "--format", "json"]);
    assert_eq!(follow(&world, &wrong.stdout, "validate", &[]).code, Some(1));
    let unreadable = world.run(&["plan", "-c", "other.toml"]);
    let written = follow(&world, &unreadable.stderr, "import --out", &[]);
    let other = std::fs::read_to_string(world.dir.path().join("other.toml")).unwrap();
    assert!(written.code == Some(0) && other.contains("[environments.production]"), "{}", written.stderr);
    assert_eq!(follow(&world, &other, "import", &[]).stdout, other, "the file names the command that made it");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(world.dir.path().join(".git")).unwrap();
    std::fs::write(world.dir.path().join(".git/config"), "[remote \"origin\"]\n\turl = git@github.com:acme/shop.git\n").unwrap();
    let wrote = follow(&world, &world.run(&["plan"]).stderr, "import --out", &[]);
    assert_eq!(wrote.code, Some(0), "{}", wrote.stderr);
    assert!(world.run(&["plan"]).stdout.contains("No changes"));
    let updated = follow(&world, &world.run(&["import", "acme/shop", "--out", "gate.toml"]).stderr, "import --update", &[]);
    assert!(updated.code == Some(0) && updated.stderr.contains("already matches"), "{}", updated.stderr);
}

#[test]
fn where_nothing_listens_the_emulator_is_named_and_serves() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("gate.toml"), GATE).unwrap();
    let vars = [("GITHUB_API_URL", "http://127.0.0.1:9"), ("GH_TOKEN", "x")];
    let refused = run(dir.path(), &["plan", "--timeout", "2s"], &vars);
    let suggested = of_kind(&format!("{}\n{}", refused.stdout, refused.stderr), "sandbox").unwrap();
    let args = filled(&suggested);
    let mut serving = command(dir.path(), &args.iter().map(String::as_str).collect::<Vec<_>>(), &[])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(serving.stdout.take().unwrap()), &mut line).unwrap();
    serving.kill().unwrap();
    serving.wait().unwrap();
    assert!(line.starts_with("export GITHUB_API_URL=http://127.0.0.1:"), "{line}");
}

#[test]
fn a_check_names_the_check_that_passes_once_the_fixes_are_applied() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join(".github/workflows");
    std::fs::create_dir_all(&folder).unwrap();
    let table = "[[workflows]]\nfile = \".github/workflows/deploy.yml\"\nenvironment = \"production\"\n";
    std::fs::write(dir.path().join("gate.toml"), format!("{GATE}{table}")).unwrap();
    let workflow = |line: &str| {
        let text = format!(
            "on: {{push: {{branches: [main]}}}}\njobs:\n  deploy:\n    runs-on: x\n{line}    steps: [{{run: git push heroku main}}]\n"
        );
        std::fs::write(folder.join("deploy.yml"), text).unwrap();
    };
    workflow("");
    let checked = run(dir.path(), &["check"], &[]);
    assert_eq!(checked.code, Some(6), "{}", checked.stdout);
    workflow("    environment: production\n");
    let args = filled(&of_kind(&checked.stdout, "check").unwrap());
    let again = run(dir.path(), &args.iter().map(String::as_str).collect::<Vec<_>>(), &[]);
    assert_eq!(again.code, Some(0), "{}", again.stdout);
}

/// One of each kind is run: here, or next to what it is about.
#[test]
fn every_kind_of_suggestion_is_followed() {
    let files = ["next", "fleet", "verify"].map(|name| std::fs::read_to_string(root().join(format!("tests/program/{name}.rs"))).unwrap());
    // A kind is an argument of its own, after a comma; what a test runs itself is in a list.
    let follows = |line: &&str| line.contains("follow(") || line.contains("of_kind(") || line.contains("(Scenario::");
    let lines: Vec<&str> = files.iter().flat_map(|text| text.lines()).filter(follows).collect();
    for kind in KINDS {
        assert!(lines.iter().any(|line| line.contains(&format!(", \"{kind}\""))), "`{kind}` is not followed");
    }
}
