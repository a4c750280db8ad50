//! `import` as a user meets it, against a server that stays.

use std::path::Path;

use gatectl::sandbox::{Sandbox, Scenario, Setup, State};

use super::run::{KEY, Ran, TOKEN, gatectl, root, run, with_canaries};
use super::served::Served;

/// The runbook's world, served until dropped.
struct World {
    runtime: tokio::runtime::Runtime,
    sandbox: Sandbox,
}

impl World {
    fn new(scenario: Scenario) -> Self {
        let text = std::fs::read_to_string(root().join("gate.toml")).unwrap();
        let want = gatectl::config::parse("gate.toml", &text).unwrap().desired;
        let setup = Setup::new(want.github.repository.clone().unwrap(), &want.github, &want.heroku);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let sandbox = runtime.block_on(Sandbox::start(with_canaries(State::rehearsal(scenario, &setup)))).unwrap();
        Self { runtime, sandbox }
    }

    fn gatectl(&self, dir: &Path, args: &[&str]) -> Ran {
        let (dir, url, heroku) = (dir.to_owned(), self.sandbox.github_url().to_owned(), self.sandbox.heroku_url().to_owned());
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let work = move || {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let vars = [("GITHUB_API_URL", url.as_str()), ("GH_TOKEN", TOKEN), ("HEROKU_HOST", &heroku), ("HEROKU_API_KEY", KEY)];
            run(&dir, &args, &vars)
        };
        self.runtime.block_on(async { tokio::task::spawn_blocking(work).await }).unwrap()
    }
}

#[test]
fn what_is_imported_plans_to_no_changes() {
    let dir = tempfile::tempdir().unwrap();
    let gate = dir.path().join("gate.toml");
    let world = World::new(Scenario::Gated);
    // As a shell leaves it, before the command of `> gate.toml` runs.
    std::fs::write(&gate, "").unwrap();
    let imported = world.gatectl(dir.path(), &["import", "raxx-app/TradeMasterAPI"]);
    assert_eq!(imported.code, Some(0), "{}", imported.stderr);
    assert!(imported.stderr.contains("has no workflow files"), "{}", imported.stderr);
    std::fs::write(&gate, &imported.stdout).unwrap();
    let plan = world.gatectl(dir.path(), &["plan", "--detailed-exitcode"]);
    assert_eq!(plan.code, Some(0), "{}{}", plan.stdout, plan.stderr);

    let updated = world.gatectl(dir.path(), &["import", "--update"]);
    assert_eq!((updated.code, updated.stdout.as_str()), (Some(0), ""), "{}", updated.stderr);
    assert!(updated.stderr.contains("not touched"), "{}", updated.stderr);
    assert_eq!(std::fs::read_to_string(&gate).unwrap(), imported.stdout);
}

#[test]
fn an_update_in_place_follows_links_and_keeps_comments() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(root().join("gate.toml"), dir.path().join("real.toml")).unwrap();
    let text = std::fs::read_to_string(dir.path().join("real.toml")).unwrap() + "\n# the end\n";
    std::fs::write(dir.path().join("real.toml"), text).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("real.toml", dir.path().join("gate.toml")).unwrap();
    #[cfg(not(unix))]
    std::fs::rename(dir.path().join("real.toml"), dir.path().join("gate.toml")).unwrap();

    let world = World::new(Scenario::NoRules);
    let updated = world.gatectl(dir.path(), &["import", "--update"]);
    assert_eq!(updated.code, Some(0), "{}", updated.stderr);
    assert!(updated.stderr.contains("environments.production.reviewers") && updated.stderr.contains("Review"), "{}", updated.stderr);
    #[cfg(unix)]
    assert!(dir.path().join("gate.toml").is_symlink());
    let text = std::fs::read_to_string(dir.path().join("gate.toml")).unwrap();
    assert!(text.contains("reviewers = []") && text.contains("# the end"), "{text}");
    let plan = world.gatectl(dir.path(), &["plan", "--environment", "production", "--detailed-exitcode"]);
    assert_eq!(plan.code, Some(0), "{}{}", plan.stdout, plan.stderr);
}

#[test]
fn nothing_is_written_when_nothing_is_known() {
    let dir = tempfile::tempdir().unwrap();
    let unknown = run(dir.path(), &["import", "o/r"], &[]);
    assert_eq!((unknown.code, unknown.stdout.as_str()), (Some(4), ""), "{}", unknown.stderr);
    let world = World::new(Scenario::Gated);
    let hidden = world.gatectl(dir.path(), &["import", "raxx-app/no-such-repository"]);
    assert_eq!(hidden.stdout, "");
    assert!(matches!(hidden.code, Some(1 | 4)), "{:?}", hidden.code);
    let misspelled = world.gatectl(dir.path(), &["import", "raxx-app/TradeMasterAPI", "--environment", "prod"]);
    assert_eq!((misspelled.code, misspelled.stdout.as_str()), (Some(1), ""));
    assert!(misspelled.stderr.contains("`prod`"), "{}", misspelled.stderr);
    let without = world.gatectl(dir.path(), &["import", "--update"]);
    assert_eq!(without.code, Some(1));
    std::fs::write(dir.path().join("gate.toml"), "version = 1\n[github]\nrepository = \"o/other\"\n").unwrap();
    let other = world.gatectl(dir.path(), &["import", "raxx-app/TradeMasterAPI", "--update"]);
    assert_eq!(other.code, Some(1));
    assert!(other.stderr.contains("o/other"), "{}", other.stderr);
}

#[test]
fn it_can_be_rehearsed() {
    let seen = gatectl(&["import", "--sandbox=wrong-reviewer"]);
    assert_eq!(seen.code, Some(0), "{}", seen.stderr);
    assert!(seen.stdout.contains("# weak: reviewer `raxx-app-deploy-bot`"), "{}", seen.stdout);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &to);
        } else {
            std::fs::copy(&path, &to).unwrap();
        }
    }
}

/// A fixture's repository, gated as its gate.toml says; its workflow files are in the directory, and gate.toml is not.
fn repository(name: &str) -> (Served, String) {
    let folder = root().join("tests/fixtures/repositories").join(name);
    let world = Served::rehearsal(Scenario::Gated, &std::fs::read_to_string(folder.join("gate.toml")).unwrap());
    copy(&folder, world.dir.path());
    std::fs::remove_file(world.dir.path().join("gate.toml")).unwrap();
    let repository = world.sandbox.with(|state| {
        let repo = &mut state.github.repos[0];
        repo.files.clear();
        for entry in std::fs::read_dir(folder.join(".github/workflows")).unwrap() {
            let path = entry.unwrap().path();
            let name = format!(".github/workflows/{}", path.file_name().unwrap().to_str().unwrap());
            repo.files.insert(name, std::fs::read_to_string(&path).unwrap());
        }
        repo.name.to_string()
    });
    (world, repository)
}

/// The file with its proposed `[verify]` uncommented, as a person does who knows that none of these deploys.
fn review(gate: &Path) {
    let text = std::fs::read_to_string(gate).unwrap();
    std::fs::write(gate, text.replace("# [verify]\n# harmless", "[verify]\nharmless")).unwrap();
}

#[test]
fn a_start_from_an_import_is_clean_or_says_what_is_wrong() {
    for (name, in_checkout) in [("web-app", true), ("staging-to-production", false), ("reusable-workflows", false)] {
        let (world, repository) = repository(name);
        let gate = world.dir.path().join("gate.toml");
        if in_checkout {
            std::fs::create_dir(world.dir.path().join(".git")).unwrap();
            let origin = format!("[remote \"origin\"]\n\turl = git@github.com:{repository}.git\n");
            std::fs::write(world.dir.path().join(".git/config"), origin).unwrap();
            world.sandbox.with(|state| state.repo(&repository).unwrap().files.clear());
        }
        let only: &[&str] = if in_checkout { &["--environment", "production"] } else { &[] };
        let imported = world.run(&[&["import", &repository, "--out", "gate.toml"], only].concat());
        assert_eq!(imported.code, Some(0), "{name}: {}", imported.stderr);
        let text = std::fs::read_to_string(&gate).unwrap();
        assert!(text.contains("[[workflows]]\nfile = \".github/workflows/"), "{name}: {text}");
        let commands: [&[&str]; 3] = [&["validate"], &["check"], &["plan", "--detailed-exitcode"]];
        for command in commands {
            let ran = world.run(command);
            let undecided = command != commands[2] && text.contains("# harmless = [");
            assert_eq!(ran.code, Some(if undecided { 6 } else { 0 }), "{name}: {command:?} {}{}", ran.stdout, ran.stderr);
            assert!(!undecided || ran.stdout.contains("harmless = ["), "{name}: {}", ran.stdout);
        }
        review(&gate);
        let checked = world.run(&["check"]);
        assert_eq!(checked.code, Some(0), "{name}: {}", checked.stdout);
        // What import can only note is what verify reports: an environment without reviewers.
        let verified = world.run(&["verify"]);
        let open = text.contains("# weak: no required reviewers");
        assert_eq!(verified.code, Some(if open { 6 } else { 0 }), "{name}: {text}\n{}", verified.stdout);
        assert!(!open || verified.stdout.contains("no-reviewers") && !verified.stdout.contains("UNKNOWN"), "{name}: {}", verified.stdout);
    }
}

#[test]
fn workflow_files_that_cannot_be_read_are_unknown() {
    let (world, repository) = repository("web-app");
    world.sandbox.with(|state| {
        let refused = gatectl::sandbox::Response::github_error(403, "Resource not accessible by personal access token");
        state.faults.push(gatectl::sandbox::Fault::before(refused).path("*/contents/*"));
    });
    let imported = world.run(&["import", &repository, "--out", "gate.toml"]);
    assert_eq!(imported.code, Some(4), "{}", imported.stderr);
    assert!(imported.stderr.contains("Contents: read"), "{}", imported.stderr);
    let text = std::fs::read_to_string(world.dir.path().join("gate.toml")).unwrap();
    assert!(text.contains("# unknown: the workflow files") && !text.contains("[[workflows]]"), "{text}");
}
