//! A fleet file as a user meets it: what is shown once, what stops before any write, and what a saved plan is stale for.

use std::io::Write as _;
use std::process::{Command, Stdio};

use gatectl::sandbox::{Fault, Response, Scenario, State};
use serde_json::Value;

use super::run::{assert_valid, command, gatectl, root, run};
use super::served::Served;
use super::suggestions::follow;
use super::terminal::on_terminal;
use gatectl_test_support::world;

const FLEET: &str = r#"version = 1
[fleet]
organization = "acme"
repositories = ["svc-*"]
[environments.production]
reviewers = [{ team = "sre", id = 601 }]
"#;

/// An organization with this number of repositories, served to the program.
fn served(scenario: Scenario, count: usize) -> Served {
    let names = (0..count).map(|number| format!("svc-{number:02}"));
    Served::of(world::fleet(scenario, FLEET, names), FLEET)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn the_rehearsed_fleet_shows_each_change_once_and_stays_within_a_comment() {
    let dir = tempfile::tempdir().unwrap();
    let shown = run(dir.path(), &["plan", "--sandbox=fleet"], &[]);
    assert_eq!(shown.code, Some(4), "{}", shown.stderr);
    assert_eq!(shown.stdout.matches("Same change for ").count(), 3, "{}", shown.stdout);
    for part in [
        "environments/production  in 24 repositories (create)",
        "Unknown in 11 repositories: svc-011",
        "(`--list`",
        "retired in March (owner @ann, until 2099-01-31)",
    ] {
        let squeezed = shown.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(squeezed.contains(&part.split_whitespace().collect::<Vec<_>>().join(" ")), "{part}: {}", shown.stdout);
    }
    let listed = run(dir.path(), &["plan", "--sandbox=fleet", "--list"], &[]);
    assert!(listed.stdout.contains("svc-114") && !listed.stdout.contains("…"), "{}", listed.stdout);
    let markdown = run(dir.path(), &["plan", "--sandbox=fleet", "--list", "--format", "markdown"], &[]);
    assert!(markdown.stdout.len() < 65_536 && markdown.stdout.contains("123 repositories matched"));

    let plan = json(&run(dir.path(), &["plan", "--sandbox=fleet", "--format", "json"], &[]).stdout);
    assert_valid("docs/schemas/plan.schema.json", &plan);
    let results = plan["repositories"].as_array().unwrap();
    assert_eq!(results.len(), 123);
    assert_eq!(results.iter().filter(|row| row["result"] == "changes").count(), 48);
    assert!(plan["requests"]["sent"].as_u64().unwrap() > 123);
}

#[test]
fn each_missing_secret_of_a_fleet_has_its_own_command() {
    let world = served(Scenario::Gated, 7);
    std::fs::write(world.dir.path().join("gate.toml"), format!("{FLEET}secrets = [\"KEY\"]\n")).unwrap();
    for (args, shown) in [(&["plan"][..], 5), (&["plan", "--list"], 7)] {
        let stdout = world.run(args).stdout;
        let commands: std::collections::BTreeSet<&str> =
            stdout.lines().filter_map(|line| line.split_once("gh secret set KEY --env production --repo ")).map(|(_, name)| name).collect();
        assert_eq!(commands.len(), shown, "{args:?}: {stdout}");
    }
}

#[test]
fn the_rehearsed_fleet_needs_a_fleet_file() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("gate.toml"), "version = 1\n[environments.production]\nwait_timer = 5\n").unwrap();
    for verb in ["plan", "verify", "pending"] {
        let ran = run(dir.path(), &[verb, "--sandbox=fleet"], &[]);
        assert_eq!(ran.code, Some(1), "{verb}: {}", ran.stdout);
        assert!(ran.stderr.contains("gate.toml is for one repository") && ran.stderr.contains("-c FILE"), "{verb}: {}", ran.stderr);
    }
    let freeze = run(dir.path(), &["-c", root().join("examples/fleet.toml").to_str().unwrap(), "freeze", "status", "--sandbox=fleet"], &[]);
    let told = freeze.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("a fleet file declares no freeze") && told.contains("--github OWNER"), "{told}");
    assert!(!told.contains("cannot be read"), "{told}");
}

#[test]
fn a_mass_change_needs_its_number() {
    let world = served(Scenario::NoRules, 12);
    let refused = world.run(&["apply", "--auto-approve"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("changes 12 repositories") && refused.stderr.contains("--max-repositories 12"), "{}", refused.stderr);
    assert_eq!(json(&world.run(&["plan", "--format", "json"]).stdout)["summary"]["update"], 12, "nothing was written");

    let applied = world.run(&["apply", "--auto-approve", "--max-repositories", "12", "--format", "json"]);
    assert_eq!(applied.code, Some(0), "{}", applied.stderr);
    let report = json(&applied.stdout);
    assert_eq!((&report["converged"], &report["summary"]["applied"]), (&Value::Bool(true), &12.into()));
    assert!(report["repositories"].as_array().unwrap().iter().all(|row| row["result"] == "in-sync"));
    assert!(world.run(&["plan"]).stdout.contains("12 in sync, 0 changed"));
}

#[test]
fn at_a_terminal_a_mass_change_is_confirmed_by_its_number() {
    let world = served(Scenario::NoRules, 12);
    let apply =
        |answer: &[u8]| on_terminal(world.dir.path(), &["apply"], &world.vars(), &[("Type the number of repositories (12)", answer)]);
    let Some((code, shown)) = apply(b"yes\n") else { return };
    assert!(code == Some(1) && shown.contains("nothing was written"), "{shown}");
    assert_eq!(world.sandbox.with(|state| state.log.write_requests().count()), 0, "{shown}");
    let (code, shown) = apply(b"12\n").unwrap();
    assert_eq!(code, Some(0), "{shown}");
    assert!(world.run(&["plan"]).stdout.contains("12 in sync, 0 changed"));
}

#[test]
fn a_limit_that_does_not_suffice_is_said_before_and_waited_out_on_request() {
    let world = served(Scenario::Gated, 6);
    world.sandbox.with(|state| state.github.used = 4_995);
    let short = world.run(&["plan"]);
    assert!(short.stderr.contains("this run needs up to 6 requests, and 4 of 5000 are left until"), "{}", short.stderr);
    assert!(short.stderr.contains("--wait") && short.code != Some(0), "{}", short.stderr);
    assert!(short.stdout.contains("3 in sync") && short.stdout.contains("3 unknown"), "what was not read is unknown: {}", short.stdout);
    assert_eq!(short.stdout.matches("API rate limit exceeded").count(), 1, "one cause, told once: {}", short.stdout);

    // The limit ends in two seconds, which is longer than a request may take.
    let limited = |args: &[&str]| {
        let world = served(Scenario::Gated, 6);
        let fault = Fault::before(Response::primary_limit(403, 2)).path("/repos/acme/svc-03/environments*").nth(1);
        world.sandbox.with(|state| state.faults.push(fault));
        world.run(&[&["plan", "--timeout", "1s"], args].concat())
    };
    let given_up = limited(&[]);
    assert!(given_up.code != Some(0) && !given_up.stdout.contains("6 in sync"), "{}", given_up.stdout);
    let waited = limited(&["--wait"]);
    assert_eq!(waited.code, Some(0), "{}{}", waited.stdout, waited.stderr);
    assert!(waited.stdout.contains("6 in sync"), "{}", waited.stdout);
}

#[test]
fn an_apply_that_is_killed_among_faults_is_finished_by_the_next_one() {
    const COUNT: usize = 200;
    let world = served(Scenario::NoRules, COUNT);
    let (unreadable, limited) = (|number: usize| number % 10 == 3, |number: usize| number % 20 == 7);
    world.sandbox.with(|state| {
        for number in 0..COUNT {
            let path = format!("/repos/acme/svc-{number:02}/environments*");
            if unreadable(number) {
                state.faults.push(Fault::before(Response::github_error(403, "Resource not accessible by integration")).path(&path));
            } else if limited(number) {
                let refusal = Response::github_error(403, gatectl::sandbox::SECONDARY_LIMIT).with("retry-after", "0");
                state.faults.push(Fault::before(refusal).path(&path).nth(1));
            }
        }
    });
    let apply = ["apply", "--auto-approve", "--max-repositories", "200", "--format", "json"];
    let writes = || world.sandbox.with(|state| state.log.write_requests().count());
    let mut child = command(world.dir.path(), &apply, &world.vars()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while writes() < 60 {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was killed");
        std::thread::yield_now();
    }
    // SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();

    let finished = world.run(&apply);
    let report = json(&finished.stdout);
    for row in report["repositories"].as_array().unwrap() {
        let number: usize = row["name"].as_str().unwrap().trim_start_matches("acme/svc-").parse().unwrap();
        let expected = if unreadable(number) { "unknown" } else { "in-sync" };
        assert_eq!(row["result"], expected, "{}", row["name"]);
    }
    assert_eq!((finished.code, report["converged"].as_bool()), (Some(4), Some(false)), "{}", finished.stderr);
    world.sandbox.with(|state| {
        for number in 0..COUNT {
            let history = state.log.history(&format!("acme/svc-{number:02}/production"));
            let reviewers: Vec<usize> = history.iter().map(|state| state.map_or(0, |one| one.reviewers.len())).collect();
            assert!(reviewers.is_sorted(), "svc-{number:02} was weaker on the way: {reviewers:?}");
            assert_eq!(reviewers.last(), if unreadable(number) { None } else { Some(&1) }, "svc-{number:02}");
        }
        assert!(state.log.write_requests().count() <= COUNT, "nothing was written twice");
    });
}

#[test]
fn a_saved_plan_is_stale_for_what_moved_and_the_rest_can_be_applied() {
    let world = served(Scenario::NoRules, 4);
    assert_eq!(world.run(&["plan", "--out", "fleet.plan"]).code, Some(0));
    world.sandbox.with(|state| state.repo("acme/svc-02").unwrap().environment_mut("production").unwrap().wait_timer = 7);
    let stale = world.run(&["apply", "fleet.plan", "--auto-approve"]);
    assert_eq!(stale.code, Some(5));
    assert!(
        stale.stderr.contains("stale for 1 of 4") && stale.stderr.contains("acme/svc-02") && stale.stderr.contains("--skip-stale"),
        "{}",
        stale.stderr
    );
    assert!(!stale.stderr.contains("acme/svc-01"), "{}", stale.stderr);
    let applied = follow(&world, &stale.stderr, "apply PLANFILE --skip-stale", &["--auto-approve", "--format", "json"]);
    let report = json(&applied.stdout);
    assert_eq!((&report["summary"]["applied"], &report["summary"]["skipped"]), (&3.into(), &1.into()), "{}", applied.stderr);
    assert_eq!((applied.code, report["converged"].as_bool()), (Some(5), Some(false)), "what was skipped is not as declared");
    assert!(applied.stderr.contains("skipped, since it moved"), "{}", applied.stderr);

    // Another plan to the same file says what is no longer a member.
    let narrower = FLEET.replace("[\"svc-*\"]", "[\"svc-*\", \"!svc-03\"]");
    std::fs::write(world.dir.path().join("gate.toml"), narrower).unwrap();
    let planned = world.run(&["plan", "--out", "fleet.plan"]);
    assert!(planned.stderr.contains("acme/svc-03 matched the last saved plan and no longer does"), "{}", planned.stderr);
}

#[test]
fn what_contradicts_the_list_is_told_at_its_line() {
    let world = served(Scenario::Gated, 2);
    std::fs::write(world.dir.path().join("gate.toml"), FLEET.replace("\"svc-*\"", "\"svc-*\", \"wbe\"")).unwrap();
    let ran = world.run(&["plan"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("gate.toml:4:26: acme has no repository \"wbe\""), "{}", ran.stderr);
}

#[test]
fn commands_for_one_repository_say_so_and_so_do_flags_for_many() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("gate.toml"), FLEET).unwrap();
    for args in [&["check"][..], &["freeze", "status"], &["explain", "--ref", "refs/heads/main", "--offline"]] {
        let ran = run(dir.path(), args, &[]);
        assert!(ran.stderr.contains("is for the repositories of acme") && ran.code == Some(1), "{args:?} {}", ran.stderr);
    }
    assert_eq!(run(dir.path(), &["validate"], &[]).code, Some(0));
    let ran = gatectl(&["plan", "--sandbox", "--shard", "1/2"]);
    assert!(ran.code == Some(1) && ran.stderr.contains("--shard selects part of a fleet"), "{}", ran.stderr);
}

#[test]
fn verify_judges_each_repository_and_says_what_it_read() {
    let world = served(Scenario::Gated, 3);
    let whole = world.run(&["verify", "--format", "json"]);
    let verdict = json(&whole.stdout);
    assert_eq!(verdict["repositories"].as_array().unwrap().len(), 3, "{}", whole.stdout);
    assert_valid("docs/schemas/verify-fleet.schema.json", &verdict);
    assert_eq!(verdict["repositories"][0]["covered"]["unclassified"], 0, "{}", whole.stdout);
    assert!(!whole.stdout.contains("[[workflows]]"), "a fleet file cannot declare them: {}", whole.stdout);
    assert!(verdict.get("scope").is_none() && whole.stderr.contains("--live-only"), "{}", whole.stderr);

    let live = world.run(&["verify", "--live-only"]);
    assert_eq!(live.code, Some(0), "{}{}", live.stdout, live.stderr);
    assert!(
        live.stdout.split_whitespace().collect::<Vec<_>>().join(" ").contains("Rules only: no workflow file was read"),
        "{}",
        live.stdout
    );
    let rules = json(&world.run(&["verify", "--live-only", "--format", "json"]).stdout);
    assert_valid("docs/schemas/verify-fleet.schema.json", &rules);
    assert!(rules["scope"] == "live" && rules["repositories"][0].get("covered").is_none(), "{rules:#}");

    world.sandbox.with(|state| state.repo("acme/svc-01").unwrap().environment_mut("production").unwrap().reviewers.clear());
    let open = world.run(&["verify", "--live-only"]);
    assert_eq!(open.code, Some(6));
    assert!(open.stdout.contains("UNGATED: 1 of 3 repositories") && open.stdout.contains("svc-01"), "{}", open.stdout);
}

/// A workflow with one job that deploys to production, with these lines of its own.
fn deploying(job: &str) -> String {
    format!("on: {{push: {{branches: [main]}}}}\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    environment: production\n{job}")
}

#[test]
fn a_freeze_of_the_organization_names_the_repositories_that_ignore_it() {
    let world = served(Scenario::Gated, 6);
    let ignores = "    steps: [{run: ./deploy}]\n";
    let checks = |flags: &str| format!("    steps: [{{run: gatectl freeze check {flags} --environment production}}, {{run: ./deploy}}]\n");
    let by_condition = format!("    if: vars.DEPLOY_FREEZE != 'true'\n{ignores}");
    let own = "version = 1\n[freeze]\ngithub = \"acme\"\nenvironments = [\"production\"]\n";
    world.sandbox.with(|state| {
        let mut file = |name: &str, path: &str, text: &str| {
            drop(state.repo(&format!("acme/svc-{name}")).unwrap().files.insert(path.to_owned(), text.to_owned()));
        };
        let workflow = ".github/workflows/deploy.yml";
        file("00", workflow, &deploying(ignores));
        file("01", workflow, &deploying(&checks("--github acme")));
        // Without a store it asks nothing, unless the repository's own file names it.
        file("02", workflow, &deploying(&checks("")));
        file("03", workflow, &deploying(&checks("")));
        file("03", "gate.toml", own);
        file("04", workflow, &deploying(&by_condition));
        file("05", workflow, "on: push\njobs:\n  lint: {runs-on: ubuntu-latest, steps: [{run: make lint}]}\n");
    });
    let status = json(&world.run(&["freeze", "status", "--github", "acme", "--format", "json"]).stdout);
    let coverage: Vec<&str> = status["repositories"].as_array().unwrap().iter().map(|one| one["coverage"].as_str().unwrap()).collect();
    assert_eq!(coverage, ["not-checked", "checked", "not-checked", "checked", "checked", "no-deploys"], "{status}");
    let at_start = status["workflows"].as_array().unwrap().iter().filter(|job| job["only_at_start"] == true).count();
    assert_eq!(at_start, 1, "{status}");

    let part = json(&world.run(&["freeze", "status", "--github", "acme", "--repository", "svc-00", "--format", "json"]).stdout);
    assert_eq!(part["repositories"].as_array().unwrap().len(), 1, "{part}");

    let refusal = Response::github_error(403, "Resource not accessible by personal access token");
    world.sandbox.with(|state| {
        state.faults.push(Fault::before(refusal).path("/repos/acme/svc-01/contents/.github/workflows"));
    });
    let on = world.run(&["freeze", "on", "--github", "acme", "--reason", "INC-12"]);
    assert_eq!(on.code, Some(0), "{}{}", on.stdout, on.stderr);
    let words = on.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for told in [
        "6 repositories: 2 check the freeze in every job that deploys, 2 do not, 1 without a job that deploys, 1 unknown",
        "2 of 6 repositories have jobs that deploy, do not provably check the freeze, and keep deploying during it: acme/svc-00, acme/svc-02.",
        "1 of 6 repositories is unknown, since their workflow files could not be read: acme/svc-01",
        "when it starts",
        "FROZEN",
    ] {
        assert!(words.contains(told), "{told}: {}", on.stdout);
    }
}

#[test]
fn what_is_alike_in_many_repositories_is_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let imported = run(dir.path(), &["import", "--fleet", "acme", "--sandbox=fleet"], &[]);
    assert_eq!(imported.code, Some(4), "{}", imported.stderr);
    assert_eq!(imported.stderr.matches("warning: ").count(), 1, "{}", imported.stderr);
    assert!(imported.stderr.contains("github/acme/svc-011 and 11 more: "), "{}", imported.stderr);
    let frozen = run(dir.path(), &["freeze", "on", "--sandbox=fleet", "--github", "acme", "--reason", "INC-12"], &[]);
    assert_eq!(frozen.code, Some(0), "{}", frozen.stderr);
    assert!(frozen.stdout.lines().count() < 60, "{}", frozen.stdout);
    assert!(frozen.stdout.contains("more. Make `gatectl freeze check --github acme`"), "{}", frozen.stdout);
}

/// A deployment to production that this account approved, or that began without an approval.
fn deployed(state: &mut State, name: &str, approver: Option<&str>) {
    let repo = format!("acme/{name}");
    let workflow = ".github/workflows/deploy.yml";
    let run = state.start_run(&repo, workflow, "push", "refs/heads/main", "sandbox-admin", "production").unwrap();
    state.now.0 += jiff::SignedDuration::from_mins(5);
    state.release_run(&repo, run, approver);
    state.finish_run(&repo, run, "success");
}

#[test]
fn evidence_of_a_fleet_is_grouped_by_repository_with_one_total() {
    let world = served(Scenario::Gated, 3);
    world.sandbox.with(|state| {
        deployed(state, "svc-00", Some("sre-lead"));
        deployed(state, "svc-00", Some("sre-lead"));
        deployed(state, "svc-01", None);
    });
    let out = world.dir.path().join("evidence");
    let whole = world.run(&["evidence", "--format", "json", "--out", out.to_str().unwrap()]);
    assert_eq!(whole.code, Some(0), "{}{}", whole.stdout, whole.stderr);
    let report = json(&whole.stdout);
    assert_eq!(
        (&report["summary"]["approved"], &report["summary"]["no-approval"], &report["complete"]),
        (&2.into(), &1.into(), &true.into())
    );
    let totals: Vec<&Value> = report["repositories"].as_array().unwrap().iter().map(|one| &one["environments"][0]["total"]).collect();
    assert_eq!(totals, [2, 1, 0]);
    assert_valid("docs/schemas/evidence-fleet.schema.json", &report);
    assert_valid("docs/schemas/evidence.schema.json", &report["repositories"][0]);
    // The whole and each repository are on disk, each with its sums.
    for folder in ["", "svc-00", "svc-01", "svc-02"] {
        let read = |name: &str| std::fs::read_to_string(out.join(folder).join(name)).unwrap();
        let sums = read("SHA256SUMS");
        for name in ["evidence.json", "evidence.csv", "evidence.html"] {
            assert!(sums.contains(&format!("{}  {name}\n", gatectl::render::html::sha256(&read(name)))), "{folder} {name}: {sums}");
        }
    }
    let page = std::fs::read_to_string(out.join("evidence.html")).unwrap();
    for told in ["3 deployments of 3 repositories read from", "acme/svc-01: production", "Exceptions (1)", "2 deployments read from 1 page"]
    {
        assert!(page.contains(told), "{told}");
    }
    let csv = std::fs::read_to_string(out.join("evidence.csv")).unwrap();
    assert_eq!(csv.lines().count(), 5, "a header, three deployments, one repository without any: {csv}");

    // A repository that cannot be read comes first, and the others are there.
    let refusal = Response::github_error(422, "Validation Failed");
    world.sandbox.with(|state| state.faults.push(Fault::before(refusal).path("/repos/acme/svc-01/deployments")));
    let part = world.run(&["evidence"]);
    assert_eq!(part.code, Some(1), "{}{}", part.stdout, part.stderr);
    let words = part.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.starts_with(
            "Incomplete: 1 of 3 repositories could not be fully read: svc-01. Evidence of 3 repositories: 2 deployments: 2 approved."
        ),
        "{words}"
    );
    for told in [
        "2 deployments of 3 repositories read from",
        "INCOMPLETE",
        "2 deployments read from 1 page of GitHub's list, which states no total; complete",
    ] {
        assert!(words.contains(told), "{told}: {words}");
    }
    assert!(words.find("? acme/svc-01").unwrap() < words.find("acme/svc-00").unwrap(), "{words}");
}

#[test]
fn verify_shows_a_fleet_as_one_page() {
    let world = served(Scenario::Gated, 3);
    world.sandbox.with(|state| {
        state.repo("acme/svc-01").unwrap().environment_mut("production").unwrap().reviewers.clear();
        state.repo("acme/svc-02").unwrap().archived = true;
    });
    let page = world.run(&["verify", "--live-only", "--format", "html"]);
    assert_eq!(page.code, Some(6), "{}", page.stderr);
    for told in [
        "UNGATED: 1 of 2 repositories",
        "no workflow file was read",
        "<tr data-kind=\"gated\"><th scope=\"row\">acme/svc-00</th>",
        "<tr data-kind=\"ungated\"><th scope=\"row\">acme/svc-01</th>",
        "left alone: archived",
        "no-reviewers",
    ] {
        assert!(page.stdout.contains(told), "{told}: {}", page.stdout);
    }
}

#[test]
fn a_workflow_file_that_every_repository_has_is_read_once() {
    const SHARED: &str = "on: {workflow_call: }\njobs: {ship: {runs-on: ubuntu-latest, environment: production, steps: [{run: ./ship}]}}\n";
    let calls = "on: {push: {branches: [main]}}\njobs: {call: {uses: acme/svc-00/.github/workflows/shared.yml@main, secrets: inherit}}\n";
    let world = served(Scenario::Gated, 5);
    world.sandbox.with(|state| {
        for number in 0..5 {
            let repo = state.repo(&format!("acme/svc-{number:02}")).unwrap();
            repo.files.retain(|path, _| !path.starts_with(".github/"));
            repo.files.insert(".github/workflows/deploy.yml".to_owned(), calls.to_owned());
            if number == 0 {
                repo.files.insert(".github/workflows/shared.yml".to_owned(), SHARED.to_owned());
            }
        }
    });
    let verdict = json(&world.run(&["verify", "--format", "json", "--no-cache"]).stdout);
    assert_eq!(verdict["verdict"], "gated", "{verdict:#}");
    let paths: Vec<String> = world.sandbox.with(|state| state.log.exchanges.iter().map(|exchange| exchange.path.clone()).collect());
    let asked = |part: &str| paths.iter().filter(|path| path.contains(part)).count();
    assert_eq!((asked("/contents/.github/workflows/shared.yml"), asked("/git/blobs/")), (1, 2), "{paths:#?}");
}

#[test]
fn the_jq_program_merges_shards() {
    if Command::new("jq").arg("--version").output().is_err() {
        eprintln!("skipped: jq is not here");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut plans = Vec::new();
    for shard in ["1/2", "2/2"] {
        plans.push(run(dir.path(), &["plan", "--sandbox=fleet", "--shard", shard, "--format", "json"], &[]).stdout);
    }
    plans.push("{\"format_version\":\"1.1\",\"error\":{\"message\":\"no [token]\",\"hint\":\"\"}}".to_owned());
    let merge = |args: &[&str]| {
        let program = root().join("examples/workflows/fleet-summary.jq");
        let mut jq = Command::new("jq");
        jq.args(["--slurp", "--from-file"]).arg(program).args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut jq = jq.spawn().unwrap();
        jq.stdin.take().unwrap().write_all(plans.concat().as_bytes()).unwrap();
        String::from_utf8(jq.wait_with_output().unwrap().stdout).unwrap()
    };
    let summary = merge(&["--raw-output"]);
    assert!(
        summary.starts_with("### Fleet: 123 repositories, 57 in sync, 48 changed, 0 invalid, 11 unknown, 1 excepted, 6 archived"),
        "{summary}"
    );
    assert!(summary.contains("Shards that failed: 1") && summary.contains("no \\[token\\]"), "{summary}");
    let merged = json(&merge(&["--arg", "merge", "1"]));
    assert_eq!((merged["changes"].as_array().unwrap().len(), merged["errors"].as_array().unwrap().len()), (48, 1));
}

#[test]
fn an_imported_fleet_plans_to_no_changes() {
    let world = served(Scenario::Gated, 4);
    world.sandbox.with(|state| {
        state.repo("acme/svc-01").unwrap().environment_mut("production").unwrap().wait_timer = 9;
        state.repo("acme/svc-02").unwrap().remove("production");
        state.repo("acme/svc-03").unwrap().archived = true;
    });
    let imported = world.run(&["import", "--fleet", "acme", "--out", "fleet.toml"]);
    assert_eq!(imported.code, Some(0), "{}", imported.stderr);
    let text = std::fs::read_to_string(world.dir.path().join("fleet.toml")).unwrap();
    assert!(text.contains("[fleet.only.\"svc-01\".environments.production]\nwait_timer = 9\n"), "{text}");
    assert!(!text.contains("svc-03"), "{text}");
    let planned = world.run(&["plan", "-c", "fleet.toml", "--detailed-exitcode"]);
    assert_eq!(planned.code, Some(0), "{}{}\n{text}", planned.stdout, planned.stderr);
}
