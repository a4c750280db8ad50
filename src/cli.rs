//! The command line: flags and their help, no logic.
//! Tested by `tests/program/usage.rs`.

mod freeze;
mod runs;

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

use crate::desired::fleet::{NamePattern, Shard};
use crate::model::{EnvName, RepoName, parse_duration};
use crate::render::Color;
use crate::sandbox::{Fault, Scenario};

pub use freeze::{FreezeCommand, FreezeOff, FreezeOn, FreezeOverride, FreezeStatus, StoreArgs};
pub use runs::{ApproveArgs, EvidenceArgs, PendingArgs, RejectArgs, ReviewArgs, Since};

/// Production deploy gates as code.
///
/// gate.toml declares who must approve a production deploy, which refs may deploy, and when deploys are frozen. gatectl compares it
/// with live GitHub Environments and freeze stores, applies the difference, and verifies the result.
#[derive(Debug, Parser)]
#[command(
    name = "gatectl",
    version,
    disable_help_flag = true,
    max_term_width = 100,
    after_help = "Examples:
  gatectl plan --sandbox    try it: no account, no token
  gatectl plan              what differs from the live state
  gatectl apply             apply the difference, after confirmation
  gatectl verify            can anything reach production without an approval?
  gatectl freeze on --reason INC-12 --app my-app

Exit codes: 0 done, 1 error, 2 changes pending (plan --detailed-exitcode),
3 manual steps remain, 4 credentials, 5 stale plan, 6 ungated or unknown,
7 frozen, 8 freeze undetermined, 64 usage, 130 interrupted."
)]
pub struct Cli {
    /// Print help; --help also lists the global options (-c, -R, --environment, --sandbox, --format, -q, -v, ...)
    #[arg(short, long, global = true, action = ArgAction::Help, display_order = 1000)]
    pub help: Option<bool>,
    /// Flags that every command takes.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Flags that every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The gate file [default: gate.toml here or in a parent, up to the repository's root]
    #[arg(short, long, global = true, hide_short_help = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// The repository [default: github.repository, GITHUB_REPOSITORY, or the git remote `origin`]
    #[arg(short = 'R', long, global = true, hide_short_help = true, value_name = "OWNER/REPO", value_parser = RepoName::parse)]
    pub repo: Option<RepoName>,
    /// Only this environment; repeatable
    #[arg(long, global = true, hide_short_help = true, value_name = "NAME", value_parser = environment)]
    pub environment: Vec<EnvName>,
    /// Run against the built-in emulator: no account, no token
    #[arg(long, global = true, hide_short_help = true, value_name = "SCENARIO", num_args = 0..=1, require_equals = true, default_missing_value = "missing-environment", value_parser = scenario())]
    pub sandbox: Option<Scenario>,
    /// The output format
    #[arg(long, global = true, hide_short_help = true, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// When to use colors
    #[arg(long, global = true, hide_short_help = true, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// The maximum number of concurrent requests
    #[arg(long, global = true, hide_short_help = true, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub parallelism: u16,
    /// The time limit for one request with its retries and waits, such as 30s or 10m
    #[arg(long, global = true, hide_short_help = true, value_name = "DURATION", default_value = "5m", value_parser = timeout)]
    pub timeout: Duration,
    /// Do not read or write the cache of GitHub responses
    #[arg(long, global = true, hide_short_help = true)]
    pub no_cache: bool,
    /// Wait for GitHub's hourly rate limit, however long it lasts, instead of giving up
    #[arg(long, global = true, hide_short_help = true)]
    pub wait: bool,
    /// Print results and errors only
    #[arg(short, long, global = true, hide_short_help = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Trace requests on stderr, with headers if given twice; secrets are redacted
    #[arg(short, long, global = true, hide_short_help = true, action = ArgAction::Count)]
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
    /// One self-contained page (`evidence` and `verify`).
    Html,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check gate.toml files and their workflow expectations, offline
    #[command(
        after_help = "Examples:\n  gatectl validate\n  gatectl validate ops/gate.toml web/gate.toml\n  gatectl validate --format github"
    )]
    Validate(ValidateArgs),
    /// Show which environment each workflow's jobs resolve to, offline
    #[command(
        after_help = "Examples:\n  gatectl check\n  gatectl check --format github            annotations in a pull request\n  gatectl check --sarif gatectl.sarif      for code scanning\n\nExits 6 unless every declared scenario is gated."
    )]
    Check(CheckArgs),
    /// Prove that nothing reaches production without an approval
    #[command(
        after_help = "Examples:\n  gatectl verify\n  gatectl verify --environment production      as the first step of a deploy job\n  gatectl verify --sandbox=wrong-reviewer\n\nReads only. Exits 6 unless everything asked about is gated."
    )]
    Verify(VerifyArgs),
    /// Show which rule admits or refuses a ref
    #[command(
        after_help = "Examples:\n  gatectl explain --environment production --ref refs/tags/v1\n\nExits 1 if the live state does not decide it, 4 if only credentials are missing."
    )]
    Explain(ExplainArgs),
    /// Show what differs between gate.toml and the live state
    #[command(
        after_help = "Examples:\n  gatectl plan\n  gatectl plan --sandbox=plan-limit\n  gatectl plan --detailed-exitcode --format json\n  gatectl plan --out gate.plan && gatectl apply gate.plan"
    )]
    Plan(PlanArgs),
    /// Apply gate.toml to GitHub and Heroku, then verify the result
    #[command(
        after_help = "Examples:\n  gatectl apply\n  gatectl apply --auto-approve --allow-weaken\n  gatectl apply gate.plan\n  gatectl apply --interlock\n  gatectl apply --sandbox=plan-limit --auto-approve"
    )]
    Apply(ApplyArgs),
    /// Manage the deploy freeze: on, off, override, status, check
    #[command(subcommand)]
    Freeze(FreezeCommand),
    /// List deployments waiting for approval, and which you may approve
    #[command(
        after_help = "Needs no gate.toml, only a repository and a token with `Actions: read` and `Deployments: read`.\n\nExamples:\n  gatectl pending\n  gatectl pending --repo OWNER/REPO --environment production --format json\n  gatectl pending --older-than 2d --exit-code       for a scheduled job: exits 2 if anything has waited that long"
    )]
    Pending(PendingArgs),
    /// Approve pending deployments of one or more workflow runs
    #[command(
        after_help = "RUN is a run ID or a run URL. Several runs may be named; nothing is approved unless all can be.\nRefused if a freeze covers the environment, if the run's commit is not --sha, if you started the run and self-review is\nprevented, and if you are not a reviewer. GITHUB_TOKEN and App tokens cannot approve: use a reviewer's own token.\n\nExamples:\n  gatectl approve 30433642\n  gatectl approve https://github.com/OWNER/REPO/actions/runs/30433642 --environment production --comment 'v1.2.3'\n  gatectl approve 30433642 30433650 --sha 3f2a1b0 --auto-approve"
    )]
    Approve(ApproveArgs),
    /// Reject pending deployments of workflow runs, which then fail
    #[command(
        after_help = "RUN is a run ID or a run URL. Also works while frozen.\n\nExamples:\n  gatectl reject 30433642 --comment 'wrong branch'\n  gatectl reject 30433642 --environment production --auto-approve\n  gatectl reject --stale          what a newer deployment has overtaken"
    )]
    Reject(RejectArgs),
    /// Show who approved recent deployments, and which had no approval
    #[command(
        after_help = "--environment defaults to the environments of gate.toml with reviewers, else to `production`.\nNeeds only a repository and a token with `Actions: read` and `Deployments: read`. docs/evidence.md says what counts as proof.\n\nExamples:\n  gatectl evidence\n  gatectl evidence --repo OWNER/REPO --environment production --last 50\n  gatectl evidence --since 30d --csv > evidence.csv\n  gatectl evidence --since 30d --require-approved    exits 6 unless all pass"
    )]
    Evidence(EvidenceArgs),
    /// Generate gate.toml from the live state of a repository
    ///
    /// The text goes to stdout, and `gatectl plan` shows no changes against it. Everything that holds a deployment back is
    /// declared, with ids pinned. Comments name what is weak and what could not be read (exit code 1, or 4 if credentials are why).
    /// `[[workflows]]` and `[verify]` are proposed from the workflow files: of the checkout, or of the default branch. The freeze and
    /// Heroku config vars are not imported.
    ///
    /// With --update, the current file takes the live values and keeps its comments, order and spelling: declared keys change, keys and
    /// environments that hold something back are added, and declared variables that no longer exist are removed. An update never changes
    /// whether an environment is declared to exist: one that is declared but not live, or declared absent but live, stays as it is and is
    /// named on stderr. The same holds for a declared secret. `[[workflows]]` and `[verify]` are not touched. Import owns the lines above a
    /// table that begin with `# weak:` or `# unknown:`, and keeps them up to date.
    #[command(
        after_help = "Examples:\n  gatectl import acme/shop > gate.toml\n  gatectl import acme/shop --environment production\n  gatectl import --update          bring gate.toml in line, keep its comments and order\n  gatectl import acme/shop --sandbox=gated"
    )]
    Import(ImportArgs),
    /// Serve the built-in GitHub and Heroku emulator until Ctrl-C
    #[command(
        after_help = "Examples:\n  gatectl sandbox\n  gatectl sandbox --scenario wrong-reviewer --latency 100\n  gatectl sandbox --fault 'PUT * lost' --fault 'GET /repos/*/environments 502'"
    )]
    Sandbox(SandboxArgs),
    /// Print the JSON Schema of gate.toml
    #[command(
        after_help = "Examples:\n  gatectl schema > gate.schema.json    then `#:schema ./gate.schema.json` as gate.toml's first line"
    )]
    Schema,
    /// Print completions for a shell
    ///
    /// The script asks gatectl itself, so environment names come from the current gate.toml. Print it again after an upgrade.
    #[command(
        after_help = "Examples:\n  gatectl completions bash > ~/.local/share/bash-completion/completions/gatectl\n  gatectl completions zsh > \"${fpath[1]}/_gatectl\"\n  gatectl completions fish > ~/.config/fish/completions/gatectl.fish\n  gatectl completions powershell | Out-String | Invoke-Expression    in $PROFILE"
    )]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page, or write one for each command
    #[command(after_help = "Examples:\n  gatectl man | man -l -\n  gatectl man --out ~/.local/share/man/man1")]
    Man(ManArgs),
}

/// What may be planned beyond the file.
#[derive(Debug, Clone, Args)]
pub struct Scope {
    /// Also delete environments that gate.toml does not declare (`github-pages` stays)
    #[arg(long)]
    pub prune: bool,
}

/// Which part of a fleet.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Fleet options")]
pub struct FleetArgs {
    /// Only repositories of the fleet that match this name or pattern; repeatable
    #[arg(long, value_name = "GLOB", value_parser = repository_pattern)]
    pub repository: Vec<NamePattern>,
    /// Only the Kth of N stable parts of the fleet, for a matrix of runners
    #[arg(long, value_name = "K/N", value_parser = <Shard as std::str::FromStr>::from_str)]
    pub shard: Option<Shard>,
}

/// Arguments of `validate`.
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// The files to check [default: the file of --config]
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "config")]
    pub files: Vec<PathBuf>,
}

/// Flags of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Exit 2 when changes are pending
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Save the plan, to apply exactly this with `gatectl apply FILE`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub out: Option<PathBuf>,
    /// With --out: consent to weakening in the saved plan
    #[arg(long, requires = "out")]
    pub allow_weaken: bool,
    /// Name every repository of a group with the same change
    #[arg(long, help_heading = "Fleet options")]
    pub list: bool,
    /// What may be planned beyond the file.
    #[command(flatten)]
    pub scope: Scope,
    /// Which part of a fleet.
    #[command(flatten)]
    pub fleet: FleetArgs,
}

/// Flags of `apply`.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// A plan saved by `plan --out`, applied whole; without it, a fresh plan is made
    #[arg(value_name = "PLANFILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["environment", "prune", "repository", "shard"])]
    pub plan: Option<PathBuf>,
    /// Do not ask for confirmation
    #[arg(long)]
    pub auto_approve: bool,
    /// Consent to weakening a gate
    #[arg(long)]
    pub allow_weaken: bool,
    /// Consent to weakening a gate even while deploys to it are frozen
    #[arg(long)]
    pub while_frozen: bool,
    /// Freeze deploys during the apply; restore the previous freeze state only if the result is verified
    #[arg(long)]
    pub interlock: bool,
    /// With --auto-approve: change at most this many repositories [default: 10]
    #[arg(long, value_name = "N", help_heading = "Fleet options")]
    pub max_repositories: Option<usize>,
    /// With PLANFILE: skip the repositories that moved since the plan was saved, and apply the others
    #[arg(long, requires = "plan", help_heading = "Fleet options")]
    pub skip_stale: bool,
    /// What may be planned beyond the file.
    #[command(flatten)]
    pub scope: Scope,
    /// Which part of a fleet.
    #[command(flatten)]
    pub fleet: FleetArgs,
}

/// Flags of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The repository [default: as --repo]
    #[arg(value_name = "OWNER/REPO", value_parser = RepoName::parse, conflicts_with = "repo")]
    pub repository: Option<RepoName>,
    /// Update the existing gate.toml instead; keep its comments, order and spelling
    #[arg(long)]
    pub update: bool,
    /// Write one fleet file for the repositories of this organization
    #[arg(long, value_name = "ORG", conflicts_with_all = ["repository", "repo", "update"])]
    pub fleet: Option<String>,
    /// Write a new file atomically; an existing file is never replaced
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "update")]
    pub out: Option<PathBuf>,
}

/// Flags of `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Write gatectl.1, gatectl-plan.1 and so on into this directory instead
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
}

/// Flags of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Where the workflow files are [default: .github/workflows of the checkout that gate.toml is in]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub workflows: Option<PathBuf>,
    /// Also write the findings as SARIF 2.1.0, for code scanning
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub sarif: Option<PathBuf>,
}

/// Flags of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// What `check` takes too.
    #[command(flatten)]
    pub check: CheckArgs,
    /// Read the workflow files from the repository's default branch, not from the checkout
    #[arg(long, conflicts_with = "workflows")]
    pub remote: bool,
    /// Exit 0 also if a freeze check provably replaces reviewers that GitHub refuses
    #[arg(long)]
    pub accept_compensated: bool,
    /// Judge the rules alone, without the workflow files
    #[arg(long, help_heading = "Fleet options")]
    pub live_only: bool,
    /// Which part of a fleet.
    #[command(flatten)]
    pub fleet: FleetArgs,
}

/// Flags of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The ref, such as refs/heads/main or refs/tags/v1
    #[arg(long = "ref", value_name = "REF")]
    pub git_ref: String,
    /// Read gate.toml only; send no request
    #[arg(long)]
    pub offline: bool,
}

/// Flags of `sandbox`.
#[derive(Debug, Args)]
pub struct SandboxArgs {
    /// The fault that the emulator starts with
    #[arg(long, value_name = "NAME", default_value = "missing-environment", value_parser = scenario())]
    pub scenario: Scenario,
    /// The delay of each response, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub latency: u64,
    /// A fault for the first matching request: METHOD PATTERN EFFECT, such as 'PUT * lost'; repeatable
    ///
    /// METHOD and PATTERN may be `*`. EFFECT is a status, `lost` (it takes effect, the answer is 502), `hang`, `reset`, `truncate` or `html`.
    #[arg(long, value_name = "FAULT")]
    pub fault: Vec<Fault>,
    /// Write the gate.toml that the emulator is built from, if there is none here
    #[arg(long)]
    pub write_config: bool,
}

fn repository_pattern(text: &str) -> Result<NamePattern, String> {
    let name = |c: char| c.is_ascii_alphanumeric() || "-_.*?".contains(c);
    match text.is_empty() || !text.chars().all(name) {
        true => Err("write the repository's name without its owner; * and ? are wildcards".to_owned()),
        false => Ok(NamePattern::new(text)),
    }
}

fn environment(text: &str) -> Result<EnvName, String> {
    EnvName::new(text).map_err(|error| error.to_string())
}

fn timeout(text: &str) -> Result<Duration, String> {
    match parse_duration(text)? {
        Duration::ZERO => Err("the timeout must be longer than zero".to_owned()),
        duration => Ok(duration),
    }
}

fn scenario() -> impl clap::builder::TypedValueParser<Value = Scenario> {
    use clap::builder::{PossibleValuesParser, TypedValueParser};
    PossibleValuesParser::new(Scenario::ALL.map(|scenario| clap::builder::PossibleValue::new(scenario.name()).help(scenario.description())))
        .try_map(|name| name.parse::<Scenario>())
}
