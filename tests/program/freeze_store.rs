//! The drill of an incident on both stores, with the binary over real HTTP: freeze from a bare machine, a deploy refused, an
//! override for one deploy, a window around a change of clocks, a colleague's newer freeze not lifted.

use gatectl::model::RepoName;
use gatectl::sandbox::{Sandbox, Scenario, Setup, State};

use super::run::{KEY, Ran, TOKEN, command, with_canaries};

/// An emulated store, and a directory without any file.
struct Drill {
    sandbox: Sandbox,
    dir: tempfile::TempDir,
    /// `--app shop-prod`, `--github acme` or `--github acme/shop`.
    which: [&'static str; 2],
}

const STORES: [[&str; 2]; 3] = [["--app", "shop-prod"], ["--github", "acme"], ["--github", "acme/shop"]];

impl Drill {
    async fn new(which: [&'static str; 2]) -> Self {
        let config = gatectl::config::parse("gate.toml", "version = 1\n[heroku.config.shop-prod]\nTIER = \"prod\"\n").unwrap();
        let desired = &config.desired;
        let setup = Setup::new(RepoName::parse("acme/shop").unwrap(), &desired.github, &desired.heroku).in_real_time();
        let state = State::rehearsal(Scenario::Gated, &setup);
        let sandbox = Sandbox::start(with_canaries(state)).await.unwrap();
        Self { sandbox, dir: tempfile::tempdir().unwrap(), which }
    }

    async fn run_with(&self, args: &[&str], vars: &[(&str, &str)]) -> Ran {
        let mut all = vec![
            ("HEROKU_HOST", self.sandbox.heroku_url()),
            ("HEROKU_API_KEY", KEY),
            ("GITHUB_API_URL", self.sandbox.github_url()),
            ("GH_TOKEN", TOKEN),
            ("NO_PROXY", "*"),
        ];
        all.extend(vars);
        let mut child = tokio::process::Command::from(command(self.dir.path(), args, &all));
        Ran::new(args, child.output().await.unwrap())
    }

    /// `gatectl freeze VERB` on this store.
    async fn freeze(&self, verb: &str, args: &[&str]) -> Ran {
        self.run_with(&[&["freeze", verb], &self.which[..], args].concat(), &[]).await
    }

    async fn check(&self) -> Option<i32> {
        self.freeze("check", &["--environment", "production"]).await.code
    }

    /// Writes the gate.toml of this store.
    fn declare(&self, rest: &str) {
        let key = if self.which[0] == "--app" { "heroku_app" } else { "github" };
        let text = format!("version = 1\n[freeze]\n{key} = \"{}\"\nenvironments = [\"production\"]\n{rest}", self.which[1]);
        std::fs::write(self.dir.path().join("gate.toml"), text).unwrap();
    }
}

/// The id of the freeze that a command shows, and what it says to do next.
fn frozen(ran: &Ran) -> (String, String) {
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr));
    assert_eq!(json["frozen"], true, "{json}");
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    (text(&json["freeze"]["id"]), text(&json["next_step"]))
}

#[tokio::test]
async fn an_incident_from_a_bare_machine_to_the_all_clear() {
    for which in STORES {
        let drill = Drill::new(which).await;
        assert_eq!(drill.check().await, Some(0), "{which:?}: not frozen yet");
        let on = drill.freeze("on", &["--reason", "INC-12: database", "--emergency", "--format", "json"]).await;
        assert_eq!(on.code, Some(0), "{which:?}: {}{}", on.stdout, on.stderr);
        let (first, next) = frozen(&on);
        assert!(next.contains(&format!("gatectl freeze off {} --id {first}", which.join(" "))), "{next}");
        let refused = drill.freeze("check", &["--environment", "production"]).await;
        assert_eq!(refused.code, Some(7), "{}", refused.stdout);
        assert!(refused.stdout.contains("INC-12: database"), "{}", refused.stdout);

        let over = drill.freeze("override", &["--for", "1h", "--reason", "hotfix"]).await;
        assert_eq!(over.code, Some(0), "{which:?}: {}", over.stderr);
        assert_eq!(drill.check().await, Some(0), "one deploy goes through");
        let revoked = drill.freeze("override", &["--revoke"]).await;
        assert_eq!(revoked.code, Some(0), "{which:?}: {}", revoked.stderr);
        assert_eq!(drill.check().await, Some(7));

        // A colleague extends it: the old id lifts nothing.
        let longer = drill.freeze("on", &["--reason", "INC-13", "--replace", "--format", "json"]).await;
        assert_eq!(longer.code, Some(0), "{which:?}: {}", longer.stderr);
        let (second, _) = frozen(&longer);
        assert_ne!(first, second);
        let off = drill.freeze("off", &["--id", &first, "--reason", "over", "--auto-approve"]).await;
        assert_eq!(off.code, Some(1), "{}", off.stdout);
        assert!(off.stderr.contains("not the one that --id names"), "{}", off.stderr);
        assert_eq!(drill.check().await, Some(7));

        let off = drill.freeze("off", &["--id", &second, "--reason", "over", "--auto-approve"]).await;
        assert_eq!(off.code, Some(0), "{which:?}: {}", off.stderr);
        assert_eq!(drill.check().await, Some(0));
        let status = drill.freeze("status", &[]).await;
        assert_eq!(status.code, Some(0), "{}", status.stderr);
        assert!(status.stdout.contains("Not frozen") && status.stdout.contains("lifted"), "{}", status.stdout);
    }
}

#[tokio::test]
async fn a_window_opens_at_the_same_local_hour_after_a_change_of_clocks() {
    for which in STORES {
        let drill = Drill::new(which).await;
        drill.declare(
            "[[freeze.windows]]\nname = \"weekend\"\nstart = \"0 16 * * FRI\"\nend = \"0 8 * * MON\"\ntimezone = \"America/New_York\"\n",
        );
        for (at, frozen) in [
            ("2026-10-30T15:59:59-04:00", false),
            ("2026-10-30T16:00:00-04:00", true),
            ("2026-11-02T07:30:00-05:00", true),
            ("2026-11-02T08:00:00-05:00", false),
        ] {
            let status = drill.run_with(&["freeze", "status", "--at", at, "--format", "json"], &[]).await;
            let json: serde_json::Value =
                serde_json::from_str(&status.stdout).unwrap_or_else(|_| panic!("{}{}", status.stdout, status.stderr));
            let verdict = &json["environments"][0]["verdict"];
            assert_eq!(verdict, if frozen { "frozen" } else { "open" }, "{which:?} at {at}: {json}");
        }
    }
}

const FROZEN: &str = r#"{"v":1,"id":"7f0b1a3e-5b1e-4a55-8a3e-0d6f4c2b1a90","state":"on","reason":"INC-12","by":"gh:ann","at":"2026-01-01T00:00:00Z","kind":"manual"}"#;

#[tokio::test]
async fn in_actions_the_values_of_the_step_are_taken_if_no_token_can_read_the_store() {
    let drill = Drill::new(["--github", "acme"]).await;
    drill.declare("");
    let check = async |vars: &[(&str, &str)]| {
        drill
            .run_with(
                &["freeze", "check", "--environment", "production"],
                &[&[("GH_TOKEN", ""), ("GITHUB_ACTIONS", "true")], vars].concat(),
            )
            .await
    };
    let nothing = check(&[]).await;
    assert_eq!(nothing.code, Some(8), "{}", nothing.stdout);
    let open = check(&[("DEPLOY_FREEZE", ""), ("DEPLOY_FREEZE_INFO", "")]).await;
    assert_eq!(open.code, Some(0), "{}{}", open.stdout, open.stderr);
    let words = open.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("values are from the start of the job"), "{words}");
    let frozen = check(&[("DEPLOY_FREEZE", "true"), ("DEPLOY_FREEZE_INFO", FROZEN)]).await;
    assert_eq!(frozen.code, Some(7), "{}", frozen.stdout);
    assert!(frozen.stdout.contains("INC-12"), "{}", frozen.stdout);
    let hidden = check(&[("DEPLOY_FREEZE", ""), ("DEPLOY_FREEZE_INFO", FROZEN)]).await;
    assert_eq!(hidden.code, Some(8), "a flag that contradicts its record is not believed: {}", hidden.stdout);
    // With a token the store is asked, whatever the step carries.
    let on = drill.freeze("on", &["--reason", "now"]).await;
    assert_eq!(on.code, Some(0), "{}", on.stderr);
    let asked = [("GITHUB_ACTIONS", "true"), ("DEPLOY_FREEZE", ""), ("DEPLOY_FREEZE_INFO", "")];
    let asked = drill.run_with(&["freeze", "check", "--environment", "production"], &asked).await;
    assert_eq!(asked.code, Some(7), "{}", asked.stdout);
}

#[tokio::test]
async fn a_freeze_set_by_hand_in_the_web_page_is_named_with_the_command_that_tidies_it() {
    let drill = Drill::new(["--github", "acme/shop"]).await;
    let on = drill.freeze("on", &["--reason", "r"]).await;
    assert_eq!(on.code, Some(0), "{}", on.stderr);
    drill.sandbox.with(|state| drop(state.github.repos[0].variables.remove("DEPLOY_FREEZE_INFO")));
    let three_days = jiff::SignedDuration::from_hours(75);
    drill.sandbox.with(|state| {
        let now = state.now.0;
        state.github.repos[0].variables.get_mut("DEPLOY_FREEZE").unwrap().updated_at = now - three_days;
    });
    // Every command that looks reports it, with its age.
    drill.declare("[environments.production]\n");
    let repository = [("GITHUB_REPOSITORY", "acme/shop")];
    for args in [&["plan"][..], &["verify"], &["freeze", "check"], &["freeze", "status"]] {
        let ran = drill.run_with(args, &repository).await;
        let words = format!("{}{}", ran.stdout, ran.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
        for told in ["was set by hand 3 days ago, without a record", "gatectl freeze on --github acme/shop --replace"] {
            assert!(words.contains(told), "{args:?} {told}: {words}");
        }
    }
    let status = drill.freeze("status", &[]).await;
    let words = status.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for told in ["was set by hand", "gatectl freeze on --github acme/shop --replace", "GitHub keeps no history of variables"] {
        assert!(words.contains(told), "{told}: {words}");
    }
}

#[tokio::test]
async fn a_freeze_that_two_of_three_workflows_ignore_is_named_when_it_is_set() {
    let drill = Drill::new(["--github", "acme"]).await;
    drill.declare("[environments.production]\n");
    let folder = drill.dir.path().join(".github/workflows");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, first) in [("web", "gatectl freeze check --environment production"), ("api", "make"), ("jobs", "make")] {
        let text = format!(
            "on: push\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    environment: production\n    steps: [{{run: {first}}}, {{run: ./deploy}}]\n"
        );
        std::fs::write(folder.join(format!("{name}.yml")), text).unwrap();
    }
    for (verb, args) in [("on", &["--reason", "r"][..]), ("status", &[])] {
        let ran = drill.freeze(verb, args).await;
        assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
        let words = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        let told =
            "2 of 3 jobs that deploy do not provably check the freeze, and keep deploying during it: api.yml:deploy, jobs.yml:deploy.";
        assert!(words.contains(told), "{verb}: {words}");
    }
}

#[tokio::test]
async fn a_saved_plan_carries_a_freeze_that_is_kept_in_variables() {
    let drill = Drill::new(["--github", "acme/shop"]).await;
    drill.declare("[environments.production]\nwait_timer = 10\n");
    let repository = [("GITHUB_REPOSITORY", "acme/shop")];
    let saved = drill.run_with(&["plan", "--out", "gate.plan"], &repository).await;
    assert_eq!(saved.code, Some(0), "{}{}", saved.stdout, saved.stderr);
    assert_eq!(drill.freeze("on", &["--reason", "r"]).await.code, Some(0));
    let stale = drill.run_with(&["apply", "gate.plan", "--auto-approve"], &repository).await;
    assert_eq!(stale.code, Some(5), "{}{}", stale.stdout, stale.stderr);
    assert!(stale.stderr.contains("github/acme/shop/freeze"), "{}", stale.stderr);
}

#[tokio::test]
async fn lengths_of_nothing_and_ends_that_are_past_are_named() {
    let drill = Drill::new(["--github", "acme"]).await;
    for (verb, args, says) in [
        ("on", &["--reason", "r", "--until", "0m"][..], "`0m` ends the freeze at once"),
        ("on", &["--reason", "r", "--until", "2020-01-01T00:00:00Z"][..], "`2020-01-01T00:00:00Z` is not in the future"),
        ("override", &["--reason", "r", "--for", "0m"][..], "`0m` overrides nothing"),
        ("override", &["--reason", "r", "--for", "9h"][..], "`9h` is longer"),
    ] {
        let ran = drill.freeze(verb, args).await;
        assert_ne!(ran.code, Some(0));
        let words = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(says) && !words.contains("gatectl --help"), "{says}: {words}");
    }
    assert!(drill.sandbox.with(|state| state.log.calls()).iter().all(|call| call.starts_with("GET ")));
}

#[test]
fn a_rehearsal_is_frozen_if_gate_toml_declares_that_whatever_keeps_the_freeze() {
    for key in ["heroku_app = \"shop-prod\"", "github = \"acme\"", "github = \"acme/shop\"", "github = \"acme/switches\""] {
        let dir = tempfile::tempdir().unwrap();
        let gate = format!(
            "version = 1\n[github]\nrepository = \"acme/shop\"\n[environments.production]\nreviewers = [{{ user = \"alice\", id = 501 }}]\n[freeze]\n{key}\nenvironments = [\"production\"]\nfrozen = true\n"
        );
        std::fs::write(dir.path().join("gate.toml"), gate).unwrap();
        let check = super::run::run(dir.path(), &["freeze", "check", "--sandbox=gated"], &[]);
        assert_eq!(check.code, Some(7), "{key}: {}{}", check.stdout, check.stderr);
        let plan = super::run::run(dir.path(), &["plan", "--sandbox=gated", "--detailed-exitcode"], &[]);
        assert_eq!(plan.code, Some(0), "{key}: {}{}", plan.stdout, plan.stderr);
    }
}
