//! `gatectl sandbox` in a shell of its own, and every command against the official API descriptions.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use gatectl::sandbox::Scenario;

use super::run::{command, run};
use super::served::Served;
use gatectl_test_support::conformance::Official;
use gatectl_test_support::world::as_seen;

/// A served emulator that ends with the test.
pub(crate) struct Shell {
    child: Child,
    github: String,
    /// What it prints to be pasted into another shell.
    pub(crate) vars: Vec<(String, String)>,
}

impl Shell {
    pub(crate) fn open(dir: &std::path::Path, args: &[&str]) -> Self {
        let all = [&["sandbox"], args].concat();
        let mut child = command(dir, &all, &[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok).take(4);
        let of = |line: String| line.strip_prefix("export ")?.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        let vars: Vec<(String, String)> = lines.filter_map(of).collect();
        let github = vars.first().and_then(|(_, url)| url.strip_prefix("http://")).map(str::to_owned);
        Self { github: github.unwrap_or_else(|| panic!("{vars:?}: {}", errors(&mut child))), vars, child }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.github).unwrap();
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\nuser-agent: t\r\nauthorization: Bearer t\r\nconnection: close\r\n\r\n",
            self.github
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    pub(crate) fn close(mut self) -> String {
        errors(&mut self.child)
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

fn errors(child: &mut Child) -> String {
    let _ = child.kill();
    let mut text = String::new();
    let _ = child.stderr.take().map(|mut stderr| stderr.read_to_string(&mut text));
    let _ = child.wait();
    text
}

#[test]
fn the_emulator_writes_a_gate_toml_where_there_is_none_and_plans_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let shell = Shell::open(dir.path(), &["--write-config", "--scenario", "gated"]);
    let url = format!("http://{}", shell.github);
    let vars = [("GITHUB_API_URL", url.as_str()), ("GH_TOKEN", "sandbox")];
    let ran = run(dir.path(), &["verify"], &vars);
    let said = shell.close();
    assert!(said.contains("Wrote gate.toml."), "{said}");
    assert!(!ran.stderr.contains("there is no gate.toml") && !ran.stdout.is_empty(), "{}{}", ran.stdout, ran.stderr);
    let mine = "version = 1\n[github]\nrepository = \"acme/shop\"\n";
    std::fs::write(dir.path().join("gate.toml"), mine).unwrap();
    let said = Shell::open(dir.path(), &["--write-config"]).close();
    assert!(said.contains("it is not changed"), "{said}");
    assert_eq!(std::fs::read_to_string(dir.path().join("gate.toml")).unwrap(), mine);
}

#[test]
fn what_is_not_emulated_is_said_on_stderr_and_never_404() {
    let dir = tempfile::tempdir().unwrap();
    let shell = Shell::open(dir.path(), &[]);
    let answer = shell.get("/repos/raxx-app/TradeMasterAPI/releases");
    assert!(answer.starts_with("HTTP/1.1 501 ") && answer.contains("does not serve GET /repos/"), "{answer}");
    // What was written last is read last.
    std::thread::sleep(std::time::Duration::from_millis(300));
    let said = shell.close();
    assert!(said.contains("Not emulated, answered with 501: GET /repos/raxx-app/TradeMasterAPI/releases"), "{said}");
}

/// The clock of a served emulator is the real one: what is made now is dated now.
#[test]
fn what_is_made_now_is_dated_now() {
    let dir = tempfile::tempdir().unwrap();
    let before = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let shell = Shell::open(dir.path(), &["--scenario", "gated"]);
    let url = format!("http://{}", shell.github);
    let vars = [("GITHUB_API_URL", url.as_str()), ("GH_TOKEN", "sandbox")];
    std::fs::write(dir.path().join("gate.toml"), "version = 1\n[github]\nrepository = \"raxx-app/TradeMasterAPI\"\n[environments.fresh]\n")
        .unwrap();
    let ran = run(dir.path(), &["apply", "--auto-approve"], &vars);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let answer = shell.get("/repos/raxx-app/TradeMasterAPI/environments/fresh");
    let after = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let date = answer.split("\"created_at\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
    assert!(before.as_str() <= date && date <= after.as_str(), "{before} {date} {after}");
}

const GATE: &str = r#"
version = 1
[github]
repository = "acme/shop"
[environments.production]
reviewers = [{ user = "alice" }, { team = "sre" }]
can_admins_bypass = false
deployment_branch_policy = { branches = ["main"], tags = ["v*"] }
variables = { TIER = "prod" }
secrets = ["KEY"]
[heroku.config.shop-prod]
DEPLOY_FREEZE_OVERRIDE = "0"
[freeze]
heroku_app = "shop-prod"
environments = ["production"]
"#;

/// What is read in addition to the official description: three lists that it leaves out, and files in folders.
const NOT_DESCRIBED: [&str; 4] =
    ["/repos/acme/shop/activity", "/repos/acme/shop/commits", "/repos/acme/shop/pulls", "/repos/acme/shop/contents"];

/// Every request of every command, and every answer of the emulator, as the two services describe them.
#[test]
fn every_command_asks_and_is_answered_as_described() {
    let Some(official) = Official::load() else { return };
    let mut seen = std::collections::BTreeSet::new();
    for scenario in [Scenario::MissingEnvironment, Scenario::PlanLimit, Scenario::Gated] {
        let world = Served::rehearsal(scenario, GATE);
        let [run, other] = world.sandbox.with(|state| {
            let actor = state.github.viewer.clone();
            state.github.viewer = "alice".to_owned();
            // A freeze in an organization's variables needs an admin of the organization.
            for account in state.github.people.accounts.values_mut().filter(|account| account.login == "acme") {
                account.owners.insert("alice".to_owned());
            }
            let start = |state: &mut gatectl::sandbox::State| {
                state.start_run("acme/shop", ".github/workflows/deploy.yml", "push", "refs/heads/main", &actor, "production")
            };
            let done = start(state).unwrap();
            state.release_run("acme/shop", done, Some("alice"));
            state.finish_run("acme/shop", done, "success");
            if let Some(repo) = state.repo("acme/shop") {
                repo.collaborators.insert("alice".to_owned(), gatectl::sandbox::Permission::Admin);
            }
            [(); 2].map(|()| start(state).unwrap().to_string())
        });
        for args in [
            &["pending"][..],
            &["approve", &run, "--auto-approve", "--comment", "ship it"],
            &["reject", &other, "--auto-approve", "--comment", "not today"],
            &["evidence"],
            &["plan"],
            &["plan", "--prune"],
            &["verify"],
            &["import", "acme/shop"],
            &["explain", "--environment", "production", "--ref", "refs/heads/main"],
            &["freeze", "status"],
            &["freeze", "on", "--reason", "trial"],
            &["freeze", "check", "--environment", "production"],
            &["freeze", "override", "--reason", "hotfix", "--for", "1h"],
            &["freeze", "override", "--revoke"],
            &["freeze", "off", "--reason", "trial"],
            &["freeze", "on", "--reason", "trial", "--github", "acme"],
            &["freeze", "override", "--reason", "hotfix", "--for", "1h", "--github", "acme"],
            &["freeze", "off", "--reason", "trial", "--github", "acme"],
            &["freeze", "on", "--reason", "trial", "--github", "acme/shop"],
            &["freeze", "status", "--github", "acme/shop"],
            &["freeze", "off", "--reason", "trial", "--github", "acme/shop"],
            &["apply", "--auto-approve", "--allow-weaken", "--prune"],
        ] {
            let ran = world.run(args);
            assert_ne!(ran.code, Some(64), "{args:?}: {}", ran.stderr);
        }
        world.sandbox.with(|state| {
            for exchange in &state.log.exchanges {
                let shown = as_seen(exchange);
                let about = format!("{scenario}: {} {} {:?}", exchange.method, exchange.path, exchange.status);
                let json = exchange.response_headers.iter().all(|(name, value)| name != "content-type" || value.contains("/json"));
                let Some(wrong) = official.request(&shown) else {
                    let known = NOT_DESCRIBED.iter().any(|path| exchange.path == *path || exchange.path.starts_with(&format!("{path}/")));
                    assert!(known && exchange.reads(), "{about}: not described");
                    continue;
                };
                let answer = official.response(&shown).filter(|_| json).unwrap_or_default();
                assert_eq!((wrong, answer), (Vec::new(), Vec::new()), "{about}");
                let path = exchange.path.split('/').filter(|part| part.parse::<u64>().is_err()).collect::<Vec<_>>().join("/");
                seen.insert(format!("{} {path}", exchange.method));
            }
        });
    }
    for asked in [
        "POST /repos/acme/shop/actions/runs/pending_deployments",
        "GET /repos/acme/shop/actions/runs/approvals",
        "PATCH /apps/shop-prod/config-vars",
        "POST /orgs/acme/actions/variables",
        "DELETE /orgs/acme/actions/variables/DEPLOY_FREEZE",
        "POST /repos/acme/shop/actions/variables",
    ] {
        assert!(seen.contains(asked), "{asked} was not asked: {seen:#?}");
    }
}
