//! Every command that any run of the suite suggests: the command line accepts it, it stands on one line, and it stays within what
//! the run was about (law 9). `next.rs` runs one of each kind.

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::Parser;
use gatectl::cli::{Cli, Command, FreezeCommand};
use gatectl::commands::command_line;
use gatectl::desired::fleet::{NamePattern, Shard};
use gatectl::desired::freeze::Store;
use gatectl::model::{EnvName, RepoName};
use gatectl::sandbox::Scenario;
use serde_json::Value;

use super::run::{Ran, root};
use super::served::Served;

/// The commands of gatectl by name.
static VERBS: LazyLock<Vec<String>> =
    LazyLock::new(|| command_line().get_subcommands().map(|command| command.get_name().to_owned()).collect());

/// What a suggested command does, without what it is limited to. A new kind gets a run in `next.rs`.
pub(crate) const KINDS: [&str; 27] = [
    "apply",
    "apply --allow-weaken",
    "apply --allow-weaken --auto-approve",
    "apply PLANFILE",
    "apply PLANFILE --allow-weaken --auto-approve",
    "apply PLANFILE --skip-stale",
    "approve --sha",
    "check",
    "freeze check",
    "freeze off --id --reason",
    "freeze off --reason",
    "freeze on --reason",
    "freeze on --replace --reason",
    "freeze override --for --reason",
    "freeze override --revoke",
    "freeze status",
    "import",
    "import --out",
    "import --update",
    "pending",
    "plan",
    "plan --out",
    "reject --stale",
    "sandbox",
    "validate",
    "verify",
    "verify --accept-compensated",
];

/// A suggested command, and whether a step of a workflow runs it: on another machine, and not in the emulator.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Suggestion {
    pub(crate) command: String,
    is_step: bool,
}

/// The strings of an output: of JSON each by itself, of anything else its lines.
pub(crate) fn texts(output: &str) -> Vec<String> {
    fn strings(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::String(text) => into.extend(text.lines().map(str::to_owned)),
            Value::Array(values) => values.iter().for_each(|value| strings(value, into)),
            Value::Object(values) => values.values().for_each(|value| strings(value, into)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    match serde_json::from_str::<Value>(output) {
        Ok(json) => {
            let mut into = Vec::new();
            strings(&json, &mut into);
            into
        }
        Err(_) => output.replace("%0A", "\n").replace("<br>", "\n").lines().map(str::to_owned).collect(),
    }
}

/// The commands that an output suggests: between backticks, and those that are a line or a fix by themselves.
pub(crate) fn suggestions(output: &str) -> Vec<Suggestion> {
    let mut found = Vec::new();
    for line in texts(output) {
        let mut rest = line.as_str();
        while let Some(at) = rest.find("`gatectl ") {
            let code = &rest[at + 1..];
            let Some(end) = code.find('`') else { panic!("a command that does not end on its line: {line}\n{output}") };
            let is_step = code.starts_with("gatectl freeze check");
            found.push(Suggestion { command: code[..end].to_owned(), is_step });
            rest = &code[end + 1..];
        }
        let bare = line.find("gatectl ").filter(|at| {
            let (before, verb) = (line[..*at].trim_end(), line[at + "gatectl ".len()..].split(' ').next().unwrap_or_default());
            let leads = before.trim().is_empty() || ["fix:", "then:", "run:"].iter().any(|lead| before.ends_with(lead));
            leads && VERBS.iter().any(|known| known == verb)
        });
        // A comma or a semicolon continues in prose. A colon follows a reason that begins with a command.
        if let Some(command) = bare.and_then(|at| line[at..].split(['<', ',', ';']).next()).filter(|command| !command.contains(": ")) {
            found.push(Suggestion { command: command.trim_end_matches('.').trim_end().to_owned(), is_step: false });
        }
    }
    found.retain(|suggestion| suggestion.command.matches('\'').count() % 2 == 0 && suggestion.command != "gatectl --help");
    found.sort();
    found.dedup();
    found
}

/// Words of a command line as a shell splits them, up to a pipe, a redirection or the next command.
pub(crate) fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = None;
    for c in command.chars() {
        match (quoted, c) {
            (None, '\'' | '"') => quoted = Some(c),
            (Some(q), c) if c == q => quoted = None,
            (None, ' ') => words.push(String::new()),
            _ => words.last_mut().unwrap().push(c),
        }
    }
    let end = words.iter().position(|word| ["|", ">", ">>", "&&", "||"].contains(&word.as_str())).unwrap_or(words.len());
    words.truncate(end);
    words
}

/// A suggested command as arguments. Words in capitals stand for what the user fills in.
pub(crate) fn filled(command: &str) -> Vec<String> {
    let fill = |word: &String| match word.as_str() {
        "TEXT" => "because".to_owned(),
        "FILE" => "gate.toml".to_owned(),
        "NAME" => "production".to_owned(),
        "OWNER/REPO" => "acme/shop".to_owned(),
        "RUN" => "1".to_owned(),
        _ => word.clone(),
    };
    words(command)[1..].iter().map(fill).collect()
}

fn parse(args: &[String]) -> Result<Cli, String> {
    let args = std::iter::once("gatectl").chain(args.iter().map(String::as_str));
    Cli::try_parse_from(args).map_err(|error| error.to_string())
}

/// A command line by its verb and its flags, without those that only limit it.
fn kind(command: &str, cli: &Cli) -> String {
    const LIMITS: [&str; 13] = [
        "--config",
        "--repo",
        "--environment",
        "--sandbox",
        "--prune",
        "--app",
        "--github",
        "--repository",
        "--shard",
        "--format",
        "--workflows",
        "--remote",
        "--live-only",
    ];
    let words = words(command);
    let mut kind = words[1].clone();
    if matches!(cli.command, Command::Freeze(_)) {
        kind = format!("freeze {}", words[2]);
    }
    if matches!(&cli.command, Command::Apply(args) if args.plan.is_some()) {
        kind.push_str(" PLANFILE");
    }
    let flags = words.iter().filter_map(|word| word.split('=').next()).filter(|word| word.starts_with("--") && !LIMITS.contains(word));
    flags.for_each(|flag| kind = format!("{kind} {flag}"));
    kind
}

/// The first command of this kind that an output suggests.
pub(crate) fn of_kind(output: &str, wanted: &str) -> Option<String> {
    let is = |command: &String| parse(&filled(command)).is_ok_and(|cli| kind(command, &cli) == wanted);
    suggestions(output).into_iter().map(|suggestion| suggestion.command).find(is)
}

/// The first command of this kind that an output suggests, run in the same world.
pub(crate) fn follow(world: &Served, output: &str, kind: &str, more: &[&str]) -> Ran {
    let command = of_kind(output, kind).unwrap_or_else(|| panic!("no `{kind}`: {output}"));
    let filled = filled(&command);
    world.run(&[&filled.iter().map(String::as_str).collect::<Vec<_>>()[..], more].concat())
}

/// What a command line limits its run to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Scope {
    config: Option<PathBuf>,
    repo: Option<RepoName>,
    environments: Vec<EnvName>,
    sandbox: Option<Scenario>,
    prune: bool,
    store: Option<Store>,
    repositories: Vec<String>,
    shard: Option<Shard>,
}

fn scope(cli: &Cli) -> Scope {
    let fleet = match &cli.command {
        Command::Plan(args) => Some(&args.fleet),
        Command::Apply(args) => Some(&args.fleet),
        Command::Verify(args) => Some(&args.fleet),
        Command::Evidence(args) => Some(&args.fleet),
        _ => None,
    };
    Scope {
        config: cli.global.config.clone(),
        repo: cli.global.repo.clone(),
        environments: cli.global.environment.clone(),
        sandbox: cli.global.sandbox,
        prune: match &cli.command {
            Command::Plan(args) => args.scope.prune,
            Command::Apply(args) => args.scope.prune,
            _ => false,
        },
        store: match &cli.command {
            Command::Freeze(command) => command.which().store(),
            _ => None,
        },
        repositories: fleet.map(|fleet| fleet.repository.iter().map(NamePattern::to_string).collect()).unwrap_or_default(),
        shard: fleet.and_then(|fleet| fleet.shard),
    }
}

/// Where a suggested command goes beyond what the run was about.
fn leaves(run: &Scope, suggested: &Cli, is_step: bool) -> Vec<&'static str> {
    let own = scope(suggested);
    let saved = matches!(&suggested.command, Command::Apply(args) if args.plan.is_some());
    let (gate, live, environments, plans, freeze, fleet) = match &suggested.command {
        Command::Validate(args) => (args.files.is_empty(), false, false, false, false, false),
        Command::Check(_) => (true, false, true, false, false, false),
        Command::Verify(_) | Command::Evidence(_) => (true, true, true, false, false, true),
        Command::Explain(_) | Command::Pending(_) => (true, true, true, false, false, false),
        Command::Plan(_) => (true, true, true, true, false, true),
        Command::Apply(_) => (true, true, !saved, !saved, false, !saved),
        Command::Approve(_) | Command::Reject(_) => (true, true, false, false, false, false),
        Command::Freeze(FreezeCommand::Check(_)) => (!is_step, !is_step, true, false, true, false),
        Command::Freeze(_) => (true, true, false, false, true, false),
        // It names its repository itself.
        Command::Import(_) | Command::Sandbox(_) | Command::Schema | Command::Completions { .. } | Command::Man(_) => {
            (false, false, false, false, false, false)
        }
    };
    let mut left = Vec::new();
    let mut hold = |flag, taken: bool, repeated: bool| {
        if taken && !repeated {
            left.push(flag);
        }
    };
    hold("--config", gate, run.config == own.config || run.config.is_none());
    hold("--repo", live, run.repo == own.repo || run.repo.is_none());
    hold("--sandbox", live, run.sandbox == own.sandbox);
    hold("--environment", environments, run.environments.is_empty() || !own.environments.is_empty());
    hold("--prune", plans, !run.prune || own.prune);
    hold("--app or --github", freeze, run.store.is_none() || own.store.is_some());
    hold("--repository", fleet, run.repositories == own.repositories || !own.repositories.is_empty() && run.repositories.is_empty());
    hold("--shard", fleet, run.shard == own.shard);
    left
}

/// Holds that each command which a run suggests is accepted, and stays within the scope of that run.
pub(crate) fn hold(args: &[&str], stdout: &str, stderr: &str) {
    // Help is examples; the completion protocol speaks to a shell.
    if args.iter().any(|arg| ["--help", "-h", "--", "--version", "man", "schema"].contains(arg)) {
        return;
    }
    [stdout, stderr].iter().for_each(|output| super::vendors::hold(&args.join(" "), output));
    let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
    let cli = parse(&args);
    let run = cli.as_ref().map(scope).unwrap_or_default();
    // What `import` prints is a file, and its comments are read long after this run.
    let stdout = if matches!(&cli, Ok(Cli { command: Command::Import(_), .. })) { "" } else { stdout };
    for suggestion in [stdout, stderr].into_iter().flat_map(suggestions) {
        let command = &suggestion.command;
        let about = || format!("`gatectl {}` suggests `{command}`\n{stdout}{stderr}", args.join(" "));
        match parse(&filled(command)) {
            Ok(cli) => {
                assert_eq!(leaves(&run, &cli, suggestion.is_step), Vec::<&str>::new(), "{}", about());
                let kind = kind(command, &cli);
                assert!(KINDS.contains(&kind.as_str()), "`{kind}` is not followed in next.rs: {}", about());
            }
            Err(error) => panic!("{error}: {}", about()),
        }
    }
}

#[test]
fn what_the_golden_files_suggest_is_accepted() {
    let mut folders = vec![root().join("tests/golden")];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if !path.to_string_lossy().contains("hostile") {
                let text = std::fs::read_to_string(&path).unwrap();
                seen += suggestions(&text).len();
                for run in format!("\n{text}").split("\n$ ") {
                    let command = run.lines().next().filter(|line| line.starts_with("gatectl ")).unwrap_or("gatectl plan");
                    let output = run.strip_prefix(command).unwrap_or(run);
                    hold(&words(command)[1..].iter().map(String::as_str).collect::<Vec<_>>(), output, "");
                }
            }
        }
    }
    assert!(seen >= 40, "{seen}");
}

#[test]
fn a_command_that_leaves_the_scope_is_seen() {
    let run = ["plan", "-c", "my gate.toml", "--environment", "production", "--sandbox=no-rules", "--prune"];
    hold(&run, "Next: `gatectl apply -c 'my gate.toml' --environment production --sandbox=no-rules --prune`.", "");
    for wrong in [
        "`gatectl apply -c 'my gate.toml' --environment production --sandbox=no-rules`",
        "fix: gatectl apply --environment production --sandbox=no-rules --prune",
        "then: gatectl verify -c 'my gate.toml' --environment production",
        "`gatectl plan -c 'my gate.toml' --sandbox=no-rules --prune`",
        "`gatectl plan --nonsense`",
        "run `gatectl plan\nagain`",
    ] {
        assert!(std::panic::catch_unwind(|| hold(&run, wrong, "")).is_err(), "{wrong}");
    }
}
