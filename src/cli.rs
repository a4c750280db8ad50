//! The command line: flags and their help, no logic.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use jiff::Timestamp;

use crate::freeze::{FreezeId, parse_until};
use crate::model::{EnvName, RepoName, parse_duration};
use crate::render::Color;
use crate::sandbox::Scenario;

/// Production deploy gates as code.
///
/// gatectl keeps who must approve a production deploy, from which refs, and how deploys are frozen in a gate.toml, compares that
/// with live GitHub Environments and Heroku config vars, and makes it so.
#[derive(Debug, Parser)]
#[command(
    name = "gatectl",
    version,
    max_term_width = 100,
    after_help = "Examples:
  gatectl plan --sandbox                    try it: no account, no token
  gatectl plan                              what differs from the live state
  gatectl apply                             make it so, after confirmation
  gatectl verify                            can anything reach production without a person's approval?
  gatectl freeze on --reason INC-12 --app my-app

Exit codes: 0 done, 1 error, 2 changes pending (plan --detailed-exitcode), 3 steps by hand remain, 4 credentials,
5 stale plan, 6 ungated or unknown, 7 frozen, 8 freeze undetermined, 64 usage, 130 interrupted."
)]
pub struct Cli {
    /// Flags that every command takes.
    #[command(flatten)]
    pub global: Global,
    /// The verb.
    #[command(subcommand)]
    pub command: Command,
}

/// Flags that every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The gate file [default: gate.toml here or in a parent, up to the repository's root]
    #[arg(short, long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// The repository [default: github.repository, GITHUB_REPOSITORY, or the git remote `origin`]
    #[arg(short = 'R', long, global = true, value_name = "OWNER/REPO", value_parser = RepoName::parse)]
    pub repo: Option<RepoName>,
    /// Only this environment; repeatable
    #[arg(long, global = true, value_name = "NAME", value_parser = environment)]
    pub environment: Vec<EnvName>,
    /// Run against the built-in emulator: no account, no token
    #[arg(long, global = true, value_name = "SCENARIO", num_args = 0..=1, require_equals = true, default_missing_value = "missing-environment", value_parser = scenario())]
    pub sandbox: Option<Scenario>,
    /// How results are printed
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// How many requests may be in flight at once
    #[arg(long, global = true, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub parallelism: u16,
    /// How long one request may take, its retries and waits included, such as 30s or 10m
    #[arg(long, global = true, value_name = "DURATION", default_value = "60s", value_parser = timeout)]
    pub timeout: Duration,
    /// Print results and errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Trace requests on stderr; twice for headers. Secrets are redacted
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}

/// The forms of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal.
    Human,
    /// For scripts; documented, stable keys.
    Json,
    /// For a pull request comment.
    Markdown,
    /// For GitHub Actions: annotations, job summary and outputs.
    Github,
}

/// What gatectl can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check gate.toml offline; needs no token
    #[command(after_help = "Examples:\n  gatectl validate\n  gatectl validate -c ops/gate.toml --format github")]
    Validate,
    /// Show what differs between gate.toml and the live state
    #[command(
        after_help = "Examples:\n  gatectl plan\n  gatectl plan --sandbox=plan-limit\n  gatectl plan --detailed-exitcode --format json\n  gatectl plan --out gate.plan && gatectl apply gate.plan"
    )]
    Plan(PlanArgs),
    /// Make the live state as gate.toml declares, and read it back
    #[command(
        after_help = "Examples:\n  gatectl apply\n  gatectl apply --auto-approve --allow-weaken\n  gatectl apply gate.plan\n  gatectl apply --sandbox=plan-limit --auto-approve"
    )]
    Apply(ApplyArgs),
    /// Freeze deploys, lift a freeze, override it for a while, or ask about it
    #[command(subcommand)]
    Freeze(FreezeCommand),
    /// Serve the built-in GitHub and Heroku emulator until Ctrl-C
    #[command(after_help = "Examples:\n  gatectl sandbox\n  gatectl sandbox --scenario wrong-reviewer --latency 100ms")]
    Sandbox(SandboxArgs),
    /// Print the JSON Schema of gate.toml
    #[command(
        after_help = "Examples:\n  gatectl schema > gate.schema.json    then `#:schema ./gate.schema.json` as gate.toml's first line"
    )]
    Schema,
    /// Print completions for a shell
    #[command(after_help = "Examples:\n  gatectl completions bash > ~/.local/share/bash-completion/completions/gatectl")]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page
    #[command(after_help = "Examples:\n  gatectl man | man -l -")]
    Man,
}

/// What may be planned beyond the file.
#[derive(Debug, Clone, Args)]
pub struct Scope {
    /// Also delete environments that gate.toml does not declare (`github-pages` stays)
    #[arg(long)]
    pub prune: bool,
}

/// Flags of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Exit 2 when changes are pending
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Save the plan for `gatectl apply FILE`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub out: Option<PathBuf>,
    /// With --out: consent to weakening in the saved plan
    #[arg(long, requires = "out")]
    pub allow_weaken: bool,
    /// What may be planned beyond the file.
    #[command(flatten)]
    pub scope: Scope,
}

/// Flags of `apply`.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// A plan saved by `plan --out`; without it, a fresh plan is made
    #[arg(value_name = "PLANFILE", value_hint = ValueHint::FilePath)]
    pub plan: Option<PathBuf>,
    /// Do not ask
    #[arg(long)]
    pub auto_approve: bool,
    /// Consent to weakening a gate
    #[arg(long)]
    pub allow_weaken: bool,
    /// What may be planned beyond the file.
    #[command(flatten)]
    pub scope: Scope,
}

/// What can be done with the deploy freeze.
#[derive(Debug, Subcommand)]
pub enum FreezeCommand {
    /// Freeze deploys now; needs nothing but an app's name and HEROKU_API_KEY
    #[command(
        after_help = "Examples:\n  gatectl freeze on --app my-app --reason \"INC-12: database is read-only\"\n  gatectl freeze on --reason \"release day\" --until 4h\n  gatectl freeze on --emergency --reason \"INC-12\" --ref INC-12\n  gatectl freeze on --replace --until 2026-05-05T18:00:00-04:00 --reason \"longer than thought\"\n\nExit codes: 0 frozen, 1 already frozen (see --replace) or an error, 4 credentials."
    )]
    On(FreezeOn),
    /// Lift the freeze; not frozen is done
    #[command(
        after_help = "Examples:\n  gatectl freeze off --reason \"INC-12 is over\"\n  gatectl freeze off --id 6f9619ff-8b86-4d01-b42d-00cf4fc964ff --reason \"INC-12 is over\" --auto-approve"
    )]
    Off(FreezeOff),
    /// Let deploys through a freeze for a while; the freeze stays
    #[command(
        after_help = "Examples:\n  gatectl freeze override --for 1h --reason \"hotfix for INC-12\"\n  gatectl freeze override --revoke"
    )]
    Override(FreezeOverride),
    /// Show the freeze, its record and override, the calendar, and who really changed it
    #[command(
        after_help = "Examples:\n  gatectl freeze status\n  gatectl freeze status --at 2026-11-27T17:00:00-05:00\n  gatectl freeze status --app my-app --format json"
    )]
    Status(FreezeStatus),
    /// Ask whether a deploy may go ahead: the first step of a deploy job
    #[command(
        after_help = "Examples:\n  gatectl freeze check --environment production\n  gatectl freeze check --environment production --app my-app\n\nAsks within 10 seconds. In GitHub Actions it also writes an annotation and the job summary.\nExit codes: 0 open, 7 frozen, 8 undetermined (closed, unless gate.toml says on_unreachable = \"open\")."
    )]
    Check(FreezeApp),
}

/// Which freeze.
#[derive(Debug, Clone, Default, Args)]
pub struct FreezeApp {
    /// The Heroku app that holds the freeze [default: freeze.heroku_app]; with it, gate.toml is not needed
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub app: Option<String>,
}

/// Flags of `freeze on`.
#[derive(Debug, Clone, Default, Args)]
pub struct FreezeOn {
    /// Which freeze.
    #[command(flatten)]
    pub which: FreezeApp,
    /// Why; shown to everybody who is refused
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// When it ends by itself: a duration, or a time with its offset [default: when somebody lifts it]
    #[arg(long, value_name = "WHEN", value_parser = until)]
    pub until: Option<String>,
    /// An emergency: lifting it is always asked back
    #[arg(long)]
    pub emergency: bool,
    /// The incident or the ticket
    #[arg(long = "ref", value_name = "ID")]
    pub reference: Option<String>,
    /// Extend the freeze in place, and take it over
    #[arg(long)]
    pub replace: bool,
}

/// Flags of `freeze off`.
#[derive(Debug, Clone, Default, Args)]
pub struct FreezeOff {
    /// Which freeze.
    #[command(flatten)]
    pub which: FreezeApp,
    /// Why; kept in the record
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Only the freeze of this id: a newer one stays
    #[arg(long, value_name = "ID", value_parser = FreezeId::parse)]
    pub id: Option<FreezeId>,
    /// Do not ask; for somebody else's freeze only together with --id
    #[arg(long)]
    pub auto_approve: bool,
}

/// Flags of `freeze override`.
#[derive(Debug, Clone, Default, Args)]
pub struct FreezeOverride {
    /// Which freeze.
    #[command(flatten)]
    pub which: FreezeApp,
    /// Why; kept in the record
    #[arg(long, value_name = "TEXT", required_unless_present = "revoke")]
    pub reason: Option<String>,
    /// How long, at most 4h
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration, required_unless_present = "revoke")]
    pub length: Option<Duration>,
    /// End the override that is in place
    #[arg(long, conflicts_with_all = ["reason", "length"])]
    pub revoke: bool,
}

/// Flags of `freeze status`.
#[derive(Debug, Clone, Default, Args)]
pub struct FreezeStatus {
    /// Which freeze.
    #[command(flatten)]
    pub which: FreezeApp,
    /// As if it were this time: previews windows and ends
    #[arg(long, value_name = "TIME")]
    pub at: Option<Timestamp>,
}

/// Flags of `sandbox`.
#[derive(Debug, Args)]
pub struct SandboxArgs {
    /// What is wrong with the world
    #[arg(long, value_name = "NAME", default_value = "missing-environment", value_parser = scenario())]
    pub scenario: Scenario,
    /// How long each answer takes, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub latency: u64,
}

fn environment(text: &str) -> Result<EnvName, String> {
    EnvName::new(text).map_err(|error| error.to_string())
}

fn timeout(text: &str) -> Result<Duration, String> {
    match parse_duration(text)? {
        Duration::ZERO => Err("a time-out of nothing lets nothing through".to_owned()),
        duration => Ok(duration),
    }
}

/// Checks the form; when it is, is for the one who knows the time.
fn until(text: &str) -> Result<String, String> {
    parse_until(text, Timestamp::MIN).map(|_| text.to_owned())
}

fn scenario() -> impl clap::builder::TypedValueParser<Value = Scenario> {
    use clap::builder::{PossibleValuesParser, TypedValueParser};
    PossibleValuesParser::new(Scenario::ALL.map(|scenario| clap::builder::PossibleValue::new(scenario.name()).help(scenario.description())))
        .try_map(|name| name.parse::<Scenario>())
}
