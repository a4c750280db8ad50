//! The scripts of the Action, with the real program and a `gh` that remembers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gatectl::render::markdown;
use serde_json::{Value, json};

use super::run::root;

/// A runner's workspace, with this program and a fake `gh` on the path.
struct Runner {
    dir: tempfile::TempDir,
    vars: Vec<(String, String)>,
}

/// The result of a script.
struct Ran {
    code: Option<i32>,
    log: String,
}

/// Answers reads from a file, through the filter that was asked for, and writes down every write as a line of JSON.
const GH: &str = r#"#!/usr/bin/env bash
set -euo pipefail
[[ ! -e "$FAKE/broken" ]] || { echo "gh: Resource not accessible by integration (HTTP 403)" >&2; exit 1; }
if [[ "$1" == attestation ]]; then
    [[ ! -e "$FAKE/unattested" ]] || { echo "gh: no attestations found" >&2; exit 1; }
    exit 0
fi
if [[ "$1" == release ]]; then
    shift
    while (($#)); do [[ "$1" != --dir ]] || dir="$2"; shift; done
    cp "$FAKE"/release/* "$dir"
    exit 0
fi
[[ "$1" == api ]]; shift
filter="" method=GET path="" fields='{}'
while (($#)); do
    case "$1" in
        --jq) filter="$2"; shift ;;
        --method) method="$2"; shift ;;
        --paginate | --silent) ;;
        -f | -F)
            key="${2%%=*}" value="${2#*=}"
            [[ "$1" == -f || "$value" != @* ]] || value="$(cat "${value#@}"; printf x)"
            fields="$(jq -c --arg key "$key" --arg value "${value%x}" '.[$key] = $value' <<<"$fields")"
            shift ;;
        *) path="$1" ;;
    esac
    shift
done
query="$(jq -r '.query // ""' <<<"$fields")"
if [[ "$query" == query* ]]; then
    jq -r "$filter" "$FAKE/answer.json"
else
    jq -c --arg method "$method" --arg path "$path" '{method: $method, path: $path, fields: .}' <<<"$fields" >>"$FAKE/writes"
fi
"#;

/// Says what could not be tested, and why.
fn has_tools() -> bool {
    let there = |tool: &str| Command::new(tool).arg("--version").output().is_ok_and(|output| output.status.success());
    let all = cfg!(unix) && there("bash") && there("jq");
    if !all {
        eprintln!("skipped: the scripts of the Action are tested with bash and jq");
    }
    all
}

#[cfg(unix)]
fn program(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(not(unix))]
fn program(_: &Path, _: &str) {}

impl Runner {
    fn new(event: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["bin", "temp", "fake"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        program(&dir.path().join("bin/gh"), GH);
        program(&dir.path().join("bin/gatectl"), &format!("#!/bin/sh\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_gatectl")));
        fs::write(dir.path().join("gate.toml"), fs::read_to_string(root().join("gate.toml")).unwrap()).unwrap();
        let mut runner = Self { dir, vars: Vec::new() };
        let path = format!("{}:{}", runner.path("bin").display(), std::env::var("PATH").unwrap_or_default());
        let temp = runner.path("temp").display().to_string();
        for (name, value) in [
            ("PATH", path.as_str()),
            ("HOME", "/nonexistent"),
            ("CI", "true"),
            ("FAKE", &runner.path("fake").display().to_string()),
            ("RUNNER_TEMP", &temp),
            ("GITHUB_OUTPUT", &runner.path("output").display().to_string()),
            ("GITHUB_STEP_SUMMARY", &runner.path("summary").display().to_string()),
            ("GITHUB_PATH", &runner.path("paths").display().to_string()),
            ("GITHUB_EVENT_NAME", event),
            ("GITHUB_REPOSITORY", "raxx-app/TradeMasterAPI"),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_RUN_ID", "42"),
            ("GITHUB_SHA", "0123456789abcdef0123456789abcdef01234567"),
            ("HEAD_REPOSITORY", if event.starts_with("pull_request") { "raxx-app/TradeMasterAPI" } else { "" }),
            ("HEAD_SHA", "0123456789abcdef0123456789abcdef01234567"),
            ("PULL_REQUEST", if event.starts_with("pull_request") { "7" } else { "" }),
            ("COMMAND", "plan"),
            ("CONFIG", "gate.toml"),
            ("ENVIRONMENT", ""),
            ("PLAN_FILE", ""),
            ("MORE_ARGS", "--sandbox=no-rules"),
        ] {
            runner.set(name, value);
        }
        runner.answer(&[]);
        runner
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.vars.retain(|(known, _)| known != name);
        self.vars.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What GitHub holds: comments or issues, each with whether it is our own and its body.
    fn answer(&self, held: &[(&str, bool, &str)]) {
        let nodes = |key: &str| -> Vec<Value> {
            held.iter().map(|(id, own, body)| json!({key: id, "viewerDidAuthor": own, "body": body})).collect()
        };
        let answer = json!({"data": {"repository": {
            "pullRequest": {"comments": {"nodes": nodes("id")}},
            "issues": {"nodes": nodes("number")},
        }}});
        fs::write(self.path("fake/answer.json"), answer.to_string()).unwrap();
    }

    fn script(&self, name: &str) -> Ran {
        let script = root().join("action").join(name);
        let output = Command::new("bash")
            .arg(script)
            .current_dir(self.dir.path())
            .env_clear()
            .envs(self.vars.iter().map(|(name, value)| (name, value)))
            .output()
            .unwrap();
        let log = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        Ran { code: output.status.code(), log }
    }

    /// The steps of the Action after installing, as action.yml chains them.
    fn steps(&mut self, steps: &[&str]) -> Vec<Ran> {
        let mut ran = vec![self.script("run.sh")];
        for name in ["exit-code", "body"] {
            let value = self.output(name);
            self.set(if name == "body" { "BODY" } else { "EXIT_CODE" }, &value);
        }
        ran.extend(steps.iter().map(|step| self.script(step)));
        ran
    }

    fn output(&self, name: &str) -> String {
        let found = self.read("output").lines().filter_map(|line| line.strip_prefix(&format!("{name}=")).map(str::to_owned)).next_back();
        found.unwrap_or_default()
    }

    fn writes(&self) -> Vec<Value> {
        self.read("fake/writes").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn marker() -> String {
    markdown::marker("plan", "gate.toml")
}

#[test]
fn a_pull_request_gets_one_comment_that_is_updated() {
    if !has_tools() {
        return;
    }
    let mut runner = Runner::new("pull_request");
    let ran = runner.steps(&["comment.sh", "finish.sh"]);
    assert!(ran.iter().all(|ran| ran.code == Some(0)), "{}", ran.iter().map(|ran| ran.log.as_str()).collect::<String>());
    assert_eq!((runner.output("exit-code").as_str(), runner.output("changes").as_str()), ("2", "true"));
    let posted = runner.writes().remove(0);
    assert_eq!(
        (posted["method"].as_str(), posted["path"].as_str()),
        (Some("POST"), Some("repos/raxx-app/TradeMasterAPI/issues/7/comments"))
    );
    let body = posted["fields"]["body"].as_str().unwrap().to_owned();
    assert!(body.starts_with(&marker()) && body.contains("### 1 change\n") && body.contains("actions/runs/42"), "{body}");
    assert!(runner.read("summary").contains("### 1 change\n"));

    // Another account's comment with the very same body is not ours.
    runner.answer(&[("THEIRS", false, &body), ("OTHER", true, "hello"), ("OURS", true, &body), ("LATER", true, &body)]);
    runner.set("MORE_ARGS", "--sandbox=gated");
    runner.steps(&["comment.sh"]);
    let updated = runner.writes().remove(1);
    assert_eq!(updated["fields"]["id"], "OURS");
    assert!(updated["fields"]["query"].as_str().unwrap().contains("updateIssueComment"));
    assert!(updated["fields"]["body"].as_str().unwrap().contains("No changes"), "{updated}");
    assert_eq!(runner.writes().len(), 2);
}

#[test]
fn a_fork_gets_validation_and_is_told_so() {
    if !has_tools() {
        return;
    }
    let foreign = [
        ("pull_request", "mallory/TradeMasterAPI"),
        ("pull_request_target", ""),
        ("workflow_run", "mallory/x"),
        // The event does not name the repository whose code was checked out.
        ("issue_comment", ""),
    ];
    for (event, head) in foreign {
        let mut runner = Runner::new(event);
        program(&runner.path("bin/gatectl"), "#!/bin/sh\nenv >\"$FAKE/env\"; echo \"$@\" >\"$FAKE/args\"\n");
        runner.set("HEAD_REPOSITORY", head).set("GH_TOKEN", "ghp_secret").set("HEROKU_API_KEY", "hk_secret");
        runner.set("GITHUB_TOKEN", "ghs_secret").set("MORE_ARGS", "--allow-weaken");
        let ran = runner.steps(&["comment.sh", "finish.sh"]);
        assert!(ran.iter().all(|ran| ran.code == Some(0)), "{event}: {}", ran.iter().map(|ran| ran.log.as_str()).collect::<String>());
        assert_eq!(runner.read("fake/args").trim(), "validate --format github --config=gate.toml");
        assert!(!runner.read("fake/env").contains("_secret"), "{event}: no token reaches the program");
        assert!(ran[0].log.contains("::notice title=gatectl::") && ran[0].log.contains("plan did not run"), "{}", ran[0].log);
        assert!(runner.read("summary").contains("plan did not run"));
        assert!(runner.writes().is_empty());
    }
}

#[test]
fn nothing_is_applied_on_a_pull_request() {
    if !has_tools() {
        return;
    }
    for event in ["pull_request", "pull_request_target"] {
        let mut runner = Runner::new(event);
        program(&runner.path("bin/gatectl"), "#!/bin/sh\ntouch \"$FAKE/ran\"\n");
        let ran = runner.set("COMMAND", "apply").script("run.sh");
        assert_eq!(ran.code, Some(1));
        assert!(ran.log.contains("::error") && !runner.path("fake/ran").exists(), "{}", ran.log);
    }
}

#[test]
fn the_reviewed_plan_is_what_is_applied() {
    if !has_tools() {
        return;
    }
    let mut runner = Runner::new("push");
    runner.set("PLAN_FILE", "gate.plan").set("ENVIRONMENT", "production\n");
    assert_eq!(runner.steps(&["finish.sh"])[1].code, Some(0));
    runner.set("COMMAND", "apply").set("ENVIRONMENT", "");
    assert_eq!(runner.steps(&["finish.sh"])[1].code, Some(0));
    assert!(runner.read("summary").contains("1 applied"), "{}", runner.read("summary"));
    // The live state moved since.
    runner.set("MORE_ARGS", "--sandbox=wrong-reviewer");
    let stale = runner.steps(&["finish.sh"]);
    assert_eq!((stale[0].code, stale[1].code), (Some(0), Some(5)), "{}", stale[0].log);
}

#[test]
fn a_run_without_a_result_says_so_where_the_last_one_is_shown() {
    if !has_tools() {
        return;
    }
    let mut runner = Runner::new("pull_request");
    runner.answer(&[("OURS", true, &marker())]);
    fs::write(runner.path("gate.toml"), "version = 2\n").unwrap();
    let ran = runner.steps(&["comment.sh", "finish.sh"]);
    assert_eq!((ran[1].code, ran[2].code), (Some(0), Some(1)));
    let body = runner.writes()[0]["fields"]["body"].as_str().unwrap().to_owned();
    assert!(body.starts_with(&marker()) && body.contains("did not finish (exit code 1)"), "{body}");

    // Not even a step before it ran.
    runner.set("EXIT_CODE", "").set("BODY", "");
    assert_eq!((runner.script("comment.sh").code, runner.script("finish.sh").code), (Some(0), Some(1)));
}

#[test]
fn what_is_too_long_for_a_comment_names_the_summary() {
    if !has_tools() {
        return;
    }
    let mut runner = Runner::new("pull_request");
    let long = format!("{}\n\n### Plan: much.\n\nNext: read on.\n\n{}\n", marker(), "x\n".repeat(40_000));
    fs::write(runner.path("long.md"), long).unwrap();
    let body = runner.path("long.md").display().to_string();
    runner.set("BODY", &body).set("EXIT_CODE", "2");
    assert_eq!(runner.script("comment.sh").code, Some(0));
    let body = runner.writes()[0]["fields"]["body"].as_str().unwrap().to_owned();
    assert!(body.len() < 2_000 && body.starts_with(&marker()), "{body}");
    assert!(body.contains("### Plan: much.") && body.contains("Next: read on.") && body.contains("This is not all"), "{body}");
}

#[test]
fn a_refused_request_fails_the_step_and_names_the_permission() {
    if !has_tools() {
        return;
    }
    for (event, script, permission) in [("pull_request", "comment.sh", "pull-requests: write"), ("schedule", "drift.sh", "issues: write")] {
        let mut runner = Runner::new(event);
        fs::write(runner.path("fake/broken"), "").unwrap();
        let ran = runner.steps(&[script]);
        assert_eq!(ran[1].code, Some(1));
        assert!(ran[1].log.contains(permission), "{}", ran[1].log);
    }
}

#[test]
fn drift_keeps_one_issue_open_for_as_long_as_it_lasts() {
    if !has_tools() {
        return;
    }
    let mut runner = Runner::new("schedule");
    let ran = runner.steps(&["drift.sh", "finish.sh"]);
    assert!(ran.iter().all(|ran| ran.code == Some(0)), "{}", ran[1].log);
    let opened = runner.writes().remove(0);
    assert_eq!((opened["method"].as_str(), opened["path"].as_str()), (Some("POST"), Some("repos/raxx-app/TradeMasterAPI/issues")));
    assert!(opened["fields"]["title"].as_str().unwrap().contains("gate.toml"));

    let body = opened["fields"]["body"].as_str().unwrap();
    runner.answer(&[("5", false, body), ("6", true, "something else"), ("8", true, body)]);
    runner.steps(&["drift.sh"]);
    let updated = runner.writes().remove(1);
    assert_eq!((updated["method"].as_str(), updated["path"].as_str()), (Some("PATCH"), Some("repos/raxx-app/TradeMasterAPI/issues/8")));
    assert!(updated["fields"]["state"].is_null());

    runner.set("MORE_ARGS", "--sandbox=gated");
    runner.steps(&["drift.sh"]);
    let closed = runner.writes().remove(2);
    assert_eq!(
        (closed["path"].as_str(), closed["fields"]["state"].as_str()),
        (Some("repos/raxx-app/TradeMasterAPI/issues/8"), Some("closed"))
    );

    runner.answer(&[]);
    runner.steps(&["drift.sh"]);
    assert_eq!(runner.writes().len(), 3, "a clean result opens nothing");

    // What could not be determined is not clean.
    runner.set("MORE_ARGS", "");
    let ran = runner.steps(&["drift.sh", "finish.sh"]);
    assert_eq!(ran[2].code, Some(4), "{}", ran[0].log);
    assert_eq!(runner.writes().len(), 4);
    for event in ["pull_request", "workflow_run"] {
        assert_eq!(runner.set("GITHUB_EVENT_NAME", event).script("drift.sh").code, Some(1), "{event}");
    }
}

#[test]
fn the_scripts_and_the_program_write_the_same_marker() {
    if !has_tools() {
        return;
    }
    for id in ["gate.toml", "ops/gates/eu-west_1.toml", "a b.toml", "x-->\"$(id)`.toml", "gäte%.toml"] {
        let script = format!(". '{}'; marker plan \"$1\"", root().join("action/lib.sh").display());
        let output = Command::new("bash").args(["-c", &script, "bash", id]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), markdown::marker("plan", id));
    }
}

#[test]
fn the_result_of_every_command_can_be_posted() {
    if !has_tools() {
        return;
    }
    for (command, more) in [("validate", ""), ("plan", "--sandbox"), ("verify", "--sandbox=no-rules"), ("check", "")] {
        let mut runner = Runner::new("pull_request");
        fs::create_dir_all(runner.path(".github/workflows")).unwrap();
        runner.set("COMMAND", command).set("MORE_ARGS", more);
        let ran = runner.steps(&["comment.sh"]);
        assert_eq!(ran[1].code, Some(0), "{command}: {}{}", ran[0].log, ran[1].log);
        let body = runner.writes()[0]["fields"]["body"].as_str().unwrap().to_owned();
        assert!(body.starts_with(&markdown::marker(command, "gate.toml")) && !body.contains("did not finish"), "{command}: {body}");
    }
}

#[test]
fn a_value_cannot_become_a_workflow_command() {
    if !has_tools() {
        return;
    }
    let mut runner = Runner::new("push");
    let ran = runner.set("COMMAND", "plan\n::set-env name=PATH::/tmp").script("run.sh");
    assert_eq!(ran.code, Some(1));
    let script = format!(". '{}'; say error \"$1\"", root().join("action/lib.sh").display());
    let output = Command::new("bash").args(["-c", &script, "bash", "100%\r\n::stop-commands::x"]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "::error title=gatectl::100%25%0D%0A::stop-commands::x\n");
}

#[test]
fn a_release_is_installed_only_with_the_right_hash() {
    if !has_tools() {
        return;
    }
    let mut runner = Runner::new("push");
    let name = "gatectl-v0.1.0-x86_64-unknown-linux-musl";
    fs::create_dir_all(runner.path("fake/release")).unwrap();
    fs::create_dir(runner.path(name)).unwrap();
    fs::write(runner.path(name).join("gatectl"), "#!/bin/sh\n").unwrap();
    let archive = runner.path("fake/release").join(format!("{name}.tar.gz"));
    let packed = Command::new("tar").arg("-czf").arg(&archive).arg("-C").arg(runner.dir.path()).arg(name).status().unwrap();
    assert!(packed.success());
    let sum = Command::new("sha256sum").arg(&archive).output().unwrap();
    let sum = String::from_utf8(sum.stdout).unwrap().split(' ').next().unwrap().to_owned();
    let other = "0".repeat(64);
    runner.set("RUNNER_OS", "Linux").set("RUNNER_ARCH", "X64").set("ACTION_REPOSITORY", "owner/gatectl");
    let list = |runner: &Runner, sum: &str| {
        fs::write(runner.path("fake/release/SHA256SUMS"), format!("{other}  something-else.tar.gz\n{sum}  {name}.tar.gz\n")).unwrap();
    };

    list(&runner, &other);
    for (version, pin) in [("v0.1.0", ""), ("0.1.0", other.as_str()), ("v0.1.0", "x")] {
        let ran = runner.set("VERSION", version).set("SHA256", pin).script("install.sh");
        assert_eq!(ran.code, Some(1), "{}", ran.log);
        assert!(runner.read("paths").is_empty(), "{version} {pin}: {}", ran.log);
    }
    // What the caller pins decides, whatever the release says.
    assert_eq!(runner.set("SHA256", &sum).script("install.sh").code, Some(0));
    list(&runner, &sum);
    runner.set("VERSION", "").set("ACTION_REF", "v0.1.0").set("SHA256", "");
    fs::write(runner.path("fake/unattested"), "").unwrap();
    let ran = runner.script("install.sh");
    assert!(ran.code == Some(1) && ran.log.contains("no valid attestation"), "{}", ran.log);
    assert!(!runner.path("gatectl").join(format!("{name}.tar.gz")).exists(), "what is not attested does not stay");
    fs::remove_file(runner.path("fake/unattested")).unwrap();
    let ran = runner.script("install.sh");
    assert_eq!(ran.code, Some(0), "{}", ran.log);
    let directory = runner.read("paths").lines().last().unwrap().to_owned();
    assert!(Path::new(&directory).join("gatectl").is_file(), "{directory}");

    fs::write(runner.path("fake/release/SHA256SUMS"), "").unwrap();
    assert_eq!(runner.script("install.sh").code, Some(1), "a release that lists nothing");
    assert_eq!(runner.set("VERSION", "v0.1.0; id").script("install.sh").code, Some(1));
}

#[test]
fn what_is_packed_can_be_installed() {
    if !has_tools() || !cfg!(target_os = "linux") {
        return;
    }
    let mut runner = Runner::new("push");
    let version = env!("CARGO_PKG_VERSION");
    let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    for target in [target.as_str(), "x86_64-pc-windows-msvc"] {
        let directory = runner.path("built").join(target);
        fs::create_dir_all(&directory).unwrap();
        let name = if target.contains("windows") { "gatectl.exe" } else { "gatectl" };
        program(&directory.join(name), &format!("#!/bin/sh\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_gatectl")));
    }
    let pack = |tag: &str, dist: &Path| {
        Command::new("bash").arg(root().join("packaging/archives")).arg(tag).arg(runner.path("built")).arg(dist).output().unwrap()
    };
    assert!(!pack("v99.0.0", &runner.path("other")).status.success(), "the tag is not the version");
    for dist in ["fake/release", "again"] {
        let packed = pack(&format!("v{version}"), &runner.path(dist));
        assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
    }
    assert_eq!(runner.read("fake/release/SHA256SUMS"), runner.read("again/SHA256SUMS"), "the same bytes each time");
    assert_eq!(runner.read("again/SHA256SUMS").lines().count(), 2);
    assert!(runner.read("again/gate.schema.json").contains("\"gate.toml\""), "the schema has an address of its own");
    let release = fs::read_to_string(root().join(".github/workflows/release.yml")).unwrap();
    assert!(release.contains("gh release create") && release.contains(" dist/gate.schema.json"));
    assert!(!runner.read("again/NOTES.md").trim().is_empty());

    let arch = if std::env::consts::ARCH == "aarch64" { "ARM64" } else { "X64" };
    runner.set("RUNNER_OS", "Linux").set("RUNNER_ARCH", arch).set("ACTION_REPOSITORY", "owner/gatectl").set("VERSION", version);
    let ran = runner.script("install.sh");
    assert_eq!(ran.code, Some(0), "{}", ran.log);
    let installed = PathBuf::from(runner.read("paths").trim());
    let said = Command::new(installed.join("gatectl")).arg("--version").output().unwrap();
    assert_eq!(String::from_utf8(said.stdout).unwrap().trim(), format!("gatectl {version}"));
    for file in ["completions/gatectl.bash", "man/gatectl.1", "man/gatectl-plan.1", "gate.schema.json", "LICENSE-MIT"] {
        assert!(installed.join(file).is_file(), "{file}");
    }
}

#[test]
fn the_formula_names_the_archives_of_a_release() {
    if !has_tools() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let targets = ["aarch64-apple-darwin", "x86_64-apple-darwin", "aarch64-unknown-linux-musl", "x86_64-unknown-linux-musl"];
    let sums = |targets: &[&str]| -> String {
        targets.iter().enumerate().map(|(n, target)| format!("{n:064}  gatectl-v1.2.3-{target}.tar.gz\n")).collect()
    };
    let list = dir.path().join("SHA256SUMS");
    let make = || Command::new("bash").arg(root().join("packaging/formula")).args(["v1.2.3", "acme/gatectl"]).arg(&list).output().unwrap();

    fs::write(&list, sums(&targets)).unwrap();
    let made = make();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let formula = String::from_utf8(made.stdout).unwrap();
    for (n, target) in targets.iter().enumerate() {
        let archive =
            format!("https://github.com/acme/gatectl/releases/download/v1.2.3/gatectl-v1.2.3-{target}.tar.gz\"\n      sha256 \"{n:064}\"");
        assert!(formula.contains(&archive), "{formula}");
    }
    let file = dir.path().join("gatectl.rb");
    fs::write(&file, &formula).unwrap();
    match Command::new("ruby").arg("-c").arg(&file).output() {
        Ok(checked) => assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr)),
        Err(_) => eprintln!("skipped: the formula's syntax is checked with ruby"),
    }

    fs::write(&list, sums(&targets[1..])).unwrap();
    let made = make();
    assert!(!made.status.success() && String::from_utf8_lossy(&made.stderr).contains(targets[0]), "a missing archive is an error");
}

#[test]
fn cargo_binstall_finds_what_is_packed() {
    let manifest: toml::Table = toml::from_str(&fs::read_to_string(root().join("Cargo.toml")).unwrap()).unwrap();
    let binstall = &manifest["package"]["metadata"]["binstall"];
    let packed = fs::read_to_string(root().join("packaging/archives")).unwrap();
    assert!(packed.contains(r#"name="gatectl-$tag-$(basename "$target")""#) && packed.contains("$dist/$name.tar.gz"));
    let url = binstall["pkg-url"].as_str().unwrap();
    assert!(url.ends_with("/releases/download/v{ version }/gatectl-v{ version }-{ target }.tar.gz"), "{url}");
    assert_eq!(binstall["bin-dir"].as_str(), Some("gatectl-v{ version }-{ target }/{ bin }{ binary-ext }"));
}

#[test]
fn the_extension_of_gh_runs_gatectl_with_its_arguments() {
    if !has_tools() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let extension = |path: &str| {
        Command::new("bash").arg(root().join("packaging/gh-gate")).args(["explain", "a b"]).env("PATH", path).output().unwrap()
    };
    let none = extension("/usr/bin:/bin");
    if !Path::new("/usr/bin/gatectl").exists() {
        assert_eq!(none.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&none.stderr).contains("gatectl is not installed"));
    }
    program(&dir.path().join("gatectl"), "#!/bin/sh\nprintf '%s|' \"$@\"\n");
    let ran = extension(&format!("{}:/usr/bin:/bin", dir.path().display()));
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "explain|a b|");
}

#[test]
fn our_own_release_is_gated() {
    let ran = super::run::gatectl(&["check", "--config=.github/gate.toml"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
}
