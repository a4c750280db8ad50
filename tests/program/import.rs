//! `import` as a user meets it, against a server that stays.

use std::path::Path;

use gatectl::sandbox::{Sandbox, Scenario, Setup, State};

use super::run::{KEY, Ran, TOKEN, gatectl, root, run, with_canaries};

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
    assert!(imported.stdout.starts_with("#:schema "), "{}", imported.stdout);
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
