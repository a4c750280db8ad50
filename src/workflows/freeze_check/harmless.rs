//! What provably deploys nothing: actions and commands that fetch, install, log in, upload to GitHub or notify.
//!
//! Owns the tables. Anything not in them may deploy. A package manager runs scripts of the packages that it installs;
//! that is trusted here, as it is in the build of the same packages.

use super::shell::{Command, Word};
use super::step_context::StepContext;
use super::{installs, variables};
use crate::workflows::deploys::only_prepares;
use crate::workflows::model::Step;
use crate::workflows::yaml::Node;

/// Actions by owner and name, below which any path counts; those that only prepare a job are [`only_prepares`]'s.
const ACTIONS: &[&str] = &[
    // Log in.
    "aws-actions/configure-aws-credentials",
    "azure/login",
    "google-github-actions/auth",
    "hashicorp/vault-action",
    // Upload to GitHub, scan and attest. `codeql-action/autobuild` and `analyze` may run the build (fact W1.9).
    "actions/attest",
    "actions/attest-build-provenance",
    "actions/attest-sbom",
    "aquasecurity/trivy-action",
    "codecov/codecov-action",
    "coverallsapp/github-action",
    "github/codeql-action/init",
    "github/codeql-action/upload-sarif",
    // Notify.
    "8398a7/action-slack",
    "rtcamp/action-slack-notify",
    "sarisia/actions-status-discord",
    "slackapi/slack-github-action",
];

/// An action, or any, by how its name starts; an input of it that names a program or holds code; whether a value is harmless.
type Input = (&'static str, &'static str, fn(&str) -> bool);

/// Any action in a Docker container takes `entrypoint`.
const INPUTS: &[Input] = &[
    ("", "entrypoint", str::is_empty),
    ("8398a7/action-slack", "custom_payload", |text| !text.contains('(')),
    ("actions/setup-python", "pip-install", |text| {
        let words: Vec<&str> = ["pip", "install"].into_iter().chain(text.split_whitespace()).collect();
        !installs::run_checkout(&words)
    }),
    ("codecov/codecov-action", "binary", str::is_empty),
    ("codecov/codecov-action", "gcov_args", str::is_empty),
    ("codecov/codecov-action", "gcov_executable", is_program_name),
    ("github/codeql-action/init", "tools", |text| is_program_name(text) || text.starts_with("https://github.com/github/codeql-action/")),
];

/// Commands whose every use is harmless.
const COMMANDS: &[&str] = &[
    ":",
    "[",
    "basename",
    "cat",
    "cut",
    "date",
    "df",
    "diff",
    "dirname",
    "du",
    "echo",
    "false",
    "file",
    "grep",
    "head",
    "hostname",
    "id",
    "jq",
    "ls",
    "mkdir",
    "pwd",
    "realpath",
    "sha256sum",
    "shasum",
    "sleep",
    "stat",
    "tail",
    "test",
    "tr",
    "true",
    "type",
    "uname",
    "wc",
    "which",
    "whoami",
];

/// Commands with the words after them that make them harmless.
const VERBS: &[(&[&str], &[&str])] = &[
    // Install packages.
    (&["apk"], &["add", "update"]),
    (&["apt", "apt-get"], &["install", "update"]),
    (&["brew"], &["install", "update", "tap"]),
    (&["bundle"], &["install", "config", "check"]),
    (&["cargo"], &["install", "fetch"]),
    (
        &[
            "choco",
            "composer",
            "dnf",
            "gem",
            "pip",
            "pip3",
            "pipx",
            "poetry",
            "python -m pip",
            "python3 -m pip",
            "uv pip",
            "uv tool",
            "yum",
        ],
        &["install"],
    ),
    (&["corepack"], &["enable", "prepare"]),
    (&["dotnet"], &["restore"]),
    (&["go"], &["install", "version"]),
    (&["go mod"], &["download", "verify"]),
    (&["mix"], &["deps.get", "local.hex", "local.rebar"]),
    (&["npm"], &["ci", "install", "i", "config", "--version", "-v", "whoami"]),
    (&["pnpm"], &["install", "i"]),
    (&["uv"], &["sync"]),
    (&["yarn"], &["install", "--frozen-lockfile", "--immutable"]),
    // Log in, and choose the target of later commands.
    (&["aws configure"], &["set", "list"]),
    (&["aws ecr"], &["get-login-password"]),
    (&["aws eks"], &["update-kubeconfig"]),
    (&["aws sts"], &["get-caller-identity"]),
    (&["az", "az acr"], &["login"]),
    (&["az account"], &["set", "show"]),
    (&["docker"], &["login", "version", "info"]),
    (&["docker buildx"], &["create", "version"]),
    (&["doctl auth"], &["init"]),
    (&["flyctl auth"], &["docker"]),
    (&["gcloud auth"], &["activate-service-account", "configure-docker", "list", "login"]),
    (&["gcloud config"], &["list", "set"]),
    (&["gh auth"], &["setup-git", "status"]),
    (&["heroku"], &["auth:whoami", "container:login", "version", "--version"]),
    (&["kubectl config"], &["current-context", "get-contexts", "use-context"]),
    (&["vault"], &["login", "status"]),
    // Look at the repository.
    (&["git"], &["describe", "diff", "fetch", "log", "ls-files", "ls-remote", "rev-list", "rev-parse", "show", "status", "--version"]),
    (&["git config --global", "git config"], &["user.email", "user.name"]),
    (&["git config --global --add"], &["safe.directory"]),
    // gatectl's own commands that only read.
    (&["gatectl"], &["--version", "check", "explain", "plan", "validate", "verify"]),
    (&["gatectl freeze"], &["status"]),
];

/// Hosts whose webhooks only notify people.
const WEBHOOKS: &[&str] = &[
    "https://hooks.slack.com/",
    "https://slack.com/api/chat.postMessage",
    "https://discord.com/api/webhooks/",
    "https://chat.googleapis.com/",
    "https://api.telegram.org/",
    "https://events.pagerduty.com/",
];

/// Hosts whose downloads are only release files.
const DOWNLOADS: &[&str] = &["https://github.com/", "https://raw.githubusercontent.com/", "https://objects.githubusercontent.com/"];

/// Installers that are fed to a shell.
const INSTALLERS: &[&str] =
    &["https://cli-assets.heroku.com/install.sh", "https://sh.rustup.rs", "https://fly.io/install.sh", "https://astral.sh/uv/install.sh"];

/// Whether a step that uses an action provably deploys nothing; records what it checks out.
pub(super) fn action(step: &Step, context: &mut StepContext<'_>) -> bool {
    let Some(action) = step.action() else { return false };
    let names_program = |(of, input, harmless): &Input| {
        let given =
            step.body.get("with").and_then(Node::mapping).into_iter().flatten().filter(|(key, _)| key.text.eq_ignore_ascii_case(input));
        action.starts_with(of) && given.into_iter().any(|(_, value)| !value.scalar().is_some_and(|scalar| harmless(&scalar.text)))
    };
    if INPUTS.iter().any(names_program) {
        return false;
    }
    match action.as_str() {
        "actions/checkout" => {
            context.checked_out(step);
            true
        }
        // An artifact of another run may hold another gate.toml.
        "actions/download-artifact" => ["run-id", "repository"].iter().all(|key| step.input(key).is_none()),
        // gatectl's own action; only its `apply` changes anything.
        name if name.ends_with("/gatectl") && name.split('/').count() == 2 => {
            step.input("command").is_none_or(|command| ["install", "validate", "plan", "verify", "check"].contains(&command))
        }
        name => {
            let is = |known: &&str| name.strip_prefix(*known).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            only_prepares(step) || ACTIONS.iter().any(is)
        }
    }
}

/// Whether a command provably deploys nothing and leaves the freeze check as it is; records the variables that it sets.
pub(super) fn command(command: &Command, fed_by: Option<&Command>, context: &mut StepContext<'_>) -> bool {
    let policy = context.question.freeze.policy;
    let exported = if name_of(command) == Some("export") { command.words.get(1..).unwrap_or_default() } else { &[] };
    let exported = exported.iter().map(|word| word.text.split_once('=').unwrap_or((&word.text, "")));
    let assigned = command.assignments.iter().map(|(name, value)| (name.as_str(), value.text.as_str()));
    let set: Vec<(&str, &str)> = assigned.chain(exported).collect();
    if set.iter().any(|(name, value)| variables::change_later(name, value, policy) || !is_variable(name)) {
        return false;
    }
    for (name, _) in set {
        context.wrote(name);
    }
    if !command.writes.iter().all(|file| may_write(file, command, context)) {
        return false;
    }
    let Some(name) = name_of(command) else { return command.words.is_empty() };
    let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
    let rest = words.get(1..).unwrap_or_default();
    if installs::run_checkout(&words) {
        return false;
    }
    match name {
        "export" => true,
        "set" => is_strictness(rest),
        "cd" => rest.len() == 1,
        "printf" => rest.first() != Some(&"-v"),
        "command" => ["-v", "-V"].iter().any(|flag| rest.first() == Some(flag)),
        "chmod" => rest.first() == Some(&"+x"),
        "sudo" => rest.first().is_some_and(|name| ["apt", "apt-get"].contains(name)) && is_verb(rest),
        "tee" => rest.iter().all(|file| ["-a", "$GITHUB_STEP_SUMMARY"].contains(file)),
        "tar" | "unzip" => !rest.iter().any(|word| ["-I", "--to-c", "--use-c", "--checkpoint"].iter().any(|flag| word.starts_with(flag))),
        "curl" | "wget" => is_request(rest, context),
        "sh" | "bash" => fed_by.is_some_and(is_installer) && rest.iter().all(|word| ["-s", "--", "-y"].contains(word)),
        _ => COMMANDS.contains(&name) || is_verb(&words),
    }
}

/// Whether a command changes the directory of those after it.
pub(super) fn changes_directory(command: &Command) -> bool {
    name_of(command) == Some("cd")
}

fn name_of(command: &Command) -> Option<&str> {
    command.words.first().filter(|word| word.literal).map(|word| word.text.as_str())
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Options of `set` that make a script stricter, and `+x`.
fn is_strictness(options: &[&str]) -> bool {
    let letters =
        |word: &&str| word.strip_prefix('-').is_some_and(|letters| !letters.is_empty() && letters.chars().all(|c| "euxo".contains(c)));
    options.iter().all(|word| letters(word) || ["pipefail", "errexit", "nounset", "xtrace", "+x"].contains(word))
}

/// Whether the words begin with a known command and one of its harmless verbs.
fn is_verb(words: &[&str]) -> bool {
    if words == ["yarn"] || words == ["bundle"] {
        return true;
    }
    // These run a command of their own.
    let runs = |word: &&str| ["--upload-pack", "--ext-diff", "--exec", "--output", "-o"].iter().any(|flag| word.starts_with(flag));
    let first = words.first().map(|name| name.rsplit('/').next().unwrap_or_default());
    let rows = VERBS.iter().flat_map(|(prefixes, verbs)| prefixes.iter().map(move |prefix| (prefix, verbs)));
    rows.into_iter().any(|(prefix, verbs)| {
        let prefix: Vec<&str> = prefix.split(' ').collect();
        let Some(rest) = words.get(prefix.len()..) else { return false };
        let same = first == prefix.first().copied() && words.get(1..prefix.len()) == prefix.get(1..);
        let named = same && (words.first() == prefix.first() || prefix.first() == Some(&"gatectl"));
        let verb = rest.iter().find(|word| !["-y", "-q", "-qq", "--yes", "--quiet"].contains(word));
        // A process that `aws` runs for its credentials.
        let sets_process = prefix.first() == Some(&"aws") && rest.iter().any(|word| word.contains("credential_process"));
        named
            && !sets_process
            && verb.is_some_and(|verb| verbs.contains(verb))
            && !(["git", "apt", "apt-get"].contains(&prefix[0]) && rest.iter().any(runs))
    })
}

/// Whether a folder is outside the workspace.
fn is_outside_checkout(folder: &str) -> bool {
    const BASES: &[&str] = &["$HOME/", "${HOME}/", "~/", "$RUNNER_TEMP/", "${RUNNER_TEMP}/", "$RUNNER_TOOL_CACHE/"];
    match BASES.iter().find_map(|base| folder.strip_prefix(base)) {
        Some(rest) => !rest.contains("..") && !rest.starts_with("work/"),
        None => variables::is_elsewhere(folder),
    }
}

/// Whether a text is a name without a path, such as that of a program on the `PATH`.
fn is_program_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}

/// A download of a release, or a message to people.
fn is_request(arguments: &[&str], context: &StepContext<'_>) -> bool {
    let urls: Vec<&&str> = arguments.iter().filter(|word| word.contains("://")).collect();
    let all = |prefixes: &[&str]| !urls.is_empty() && urls.iter().all(|url| prefixes.iter().any(|prefix| url.starts_with(prefix)));
    let saves = |word: &&str| ["-K", "--config"].iter().any(|flag| word.starts_with(flag)) || is_relied_on(word, context);
    let sends = |word: &&str| {
        let flags = ["-X", "-d", "-F", "-T", "--request", "--data", "--form", "--upload", "--post", "--method", "--json", "--body"];
        flags.iter().any(|flag| word.starts_with(flag))
    };
    if arguments.iter().any(saves) {
        return false;
    }
    all(WEBHOOKS) || ((all(DOWNLOADS) || all(INSTALLERS)) && !arguments.iter().any(sends))
}

/// Whether a command fetches a known installer.
fn is_installer(command: &Command) -> bool {
    let urls: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).filter(|word| word.contains("://")).collect();
    name_of(command) == Some("curl") && urls.len() == 1 && urls.iter().all(|url| INSTALLERS.contains(url))
}

/// Whether a command may write to a file: not to one that the check depends on, and it passes only plain variables to later steps.
fn may_write(file: &Word, command: &Command, context: &mut StepContext<'_>) -> bool {
    match file.text.as_str() {
        "/dev/null" | "/dev/stderr" | "/dev/stdout" | "$GITHUB_OUTPUT" | "$GITHUB_STEP_SUMMARY" => true,
        // A folder of the checkout may hold a program with the name of another.
        "$GITHUB_PATH" => match (name_of(command), command.words.get(1..)) {
            (Some("echo"), Some([word])) => is_outside_checkout(&word.text),
            _ => false,
        },
        "$GITHUB_ENV" => {
            let set = match (name_of(command), command.words.get(1..)) {
                (Some("echo"), Some([word])) => word.text.split_once('='),
                _ => None,
            };
            let plain =
                |(name, value): &(&str, &str)| is_variable(name) && !variables::change_later(name, value, context.question.freeze.policy);
            let Some((name, _)) = set.filter(plain) else { return false };
            context.wrote(name);
            true
        }
        path => (file.literal || path.starts_with("$HOME/") || path.starts_with("$RUNNER_TEMP/")) && !is_relied_on(path, context),
    }
}

/// Whether a path may be gate.toml, gatectl or the script of a declared check.
fn is_relied_on(path: &str, context: &StepContext<'_>) -> bool {
    let name = |path: &str| path.rsplit(['/', '=']).next().unwrap_or_default().to_owned();
    let scripts = context.question.freeze.policy.check_commands.iter().flat_map(|command| command.split(' '));
    [context.question.freeze.config.unwrap_or("gate.toml"), "gate.toml", "gatectl"]
        .into_iter()
        .chain(scripts)
        .any(|relied_on| name(relied_on) == name(path))
}
