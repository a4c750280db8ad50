//! Places in which a token or a config var could leak: cut messages, argument lists, loose files. [`super::run::Ran`] holds that no run
//! of the suite prints one.

use gatectl::sandbox::{Api, Fault, Response, Scenario};
use serde_json::json;

use super::harmless::FORMATS;
use super::run::{KEY, Ran, TOKEN, run};
use super::served::Served;

const GATE: &str = r#"version = 1
[github]
repository = "acme/shop"
[environments.production]
reviewers = [{ user = "alice", id = 501 }]
[heroku.config.shop-prod]
DEPLOY_FREEZE_OVERRIDE = "0"
"#;

/// A token no part of which occurs anywhere else, for both APIs.
const TOKEN_OF_NO_WORDS: &str = "ghp_aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5";

/// Not even a piece of the token is shown.
fn holds_no_piece(ran: &Ran) {
    for text in [&ran.stdout, &ran.stderr] {
        let piece = (0..=TOKEN_OF_NO_WORDS.len() - 8).map(|at| &TOKEN_OF_NO_WORDS[at..at + 8]).find(|piece| text.contains(piece));
        assert_eq!(piece, None, "{}: {text}", ran.args);
    }
}

#[test]
fn a_message_that_is_cut_shows_no_piece_of_a_token() {
    let world = Served::rehearsal(Scenario::NoRules, GATE);
    for (n, before) in [0, 78, 90, 178, 190, 278, 290, 480, 977, 985, 990, 995, 2_030, 3_980].into_iter().enumerate() {
        let api = [Api::GitHub, Api::Heroku][n % 2];
        let text = format!("{} {TOKEN_OF_NO_WORDS}", "x".repeat(before));
        let header = &text[before.saturating_sub(285)..];
        let body = json!({"message": text, "errors": [text, {"message": text}], "id": text});
        let answers = [
            Response::json([403, 404, 422][n % 3], &body),
            Response::html(502, &format!("<title>{text}</title>")),
            Response::html(500, &text),
        ];
        for (m, answer) in answers.into_iter().enumerate() {
            let answer = ["x-github-request-id", "request-id", "x-oauth-scopes", "x-accepted-oauth-scopes", "warning-message"]
                .into_iter()
                .fold(answer, |answer, name| answer.with(name, header))
                .with("x-github-sso", format!("required; url=https://{header}"));
            world.sandbox.with(|state| state.faults = vec![Fault::before(answer).api(api).method(["GET", "PUT"][n / 2 % 2])]);
            let format = FORMATS[(n / 2 + m) % 4];
            let vars = [("GH_TOKEN", TOKEN_OF_NO_WORDS), ("HEROKU_API_KEY", TOKEN_OF_NO_WORDS)];
            holds_no_piece(&world.run_with(&["apply", "--auto-approve", "--allow-weaken", "-vv", "--format", format], &vars));
        }
    }
}

#[cfg(unix)]
mod on_unix {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::path::Path;
    use std::process::{Command, Stdio};
    use std::time::Duration;

    use gatectl::sandbox::{Effect, HerokuToken};

    use super::super::run::{KEY, command, holds_no_secret};
    use super::*;

    fn write(path: &Path, text: &str, mode: u32) {
        std::fs::write(path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_netrc_that_others_may_read_is_warned_of() {
        let world = Served::rehearsal(Scenario::Gated, GATE);
        let netrc = world.dir.path().join(".netrc");
        for (mode, warned) in [(0o644, true), (0o640, true), (0o600, false)] {
            write(&netrc, &format!("machine api.heroku.com login me password {KEY}\n"), mode);
            let ran = world.run_with(&["plan", "-q"], &[("HEROKU_API_KEY", ""), ("HOME", world.dir.path().to_str().unwrap())]);
            assert_eq!(ran.code, Some(0), "{}", ran.stderr);
            let warning = format!("warning: {0} holds tokens and is open to other users: chmod 600 {0}\n", netrc.display());
            assert_eq!(ran.stderr, if warned { warning } else { String::new() }, "{mode:o}");
        }
    }

    #[test]
    fn a_token_that_is_held_back_is_warned_of() {
        let dir = tempfile::tempdir().unwrap();
        let gate = GATE
            .replace("[environments", "api_url = \"https://ghe.example.com/api/v3\"\n[environments")
            .replace("[heroku.config.shop-prod]\nDEPLOY_FREEZE_OVERRIDE = \"0\"\n", "");
        std::fs::write(dir.path().join("gate.toml"), gate).unwrap();
        let ran = run(dir.path(), &["plan", "-q"], &[("GH_TOKEN", TOKEN)]);
        assert_eq!(ran.code, Some(4), "{}", ran.stderr);
        assert!(ran.stderr.contains("warning: GH_TOKEN is not sent to ghe.example.com"), "{}", ran.stderr);
    }

    /// The tools of the vendors are asked; what they are told, and what everyone sees of gatectl itself, is not a secret.
    #[cfg(target_os = "linux")]
    #[test]
    fn no_list_of_arguments_holds_a_token() {
        let world = Served::rehearsal(Scenario::Gated, GATE);
        let told = world.dir.path().join("told");
        let bin = world.dir.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        for (tool, token) in [("gh", TOKEN), ("heroku", KEY)] {
            // Another process writes the script: what this one holds open for writing, its children may, and then it cannot be run.
            let write = format!(
                "printf '#!/bin/sh\\ncat /proc/$$/cmdline /proc/$PPID/cmdline >> {}\\necho {token}\\n' > {tool} && chmod 755 {tool}",
                told.display()
            );
            assert!(Command::new("/bin/sh").args(["-c", &write.replace('$', "\\044")]).current_dir(&bin).status().unwrap().success());
        }
        world.sandbox.with(|state| state.faults = vec![Fault::new(Effect::Hang).method("GET")]);
        let path = format!("{}:/usr/bin:/bin", bin.display());
        let vars: Vec<(&str, &str)> =
            world.vars().into_iter().filter(|(name, _)| !name.ends_with("KEY") && !name.ends_with("TOKEN")).collect();
        let vars = [&vars[..], &[("PATH", path.as_str())]].concat();
        let args = ["apply", "--auto-approve", "-vv"];
        let mut child = command(world.dir.path(), &args, &vars).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Both tools have answered when both APIs are asked, and the questions hang.
        while !world.sandbox.with(|state| ["/repos", "/apps"].iter().all(|api| state.log.calls().iter().any(|call| call.contains(api)))) {
            assert_eq!(child.try_wait().unwrap(), None, "it waits for the answers");
            std::thread::sleep(Duration::from_millis(5));
        }
        let own = std::fs::read(format!("/proc/{}/cmdline", child.id())).unwrap();
        child.kill().unwrap();
        drop(Ran::new(&args, child.wait_with_output().unwrap()));
        let seen = String::from_utf8_lossy(&[own, std::fs::read(&told).unwrap()].concat()).replace('\0', " ");
        assert!(seen.contains("apply --auto-approve") && seen.contains("auth token --hostname") && seen.contains("auth:token"), "{seen}");
        holds_no_secret(&seen, "a list of arguments");
    }

    #[test]
    fn a_stale_netrc_is_replaced_by_what_the_cli_says() {
        let world = Served::rehearsal(Scenario::Gated, GATE);
        let home = world.dir.path().to_str().unwrap().to_owned();
        let token = HerokuToken { email: "me@example.com".to_owned(), scopes: ["global".to_owned()].into() };
        world.sandbox.with(|state| state.heroku.tokens = [(KEY.to_owned(), token)].into());
        write(&world.dir.path().join(".netrc"), "machine api.heroku.com login me password stale-0123456789abcdef\n", 0o600);
        let bin = world.dir.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        let script = format!("printf '#!/bin/sh\\necho x >> {home}/asked\\necho {KEY}\\n' > heroku && chmod 755 heroku");
        assert!(Command::new("/bin/sh").args(["-c", &script]).current_dir(&bin).status().unwrap().success());
        let path = format!("{}:/usr/bin:/bin", bin.display());
        let vars = [("HEROKU_API_KEY", ""), ("HOME", home.as_str()), ("PATH", path.as_str())];
        let ran = world.run_with(&["plan", "-q"], &vars);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", ran.stdout);
        assert_eq!(std::fs::read_to_string(world.dir.path().join("asked")).unwrap(), "x\n", "started once, for all requests");
        // Without the tool the refusal names the file.
        let ran = world.run_with(&["plan", "-q"], &vars[..2]);
        assert!(ran.code == Some(4) && ran.stdout.contains(".netrc"), "{} {}", ran.stdout, ran.stderr);
    }

    #[test]
    fn a_plan_is_saved_whole_or_not_at_all() {
        let world = Served::rehearsal(Scenario::NoRules, GATE);
        let [plan, other] = ["gate.plan", "other-name"].map(|name| world.dir.path().join(name));
        assert_eq!(world.run(&["plan", "--out", "gate.plan"]).code, Some(0));
        let older = std::fs::read_to_string(&plan).unwrap();
        // The file of before has a second name.
        std::fs::hard_link(&plan, &other).unwrap();
        let before = std::fs::metadata(&plan).unwrap().ino();

        // No file may grow now, as on a full disk.
        let script = format!("ulimit -f 0; exec {} plan --out gate.plan", env!("CARGO_BIN_EXE_gatectl"));
        let mut full = Command::new("/bin/sh");
        let full = full.args(["-c", &script]).current_dir(world.dir.path()).env_clear().envs(world.vars()).env("HOME", "/nonexistent");
        let output = full.output().unwrap();
        assert!(!output.status.success(), "{output:?}");
        assert_eq!(std::fs::read_to_string(&plan).unwrap(), older);

        assert_eq!(world.run(&["plan", "--out", "gate.plan"]).code, Some(0));
        let saved = std::fs::metadata(&plan).unwrap();
        assert_ne!(saved.ino(), before, "another file took its place");
        assert_eq!(saved.permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_to_string(&other).unwrap(), older);
        holds_no_secret(&std::fs::read_to_string(&plan).unwrap(), "a saved plan");
    }
}

#[test]
fn a_token_that_a_server_echoes_as_data_is_not_shown_either() {
    let world = Served::rehearsal(Scenario::NoRules, GATE);
    world.sandbox.with(|state| {
        let now = state.now.tick();
        let mut ids = state.github.ids.clone();
        let named = gatectl::sandbox::Environment::ungated(&mut ids, TOKEN, true, now);
        state.github.ids = ids;
        state.repo("acme/shop").unwrap().insert(named);
        state.heroku.apps.get_mut("shop-prod").unwrap().config.insert("DEPLOY_FREEZE_OVERRIDE".to_owned(), KEY.to_owned());
    });
    for format in FORMATS {
        // That a token stands in none of it is asked of every run.
        let ran = world.run(&["plan", "--prune", "--format", format, "-vv"]);
        assert!(ran.stdout.contains("***"), "{}", ran.stdout);
    }
    assert!(world.run(&["import", "acme/shop"]).stdout.contains("***"));
}
